/* ExpertRequest, its metadata, and what rpc_info answers. */
#include "network/petals/block_chain.h"

#include <stdlib.h>

#include "network/petals/expert.h"
#include "network/petals/rpc_info.h"
#include "network/petals/rpc_metadata.h"
#include "support/hex.h"
#include "support/vectors.h"

/* ---- requests ---- */

static void requests_that_cannot_be_read_are_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "empty", "", KN_OK, "" },
        { "unknown fields",
          "2801"
          "3200",
          KN_OK, "" },
        { "a uid as number", "0801", KN_E_SYNTAX, "field 1" },
        { "cut", "0a05", KN_E_SYNTAX, "no message" },
        { "eight tensors", "12001200120012001200120012001200", KN_OK, "" },
        { "nine", "120012001200120012001200120012001200", KN_E_LIMIT, "more than 8 tensors" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_span bytes = hex_bytes(rows[i].hex);
        struct kn_expert_request request;
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].name, kn_expert_request_decode(bytes, &request, &err), rows[i].want);
        CHECK_HAS(rows[i].name, err.text, rows[i].text);
        hex_done(bytes);
    }
}

static void check_unary(const char *row, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_expert_request request;
    struct kn_buffer out = { 0 };

    CHECK_EQ(row, kn_expert_request_decode(bytes, &request, NULL), KN_OK);
    kn_expert_request_encode(&request, &out);
    CHECK_BYTES(row, kn_buffer_get(&out), bytes);
    kn_buffer_done(&out);
    hex_done(bytes);
}

static void recorded_calls_are_written_alike(void **state)
{
    static const struct {
        const char *file, *list;
    } files[] = {
        { "petals/rpc_forward.json", "cases" },
        { "petals/rpc_push.json", "pushes" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        json_t *rows = vectors_list(files[i].file, files[i].list), *row;
        size_t k;

        json_array_foreach(rows, k, row)
        {
            if (vectors_text(row, "request") != NULL)
                check_unary(files[i].file, vectors_text(row, "request"));
            if (vectors_text(row, "reply") != NULL)
                check_unary(files[i].file, vectors_text(row, "reply"));
        }
        vectors_done(rows);
    }
}

/* ---- metadata ---- */

static struct kn_span text_of(const json_t *map, const char *name)
{
    const char *text = vectors_text(map, name);

    return text != NULL ? kn_span_text(text) : kn_span(NULL, 0);
}

static int64_t whole_of(const json_t *map, const char *name)
{
    const json_t *value = json_object_get(map, name);

    return json_is_integer(value) ? json_integer_value(value) : KN_RPC_ABSENT;
}

static void check_metadata(const char *row, struct kn_span body, const json_t *want)
{
    const json_t *map = json_object_get(want, "metadata");
    struct kn_expert_request request;
    struct kn_rpc_metadata got;
    struct kn_error err = { 0 };

    CHECK_EQ(row, kn_expert_request_decode(body, &request, NULL), KN_OK);
    CHECK(row, kn_span_equal(request.uid, text_of(want, "uid")));
    CHECK_EQ(row, request.tensor_count, json_array_size(json_object_get(want, "tensors")));
    CHECK_EQ(err.text, kn_rpc_metadata_decode(request.metadata, "rpc_inference", &got, &err),
             KN_OK);
    CHECK(row, kn_span_equal(got.session_id, text_of(map, "session_id")));
    CHECK(row, kn_span_equal(got.step_id, text_of(map, "step_id")));
    CHECK(row, kn_span_equal(got.active_adapter, text_of(map, "active_adapter")));
    CHECK_EQ(row, got.max_length, whole_of(map, "max_length"));
    CHECK_EQ(row, got.start_from_position, whole_of(map, "start_from_position"));
    CHECK_EQ(row, got.pushed, json_is_true(json_object_get(map, "pushed")));
    CHECK(row, got.points == 0 && got.alloc_timeout == 0);
    CHECK_EQ(row, kn_rpc_check_arguments(&got, request.tensor_count, NULL), KN_OK);
    if (got.args_structure.n > 0)
        CHECK_EQ(row, kn_rpc_check_arguments(&got, request.tensor_count + 1, NULL),
                 KN_E_UNSUPPORTED);
}

static void recorded_metadata_is_read(void **state)
{
    static const char *const files[] = { "petals/rpc_inference.json",
                                         "petals/rpc_inference_bf16.json",
                                         "petals/rpc_inference_f16wire.json",
                                         "petals/rpc_inference_more.json" };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        json_t *rows = vectors_list(files[i], "sessions"), *row, *frame;
        size_t k, f;

        json_array_foreach(rows, k, row)
        {
            json_t *requests = json_object_get(row, "requests");
            size_t at = 0;

            json_array_foreach(json_object_get(row, "frames"), f, frame)
            {
                const char *hex = vectors_text(frame, "hex");
                const json_t *want = requests != NULL ? json_array_get(requests, at)
                                     : at == 0        ? json_object_get(row, "first_request")
                                                      : NULL;
                struct kn_span bytes;

                if (hex == NULL || strncmp(hex, "00", 2) != 0 ||
                    strcmp(vectors_text(frame, "dir"), "c2s") != 0)
                    continue;
                at++;
                if (want == NULL)
                    continue;
                bytes = hex_bytes(hex + 18);
                check_metadata(files[i], bytes, want);
                hex_done(bytes);
                n++;
            }
        }
        vectors_done(rows);
    }
    CHECK("many", n >= 12);
}

static void metadata_of_a_wrong_type_is_refused_in_petals_words(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "absent", "", KN_OK, "" },
        { "an empty map", "80", KN_OK, "" },
        { "unknown keys",
          "82a3616263"
          "93010203"
          "01"
          "02",
          KN_OK, "" },
        { "not MessagePack", "c1ff", KN_E_SYNTAX, "metadata is no MessagePack" },
        { "a list", "9101", KN_E_SYNTAX, "metadata is no map" },
        { "cut", "81a3616263", KN_E_SYNTAX, "no MessagePack" },
        { "more behind it", "8000", KN_E_SYNTAX, "no MessagePack" },
        { "points as text",
          "81a6706f696e7473"
          "a131",
          KN_E_INVALID, "rpc_forward should have number of points as a number or None, got 1" },
        { "points as a whole number",
          "81a6706f696e7473"
          "05",
          KN_OK, "" },
        { "points nil",
          "81a6706f696e7473"
          "c0",
          KN_OK, "" },
        { "max_length as text",
          "81aa6d61785f6c656e677468"
          "a135",
          KN_E_INVALID, "rpc_forward metadata must contain int max_length, got 5" },
        { "max_length true",
          "81aa6d61785f6c656e677468"
          "c3",
          KN_E_INVALID, "got True" },
        { "max_length 1.5",
          "81aa6d61785f6c656e677468"
          "cb3ff8000000000000",
          KN_E_INVALID, "got 1.5" },
        { "max_length a list",
          "81aa6d61785f6c656e677468"
          "90",
          KN_E_INVALID, "something else" },
        { "session_id 7",
          "81aa73657373696f6e5f6964"
          "07",
          KN_E_INVALID, "must contain str session_id, got 7" },
        { "pushed 1",
          "81a6707573686564"
          "01",
          KN_E_INVALID, "bool pushed, got 1" },
        { "next_servers a map",
          "81ac6e6578745f73657276657273"
          "80",
          KN_E_INVALID, "list next_servers" },
        { "output_compression a text",
          "81b26f75747075745f636f6d7072657373696f6e"
          "a0",
          KN_E_INVALID, "output_compression" },
        { "output_compression [2]",
          "81b26f75747075745f636f6d7072657373696f6e"
          "9102",
          KN_OK, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_span bytes = hex_bytes(rows[i].hex);
        struct kn_rpc_metadata got;
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].name, kn_rpc_metadata_decode(bytes, "rpc_forward", &got, &err),
                 rows[i].want);
        CHECK_HAS(rows[i].name, err.text, rows[i].text);
        hex_done(bytes);
    }
}

static void an_id_has_a_longest_length(void **state)
{
    (void)state;
    for (size_t n = KN_RPC_ID_MAX; n <= KN_RPC_ID_MAX + 1; n++) {
        struct kn_buffer bytes = { 0 };
        struct kn_rpc_metadata got;

        hex_add(&bytes, "81a7737465705f6964d9");
        kn_buffer_add_byte(&bytes, (uint8_t)n);
        for (size_t i = 0; i < n; i++)
            kn_buffer_add_byte(&bytes, 'x');
        CHECK_EQ("id", kn_rpc_metadata_decode(kn_buffer_get(&bytes), "rpc_push", &got, NULL),
                 n == KN_RPC_ID_MAX ? KN_OK : KN_E_LIMIT);
        kn_buffer_done(&bytes);
    }
}

/* ---- handing on ---- */

/* The second request of the first client says to whom; the push is what Petals sent. */
static void a_step_is_handed_on_as_petals_does(void **state)
{
    json_t *clients = vectors_list("petals/rpc_push.json", "client");
    json_t *pushes = vectors_list("petals/rpc_push.json", "pushes");
    const json_t *frame = json_array_get(json_object_get(json_array_get(clients, 0), "frames"), 2);
    struct kn_span bytes = hex_bytes(vectors_text(frame, "hex") + 18);
    struct kn_span pushed = hex_bytes(vectors_text(json_array_get(pushes, 1), "request"));
    struct kn_expert_request request, want;
    struct kn_buffer uid = { 0 }, metadata = { 0 };
    struct kn_block_chain chain = { .prefix = { "tiny-hf" } };
    struct kn_rpc_metadata read;
    struct kn_rpc_next next;

    (void)state;
    CHECK_EQ("request", kn_expert_request_decode(bytes, &request, NULL), KN_OK);
    CHECK_EQ("push", kn_expert_request_decode(pushed, &want, NULL), KN_OK);
    CHECK_EQ("metadata", kn_rpc_metadata_decode(request.metadata, "rpc_inference", &read, NULL),
             KN_OK);
    CHECK_EQ("next", kn_rpc_next_read(&read, &next), KN_OK);
    CHECK_EQ("none behind it", next.rest_count, 0);
    chain.first = next.first;
    chain.end = next.end;
    kn_block_chain_print(&chain, &uid);
    CHECK_BYTES("uid", kn_buffer_get(&uid), want.uid);
    kn_rpc_next_metadata(request.metadata, &next, &metadata);
    CHECK_BYTES("metadata", kn_buffer_get(&metadata), want.metadata);
    CHECK_BYTES("prompts", request.tensors[1], want.tensors[1]);
    CHECK_BYTES("hypo_ids", request.tensors[2], want.tensors[2]);
    kn_buffer_done(&uid);
    kn_buffer_done(&metadata);
    hex_done(bytes);
    hex_done(pushed);
    vectors_done(clients);
    vectors_done(pushes);
}

static void next_servers_that_are_none_are_told(void **state)
{
    static const struct {
        const char *name, *hex; /* of the list */
        enum kn_code want;
    } rows[] = {
        { "none", "90", KN_E_NOT_FOUND },
        { "an empty tuple", "d44090", KN_E_NOT_FOUND },
        { "one", "9194a150a1730204", KN_OK },
        { "a tuple of one",
          "c7084091"
          "94a150a1730204",
          KN_OK },
        { "three members", "9193a150a17302", KN_E_INVALID },
        { "an end before its start", "9194a150a1730402", KN_E_INVALID },
        { "a negative start", "9194a150a173ff02", KN_E_INVALID },
        { "a peer that is a number",
          "9194"
          "01"
          "a1730204",
          KN_E_INVALID },
        { "not a server", "9101", KN_E_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_span bytes = hex_bytes(rows[i].hex);
        const struct kn_rpc_metadata metadata = { .next_servers = bytes };
        struct kn_rpc_next next;

        CHECK_EQ(rows[i].name, kn_rpc_next_read(&metadata, &next), rows[i].want);
        hex_done(bytes);
    }
}

/* ---- rpc_info ---- */

static int64_t tokens_of(const json_t *row)
{
    const char *text = vectors_text(json_object_get(row, "info"), "cache_tokens_available");

    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

static void check_info(const char *file, enum kn_tensor_dtype dtype,
                       enum kn_tensor_compression compression)
{
    json_t *rows = vectors_list(file, "cases"), *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const struct kn_rpc_info info = {
            .version = "2.3.0.dev2",
            .cache_tokens = tokens_of(row),
            .has_schema = vectors_text(row, "uid")[0] != '\0',
            .hidden = 64,
            .dtype = dtype,
            .compression = compression,
        };
        struct kn_buffer map = { 0 }, out = { 0 };
        struct kn_span uid, asked = hex_bytes(vectors_text(row, "request"));

        CHECK_EQ(file, kn_expert_uid_decode(asked, &uid), KN_OK);
        CHECK(file, kn_span_equal(uid, kn_span_text(vectors_text(row, "uid"))));
        hex_done(asked);
        if (vectors_text(row, "info_msgpack") == NULL)
            continue;
        kn_rpc_info_encode(&info, &map);
        CHECK_HEX(file, kn_buffer_get(&map), vectors_text(row, "info_msgpack"));
        kn_expert_info_encode(kn_buffer_get(&map), &out);
        CHECK_HEX(file, kn_buffer_get(&out), vectors_text(row, "reply"));
        kn_buffer_done(&map);
        kn_buffer_done(&out);
    }
    vectors_done(rows);
}

static void what_rpc_info_answers_is_what_petals_answers(void **state)
{
    (void)state;
    check_info("petals/rpc_info.json", KN_TENSOR_F32, KN_TENSOR_NONE);
    check_info("petals/rpc_info_bf16.json", KN_TENSOR_BF16, KN_TENSOR_NONE);
    check_info("petals/rpc_info_f16wire.json", KN_TENSOR_F32, KN_TENSOR_FLOAT16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_cannot_be_read_are_refused),
        cmocka_unit_test(recorded_calls_are_written_alike),
        cmocka_unit_test(recorded_metadata_is_read),
        cmocka_unit_test(metadata_of_a_wrong_type_is_refused_in_petals_words),
        cmocka_unit_test(an_id_has_a_longest_length),
        cmocka_unit_test(a_step_is_handed_on_as_petals_does),
        cmocka_unit_test(next_servers_that_are_none_are_told),
        cmocka_unit_test(what_rpc_info_answers_is_what_petals_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
