#include "lib/codec/base58.h"

#include "support/check.h"

static const struct {
    const char *bytes;
    size_t n;
    const char *text;
} pairs[] = {
    { "", 0, "" },
    { "\x00", 1, "1" },
    { "\x00\x00\x00", 3, "111" },
    { "\x01", 1, "2" },
    { "\x39", 1, "z" },
    { "\x3a", 1, "21" },
    { "\xff", 1, "5Q" },
    { "\x00\x00\x01\x00", 4, "115R" },
    { "Hello World!", 12, "2NEpo7TZRRrLZSi2U" }, /* draft-msporny-base58 §5 */
    { "\x00\x00\x28\x7f\xb4\xcd", 6, "11233QC4" },
};

static void bytes_and_text_stand_for_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(pairs); i++) {
        char text[32];
        uint8_t bytes[32];
        size_t n = 99;

        CHECK_EQ(pairs[i].text,
                 kn_base58_encode((const uint8_t *)pairs[i].bytes, pairs[i].n, text, sizeof(text)),
                 KN_OK);
        CHECK_STR(pairs[i].text, text, pairs[i].text);
        CHECK_EQ(pairs[i].text,
                 kn_base58_decode(pairs[i].text, strlen(pairs[i].text), bytes, sizeof(bytes), &n),
                 KN_OK);
        CHECK_EQ(pairs[i].text, n, pairs[i].n);
        CHECK(pairs[i].text, memcmp(bytes, pairs[i].bytes, n) == 0);
    }
}

static void an_exact_buffer_is_enough_and_one_less_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(pairs); i++) {
        const char *row = pairs[i].text;
        size_t text_n = strlen(row), n;
        char text[32];
        uint8_t bytes[32];

        CHECK_EQ(row, kn_base58_decode(row, text_n, bytes, pairs[i].n, &n), KN_OK);
        if (pairs[i].n > 0)
            CHECK_EQ(row, kn_base58_decode(row, text_n, bytes, pairs[i].n - 1, &n), KN_E_LIMIT);
        CHECK_EQ(row,
                 kn_base58_encode((const uint8_t *)pairs[i].bytes, pairs[i].n, text, text_n + 1),
                 KN_OK);
        CHECK_EQ(row, kn_base58_encode((const uint8_t *)pairs[i].bytes, pairs[i].n, text, text_n),
                 KN_E_LIMIT);
    }
}

static void characters_outside_the_alphabet_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t n, good;
    } cases[] = {
        { "0", 1, 0 },      { "2O", 2, 1 },       { "2I2", 3, 1 }, { "22l", 3, 2 },
        { "a b", 3, 1 },    { "ab\n", 3, 2 },     { "+", 1, 0 },   { "2\xc3\xa9", 3, 1 },
        { "2\0002", 3, 1 }, { "\xff\xff", 2, 0 },
    };
    uint8_t bytes[8];
    size_t n;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        CHECK_EQ(cases[i].text, kn_base58_span(cases[i].text, cases[i].n), cases[i].good);
        CHECK_EQ(cases[i].text,
                 kn_base58_decode(cases[i].text, cases[i].n, bytes, sizeof(bytes), &n),
                 KN_E_SYNTAX);
    }
}

static void the_limits_hold_and_one_past_them_is_refused(void **state)
{
    uint8_t bytes[KN_BASE58_BYTES_MAX + 1], again[KN_BASE58_TEXT_MAX + 1];
    char text[KN_BASE58_TEXT_MAX + 2];
    size_t n;

    (void)state;
    memset(bytes, 0xff, sizeof(bytes));
    CHECK_EQ("longest", kn_base58_encode(bytes, KN_BASE58_BYTES_MAX, text, sizeof(text)), KN_OK);
    CHECK_EQ("longest", strlen(text), KN_BASE58_TEXT_MAX);
    CHECK_EQ("longest", kn_base58_decode(text, strlen(text), again, KN_BASE58_BYTES_MAX, &n),
             KN_OK);
    CHECK_EQ("longest", n, KN_BASE58_BYTES_MAX);
    CHECK("longest", memcmp(bytes, again, n) == 0);
    CHECK_EQ("one more byte", kn_base58_encode(bytes, sizeof(bytes), text, sizeof(text)),
             KN_E_LIMIT);
    memset(text, '1', sizeof(text));
    CHECK_EQ("all ones", kn_base58_decode(text, KN_BASE58_TEXT_MAX, again, sizeof(again), &n),
             KN_OK);
    CHECK_EQ("all ones", n, KN_BASE58_TEXT_MAX);
    CHECK_EQ("one more character",
             kn_base58_decode(text, KN_BASE58_TEXT_MAX + 1, again, sizeof(again), &n), KN_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_text_stand_for_each_other),
        cmocka_unit_test(an_exact_buffer_is_enough_and_one_less_is_not),
        cmocka_unit_test(characters_outside_the_alphabet_are_refused),
        cmocka_unit_test(the_limits_hold_and_one_past_them_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
