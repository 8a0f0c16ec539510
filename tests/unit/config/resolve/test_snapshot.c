/* Who wins, what it hides, and what is said about the losers. */
#include "config/resolve/fallback.h"
#include "lib/base/text.h"
#include "support/config_fixture.h"
#include "support/layers.h"

static void say(struct fixture *f, enum kn_layer_kind layer, const char *key, const char *word,
                bool append)
{
    const struct kn_origin origin = { .layer = layer,
                                      .name = kn_layer_word(layer),
                                      .age_s = layer == KN_LAYER_CACHE ? 60 : -1 };

    kn_layer_read_word(&f->source, kn_setting_find(key), word, &origin, append);
}

/* The fixture's arena goes over to the snapshot. */
static struct kn_snapshot *resolve(struct fixture *f)
{
    struct kn_snapshot *snapshot = NULL;

    kn_fallback_take(&f->source);
    CHECK_EQ("resolve", kn_snapshot_new(&f->layers, &snapshot), KN_OK);
    return snapshot;
}

static const struct kn_resolved *get(const struct kn_snapshot *snapshot, const char *key)
{
    return kn_snapshot_get(snapshot, kn_setting_find(key));
}

/* The layers of the assignments, strongest first: "cli env fallback". */
static const char *chain(const struct kn_resolved *resolved)
{
    size_t room, used = 0;
    char *out = text_slot(&room);

    out[0] = '\0';
    for (const struct kn_assignment *at = resolved->assignments; at != NULL; at = at->weaker)
        used += (size_t)snprintf(out + used, room - used, "%s%s", used > 0 ? " " : "",
                                 kn_layer_word(at->origin.layer));
    return out;
}

static void add_word(char *list, size_t room, const char *word)
{
    size_t used = strlen(list);

    (void)snprintf(list + used, room - used, "%s%s", used > 0 ? " " : "", word);
}

/* proves: FR-3/order, FR-5/5.1, FR-5/5.1.1, FR-5/5.1.2, FR-5/5.1.3, FR-5/5.1.4, FR-5/5.1.5,
 * NFR-3/3.3, TR-2/merge, UT/4, P1/3 */
static void the_strongest_layer_wins_in_every_combination(void **state)
{
    (void)state;
    for (unsigned set = 0; set < 1U << KN_LAYER_FALLBACK; set++) {
        struct kn_snapshot *snapshot;
        const struct kn_resolved *port;
        struct fixture f;
        char expected[64] = "", word[16];
        int winner = KN_LAYER_FALLBACK;

        fixture_begin(&f);
        for (int i = KN_LAYER_FALLBACK - 1; i >= 0; i--) {
            if ((set >> i & 1) == 0)
                continue;
            (void)snprintf(word, sizeof(word), "%d", 9000 + i);
            say(&f, (enum kn_layer_kind)i, "node.port", word, false);
            winner = i;
        }
        for (int i = 0; i < KN_LAYER_FALLBACK; i++) {
            if (set >> i & 1) {
                add_word(expected, sizeof(expected), kn_layer_word((enum kn_layer_kind)i));
            }
        }
        add_word(expected, sizeof(expected), "fallback");
        snapshot = resolve(&f);
        port = get(snapshot, "node.port");
        CHECK_EQ(expected, port->origin.layer, winner);
        CHECK_EQ(expected, port->value.is, winner == KN_LAYER_FALLBACK ? KN_AUTO : KN_GIVEN);
        CHECK_EQ(expected, port->value.integer, winner == KN_LAYER_FALLBACK ? 0 : 9000 + winner);
        CHECK_EQ(expected, kn_snapshot_config(snapshot)->node.port.value, port->value.integer);
        CHECK_EQ(expected, kn_resolved_is_explicit(port), winner <= KN_LAYER_FILE);
        CHECK_STR(expected, chain(port), expected);
        CHECK_EQ(expected, port->winner->origin.layer, winner);
        CHECK(expected, kn_snapshot_is_valid(snapshot));
        kn_snapshot_unref(snapshot);
    }
}

static void auto_hands_over_to_what_is_computed(void **state)
{
    static const struct {
        const char *name, *words[KN_LAYER_FALLBACK]; /* cli env file cache discovery */
        enum kn_layer_kind layer;
        const char *value;
    } cases[] = {
        { "auto hides a weaker one", { "auto", NULL, "9000" }, KN_LAYER_CLI, "auto" },
        { "and hands over to the cache", { "auto", "1", "2", "3", "4" }, KN_LAYER_CACHE, "3" },
        { "and to the discovery", { NULL, NULL, "auto", NULL, "4" }, KN_LAYER_DISCOVERY, "4" },
        { "a cached auto too", { "auto", NULL, NULL, "auto", "4" }, KN_LAYER_DISCOVERY, "4" },
        { "a stronger value hides auto", { "9000", "auto", NULL, "3" }, KN_LAYER_CLI, "9000" },
        { "nobody computed one", { NULL, "auto" }, KN_LAYER_ENV, "auto" },
        { "a wrong computed one is none",
          { "auto", NULL, NULL, "0", "4" },
          KN_LAYER_DISCOVERY,
          "4" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_snapshot *snapshot;
        struct fixture f;

        fixture_begin(&f);
        for (int j = 0; j < KN_LAYER_FALLBACK; j++) {
            if (cases[i].words[j] != NULL)
                say(&f, (enum kn_layer_kind)j, "node.port", cases[i].words[j], false);
        }
        snapshot = resolve(&f);
        CHECK_STR(cases[i].name, got(snapshot, "node.port"), cases[i].value);
        CHECK_EQ(cases[i].name, get(snapshot, "node.port")->origin.layer, cases[i].layer);
        kn_snapshot_unref(snapshot);
    }
}

#define A "/ip4/1.2.3.4/tcp/1/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define B "/ip4/1.2.3.4/tcp/2/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define C "/ip4/1.2.3.4/tcp/3/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define PEERS "network.bootstrap_peers"

/* proves: FR-3/--bootstrap */
static void bootstraps_are_added_to_the_list_that_wins(void **state)
{
    static const struct {
        const char *name, *words[8], *env, *file, *value, *origin, *text;
    } cases[] = {
        { "the built-in list gives way", { "--bootstrap", A }, NULL, "", A, "--bootstrap", NULL },
        { "in order",
          { "--bootstrap", B, "--bootstrap", A },
          NULL,
          "",
          B "," A,
          "--bootstrap",
          NULL },
        { "twice is once",
          { "--bootstrap", A, "--bootstrap", A },
          NULL,
          "",
          A,
          "--bootstrap",
          NULL },
        { "behind the file's",
          { "--bootstrap", A },
          NULL,
          PEERS,
          B "," A,
          "c.yaml:2:20",
          "and 1 from --bootstrap" },
        { "behind the variable's",
          { "--bootstrap", A },
          "INITIAL_PEERS=" C,
          PEERS,
          C "," A,
          "INITIAL_PEERS",
          "and 1 from --bootstrap" },
        { "behind --set, wherever it stands",
          { "--bootstrap", A, "--set", PEERS "=" C },
          "INITIAL_PEERS=" B,
          PEERS,
          C "," A,
          "--set " PEERS,
          "and 1 from --bootstrap" },
        { "one that is there already",
          { "--bootstrap", B },
          NULL,
          PEERS,
          B,
          "c.yaml:2:20",
          "and 0 from --bootstrap" },
        { "--set replaces",
          { "--set", PEERS "=" C },
          "INITIAL_PEERS=" B,
          PEERS,
          C,
          "--set " PEERS,
          NULL },
        { "later --set replaces",
          { "--set", PEERS "=" C, "--set", PEERS "=" A },
          NULL,
          "",
          A,
          "--set " PEERS,
          NULL },
        { "behind nothing",
          { "--set", PEERS "=null", "--bootstrap", A },
          NULL,
          PEERS,
          A,
          "--bootstrap",
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *const environment[] = { cases[i].env, NULL };
        struct kn_snapshot *snapshot =
            load_text(cases[i].file[0] != '\0' ? "network:\n  bootstrap_peers: [" B "]\n" : "",
                      cases[i].words, environment);

        CHECK_STR(cases[i].name, problems_text(kn_snapshot_problems(snapshot)), "");
        CHECK_STR(cases[i].name, got(snapshot, PEERS), cases[i].value);
        CHECK_STR(cases[i].name, origin(snapshot, PEERS), cases[i].origin);
        CHECK_STR(cases[i].name, get(snapshot, PEERS)->origin.text, cases[i].text);
        kn_snapshot_unref(snapshot);
    }
}

/* A list in the file at its limit, and one more peer on the command line. */
static void added_peers_count_against_the_limit_of_a_list(void **state)
{
    static const char id[] = "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc";
    struct kn_text text = { 0 };
    struct kn_snapshot *snapshot;

    (void)state;
    kn_text_add(&text, "network:\n  bootstrap_peers:\n");
    for (unsigned i = 1; i <= KN_LIST_MAX; i++)
        kn_text_addf(&text, "    - /ip4/192.0.2.1/tcp/%u/p2p/%s\n", i, id);
    snapshot = load_text(kn_text_get(&text), NO_WORDS, NULL);
    CHECK("at the limit", kn_snapshot_is_valid(snapshot));
    kn_snapshot_unref(snapshot);
    snapshot = load_text(kn_text_get(&text), WORDS("--bootstrap", A), NULL);
    CHECK("one past it", !kn_snapshot_is_valid(snapshot));
    CHECK_STR("one past it", kn_snapshot_problems(snapshot)->at[0].message,
              "the list has more than 4096 items");
    kn_snapshot_unref(snapshot);
    kn_text_done(&text);
}

static void a_wrong_bootstrap_is_an_error_wherever_it_stands(void **state)
{
    struct kn_snapshot *snapshot =
        load_text("", WORDS("--bootstrap", "nonsense", "--set", PEERS "=" A), NULL);

    (void)state;
    CHECK("invalid", !kn_snapshot_is_valid(snapshot));
    CHECK("invalid", !get(snapshot, PEERS)->valid);
    kn_snapshot_unref(snapshot);
}

/* proves: FR-4/4.6 */
static void a_mistake_that_lost_is_a_warning(void **state)
{
    static const struct {
        const char *name, *flag, *env, *problems;
        bool valid;
    } cases[] = {
        { "hidden by a flag", "node.port=9000", NULL,
          "c.yaml:2:9 hidden node.port: \"abc\" is not a whole number", true },
        { "hidden by a variable", NULL, "KWAAINET_PORT=9000",
          "c.yaml:2:9 hidden node.port: \"abc\" is not a whole number", true },
        { "hidden by auto", "node.port=auto", NULL,
          "c.yaml:2:9 hidden node.port: \"abc\" is not a whole number", true },
        { "not hidden", "node.name=abc", NULL,
          "c.yaml:2:9 wrong-type node.port: \"abc\" is not a whole number", false },
        { "both wrong", "node.port=x", NULL,
          "--set node.port wrong-type node.port: \"x\" is not a whole number\n"
          "c.yaml:2:9 hidden node.port: \"abc\" is not a whole number",
          false },
        { "a wrong variable below a flag", "node.port=9000", "KWAAINET_PORT=y",
          "KWAAINET_PORT hidden node.port: \"y\" is not a whole number\n"
          "c.yaml:2:9 hidden node.port: \"abc\" is not a whole number",
          true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *const words[] = { "--set", cases[i].flag, NULL };
        const char *const environment[] = { cases[i].env, NULL };
        struct kn_snapshot *snapshot = load_text(
            "node:\n  port: abc\n", cases[i].flag != NULL ? words : NO_WORDS, environment);

        CHECK_STR(cases[i].name, problems_text(kn_snapshot_problems(snapshot)), cases[i].problems);
        CHECK_EQ(cases[i].name, kn_snapshot_is_valid(snapshot), cases[i].valid);
        kn_snapshot_unref(snapshot);
    }
}

static void four_hundred_lost_mistakes_are_warnings_too(void **state)
{
    static char yaml[8192];
    size_t used = (size_t)snprintf(yaml, sizeof(yaml), "network:\n  bootstrap_peers:\n");
    struct kn_snapshot *snapshot;

    (void)state;
    for (int i = 0; i < 400; i++)
        used += (size_t)snprintf(yaml + used, sizeof(yaml) - used, "  - wrong%d\n", i);
    snapshot = load_text(yaml, WORDS("--set", PEERS "=" A), NULL);
    CHECK_EQ("errors", kn_snapshot_problems(snapshot)->errors, 0);
    CHECK("valid", kn_snapshot_is_valid(snapshot));
    kn_snapshot_unref(snapshot);
}

static void a_wrong_winner_leaves_the_fallback_and_is_marked(void **state)
{
    struct kn_snapshot *snapshot = load_text("dht: {announce_interval: soon}\n", NO_WORDS, NULL);
    const struct kn_resolved *interval = get(snapshot, "dht.announce_interval");

    (void)state;
    CHECK("marked", !interval->valid && !kn_snapshot_is_valid(snapshot));
    CHECK_STR("fallback", got(snapshot, "dht.announce_interval"), "2m");
    CHECK_STR("place", origin(snapshot, "dht.announce_interval"), "c.yaml:1:26");
    CHECK_EQ("struct", kn_snapshot_config(snapshot)->dht.announce_interval.ms, 120000);
    kn_snapshot_unref(snapshot);
}

static void what_has_no_effect_yet_is_said_when_somebody_sets_it(void **state)
{
    struct kn_snapshot *snapshot = load_text("dht: {announce: true}\n", NO_WORDS, NULL);
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    const struct kn_setting *setting = kn_setting_find("dht.announce");

    (void)state;
    CHECK_EQ("once", problems->n, setting->obeyed_by == NULL ? 1 : 0);
    for (size_t i = 0; i < problems->n; i++) {
        CHECK_STR("text", problem_text(&problems->at[i]),
                  "c.yaml:1:17 no-effect dht.announce: accepted, has no effect yet");
        CHECK("valid", kn_snapshot_is_valid(snapshot));
    }
    kn_snapshot_unref(snapshot);
}

static void the_last_reference_frees(void **state)
{
    struct kn_snapshot *snapshot = load_text("", NO_WORDS, NULL);

    (void)state;
    CHECK("same", kn_snapshot_ref(snapshot) == snapshot);
    kn_snapshot_unref(snapshot);
    CHECK_STR("still there", got(snapshot, "node.port"), "auto");
    kn_snapshot_unref(snapshot);
    kn_snapshot_unref(NULL);
}

static void a_difference_is_a_walk_over_the_table(void **state)
{
    struct kn_snapshot *a =
        load_text("node: {port: 1024}\nlogging: {level: debug}\n", NO_WORDS, NULL);
    struct kn_snapshot *b = load_text("logging: {level: info}\nnode: {port: 1024}\ndht: "
                                      "{announce_interval: 120s}\nmodel: {path: null}\n",
                                      NO_WORDS, NULL);
    size_t at = 0;

    (void)state;
    CHECK_STR("the only one", kn_snapshot_diff(a, b, &at)->key, "logging.level");
    CHECK("no more", kn_snapshot_diff(a, b, &at) == NULL);
    CHECK("no more", kn_snapshot_diff(a, b, &at) == NULL);
    at = 0;
    CHECK("itself", kn_snapshot_diff(a, a, &at) == NULL);
    kn_snapshot_unref(a);
    kn_snapshot_unref(b);
}

static void five_kinds_of_nothing_stay_different(void **state)
{
    static const struct {
        const char *yaml, *value, *origin;
        enum kn_presence is;
    } cases[] = {
        { "resources: {max_open_files: 0}\n", "0", "c.yaml:1:29", KN_GIVEN },
        { "resources: {}\n", "4096", "fallback", KN_GIVEN },
        { "resources:\n  max_open_files:\n", "4096", "fallback", KN_GIVEN },
    };
    struct kn_snapshot *snapshot;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        snapshot = load_text(cases[i].yaml, NO_WORDS, NULL);
        CHECK_STR(cases[i].yaml, got(snapshot, "resources.max_open_files"), cases[i].value);
        CHECK_STR(cases[i].yaml, origin(snapshot, "resources.max_open_files"), cases[i].origin);
        kn_snapshot_unref(snapshot);
    }
    snapshot =
        load_text("resources: {max_memory_gb: null}\nstate: {adapters: []}\n", NO_WORDS, NULL);
    CHECK_EQ("null", get(snapshot, "resources.max_memory_gb")->value.is, KN_NONE);
    CHECK_EQ("empty", get(snapshot, "state.adapters")->value.is, KN_GIVEN);
    CHECK_EQ("empty", get(snapshot, "state.adapters")->value.texts.n, 0);
    kn_snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_layer_wins_in_every_combination),
        cmocka_unit_test(auto_hands_over_to_what_is_computed),
        cmocka_unit_test(bootstraps_are_added_to_the_list_that_wins),
        cmocka_unit_test(added_peers_count_against_the_limit_of_a_list),
        cmocka_unit_test(a_wrong_bootstrap_is_an_error_wherever_it_stands),
        cmocka_unit_test(a_mistake_that_lost_is_a_warning),
        cmocka_unit_test(four_hundred_lost_mistakes_are_warnings_too),
        cmocka_unit_test(a_wrong_winner_leaves_the_fallback_and_is_marked),
        cmocka_unit_test(what_has_no_effect_yet_is_said_when_somebody_sets_it),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(a_difference_is_a_walk_over_the_table),
        cmocka_unit_test(five_kinds_of_nothing_stay_different),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
