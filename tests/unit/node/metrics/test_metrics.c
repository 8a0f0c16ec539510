/* The table of everything that is counted, as OpenMetrics text and as a page. */
#include "node/metrics/metrics.h"

#include <ctype.h>
#include <math.h>

#include "support/check.h"

static const char *const states[] = { "OFFLINE", "ONLINE", NULL };

static void print(double value, struct kn_text *out)
{
    struct kn_metrics metrics = { .version = "1.0.0", .states = states, .state = "ONLINE" };

    for (size_t i = 0; i < KN_METRIC_COUNT; i++)
        metrics.values[i] = value;
    kn_metrics_print(&metrics, out);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

static void every_row_has_a_name_a_kind_and_a_sentence(void **state)
{
    struct kn_text out = { 0 };
    const char *at;

    (void)state;
    print(1, &out);
    CHECK_EQ("rows", count(out.at, "# TYPE "), KN_METRIC_COUNT + 2);
    CHECK_EQ("sentences", count(out.at, "# HELP "), KN_METRIC_COUNT + 2);
    for (at = out.at; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        char line[200];
        size_t n = strcspn(at + 7, " ");
        CHECK("name", n > 0 && islower((unsigned char)at[7]));
        (void)snprintf(line, sizeof(line), "# TYPE %.*s ", (int)n, at + 7);
        CHECK_EQ(line, count(out.at, line), 1);
        (void)snprintf(line, sizeof(line), "# HELP %.*s ", (int)n, at + 7);
        CHECK_EQ(line, count(out.at, line), 1);
    }
    CHECK_STR("the end", out.at + out.n - 6, "# EOF\n");
    kn_text_done(&out);
}

static void a_unit_ends_its_name(void **state)
{
    struct kn_text out = { 0 };
    size_t units = 0;

    (void)state;
    print(1, &out);
    for (const char *at = out.at; (at = strstr(at, "# UNIT ")) != NULL; at++, units++) {
        const char *name = at + 7;
        size_t n = strcspn(name, " "), m = strcspn(name + n + 1, "\n");

        CHECK("suffix",
              n > m && name[n - m - 1] == '_' && strncmp(name + n - m, name + n + 1, m) == 0);
    }
    CHECK("some", units > 5);
    kn_text_done(&out);
}

static void values_are_written_as_they_are(void **state)
{
    static const struct {
        const char *name;
        double value;
        const char *want; /* NULL: it is left out */
    } cases[] = {
        { "zero", 0, "kwaainet_tokens_total 0\n" },
        { "whole", 1234567890123.0, "kwaainet_tokens_total 1234567890123\n" },
        { "below zero", -1, "kwaainet_tokens_total -1\n" },
        { "a fraction", 0.25, "kwaainet_tokens_total 0.25\n" },
        { "large", 1e300, "kwaainet_tokens_total 1e+300\n" },
        { "not known", (double)NAN, NULL },
        { "endless", (double)INFINITY, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text out = { 0 };

        print(cases[i].value, &out);
        if (cases[i].want != NULL)
            CHECK_HAS(cases[i].name, out.at, cases[i].want);
        else
            CHECK(cases[i].name, strstr(out.at, "kwaainet_tokens") == NULL);
        CHECK_HAS("state", out.at, "kwaainet_state{kwaainet_state=\"ONLINE\"} 1\n");
        CHECK_HAS("others", out.at, "kwaainet_state{kwaainet_state=\"OFFLINE\"} 0\n");
        kn_text_done(&out);
    }
}

static void the_page_has_a_line_for_each(void **state)
{
    struct kn_text out = { 0 };

    (void)state;
    kn_metrics_describe(&out);
    CHECK_EQ("lines", count(out.at, "\n| `"), KN_METRIC_COUNT + 2);
    CHECK_HAS("a counter", out.at, "| `kwaainet_busy_seconds_total` | counter | seconds | ");
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_name_a_kind_and_a_sentence),
        cmocka_unit_test(a_unit_ends_its_name),
        cmocka_unit_test(values_are_written_as_they_are),
        cmocka_unit_test(the_page_has_a_line_for_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
