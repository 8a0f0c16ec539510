#include "app/cli/values.h"

#include "config/config.h"
#include "config/report/report.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "support/check.h"

static struct kn_snapshot *load(const char *file)
{
    static char bytes[1024];
    static const char *const environment[] = { "HOME=/nowhere", NULL };
    const struct kn_config_request request = { .environment = environment, .working = "/nowhere" };
    struct kn_bytes lent = { bytes, strlen(file) };
    struct kn_snapshot *snapshot = NULL;
    struct kn_error err = { 0 };

    (void)snprintf(bytes, sizeof(bytes), "%s", file);
    CHECK_EQ("load", kn_config_load_bytes(&request, "f.yaml", &lent, &snapshot, &err), KN_OK);
    return snapshot;
}

static void values_are_typed_in_the_unit_of_their_key(void **state)
{
    static const struct {
        const char *key, *file, *text, *json;
    } rows[] = {
        { "node.port", "node: {port: 8080}", "8080", "8080" },
        { "node.port", "", "auto", "\"auto\"" },
        { "model.path", "", "null", "null" },
        { "model.path", "model: {path: /a/$$b}", "/a/$b", "\"/a/$b\"" },
        { "model.dtype", "model: {dtype: float16}", "float16", "\"float16\"" },
        { "model.rebalance.quality", "", "0.75", "0.75" },
        { "model.rebalance.enabled", "", "false", "false" },
        { "dht.announce_interval", "dht: {announce_interval: 1500ms}", "1.5s", "1.5" },
        { "resources.max_memory_gb", "resources: {max_memory_gb: 512MiB}", "512MiB", "0.5" },
        { "resources.max_memory_gb", "resources: {max_memory_gb: 16}", "16GiB", "16" },
        { "state.adapters", "", "[]", "[]" },
        { "state.adapters", "state: {adapters: [a, b]}", "a, b", "[\n  \"a\",\n  \"b\"\n]" },
        { "resources.schedules", "", "[]", "[]" },
        { "alerts.webhook_url", "", "null", "null" },
        { "alerts.webhook_url", "alerts: {webhook_url: 'https://a.b/c'}", "(secret)",
          "\"********\"" },
        { "alerts.command", "alerts: {command: \"a\\e[2J\"}", "a?[2J", "\"a\\u001b[2J\"" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_snapshot *snapshot = load(rows[i].file);
        const struct kn_setting *setting = kn_setting_find(rows[i].key);
        const struct kn_resolved *resolved = kn_snapshot_get(snapshot, setting);
        struct kn_json *json = kn_value_json(setting, &resolved->value);
        struct kn_text text = { 0 };

        kn_value_show(setting, &resolved->value, &text);
        CHECK_STR(rows[i].key, kn_text_get(&text), rows[i].text);
        kn_text_cut(&text, 0);
        CHECK(rows[i].key, kn_json_print(json, &text));
        kn_text_cut(&text, text.n - 1);
        CHECK_STR(rows[i].key, kn_text_get(&text), rows[i].json);
        kn_text_done(&text);
        kn_json_free(json);
        kn_snapshot_unref(snapshot);
    }
}

/* proves: FR-5/5.6 */
static void origins_are_said_in_words(void **state)
{
    static const struct {
        struct kn_origin origin;
        const char *want;
    } rows[] = {
        { { KN_LAYER_FALLBACK, NULL, 0, 0, NULL, -1 }, "built-in" },
        { { KN_LAYER_CLI, "--port", 0, 0, NULL, -1 }, "--port" },
        { { KN_LAYER_ENV, "KWAAINET_PORT", 0, 0, NULL, -1 }, "KWAAINET_PORT" },
        { { KN_LAYER_FILE, "n.yaml", 3, 9, NULL, -1 }, "n.yaml:3:9" },
        { { KN_LAYER_FILE, "n.yaml", 3, 9, "and 1 from --bootstrap", -1 },
          "n.yaml:3:9, and 1 from --bootstrap" },
        { { KN_LAYER_CACHE, "/c.yaml", 3, 9, "calibrated, recommended preset", 7200 },
          "calibrated, recommended preset, 2 h old" },
        { { KN_LAYER_CACHE, "/c.yaml", 3, 9, NULL, 0 }, "discovered, 0 s old" },
        { { KN_LAYER_DISCOVERY, NULL, 0, 0, "least served", -1 }, "least served" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text text = { 0 };

        kn_origin_words(&rows[i].origin, &text);
        CHECK_STR(rows[i].want, kn_text_get(&text), rows[i].want);
        kn_text_done(&text);
    }
}

static void ages_take_the_unit_that_has_two_of_them(void **state)
{
    static const struct {
        int64_t age_s;
        const char *want;
    } rows[] = {
        { 0, "0 s" },    { 119, "119 s" },          { 120, "2 min" },     { 7199, "119 min" },
        { 7200, "2 h" }, { 2 * 86400 - 1, "47 h" }, { 2 * 86400, "2 d" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text text = { 0 };

        kn_age_words(rows[i].age_s, &text);
        CHECK_STR(rows[i].want, kn_text_get(&text), rows[i].want);
        kn_text_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_typed_in_the_unit_of_their_key),
        cmocka_unit_test(origins_are_said_in_words),
        cmocka_unit_test(ages_take_the_unit_that_has_two_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
