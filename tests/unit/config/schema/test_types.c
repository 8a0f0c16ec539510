/* Values as people write them: what each type takes, what it says otherwise, and back. */
#include "config/schema/type.h"
#include "support/layers.h"

struct value_case {
    const char *key, *text; /* behind "v:" in a file, or a word */
    const char *value;      /* printed; "" when absent; NULL when it is wrong */
    const char *problems;   /* without "f:1:4 " or "--x " in front */
};

static const char *without_place(const char *problems, bool in_file)
{
    const char *space = strchr(problems, ' ');

    if (problems[0] == '\0')
        return problems;
    if (in_file)
        CHECK_HAS("place", problems, "f:1:");
    else
        CHECK("place", strncmp(problems, "--x ", 4) == 0);
    return space + 1;
}

static void read_case(const struct value_case *c, bool in_file)
{
    const struct kn_setting *setting = kn_setting_find(c->key);
    struct kn_origin origin = { .layer = in_file ? KN_LAYER_FILE : KN_LAYER_CLI,
                                .name = in_file ? "f" : "--x",
                                .age_s = -1 };
    const struct kn_assignment *found;
    struct kn_yaml_document *doc;
    struct fixture f;
    char yaml[8192];

    CHECK(c->key, setting != NULL);
    fixture_begin(&f);
    (void)snprintf(yaml, sizeof(yaml), "v: %s", c->text);
    if (in_file) {
        const struct kn_yaml_node *node = fixture_node(&f, yaml, &doc);

        CHECK_EQ(yaml, doc->fault_total, 0);
        kn_layer_read(&f.source, setting, node, doc, &origin, false);
    } else {
        kn_layer_read_word(&f.source, setting, c->text, &origin, false);
    }
    CHECK_STR(c->text, without_place(problems_text(&f.problems), in_file), c->problems);
    found = kn_layers_find(&f.layers, setting);
    CHECK_EQ(c->text, found != NULL && found->valid, c->value != NULL && c->value[0] != '\0');
    CHECK_EQ(c->text, found == NULL, c->value != NULL && c->value[0] == '\0');
    if (found != NULL && found->valid) {
        const char *printed = value_text(setting, &found->value);
        struct kn_value first = found->value;

        CHECK_STR(c->text, printed, c->value);
        kn_layer_read_word(&f.source, setting, printed, &origin, false);
        found = kn_layers_find(&f.layers, setting);
        CHECK(c->text, found->valid && kn_value_equal(setting, &first, &found->value));
    }
    fixture_end(&f);
}

#define IN_FILE(cases)                           \
    for (size_t i = 0; i < KN_COUNT(cases); i++) \
    read_case(&(cases)[i], true)
#define AS_WORD(cases)                           \
    for (size_t i = 0; i < KN_COUNT(cases); i++) \
    read_case(&(cases)[i], false)

/* proves: FR-4/4.4, NFR-3/3.1 */
static void a_switch_is_true_or_false_and_nothing_of_yaml_1_1(void **state)
{
#define BAD(text, hint)                                                              \
    {                                                                                \
        "alerts.enabled", text, NULL,                                                \
            "wrong-type alerts.enabled: \"" text "\" is neither true nor false" hint \
    }
    static const struct value_case cases[] = {
        { "alerts.enabled", "true", "true", "" },
        { "alerts.enabled", "false", "false", "" },
        { "alerts.enabled", "", "", "" },
        BAD("yes", " | Write true."),
        BAD("Yes", " | Write true."),
        BAD("on", " | Write true."),
        BAD("y", " | Write true."),
        BAD("1", " | Write true."),
        BAD("True", " | Write true."),
        BAD("TRUE", " | Write true."),
        BAD("no", " | Write false."),
        BAD("off", " | Write false."),
        BAD("N", " | Write false."),
        BAD("0", " | Write false."),
        BAD("FALSE", " | Write false."),
        BAD("maybe", ""),
        BAD("auto", ""),
    };
    static const struct value_case only_files[] = {
        { "alerts.enabled", "\"true\"", NULL,
          "wrong-type alerts.enabled: \"true\" is text, not true or false | Write it without "
          "quotes." },
        { "alerts.enabled", "[true]", NULL,
          "wrong-type alerts.enabled: a list stands where true or false belongs | Write one value "
          "behind the colon." },
        { "alerts.enabled", "{a: true}", NULL,
          "wrong-type alerts.enabled: a map stands where true or false belongs | Write one value "
          "behind the colon." },
        { "alerts.enabled", "null", NULL,
          "wrong-type alerts.enabled: null is no value of this setting | Leave the line out to get "
          "the built-in value." },
        { "alerts.enabled", "~", NULL,
          "wrong-type alerts.enabled: null is no value of this setting | Leave the line out to get "
          "the built-in value." },
        { "state.using_relay", "auto", "auto", "" },
        { "state.using_relay", "null", NULL,
          "wrong-type state.using_relay: null is no value of this setting | Write auto, or leave "
          "the line out." },
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
    IN_FILE(only_files);
#undef BAD
}

/* proves: FR-4/4.1, UT/3 */
static void a_whole_number_is_written_in_one_way(void **state)
{
#define BAD(text, hint)                                                                          \
    {                                                                                            \
        "node.port", text, NULL, "wrong-type node.port: \"" text "\" is not a whole number" hint \
    }
#define OUT(text)                                                                       \
    {                                                                                   \
        "node.port", text, NULL, "out-of-range node.port: " text " is outside 1..65535" \
    }
    static const struct value_case cases[] = {
        { "node.port", "1", "1", "" },
        { "node.port", "65535", "65535", "" },
        { "node.port", "auto", "auto", "" },
        { "node.port", "", "", "" },
        OUT("0"),
        OUT("65536"),
        OUT("-1"),
        OUT("70000"),
        OUT("99999999999999999999"),
        OUT("-99999999999999999999"),
        BAD("010", " | A leading zero means octal in YAML 1.1; write 10."),
        BAD("08080", " | A leading zero means octal in YAML 1.1; write 8080."),
        BAD("00", " | A leading zero means octal in YAML 1.1; write 0."),
        BAD("0x1f90", " | Write the number in decimal."),
        BAD("0o17620", " | Write the number in decimal."),
        BAD("0b11", " | Write the number in decimal."),
        BAD("2:14:40", " | YAML 1.1 reads this in base 60; write the number in decimal."),
        BAD("8_080", " | Write the digits without separators."),
        BAD("8,080", " | Write the digits without separators."),
        BAD("8080.0", " | Write a number without a point."),
        BAD("8080.5", " | Write a number without a point."),
        BAD("+8080", ""),
        BAD("8e3", ""),
        BAD("-0", ""),
        BAD("eighty", ""),
        BAD("Auto", ""),
        BAD(".inf", ""),
    };
    static const struct value_case only_files[] = {
        { "node.port", "\"8080\"", NULL,
          "wrong-type node.port: \"8080\" is text, not a whole number | Write it without quotes." },
        { "node.port", "'8080'", NULL,
          "wrong-type node.port: \"8080\" is text, not a whole number | Write it without quotes." },
        { "node.port", "\"\"", NULL,
          "wrong-type node.port: \"\" is text, not a whole number | Write it without quotes." },
        { "node.port", "[8080]", NULL,
          "wrong-type node.port: a list stands where a whole number belongs | Write one value "
          "behind the colon." },
        { "node.port", "null", NULL,
          "wrong-type node.port: null is no value of this setting | Write auto, or leave the line "
          "out." },
        { "resources.max_cpu_percent", "null", "null", "" },
        { "resources.max_cpu_percent", "~", "null", "" },
        { "resources.max_cpu_percent", "", "", "" },
        { "resources.max_open_files", "0", "0", "" },
        { "node.port", "8080 # comment", "8080", "" },
    };
    static const struct value_case only_words[] = {
        BAD(" 8080", ""),
        BAD("8080 ", ""),
        { "node.port", "null", NULL,
          "wrong-type node.port: null is no value of this setting | Write auto, or leave the line "
          "out." },
        { "resources.max_cpu_percent", "null", "null", "" },
        BAD("~", ""),
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
    IN_FILE(only_files);
    AS_WORD(only_words);
#undef BAD
#undef OUT
}

/* The word form of one bound, moved by one step of the type. */
static void check_bound(const struct kn_setting *s, double bound, const char *unit, bool inside)
{
    char word[64];
    struct value_case c = { s->key, word, NULL, NULL };
    struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "--x", .age_s = -1 };
    struct fixture f;

    (void)snprintf(word, sizeof(word), "%.17g%s", bound, unit);
    fixture_begin(&f);
    kn_layer_read_word(&f.source, s, c.text, &origin, false);
    if (inside)
        CHECK_STR(s->key, problems_text(&f.problems), "");
    else
        CHECK_HAS(word, problems_text(&f.problems), " is outside ");
    fixture_end(&f);
}

/* proves: FR-4/4.1, UT/3 */
static void every_bound_is_taken_and_one_past_it_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        bool whole = s->type == &kn_type_int;
        double low = s->range.min, high = s->range.max;

        if (low == 0 && high == 0)
            continue;
        check_bound(s, low, "", true);
        check_bound(s, high, "", true);
        check_bound(s, whole ? low - 1 : low - 1e-9, "", false);
        check_bound(s, whole ? high + 1 : high * 1.000001, "", false);
    }
    check_bound(kn_setting_find("dht.announce_interval"), 1, "ms", true);
    check_bound(kn_setting_find("dht.announce_interval"), 0, "ms", false);
    check_bound(kn_setting_find("dht.announce_interval"), 0.9, "ms", false);
    check_bound(kn_setting_find("dht.announce_interval"), 30, "d", true);
    check_bound(kn_setting_find("dht.announce_interval"), 720, "h", true);
    check_bound(kn_setting_find("dht.announce_interval"), 2592000001, "ms", false);
    check_bound(kn_setting_find("resources.max_memory_gb"), 1, "MiB", true);
    check_bound(kn_setting_find("resources.max_memory_gb"), 1023, "KiB", false);
    check_bound(kn_setting_find("resources.max_memory_gb"), 1, "PiB", true);
}

static void numbers_are_those_of_json(void **state)
{
    static const struct value_case cases[] = {
        { "performance.throughput", "0.000001", "1e-06", "" },
        { "performance.throughput", "1e-6", "1e-06", "" },
        { "performance.throughput", "1e9", "1000000000", "" },
        { "performance.throughput", "12.50", "12.5", "" },
        { "performance.throughput", "auto", "auto", "" },
        { "model.rebalance.quality", "0", "0", "" },
        { "model.rebalance.quality", "1", "1", "" },
        { "model.rebalance.quality", "1.01", NULL,
          "out-of-range model.rebalance.quality: 1.01 is outside 0..1" },
        { "performance.throughput", "0", NULL,
          "out-of-range performance.throughput: 0 is outside 1e-06..1000000000" },
        { "performance.throughput", "1e999", NULL,
          "out-of-range performance.throughput: 1e999 is outside 1e-06..1000000000" },
        { "performance.throughput", "-1e999", NULL,
          "out-of-range performance.throughput: -1e999 is outside 1e-06..1000000000" },
        { "performance.throughput", "010.5", NULL,
          "wrong-type performance.throughput: \"010.5\" is not a number" },
        { "performance.throughput", ".5", NULL,
          "wrong-type performance.throughput: \".5\" is not a number" },
        { "performance.throughput", "5.", NULL,
          "wrong-type performance.throughput: \"5.\" is not a number" },
        { "performance.throughput", "1,5", NULL,
          "wrong-type performance.throughput: \"1,5\" is not a number | Write the digits without "
          "separators." },
        { "performance.throughput", ".nan", NULL,
          "wrong-type performance.throughput: \".nan\" is not a number" },
        { "performance.throughput", "inf", NULL,
          "wrong-type performance.throughput: \"inf\" is not a number" },
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
}

static void sizes_are_binary_and_know_their_units(void **state)
{
#define KEY "resources.max_memory_gb"
#define BAD(text)                                                       \
    {                                                                   \
        KEY, text, NULL,                                                \
            "wrong-type " KEY ": \"" text                               \
            "\" is not a size | Write a number with a unit (KiB, MiB, " \
            "GiB, TiB, or kB, MB, GB, TB), or a plain number of GiB."   \
    }
    static const struct value_case cases[] = {
        { KEY, "16", "16GiB", "" },
        { KEY, "16GiB", "16GiB", "" },
        { KEY, "16 GiB", "16GiB", "" },
        { KEY, "16GB", "16000000000B", "" },
        { KEY, "50GB", "50000000000B", "" },
        { KEY, "0.5", "512MiB", "" },
        { KEY, "1.5", "1.5GiB", "" },
        { KEY, "1536MiB", "1.5GiB", "" },
        { KEY, "1048576KiB", "1GiB", "" },
        { KEY, "1e2MiB", "100MiB", "" },
        { KEY, "2TiB", "2TiB", "" },
        { KEY, "1PiB", "1PiB", "" },
        { KEY, "1", "1GiB", "" },
        { KEY, "null", "null", "" },
        { KEY, "0", NULL, "out-of-range " KEY ": 0 is outside 1MiB..1PiB" },
        { KEY, "-1", NULL, "out-of-range " KEY ": -1 is outside 1MiB..1PiB" },
        { KEY, "1023KiB", NULL, "out-of-range " KEY ": 1023KiB is outside 1MiB..1PiB" },
        { KEY, "1025TiB", NULL, "out-of-range " KEY ": 1025TiB is outside 1MiB..1PiB" },
        BAD("16G"),
        BAD("16gb"),
        BAD("16  GiB"),
        BAD("GiB"),
        BAD("sixteen"),
        BAD("16GiB!"),
        BAD("016GiB"),
        { "performance.max_chunk_bytes", "1024", "1KiB", "" },
        { "performance.max_chunk_bytes", "1025", "1025B", "" },
        { "performance.max_chunk_bytes", "256MiB", "256MiB", "" },
        { "performance.max_chunk_bytes", "1023", NULL,
          "out-of-range performance.max_chunk_bytes: 1023 is outside 1KiB..1TiB" },
        { "logging.max_file_size_mb", "100", "100MiB", "" },
    };
    static const struct value_case only_files[] = {
        { KEY, "\"16GiB\"", "16GiB", "" },
        { KEY, "\"16\"", "16GiB", "" },
        { KEY, "[16]", NULL,
          "wrong-type " KEY ": a list stands where size belongs | Write one value behind the "
          "colon." },
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
    IN_FILE(only_files);
#undef KEY
#undef BAD
}

static void durations_know_their_units(void **state)
{
#define KEY "dht.announce_interval"
#define BAD(text)                                                     \
    {                                                                 \
        KEY, text, NULL,                                              \
            "wrong-type " KEY ": \"" text                             \
            "\" is not a duration | Write a number with a unit (ms, " \
            "s, m, h, d), or a plain number of seconds."              \
    }
    static const struct value_case cases[] = {
        { KEY, "120", "2m", "" },
        { KEY, "120s", "2m", "" },
        { KEY, "90s", "1.5m", "" },
        { KEY, "2 m", "2m", "" },
        { KEY, "1ms", "1ms", "" },
        { KEY, "0.001", "1ms", "" },
        { KEY, "1.5s", "1.5s", "" },
        { KEY, "1234567ms", "1234567ms", "" },
        { KEY, "24h", "1d", "" },
        { KEY, "30d", "30d", "" },
        { KEY, "0", NULL, "out-of-range " KEY ": 0 is outside 1ms..30d" },
        { KEY, "0.0009", NULL, "out-of-range " KEY ": 0.0009 is outside 1ms..30d" },
        { KEY, "31d", NULL, "out-of-range " KEY ": 31d is outside 1ms..30d" },
        { KEY, "-5m", NULL, "out-of-range " KEY ": -5m is outside 1ms..30d" },
        BAD("soon"),
        BAD("5min"),
        BAD("5M"),
        BAD("1h30m"),
        BAD("00:05:00"),
        BAD("5 0"),
        { "dht.expiration", "auto", "auto", "" },
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
#undef KEY
#undef BAD
}

/* proves: FR-4/4.3, FR-4/4.4 */
static void a_choice_is_one_of_its_words(void **state)
{
#define DTYPES "auto, float16, bfloat16, float32."
    static const struct value_case cases[] = {
        { "model.dtype", "float16", "float16", "" },
        { "model.dtype", "bfloat16", "bfloat16", "" },
        { "model.dtype", "float32", "float32", "" },
        { "model.dtype", "auto", "auto", "" },
        { "model.dtype", "flaot16", NULL,
          "invalid-value model.dtype: unknown value \"flaot16\" | Did you mean float16? It is one "
          "of " DTYPES },
        { "model.dtype", "Float16", NULL,
          "invalid-value model.dtype: unknown value \"Float16\" | Did you mean float16? It is one "
          "of " DTYPES },
        { "model.dtype", "fp64", NULL,
          "invalid-value model.dtype: unknown value \"fp64\" | It is one of " DTYPES },
        { "logging.level", "banana", NULL,
          "invalid-value logging.level: unknown value \"banana\" | It is one of error, warn, info, "
          "debug, trace." },
        { "logging.level", "warning", NULL,
          "invalid-value logging.level: unknown value \"warning\" | It is one of error, warn, "
          "info, debug, trace." },
        { "state.initial", "online", NULL,
          "invalid-value state.initial: unknown value \"online\" | Did you mean ONLINE? It is one "
          "of OFFLINE, JOINING, ONLINE." },
        { "state.initial", "OFFLINE", "OFFLINE", "" },
        { "calibration.preset", "silly", NULL,
          "invalid-value calibration.preset: unknown value \"silly\" | It is one of min, "
          "recommended, max." },
        { "model.quant_type", "nf4", "nf4", "" },
        { "logging.level", "auto", NULL,
          "invalid-value logging.level: unknown value \"auto\" | It is one of error, warn, info, "
          "debug, trace." },
    };
    static const struct value_case only_files[] = {
        { "model.dtype", "\"float32\"", "float32", "" },
        { "model.dtype", "\"\"", NULL,
          "invalid-value model.dtype: unknown value \"\" | It is one of " DTYPES },
        { "model.dtype", "{}", NULL,
          "wrong-type model.dtype: a map stands where a word belongs | Write one value behind the "
          "colon." },
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
    IN_FILE(only_files);
}

/* proves: FR-0/0.4.9 */
static void texts_have_their_form(void **state)
{
    static const struct value_case cases[] = {
        { "node.name", "abc", "abc", "" },
        { "node.name", "alice-C-lab", "alice-C-lab", "" },
        { "node.name", "auto", "auto", "" },
        { "node.name", "ab", NULL,
          "invalid-value node.name: \"ab\" is no node name | It is 3 to 64 letters, digits and "
          "hyphens, with no hyphen at either end." },
        { "node.name", "-abc", NULL,
          "invalid-value node.name: \"-abc\" is no node name | It is 3 to 64 letters, digits and "
          "hyphens, with no hyphen at either end." },
        { "node.version", "1.0", "1.0",
          "suspicious node.version: \"1.0\" is not X.Y.Z of at least 0.3.15 | Other nodes ignore "
          "what a node of such a version announces." },
        { "model.path", "~/models", "/home/u/models", "" },
        { "model.path", "$DATA/m", "/data/m", "" },
        { "model.path", "${DATA}/m", "/data/m", "" },
        { "model.path", "${NOPE:-/x}/m", "/x/m", "" },
        { "model.path", "models", "/base/models", "" },
        { "model.path", "/a$$b", "/a$$b", "" },
        { "model.path", "null", "null", "" },
    };
    static const struct value_case only_files[] = {
        { "model.name", "\"\"", NULL,
          "invalid-value model.name: the text is empty | Write a value, or leave the line out." },
        { "model.name", "\"  \"", NULL,
          "invalid-value model.name: the text is empty | Write a value, or leave the line out." },
        { "node.version", "\"\"", NULL,
          "invalid-value node.version: the text is empty | Write a value, or leave the line out." },
        { "model.name", "\"null\"", NULL,
          "invalid-value model.name: \"null\" cannot be a text here | Write null without quotes, "
          "or another text." },
        { "model.name", "[a]", NULL,
          "wrong-type model.name: a list stands where a text belongs | Write one value behind the "
          "colon." },
        { "model.revision", "null", "null", "" },
        { "model.revision", "", "", "" },
        { "model.name", "8", "8", "" },
    };

    (void)state;
    IN_FILE(cases);
    AS_WORD(cases);
    IN_FILE(only_files);
}

/* proves: NFR-2/2.4 */
static void a_path_that_cannot_be_expanded_says_why(void **state)
{
    static const char *const wrong[] = { "$NOPE/m", "${DATA", "~bob/m", "\"\"" };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(wrong); i++) {
        const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };
        struct kn_yaml_document *doc;
        const struct kn_yaml_node *node;
        char yaml[64];

        fixture_begin(&f);
        (void)snprintf(yaml, sizeof(yaml), "v: %s", wrong[i]);
        node = fixture_node(&f, yaml, &doc);
        kn_layer_read(&f.source, kn_setting_find("model.path"), node, doc, &origin, false);
        CHECK_EQ(yaml, f.problems.errors, 1);
        CHECK_HAS(yaml, problems_text(&f.problems), "f:1:4 invalid-value model.path: ");
        fixture_end(&f);
    }
}

static void long_texts_have_a_limit(void **state)
{
    static char text[KN_PATH_MAX + 4];
    struct value_case name = { "model.name", text, text, "" };
    struct value_case path = { "model.path", text, text, "" };

    (void)state;
    memset(text, 'a', KN_STRING_MAX);
    read_case(&name, true);
    text[KN_STRING_MAX] = 'a';
    name.value = NULL;
    name.problems = "out-of-range model.name: the text is longer than 1024 bytes";
    read_case(&name, true);
    memset(text, 'a', KN_PATH_MAX);
    text[0] = '/';
    read_case(&path, false);
    text[KN_PATH_MAX] = 'a';
    path.value = NULL;
    path.problems = "out-of-range model.path: the text is longer than 4096 bytes";
    read_case(&path, false);
}

#define PEER "/ip4/1.2.3.4/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define OTHER "/dns/b.example/tcp/8000/p2p/Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY"
#define NO_LIST " | Write each item on a line of its own behind \"- \", or all in [ ]."

/* proves: FR-4/4.2 */
static void lists_are_lists_in_files_and_split_in_words(void **state)
{
    static const struct value_case in_files[] = {
        { "state.adapters", "[]", "[]", "" },
        { "state.adapters", "[a, b]", "a,b", "" },
        { "state.adapters", "[a, b, a]", "a,b", "" },
        { "state.adapters", "[a, ~, b]", NULL,
          "wrong-type state.adapters: null is no item of a list | Take the item out, or write its "
          "text." },
        { "state.adapters", "[\"null\"]", "[\"null\"]", "" },
        { "state.adapters", "", "", "" },
        { "state.adapters", "a", NULL,
          "wrong-type state.adapters: a single value stands where a list belongs" NO_LIST },
        { "state.adapters", "{a: b}", NULL,
          "wrong-type state.adapters: a map stands where a list belongs" NO_LIST },
        { "state.adapters", "null", NULL,
          "wrong-type state.adapters: null is no value of this setting | Leave the line out to get "
          "the built-in value." },
        { "state.adapters", "[a, [b], {c: d}, \"e f\"]", NULL,
          "wrong-type state.adapters: a list stands where one item of the list belongs | Write one "
          "value behind the colon.\n"
          "f:1:13 wrong-type state.adapters: a map stands where one item of the list belongs | "
          "Write one value behind the colon.\n"
          "f:1:21 invalid-value state.adapters: \"e f\" is no item of a list | It is a text "
          "without comma and white space." },
        { "network.bootstrap_peers", "[" PEER ", " OTHER "]", PEER "," OTHER, "" },
        { "network.bootstrap_peers", "null", "null", "" },
        { "network.bootstrap_peers", "[/ip4/1.2.3.4/tcp/80]", NULL,
          "invalid-value network.bootstrap_peers: \"/ip4/1.2.3.4/tcp/80\" does not say which peer "
          "answers there | Add /p2p/ and the peer's id at its end." },
        { "network.announce_addrs", "[/ip4/1.2.3.4/tcp/80]", "/ip4/1.2.3.4/tcp/80", "" },
        { "network.announce_addrs", "auto", "auto", "" },
        { "logging.modules", "[network=debug, serving=trace]", "network=debug,serving=trace", "" },
        { "logging.modules", "[network]", NULL,
          "invalid-value logging.modules: \"network\" is no module level | It is a module, =, and "
          "error, warn, info, debug or trace." },
    };
    static const struct value_case words[] = {
        { "state.adapters", "a,b c\nd\t,,e", "a,b,c,d,e", "" },
        { "state.adapters", " , ", "[]", "" },
        { "state.adapters", "[]", "[]", "" },
        { "state.adapters", "[a, b]", "a,b", "" },
        { "state.adapters", "[a, b", NULL, NULL },
        { "state.adapters", "", "", "" },
        { "network.bootstrap_peers", PEER " " OTHER, PEER "," OTHER, "" },
        { "network.bootstrap_peers", "null", "null", "" },
        { "network.bootstrap_peers", PEER ",nonsense", NULL, NULL },
    };

    (void)state;
    IN_FILE(in_files);
    for (size_t i = 0; i < KN_COUNT(words); i++) {
        if (words[i].problems != NULL)
            read_case(&words[i], false);
    }
}

static void lists_have_a_limit(void **state)
{
    static char text[3 * (KN_LIST_MAX + 2) + 8];
    const struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "--x", .age_s = -1 };
    const struct kn_setting *setting = kn_setting_find("state.adapters");

    (void)state;
    for (size_t n = KN_LIST_MAX; n <= KN_LIST_MAX + 1; n++) {
        struct fixture f;

        for (size_t i = 0; i < n; i++)
            memcpy(text + 3 * i, "a, ", 3); /* items are counted, not separators */
        text[3 * n] = '\0';
        fixture_begin(&f);
        kn_layer_read_word(&f.source, setting, text, &origin, false);
        CHECK_STR("4096", problems_text(&f.problems),
                  n == KN_LIST_MAX
                      ? ""
                      : "--x out-of-range state.adapters: the list has more than 4096 items");
        fixture_end(&f);
    }
}

static void ranges_are_printed_as_they_would_be_written(void **state)
{
    static const struct {
        const char *key, *text;
    } cases[] = {
        { "node.port", "1..65535" },
        { "dht.announce_interval", "1ms..30d" },
        { "resources.max_memory_gb", "1MiB..1PiB" },
        { "model.rebalance.quality", "0..1" },
        { "performance.throughput", "1e-06..1000000000" },
        { "node.name", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text text = { 0 };

        kn_setting_print_range(kn_setting_find(cases[i].key), &text);
        CHECK_STR(cases[i].key, kn_text_get(&text), cases[i].text);
        kn_text_done(&text);
    }
}

static void values_in_the_unit_of_their_key(void **state)
{
    struct kn_value size = { .is = KN_GIVEN, .integer = INT64_C(3) << 29 };
    struct kn_value time = { .is = KN_GIVEN, .integer = 1500 };
    struct kn_value number = { .is = KN_GIVEN, .number = 0.75 };

    (void)state;
    CHECK("GiB", kn_value_in_unit(kn_setting_find("resources.max_memory_gb"), &size) == 1.5);
    CHECK("s", kn_value_in_unit(kn_setting_find("dht.expiration"), &time) == 1.5);
    CHECK("1", kn_value_in_unit(kn_setting_find("model.rebalance.quality"), &number) == 0.75);
}

static void a_number_in_the_unit_of_its_key_is_printed_as_it_is_written(void **state)
{
    static const struct {
        const char *key;
        double number;
        const char *want;
    } cases[] = {
        { "resources.max_memory_gb", 0.0078125, "8MiB" },
        { "resources.max_memory_gb", 1.5, "1.5GiB" },
        { "logging.max_file_size_mb", 2048, "2GiB" },
        { "dht.expiration", 0.0015, "2ms" }, /* nothing is smaller than a millisecond */
        { "dht.expiration", 90, "1.5m" },
        { "model.rebalance.quality", 0.75, "0.75" },
        { "node.port", 8080, "8080" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text text = { 0 };

        kn_setting_print_number(kn_setting_find(cases[i].key), cases[i].number, &text);
        CHECK_STR(cases[i].key, kn_text_get(&text), cases[i].want);
        kn_text_done(&text);
    }
}

static void presence_counts_when_values_are_compared(void **state)
{
    const struct kn_setting *port = kn_setting_find("node.port");
    struct kn_value zero = { .is = KN_GIVEN }, none = { .is = KN_NONE },
                    automatic = { .is = KN_AUTO };
    struct kn_value absent = { .is = KN_ABSENT };

    (void)state;
    CHECK("same", kn_value_equal(port, &none, &none) && kn_value_equal(port, &zero, &zero));
    CHECK("0 is not null", !kn_value_equal(port, &zero, &none));
    CHECK("null is not auto", !kn_value_equal(port, &none, &automatic));
    CHECK("auto is not absent", !kn_value_equal(port, &automatic, &absent));
    CHECK_STR("absent", value_text(port, &absent), "");
}

static void a_duration_is_never_less_than_nothing_as_an_int(void **state)
{
    static const struct {
        int64_t ms;
        int want;
    } rows[] = {
        { 0, 0 },
        { INT_MAX, INT_MAX },
        { (int64_t)INT_MAX + 1, INT_MAX },
        { INT64_C(30) * 24 * 3600 * 1000, INT_MAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_duration duration = { KN_GIVEN, rows[i].ms };

        CHECK_EQ("ms", kn_duration_ms(&duration), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_is_never_less_than_nothing_as_an_int),
        cmocka_unit_test(a_switch_is_true_or_false_and_nothing_of_yaml_1_1),
        cmocka_unit_test(a_whole_number_is_written_in_one_way),
        cmocka_unit_test(every_bound_is_taken_and_one_past_it_is_not),
        cmocka_unit_test(numbers_are_those_of_json),
        cmocka_unit_test(sizes_are_binary_and_know_their_units),
        cmocka_unit_test(durations_know_their_units),
        cmocka_unit_test(a_choice_is_one_of_its_words),
        cmocka_unit_test(texts_have_their_form),
        cmocka_unit_test(a_path_that_cannot_be_expanded_says_why),
        cmocka_unit_test(long_texts_have_a_limit),
        cmocka_unit_test(lists_are_lists_in_files_and_split_in_words),
        cmocka_unit_test(lists_have_a_limit),
        cmocka_unit_test(ranges_are_printed_as_they_would_be_written),
        cmocka_unit_test(values_in_the_unit_of_their_key),
        cmocka_unit_test(a_number_in_the_unit_of_its_key_is_printed_as_it_is_written),
        cmocka_unit_test(presence_counts_when_values_are_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
