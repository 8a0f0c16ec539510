/* What a line of the log looks like, whatever its words are. requirements: D27 */
#include "node/log/record.h"

#include "lib/json/json.h"
#include "node/log/levels.h"
#include "support/check.h"

static void times_are_those_of_the_calendar(void **state)
{
    static const struct {
        double at;
        const char *want;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 951782399.999, "2000-02-28T23:59:59.999Z" },
        { 951782400, "2000-02-29T00:00:00.000Z" },
        { 951868800, "2000-03-01T00:00:00.000Z" },
        { 1795447335.25, "2026-11-23T15:22:15.250Z" },
        { 4107542399, "2100-02-28T23:59:59.000Z" },
        { 4107542400, "2100-03-01T00:00:00.000Z" },
        { 253402300799, "9999-12-31T23:59:59.000Z" },
        { 253402300800, "1970-01-01T00:00:00.000Z" },
        { -1, "1970-01-01T00:00:00.000Z" },
    };
    char text[KN_LOG_TIME_SIZE];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        kn_log_time(cases[i].at, text);
        CHECK_STR(cases[i].want, text, cases[i].want);
    }
}

static void a_record_is_one_line_in_each_style(void **state)
{
    static const struct {
        const char *name;
        enum kn_level level;
        enum kn_log_style style;
        const char *text, *word, *want;
    } cases[] = {
        { "text", KN_LEVEL_WARN, KN_LOG_STYLE_TEXT, "it is so", "plain",
          "1970-01-01T00:00:01.500Z warn  dht: it is so word=plain whole=-7 real=0.5\n" },
        { "a field without a value is left out", KN_LEVEL_INFO, KN_LOG_STYLE_TEXT, "so", NULL,
          "1970-01-01T00:00:01.500Z info  dht: so whole=-7 real=0.5\n" },
        { "quoted", KN_LEVEL_INFO, KN_LOG_STYLE_TEXT, "so", "a \"b\"\\",
          "1970-01-01T00:00:01.500Z info  dht: so word=\"a \\\"b\\\"\\\\\" whole=-7 real=0.5\n" },
        { "empty", KN_LEVEL_ERROR, KN_LOG_STYLE_TEXT, "so", "",
          "1970-01-01T00:00:01.500Z error dht: so word=\"\" whole=-7 real=0.5\n" },
        { "words of others", KN_LEVEL_INFO, KN_LOG_STYLE_TEXT, "a\x1b[31m\nb\r\xff", "x\ny",
          "1970-01-01T00:00:01.500Z info  dht: a?[31m?b?? word=x?y whole=-7 real=0.5\n" },
        { "journal, error", KN_LEVEL_ERROR, KN_LOG_STYLE_JOURNAL, "so", NULL,
          "<3>dht: so whole=-7 real=0.5\n" },
        { "journal, warn", KN_LEVEL_WARN, KN_LOG_STYLE_JOURNAL, "so", NULL,
          "<4>dht: so whole=-7 real=0.5\n" },
        { "journal, info", KN_LEVEL_INFO, KN_LOG_STYLE_JOURNAL, "so", NULL,
          "<6>dht: so whole=-7 real=0.5\n" },
        { "journal, trace", KN_LEVEL_TRACE, KN_LOG_STYLE_JOURNAL, "so", NULL,
          "<7>dht: so whole=-7 real=0.5\n" },
        { "json", KN_LEVEL_DEBUG, KN_LOG_STYLE_JSON, "a \"b\"\n", "w",
          "{\"time\": \"1970-01-01T00:00:01.500Z\", \"level\": \"debug\", \"module\": \"dht\", "
          "\"event\": \"it\", \"text\": \"a \\\"b\\\"?\", \"word\": \"w\", \"whole\": -7, "
          "\"real\": 0.5}\n" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_log_record record = {
            .at = 1.5,
            .level = cases[i].level,
            .module = KN_LOG_DHT,
            .event = "it",
            .text = cases[i].text,
            .fields = KN_FIELDS(KN_FIELD_WORD("word", cases[i].word), KN_FIELD_WHOLE("whole", -7),
                                KN_FIELD_REAL("real", 0.5)),
        };
        struct kn_text out = { 0 };

        kn_log_record_print(&record, cases[i].style, &out);
        CHECK_STR(cases[i].name, out.at, cases[i].want);
        kn_text_done(&out);
    }
}

/* However much there is to say, and however JSON has to write it. */
static void a_line_is_never_longer_than_its_limit(void **state)
{
    static char words[10000];
    struct kn_log_field fields[40];
    const struct kn_log_record record = { .event = "it",
                                          .text = words,
                                          .fields = { fields, KN_COUNT(fields) } };
    static const char *const fill[] = { "x", "\"", "\x1b", "\xc3\xa4", "\xf0\x9f\x98\x80", "\\" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(fields); i++)
        fields[i] = KN_FIELD_WORD("field", words);
    for (size_t i = 0; i < KN_COUNT(fill); i++) {
        size_t n = strlen(fill[i]);

        for (size_t at = 0; at + n < sizeof(words); at += n)
            memcpy(words + at, fill[i], n);
        for (int style = KN_LOG_STYLE_TEXT; style <= KN_LOG_STYLE_JOURNAL; style++) {
            struct kn_text out = { 0 };
            struct kn_json *json;

            kn_log_record_print(&record, (enum kn_log_style)style, &out);
            CHECK(fill[i], !out.failed && out.n <= KN_LOG_RECORD_MAX);
            CHECK(fill[i], strchr(out.at, '\n') == out.at + out.n - 1);
            CHECK(fill[i], strchr(out.at, '\x1b') == NULL);
            json = kn_json_parse(out.at, out.n);
            CHECK_EQ(fill[i], json != NULL, style == KN_LOG_STYLE_JSON);
            kn_json_free(json);
            kn_text_done(&out);
        }
    }
}

static void levels_are_of_all_or_of_one_module(void **state)
{
    static const struct {
        const char *name, *modules[3];
        enum kn_level all, level;
        enum kn_log_module module;
        bool want;
    } cases[] = {
        { "as loud as the level", { NULL }, KN_LEVEL_INFO, KN_LEVEL_INFO, KN_LOG_DHT, true },
        { "louder", { NULL }, KN_LEVEL_INFO, KN_LEVEL_DEBUG, KN_LOG_DHT, false },
        { "worse", { NULL }, KN_LEVEL_ERROR, KN_LEVEL_WARN, KN_LOG_DHT, false },
        { "its own", { "dht=trace" }, KN_LEVEL_ERROR, KN_LEVEL_TRACE, KN_LOG_DHT, true },
        { "another's", { "dht=trace" }, KN_LEVEL_ERROR, KN_LEVEL_WARN, KN_LOG_NODE, false },
        { "the last one",
          { "dht=trace", "dht=warn" },
          KN_LEVEL_INFO,
          KN_LEVEL_INFO,
          KN_LOG_DHT,
          false },
        { "less", { "dht=error" }, KN_LEVEL_TRACE, KN_LEVEL_WARN, KN_LOG_DHT, false },
        { "an unknown module",
          { "dh=trace", "dhtx=trace" },
          KN_LEVEL_INFO,
          KN_LEVEL_DEBUG,
          KN_LOG_DHT,
          false },
        { "an unknown level", { "dht=tracer" }, KN_LEVEL_INFO, KN_LEVEL_DEBUG, KN_LOG_DHT, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_log_levels levels;
        size_t n = 0;

        while (n < KN_COUNT(cases[i].modules) && cases[i].modules[n] != NULL)
            n++;
        kn_log_levels_set(&levels, cases[i].all, cases[i].modules, n);
        CHECK_EQ(cases[i].name, kn_log_levels_take(&levels, cases[i].level, cases[i].module),
                 cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_those_of_the_calendar),
        cmocka_unit_test(a_record_is_one_line_in_each_style),
        cmocka_unit_test(a_line_is_never_longer_than_its_limit),
        cmocka_unit_test(levels_are_of_all_or_of_one_module),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
