#include "config/schema/cron.h"

#include "support/check.h"

#define BIT(n) (UINT64_C(1) << (n))
#define SPAN(low, high) ((BIT(high) << 1) - BIT(low))

#define ALL_MINUTES SPAN(0, 59)
#define ALL_HOURS SPAN(0, 23)
#define ALL_DAYS SPAN(1, 31)
#define ALL_MONTHS SPAN(1, 12)
#define ALL_WEEKDAYS SPAN(0, 6)

static void fields_become_sets(void **state)
{
    static const struct {
        const char *text;
        uint64_t minutes, hours, days, months, weekdays;
    } cases[] = {
        { "* * * * *", ALL_MINUTES, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS },
        { "0 9 * * 1-5", BIT(0), BIT(9), ALL_DAYS, ALL_MONTHS, SPAN(1, 5) },
        { "0 0 1 1 0", BIT(0), BIT(0), BIT(1), BIT(1), BIT(0) },
        { "59 23 31 12 7", BIT(59), BIT(23), BIT(31), BIT(12), BIT(0) },
        { "*/15 */12 */10 */6 */3", BIT(0) | BIT(15) | BIT(30) | BIT(45), BIT(0) | BIT(12),
          BIT(1) | BIT(11) | BIT(21) | BIT(31), BIT(1) | BIT(7), BIT(0) | BIT(3) | BIT(6) },
        { "5-20/10,40 1,2,3 * * *", BIT(5) | BIT(15) | BIT(40), SPAN(1, 3), ALL_DAYS, ALL_MONTHS,
          ALL_WEEKDAYS },
        { "*/59 */23 */31 */12 */7", BIT(0) | BIT(59), BIT(0) | BIT(23), BIT(1), BIT(1), BIT(0) },
        { "0 0 * JAN,dec Mon-FRI", BIT(0), BIT(0), ALL_DAYS, BIT(1) | BIT(12), SPAN(1, 5) },
        { "0 0 * Feb-4 SAT-SUN", BIT(0), BIT(0), ALL_DAYS, SPAN(2, 4), BIT(6) | BIT(0) },
        { "0 0 * * 5-7", BIT(0), BIT(0), ALL_DAYS, ALL_MONTHS, BIT(5) | BIT(6) | BIT(0) },
        { "0 0 * * 0-7", BIT(0), BIT(0), ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS },
        { "0 0 * * SUN-TUE", BIT(0), BIT(0), ALL_DAYS, ALL_MONTHS, SPAN(0, 2) },
        { "0 0 * * SUN-SUN", BIT(0), BIT(0), ALL_DAYS, ALL_MONTHS, BIT(0) },
        { "00 09 01 01 06", BIT(0), BIT(9), BIT(1), BIT(1), BIT(6) },
        { " 0\t0  * * * ", BIT(0), BIT(0), ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS },
        { "7,7,*/30 3-3 * * *", BIT(0) | BIT(7) | BIT(30), BIT(3), ALL_DAYS, ALL_MONTHS,
          ALL_WEEKDAYS },
        { "0 0 29 2 *", BIT(0), BIT(0), BIT(29), BIT(2), ALL_WEEKDAYS },
        { "0 0 31 2,3 *", BIT(0), BIT(0), BIT(31), SPAN(2, 3), ALL_WEEKDAYS },
        { "0 0 31 2 MON", BIT(0), BIT(0), BIT(31), BIT(2), BIT(1) },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_cron cron = { 0 };
        struct kn_error err = { 0 };

        CHECK_EQ(cases[i].text, kn_cron_parse(cases[i].text, &cron, &err), KN_OK);
        CHECK_EQ(cases[i].text, cron.minutes, cases[i].minutes);
        CHECK_EQ(cases[i].text, cron.hours, cases[i].hours);
        CHECK_EQ(cases[i].text, cron.days, cases[i].days);
        CHECK_EQ(cases[i].text, cron.months, cases[i].months);
        CHECK_EQ(cases[i].text, cron.weekdays, cases[i].weekdays);
        CHECK_EQ(cases[i].text, kn_cron_check(cases[i].text, &err), KN_OK);
        CHECK_STR(cases[i].text, err.text, "");
    }
}

static void a_field_that_begins_with_a_star_restricts_nothing(void **state)
{
    static const struct {
        const char *text;
        bool day, weekday;
    } cases[] = {
        { "0 0 * * *", false, false },  { "0 0 1 * *", true, false },
        { "0 0 * * 1", false, true },   { "0 0 1 * 1", true, true },
        { "0 0 */2 * 1", false, true }, { "0 0 1-31 * */2", true, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_cron cron;

        CHECK_EQ(cases[i].text, kn_cron_parse(cases[i].text, &cron, NULL), KN_OK);
        CHECK_EQ(cases[i].text, cron.day_restricted, cases[i].day);
        CHECK_EQ(cases[i].text, cron.weekday_restricted, cases[i].weekday);
    }
}

struct refusal {
    const char *text;
    enum kn_code code;
    const char *want, *hint;
};

static void check_refusals(const struct refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct kn_error err = { 0 };
        struct kn_cron cron = { .hours = 7 };

        CHECK_EQ(cases[i].text, kn_cron_parse(cases[i].text, &cron, &err), cases[i].code);
        CHECK_EQ(cases[i].text, err.code, cases[i].code);
        CHECK_STR(cases[i].text, err.text, cases[i].want);
        CHECK_STR(cases[i].text, err.hint, cases[i].hint);
        CHECK_EQ(cases[i].text, cron.hours, 7);
        CHECK_EQ(cases[i].text, kn_cron_check(cases[i].text, NULL), cases[i].code);
    }
}

static void values_outside_their_field_are_refused(void **state)
{
    static const struct refusal cases[] = {
        { "60 * * * *", KN_E_RANGE, "minute \"60\" is outside 0..59", "" },
        { "* 24 * * *", KN_E_RANGE, "hour \"24\" is outside 0..23", "" },
        { "* * 0 * *", KN_E_RANGE, "day-of-month \"0\" is outside 1..31", "" },
        { "* * 32 * *", KN_E_RANGE, "day-of-month \"32\" is outside 1..31", "" },
        { "* * * 0 *", KN_E_RANGE, "month \"0\" is outside 1..12", "" },
        { "* * * 13 *", KN_E_RANGE, "month \"13\" is outside 1..12", "" },
        { "* * * * 8", KN_E_RANGE, "day-of-week \"8\" is outside 0..7", "" },
        { "0-60 * * * *", KN_E_RANGE, "minute \"60\" is outside 0..59", "" },
        { "4294967296 * * * *", KN_E_RANGE, "minute \"4294967296\" is outside 0..59", "" },
        { "*/0 * * * *", KN_E_RANGE, "step \"0\" of the minute is outside 1..59", "" },
        { "*/60 * * * *", KN_E_RANGE, "step \"60\" of the minute is outside 1..59", "" },
        { "* */24 * * *", KN_E_RANGE, "step \"24\" of the hour is outside 1..23", "" },
        { "* * */32 * *", KN_E_RANGE, "step \"32\" of the day-of-month is outside 1..31", "" },
        { "* * * */13 *", KN_E_RANGE, "step \"13\" of the month is outside 1..12", "" },
        { "* * * * */8", KN_E_RANGE, "step \"8\" of the day-of-week is outside 1..7", "" },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void what_is_no_field_is_refused(void **state)
{
    static const struct refusal cases[] = {
        { "x * * * *", KN_E_SYNTAX, "\"x\" is no minute",
          "The minute takes numbers from 0 to 59." },
        { "* MON * * *", KN_E_SYNTAX, "\"MON\" is no hour",
          "The hour takes numbers from 0 to 23." },
        { "* * ? * *", KN_E_SYNTAX, "\"?\" is no day-of-month",
          "Write \"*\" for every day-of-month." },
        { "* * L * *", KN_E_SYNTAX, "\"L\" is no day-of-month",
          "The day-of-month takes numbers from 1 to 31." },
        { "* * * MON *", KN_E_SYNTAX, "\"MON\" is no month",
          "The month takes numbers from 1 to 12 and names such as \"feb\"." },
        { "* * * * MONDAY", KN_E_SYNTAX, "\"MONDAY\" is no day-of-week",
          "The day-of-week takes numbers from 0 to 7 and names such as \"mon\"." },
        { "* * * * MO", KN_E_SYNTAX, "\"MO\" is no day-of-week",
          "The day-of-week takes numbers from 0 to 7 and names such as \"mon\"." },
        { "-5 * * * *", KN_E_SYNTAX, "\"\" is no minute",
          "The minute takes numbers from 0 to 59." },
        { "1-2-3 * * * *", KN_E_SYNTAX, "\"2-3\" is no minute",
          "The minute takes numbers from 0 to 59." },
        { "** * * * *", KN_E_SYNTAX, "\"**\" is no minute",
          "The minute takes numbers from 0 to 59." },
        { "1,,2 * * * *", KN_E_SYNTAX, "empty item in the minute \"1,,2\"", "" },
        { "1, * * * *", KN_E_SYNTAX, "empty item in the minute \"1,\"", "" },
        { "*/ * * * *", KN_E_SYNTAX, "\"\" is not a step of the minute", "" },
        { "*/5/5 * * * *", KN_E_SYNTAX, "\"5/5\" is not a step of the minute", "" },
        { "*/-5 * * * *", KN_E_SYNTAX, "\"-5\" is not a step of the minute", "" },
        { "5/10 * * * *", KN_E_INVALID, "minute \"5/10\" has a step without a range",
          "Write \"5-59/10\", or leave out the step." },
        { "* * * * 7/2", KN_E_INVALID, "day-of-week \"7/2\" has a step without a range",
          "Write \"0-6/2\", or leave out the step." },
        { "0 0\n* * *", KN_E_SYNTAX, "the byte 0x0a at character 4", "" },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void ranges_do_not_run_backwards(void **state)
{
    static const struct refusal cases[] = {
        { "* 22-6 * * *", KN_E_INVALID, "hour range \"22-6\" runs backwards",
          "Write both parts: \"22-23,0-6\"." },
        { "* * * NOV-JAN *", KN_E_INVALID, "month range \"NOV-JAN\" runs backwards",
          "Write both parts: \"11-12,1\"." },
        { "* * * * FRI-MON", KN_E_INVALID, "day-of-week range \"FRI-MON\" runs backwards",
          "Write both parts: \"5-6,0-1\"." },
        { "* * * * 6-0", KN_E_INVALID, "day-of-week range \"6-0\" runs backwards",
          "Sunday at the end of a range is 7: write \"6-7\"." },
        { "* * * * 7-2", KN_E_INVALID, "day-of-week range \"7-2\" runs backwards",
          "Sunday at the start of a range is 0: write \"0-2\"." },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void a_time_has_five_fields(void **state)
{
    static const char five[] = "Write minute hour day-of-month month day-of-week, for example "
                               "\"0 9 * * MON-FRI\".";
    static const struct refusal cases[] = {
        { "", KN_E_SYNTAX, "0 fields where a time has five", five },
        { "  ", KN_E_SYNTAX, "0 fields where a time has five", five },
        { "5", KN_E_SYNTAX, "1 field where a time has five", five },
        { "0 9 * *", KN_E_SYNTAX, "4 fields where a time has five", five },
        { "0 0 9 * * 1", KN_E_SYNTAX, "6 fields where a time has five",
          "There is none for seconds or the year: minute hour day-of-month month day-of-week." },
        { "@daily", KN_E_UNSUPPORTED, "\"@daily\" is not a time in five fields",
          "Write \"0 0 * * *\"." },
        { "@Hourly", KN_E_UNSUPPORTED, "\"@Hourly\" is not a time in five fields",
          "Write \"0 * * * *\"." },
        { "@reboot", KN_E_UNSUPPORTED, "\"@reboot\" is not a time in five fields", "" },
        { "@every 5m", KN_E_UNSUPPORTED, "\"@every\" is not a time in five fields", "" },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void a_date_that_never_comes_is_refused(void **state)
{
    static const struct refusal cases[] = {
        { "0 0 31 2 *", KN_E_INVALID, "day-of-month \"31\" never comes in month \"2\"",
          "The longest of these months has 29 days." },
        { "0 0 30 FEB *", KN_E_INVALID, "day-of-month \"30\" never comes in month \"FEB\"",
          "The longest of these months has 29 days." },
        { "0 0 31 4,6,9,11 *", KN_E_INVALID,
          "day-of-month \"31\" never comes in month \"4,6,9,11\"",
          "The longest of these months has 30 days." },
        { "0 0 31 2 */2", KN_E_INVALID, "day-of-month \"31\" never comes in month \"2\"",
          "The longest of these months has 29 days." },
    };

    (void)state;
    check_refusals(cases, KN_COUNT(cases));
}

static void the_longest_text_is_taken_and_one_more_character_is_not(void **state)
{
    char text[KN_CRON_TEXT_MAX + 2];
    struct kn_error err = { 0 };

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, "0 0 * * *", 9);
    text[KN_CRON_TEXT_MAX] = '\0';
    CHECK_EQ("256", kn_cron_check(text, &err), KN_OK);
    text[KN_CRON_TEXT_MAX] = ' ';
    text[KN_CRON_TEXT_MAX + 1] = '\0';
    CHECK_EQ("257", kn_cron_check(text, &err), KN_E_LIMIT);
    CHECK_STR("257", err.text, "257 characters where a time may have 256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_sets),
        cmocka_unit_test(a_field_that_begins_with_a_star_restricts_nothing),
        cmocka_unit_test(values_outside_their_field_are_refused),
        cmocka_unit_test(what_is_no_field_is_refused),
        cmocka_unit_test(ranges_do_not_run_backwards),
        cmocka_unit_test(a_time_has_five_fields),
        cmocka_unit_test(a_date_that_never_comes_is_refused),
        cmocka_unit_test(the_longest_text_is_taken_and_one_more_character_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
