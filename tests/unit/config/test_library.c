/* The public library, seen through include/kwaainet/config.h alone. */
#include "kwaainet/config.h"

#include "support/check.h"
#include "support/fuse.h"
#include "support/home.h"

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
    kn_home_remove(&home);
    return 0;
}

/* What the file node_config.yaml in the home says, with words and variables. */
static struct kwaai_config_options options_for(const char *text, const char *const *words,
                                               const char *const *environment)
{
    struct kwaai_config_options options = KWAAI_CONFIG_OPTIONS;

    if (text != NULL)
        kn_home_write(&home, "node_config.yaml", text, strlen(text), 0600);
    options.working_folder = home.path;
    options.home = kn_home_path(&home, "data");
    options.arguments = words;
    while (words != NULL && words[options.argument_count] != NULL)
        options.argument_count++;
    options.environment = environment;
    options.now_s = 1795429800;
    return options;
}

static struct kwaai_config *load(const char *text, const char *const *words,
                                 const char *const *environment)
{
    struct kwaai_config_options options = options_for(text, words, environment);
    struct kwaai_config *config = NULL;

    CHECK_EQ("load", kwaai_config_load(&options, &config), KWAAI_CONFIG_OK);
    return config;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define EVERY_TYPE                                                         \
    "node: {port: 8080, name: ada-C-box, identity_key: keys/id}\n"         \
    "model: {dtype: float16, rebalance: {enabled: false, quality: 0.5}}\n" \
    "dht: {announce_interval: 2m}\n"                                       \
    "performance: {max_chunk_bytes: 16MiB}\n"                              \
    "logging: {modules: [network=debug, dht=info]}\n"                      \
    "alerts: {webhook_url: 'https://h.example/secret'}\n"

/* proves: TR-2/library, MS-1/1 */
static void every_getter_reads_its_type(void **state)
{
    struct kwaai_config *config = load(EVERY_TYPE, NULL, NULL);
    const char *text, *const *items, *want = kn_home_path(&home, "keys/id");
    int64_t integer = 0;
    double number = 0;
    bool boolean = true;
    size_t n = 0;

    (void)state;
    CHECK("valid", kwaai_config_is_valid(config));
    CHECK_EQ("int", kwaai_config_get_int(config, "node.port", &integer), KWAAI_GIVEN);
    CHECK_EQ("int", integer, 8080);
    CHECK_EQ("ms", kwaai_config_get_ms(config, "dht.announce_interval", &integer), KWAAI_GIVEN);
    CHECK_EQ("ms", integer, 120000);
    CHECK_EQ("size", kwaai_config_get_bytes(config, "performance.max_chunk_bytes", &integer),
             KWAAI_GIVEN);
    CHECK_EQ("size", integer, 16 * 1024 * 1024);
    CHECK_EQ("number", kwaai_config_get_number(config, "model.rebalance.quality", &number),
             KWAAI_GIVEN);
    CHECK("number", number > 0.49 && number < 0.51);
    CHECK_EQ("bool", kwaai_config_get_bool(config, "model.rebalance.enabled", &boolean),
             KWAAI_GIVEN);
    CHECK("bool", !boolean);
    CHECK_EQ("text", kwaai_config_get_text(config, "node.name", &text), KWAAI_GIVEN);
    CHECK_STR("text", text, "ada-C-box");
    CHECK_EQ("choice", kwaai_config_get_text(config, "model.dtype", &text), KWAAI_GIVEN);
    CHECK_STR("choice", text, "float16");
    CHECK_EQ("path", kwaai_config_get_text(config, "node.identity_key", &text), KWAAI_GIVEN);
    CHECK_STR("path", text, want);
    CHECK_EQ("list", kwaai_config_get_list(config, "logging.modules", &items, &n), KWAAI_GIVEN);
    CHECK_EQ("list", n, 2);
    CHECK_STR("list", items[1], "dht=info");
    kwaai_config_free(config);
}

static void what_is_no_given_value_is_not_written(void **state)
{
    struct kwaai_config *config = load("node: {port: 8080}\n", NULL, NULL);
    const char *text = "as it was", *const *items = NULL;
    int64_t integer = 7;
    bool boolean = true;
    double number = 7;
    size_t n = 7;

    (void)state;
    CHECK_EQ("auto", kwaai_config_get_text(config, "node.name", &text), KWAAI_AUTO);
    CHECK_EQ("none", kwaai_config_get_text(config, "alerts.command", &text), KWAAI_NONE);
    CHECK_EQ("type", kwaai_config_get_text(config, "node.port", &text), KWAAI_NO_SUCH);
    CHECK_EQ("type", kwaai_config_get_int(config, "node.name", &integer), KWAAI_NO_SUCH);
    CHECK_EQ("type", kwaai_config_get_ms(config, "node.port", &integer), KWAAI_NO_SUCH);
    CHECK_EQ("type", kwaai_config_get_bytes(config, "node.port", &integer), KWAAI_NO_SUCH);
    CHECK_EQ("type", kwaai_config_get_bool(config, "node.port", &boolean), KWAAI_NO_SUCH);
    CHECK_EQ("type", kwaai_config_get_number(config, "node.port", &number), KWAAI_NO_SUCH);
    CHECK_EQ("type", kwaai_config_get_list(config, "node.port", &items, &n), KWAAI_NO_SUCH);
    CHECK_EQ("key", kwaai_config_get_int(config, "node.prot", &integer), KWAAI_NO_SUCH);
    CHECK_EQ("key", kwaai_config_get_int(config, "", &integer), KWAAI_NO_SUCH);
    CHECK_STR("text", text, "as it was");
    CHECK("others", integer == 7 && boolean && number > 6 && items == NULL && n == 7);
    kwaai_config_free(config);
}

static void printing_is_cut_at_the_room_and_tells_the_length(void **state)
{
    struct kwaai_config *config = load(EVERY_TYPE, NULL, NULL);
    char room[16] = "untouched";

    (void)state;
    CHECK_EQ("no room", kwaai_config_print(config, "node.name", NULL, 0), 9);
    CHECK_EQ("unknown", kwaai_config_print(config, "node.prot", room, sizeof(room)), 0);
    CHECK_STR("unknown", room, "");
    CHECK_EQ("one byte", kwaai_config_print(config, "node.name", room, 1), 9);
    CHECK_STR("one byte", room, "");
    CHECK_EQ("one short", kwaai_config_print(config, "node.name", room, 9), 9);
    CHECK_STR("one short", room, "ada-C-bo");
    CHECK_EQ("just", kwaai_config_print(config, "node.name", room, 10), 9);
    CHECK_STR("just", room, "ada-C-box");
    CHECK_EQ("secret", kwaai_config_print(config, "alerts.webhook_url", room, 16), 8);
    CHECK_STR("secret", room, "********");
    kn_fuse = 0;
    CHECK_EQ("no memory", kwaai_config_print(config, "node.name", room, sizeof(room)), 0);
    kn_fuse = -1;
    kwaai_config_free(config);
}

static void keys_are_iterated_with_their_origins(void **state)
{
    struct kwaai_config *config =
        load("node: {port: 8080}\n", WORDS("--name", "ada"), WORDS("KWAAINET_MODEL=a/b"));
    struct kwaai_origin origin;
    size_t n = kwaai_config_count();

    (void)state;
    CHECK("some", n > 90);
    CHECK("beyond", kwaai_config_key(n) == NULL && kwaai_config_key(SIZE_MAX) == NULL);
    for (size_t i = 0; i < n; i++)
        CHECK(kwaai_config_key(i), kwaai_config_origin(config, kwaai_config_key(i), &origin));
    CHECK("unknown", !kwaai_config_origin(config, "node.prot", &origin));
    CHECK("file", kwaai_config_origin(config, "node.port", &origin));
    CHECK_EQ("file", origin.layer, KWAAI_LAYER_FILE);
    CHECK_EQ("line", origin.line, 1);
    CHECK_EQ("column", origin.column, 14);
    CHECK_STR("file", origin.name, "node_config.yaml");
    CHECK_EQ("age", origin.age_s, -1);
    CHECK("flag", kwaai_config_origin(config, "node.name", &origin));
    CHECK_EQ("flag", origin.layer, KWAAI_LAYER_CLI);
    CHECK_STR("flag", origin.name, "--name");
    CHECK("variable", kwaai_config_origin(config, "model.name", &origin));
    CHECK_EQ("variable", origin.layer, KWAAI_LAYER_ENV);
    CHECK_STR("variable", origin.name, "KWAAINET_MODEL");
    CHECK("built in", kwaai_config_origin(config, "dht.announce_interval", &origin));
    CHECK_EQ("built in", origin.layer, KWAAI_LAYER_FALLBACK);
    CHECK("built in", origin.name == NULL && origin.line == 0);
    kwaai_config_free(config);
}

/* proves: TR-4/FileNotFound, TR-4/ParseError, TR-4/ValidationError, TR-4/MergeError */
static void every_problem_has_one_of_four_kinds(void **state)
{
    const struct {
        const char *name, *text;
        const char *const *words;
        enum kwaai_error_kind kind;
    } cases[] = {
        { "missing", NULL, WORDS("--config", "none.yaml"), KWAAI_FILE_NOT_FOUND },
        { "broken", "node: [\n", NULL, KWAAI_PARSE_ERROR },
        { "outside", "node: {port: 0}\n", NULL, KWAAI_VALIDATION_ERROR },
        { "in one source", "model: {start_block: 9, end_block: 3}\n", NULL,
          KWAAI_VALIDATION_ERROR },
        { "between sources", "model: {start_block: 9}\n", WORDS("--end-block", "3"),
          KWAAI_MERGE_ERROR },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kwaai_config *config = load(cases[i].text, cases[i].words, NULL);
        struct kwaai_problem problem = { 0 };
        size_t n = kwaai_config_problem_count(config), errors = 0;

        for (size_t k = 0; k < n; k++) {
            CHECK(cases[i].name, kwaai_config_problem(config, k, &problem));
            CHECK(cases[i].name, problem.word != NULL && problem.message != NULL);
            if (problem.severity == KWAAI_ERROR) {
                CHECK_EQ(cases[i].name, problem.kind, cases[i].kind);
                errors++;
            }
        }
        CHECK_EQ(cases[i].name, errors, 1);
        CHECK(cases[i].name, !kwaai_config_is_valid(config));
        CHECK("beyond", !kwaai_config_problem(config, n, &problem));
        kwaai_config_free(config);
    }
}

static void no_problem_is_told_as_none(void **state)
{
    struct kwaai_config *config = load("", NULL, NULL);
    struct kwaai_problem problem;

    (void)state;
    CHECK_EQ("none", kwaai_config_problem_count(config), 0);
    CHECK("first", !kwaai_config_problem(config, 0, &problem));
    CHECK("far", !kwaai_config_problem(config, 1000, &problem));
    CHECK_STR("path", kwaai_config_path(config), kn_home_path(&home, "node_config.yaml"));
    kwaai_config_free(config);
}

static void wrong_words_are_problems_and_not_the_end(void **state)
{
    struct kwaai_config *config = load("", WORDS("--prot", "1", "word", "--port"), NULL);

    (void)state;
    CHECK("refused", !kwaai_config_is_valid(config));
    CHECK("each", kwaai_config_problem_count(config) >= 3);
    kwaai_config_free(config);
}

static void a_path_that_cannot_be_expanded_is_told(void **state)
{
    static const char *const paths[] = { "${NOT_THERE}/c.yaml", "${A", "$NOT_THERE" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(paths); i++) {
        struct kwaai_config_options options = options_for(NULL, NULL, NULL);
        struct kwaai_config *config = (struct kwaai_config *)&options;

        options.config_path = paths[i];
        CHECK_EQ(paths[i], kwaai_config_load(&options, &config), KWAAI_CONFIG_BAD_PATH);
        CHECK("not written", config == (struct kwaai_config *)&options);
    }
}

/* A caller that was compiled when the struct ended earlier. */
static void a_smaller_struct_has_defaults_for_the_rest(void **state)
{
    struct kwaai_config_options options =
        options_for("node: {port: 8080}\n", WORDS("--port", "x"), WORDS("KWAAINET_PORT=y"));
    struct kwaai_config *config = NULL;
    int64_t port = 0;

    (void)state;
    options.size = offsetof(struct kwaai_config_options, environment);
    CHECK_EQ("load", kwaai_config_load(&options, &config), KWAAI_CONFIG_OK);
    CHECK("neither flags nor variables", kwaai_config_is_valid(config));
    CHECK_EQ("the file", kwaai_config_get_int(config, "node.port", &port), KWAAI_GIVEN);
    CHECK_EQ("the file", port, 8080);
    kwaai_config_free(config);
    options.size = sizeof(options) + 64;
    CHECK_EQ("larger", kwaai_config_load(&options, &config), KWAAI_CONFIG_OK);
    CHECK("all that is known", !kwaai_config_is_valid(config));
    kwaai_config_free(config);
}

static void no_options_are_the_defaults(void **state)
{
    struct kwaai_config *config = NULL;
    enum kwaai_config_result rc = kwaai_config_load(NULL, &config);

    (void)state;
    CHECK("without HOME no data folder", rc == KWAAI_CONFIG_OK || rc == KWAAI_CONFIG_BAD_PATH);
    if (rc == KWAAI_CONFIG_OK)
        kwaai_config_free(config);
    kwaai_config_free(NULL);
}

/* proves: TR-4/result */
static void every_allocation_may_fail(void **state)
{
    struct kwaai_config_options options =
        options_for(EVERY_TYPE "nodes: {}\n", WORDS("--port", "x", "--set", "dht.announce=true"),
                    WORDS("KWAAINET_PROT=1", "KWAAINET_BLOCKS=2"));
    struct kwaai_config *config = NULL;
    enum kwaai_config_result rc = KWAAI_CONFIG_NO_MEMORY;
    long n = 0;

    (void)state;
    for (; rc != KWAAI_CONFIG_OK && n < 100000; n++) {
        kn_fuse = n;
        rc = kwaai_config_load(&options, &config);
        if (rc != KWAAI_CONFIG_OK) {
            CHECK_EQ("short", rc, KWAAI_CONFIG_NO_MEMORY);
            CHECK("not written", config == NULL);
        }
    }
    kn_fuse = -1;
    CHECK("some failed", n > 10);
    CHECK_EQ("then it loads", rc, KWAAI_CONFIG_OK);
    kwaai_config_free(config);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOME(every_getter_reads_its_type),
        IN_HOME(what_is_no_given_value_is_not_written),
        IN_HOME(printing_is_cut_at_the_room_and_tells_the_length),
        IN_HOME(keys_are_iterated_with_their_origins),
        IN_HOME(every_problem_has_one_of_four_kinds),
        IN_HOME(no_problem_is_told_as_none),
        IN_HOME(wrong_words_are_problems_and_not_the_end),
        IN_HOME(a_path_that_cannot_be_expanded_is_told),
        IN_HOME(a_smaller_struct_has_defaults_for_the_rest),
        IN_HOME(no_options_are_the_defaults),
        IN_HOME(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
