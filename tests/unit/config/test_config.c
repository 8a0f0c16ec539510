/* Loading from real files in a private home. */
#include <sys/stat.h>
#include <unistd.h>

#include "support/config_fixture.h"
#include "support/fuse.h"
#include "support/home.h"
#include "support/layers.h"

static struct kn_home home;

static int setup(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kn_fuse = -1;
    kn_home_remove(&home);
    return 0;
}

static void put(const char *name, const char *text)
{
    kn_home_write(&home, name, text, strlen(text), 0600);
}

static struct kn_snapshot *load(const char *config_path, const char *const *words,
                                const char *const *environment)
{
    struct kn_config_request request = { .config_path = config_path,
                                         .home = "data",
                                         .environment = environment,
                                         .working = home.path,
                                         .now_s = FIXTURE_NOW };

    return load_request(&request, NULL, words);
}

static void expect(const char *config_path, const char *problems)
{
    struct kn_snapshot *snapshot = load(config_path, NO_WORDS, NULL);

    CHECK_STR(config_path, problems_text(kn_snapshot_problems(snapshot)), problems);
    kn_snapshot_unref(snapshot);
}

/* proves: FR-1/1.2, FR-5/5.4, FR-5/5.3.1, MS-1/4, TR-2/loader, IT/3 */
static void the_file_of_the_working_folder_is_read_when_it_is_there(void **state)
{
    struct kn_snapshot *snapshot = load(NULL, NO_WORDS, NULL);

    (void)state;
    CHECK_STR("none", problems_text(kn_snapshot_problems(snapshot)), "");
    CHECK_STR("none", got(snapshot, "node.port"), "auto");
    kn_snapshot_unref(snapshot);
    put("node_config.yaml", "node: {port: 9000}\n");
    snapshot = load(NULL, NO_WORDS, NULL);
    CHECK_STR("there", got(snapshot, "node.port"), "9000");
    CHECK_STR("there", origin(snapshot, "node.port"), "node_config.yaml:1:14");
    kn_snapshot_unref(snapshot);
}

/* proves: FR-1/1.3, FR-3/--config, FR-5/5.5, TR-4/FileNotFound, IT/4 */
static void a_named_file_must_be_there(void **state)
{
    (void)state;
    expect("none.yaml", "none.yaml missing-file the file does not exist | Correct the path, or "
                        "leave --config out to use ./node_config.yaml.");
    expect("/nowhere/none.yaml",
           "/nowhere/none.yaml missing-file the file does not exist | Correct the path, or leave "
           "--config out to use ./node_config.yaml.");
    put("none.yaml", "dht: {}\n");
    expect("none.yaml", "");
}

static void what_is_no_readable_file_is_told(void **state)
{
#define LEADS " | Correct the path, so that it leads to a file."
    static char big[1024 * 1024 + 2];

    (void)state;
    CHECK_EQ("folder", mkdir(kn_home_path(&home, "folder"), 0700), 0);
    expect("folder", "folder unreadable is a folder, not a file" LEADS);
    CHECK_EQ("fifo", mkfifo(kn_home_path(&home, "fifo"), 0600), 0);
    expect("fifo", "fifo unreadable is a pipe, not a file" LEADS);
    memset(big, '#', sizeof(big) - 1);
    kn_home_write(&home, "big", big, 1024 * 1024, 0600);
    expect("big", "");
    kn_home_write(&home, "big", big, 1024 * 1024 + 1, 0600);
    expect("big", "big limit larger than the limit of 1048576 bytes | A configuration has at most "
                  "1 MiB.");
}

static void a_file_without_permission_is_told(void **state)
{
    struct kn_snapshot *snapshot;
    bool root = geteuid() == 0;

    (void)state;
    kn_home_write(&home, "closed", "node: {port: 1}\n", 16, 0000);
    if (root && (chown(home.path, 65534, 65534) != 0 || seteuid(65534) != 0))
        skip();
    snapshot = load("closed", NO_WORDS, NULL);
    if (root)
        CHECK_EQ("back", seteuid(0), 0);
    CHECK_EQ("one", kn_snapshot_problems(snapshot)->errors, 1);
    CHECK_HAS("text", problems_text(kn_snapshot_problems(snapshot)), "closed unreadable ");
    kn_snapshot_unref(snapshot);
}

static void an_editor_of_windows_is_no_trouble(void **state)
{
    struct kn_snapshot *snapshot;

    (void)state;
    put("node_config.yaml", "\xef\xbb\xbfnode:\r\n  port: 9000\r\n");
    snapshot = load(NULL, NO_WORDS, NULL);
    CHECK_STR("none", problems_text(kn_snapshot_problems(snapshot)), "");
    CHECK_STR("place", origin(snapshot, "node.port"), "node_config.yaml:2:9");
    kn_snapshot_unref(snapshot);
}

/* proves: NFR-2/2.3 */
static void relative_paths_begin_where_they_are_written(void **state)
{
    static const char *const environment[] = { "KWAAINET_RESOURCES_CACHE_DIR=cache", NULL };
    struct kn_snapshot *snapshot;

    (void)state;
    CHECK_EQ("folder", mkdir(kn_home_path(&home, "etc"), 0700), 0);
    put("etc/c.yaml", "model: {path: m}\n");
    snapshot = load("etc/c.yaml", WORDS("--log-file", "log"), environment);
    CHECK_STR("file", got(snapshot, "model.path"), kn_home_path(&home, "etc/m"));
    CHECK_STR("flag", got(snapshot, "logging.file_path"), kn_home_path(&home, "log"));
    CHECK_STR("variable", got(snapshot, "resources.cache_dir"), kn_home_path(&home, "cache"));
    CHECK_STR("built in", got(snapshot, "node.identity_key"),
              kn_home_path(&home, "data/identity.key"));
    kn_snapshot_unref(snapshot);
}

static void the_home_is_found_by_rule(void **state)
{
    static const struct {
        const char *name, *flag, *environment[4], *home, *config;
        bool named;
    } cases[] = {
        { "flag", "/f", { "KWAAINET_HOME=/e", "HOME=/h" }, "/f", "/w/node_config.yaml", false },
        { "variable", NULL, { "KWAAINET_HOME=/e", "HOME=/h" }, "/e", "/w/node_config.yaml", false },
        { "empty ones",
          "",
          { "KWAAINET_HOME=", "HOME=/h" },
          "/h/.kwaainet",
          "/w/node_config.yaml",
          false },
        { "home", NULL, { "HOME=/h" }, "/h/.kwaainet", "/w/node_config.yaml", false },
        { "tilde", "~/x", { "HOME=/h" }, "/h/x", "/w/node_config.yaml", false },
        { "relative", "x", { "HOME=/h" }, "/w/x", "/w/node_config.yaml", false },
        { "config", NULL, { "HOME=/h", "KWAAINET_CONFIG=$HOME/c" }, "/h/.kwaainet", "/h/c", true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_config_request request = { .home = cases[i].flag,
                                             .environment = cases[i].environment,
                                             .working = "/w" };
        struct kn_arena *arena = kn_arena_new();
        struct kn_config_paths paths;
        struct kn_error err = { 0 };

        CHECK_EQ(cases[i].name, kn_config_locate(&request, arena, &paths, &err), KN_OK);
        CHECK_STR(cases[i].name, paths.home, cases[i].home);
        CHECK_STR(cases[i].name, paths.config, cases[i].config);
        CHECK_EQ(cases[i].name, paths.config_named, cases[i].named);
        CHECK(cases[i].name, !paths.config_exists);
        kn_arena_free(arena);
    }
}

static void without_home_the_folder_does_not_depend_on_where_one_stands(void **state)
{
    struct kn_config_request request = { .working = "/w" };
    struct kn_arena *arena = kn_arena_new();
    struct kn_config_paths paths = { 0 };
    struct kn_error err = { 0 };
    enum kn_code rc = kn_config_locate(&request, arena, &paths, &err);

    (void)state;
    if (rc == KN_OK) {
        CHECK("home", strncmp(paths.home, "/w/", 3) != 0);
        CHECK_HAS("home", paths.home, "/.kwaainet");
    } else {
        CHECK_HAS("no entry", err.text, "HOME is not set");
    }
    kn_arena_free(arena);
}

static void a_home_that_cannot_be_expanded_fails(void **state)
{
    struct kn_config_request request = { .home = "$NOPE/x", .working = "/w" };
    struct kn_snapshot *snapshot = NULL;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("home", kn_config_load(&request, &snapshot, &err), KN_E_INVALID);
    CHECK("home", snapshot == NULL && err.text[0] != '\0');
}

#define CACHE                                                         \
    "discovery:\n  timestamp: \"2026-11-23T09:30:00Z\"\n"             \
    "  bootstraps: [QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc, " \
    "Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY]\n"               \
    "  settings: {node: {port: 8082}, model: {name: m, start_block: 68, end_block: 80}}\n"
#define PROFILES                                                                    \
    "calibration:\n  model: m\n  total_blocks: 80\n  profiles: {min: {blocks: 1}, " \
    "recommended: {blocks: 10}, max: {blocks: 14}}\n  timestamp: \"2026-11-23T09:30:00Z\"\n"

static void put_caches(void)
{
    CHECK_EQ("data", mkdir(kn_home_path(&home, "data"), 0700), 0);
    put("data/discovery_cache.yaml", CACHE);
    put("data/calibration.yaml", PROFILES);
}

/* proves: FR-5/5.1.3, FR-5/5.3.3 */
static void caches_are_read_below_what_is_written(void **state)
{
    struct kn_snapshot *snapshot;

    (void)state;
    put_caches();
    snapshot = load(NULL, NO_WORDS, NULL);
    CHECK_STR("none", problems_text(kn_snapshot_problems(snapshot)), "");
    CHECK_STR("port", got(snapshot, "node.port"), "8082");
    CHECK_STR("port", origin(snapshot, "node.port"), "cache");
    CHECK_STR("start", got(snapshot, "model.start_block"), "68");
    CHECK_STR("total", got(snapshot, "model.total_blocks"), "80");
    CHECK_STR("follows from the range", got(snapshot, "model.blocks"), "auto");
    kn_snapshot_unref(snapshot);
    snapshot = load(NULL, WORDS("--blocks", "4"), NULL);
    CHECK_STR("no contradiction", problems_text(kn_snapshot_problems(snapshot)), "");
    CHECK_STR("a new plan", got(snapshot, "model.start_block"), "auto");
    kn_snapshot_unref(snapshot);
    snapshot = load(NULL, WORDS("--start-block", "3"), NULL);
    CHECK_STR("a new plan", got(snapshot, "model.end_block"), "auto");
    CHECK_STR("of the planned length", got(snapshot, "model.blocks"), "10");
    kn_snapshot_unref(snapshot);
    snapshot = load(NULL, WORDS("--start-block", "90"), NULL);
    CHECK_STR("past the model", problems_text(kn_snapshot_problems(snapshot)),
              "--start-block contradiction model.start_block: block 90 of a model with 80 blocks | "
              "Blocks are counted from 0: the last one is 79.");
    kn_snapshot_unref(snapshot);
}

static void a_cache_that_cannot_be_read_is_a_warning(void **state)
{
    struct kn_snapshot *snapshot;

    (void)state;
    CHECK_EQ("data", mkdir(kn_home_path(&home, "data"), 0700), 0);
    CHECK_EQ("folder", mkdir(kn_home_path(&home, "data/calibration.yaml"), 0700), 0);
    put("data/discovery_cache.yaml", "\xff\xfe nonsense");
    snapshot = load(NULL, NO_WORDS, NULL);
    CHECK_EQ("both", kn_snapshot_problems(snapshot)->warnings, 2);
    CHECK("valid", kn_snapshot_is_valid(snapshot));
    kn_snapshot_unref(snapshot);
}

/* proves: FR-4/4.4 */
static void all_problems_of_all_sources_are_told_at_once(void **state)
{
    static const char *const environment[] = { "KWAAINET_LOG_LEVEL=loud", "KWAAINET_PROT=1", NULL };
    struct kn_snapshot *snapshot;

    (void)state;
    put("node_config.yaml", "node: {name: -x}\nmodel: {dtpye: auto}\n");
    snapshot = load(NULL, WORDS("--port", "0"), environment);
    CHECK_STR("all", problems_text(kn_snapshot_problems(snapshot)),
              "--port out-of-range node.port: 0 is outside 1..65535\n"
              "KWAAINET_LOG_LEVEL invalid-value logging.level: unknown value \"loud\" | It is one "
              "of error, warn, info, debug, trace.\n"
              "KWAAINET_PROT unknown-variable the variable names no setting | Did you mean "
              "KWAAINET_PORT?\n"
              "node_config.yaml:1:14 invalid-value node.name: \"-x\" is no node name | It is 3 to "
              "64 letters, digits and hyphens, with no hyphen at either end.\n"
              "node_config.yaml:2:9 unknown-key model.dtpye: unknown key | Did you mean "
              "model.dtype?");
    kn_snapshot_unref(snapshot);
}

static void twenty_mistakes_get_twenty_messages_at_their_places(void **state)
{
    static const struct {
        uint32_t line, column;
        const char *kind;
    } expected[] = {
        { 2, 17, "invalid-value" },  { 4, 9, "invalid-value" },   { 5, 3, "unknown-key" },
        { 6, 9, "out-of-range" },    { 8, 10, "invalid-value" },  { 9, 16, "wrong-type" },
        { 10, 11, "wrong-type" },    { 12, 14, "wrong-type" },    { 13, 14, "out-of-range" },
        { 14, 15, "invalid-value" }, { 16, 11, "invalid-value" }, { 17, 20, "wrong-type" },
        { 20, 7, "invalid-value" },  { 21, 14, "invalid-value" }, { 22, 20, "wrong-type" },
        { 23, 3, "duplicate-key" },  { 25, 22, "wrong-type" },    { 27, 20, "out-of-range" },
        { 28, 35, "invalid-value" }, { 29, 10, "wrong-type" },
    };
    struct kn_snapshot *snapshot = load(KN_DOCUMENTS "/wrong/twenty_mistakes.yaml", NO_WORDS, NULL);
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);

    (void)state;
    CHECK_EQ("twenty", KN_COUNT(expected), 20);
    CHECK_EQ("errors", problems->errors, KN_COUNT(expected));
    CHECK_EQ("kept", problems->n, KN_COUNT(expected));
    for (size_t i = 0; i < problems->n; i++) {
        const struct kn_problem *problem = &problems->at[i];

        CHECK_EQ(problem_text(problem), problem->origin.line, expected[i].line);
        CHECK_EQ(problem_text(problem), problem->origin.column, expected[i].column);
        CHECK_STR(problem_text(problem), kn_problem_info(problem->kind)->word, expected[i].kind);
        CHECK(problem_text(problem), problem->excerpt != NULL);
    }
    kn_snapshot_unref(snapshot);
}

/* proves: MS-4/1 */
static void schedules_with_a_wrong_zone_or_that_hide_each_other_are_told(void **state)
{
    (void)state;
    put("hours.yaml", "resources:\n"
                      "  schedules:\n"
                      "    - {name: a, cron: 0 9 * * *, duration: 8h, timezone: UTC}\n"
                      "    - {name: b, cron: 0 17 * * *, duration: 1h, timezone: Europe/Berln}\n"
                      "    - {name: c, cron: 0 18 * * *, duration: 1h, timezone: Nowhere}\n");
    expect("hours.yaml",
           "hours.yaml:4:59 invalid-value resources.schedules: no time zone is called "
           "\"Europe/Berln\" | Did you mean Europe/Berlin?\n"
           "hours.yaml:5:59 invalid-value resources.schedules: no time zone is called "
           "\"Nowhere\" | Write local, UTC, or a name such as Europe/Berlin.");
    put("hours.yaml", "resources:\n"
                      "  schedules:\n"
                      "    - {name: a, cron: 0 9 * * *, duration: 8h, timezone: UTC}\n"
                      "    - {name: b, cron: 0 17 * * *, duration: 1h, timezone: UTC}\n"
                      "    - {name: c, cron: 59 16 29 2 *, duration: 1h, timezone: UTC}\n"
                      "    - {name: d, cron: 59 16 24 12 *, duration: 1m, timezone: UTC}\n");
    expect("hours.yaml",
           "hours.yaml:6:7 suspicious resources.schedules: \"a\" and \"d\" are open at the same "
           "time | Then the limits of \"d\" hold, which stands later.");
}

static struct kn_bytes bytes_of(char *text)
{
    return (struct kn_bytes){ text, strlen(text) };
}

/* A node that runs takes at once what it can, and the rest at its next start. */
static void a_copy_gives_what_waits_from_before_and_the_rest_from_now(void **state)
{
    char before[] = "node: {port: 1000, name: alice}\ndht: {announce_interval: 60s}\n";
    char after[] = "node: {port: 2000, name: berta}\nmodel: {dtype: float16}\n";
    struct kn_bytes then = bytes_of(before), now = bytes_of(after);
    const struct {
        const char *name;
        struct kn_config_copy copy;
        const char *port, *node, *dtype, *interval;
    } cases[] = {
        { "one file", { &then, &then, NULL }, "1000", "alice", "auto", "1m" },
        { "another now", { &then, &now, NULL }, "1000", "berta", "auto", "2m" },
        { "none before", { NULL, &now, NULL }, "auto", "berta", "auto", "2m" },
        { "none now", { &then, NULL, NULL }, "1000", "auto", "auto", "2m" },
        { "never", { NULL, NULL, NULL }, "auto", "auto", "auto", "2m" },
    };

    (void)state;
    put("node_config.yaml", "this: is not read\n");
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_config_request request = {
            .home = "data", .working = home.path, .now_s = FIXTURE_NOW, .copy = &cases[i].copy
        };
        struct kn_snapshot *snapshot = load_request(&request, NULL, NO_WORDS);

        CHECK(cases[i].name, kn_snapshot_is_valid(snapshot));
        CHECK_STR(cases[i].name, got(snapshot, "node.port"), cases[i].port);
        CHECK_STR(cases[i].name, got(snapshot, "node.name"), cases[i].node);
        CHECK_STR(cases[i].name, got(snapshot, "model.dtype"), cases[i].dtype);
        CHECK_STR(cases[i].name, got(snapshot, "dht.announce_interval"), cases[i].interval);
        kn_snapshot_unref(snapshot);
    }
}

/* proves: TR-4/result */
static void every_allocation_that_fails_is_returned(void **state)
{
    static const char *const environment[] = { "HOME=/h", "KWAAINET_PORT=abc", "KWAAINET_X=1",
                                               "KWAAINET_MODEL_PATH=~/m", NULL };
    struct kn_arena *arena = kn_arena_new();
    struct kn_error err = { 0 };
    struct kn_config_request request = {
        .home = "data", .environment = environment, .working = home.path, .now_s = FIXTURE_NOW
    };
    struct kn_flag flags[3];
    enum kn_code rc = KN_E_NO_MEMORY;
    long step;

    (void)state;
    put_caches();
    put("node_config.yaml",
        "node: {prot: 1, name: -x}\nmodel: {dtype: f, start_block: 9, end_block: 4}\nresources: "
        "{schedules: [{name: a, cron: 0 9 * * *, duration: 8h}]}\n");
    flags[0] = kn_flag_match(arena, WORDS("--set", "resources.schedules=[{name: n}]"), 2, &err);
    flags[1] = kn_flag_match(
        arena,
        WORDS("--bootstrap",
              "/ip4/1.2.3.4/tcp/1/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"),
        2, &err);
    flags[2] = kn_flag_match(arena, WORDS("--port", "0"), 2, &err);
    request.flags = flags;
    request.flag_count = KN_COUNT(flags);
    for (step = 0; rc != KN_OK; step++) {
        struct kn_snapshot *snapshot = NULL;

        kn_fuse = step;
        rc = kn_config_load(&request, &snapshot, &err);
        if (rc != KN_OK) {
            CHECK_EQ("code", rc, KN_E_NO_MEMORY);
            CHECK_EQ("code", err.code, KN_E_NO_MEMORY);
            CHECK("nothing is given", snapshot == NULL);
        } else {
            CHECK("no allocation failed", kn_fuse >= 0);
        }
        kn_fuse = -1;
        kn_snapshot_unref(snapshot);
        CHECK("ends", step < 100000);
    }
    CHECK("several were tried", step > 10);
    kn_arena_free(arena);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(the_file_of_the_working_folder_is_read_when_it_is_there),
        IN_HOME(a_named_file_must_be_there),
        IN_HOME(what_is_no_readable_file_is_told),
        IN_HOME(a_file_without_permission_is_told),
        IN_HOME(an_editor_of_windows_is_no_trouble),
        IN_HOME(relative_paths_begin_where_they_are_written),
        IN_HOME(the_home_is_found_by_rule),
        IN_HOME(without_home_the_folder_does_not_depend_on_where_one_stands),
        IN_HOME(a_home_that_cannot_be_expanded_fails),
        IN_HOME(caches_are_read_below_what_is_written),
        IN_HOME(a_cache_that_cannot_be_read_is_a_warning),
        IN_HOME(all_problems_of_all_sources_are_told_at_once),
        IN_HOME(twenty_mistakes_get_twenty_messages_at_their_places),
        IN_HOME(schedules_with_a_wrong_zone_or_that_hide_each_other_are_told),
        IN_HOME(a_copy_gives_what_waits_from_before_and_the_rest_from_now),
        IN_HOME(every_allocation_that_fails_is_returned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
