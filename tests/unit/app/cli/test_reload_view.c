#include "app/cli/reload_view.h"

#include "app/term/term.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "support/check.h"

static const struct {
    const char *row, *json, *want;
} rows[] = {
    { "a size in the unit in which it is short",
      "{\"key\": \"resources.max_memory_gb\", \"from\": null, \"to\": 0.0078125}",
      "      resources.max_memory_gb: none -> 8MiB\n" },
    { "and in its own", "{\"key\": \"resources.max_memory_gb\", \"from\": 0.0078125, \"to\": 8}",
      "      resources.max_memory_gb: 8MiB -> 8GiB\n" },
    { "a duration", "{\"key\": \"dht.announce_interval\", \"from\": 300, \"to\": 0.2}",
      "      dht.announce_interval: 5m -> 200ms\n" },
    { "a number with a unit", "{\"key\": \"resources.max_cpu_percent\", \"from\": 80, \"to\": 50}",
      "      resources.max_cpu_percent: 80 % -> 50 %\n" },
    { "a number without one", "{\"key\": \"node.port\", \"from\": \"auto\", \"to\": 8080}",
      "      node.port: auto -> 8080\n" },
    { "a switch", "{\"key\": \"health.enabled\", \"from\": true, \"to\": false}",
      "      health.enabled: true -> false\n" },
    { "lists", "{\"key\": \"logging.modules\", \"from\": [], \"to\": [\"dht\", \"node\"]}",
      "      logging.modules: none -> dht, node\n" },
    { "an empty text and words that move the cursor",
      "{\"key\": \"node.name\", \"from\": \"\", \"to\": \"a\\u001b[2J\"}",
      "      node.name: \"\" -> a?[2J\n" },
    { "a setting of a newer node", "{\"key\": \"node.colour\", \"from\": 1, \"to\": 2}",
      "      node.colour: 1 -> 2\n" },
};

static void what_changed_is_shown_as_it_is_written(void **state)
{
    static const struct kn_term term = { .columns = 80 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text whole = { 0 }, out = { 0 };
        struct kn_json *json;

        kn_text_addf(&whole, "{\"ok\": true, \"changed\": [%s]}", rows[i].json);
        json = kn_json_parse(whole.at, whole.n);
        CHECK(rows[i].row, json != NULL);
        kn_reload_view_changes(&term, json, &out);
        CHECK_STR(rows[i].row, kn_text_get(&out), rows[i].want);
        kn_text_done(&whole);
        kn_text_done(&out);
        kn_json_free(json);
    }
}

static void the_file_that_was_read_is_named(void **state)
{
    static const struct {
        const char *json, *want;
    } cases[] = {
        { "{\"path\": \"/a/node_config.yaml\", \"exists\": true}",
          "the node has read /a/node_config.yaml again" },
        { "{\"path\": \"/a/node_config.yaml\", \"exists\": false}",
          "the node looked for /a/node_config.yaml, which is not there" },
        { "{\"path\": \"/a\\nb\", \"exists\": true}", "the node has read /a?b again" },
        { "{\"ok\": true}", "the node has read its configuration again" }, /* of an older node */
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_json *json = kn_json_parse(cases[i].json, strlen(cases[i].json));
        struct kn_text out = { 0 };

        CHECK(cases[i].json, json != NULL);
        kn_reload_view_read(json, &out);
        CHECK_STR(cases[i].json, kn_text_get(&out), cases[i].want);
        kn_text_done(&out);
        kn_json_free(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changed_is_shown_as_it_is_written),
        cmocka_unit_test(the_file_that_was_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
