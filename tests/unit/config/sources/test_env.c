/* The environment as a layer. */
#include "config/sources/env.h"
#include "support/layers.h"

static void take(struct fixture *f, const char *const *environment)
{
    fixture_begin(f);
    kn_env_take(&f->source, environment);
}

#define TAKE(f, ...) take(f, (const char *const[]){ __VA_ARGS__, NULL })

static const char *won(const struct fixture *f, const char *key)
{
    const struct kn_assignment *found = kn_layers_find(&f->layers, kn_setting_find(key));

    return found == NULL  ? "nobody"
           : found->valid ? value_text(found->setting, &found->value)
                          : "WRONG";
}

/* A word that the setting takes and that is not its fallback. */
static const char *sample(const struct kn_setting *s)
{
    static char word[64];

    if (s->words != NULL)
        return s->words[0].name;
    if (s->type == &kn_type_bool)
        return "true";
    if (s->type == &kn_type_multiaddr_list)
        return "/ip4/1.2.3.4/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc";
    if (s->type == &kn_type_schedule_list)
        return "[]";
    if (s->type == &kn_type_path)
        return "/some/path";
    if (strcmp(s->key, "logging.modules") == 0)
        return "network=debug";
    if (strstr(s->key, "device") != NULL)
        return "cpu";
    if (strstr(s->key, "version") != NULL)
        return "1.2.3";
    if (strstr(s->key, "_ip") != NULL)
        return "1.2.3.4";
    if (strstr(s->key, "url") != NULL || strstr(s->key, "endpoint") != NULL)
        return "https://example.org";
    if (strcmp(s->key, "alerts.email") == 0)
        return "a@b";
    if (s->type->shape == KN_SHAPE_TEXT || s->type->shape == KN_SHAPE_LIST)
        return "word";
    (void)snprintf(word, sizeof(word), "%.17g", s->range.max);
    return word;
}

/* proves: FR-5/5.1 */
static void every_setting_has_its_variable(void **state)
{
    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const struct kn_setting *s = &kn_settings[i];
        char variable[KN_SETTING_VARIABLE_SIZE], entry[256];
        const struct kn_assignment *found;
        struct fixture f;

        kn_setting_variable(s, variable);
        (void)snprintf(entry, sizeof(entry), "%s=%s", variable, sample(s));
        TAKE(&f, "PATH=/bin", entry);
        CHECK_STR(entry, problems_text(&f.problems), "");
        found = kn_layers_find(&f.layers, s);
        CHECK(entry, found != NULL && found->valid);
        CHECK_EQ(entry, f.layers.by_kind[KN_LAYER_ENV].n, 1);
        CHECK_STR(entry, found->origin.name, variable);
        CHECK_EQ(entry, found->origin.layer, KN_LAYER_ENV);
        fixture_end(&f);
    }
}

static void older_names_work_and_are_weaker(void **state)
{
    static const struct {
        const char *alias, *word, *key, *value;
    } cases[] = {
        { "KWAAINET_PORT", "9000", "node.port", "9000" },
        { "KWAAINET_MODEL", "m", "model.name", "m" },
        { "KWAAINET_BLOCKS", "4", "model.blocks", "4" },
        { "KWAAINET_LOG_LEVEL", "debug", "logging.level", "debug" },
        { "KWAAINET_MAX_MEMORY", "16GiB", "resources.max_memory_gb", "16GiB" },
        { "PUBLIC_NAME", "abc", "node.name", "abc" },
        { "PUBLIC_IP", "1.2.3.4", "network.public_ip", "1.2.3.4" },
        { "ANNOUNCE_ADDR", "/ip4/1.2.3.4/tcp/1", "network.announce_addrs", "/ip4/1.2.3.4/tcp/1" },
        { "INITIAL_PEERS", "/ip4/1.2.3.4/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc",
          "network.bootstrap_peers",
          "/ip4/1.2.3.4/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc" },
    };
    size_t aliases = 0;

    (void)state;
    for (size_t i = 0; i < kn_setting_count; i++)
        aliases += kn_settings[i].alias != NULL;
    CHECK_EQ("all of the table", aliases, KN_COUNT(cases));
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_setting *s = kn_setting_find(cases[i].key);
        char variable[KN_SETTING_VARIABLE_SIZE], older[256], newer[256];
        struct fixture f;

        kn_setting_variable(s, variable);
        (void)snprintf(older, sizeof(older), "%s=%s", cases[i].alias, cases[i].word);
        (void)snprintf(newer, sizeof(newer), "%s=%s", variable,
                       s->accepts & KN_ACCEPTS_AUTO ? "auto" : sample(s));
        TAKE(&f, older);
        CHECK_STR(older, problems_text(&f.problems), "");
        CHECK_STR(older, won(&f, cases[i].key), cases[i].value);
        CHECK_STR(older, kn_layers_find(&f.layers, s)->origin.name, cases[i].alias);
        fixture_end(&f);
        TAKE(&f, newer, older);
        CHECK_STR(older, kn_layers_find(&f.layers, s)->origin.name, variable);
        fixture_end(&f);
        TAKE(&f, older, newer);
        CHECK_STR(older, kn_layers_find(&f.layers, s)->origin.name, variable);
        fixture_end(&f);
    }
}

static void an_unknown_variable_is_told_with_the_nearest(void **state)
{
    static const struct {
        const char *entry, *problems;
    } cases[] = {
        { "KWAAINET_NODE_PROT=1", "KWAAINET_NODE_PROT unknown-variable the variable names no "
                                  "setting | Did you mean KWAAINET_NODE_PORT?" },
        { "KWAAINET_PROT=1", "KWAAINET_PROT unknown-variable the variable names no setting | Did "
                             "you mean KWAAINET_PORT?" },
        { "KWAAINET_MODEL_DTPYE=1", "KWAAINET_MODEL_DTPYE unknown-variable the variable names no "
                                    "setting | Did you mean KWAAINET_MODEL_DTYPE?" },
        { "KWAAINET_SOMETHING_ENTIRELY_DIFFERENT=1",
          "KWAAINET_SOMETHING_ENTIRELY_DIFFERENT unknown-variable the variable names no setting | "
          "Unset it; nothing reads it." },
        { "KWAAINET_HOME=/x", "" },
        { "KWAAINET_CONFIG=/x", "" },
        { "KWAAINET=1", "" },
        { "KWAAINETX_NODE_PORT=1", "" },
        { "kwaainet_node_port=1", "" },
        { "PUBLIC_NAMES=1", "" },
        { "PORT=1", "" },
        { "KWAAINET_NODE_PORT", "" },
        { "=1", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct fixture f;

        TAKE(&f, cases[i].entry);
        CHECK_STR(cases[i].entry, problems_text(&f.problems), cases[i].problems);
        CHECK_EQ(cases[i].entry, f.problems.errors, 0);
        CHECK_EQ(cases[i].entry, f.layers.by_kind[KN_LAYER_ENV].n, 0);
        fixture_end(&f);
    }
    CHECK("reserved", kn_env_is_reserved("KWAAINET_HOME"));
    CHECK("reserved", !kn_env_is_reserved("KWAAINET_PORT"));
}

static void an_empty_variable_is_none(void **state)
{
    struct fixture f;

    (void)state;
    TAKE(&f, "KWAAINET_NODE_PORT=", "KWAAINET_PORT=", "INITIAL_PEERS=", "KWAAINET_NONSENSE=");
    CHECK_STR("empty", problems_text(&f.problems), "");
    CHECK_EQ("empty", f.layers.by_kind[KN_LAYER_ENV].n, 0);
    fixture_end(&f);
    take(&f, NULL);
    CHECK_EQ("none", f.layers.by_kind[KN_LAYER_ENV].n, 0);
    fixture_end(&f);
}

static void lists_are_split_at_commas_spaces_and_newlines(void **state)
{
#define A "/ip4/1.2.3.4/tcp/80/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"
#define B "/dns/b.org/tcp/8000/p2p/Qmd3A8N5aQBATe2SYvNikaeCS9CAKN4E86jdCPacZ6RZJY"
    static const char *const entries[] = { "INITIAL_PEERS=" A " " B, "INITIAL_PEERS=" A "," B,
                                           "INITIAL_PEERS=" A ", " B,
                                           "INITIAL_PEERS=\n" A "\n" B "\n" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(entries); i++) {
        struct fixture f;

        TAKE(&f, entries[i]);
        CHECK_STR(entries[i], problems_text(&f.problems), "");
        CHECK_STR(entries[i], won(&f, "network.bootstrap_peers"), A "," B);
        fixture_end(&f);
    }
}

static void a_wrong_value_names_the_variable(void **state)
{
    static const struct {
        const char *entry, *problems;
    } cases[] = {
        { "KWAAINET_PORT=abc",
          "KWAAINET_PORT wrong-type node.port: \"abc\" is not a whole number" },
        { "KWAAINET_NODE_PORT=0", "KWAAINET_NODE_PORT out-of-range node.port: 0 is outside "
                                  "1..65535" },
        { "PUBLIC_IP=999.1.1.1", "PUBLIC_IP invalid-value network.public_ip: \"999.1.1.1\" is no "
                                 "IP address | It is an IPv4 or IPv6 address." },
        { "KWAAINET_ALERTS_WEBHOOK_URL=SECRET",
          "KWAAINET_ALERTS_WEBHOOK_URL invalid-value alerts.webhook_url: the value is not one "
          "that the setting accepts | It is an http:// or https:// address." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct fixture f;

        TAKE(&f, cases[i].entry);
        CHECK_STR(cases[i].entry, problems_text(&f.problems), cases[i].problems);
        CHECK_EQ(cases[i].entry, f.problems.errors, 1);
        fixture_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_its_variable),
        cmocka_unit_test(older_names_work_and_are_weaker),
        cmocka_unit_test(an_unknown_variable_is_told_with_the_nearest),
        cmocka_unit_test(an_empty_variable_is_none),
        cmocka_unit_test(lists_are_split_at_commas_spaces_and_newlines),
        cmocka_unit_test(a_wrong_value_names_the_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
