#include "network/petals/model_info.h"

#include "lib/codec/msgpack.h"
#include "network/petals/prefix.h"
#include "support/hex.h"
#include "support/vectors.h"

static void check_repository(const char *row, struct kn_span got, const json_t *want)
{
    const char *text = json_string_value(want);

    CHECK_EQ(row, got.at != NULL, text != NULL);
    if (text != NULL)
        CHECK_BYTES(row, got, kn_span_text(text));
}

static const json_t *value_of(const json_t *accepted, size_t i)
{
    return json_array_get(json_array_get(json_object_get(accepted, "map"), i), 1);
}

static void entries_are_taken_and_refused_as_petals_does(void **state)
{
    json_t *rows = vectors_list("serverinfo.json", "models"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        const json_t *accepted = json_object_get(row, "accepted");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        struct kn_model_info info = { .num_blocks = 77 };
        enum kn_malformed kind = kn_model_info_decode(bytes, &info);

        CHECK_EQ(name, kind == KN_MALFORMED_NOT, accepted != NULL);
        if (accepted != NULL) {
            CHECK_EQ(name, info.num_blocks, json_integer_value(value_of(accepted, 0)));
            check_repository(name, info.repository, value_of(accepted, 1));
        } else {
            CHECK_EQ(name, info.num_blocks, 77);
        }
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void entries_are_written_as_petals_does(void **state)
{
    static const struct {
        const char *hex;
        struct kn_model_info info;
    } cases[] = {
        { "82aa6e756d5f626c6f636b7304aa7265706f7369746f7279c0", { 4, { NULL, 0 } } },
        { "82aa6e756d5f626c6f636b7320aa7265706f7369746f7279d92f68747470733a2f2f68756767696e67666163"
          "65"
          "2e636f2f6d6574612d6c6c616d612f4c6c616d612d322d37622d6866",
          { 32, { (const uint8_t *)"https://huggingface.co/meta-llama/Llama-2-7b-hf", 47 } } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer out = { 0 };

        kn_model_info_encode(&cases[i].info, &out);
        CHECK_HEX(cases[i].hex, kn_buffer_get(&out), cases[i].hex);
        kn_buffer_done(&out);
    }
}

static void each_bound_and_one_past_it(void **state)
{
    static const char nul[] = "a\0b";
    char longest[KN_REPOSITORY_MAX + 1];
    const struct {
        const char *name;
        int64_t blocks;
        struct kn_span repository;
        enum kn_malformed kind;
    } cases[] = {
        { "one block", 1, kn_span("x", 1), KN_MALFORMED_NOT },
        { "none", 0, kn_span("x", 1), KN_MALFORMED_NUM_BLOCKS },
        { "negative", -1, kn_span("x", 1), KN_MALFORMED_NUM_BLOCKS },
        { "the most", KN_BLOCKS_MAX, kn_span("x", 1), KN_MALFORMED_NOT },
        { "one more", KN_BLOCKS_MAX + 1, kn_span("x", 1), KN_MALFORMED_NUM_BLOCKS },
        { "long", 1, kn_span(longest, KN_REPOSITORY_MAX), KN_MALFORMED_NOT },
        { "too long", 1, kn_span(longest, KN_REPOSITORY_MAX + 1), KN_MALFORMED_REPOSITORY },
        { "with a NUL", 1, kn_span(nul, 3), KN_MALFORMED_REPOSITORY },
        { "empty", 1, kn_span("", 0), KN_MALFORMED_NOT },
    };

    (void)state;
    memset(longest, 'x', sizeof(longest));
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer out = { 0 };
        struct kn_model_info info;

        kn_msgpack_write_map(&out, 2);
        kn_msgpack_write_text(&out, kn_span_text("repository"));
        kn_msgpack_write_text(&out, cases[i].repository);
        kn_msgpack_write_text(&out, kn_span_text("num_blocks"));
        kn_msgpack_write_int(&out, cases[i].blocks);
        CHECK_EQ(cases[i].name, kn_model_info_decode(kn_buffer_get(&out), &info), cases[i].kind);
        kn_buffer_done(&out);
    }
}

static void what_is_no_entry_is_refused(void **state)
{
    static const char *const cases[] = { "", "c0", "81aa6e756d5f626c6f636b73", "81c40161c0",
                                         "81aa6e756d5f626c6f636b7301c0" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i]);
        struct kn_model_info info;

        CHECK(cases[i], kn_model_info_decode(bytes, &info) != KN_MALFORMED_NOT);
        hex_done(bytes);
    }
}

static void every_kind_has_a_text(void **state)
{
    (void)state;
    for (int kind = 0; kind < KN_MALFORMED_COUNT; kind++)
        CHECK("text", strlen(kn_malformed_text((enum kn_malformed)kind)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_taken_and_refused_as_petals_does),
        cmocka_unit_test(entries_are_written_as_petals_does),
        cmocka_unit_test(each_bound_and_one_past_it),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(every_kind_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
