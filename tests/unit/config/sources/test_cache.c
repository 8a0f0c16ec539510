/* What an earlier start found out: used when it fits, left out with a word when it does not. */
#include "config/sources/cache.h"
#include "support/layers.h"

#define A_ID "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define B_ID "Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY"
#define A "/ip4/1.2.3.4/tcp/80/p2p/" A_ID
#define B "/dns/b.org/tcp/8000/p2p/" B_ID
#define NOW INT64_C(1795429800) /* 2026-11-23T10:30:00Z */

#define HEAD(time, ids) "discovery:\n  timestamp: \"" time "\"\n  bootstraps: [" ids "]\n"
#define FRESH HEAD("2026-11-23T09:30:00Z", A_ID ", " B_ID)
#define PLAN                                                                      \
    "  settings:\n    node: {port: 8082}\n    model: {name: m, start_block: 68, " \
    "end_block: 80}\n  reasons:\n    model.name: most popular\n"
#define LEFT_OUT(text) "cache.yaml cache " text " | The next start builds it anew."

struct cache_case {
    const char *name;
    const char *explicit_words; /* "key=word key+=word", of the command line */
    const char *yaml;
    const char *values, *problems;
};

static void say(struct fixture *f, const char *words)
{
    char copy[1024], *next;

    (void)snprintf(copy, sizeof(copy), "%s", words);
    for (char *pair = copy; *pair != '\0'; pair = next) {
        struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "--set", .age_s = -1 };
        char *equals = strchr(pair, '=');
        bool append = equals[-1] == '+';

        next = pair + strcspn(pair, " ");
        if (*next != '\0')
            *next++ = '\0';
        equals[append ? -1 : 0] = '\0';
        if (pair[0] == '.') { /* of the built-in layer */
            origin.layer = KN_LAYER_FALLBACK;
            pair++;
        }
        CHECK(pair, kn_setting_find(pair) != NULL);
        kn_layer_read_word(&f->source, kn_setting_find(pair), equals + 1, &origin, append);
    }
}

static const char *values_text(const struct kn_layer *layer)
{
    size_t room, used = 0;
    char *out = text_slot(&room);

    out[0] = '\0';
    for (size_t i = 0; i < layer->n; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%s=%s", i > 0 ? " " : "",
                                 layer->at[i].setting->key,
                                 value_text(layer->at[i].setting, &layer->at[i].value));
    return out;
}

static void check(const struct cache_case *c, bool discovery)
{
    struct fixture f;

    fixture_begin(&f);
    say(&f, c->explicit_words);
    (discovery ? kn_cache_take_discovery : kn_cache_take_calibration)(
        &f.source, fixture_parse(&f, c->yaml), "cache.yaml", NOW);
    CHECK_STR(c->name, values_text(&f.layers.by_kind[KN_LAYER_CACHE]), c->values);
    CHECK_STR(c->name, problems_text(&f.problems), c->problems);
    CHECK_EQ(c->name, f.problems.errors, 0);
    fixture_end(&f);
}

#define BUILT_IN ".network.bootstrap_peers=" A "," B
#define ALL "node.port=8082 model.name=m model.start_block=68 model.end_block=80"
#define OTHER_SWARM LEFT_OUT("the cache is of another swarm and was left out")
#define UNREADABLE LEFT_OUT("the cache is not readable and was left out")
#define SOME_WRONG LEFT_OUT("some values of the cache are wrong and were left out")

/* proves: FR-5/5.1.3 */
static void discovery_is_used_when_it_fits(void **state)
{
    static const struct cache_case cases[] = {
        { "fresh", BUILT_IN, FRESH PLAN, ALL, "" },
        { "named peers", "network.bootstrap_peers=" B "," A, FRESH PLAN, ALL, "" },
        { "appended over the built-in ones", BUILT_IN " network.bootstrap_peers+=" A,
          HEAD("2026-11-23T09:30:00Z", A_ID) PLAN, ALL, "" },
        { "appended over named ones", "network.bootstrap_peers=" A " network.bootstrap_peers+=" B,
          FRESH PLAN, ALL, "" },
        { "exactly a day", BUILT_IN, HEAD("2026-11-22T10:30:00Z", A_ID ", " B_ID) PLAN, ALL, "" },
        { "from the future", BUILT_IN, HEAD("2026-11-24T10:30:00Z", A_ID ", " B_ID) PLAN, ALL, "" },
        { "its own model", BUILT_IN " model.name=m", FRESH PLAN, ALL, "" },
        { "model auto", BUILT_IN " model.name=auto", FRESH PLAN, ALL, "" },
        { "no settings", BUILT_IN, FRESH, "", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i], true);
}

/* proves: FR-5/5.3.2, MS-2.3/6 */
static void a_stale_cache_is_used_with_a_warning(void **state)
{
    static const struct cache_case stale = {
        "a day and a second", BUILT_IN, HEAD("2026-11-22T10:29:59Z", A_ID ", " B_ID) PLAN, ALL,
        LEFT_OUT("the cache is older than 24 hours; it is used until it is refreshed")
    };

    (void)state;
    check(&stale, true);
}

static void a_cache_of_another_swarm_is_left_out(void **state)
{
    static const struct cache_case cases[] = {
        { "one peer more", "network.bootstrap_peers=" A "," B,
          HEAD("2026-11-23T09:30:00Z", A_ID) PLAN, "", OTHER_SWARM },
        { "one peer fewer", "network.bootstrap_peers=" A, FRESH PLAN, "", OTHER_SWARM },
        { "another peer", "network.bootstrap_peers=" A, HEAD("2026-11-23T09:30:00Z", B_ID) PLAN, "",
          OTHER_SWARM },
        { "the built-in ones gave way", BUILT_IN " network.bootstrap_peers+=" A, FRESH PLAN, "",
          OTHER_SWARM },
        { "one appended", "network.bootstrap_peers=" A " network.bootstrap_peers+=" B,
          HEAD("2026-11-23T09:30:00Z", A_ID) PLAN, "", OTHER_SWARM },
        { "none named", "network.bootstrap_peers=null", FRESH PLAN, "", OTHER_SWARM },
        { "none cached", BUILT_IN, HEAD("2026-11-23T09:30:00Z", "") PLAN, "", OTHER_SWARM },
        { "no list", BUILT_IN, "discovery:\n  timestamp: \"2026-11-23T09:30:00Z\"\n" PLAN, "",
          OTHER_SWARM },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i], true);
}

static void a_plan_for_something_else_is_left_out(void **state)
{
    static const struct cache_case cases[] = {
        { "another model", BUILT_IN " model.name=other", FRESH PLAN, "node.port=8082", "" },
        { "a pinned start", BUILT_IN " model.start_block=3", FRESH PLAN,
          "node.port=8082 model.name=m", "" },
        { "a pinned end", BUILT_IN " model.end_block=3", FRESH PLAN, "node.port=8082 model.name=m",
          "" },
        { "another count", BUILT_IN " model.blocks=4", FRESH PLAN, "node.port=8082 model.name=m",
          "" },
        { "the same count", BUILT_IN " model.blocks=12", FRESH PLAN, ALL, "" },
        { "the same start", BUILT_IN " model.start_block=68", FRESH PLAN, ALL, "" },
        { "auto pins nothing", BUILT_IN " model.start_block=auto model.blocks=auto", FRESH PLAN,
          ALL, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i], true);
}

static void a_broken_cache_is_left_out_with_one_word(void **state)
{
    static const struct cache_case cases[] = {
        { "empty", BUILT_IN, "", "", UNREADABLE },
        { "no map", BUILT_IN, "- a\n", "", UNREADABLE },
        { "a word", BUILT_IN, "discovery: yes\n", "", UNREADABLE },
        { "no time", BUILT_IN, "discovery: {bootstraps: [" A_ID "]}\n", "", UNREADABLE },
        { "no such time", BUILT_IN, HEAD("yesterday", A_ID) PLAN, "", UNREADABLE },
        { "unclosed", BUILT_IN, FRESH "  settings: {\n", "", UNREADABLE },
        { "a key twice", BUILT_IN, FRESH "  settings: {}\n  settings: {}\n", "", UNREADABLE },
        { "a wrong value", BUILT_IN, FRESH "  settings: {node: {port: 0}, model: {name: m}}\n",
          "model.name=m", SOME_WRONG },
        { "an unknown key", BUILT_IN, FRESH "  settings: {node: {prot: 1}, model: {name: m}}\n",
          "model.name=m", SOME_WRONG },
        { "a section as a word", BUILT_IN, FRESH "  settings: {node: 1, model: {name: m}}\n",
          "model.name=m", SOME_WRONG },
        { "auto says nothing", BUILT_IN, FRESH "  settings: {model: {name: auto}}\n", "", "" },
        { "a null that is a word", BUILT_IN,
          FRESH "  settings: {model: {name: \"null\", start_block: 3}}\n", "model.start_block=3",
          SOME_WRONG },
        { "a null for a number", BUILT_IN,
          FRESH "  settings: {node: {port: \"null\"}, model: {name: m}}\n", "model.name=m",
          SOME_WRONG },
        { "a null", BUILT_IN,
          FRESH "  settings: {node: {port: null}, model: {name: m, start_block: null}}\n",
          "model.name=m", SOME_WRONG },
        { "a null for a word", BUILT_IN, FRESH "  settings: {model: {dtype: \"null\"}}\n", "",
          SOME_WRONG },
        { "a null for a name", BUILT_IN, FRESH "  settings: {node: {name: \"null\"}}\n", "",
          SOME_WRONG },
        { "no machine decides that", BUILT_IN,
          FRESH "  settings: {alerts: {command: rm}, network: {bootstrap_peers: [" A "]}}\n", "",
          SOME_WRONG },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i], true);
}

#define PROFILE                                                                            \
    "calibration:\n  model: \"Llama-3.3-70B-Instruct\"\n  total_blocks: 80\n  hardware:\n" \
    "    total_memory: 34359738368\n    available_memory: 25769803776\n"                   \
    "    gpu_type: \"mps\"\n    architecture: \"arm64\"\n  profiles:\n"                    \
    "    min: { blocks: 1, memory: 1073741824 }\n"                                         \
    "    recommended: { blocks: 12, memory: 12884901888 }\n"                               \
    "    max: { blocks: 18, memory: 19327352832 }\n  timestamp: \"2025-12-14T10:30:00Z\"\n"

static void calibration_gives_the_blocks_of_the_preset(void **state)
{
    static const struct cache_case cases[] = {
        { "no preset", "", PROFILE, "model.blocks=12 model.total_blocks=80", "" },
        { "min", "calibration.preset=min", PROFILE, "model.blocks=1 model.total_blocks=80", "" },
        { "recommended", "calibration.preset=recommended", PROFILE,
          "model.blocks=12 model.total_blocks=80", "" },
        { "max", "calibration.preset=max", PROFILE, "model.blocks=18 model.total_blocks=80", "" },
        { "its model", "model.name=Llama-3.3-70B-Instruct", PROFILE,
          "model.blocks=12 model.total_blocks=80", "" },
        { "another model", "model.name=other", PROFILE, "", "" },
        { "both ends", "model.start_block=0 model.end_block=8", PROFILE, "model.total_blocks=80",
          "" },
        { "one end", "model.start_block=0", PROFILE, "model.blocks=12 model.total_blocks=80", "" },
        { "no profile", "",
          "calibration: {model: m, total_blocks: 80, timestamp: \"2025-12-14T10:30:00Z\"}\n",
          "model.total_blocks=80", "" },
        { "no model", "", "calibration: {total_blocks: 80, timestamp: \"2025-12-14T10:30:00Z\"}\n",
          "", UNREADABLE },
        { "its model is null", "",
          "calibration: {model: null, total_blocks: 80, timestamp: \"2025-12-14T10:30:00Z\"}\n", "",
          UNREADABLE },
        { "its model is a quoted null", "",
          "calibration: {model: \"null\", total_blocks: 80, timestamp: "
          "\"2025-12-14T10:30:00Z\"}\n",
          "model.total_blocks=80", "" },
        { "wrong numbers", "",
          "calibration: {model: m, total_blocks: many, profiles: {recommended: {blocks: 0}}, "
          "timestamp: \"2025-12-14T10:30:00Z\"}\n",
          "", SOME_WRONG },
        { "broken", "", "calibration: [\n", "", UNREADABLE },
        { "another program's", "", "hardware: {}\n", "", UNREADABLE },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i], false);
}

#define MADE_FOR(settings)                                                      \
    "calibration: {model: m, profiles: {recommended: {blocks: 3}}, timestamp: " \
    "\"2025-12-14T10:30:00Z\", fingerprint: aa, settings: " settings "}\n"
#define AS_THEY_WERE "{model.dtype: auto, resources.max_memory_gb: auto}"
#define OTHER_SETTINGS LEFT_OUT("the cache was made for other settings and was left out")

static void calibration_belongs_to_its_settings(void **state)
{
    static const struct cache_case cases[] = {
        { "nothing asked for", "", MADE_FOR(AS_THEY_WERE), "model.blocks=3", "" },
        { "auto and null ask for nothing", "model.dtype=auto resources.max_memory_gb=null",
          MADE_FOR(AS_THEY_WERE), "model.blocks=3", "" },
        { "a quoted null is no auto", "",
          MADE_FOR("{model.dtype: \"null\", resources.max_memory_gb: auto}"), "", OTHER_SETTINGS },
        { "something else", "node.port=80", MADE_FOR(AS_THEY_WERE), "model.blocks=3", "" },
        { "a type now", "model.dtype=float16", MADE_FOR(AS_THEY_WERE), "", OTHER_SETTINGS },
        { "a limit now", "resources.max_memory_gb=4", MADE_FOR(AS_THEY_WERE), "", OTHER_SETTINGS },
        { "the same type", "model.dtype=float16", MADE_FOR("{model.dtype: float16}"),
          "model.blocks=3", "" },
        { "another type", "model.dtype=float32", MADE_FOR("{model.dtype: float16}"), "",
          OTHER_SETTINGS },
        { "no type any more", "", MADE_FOR("{model.dtype: float16}"), "", OTHER_SETTINGS },
        { "the same limit in other words", "resources.max_memory_gb=4096MiB",
          MADE_FOR("{resources.max_memory_gb: 4GiB}"), "model.blocks=3", "" },
        { "a setting that is none", "", MADE_FOR("{model.dtpye: auto}"), "model.blocks=3", "" },
        { "one that cannot be compared", "", MADE_FOR("{model.dtype: [auto]}"), "",
          OTHER_SETTINGS },
        { "no map", "", MADE_FOR("auto"), "model.blocks=3", "" },
        { "no blocks fitted", "",
          "calibration: {model: m, total_blocks: 80, profiles: {recommended: {blocks: 0}}, "
          "timestamp: \"2025-12-14T10:30:00Z\"}\n",
          "model.total_blocks=80", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i], false);
}

static void calibration_belongs_to_its_machine(void **state)
{
    static const struct {
        const char *machine, *values, *problems;
    } cases[] = {
        { NULL, "model.blocks=3", "" },
        { "aa", "model.blocks=3", "" },
        { "ab", "", LEFT_OUT("the cache is of another machine and was left out") },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *name = cases[i].machine != NULL ? cases[i].machine : "not asked";
        struct fixture f;

        fixture_begin(&f);
        f.source.machine = cases[i].machine;
        kn_cache_take_calibration(&f.source, fixture_parse(&f, MADE_FOR(AS_THEY_WERE)),
                                  "cache.yaml", NOW);
        CHECK_STR(name, values_text(&f.layers.by_kind[KN_LAYER_CACHE]), cases[i].values);
        CHECK_STR(name, problems_text(&f.problems), cases[i].problems);
        fixture_end(&f);
    }
}

static void origins_tell_age_place_and_reason(void **state)
{
    const struct kn_assignment *found;
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    say(&f, BUILT_IN);
    kn_cache_take_discovery(&f.source, fixture_parse(&f, FRESH PLAN), "cache.yaml", NOW);
    found = kn_layers_find(&f.layers, kn_setting_find("model.name"));
    CHECK_EQ("age", found->origin.age_s, 3600);
    CHECK_STR("reason", found->origin.text, "most popular");
    CHECK_STR("file", found->origin.name, "cache.yaml");
    CHECK_EQ("line", found->origin.line, 6);
    CHECK_EQ("column", found->origin.column, 19);
    found = kn_layers_find(&f.layers, kn_setting_find("node.port"));
    CHECK_STR("no reason", found->origin.text, NULL);
    fixture_end(&f);
    fixture_begin(&f);
    kn_cache_take_calibration(&f.source, fixture_parse(&f, PROFILE), "cache.yaml", NOW);
    found = kn_layers_find(&f.layers, kn_setting_find("model.blocks"));
    CHECK_STR("preset", found->origin.text, "calibrated, recommended preset");
    fixture_end(&f);
}

/* proves: TR-1/chrono */
static void times_are_those_of_rfc_3339_in_utc(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: none */
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },          { "1970-01-01T00:00:59Z", 59 },
        { "2000-02-29T12:00:00Z", 951825600 },  { "2024-02-29T23:59:59Z", 1709251199 },
        { "2026-11-23T10:30:00Z", NOW },        { "2100-03-01T00:00:00Z", INT64_C(4107542400) },
        { "2016-12-31T23:59:60Z", 1483228800 }, { "2026-13-01T00:00:00Z", -1 },
        { "2026-00-01T00:00:00Z", -1 },         { "2026-01-00T00:00:00Z", -1 },
        { "2026-01-32T00:00:00Z", -1 },         { "2026-01-01T24:00:00Z", -1 },
        { "2026-01-01T00:60:00Z", -1 },         { "2026-01-01T00:00:61Z", -1 },
        { "2026-01-01 00:00:00Z", -1 },         { "2026-01-01T00:00:00", -1 },
        { "2026-01-01T00:00:00+00:00", -1 },    { "2026-1-01T00:00:00Z", -1 },
        { "2026-01-0aT00:00:00Z", -1 },         { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        int64_t seconds = -1;

        CHECK_EQ(cases[i].text, kn_time_parse(cases[i].text, &seconds), cases[i].seconds >= 0);
        CHECK_EQ(cases[i].text, seconds, cases[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discovery_is_used_when_it_fits),
        cmocka_unit_test(a_stale_cache_is_used_with_a_warning),
        cmocka_unit_test(a_cache_of_another_swarm_is_left_out),
        cmocka_unit_test(a_plan_for_something_else_is_left_out),
        cmocka_unit_test(a_broken_cache_is_left_out_with_one_word),
        cmocka_unit_test(calibration_gives_the_blocks_of_the_preset),
        cmocka_unit_test(calibration_belongs_to_its_settings),
        cmocka_unit_test(calibration_belongs_to_its_machine),
        cmocka_unit_test(origins_tell_age_place_and_reason),
        cmocka_unit_test(times_are_those_of_rfc_3339_in_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
