/* resources.schedules: every part of an entry, right and wrong. */
#include "config/schema/type.h"
#include "support/layers.h"

#define KEY "resources.schedules"

struct schedule_case {
    const char *yaml;     /* the file: "v: …" */
    const char *value;    /* printed; NULL when it is wrong */
    const char *problems; /* as problems_text() */
};

static void check(const struct schedule_case *c)
{
    const struct kn_setting *setting = kn_setting_find(KEY);
    const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };
    const struct kn_assignment *found;
    const struct kn_yaml_node *node;
    struct kn_yaml_document *doc;
    struct fixture f;

    fixture_begin(&f);
    node = fixture_node(&f, c->yaml, &doc);
    kn_layer_read(&f.source, setting, node, doc, &origin, false);
    CHECK_STR(c->yaml, problems_text(&f.problems), c->problems);
    found = kn_layers_find(&f.layers, setting);
    CHECK_EQ(c->yaml, found->valid, c->value != NULL);
    if (found->valid) {
        struct kn_value first = found->value;
        const char *printed = value_text(setting, &first);

        CHECK_STR(c->yaml, printed, c->value);
        kn_layer_read_word(&f.source, setting, printed, &origin, false);
        found = kn_layers_find(&f.layers, setting);
        CHECK_STR(printed, problems_text(&f.problems), "");
        CHECK(printed, found->valid && kn_value_equal(setting, &first, &found->value));
    }
    fixture_end(&f);
}

#define GOOD "name: n, cron: 0 9 * * *, duration: 8h"

static void entries_are_read_and_printed_as_json(void **state)
{
    static const struct schedule_case cases[] = {
        { "v: []", "[]", "" },
        { "v: [{" GOOD "}]",
          "[{\"name\": \"n\", \"cron\": \"0 9 * * *\", \"duration\": \"8h\", \"timezone\": "
          "\"local\"}]",
          "" },
        { "v:\n- name: office\n  cron: \"0 9 * * 1-5\"\n  duration: 90m\n  timezone: "
          "Europe/Berlin\n  limits:\n    max_memory_gb: 4\n    max_models: 1\n    "
          "max_cpu_percent: null\n",
          "[{\"name\": \"office\", \"cron\": \"0 9 * * 1-5\", \"duration\": \"1.5h\", "
          "\"timezone\": \"Europe/Berlin\", \"limits\": {\"max_memory_gb\": \"4GiB\", "
          "\"max_models\": 1, \"max_cpu_percent\": null}}]",
          "" },
        { "v: [{" GOOD ", timezone: ~, limits: ~}]",
          "[{\"name\": \"n\", \"cron\": \"0 9 * * *\", \"duration\": \"8h\", \"timezone\": "
          "\"local\"}]",
          "" },
        { "v: [{name: \"a\\\"\\\\\\u0007\\u007f\\u2028é\", cron: 0 9 * * *, duration: 1}]",
          "[{\"name\": \"a\\\"\\\\\\u0007\\u007f\\u2028é\", \"cron\": \"0 9 * * *\", "
          "\"duration\": \"1s\", \"timezone\": \"local\"}]",
          "" },
        { "v: [{" GOOD ", limits: {max_models: 0, max_cpu_percent: 0, max_memory_gb: 0}}]",
          "[{\"name\": \"n\", \"cron\": \"0 9 * * *\", \"duration\": \"8h\", \"timezone\": "
          "\"local\", \"limits\": {\"max_memory_gb\": \"0B\", \"max_models\": 0, "
          "\"max_cpu_percent\": 0}}]",
          "" },
        { "v: [{name: n, cron: 0 9 * * *, duration: 30d}]",
          "[{\"name\": \"n\", \"cron\": \"0 9 * * *\", \"duration\": \"30d\", \"timezone\": "
          "\"local\"}]",
          "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i]);
}

static void every_mistake_of_an_entry_is_told_at_its_place(void **state)
{
    static const struct schedule_case cases[] = {
        { "v: nightly", NULL, "f:1:4 wrong-type " KEY ": schedules is a list of at most 64 maps" },
        { "v: {" GOOD "}", NULL,
          "f:1:4 wrong-type " KEY ": schedules is a list of at most 64 maps" },
        { "v: [nightly]", NULL,
          "f:1:5 wrong-type " KEY ": a schedule is a map with name, cron and duration" },
        { "v: [{}]", NULL,
          "f:1:5 invalid-value " KEY ": a schedule has no name | Add it, as the example file "
          "shows.\n"
          "f:1:5 invalid-value " KEY ": a schedule has no cron | Add it, as the example file "
          "shows.\n"
          "f:1:5 invalid-value " KEY ": a schedule has no duration | Add it, as the example file "
          "shows." },
        { "v: [{name: \"\", cron: 0 9 * * *, duration: 8h}]", NULL,
          "f:1:12 invalid-value " KEY ": the name of a schedule has 1 to 64 bytes" },
        { "v: [{name: n, cron: 0 9 * * *, duration: soon}]", NULL,
          "f:1:42 wrong-type " KEY ": \"soon\" is not a duration | Write a number with a unit "
          "(ms, s, m, h, d), or a plain number of seconds." },
        { "v: [{name: n, cron: 0 9 * * *, duration: 999ms}]", NULL,
          "f:1:42 out-of-range " KEY ": 999ms is outside 1s..30d" },
        { "v: [{name: n, cron: 0 9 * * *, duration: 31d}]", NULL,
          "f:1:42 out-of-range " KEY ": 31d is outside 1s..30d" },
        { "v: [{" GOOD ", timezone: \"Mars and Venus\"}]", NULL,
          "f:1:56 invalid-value " KEY ": \"Mars and Venus\" is no time zone | Write local, UTC, "
          "or a name such as Europe/Berlin." },
        { "v: [{" GOOD ", timezone: /etc/passwd}]", NULL,
          "f:1:56 invalid-value " KEY ": \"/etc/passwd\" is no time zone | Write local, UTC, or a "
          "name such as Europe/Berlin." },
        { "v: [{" GOOD ", timezone: ../../etc/passwd}]", NULL,
          "f:1:56 invalid-value " KEY ": \"../../etc/passwd\" is no time zone | Write local, UTC, "
          "or a name such as Europe/Berlin." },
        { "v: [{" GOOD ", timzone: UTC}]", NULL,
          "f:1:46 unknown-key " KEY ": unknown key \"timzone\" in a schedule | Did you mean "
          "timezone?" },
        { "v: [{" GOOD ", colour: red}]", NULL,
          "f:1:46 unknown-key " KEY ": unknown key \"colour\" in a schedule | A schedule has name, "
          "cron, duration, timezone and limits." },
        { "v: [{" GOOD ", limits: 4}]", NULL,
          "f:1:54 wrong-type " KEY ": limits is not a map | Write for example limits: "
          "{max_memory_gb: 4}." },
        { "v: [{" GOOD ", limits: {max_memory: 4}}]", NULL,
          "f:1:55 unknown-key " KEY ": unknown key \"max_memory\" in a schedule | Did you mean "
          "max_memory_gb?" },
        { "v: [{" GOOD ", limits: {max_models: 65, max_cpu_percent: -1}}]", NULL,
          "f:1:67 out-of-range " KEY ": 65 is outside 0..64\n"
          "f:1:88 out-of-range " KEY ": -1 is outside 0..100" },
        { "v: [{" GOOD ", limits: {max_disk_space_gb: 0}}]", NULL,
          "f:1:74 out-of-range " KEY ": 0 is outside 1MiB..1PiB" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check(&cases[i]);
}

static void a_wrong_cron_says_what_the_cron_reader_says(void **state)
{
    const struct kn_yaml_node *node;
    struct kn_yaml_document *doc;
    struct fixture f;
    const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };

    (void)state;
    fixture_begin(&f);
    node = fixture_node(&f, "v: [{name: n, cron: '@daily', duration: 8h}]", &doc);
    kn_layer_read(&f.source, kn_setting_find(KEY), node, doc, &origin, false);
    CHECK_HAS("cron", problems_text(&f.problems), "f:1:21 invalid-value " KEY ": ");
    CHECK_HAS("cron", problems_text(&f.problems), "@daily");
    fixture_end(&f);
}

static void sixty_four_are_taken_and_one_more_is_not(void **state)
{
    static char yaml[65 * 64];

    (void)state;
    for (int n = 64; n <= 65; n++) {
        const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };
        size_t used = (size_t)snprintf(yaml, sizeof(yaml), "v:\n");
        const struct kn_yaml_node *node;
        struct kn_yaml_document *doc;
        struct fixture f;

        for (int i = 0; i < n; i++)
            used += (size_t)snprintf(yaml + used, sizeof(yaml) - used,
                                     "- {name: n%d, cron: 0 9 * * *, duration: 8h}\n", i);
        fixture_begin(&f);
        node = fixture_node(&f, yaml, &doc);
        kn_layer_read(&f.source, kn_setting_find(KEY), node, doc, &origin, false);
        CHECK_EQ("64", f.problems.errors, n == 64 ? 0 : 1);
        fixture_end(&f);
    }
}

static void a_name_has_a_limit_in_bytes(void **state)
{
    (void)state;
    for (int n = 64; n <= 65; n++) {
        const struct kn_origin origin = { .layer = KN_LAYER_FILE, .name = "f", .age_s = -1 };
        const struct kn_yaml_node *node;
        struct kn_yaml_document *doc;
        struct fixture f;
        char name[80] = "", yaml[200];

        memset(name, 'n', (size_t)n);
        (void)snprintf(yaml, sizeof(yaml), "v: [{name: %s, cron: 0 9 * * *, duration: 8h}]", name);
        fixture_begin(&f);
        node = fixture_node(&f, yaml, &doc);
        kn_layer_read(&f.source, kn_setting_find(KEY), node, doc, &origin, false);
        CHECK_EQ("64", f.problems.errors, n == 64 ? 0 : 1);
        fixture_end(&f);
    }
}

static void a_list_in_a_word_is_told_at_the_flag(void **state)
{
    const struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "--set x", .age_s = -1 };
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    kn_layer_read_word(&f.source, kn_setting_find(KEY), "[{name: n, cron: 0 9 * * *}]", &origin,
                       false);
    CHECK_STR("word", problems_text(&f.problems),
              "--set x invalid-value " KEY ": a schedule has no duration | Add it, as the example "
              "file shows.");
    fixture_end(&f);
    fixture_begin(&f);
    kn_layer_read_word(&f.source, kn_setting_find(KEY), "[{name: n", &origin, false);
    CHECK_EQ("unclosed", f.problems.errors, 1);
    CHECK_HAS("unclosed", problems_text(&f.problems), "--set x wrong-type " KEY ": ");
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_and_printed_as_json),
        cmocka_unit_test(every_mistake_of_an_entry_is_told_at_its_place),
        cmocka_unit_test(a_wrong_cron_says_what_the_cron_reader_says),
        cmocka_unit_test(sixty_four_are_taken_and_one_more_is_not),
        cmocka_unit_test(a_name_has_a_limit_in_bytes),
        cmocka_unit_test(a_list_in_a_word_is_told_at_the_flag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
