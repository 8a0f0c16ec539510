/* A file as a layer: every kind of mistake at its place, with its text and its remedy. */
#include "config/sources/file.h"
#include "support/layers.h"

struct file_case {
    const char *yaml;
    const char *values;   /* "key=value key=value" of the layer, in the order of the file */
    const char *problems; /* as problems_text() */
};

static const char *values_text(const struct kn_layer *layer)
{
    size_t room, used = 0;
    char *out = text_slot(&room);

    out[0] = '\0';
    for (size_t i = 0; i < layer->n; i++) {
        const struct kn_assignment *at = &layer->at[i];

        used +=
            (size_t)snprintf(out + used, room - used, "%s%s=%s", i > 0 ? " " : "", at->setting->key,
                             at->valid ? value_text(at->setting, &at->value) : "WRONG");
    }
    return out;
}

static void check(const struct file_case *c)
{
    struct fixture f;

    fixture_begin(&f);
    kn_file_take(&f.source, fixture_parse(&f, c->yaml), "f");
    CHECK_STR(c->yaml, problems_text(&f.problems), c->problems);
    CHECK_STR(c->yaml, values_text(&f.layers.by_kind[KN_LAYER_FILE]), c->values);
    fixture_end(&f);
}

#define CHECK_ALL(cases)                         \
    for (size_t i = 0; i < KN_COUNT(cases); i++) \
    check(&(cases)[i])

/* proves: FR-1/1.1, NFR-3/3.2, UT/1, TR-1/serde_yaml, Q/1 */
static void what_is_written_is_read(void **state)
{
    static const struct file_case cases[] = {
        { "", "", "" },
        { "# only a comment\n", "", "" },
        { "---\n", "", "" },
        { "null\n", "", "" },
        { "{}\n", "", "" },
        { "node:\n  port: 9000\n", "node.port=9000", "" },
        { "{\"node\": {\"port\": 9000, \"name\": \"abc\"}}", "node.port=9000 node.name=abc", "" },
        { "model: {rebalance: {quality: 0.5}}\n", "model.rebalance.quality=0.5", "" },
        { "schema_version: 1.0.0\n", "schema_version=1.0.0", "" },
        { "\xef\xbb\xbfnode:\r\n  port: 9000\r\n", "node.port=9000", "" },
        { "%YAML 1.2\n---\nnode: {port: 9000}\n...\n", "node.port=9000", "" },
    };

    (void)state;
    CHECK_ALL(cases);
}

/* proves: FR-5/5.4 */
static void nothing_is_as_if_it_were_not_there(void **state)
{
    static const struct file_case cases[] = {
        { "node:\nmodel: ~\nnetwork: null\n", "", "" },
        { "model:\n  rebalance:\n", "", "" },
        { "node:\n  port:\n", "", "" },
        { "resources:\n  max_memory_gb: null\n", "resources.max_memory_gb=null", "" },
        { "x-mine: {node: {port: nonsense}}\nx-: 1\n", "", "" },
    };

    (void)state;
    CHECK_ALL(cases);
}

/* proves: FR-4/4.4, NFR-2/2.2 */
static void unknown_keys_are_told_with_the_nearest_one(void **state)
{
    static const struct file_case cases[] = {
        { "node:\n  prot: 9000\n", "",
          "f:2:3 unknown-key node.prot: unknown key | Did you mean node.port?" },
        { "modle:\n  dtype: auto\n", "",
          "f:1:1 unknown-key modle: unknown key | Did you mean model?" },
        { "node:\n  dtype: auto\n", "",
          "f:2:3 unknown-key node.dtype: unknown key | Did you mean model.dtype?" },
        { "node:\n  dtpye: auto\n", "",
          "f:2:3 unknown-key node.dtpye: unknown key | Did you mean model.dtype?" },
        { "dht: {}\nport: 9000\n", "",
          "f:2:1 unknown-key port: unknown key | Did you mean node.port?" },
        { "dht: {}\nnode.port: 9000\n", "",
          "f:2:1 unknown-key node.port: unknown key | Write each part of it below the one before, "
          "indented, not \"node.port\"." },
        { "dht: {}\nwhatever: {a: 1}\n", "",
          "f:2:1 unknown-key whatever: unknown key | kwaainet docs settings lists all; keys that "
          "begin with x- are never read." },
        { "node: {x-mine: 1}\n", "",
          "f:1:8 unknown-key node.x-mine: unknown key | kwaainet docs settings lists all; keys "
          "that begin with x- are never read." },
        { "dht: {}\nNode: {port: 1}\n", "",
          "f:2:1 unknown-key Node: unknown key | Did you mean node?" },
        { "dht: {}\n\"\": 1\n", "",
          "f:2:1 unknown-key : unknown key | kwaainet docs settings lists all; keys that begin "
          "with x- are never read." },
    };

    (void)state;
    CHECK_ALL(cases);
}

static void a_section_is_a_map(void **state)
{
    static const struct file_case cases[] = {
        { "dht: {}\nnode: 9000\n", "",
          "f:2:7 wrong-type node: \"node\" is a section, not a value | Write its settings below "
          "it, indented." },
        { "node: [a]\n", "",
          "f:1:7 wrong-type node: \"node\" is a section, not a value | Write its settings below "
          "it, indented." },
        { "model:\n  rebalance: true\n", "",
          "f:2:14 wrong-type model.rebalance: \"model.rebalance\" is a section, not a value | "
          "Write its settings below it, indented." },
        { "- node\n", "",
          "f:1:1 wrong-type the file is no map of sections | kwaainet config example prints one." },
        { "just words\n", "",
          "f:1:1 wrong-type the file is no map of sections | kwaainet config example prints one." },
        { "node:\n  port: {a: 1}\n", "node.port=WRONG",
          "f:2:9 wrong-type node.port: a map stands where a whole number belongs | Write one "
          "value behind the colon." },
    };

    (void)state;
    CHECK_ALL(cases);
}

/* proves: UT/2, NFR-1/1.2 */
static void what_is_no_yaml_of_ours_is_told_where_it_stands(void **state)
{
    static const struct file_case cases[] = {
        { "node:\n  port: 1\n  port: 2\n", "node.port=1",
          "f:3:3 duplicate-key node.port: duplicate key \"port\" | It stands on line 2 already; "
          "keep one of "
          "them." },
        { "node: &a {port: 1}\n", "node.port=1",
          "f:1:7 yaml-feature anchor \"&a\" is not supported | Remove it, and write the value out "
          "wherever it is needed." },
        { "node:\n  name: !!str abc\n", "node.name=abc",
          "f:2:9 yaml-feature tag \"!!str\" is not supported | Remove it; a value in quotes is "
          "always a text." },
        { "node:\n  port: 9000\n---\nnode: {}\n", "node.port=9000",
          "f:3:1 yaml-feature a second document begins here | One file holds one document: remove "
          "everything from here on." },
        { "node:\n  port: [9000\ndht: {}\n", "",
          "f:2:9 syntax this \"[\" is not closed | Add \"]\" at the end of the list." },
        { "node:\n  name: \"abc\n", "",
          "f:2:9 syntax this quote is not closed | Add '\"' at the end of the value; a quote "
          "inside is written '\\\"'." },
        { "node:\n\tport: 1\n", "", "f:2:1 syntax a tab in the indentation | Indent with spaces." },
        { "node:\n  name: a: b\n", "",
          "f:2:10 syntax a second \": \" in one line | Put the value in quotes." },
        { "node:\n  name: \xff\n", "",
          "f:2:9 encoding byte 0xff at offset 14 is not UTF-8 | Save the file as UTF-8." },
    };

    (void)state;
    CHECK_ALL(cases);
}

/* proves: NFR-4/4.3, NFR-4/4.2, Q/3 */
static void versions_of_the_schema_are_compared(void **state)
{
    static const struct file_case cases[] = {
        { "schema_version: 0.9.0\nnode: {port: 1}\n", "schema_version=0.9.0 node.port=1",
          "f:1:17 migrated schema_version: the file follows schema 0.9.0; this program's is 1.0.0 "
          "| It was translated while reading; kwaainet config migrate changes the file." },
        { "schema_version: 1.1.0\nnode: {prot: 1}\n", "schema_version=1.1.0",
          "f:2:8 newer-key node.prot: unknown key | Schema 1.1 may know it; this program knows "
          "1.0.0." },
        { "schema_version: 1.1.0\nnode: {port: 0}\n", "schema_version=1.1.0 node.port=WRONG",
          "f:2:14 out-of-range node.port: 0 is outside 1..65535" },
        { "schema_version: 1.0.9\nnode: {prot: 1}\n", "schema_version=1.0.9",
          "f:2:8 unknown-key node.prot: unknown key | Did you mean node.port?" },
        { "schema_version: 2.0.0\nnode: {prot: 1}\n", "",
          "f:1:17 schema-version schema_version: schema 2.0.0 is newer than this program's 1.0.0 "
          "| Update kwaainet to read this file." },
        { "schema_version: 1.0\nnode: {port: 1}\n", "schema_version=WRONG node.port=1",
          "f:1:17 invalid-value schema_version: \"1.0\" is no semantic version | It is three "
          "numbers, such as 1.0.0." },
        { "schema_version: newest\n", "schema_version=WRONG",
          "f:1:17 invalid-value schema_version: \"newest\" is no semantic version | It is three "
          "numbers, such as 1.0.0." },
        { "schema_version: [1]\n", "schema_version=WRONG",
          "f:1:17 wrong-type schema_version: a list stands where a text belongs | Write one value "
          "behind the colon." },
        { "schema_version:\nnode: {port: 1}\n", "node.port=1", "" },
    };

    (void)state;
    CHECK_ALL(cases);
}

/* proves: MS-4/6 */
static void a_renamed_key_is_read_from_an_older_file_only(void **state)
{
    static const struct file_case cases[] = {
        { "schema_version: 0.9.0\nperformance:\n  cache_capacity: 4096\n",
          "schema_version=0.9.0 performance.cache_tokens=4096",
          "f:1:17 migrated schema_version: the file follows schema 0.9.0; this program's is 1.0.0 "
          "| It was translated while reading; kwaainet config migrate changes the file.\n"
          "f:3:3 migrated performance.cache_capacity: is called "
          "performance.cache_tokens since schema 1.0.0 | It was read as that; kwaainet config "
          "migrate changes the file." },
        { "performance:\n  cache_capacity: 4096\n", "",
          "f:2:3 unknown-key performance.cache_capacity: unknown key | It is called "
          "performance.cache_tokens since schema 1.0.0." },
        { "schema_version: 0.9.0\nperformance: {cache_capacity: x}\n",
          "schema_version=0.9.0 performance.cache_tokens=WRONG",
          "f:1:17 migrated schema_version: the file follows schema 0.9.0; this program's is 1.0.0 "
          "| It was translated while reading; kwaainet config migrate changes the file.\n"
          "f:2:15 migrated performance.cache_capacity: is called "
          "performance.cache_tokens since schema 1.0.0 | It was read as that; kwaainet config "
          "migrate changes the file.\n"
          "f:2:31 wrong-type performance.cache_tokens: \"x\" is not a whole number" },
    };

    (void)state;
    CHECK_ALL(cases);
}

#define FOREIGN(place, owner)                                                                  \
    "", "f:" place " foreign-file this is a file of " owner                                    \
        " | Nothing of it was read. Start from kwaainet config example, or name another file " \
        "with --config."

static void files_of_other_programs_are_refused_by_name(void **state)
{
    static const struct file_case cases[] = {
        { "node_config:\n  network: {listen_port: 8080}\nlisten_port: 8081\n",
          FOREIGN("1:1", "OpenAI-Petal's NodeManager") },
        { "network: {listen_port: 8080}\nresource_limits: {}\n",
          FOREIGN("2:1", "OpenAI-Petal's NodeManager") },
        { "process_management: {}\n", FOREIGN("1:1", "OpenAI-Petal's NodeManager") },
        { "model: unsloth/Llama-3.1-8B-Instruct\nblocks: 4\ngpu_type: auto\nlog_level: "
          "WARNING\nmax_memory: \"16GB\"\n",
          FOREIGN("5:1", "OpenAI-Petal") },
        { "model: m\nblocks: 1\ngpu_type: cpu\nuse_gpu: true\n", FOREIGN("3:1", "OpenAI-Petal") },
        { "public_name: alice@kwaai\ngpu_type: auto\n", FOREIGN("2:1", "OpenAI-Petal") },
        { "initial_peers: []\nmax_memory: null\n", FOREIGN("2:1", "OpenAI-Petal") },
        { "initial_peers: []\nnative_p2p: true\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "no_relay: true\ncontribute: {}\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "start_block: 0\nblocks: 8\n", FOREIGN("1:1", "KwaaiNet's Rust node") },
        { "model: llama3.1:8b\nmodel_dht_prefix: Llama-3-1-8B-Instruct-hf\n",
          FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "rag_kbs: []\nstorage: {}\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "model: m\nvpk_mode: x\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "model: m\nidentify_min_confirmations: 2\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "model: m\nauto_rebalance: true\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "model: m\nollama_url: x\n", FOREIGN("2:1", "KwaaiNet's Rust node") },
        { "contribute: {}\nmax_memory: 16GB\n", FOREIGN("1:1", "KwaaiNet's Rust node") },
        { "model: m\nlog_level: INFO\n", FOREIGN("2:1", "OpenAI-Petal") },
        { "model: m\nlog_level: info\n", FOREIGN("1:1", "another kind of node") },
        { "model: m\nport: 8080\n", FOREIGN("1:1", "another kind of node") },
        { "health_monitoring: {}\n", FOREIGN("1:1", "OpenAI-Petal or KwaaiNet's Rust node") },
        { "block_indices: 0:18\nnum_blocks: 18\n", FOREIGN("2:1", "Petals") },
        { "device: cpu\ntorch_dtype: float16\n", FOREIGN("2:1", "Petals") },
        { "quant_type: nf4\n", FOREIGN("1:1", "Petals") },
    };

    (void)state;
    CHECK_ALL(cases);
}

static void one_section_of_ours_makes_a_file_ours(void **state)
{
    static const struct file_case cases[] = {
        { "node: {port: 1}\nmax_memory: 4\n", "node.port=1",
          "f:2:1 unknown-key max_memory: unknown key | Did you mean resources.max_memory_gb?" },
        { "schema_version: 1.0.0\ncontribute: {}\n", "schema_version=1.0.0",
          "f:2:1 unknown-key contribute: unknown key | kwaainet docs settings lists all; keys "
          "that begin with x- are never read." },
        { "network: {max_connections: 5}\n", "network.max_connections=5", "" },
        { "model: {name: m}\nblocks: 3\n", "model.name=m",
          "f:2:1 unknown-key blocks: unknown key | Did you mean model.blocks?" },
        { "model: ~\nlogging: {level: info}\n", "logging.level=info", "" },
    };

    (void)state;
    CHECK_ALL(cases);
}

static void a_misspelled_secret_is_not_shown(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    kn_file_take(&f.source, fixture_parse(&f, "alerts:\n  webhok_url: https://SECRET\n"), "f");
    CHECK_STR("hint", problems_text(&f.problems),
              "f:2:3 unknown-key alerts.webhok_url: unknown key | Did you mean "
              "alerts.webhook_url?");
    CHECK_STR("excerpt", f.problems.at[0].excerpt, NULL);
    fixture_end(&f);
}

static bool tells(const struct kn_problem *problem, const char *word)
{
    const char *const texts[] = { problem->key, problem->value, problem->message, problem->hint,
                                  problem->excerpt };

    for (size_t i = 0; i < KN_COUNT(texts); i++) {
        if (texts[i] != NULL && strstr(texts[i], word) != NULL)
            return true;
    }
    return false;
}

static void no_broken_file_tells_its_secret(void **state)
{
    static const char *const files[] = {
        "alerts:\n  webhook_url https://SECRET\n",
        "alerts:\n  webhook_url:https://SECRET\n",
        "alerts:\n  \"webhook\\x5furl\": \"https://SECRET\n",
        "alerts:\n  WEBHOOK-URL: [https://SECRET\n",
        "alerts:\n  webhook_url: !SECRET x\n",
        "alerts:\n  webhook_url: &SECRET x\n",
        "alerts:\n  webhook_url: *SECRET\n",
        "alerts:\n  webhook_url: \"https://x\" SECRET\n",
        "alerts:\n  webhook_url:\n    https://SECRET : b\n",
        "alerts:\n  webhook_url:\n    https://SECRET\n      more: b\n",
        "alerts:\n  webhook_url: https://x\n    SECRET: b\n",
        "alerts:\n  webhook_url:\n\n    # why\n    \"https://SECRET\\q\"\n",
        "alerts:\n  webhook_url:\n    {x: SECRET, x: &SECRET 1}\n",
        "alerts:\n  webhook_url:\n    SECRET: 1\n    SECRET: 2\n",
        "alerts:\n  webhook_url: |\n    https://x\n  SECRET\n",
        "{\"alerts\":\n{\"webhook_url\":\n\"https://SECRET\n",
        "alerts:\n  webhook_url:\n    ht\xfftp://SECRET\n",
        "alerts: https://SECRET\n",
        "alerts:\n  url: https://SECRET\n",
        "alerts:\n  hook: https://SECRET\n",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        struct fixture f;

        fixture_begin(&f);
        kn_file_take(&f.source, fixture_parse(&f, files[i]), "f");
        CHECK(files[i], f.problems.n > 0);
        for (size_t j = 0; j < f.problems.n; j++)
            CHECK(files[i], !tells(&f.problems.at[j], "SECRET"));
        fixture_end(&f);
    }
}

static void what_lies_beside_a_secret_is_shown(void **state)
{
    static const char *const files[] = {
        "alerts:\n  webhook_url: https://SECRET\nnode:\n  prt: 1234 # HERE\n",
        "alerts:\n  webhook_url:\n    https://SECRET\n  command: &HERE x\n",
        "alerts:\n  # webhook_url:\n  command: &HERE x\n",
        "{\"alerts\":\n{\"webhook_url\":\n\"https://SECRET\"},\n\"node\": {\"HERE\": 1}}\n",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        struct fixture f;

        fixture_begin(&f);
        kn_file_take(&f.source, fixture_parse(&f, files[i]), "f");
        CHECK_EQ(files[i], f.problems.n, 1);
        CHECK(files[i], strstr(f.problems.at[0].excerpt, "HERE") != NULL);
        fixture_end(&f);
    }
}

static void a_long_key_is_an_unknown_one(void **state)
{
    static char yaml[2000];
    struct fixture f;

    (void)state;
    (void)snprintf(yaml, sizeof(yaml), "node:\n  %0900d: 1\n", 0);
    fixture_begin(&f);
    kn_file_take(&f.source, fixture_parse(&f, yaml), "f");
    CHECK_EQ("long", f.problems.n, 1);
    CHECK_EQ("long", f.problems.at[0].kind, KN_P_UNKNOWN_KEY);
    CHECK("long", strlen(f.problems.at[0].key) <= KN_PROBLEM_VALUE_MAX + 3);
    fixture_end(&f);
}

static void two_hundred_mistakes_are_counted(void **state)
{
    static char yaml[8192];
    size_t used = (size_t)snprintf(yaml, sizeof(yaml), "node:\n");
    struct fixture f;

    (void)state;
    for (int i = 0; i < 200; i++)
        used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "  wrong%d: 1\n", i);
    fixture_begin(&f);
    kn_file_take(&f.source, fixture_parse(&f, yaml), "f");
    CHECK_EQ("errors", f.problems.errors, 200);
    CHECK_EQ("kept", f.problems.n, 100);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(nothing_is_as_if_it_were_not_there),
        cmocka_unit_test(unknown_keys_are_told_with_the_nearest_one),
        cmocka_unit_test(a_section_is_a_map),
        cmocka_unit_test(what_is_no_yaml_of_ours_is_told_where_it_stands),
        cmocka_unit_test(versions_of_the_schema_are_compared),
        cmocka_unit_test(a_renamed_key_is_read_from_an_older_file_only),
        cmocka_unit_test(files_of_other_programs_are_refused_by_name),
        cmocka_unit_test(one_section_of_ours_makes_a_file_ours),
        cmocka_unit_test(a_misspelled_secret_is_not_shown),
        cmocka_unit_test(no_broken_file_tells_its_secret),
        cmocka_unit_test(what_lies_beside_a_secret_is_shown),
        cmocka_unit_test(a_long_key_is_an_unknown_one),
        cmocka_unit_test(two_hundred_mistakes_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
