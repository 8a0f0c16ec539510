/* proves: FR-1/1.4, NFR-2/2.1, NFR-3/3.2, MS-1/5, UT/1 */
#include "app/docs/docs.h"
#include "config/config.h"
#include "config/schema/type.h"
#include "lib/base/text.h"
#include "support/check.h"

/* Load a text as the file of a user without any other source; the caller releases. */
static struct kn_snapshot *load(const char *text)
{
    static const char *const environment[] = { "HOME=/nonexistent", NULL };
    const struct kn_config_request request = { .environment = environment,
                                               .working = "/nonexistent" };
    struct kn_text copy = { 0 };
    struct kn_snapshot *snapshot = NULL;
    struct kn_error err = { 0 };

    kn_text_add(&copy, text);
    kn_text_add(&copy, "\n");
    CHECK_EQ(err.text,
             kn_config_load_bytes(&request, "/nonexistent/f/node_config.yaml",
                                  &(struct kn_bytes){ copy.at, copy.n }, &snapshot, &err),
             KN_OK);
    kn_text_done(&copy);
    return snapshot;
}

static void check_problems(const struct kn_snapshot *snapshot, bool with_no_effect)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);

    for (size_t i = 0; i < problems->n; i++) {
        if (!with_no_effect || problems->at[i].kind != KN_P_NO_EFFECT)
            CHECK_STR(problems->at[i].key, problems->at[i].message, "(no problem)");
    }
    CHECK_EQ("errors", problems->errors, 0);
}

static void the_commented_example_changes_nothing_and_warns_of_nothing(void **state)
{
    struct kn_text text = { 0 };
    struct kn_snapshot *example, *nothing = load("{}");

    (void)state;
    kn_docs_example(&text);
    example = load(kn_text_get(&text));
    check_problems(example, false);
    for (size_t at = 0; at < kn_setting_count; at++)
        CHECK(kn_settings[at].key,
              strcmp(kn_settings[at].key, "schema_version") == 0 ||
                  !kn_resolved_is_explicit(kn_snapshot_get(example, &kn_settings[at])));
    CHECK("diff", kn_snapshot_diff(example, nothing, &(size_t){ 0 }) == NULL);
    kn_snapshot_unref(example);
    kn_snapshot_unref(nothing);
    kn_text_done(&text);
}

static void the_full_example_says_every_built_in_value(void **state)
{
    struct kn_text text = { 0 };
    struct kn_snapshot *full, *nothing = load("{}");
    const struct kn_setting *other;
    size_t at = 0;

    (void)state;
    kn_docs_example_full(&text);
    full = load(kn_text_get(&text));
    check_problems(full, true);
    for (size_t i = 0; i < kn_setting_count; i++)
        CHECK(kn_settings[i].key, kn_resolved_is_explicit(kn_snapshot_get(full, &kn_settings[i])));
    other = kn_snapshot_diff(full, nothing, &at);
    CHECK_STR("differs", other != NULL ? other->key : NULL, NULL);
    kn_snapshot_unref(full);
    kn_snapshot_unref(nothing);
    kn_text_done(&text);
}

/* Append the example with the # before every key and item away: what a person does by hand. */
static void uncomment(const char *text, struct kn_text *out)
{
    while (*text != '\0') {
        size_t spaces = strspn(text, " "), n = strcspn(text, "\n") + 1;
        bool value = text[spaces] == '#' && text[spaces + 1] != '\n' &&
                     (text[spaces + 1] != ' ' || strncmp(text + spaces + 1, "  - /", 5) == 0);

        kn_text_add_n(out, text, spaces);
        kn_text_add_n(out, text + spaces + value, n - spaces - value);
        text += n;
    }
}

static void taking_the_marks_away_gives_the_values_of_the_full_example(void **state)
{
    struct kn_text text = { 0 }, by_hand = { 0 }, full = { 0 };
    struct kn_snapshot *a, *b;

    (void)state;
    kn_docs_example(&text);
    uncomment(kn_text_get(&text), &by_hand);
    kn_docs_example_full(&full);
    a = load(kn_text_get(&by_hand));
    b = load(kn_text_get(&full));
    check_problems(a, true);
    for (size_t i = 0; i < kn_setting_count; i++)
        CHECK(kn_settings[i].key, kn_resolved_is_explicit(kn_snapshot_get(a, &kn_settings[i])));
    CHECK("diff", kn_snapshot_diff(a, b, &(size_t){ 0 }) == NULL);
    kn_snapshot_unref(a);
    kn_snapshot_unref(b);
    kn_text_done(&text);
    kn_text_done(&by_hand);
    kn_text_done(&full);
}

static void the_schedule_of_the_example_is_one_that_is_read(void **state)
{
    static const char begin[] = "working hours:\n", line_start[] = "  #   ";
    struct kn_text text = { 0 }, yaml = { 0 };
    const struct kn_node_config *config;
    struct kn_snapshot *snapshot;
    const char *at;

    (void)state;
    kn_docs_example(&text);
    at = strstr(kn_text_get(&text), begin);
    CHECK("example", at != NULL);
    kn_text_add(&yaml, "resources:\n");
    for (at += strlen(begin); strncmp(at, line_start, strlen(line_start)) == 0;) {
        size_t n = strcspn(at, "\n") + 1;

        kn_text_addf(&yaml, "  %.*s", (int)(n - strlen(line_start)), at + strlen(line_start));
        at += n;
    }
    snapshot = load(kn_text_get(&yaml));
    check_problems(snapshot, true);
    config = kn_snapshot_config(snapshot);
    CHECK_EQ("windows", config->resources.schedules.schedules.n, 1);
    CHECK_EQ("hours", config->resources.schedules.schedules.at[0].duration_ms, 8 * 3600 * 1000);
    CHECK_EQ("limit", config->resources.schedules.schedules.at[0].limits.max_cpu_percent.value, 20);
    kn_snapshot_unref(snapshot);
    kn_text_done(&text);
    kn_text_done(&yaml);
}

static void every_line_of_both_examples_fits_100_columns(void **state)
{
    void (*const examples[])(struct kn_text *) = { kn_docs_example, kn_docs_example_full };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(examples); i++) {
        struct kn_text text = { 0 };
        const char *line;

        examples[i](&text);
        line = kn_text_get(&text);
        while (*line != '\0') {
            size_t n = strcspn(line, "\n");

            if (n > 100 && strstr(line, "/p2p/") == NULL)
                CHECK_STR("too long", line, "");
            CHECK("no space at the end", n == 0 || line[n - 1] != ' ');
            line += n + 1;
        }
        kn_text_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_commented_example_changes_nothing_and_warns_of_nothing),
        cmocka_unit_test(the_full_example_says_every_built_in_value),
        cmocka_unit_test(taking_the_marks_away_gives_the_values_of_the_full_example),
        cmocka_unit_test(the_schedule_of_the_example_is_one_that_is_read),
        cmocka_unit_test(every_line_of_both_examples_fits_100_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
