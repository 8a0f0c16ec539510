/* The command line as a layer. */
#include "config/sources/flags.h"
#include "lib/base/nearest.h"
#include "support/layers.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (words[n] != NULL)
        n++;
    return n;
}

/* Take all words; false at the first that is not a setting. */
static bool take_all(struct fixture *f, const char *const *words, struct kn_error *err)
{
    size_t n = count(words);

    fixture_begin(f);
    for (size_t i = 0; i < n;) {
        struct kn_flag flag = kn_flag_match(f->arena, words + i, n - i, err);

        if (flag.kind != KN_FLAG_SETTING)
            return false;
        kn_flag_take(&f->source, &flag);
        i += flag.used;
    }
    return true;
}

static const char *won(const struct fixture *f, const char *key)
{
    const struct kn_assignment *found = kn_layers_find(&f->layers, kn_setting_find(key));

    return found == NULL ? "nobody" : value_text(found->setting, &found->value);
}

/* proves: FR-3/--config, FR-3/--name, FR-3/--model, FR-3/--start-block, FR-3/--end-block,
 * FR-3/--port, FR-3/--dtype, FR-3/--version, TR-1/clap, FR-0/0.4.8, FR-0/0.5.5, FR-0/0.6.4 */
static void flags_take_the_next_word_or_what_follows_equals(void **state)
{
    static const struct {
        const char *flag, *value, *key, *printed;
    } cases[] = {
        { "--name", "abc", "node.name", "abc" },
        { "--model", "m", "model.name", "m" },
        { "--start-block", "3", "model.start_block", "3" },
        { "--end-block", "7", "model.end_block", "7" },
        { "--port", "9000", "node.port", "9000" },
        { "--dtype", "float32", "model.dtype", "float32" },
        { "--version", "1.2.3", "node.version", "1.2.3" },
        { "--node-version", "1.2.3", "node.version", "1.2.3" },
        { "--blocks", "4", "model.blocks", "4" },
        { "--max-memory", "16GiB", "resources.max_memory_gb", "16GiB" },
        { "--log-file", "x.log", "logging.file_path", "/base/x.log" },
        { "--log-level", "debug", "logging.level", "debug" },
        { "--device", "cuda:1", "performance.device", "cuda:1" },
        { "--preset", "min", "calibration.preset", "min" },
        { "--quant-type", "nf4", "model.quant_type", "nf4" },
        { "--max-connections", "7", "network.max_connections", "7" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char joined[64];
        struct kn_error err = { 0 };
        struct fixture f;

        (void)snprintf(joined, sizeof(joined), "%s=%s", cases[i].flag, cases[i].value);
        for (int form = 0; form < 2; form++) {
            const char *const *words =
                form == 0 ? WORDS(cases[i].flag, cases[i].value) : WORDS(joined);

            CHECK(joined, take_all(&f, words, &err));
            CHECK_STR(joined, problems_text(&f.problems), "");
            CHECK_STR(joined, won(&f, cases[i].key), cases[i].printed);
            CHECK_STR(joined, f.layers.by_kind[KN_LAYER_CLI].at[0].origin.name, cases[i].flag);
            fixture_end(&f);
        }
    }
}

static void every_setting_can_be_set_by_its_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        char pair[1024], name[128];
        struct kn_error err = { 0 };
        struct fixture f;

        (void)snprintf(pair, sizeof(pair), "%s=%s", s->key,
                       s->fallback != NULL ? s->fallback : "null");
        (void)snprintf(name, sizeof(name), "--set %s", s->key);
        CHECK(pair, take_all(&f, WORDS("--set", pair), &err));
        CHECK_EQ(pair, f.layers.by_kind[KN_LAYER_CLI].n, 1);
        CHECK_STR(pair, f.layers.by_kind[KN_LAYER_CLI].at[0].origin.name, name);
        CHECK(pair, !f.layers.by_kind[KN_LAYER_CLI].at[0].append);
        CHECK_STR(pair, problems_text(&f.problems), "");
        fixture_end(&f);
    }
}

static void what_is_missing_or_unknown_is_told(void **state)
{
    static const struct {
        const char *words[3];
        enum kn_flag_kind kind;
        size_t used;
        const char *text, *hint;
    } cases[] = {
        { { "--port" }, KN_FLAG_WRONG, 1, "--port has no value", "Write --port VALUE." },
        { { "--port", "" }, KN_FLAG_WRONG, 1, "--port has no value", "Write --port VALUE." },
        { { "--port=" }, KN_FLAG_WRONG, 1, "--port has no value", "Write --port VALUE." },
        { { "--port", "--name" }, KN_FLAG_WRONG, 1, "--port has no value", "Write --port VALUE." },
        { { "--config" }, KN_FLAG_WRONG, 1, "--config has no value", "Write --config VALUE." },
        { { "--home" }, KN_FLAG_WRONG, 1, "--home has no value", "Write --home VALUE." },
        { { "--set" }, KN_FLAG_WRONG, 1, "--set has no value", "Write --set VALUE." },
        { { "--version", "--port" },
          KN_FLAG_WRONG,
          1,
          "--version has no value",
          "Write --version VALUE." },
        { { "--set", "node.port" },
          KN_FLAG_WRONG,
          2,
          "--set node.port: not KEY=VALUE",
          "Write for example --set node.port=8080; null takes a value away." },
        { { "--set", "node.port=" },
          KN_FLAG_WRONG,
          2,
          "--set node.port=: not KEY=VALUE",
          "Write for example --set node.port=8080; null takes a value away." },
        { { "--set", "=1" },
          KN_FLAG_WRONG,
          2,
          "--set …: not KEY=VALUE",
          "Write for example --set node.port=8080; null takes a value away." },
        { { "--set", "alerts.webhook_url:https://SECRET" },
          KN_FLAG_WRONG,
          2,
          "--set alerts.webhook_url…: not KEY=VALUE",
          "Write for example --set node.port=8080; null takes a value away." },
        { { "--set=node.port" },
          KN_FLAG_WRONG,
          1,
          "--set node.port: not KEY=VALUE",
          "Write for example --set node.port=8080; null takes a value away." },
        { { "--set", "node.prot=1" },
          KN_FLAG_WRONG,
          2,
          "--set node.prot: unknown key",
          "Did you mean node.port?" },
        { { "--set", "alerts.webhok_url=SECRET" },
          KN_FLAG_WRONG,
          2,
          "--set alerts.webhok_url: unknown key",
          "Did you mean alerts.webhook_url?" },
        { { "--prot", "1" }, KN_FLAG_UNKNOWN, 0, "unknown flag --prot", "" },
        { { "--prot=1" }, KN_FLAG_UNKNOWN, 0, "unknown flag --prot", "" },
        { { "--PORT", "1" }, KN_FLAG_UNKNOWN, 0, "unknown flag --PORT", "" },
        { { "-p" }, KN_FLAG_UNKNOWN, 0, "unknown flag -p", "" },
        { { "" }, KN_FLAG_UNKNOWN, 0, "unknown flag ", "" },
        { { "--" }, KN_FLAG_UNKNOWN, 0, "unknown flag --", "" },
        { { "--set node.port", "1" }, KN_FLAG_UNKNOWN, 0, "unknown flag --set node.port", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_arena *arena = kn_arena_new();
        struct kn_error err = { 0 };
        struct kn_flag flag = kn_flag_match(arena, cases[i].words, count(cases[i].words), &err);

        CHECK_EQ(cases[i].words[0], flag.kind, cases[i].kind);
        CHECK_EQ(cases[i].words[0], flag.used, cases[i].used);
        CHECK_STR(cases[i].words[0], err.text, cases[i].text);
        CHECK_STR(cases[i].words[0], err.hint, cases[i].hint);
        kn_arena_free(arena);
    }
}

static void config_and_home_are_no_settings(void **state)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_error err = { 0 };
    struct kn_flag flag = kn_flag_match(arena, WORDS("--config", "a=b"), 2, &err);

    (void)state;
    CHECK_EQ("--config", flag.kind, KN_FLAG_CONFIG);
    CHECK_STR("--config", flag.value, "a=b");
    CHECK_EQ("--config", flag.used, 2);
    flag = kn_flag_match(arena, WORDS("--home=/x=y"), 1, &err);
    CHECK_EQ("--home", flag.kind, KN_FLAG_HOME);
    CHECK_STR("--home", flag.value, "/x=y");
    CHECK_EQ("--home", flag.used, 1);
    kn_arena_free(arena);
}

static void a_value_may_begin_with_one_dash(void **state)
{
    struct kn_error err = { 0 };
    struct fixture f;

    (void)state;
    CHECK("-1", take_all(&f, WORDS("--start-block", "-1"), &err));
    CHECK_STR("-1", problems_text(&f.problems),
              "--start-block out-of-range model.start_block: -1 is outside 0..65535");
    fixture_end(&f);
    CHECK("--x", take_all(&f, WORDS("--model=--x"), &err));
    CHECK_STR("--x", won(&f, "model.name"), "--x");
    fixture_end(&f);
}

static void a_later_flag_is_stronger(void **state)
{
    struct kn_error err = { 0 };
    struct fixture f;

    (void)state;
    CHECK("port", take_all(&f, WORDS("--port", "1", "--set", "node.port=2", "--port=3"), &err));
    CHECK_STR("port", won(&f, "node.port"), "3");
    fixture_end(&f);
    CHECK("set", take_all(&f, WORDS("--port", "1", "--set", "node.port=2"), &err));
    CHECK_STR("set", won(&f, "node.port"), "2");
    fixture_end(&f);
}

/* proves: FR-3/--bootstrap */
static void repeated_bootstraps_are_kept_in_order_as_additions(void **state)
{
#define A "/ip4/1.2.3.4/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define B "/dns/b.org/tcp/8000/p2p/Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY"
    struct kn_error err = { 0 };
    const struct kn_layer *layer;
    struct fixture f;

    (void)state;
    CHECK("both", take_all(&f, WORDS("--bootstrap", B, "--bootstrap=" A), &err));
    layer = &f.layers.by_kind[KN_LAYER_CLI];
    CHECK_EQ("both", layer->n, 2);
    CHECK("both", layer->at[0].append && layer->at[1].append);
    CHECK_STR("first", value_text(layer->at[0].setting, &layer->at[0].value), B);
    CHECK_STR("second", value_text(layer->at[1].setting, &layer->at[1].value), A);
    CHECK_STR("additions win nothing alone", won(&f, "network.bootstrap_peers"), "nobody");
    fixture_end(&f);
}

static void wrong_values_name_the_flag(void **state)
{
    struct kn_error err = { 0 };
    struct fixture f;

    (void)state;
    CHECK(
        "all",
        take_all(&f, WORDS("--port", "70000", "--dtype=fp8", "--set", "logging.level=loud"), &err));
    CHECK_STR("all", problems_text(&f.problems),
              "--port out-of-range node.port: 70000 is outside 1..65535\n"
              "--dtype invalid-value model.dtype: unknown value \"fp8\" | It is one of auto, "
              "float16, bfloat16, float32.\n"
              "--set logging.level invalid-value logging.level: unknown value \"loud\" | It is one "
              "of error, warn, info, debug, trace.");
    fixture_end(&f);
}

static void every_flag_is_offered(void **state)
{
    static const char *const typos[][2] = { { "--prot", "--port" },
                                            { "--confg", "--config" },
                                            { "--bootsrap", "--bootstrap" },
                                            { "--dtpye", "--dtype" } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(typos); i++) {
        struct kn_nearest nearest = kn_nearest_to(typos[i][0]);

        kn_flag_offer_all(&nearest);
        CHECK_STR(typos[i][0], nearest.best, typos[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_take_the_next_word_or_what_follows_equals),
        cmocka_unit_test(every_setting_can_be_set_by_its_key),
        cmocka_unit_test(what_is_missing_or_unknown_is_told),
        cmocka_unit_test(config_and_home_are_no_settings),
        cmocka_unit_test(a_value_may_begin_with_one_dash),
        cmocka_unit_test(a_later_flag_is_stronger),
        cmocka_unit_test(repeated_bootstraps_are_kept_in_order_as_additions),
        cmocka_unit_test(wrong_values_name_the_flag),
        cmocka_unit_test(every_flag_is_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
