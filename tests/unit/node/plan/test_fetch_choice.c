/* When a download may begin without anybody being asked, and when not. */
#include "node/plan/fetch_choice.h"

#include "lib/base/arena.h"
#include "support/check.h"
#include "support/config_fixture.h"
#include "support/home.h"

#define MIB (INT64_C(1) << 20)
#define WORDS_MAX 8

/* As the shape of TinyLlama in the table, or one of blocks of so many parameters. */
static struct kn_model_choice model_of(const char *repository, int64_t parameters,
                                       enum kn_size_source source)
{
    return (struct kn_model_choice){
        .name = "the model",
        .repository = repository,
        .size = { .source = source, .blocks = 4, .block_parameters = parameters },
    };
}

struct asked {
    struct kn_arena *arena;
    struct kn_snapshot *snapshot;
    struct kn_fetch_choice choice;
};

static void ask(struct asked *asked, const char *row, const char *const *words,
                const char *const *environment, const struct kn_model_choice *model, bool stand_in)
{
    struct kn_error err = { 0 };

    asked->arena = kn_arena_new();
    asked->snapshot = load_text(NULL, words, environment);
    CHECK(row, asked->arena != NULL && kn_snapshot_is_valid(asked->snapshot));
    const struct kn_fetch_question question = {
        .snapshot = asked->snapshot,
        .config = kn_snapshot_config(asked->snapshot),
        .model = model,
        .environment = environment,
        .is_stand_in = stand_in,
    };
    CHECK_EQ(row, kn_fetch_choose(&question, asked->arena, &asked->choice, &err), KN_OK);
    kn_fetch_choose_range(&question, 0, 4, &asked->choice);
    CHECK(row, asked->choice.is_needed);
}

static void done(struct asked *asked)
{
    kn_snapshot_unref(asked->snapshot);
    kn_arena_free(asked->arena);
}

/* proves: FR-2/resources.max_disk_space_gb */
static void only_a_trusted_repository_is_fetched_unasked(void **state)
{
    static const char authors[] = "TinyLlama/TinyLlama-1.1B-Chat-v1.0";
    static const char stranger[] = "stranger/TinyLlama-1.1B-Chat-v1.0";
    static const struct {
        const char *row, *repository;
        const char *words[WORDS_MAX];
        const char *offline;
        bool stand_in, guessed, allowed;
        const char *reason;
    } rows[] = {
        { "its authors'", authors, { NULL }, NULL, false, false, true, "authors" },
        { "with the hub's address",
          "https://huggingface.co/TinyLlama/TinyLlama-1.1B-Chat-v1.0",
          { NULL },
          NULL,
          false,
          false,
          true,
          "authors" },
        { "what peers say", stranger, { NULL }, NULL, false, false, false, "not signed" },
        { "what peers say, taken all the same",
          stranger,
          { "--set", "model.download=true" },
          NULL,
          false,
          false,
          true,
          "model.download is on" },
        { "named as a repository",
          NULL,
          { "--set", "model.repository=org/tiny" },
          NULL,
          false,
          false,
          true,
          "named here" },
        { "named as a model",
          "org/tiny",
          { "--model", "org/tiny" },
          NULL,
          false,
          false,
          true,
          "named with its repository" },
        { "peers answer a name with another's",
          stranger,
          { "--model", "TinyLlama-1.1B-Chat-v1.0" },
          NULL,
          false,
          false,
          false,
          "not signed" },
        { "nobody knows one", NULL, { NULL }, NULL, false, false, false, "no repository" },
        { "no name of one", "../x", { NULL }, NULL, false, false, false, "no repository" },
        { "a guessed shape",
          authors,
          { "--set", "model.download=true" },
          NULL,
          false,
          true,
          false,
          "guess" },
        { "turned off",
          authors,
          { "--set", "model.download=false" },
          NULL,
          false,
          false,
          false,
          "model.download is off" },
        { "offline",
          authors,
          { "--set", "model.download=true" },
          "HF_HUB_OFFLINE=1",
          false,
          false,
          false,
          "HF_HUB_OFFLINE" },
        { "offline is 0", authors, { NULL }, "HF_HUB_OFFLINE=0", false, false, true, "authors" },
        { "a folder is named",
          authors,
          { "--set", "model.path=/nowhere" },
          NULL,
          false,
          false,
          false,
          "model.path" },
        { "another machine", authors, { NULL }, NULL, true, false, false, "another machine" },
    };
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char place[KN_HOME_PATH_MAX + 8];
        const char *const environment[] = { place, rows[i].offline, NULL };
        const struct kn_model_choice model =
            model_of(rows[i].repository, 1000, rows[i].guessed ? KN_SIZE_GUESS : KN_SIZE_CONFIG);
        struct asked asked;

        (void)snprintf(place, sizeof(place), "HOME=%s", home.path);
        ask(&asked, rows[i].row, rows[i].words, environment, &model, rows[i].stand_in);
        CHECK_EQ(rows[i].row, asked.choice.is_allowed, rows[i].allowed);
        CHECK(rows[i].row, strstr(asked.choice.reason, rows[i].reason) != NULL);
        CHECK(rows[i].row, asked.choice.is_allowed || asked.choice.hint != NULL);
        done(&asked);
    }
    kn_home_remove(&home);
}

static void what_fits_is_reckoned_before_it_begins(void **state)
{
    static const struct {
        const char *row, *limit;
        int64_t parameters;
        uint32_t most;
        bool allowed;
        int64_t bytes;
    } rows[] = {
        { "exactly", "resources.max_disk_space_gb=8MiB", MIB, 4, true, 8 * MIB },
        { "less than that", "resources.max_disk_space_gb=7MiB", MIB, 3, false, 8 * MIB },
        { "not one block", "resources.max_disk_space_gb=1MiB", MIB, 0, false, 8 * MIB },
        { "more than any disk has", "model.download=true", INT64_C(1) << 56, 0, false,
          INT64_C(1) << 59 },
    };
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char place[KN_HOME_PATH_MAX + 8];
        const char *const environment[] = { place, NULL };
        const struct kn_model_choice model = model_of(NULL, rows[i].parameters, KN_SIZE_CONFIG);
        struct asked asked;

        (void)snprintf(place, sizeof(place), "HOME=%s", home.path);
        ask(&asked, rows[i].row,
            (const char *const[]){ "--set", "model.repository=org/tiny", "--set", rows[i].limit,
                                   NULL },
            environment, &model, false);
        CHECK_EQ(rows[i].row, asked.choice.blocks_most, rows[i].most);
        CHECK_EQ(rows[i].row, asked.choice.is_allowed, rows[i].allowed);
        CHECK_EQ(rows[i].row, asked.choice.bytes, rows[i].bytes);
        done(&asked);
    }
    kn_home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_trusted_repository_is_fetched_unasked),
        cmocka_unit_test(what_fits_is_reckoned_before_it_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
