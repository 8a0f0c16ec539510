#include "lib/base/number.h"
#include "support/check.h"

static void whole_numbers_have_one_spelling(void **state)
{
    static const struct {
        const char *text;
        enum kn_code want;
        int64_t value;
    } cases[] = {
        { "0", KN_OK, 0 },
        { "8080", KN_OK, 8080 },
        { "-1", KN_OK, -1 },
        { "9223372036854775807", KN_OK, INT64_MAX },
        { "-9223372036854775808", KN_OK, INT64_MIN },
        { "9223372036854775808", KN_E_RANGE, 0 },
        { "-9223372036854775809", KN_E_RANGE, 0 },
        { "", KN_E_SYNTAX, 0 },
        { "-", KN_E_SYNTAX, 0 },
        { "-0", KN_E_SYNTAX, 0 },
        { "+1", KN_E_SYNTAX, 0 },
        { "010", KN_E_SYNTAX, 0 },
        { "0x10", KN_E_SYNTAX, 0 },
        { "1_000", KN_E_SYNTAX, 0 },
        { "12:30", KN_E_SYNTAX, 0 },
        { "1.0", KN_E_SYNTAX, 0 },
        { " 1", KN_E_SYNTAX, 0 },
        { "1 ", KN_E_SYNTAX, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        int64_t value = 0;

        CHECK_EQ(cases[i].text, kn_parse_whole(cases[i].text, &value), cases[i].want);
        CHECK_EQ(cases[i].text, value, cases[i].value);
    }
}

static void decimals_print_as_the_shortest_text_that_reads_back(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0, "0" },         { -0.0, "0" },
        { 16, "16" },       { 0.1, "0.1" },
        { 46.57, "46.57" }, { 1e300, "1e+300" },
        { -2.5, "-2.5" },   { 1.0 / 3, "0.3333333333333333" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char text[KN_DECIMAL_SIZE];
        double again = -1;

        kn_print_decimal(cases[i].value, text);
        CHECK_STR(cases[i].text, text, cases[i].text);
        CHECK_EQ(cases[i].text, kn_parse_decimal(text, NULL, &again), KN_OK);
        CHECK(cases[i].text, again == cases[i].value);
    }
}

static void decimals_follow_the_json_grammar(void **state)
{
    static const struct {
        const char *text;
        enum kn_code want;
        const char *rest;
    } cases[] = {
        { "1.5GiB", KN_OK, "GiB" }, { "1e3", KN_OK, "" },       { "1.", KN_OK, "." },
        { "01", KN_OK, "1" },       { ".5", KN_E_SYNTAX, "" },  { "+1", KN_E_SYNTAX, "" },
        { "inf", KN_E_SYNTAX, "" }, { "nan", KN_E_SYNTAX, "" }, { "1e999", KN_E_RANGE, "" },
        { "", KN_E_SYNTAX, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *rest = "";
        double value;

        CHECK_EQ(cases[i].text, kn_parse_decimal(cases[i].text, &rest, &value), cases[i].want);
        CHECK_STR(cases[i].text, rest, cases[i].rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_have_one_spelling),
        cmocka_unit_test(decimals_print_as_the_shortest_text_that_reads_back),
        cmocka_unit_test(decimals_follow_the_json_grammar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
