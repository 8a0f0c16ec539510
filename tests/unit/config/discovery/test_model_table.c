/* The table against what the authors published, and which words find which row. */
#include "config/discovery/model_table.h"

#include <math.h>

#include "support/check.h"

struct published {
    const char *model;
    int64_t parameters;
};

/* Whole models as their authors and the hub count them. */
static const struct published published[] = {
    { "meta-llama/Llama-3.3-70B-Instruct", 70553706496 },
    { "meta-llama/Llama-3.1-8B", 8030261248 },
    { "meta-llama/Llama-3.1-70B", 70553706496 },
    { "meta-llama/Llama-3.1-405B", 405853388800 },
    { "meta-llama/Llama-3.2-1B", 1235814400 },
    { "meta-llama/Llama-3.2-3B", 3212749824 },
    { "meta-llama/Meta-Llama-3-8B", 8030261248 },
    { "meta-llama/Meta-Llama-3-70B", 70553706496 },
    { "meta-llama/Llama-2-7b", 6738415616 },
    { "meta-llama/Llama-2-13b", 13015864320 },
    { "meta-llama/Llama-2-70b", 68976648192 },
    { "petals-team/StableBeluga2", 68976648192 },
    { "codellama/CodeLlama-7b", 6738546688 },
    { "codellama/CodeLlama-13b", 13016028160 },
    { "codellama/CodeLlama-34b", 33743970304 },
    { "TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1100048384 },
    { "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", 8030261248 },
    { "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", 70553706496 },
    { "deepseek-ai/deepseek-llm-7b", 6910365696 },
    { "deepseek-ai/deepseek-coder-6.7b", 6740512768 },
    { "deepseek-ai/deepseek-coder-33b", 33342991360 },
    { "01-ai/Yi-6B", 6061035520 },
    { "01-ai/Yi-34B", 34388917248 },
    { "01-ai/Yi-1.5-9B", 8829407232 },
    { "upstage/SOLAR-10.7B-v1.0", 10731524096 },
    { "HuggingFaceTB/SmolLM2-135M", 134515008 },
    { "HuggingFaceTB/SmolLM2-360M", 361821120 },
    { "HuggingFaceTB/SmolLM2-1.7B", 1711376384 },
    { "tiiuae/Falcon3-7B", 7455550464 },
    { "mistralai/Mistral-7B-v0.1", 7241732096 },
    { "mistralai/Mistral-7B-Instruct-v0.2", 7241732096 },
    { "mistralai/Mistral-7B-v0.3", 7248023552 },
    { "mistralai/Mistral-Nemo-Instruct-2407", 12247782400 },
    { "mistralai/Mistral-Small-Instruct-2409", 22247282688 },
    { "mistralai/Mistral-Small-24B-Instruct-2501", 23572403200 },
    { "mistralai/Mistral-Large-Instruct-2407", 122610069504 },
    { "mistralai/Mixtral-8x7B-v0.1", 46702792704 },
    { "mistralai/Mixtral-8x22B-Instruct-v0.1", 140630071296 },
    { "Qwen/Qwen2.5-0.5B", 494032768 },
    { "Qwen/Qwen2.5-1.5B", 1543714304 },
    { "Qwen/Qwen2.5-3B", 3085938688 },
    { "Qwen/Qwen2.5-7B", 7615616512 },
    { "Qwen/Qwen2.5-14B", 14770033664 },
    { "Qwen/Qwen2.5-32B", 32763876352 },
    { "Qwen/Qwen2.5-72B", 72706203648 },
    { "Qwen/QwQ-32B", 32763876352 },
    { "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", 1777088000 },
    { "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", 7615616512 },
    { "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", 14770033664 },
    { "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 32763876352 },
    { "Qwen/Qwen1.5-MoE-A2.7B", 14315784192 },
    { "Qwen/Qwen3-0.6B", 596049920 },
    { "Qwen/Qwen3-1.7B", 1720574976 },
    { "Qwen/Qwen3-4B", 4022468096 },
    { "Qwen/Qwen3-8B", 8190735360 },
    { "Qwen/Qwen3-14B", 14768307200 },
    { "Qwen/Qwen3-32B", 32762123264 },
    { "Qwen/Qwen3-30B-A3B", 30532122624 },
    { "Qwen/Qwen3-235B-A22B", 235093634560 },
    { "tiiuae/falcon-7b", 6921720704 },
    { "tiiuae/falcon-40b", 41303293952 },
    { "tiiuae/falcon-180B", 179522565120 },
    { "bigscience/bloom", 176247271424 },
    { "bigscience/bloom-7b1", 7069016064 },
    { "bigscience/bloom-3b", 3002557440 },
    { "bigscience/bloom-1b7", 1722408960 },
    { "bigscience/bloom-1b1", 1065314304 },
    { "bigscience/bloom-560m", 559214592 },
    { "google/gemma-2b", 2506172416 },
    { "google/gemma-7b", 8537680896 },
    { "google/gemma-2-2b", 2614341888 },
    { "google/gemma-2-9b", 9241705984 },
    { "google/gemma-2-27b", 27227128320 },
    { "google/gemma-3-1b-it", 999885952 },
    { "microsoft/phi-2", 2779683840 },
    { "microsoft/Phi-3-mini-4k-instruct", 3821079552 },
    { "microsoft/Phi-3.5-mini-instruct", 3821079552 },
    { "microsoft/Phi-3-medium-4k-instruct", 13960238080 },
    { "microsoft/phi-4", 14659507200 },
    { "microsoft/Phi-4-mini-instruct", 3836021760 },
    { "CohereForAI/c4ai-command-r-v01", 34980831232 },
    { "deepseek-ai/DeepSeek-V2-Lite", 15706484224 },
    { "deepseek-ai/DeepSeek-V2", 235741434880 },
    { "deepseek-ai/DeepSeek-V3", 671026419200 },
};

static int64_t published_of(const char *model)
{
    for (size_t i = 0; i < KN_COUNT(published); i++) {
        if (strcmp(published[i].model, model) == 0)
            return published[i].parameters;
    }
    return 0;
}

static void every_row_has_the_parameters_that_were_published(void **state)
{
    (void)state;
    CHECK("at least 40 models", kn_model_row_count >= 40);
    CHECK_EQ("a published total for each", kn_model_row_count, KN_COUNT(published));
    for (size_t i = 0; i < kn_model_row_count; i++) {
        const struct kn_model_row *row = &kn_model_rows[i];

        CHECK_EQ(row->repository, kn_shape_whole(&row->shape), published_of(row->repository));
    }
}

static void every_row_is_complete_and_found_by_its_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_model_row_count; i++) {
        const struct kn_model_row *row = &kn_model_rows[i];
        const char *name = kn_model_short_name(row->repository);
        char prefix[128];

        CHECK(row->repository, strchr(row->repository, '/') != NULL);
        CHECK(row->repository, row->shape.blocks > 0 && row->shape.blocks <= KN_SHAPE_BLOCKS_MAX);
        CHECK(row->repository, row->shape.hidden <= KN_SHAPE_HIDDEN_MAX);
        CHECK(row->repository, row->shape.max_context > 0);
        CHECK(row->repository, row->shape.family != KN_FAMILY_OTHER);
        CHECK(row->repository, kn_model_find(row->repository) == row);
        CHECK(row->repository, kn_model_find(name) == row);
        CHECK(row->repository, row->also == NULL || kn_model_find(row->also) == row);
        (void)snprintf(prefix, sizeof(prefix), "%s-hf", name);
        for (char *at = prefix; *at != '\0'; at++)
            *at = *at == '.' ? '-' : *at;
        CHECK(prefix, kn_model_find(prefix) == row);
        prefix[strlen(prefix) - 3] = '\0';
        CHECK(prefix, kn_model_find(prefix) == row);
    }
}

static void a_word_names_a_model_in_many_ways(void **state)
{
    static const struct {
        const char *word, *repository; /* NULL: none */
    } cases[] = {
        { "Llama-3.3-70B-Instruct", KN_FALLBACK_MODEL },
        { "Llama-3-3-70B-Instruct-hf", KN_FALLBACK_MODEL },
        { "Llama-3-3-70B-Instruct", KN_FALLBACK_MODEL },
        { "llama-3.3-70b", KN_FALLBACK_MODEL },
        { "https://huggingface.co/meta-llama/Llama-3.3-70B-Instruct", KN_FALLBACK_MODEL },
        { "unsloth/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B" },
        { "meta-llama/Meta-Llama-3.1-405B-Instruct", "meta-llama/Llama-3.1-405B" },
        { "meta-llama/Llama-2-70b-chat-hf", "meta-llama/Llama-2-70b" },
        { "bigscience/bloom-petals", "bigscience/bloom" },
        { "bigscience/bloomz", "bigscience/bloom" },
        { "mistralai/Mixtral-8x7B-Instruct-v0-1", "mistralai/Mixtral-8x7B-v0.1" },
        { "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-V3" },
        { "google/gemma-2-9b-it", "google/gemma-2-9b" },
        { "Llama-3.3", NULL },
        { "Llama-4-70B", NULL },
        { "-hf", NULL },
        { "", NULL },
        { "meta-llama/", NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_model_row *row = kn_model_find(cases[i].word);

        CHECK_STR(cases[i].word, row != NULL ? row->repository : NULL, cases[i].repository);
    }
}

static void a_tuned_variant_is_a_model_of_its_own(void **state)
{
    (void)state;
    CHECK("spelling", kn_model_same("meta-llama/Llama-3.1-8B", "Llama-3-1-8B-hf"));
    CHECK("owner", kn_model_same("unsloth/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"));
    CHECK("tuned", !kn_model_same("Llama-3.1-8B-Instruct", "Llama-3.1-8B"));
}

static void the_fallback_is_in_the_table(void **state)
{
    (void)state;
    CHECK("row", kn_model_find(KN_FALLBACK_MODEL) != NULL);
    CHECK_EQ("blocks", kn_model_find(KN_FALLBACK_MODEL)->shape.blocks, 80);
}

/* What D31 promises of the size in a name. */
static void the_size_in_a_name_is_within_a_fifth(void **state)
{
    size_t guessed = 0;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(published); i++) {
        struct kn_model_size size;
        double error;

        if (!kn_model_size_guess(published[i].model, 0, &size))
            continue;
        error = (double)size.whole_parameters / (double)published[i].parameters - 1;
        if (fabs(error) > 0.2)
            print_error("%s is off by %.1f %%\n", published[i].model, 100 * error);
        CHECK(published[i].model, fabs(error) <= 0.2);
        CHECK_EQ(published[i].model, size.source, KN_SIZE_GUESS);
        guessed++;
    }
    CHECK("most names tell their size", guessed >= 60);
}

/* With the number of blocks from the registry, a guess never takes too little memory. */
static void a_guess_errs_towards_fewer_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_model_row_count; i++) {
        const struct kn_model_row *row = &kn_model_rows[i];
        struct kn_model_size size;

        if (row->shape.experts > 0 ||
            !kn_model_size_guess(row->repository, row->shape.blocks, &size))
            continue;
        CHECK_EQ(row->repository, size.blocks, row->shape.blocks);
        CHECK(row->repository,
              (double)size.block_parameters >= 0.95 * (double)kn_shape_largest_block(&row->shape));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_the_parameters_that_were_published),
        cmocka_unit_test(every_row_is_complete_and_found_by_its_names),
        cmocka_unit_test(a_word_names_a_model_in_many_ways),
        cmocka_unit_test(a_tuned_variant_is_a_model_of_its_own),
        cmocka_unit_test(the_fallback_is_in_the_table),
        cmocka_unit_test(the_size_in_a_name_is_within_a_fifth),
        cmocka_unit_test(a_guess_errs_towards_fewer_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
