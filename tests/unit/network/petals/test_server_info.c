#include "network/petals/server_info.h"

#include <math.h>
#include <stdlib.h>

#include "lib/codec/msgpack.h"
#include "support/hex.h"
#include "support/vectors.h"

static void check_written_alike(const char *row, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_server_info info;
    struct kn_buffer out = { 0 };

    CHECK_EQ(row, kn_server_info_decode(bytes, &info), KN_MALFORMED_NOT);
    kn_server_info_encode(&info, &out);
    CHECK_BYTES(row, kn_buffer_get(&out), bytes);
    kn_buffer_done(&out);
    hex_done(bytes);
}

static void what_petals_writes_is_read_and_written_alike(void **state)
{
    json_t *rows = vectors_list("serverinfo.json", "write"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
        check_written_alike(vectors_text(row, "name"), vectors_text(row, "hex"));
    vectors_done(rows);
}

static void announcements_of_a_petals_server_are_written_alike(void **state)
{
    json_t *rows = vectors_list("announce.json", "cases"), *row;
    size_t i, n = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        json_t *values = json_object_get(row, "value_hex"), *value;
        size_t k;

        if (!json_is_integer(json_object_get(row, "state")))
            continue;
        json_array_foreach(values, k, value)
        {
            check_written_alike("announce", json_string_value(value));
            n++;
        }
    }
    CHECK("announce", n >= 3);
    vectors_done(rows);
}

static const json_t *field_of(const json_t *accepted, const char *name)
{
    const json_t *tuple = json_object_get(accepted, "tuple"), *pair;
    const json_t *pairs = json_object_get(json_array_get(tuple, 2), "map");
    size_t i;

    json_array_foreach(pairs, i, pair)
    {
        if (strcmp(json_string_value(json_array_get(pair, 0)), name) == 0)
            return json_array_get(pair, 1);
    }
    CHECK(name, false);
    return NULL;
}

static double real_of(const json_t *value)
{
    const char *text = json_string_value(json_object_get(value, "float"));

    return text != NULL ? strtod(text, NULL) : KN_NOT_GIVEN;
}

static void check_text(const char *row, const struct kn_server_text *got, const json_t *want)
{
    CHECK_EQ(row, got->given, json_is_string(want));
    if (got->given)
        CHECK_STR(row, got->at, json_string_value(want));
}

static void check_whole(const char *row, int64_t got, const json_t *want)
{
    if (json_is_integer(want))
        CHECK_EQ(row, got, json_integer_value(want));
    else if (json_is_object(want)) /* more than int64_t holds */
        CHECK_EQ(row, got, INT64_MAX);
    else if (json_is_boolean(want))
        CHECK_EQ(row, got, json_is_true(want));
    else
        CHECK_EQ(row, got, KN_NOT_GIVEN);
}

static void check_list(const char *row, const struct kn_server_list *got, const json_t *want)
{
    const json_t *members = want;

    if (json_is_object(want))
        members = json_object_iter_value(json_object_iter((json_t *)(uintptr_t)want));
    CHECK_EQ(row, got->count, json_array_size(members));
}

static void check_accepted(const char *row, const struct kn_server_info *info, const json_t *want)
{
    const json_t *tuple = json_object_get(want, "tuple");

    CHECK_EQ(row, info->state, json_integer_value(json_array_get(tuple, 0)));
    CHECK(row, info->throughput == real_of(json_array_get(tuple, 1)));
    check_whole(row, info->start_block, field_of(want, "start_block"));
    check_whole(row, info->end_block, field_of(want, "end_block"));
    check_text(row, &info->public_name, field_of(want, "public_name"));
    check_text(row, &info->version, field_of(want, "version"));
    CHECK(row, info->network_rps == real_of(field_of(want, "network_rps")));
    CHECK(row, info->forward_rps == real_of(field_of(want, "forward_rps")));
    CHECK(row, info->inference_rps == real_of(field_of(want, "inference_rps")));
    check_list(row, &info->adapters, field_of(want, "adapters"));
    check_text(row, &info->torch_dtype, field_of(want, "torch_dtype"));
    check_text(row, &info->quant_type, field_of(want, "quant_type"));
    check_whole(row, info->using_relay, field_of(want, "using_relay"));
    check_whole(row, info->cache_tokens_left, field_of(want, "cache_tokens_left"));
    check_list(row, &info->next_pings, field_of(want, "next_pings"));
}

static void records_are_taken_and_refused_as_petals_does(void **state)
{
    json_t *rows = vectors_list("serverinfo.json", "read"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        const json_t *accepted = json_object_get(row, "accepted");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        struct kn_server_info info = { .start_block = 77 };
        enum kn_malformed kind = kn_server_info_decode(bytes, &info);

        if (strcmp(name, "state -1") == 0) { /* KwaaiNet's word for having left */
            CHECK_EQ(name, kind, KN_MALFORMED_NOT);
            CHECK_EQ(name, info.state, KN_SERVER_OFFLINE);
        } else {
            CHECK_EQ(name, kind == KN_MALFORMED_NOT, accepted != NULL);
            if (accepted != NULL)
                check_accepted(name, &info, accepted);
            else
                CHECK_EQ(name, info.start_block, 77);
        }
        hex_done(bytes);
    }
    vectors_done(rows);
}

/* As KwaaiNet 0.6.2 writes it. */
static const char kwaai_0_6_2[] =
    "c7dc409302cb40240000000000008bab73746172745f626c6f636b00a9656e645f626c6f636b04ab7075626c"
    "69635f6e616d65a16ea776657273696f6eab6b776161692d302e362e32ab746f7263685f6474797065a7666c"
    "6f61743136ab7573696e675f72656c6179c2b163616368655f746f6b656e735f6c656674ce000186a0a86164"
    "61707465727390aa6e6578745f70696e677380a7706565725f6964d934313244334b6f6f57443365636b6966"
    "5770526e397751704d4739523968583373443135387a37457148576d776551414a55355341a86c656173655f"
    "7631c3";

static void kwaainet_records_are_read(void **state)
{
    struct kn_span bytes = hex_bytes(kwaai_0_6_2);
    struct kn_server_info info;

    (void)state;
    CHECK_EQ("kwaai", kn_server_info_decode(bytes, &info), KN_MALFORMED_NOT);
    CHECK_EQ("kwaai", info.state, KN_SERVER_ONLINE);
    CHECK("kwaai", info.throughput == 10.0);
    CHECK_STR("kwaai", info.version.at, "kwaai-0.6.2");
    CHECK_STR("kwaai", info.public_name.at, "n");
    CHECK_EQ("kwaai", info.end_block, 4);
    CHECK_EQ("kwaai", info.cache_tokens_left, 100000);
    CHECK_EQ("kwaai", info.using_relay, 0);
    CHECK_EQ("kwaai", info.adapters.count, 0);
    hex_done(bytes);
}

/* [number, throughput 1.0, {"version": version}] */
static void state_numbers_mean_what_their_writer_means(void **state)
{
    static const struct {
        const char *name, *version;
        int number;
        enum kn_malformed kind;
        enum kn_server_state state;
    } cases[] = {
        { "petals left", "2.3.0.dev2", 0, KN_MALFORMED_NOT, KN_SERVER_OFFLINE },
        { "nobody says who", "", 0, KN_MALFORMED_NOT, KN_SERVER_OFFLINE },
        { "kwaai loads", "kwaai-0.6.2", 0, KN_MALFORMED_NOT, KN_SERVER_JOINING },
        { "nearly kwaai", "kwaai", 0, KN_MALFORMED_NOT, KN_SERVER_OFFLINE },
        { "kwaai loads, newer", "kwaai-0.7.0", 1, KN_MALFORMED_NOT, KN_SERVER_JOINING },
        { "petals loads", "2.3.0.dev2", 1, KN_MALFORMED_NOT, KN_SERVER_JOINING },
        { "serves", "kwaai-0.6.2", 2, KN_MALFORMED_NOT, KN_SERVER_ONLINE },
        { "kwaai left", "kwaai-0.6.2", -1, KN_MALFORMED_NOT, KN_SERVER_OFFLINE },
        { "beyond the last", "kwaai-0.6.2", 3, KN_MALFORMED_STATE, KN_SERVER_OFFLINE },
        { "before the first", "kwaai-0.6.2", -2, KN_MALFORMED_STATE, KN_SERVER_OFFLINE },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_server_info info = { .state = KN_SERVER_OFFLINE };
        struct kn_buffer out = { 0 };

        kn_msgpack_write_array(&out, 3);
        kn_msgpack_write_int(&out, cases[i].number);
        kn_msgpack_write_float(&out, 1.0);
        kn_msgpack_write_map(&out, 1);
        kn_msgpack_write_text(&out, kn_span_text("version"));
        kn_msgpack_write_text(&out, kn_span_text(cases[i].version));
        CHECK_EQ(cases[i].name, kn_server_info_decode(kn_buffer_get(&out), &info), cases[i].kind);
        CHECK_EQ(cases[i].name, info.state, cases[i].state);
        kn_buffer_done(&out);
    }
}

/* The kind of what stands in one field of an ONLINE record with throughput 1.0. */
static void each_refusal_has_its_kind(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_malformed kind;
    } cases[] = {
        { "no bytes", "", KN_MALFORMED_SHAPE },
        { "cut", "c70b409202cb40140000000000", KN_MALFORMED_SHAPE },
        { "a byte too many", "9202cb3ff0000000000000c0", KN_MALFORMED_SHAPE },
        { "a byte too many inside", "c70c409202cb3ff0000000000000c0", KN_MALFORMED_SHAPE },
        { "another extension", "c70b419202cb4014000000000000", KN_MALFORMED_SHAPE },
        { "an extension that holds none", "c70140c0", KN_MALFORMED_SHAPE },
        { "a map", "8202cb3ff0000000000000c0c0", KN_MALFORMED_SHAPE },
        { "state nil", "92c0cb3ff0000000000000", KN_MALFORMED_STATE },
        { "state 1.5", "92cb3ff8000000000000cb3ff0000000000000", KN_MALFORMED_STATE },
        { "state 2^63", "92cf8000000000000000cb3ff0000000000000", KN_MALFORMED_STATE },
        { "throughput nil", "9202c0", KN_MALFORMED_THROUGHPUT },
        { "throughput 1", "920201", KN_MALFORMED_THROUGHPUT },
        { "throughput of 32 bits", "9202ca3f800000", KN_MALFORMED_NOT },
        { "relay yes", "9302ca3f80000081ab7573696e675f72656c6179a3596573", KN_MALFORMED_NOT },
        { "relay maybe", "9302ca3f80000081ab7573696e675f72656c6179a56d61796265",
          KN_MALFORMED_FIELD },
        { "relay 2", "9302ca3f80000081ab7573696e675f72656c617902", KN_MALFORMED_FIELD },
        { "relay 1.0", "9302ca3f80000081ab7573696e675f72656c6179ca3f800000", KN_MALFORMED_NOT },
        { "name of wrong utf-8 bytes", "9302ca3f80000081ab7075626c69635f6e616d65c401ff",
          KN_MALFORMED_FIELD },
        { "adapters hold nil", "9302ca3f80000081a8616461707465727391c0", KN_MALFORMED_FIELD },
        { "pings nan", "9302ca3f80000081aa6e6578745f70696e677381a170cb7ff8000000000000",
          KN_MALFORMED_FIELD },
        { "throughput in the map", "9302ca3f80000081aa7468726f756768707574ca3f800000",
          KN_MALFORMED_FIELD },
        { "map cut before a value", "9302ca3f80000081ab73746172745f626c6f636b",
          KN_MALFORMED_FIELD },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_server_info info;

        CHECK_EQ(cases[i].name, kn_server_info_decode(bytes, &info), cases[i].kind);
        hex_done(bytes);
    }
}

static void a_record_above_the_limit_is_refused(void **state)
{
    static const uint8_t head[] = { 0x93, 0x02, 0xca, 0x3f, 0x80, 0, 0, 0x81 };

    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        size_t n = KN_SERVER_INFO_MAX + over - sizeof(head) - 2 - 5;
        struct kn_buffer out = { 0 };
        struct kn_server_info info;
        void *filler = kn_alloc(n);

        kn_buffer_add(&out, head, sizeof(head));
        kn_msgpack_write_text(&out, kn_span_text("x"));
        kn_msgpack_write_bin(&out, kn_span(filler, n));
        CHECK_EQ("size", kn_buffer_get(&out).n, KN_SERVER_INFO_MAX + over);
        CHECK_EQ("limit", kn_server_info_decode(kn_buffer_get(&out), &info),
                 over ? KN_MALFORMED_SHAPE : KN_MALFORMED_NOT);
        kn_free(filler);
        kn_buffer_done(&out);
    }
}

static void long_texts_are_cut_at_a_character(void **state)
{
    char text[KN_SERVER_TEXT_MAX + 3];
    struct kn_server_text got = { 0 };

    (void)state;
    memset(text, 'a', sizeof(text));
    text[KN_SERVER_TEXT_MAX] = '\0';
    kn_server_text_set(&got, text);
    CHECK_EQ("just fits", got.n, KN_SERVER_TEXT_MAX);
    memcpy(text + KN_SERVER_TEXT_MAX - 1, "\xc3\xa9", 3);
    kn_server_text_set(&got, text);
    CHECK_EQ("half a character", got.n, KN_SERVER_TEXT_MAX - 1);
    CHECK_EQ("NUL behind it", got.at[got.n], 0);
}

static void a_range_holds_its_blocks_as_far_as_it_is_given(void **state)
{
    static const struct {
        const char *name;
        int64_t start, end;
        uint32_t block;
        bool want;
    } cases[] = {
        { "no range", KN_NOT_GIVEN, KN_NOT_GIVEN, 7, true },
        { "first", 4, 8, 4, true },
        { "before", 4, 8, 3, false },
        { "last", 4, 8, 7, true },
        { "past", 4, 8, 8, false },
        { "start alone", 4, KN_NOT_GIVEN, 100, true },
        { "start alone, before", 4, KN_NOT_GIVEN, 3, false },
        { "end alone", KN_NOT_GIVEN, 4, 4, false },
        { "end before start", 5, 4, 4, false },
        { "far end", 0, INT64_MAX, 65535, true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_server_info info;

        kn_server_info_init(&info);
        info.start_block = cases[i].start;
        info.end_block = cases[i].end;
        CHECK_EQ(cases[i].name, kn_server_info_holds(&info, cases[i].block), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_petals_writes_is_read_and_written_alike),
        cmocka_unit_test(announcements_of_a_petals_server_are_written_alike),
        cmocka_unit_test(records_are_taken_and_refused_as_petals_does),
        cmocka_unit_test(kwaainet_records_are_read),
        cmocka_unit_test(state_numbers_mean_what_their_writer_means),
        cmocka_unit_test(each_refusal_has_its_kind),
        cmocka_unit_test(a_record_above_the_limit_is_refused),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(a_range_holds_its_blocks_as_far_as_it_is_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
