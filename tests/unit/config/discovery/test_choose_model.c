/* Which model is served, for swarms and machines that are handed in. */
#include "config/discovery/choose_model.h"

#include "config/discovery/model_table.h"
#include "lib/base/arena.h"
#include "support/check.h"
#include "support/fuse.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define LLAMA "meta-llama/Llama-3.3-70B-Instruct"
#define SMALL "meta-llama/Llama-3.1-8B-Instruct"
#define ALL 0xffffffffu

static const struct kn_hardware desktop = { .memory_available = 24 * GIB,
                                            .memory_limit = KN_FACT_UNKNOWN,
                                            .memory_left = KN_FACT_UNKNOWN };
static const struct kn_hardware laptop = { .memory_available = 3 * GIB,
                                           .memory_limit = KN_FACT_UNKNOWN,
                                           .memory_left = KN_FACT_UNKNOWN };
static const struct kn_hardware tiny = { .memory_available = 64 * MIB,
                                         .memory_limit = KN_FACT_UNKNOWN,
                                         .memory_left = KN_FACT_UNKNOWN };

static const struct kn_model_facts models[] = {
    { "big-thing", "org/big-thing", 40, .online = 900, .own_online = 900, .registered = true },
    { "Qwen2-5-72B", "Qwen/Qwen2.5-72B", 80, .online = 300, .own_online = 300, .registered = true },
    { "bloom-petals", "bigscience/bloom", 48, .online = 200, .own_online = 200,
      .registered = true },
    { "Llama-3-3-70B-Instruct-hf", LLAMA, 80, .online = 127, .own_online = 100,
      .registered = true },
    { "Llama-3-3-70B-Instruct", LLAMA, 80, .online = 127, .own_online = 27, .registered = true },
    { "Llama-3-1-8B-Instruct-hf", SMALL, 32, .online = 1, .own_online = 1, .registered = true },
};

#define SWARM(from, count)                                                  \
    {                                                                       \
        .is_known = true, .models = models + (from), .model_count = (count) \
    }

struct choice_case {
    const char *name;
    const char *named;
    struct kn_swarm_facts swarm;
    const struct kn_hardware *hardware;
    unsigned families;
    enum kn_choice_kind kind;
    const char *model, *repository, *prefix, *reason;
    uint32_t max;
    size_t passed_over;
};

static struct kn_model_question question_of(const struct choice_case *c)
{
    return (struct kn_model_question){ .named = c->named,
                                       .swarm = &c->swarm,
                                       .hardware = c->hardware,
                                       .wish = &kn_fit_wish_none,
                                       .families = c->families };
}

static void check(const struct choice_case *c)
{
    struct kn_model_question question = question_of(c);
    struct kn_arena *arena = kn_arena_new();
    struct kn_model_choice choice;
    struct kn_error err = { 0 };

    CHECK_EQ(c->name, kn_model_choose(&question, arena, &choice, &err), KN_OK);
    CHECK_EQ(c->name, choice.kind, c->kind);
    CHECK_STR(c->name, choice.name, c->model);
    CHECK_STR(c->name, choice.repository, c->repository);
    CHECK_STR(c->name, choice.prefix, c->prefix);
    CHECK_STR(c->name, choice.reason, c->reason);
    CHECK_EQ(c->name, choice.fit.profiles[KN_PRESET_MAX].blocks, c->max);
    CHECK_EQ(c->name, choice.passed_over_count, c->passed_over);
    kn_arena_free(arena);
}

#define NAME "Llama-3.3-70B-Instruct"
#define HF "Llama-3-3-70B-Instruct-hf"
#define NOBODY "built-in, because nobody in the network answered"

/* proves: FR-0/0.1.3, FR-0/0.1.6, P2/3, P2/9.1, MS-2.3/2 */
static void the_most_popular_model_that_can_be_served_is_chosen(void **state)
{
    static const struct choice_case cases[] = {
        { "the first", NULL, SWARM(3, 3), &desktop, KN_FAMILIES_PETALS, KN_CHOICE_POPULAR, NAME,
          LLAMA, HF, "most popular, 127 providers", 5, 0 },
        { "the first of those that fit", NULL, SWARM(0, 6), &desktop, KN_FAMILIES_PETALS,
          KN_CHOICE_POPULAR, NAME, LLAMA, HF, "most popular that fits here, 127 providers", 5, 3 },
        { "another family", NULL, SWARM(0, 6), &desktop, ALL, KN_CHOICE_POPULAR, "Qwen2.5-72B",
          "Qwen/Qwen2.5-72B", "Qwen2-5-72B", "most popular that fits here, 300 providers", 5, 1 },
        { "a small machine", NULL, SWARM(3, 3), &laptop, KN_FAMILIES_PETALS, KN_CHOICE_POPULAR,
          "Llama-3.1-8B-Instruct", SMALL, "Llama-3-1-8B-Instruct-hf",
          "most popular that fits here, 1 provider", 2, 2 },
        { "nothing fits", NULL, SWARM(3, 3), &tiny, KN_FAMILIES_PETALS, KN_CHOICE_NOTHING, NAME,
          LLAMA, NULL, "none of the network's 3 models is for this machine", 0, 3 },
        { "nothing is known", NULL, SWARM(0, 1), &desktop, KN_FAMILIES_PETALS, KN_CHOICE_NOTHING,
          NAME, LLAMA, NULL, "none of the network's 1 models is for this machine", 0, 1 },
        { "an empty registry", NULL, SWARM(0, 0), &desktop, KN_FAMILIES_PETALS, KN_CHOICE_NOTHING,
          NAME, LLAMA, NULL, "the network has no model yet", 0, 0 },
        { "nobody answered",
          NULL,
          { .is_known = false },
          &desktop,
          KN_FAMILIES_PETALS,
          KN_CHOICE_FALLBACK,
          NAME,
          LLAMA,
          NULL,
          NOBODY,
          5,
          0 },
        { "nobody answered a small machine",
          NULL,
          { .is_known = false },
          &tiny,
          KN_FAMILIES_PETALS,
          KN_CHOICE_NOTHING,
          NAME,
          LLAMA,
          NULL,
          "not one block fits: it needs 4 GiB within 90 %, and 64 MiB of memory is available",
          0,
          0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i]);
}

/* proves: FR-5/5.1.1 */
static void a_named_model_wins(void **state)
{
    static const struct choice_case cases[] = {
        { "a name", "Llama-3.1-8B-Instruct", SWARM(0, 6), &desktop, ALL, KN_CHOICE_NAMED,
          "Llama-3.1-8B-Instruct", SMALL, "Llama-3-1-8B-Instruct-hf", "as the settings say", 21,
          0 },
        { "another owner", "unsloth/Llama-3.1-8B-Instruct", SWARM(0, 6), &desktop, ALL,
          KN_CHOICE_NAMED, "Llama-3.1-8B-Instruct", "unsloth/Llama-3.1-8B-Instruct",
          "Llama-3-1-8B-Instruct-hf", "as the settings say", 21, 0 },
        { "a prefix", "Llama-3-3-70B-Instruct", SWARM(0, 6), &desktop, ALL, KN_CHOICE_NAMED, NAME,
          LLAMA, HF, "as the settings say", 5, 0 },
        { "only in the table", "bloom-7b1", SWARM(0, 6), &desktop, ALL, KN_CHOICE_NAMED,
          "bloom-7b1", "bigscience/bloom-7b1", NULL, "as the settings say", 23, 0 },
        { "nobody answered",
          "Llama-3.2-1B",
          { .is_known = false },
          &desktop,
          ALL,
          KN_CHOICE_NAMED,
          "Llama-3.2-1B",
          "meta-llama/Llama-3.2-1B",
          NULL,
          "as the settings say",
          16,
          0 },
        { "tuned, and not listed",
          "Llama-3.2-1B-Instruct",
          { .is_known = false },
          &desktop,
          ALL,
          KN_CHOICE_NAMED,
          "Llama-3.2-1B-Instruct",
          NULL,
          NULL,
          "as the settings say",
          16,
          0 },
        { "of unknown size", "big-thing", SWARM(0, 6), &desktop, ALL, KN_CHOICE_NAMED, "big-thing",
          "org/big-thing", "big-thing", "as the settings say", 1, 0 },
        { "that does not fit", "bloom", SWARM(0, 6), &laptop, ALL, KN_CHOICE_NAMED, "bloom",
          "bigscience/bloom", "bloom-petals", "as the settings say", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i]);
}

static void each_passed_over_model_has_its_reason(void **state)
{
    static const struct choice_case c = { .swarm = SWARM(0, 6),
                                          .hardware = &laptop,
                                          .families = KN_FAMILIES_PETALS };
    static const char *const reasons[] = {
        "its shape is not known: no config.json is here, and the table has no such model",
        "this version does not serve the family qwen2",
        "the registry says 48 blocks, the model has 70",
        "not one block fits: it needs 4 GiB within 90 %, and 3 GiB of memory is available",
        "not one block fits: it needs 4 GiB within 90 %, and 3 GiB of memory is available",
    };
    struct kn_model_question question = question_of(&c);
    struct kn_arena *arena = kn_arena_new();
    struct kn_model_choice choice;

    (void)state;
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_EQ("count", choice.passed_over_count, KN_COUNT(reasons));
    for (size_t i = 0; i < KN_COUNT(reasons); i++) {
        CHECK(models[i].prefix, choice.passed_over[i].model == &models[i]);
        CHECK_STR(models[i].prefix, choice.passed_over[i].reason, reasons[i]);
    }
    CHECK("facts", choice.facts == &models[5]);
    kn_arena_free(arena);
}

/* D31: the files on this machine before the registry, that before the table. */
static void local_files_are_believed_first(void **state)
{
    struct kn_local_model local = { "org/big-thing", kn_model_find("Llama-2-7b")->shape };
    static const struct choice_case c = { .swarm = SWARM(0, 6),
                                          .hardware = &desktop,
                                          .families = KN_FAMILIES_PETALS };
    struct kn_model_question question = question_of(&c);
    struct kn_arena *arena = kn_arena_new();
    struct kn_model_choice choice;

    (void)state;
    local.shape.blocks = 40;
    question.local = &local;
    question.local_count = 1;
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_STR("now its shape is known", choice.name, "big-thing");
    CHECK_EQ("source", choice.size.source, KN_SIZE_CONFIG);
    local.shape.blocks = 39;
    question.named = "big-thing";
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_EQ("the files win", choice.size.blocks, 39);
    question.named = "bloom";
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_EQ("the registry wins over the table", choice.size.blocks, 48);
    CHECK_EQ("source", choice.size.source, KN_SIZE_TABLE);
    kn_arena_free(arena);
}

static void a_number_of_blocks_that_was_written_counts_or_is_refused(void **state)
{
    static const struct {
        const char *name, *named;
        uint32_t written, blocks; /* blocks 0: refused */
        const char *text;
    } rows[] = {
        { "nobody else knows", "big-thing", 41, 41, NULL },
        { "as the registry says", "big-thing", 40, 40, NULL },
        { "as the table says", "bloom", 70, 70, NULL },
        { "as the registry says, not the table", "bloom", 48, 48, NULL },
        { "as nobody says", "bloom", 50, 0, "model.total_blocks: 50, but bigscience/bloom has 70" },
        { "as the files say", "Llama-2-7b", 32, 32, NULL },
        { "not as the files say", "Llama-2-7b", 33, 0, "model.total_blocks: 33, but Llama-2-7b" },
    };
    const struct kn_local_model local = { "Llama-2-7b", kn_model_find("Llama-2-7b")->shape };
    static const struct choice_case c = { .swarm = SWARM(0, 6),
                                          .hardware = &desktop,
                                          .families = ALL };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_model_question question = question_of(&c);
        struct kn_arena *arena = kn_arena_new();
        struct kn_model_choice choice;
        struct kn_error err = { 0 };

        question.local = &local;
        question.local_count = 1;
        question.named = rows[i].named;
        question.blocks = rows[i].written;
        CHECK_EQ(rows[i].name, kn_model_choose(&question, arena, &choice, &err),
                 rows[i].blocks > 0 ? KN_OK : KN_E_INVALID);
        if (rows[i].blocks > 0)
            CHECK_EQ(rows[i].name, choice.size.blocks, rows[i].blocks);
        else
            CHECK_HAS(rows[i].name, err.text, rows[i].text);
        kn_arena_free(arena);
    }
}

static void a_model_of_another_number_of_blocks_is_passed_over(void **state)
{
    static const struct choice_case listed = { .swarm = SWARM(3, 3),
                                               .hardware = &desktop,
                                               .families = KN_FAMILIES_PETALS };
    static const struct choice_case nobody = { .hardware = &desktop,
                                               .families = KN_FAMILIES_PETALS };
    struct kn_model_question question = question_of(&listed);
    struct kn_arena *arena = kn_arena_new();
    struct kn_model_choice choice;

    (void)state;
    question.blocks = 32;
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_STR("the first of 32", choice.name, "Llama-3.1-8B-Instruct");
    CHECK_STR("why", choice.passed_over[0].reason,
              "it has 80 blocks, and model.total_blocks is 32");
    question = question_of(&nobody);
    question.blocks = 32;
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_EQ("nor is the fallback one of 32", choice.kind, KN_CHOICE_NOTHING);
    CHECK_STR("why", choice.reason, "it has 80 blocks, and model.total_blocks is 32");
    kn_arena_free(arena);
}

static void a_listed_model_is_sized_by_its_name(void **state)
{
    static const struct kn_model_facts listed[] = { { "Foo-8B", "org/Foo-8B", 32, .online = 3,
                                                      .own_online = 3, .registered = true } };
    static const struct choice_case c = {
        .swarm = { .is_known = true, .models = listed, .model_count = 1 },
        .hardware = &desktop,
        .families = KN_FAMILIES_PETALS,
        .named = "Foo-8B"
    };
    struct kn_model_question question = question_of(&c);
    struct kn_arena *arena = kn_arena_new();
    struct kn_model_choice choice;

    (void)state;
    CHECK_EQ("rc", kn_model_choose(&question, arena, &choice, NULL), KN_OK);
    CHECK_EQ("guess", choice.size.source, KN_SIZE_GUESS);
    CHECK("guess", choice.fit.is_guess);
    CHECK_EQ("guess", choice.fit.profiles[KN_PRESET_MAX].blocks, 18);
    CHECK_STR("warning", choice.warning,
              "nobody knows its family, so nobody knows whether this version serves it");
    kn_arena_free(arena);
}

/* D3: the registered spelling, of two the one with more providers, then Petals'. */
static void the_prefix_is_the_registered_spelling(void **state)
{
    static const struct {
        const char *name;
        bool petals, plain; /* registered */
        uint32_t petals_online, plain_online;
        const char *prefix;
    } cases[] = {
        { "Petals'", true, false, 1, 9, HF },
        { "the plain one", false, true, 9, 1, "Llama-3-3-70B-Instruct" },
        { "both: more Petals'", true, true, 9, 1, HF },
        { "both: more plain ones", true, true, 1, 9, "Llama-3-3-70B-Instruct" },
        { "both: a tie", true, true, 5, 5, HF },
        { "none", false, false, 5, 6, NULL },
    };

    (void)state;
    for (size_t i = 0; i < 2 * KN_COUNT(cases); i++) {
        size_t at = i / 2, petals = i % 2; /* in either order */
        struct kn_model_facts rows[2];
        struct choice_case c = { .name = cases[at].name,
                                 .swarm = { .is_known = true, .models = rows, .model_count = 2 },
                                 .hardware = &desktop,
                                 .families = ALL };
        struct kn_model_question question = question_of(&c);
        struct kn_arena *arena = kn_arena_new();
        struct kn_model_choice choice;

        rows[petals] = (struct kn_model_facts){ HF,
                                                LLAMA,
                                                80,
                                                .online = 10,
                                                .own_online = cases[at].petals_online,
                                                .registered = cases[at].petals };
        rows[1 - petals] = (struct kn_model_facts){ "Llama-3-3-70B-Instruct",
                                                    LLAMA,
                                                    80,
                                                    .online = 10,
                                                    .own_online = cases[at].plain_online,
                                                    .registered = cases[at].plain };
        CHECK_EQ(c.name, kn_model_choose(&question, arena, &choice, NULL), KN_OK);
        CHECK_STR(c.name, choice.prefix, cases[at].prefix);
        kn_arena_free(arena);
    }
}

/* proves: FR-4/4.4 */
static void an_unknown_name_offers_the_nearest(void **state)
{
    static const struct {
        const char *named, *hint;
    } cases[] = {
        { "Lama-3.3-70B-Instruct", "Did you mean Llama-3.3-70B-Instruct or "
                                   "Llama-3.1-70B-Instruct?" },
        { "org/bog-thing", "Did you mean big-thing?" },
        { "Qwen3-13B", "Did you mean Qwen3-14B, Qwen3-1.7B or Qwen3-4B?" },
        { "Llama-3.1-8B-Instrukt", "Did you mean Llama-3.1-8B-Instruct?" },
        { "llama-2-7b-chta", "Did you mean Llama-2-7b-chat or Llama-2-70b-chat?" },
        { "gemma-2-9-it", "Did you mean gemma-2-9b-it, gemma-2b-it or gemma-2-2b-it?" },
        { "Mixtral-8x7B-Instrct-v0.1", "Did you mean Mixtral-8x7B-Instruct-v0.1?" },
        { "nothing-like-any-of-them", "\"kwaainet network models\" lists those that the network "
                                      "serves." },
        { "Foo-70B", NULL }, /* a size in the name is no knowledge */
        { "", "\"kwaainet network models\" lists those that the network serves." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        static const struct choice_case c = { .swarm = SWARM(0, 6),
                                              .hardware = &desktop,
                                              .families = ALL };
        struct kn_model_question question = question_of(&c);
        struct kn_arena *arena = kn_arena_new();
        struct kn_model_choice choice;
        struct kn_error err = { 0 };

        question.named = cases[i].named;
        CHECK_EQ(cases[i].named, kn_model_choose(&question, arena, &choice, &err), KN_E_NOT_FOUND);
        CHECK_HAS(cases[i].named, err.text, "model.name: nobody knows a model \"");
        if (cases[i].hint != NULL)
            CHECK_STR(cases[i].named, err.hint, cases[i].hint);
        kn_arena_free(arena);
    }
}

static void a_model_that_nobody_serves_yet_can_be_chosen(void **state)
{
    static const struct kn_model_facts empty[] = { { HF, LLAMA, 80, .registered = true } };
    static const struct choice_case c = { "nobody serves it",
                                          NULL,
                                          { .is_known = true, .models = empty, .model_count = 1 },
                                          &desktop,
                                          ALL,
                                          KN_CHOICE_POPULAR,
                                          NAME,
                                          LLAMA,
                                          HF,
                                          "most popular, nobody serves it yet",
                                          5,
                                          0 };

    (void)state;
    check(&c);
}

static void short_memory_is_told(void **state)
{
    static const struct choice_case c = { .swarm = SWARM(0, 6),
                                          .hardware = &laptop,
                                          .families = KN_FAMILIES_PETALS };
    struct kn_model_question question = question_of(&c);
    bool done = false;

    (void)state;
    for (long n = 0; n < 100 && !done; n++) {
        struct kn_arena *arena = kn_arena_new();
        struct kn_model_choice choice;
        enum kn_code rc;

        CHECK("arena", arena != NULL);
        kn_fuse = n;
        rc = kn_model_choose(&question, arena, &choice, NULL);
        done = kn_fuse >= 0;
        kn_fuse = -1;
        CHECK_EQ("rc", rc, done ? KN_OK : KN_E_NO_MEMORY);
        kn_arena_free(arena);
    }
    CHECK("done", done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_popular_model_that_can_be_served_is_chosen),
        cmocka_unit_test(a_named_model_wins),
        cmocka_unit_test(each_passed_over_model_has_its_reason),
        cmocka_unit_test(local_files_are_believed_first),
        cmocka_unit_test(a_number_of_blocks_that_was_written_counts_or_is_refused),
        cmocka_unit_test(a_model_of_another_number_of_blocks_is_passed_over),
        cmocka_unit_test(a_listed_model_is_sized_by_its_name),
        cmocka_unit_test(the_prefix_is_the_registered_spelling),
        cmocka_unit_test(an_unknown_name_offers_the_nearest),
        cmocka_unit_test(a_model_that_nobody_serves_yet_can_be_chosen),
        cmocka_unit_test(short_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
