#include "network/petals/prefix.h"

#include "network/petals/model_name.h"
#include "support/check.h"

static void both_spellings_follow_from_a_name(void **state)
{
    static const struct {
        const char *name, *petals, *plain;
    } cases[] = {
        { "meta-llama/Llama-2-70b-chat-hf", "Llama-2-70b-chat-hf", "Llama-2-70b-chat-hf" },
        { "meta-llama/Llama-3.1-8B-Instruct", "Llama-3-1-8B-Instruct-hf", "Llama-3-1-8B-Instruct" },
        { "meta-llama/Meta-Llama-3.1-405B-Instruct", "Meta-Llama-3-1-405B-Instruct-hf",
          "Meta-Llama-3-1-405B-Instruct" },
        { "https://huggingface.co/meta-llama/Llama-3.1-8B", "Llama-3-1-8B-hf", "Llama-3-1-8B" },
        { "Llama-3.3-70B-Instruct", "Llama-3-3-70B-Instruct-hf", "Llama-3-3-70B-Instruct" },
        { "tiiuae/falcon-180B-chat", "falcon-180B-chat", "falcon-180B-chat" },
        { "mistralai/Mixtral-8x7B-Instruct-v0.1", "mistralai/Mixtral-8x7B-Instruct-v0-1",
          "Mixtral-8x7B-Instruct-v0-1" },
        { "bigscience/bloom", "bigscience/bloom-petals", "bloom" },
        { "bigscience/bloom-petals", "bigscience/bloom-petals", "bloom" },
        { "Qwen/Qwen2.5-7B", "Qwen2-5-7B", "Qwen2-5-7B" },
        { "meta-llama/qwen", "qwen", "qwen" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *name = cases[i].name;
        struct kn_prefix petals, plain;

        CHECK_EQ(name, kn_prefix_of_model(name, kn_prefix_family_of(name), &petals, &plain), KN_OK);
        CHECK_STR(name, petals.text, cases[i].petals);
        CHECK_STR(name, plain.text, cases[i].plain);
    }
}

static void names_that_give_no_prefix_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t n; /* of the letter x, when there is no name */
        enum kn_prefix_family family;
        enum kn_code want;
    } cases[] = {
        { "", 0, KN_PREFIX_OTHER, KN_E_INVALID },
        { "owner/", 0, KN_PREFIX_OTHER, KN_E_INVALID },
        { "a b", 0, KN_PREFIX_OTHER, KN_E_INVALID },
        { NULL, KN_PREFIX_MAX, KN_PREFIX_OTHER, KN_OK },
        { NULL, KN_PREFIX_MAX + 1, KN_PREFIX_OTHER, KN_E_LIMIT },
        { NULL, KN_PREFIX_MAX - 3, KN_PREFIX_LLAMA, KN_OK },
        { NULL, KN_PREFIX_MAX - 2, KN_PREFIX_LLAMA, KN_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char text[KN_PREFIX_MAX + 2] = "";
        struct kn_prefix petals, plain;

        memset(text, 'x', cases[i].n);
        CHECK_EQ(text,
                 kn_prefix_of_model(cases[i].name != NULL ? cases[i].name : text, cases[i].family,
                                    &petals, &plain),
                 cases[i].want);
    }
}

static void the_other_spelling_is_the_one_that_is_not_registered(void **state)
{
    static const struct {
        const char *prefix, *repository, *want;
    } cases[] = {
        { "Llama-3-1-8B-hf", "https://huggingface.co/meta-llama/Llama-3.1-8B", "Llama-3-1-8B" },
        { "Llama-3-1-8B", "https://huggingface.co/meta-llama/Llama-3.1-8B", "Llama-3-1-8B-hf" },
        { "Llama-2-7b-hf", "https://huggingface.co/meta-llama/Llama-2-7b-hf", NULL },
        { "Llama-2-7b-hf", NULL, "Llama-2-7b" },
        { "Llama-2-7b", NULL, "Llama-2-7b-hf" },
        { "StableBeluga2-hf", "https://huggingface.co/petals-team/StableBeluga2", "StableBeluga2" },
        { "StableBeluga2", "https://huggingface.co/petals-team/StableBeluga2", NULL },
        { "bigscience/bloom-petals", "https://huggingface.co/bigscience/bloom", "bloom" },
        { "falcon-180B", "https://huggingface.co/tiiuae/falcon-180B", NULL },
        { "tiny-hf", NULL, "tiny" },
        { "tiny", NULL, NULL },
        { "-hf", NULL, NULL },
        { "x", "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_prefix other = { "" };
        bool found = kn_prefix_other_spelling(cases[i].prefix, cases[i].repository, &other);

        CHECK_EQ(cases[i].prefix, found, cases[i].want != NULL);
        if (found)
            CHECK_STR(cases[i].prefix, other.text, cases[i].want);
    }
}

static void spellings_share_a_stem(void **state)
{
    static const char *const cases[][2] = {
        { "Llama-3-1-8B-hf", "Llama-3-1-8B" },
        { "Llama-3-1-8B", "Llama-3-1-8B" },
        { "bigscience/bloom-petals", "bloom" },
        { "mistralai/Mixtral-8x7B", "Mixtral-8x7B" },
        { "-hf", "-hf" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span stem = kn_prefix_stem(cases[i][0]);

        CHECK(cases[i][0], kn_span_equal(stem, kn_span_text(cases[i][1])));
    }
}

static void keys_are_written_and_taken_apart(void **state)
{
    static const struct {
        const char *key, *prefix; /* NULL: not a key */
        uint32_t index;
    } cases[] = {
        { "Llama-3-3-70B-Instruct-hf.68", "Llama-3-3-70B-Instruct-hf", 68 },
        { "x.0", "x", 0 },
        { "x.65535", "x", 65535 },
        { "x.65536", NULL, 0 },
        { "x.99999999999999999999", NULL, 0 },
        { "Llama-3.3-70B-Instruct-hf.68", NULL, 0 },
        { "x.00", NULL, 0 },
        { "x.-1", NULL, 0 },
        { "x", NULL, 0 },
        { "x.", NULL, 0 },
        { ".5", NULL, 0 },
        { "a b.1", NULL, 0 },
        { "x.1x", NULL, 0 },
        { "x. 1", NULL, 0 },
        { "x.1_0", NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *key = cases[i].key;
        struct kn_prefix prefix;
        char again[KN_BLOCK_KEY_SIZE];
        uint32_t index;

        CHECK_EQ(key, kn_block_key_parse(kn_span_text(key), &prefix, &index),
                 cases[i].prefix != NULL);
        if (cases[i].prefix == NULL)
            continue;
        CHECK_STR(key, prefix.text, cases[i].prefix);
        CHECK_EQ(key, index, cases[i].index);
        kn_block_key(prefix.text, index, again);
        CHECK_STR(key, again, key);
    }
}

static void legal_prefixes_can_stand_in_a_key(void **state)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        { "Llama-3-hf", true },   { "_private", true }, { "org/name", true },
        { "\xe6\xa8\xa1", true }, { "", false },        { "a.b", false },
        { "a b", false },         { "a\nb", false },    { "a\x7f", false },
        { "\xc2\x9b", false },    { "\xff", false },    { "\xe6\xa8", false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i].text, kn_prefix_is_legal(kn_span_text(cases[i].text)), cases[i].want);
    CHECK("NUL", !kn_prefix_is_legal(kn_span("a\0b", 3)));
    CHECK("private", kn_prefix_is_private("_x") && !kn_prefix_is_private("x_"));
}

static void a_word_names_a_model_in_several_ways(void **state)
{
    static const char *const prefix = "Llama-3-1-8B-Instruct-hf",
                             *const repository =
                                 "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct";
    static const struct {
        const char *word;
        enum kn_model_match with, without; /* the repository */
    } cases[] = {
        { "Llama-3-1-8B-Instruct-hf", KN_MODEL_PREFIX, KN_MODEL_PREFIX },
        { "llama-3-1-8b-instruct-HF", KN_MODEL_PREFIX, KN_MODEL_PREFIX },
        { "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct", KN_MODEL_REPOSITORY,
          KN_MODEL_NAME },
        { "META-llama/llama-3.1-8b-instruct", KN_MODEL_REPOSITORY, KN_MODEL_NAME },
        { "Llama-3.1-8B-Instruct", KN_MODEL_NAME, KN_MODEL_NAME },
        { "llama-3-1-8b-instruct", KN_MODEL_NAME, KN_MODEL_NAME },
        { "somebody/Llama-3.1-8B-Instruct", KN_MODEL_NO, KN_MODEL_NAME },
        { "Llama-3.1-8B", KN_MODEL_NO, KN_MODEL_NO },
        { "", KN_MODEL_NO, KN_MODEL_NO },
        { "/", KN_MODEL_NO, KN_MODEL_NO },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        CHECK_EQ(cases[i].word, kn_model_match(cases[i].word, prefix, repository), cases[i].with);
        CHECK_EQ(cases[i].word, kn_model_match(cases[i].word, prefix, NULL), cases[i].without);
    }
}

static void a_mistyped_name_has_a_neighbour(void **state)
{
    struct kn_nearest nearest = kn_nearest_to("Lama-3.1-8B");

    (void)state;
    kn_model_offer(&nearest, "falcon-180B", NULL);
    kn_model_offer(&nearest, "Llama-3-1-8B-hf", "https://huggingface.co/meta-llama/Llama-3.1-8B");
    CHECK_STR("nearest", nearest.best, "Llama-3.1-8B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_spellings_follow_from_a_name),
        cmocka_unit_test(names_that_give_no_prefix_are_refused),
        cmocka_unit_test(the_other_spelling_is_the_one_that_is_not_registered),
        cmocka_unit_test(spellings_share_a_stem),
        cmocka_unit_test(keys_are_written_and_taken_apart),
        cmocka_unit_test(legal_prefixes_can_stand_in_a_key),
        cmocka_unit_test(a_word_names_a_model_in_several_ways),
        cmocka_unit_test(a_mistyped_name_has_a_neighbour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
