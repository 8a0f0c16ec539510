#include "lib/codec/base64.h"

#include "support/check.h"

static void texts_are_read_as_rfc_4648_says(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "", "" },
        { "Zg==", "f" },
        { "Zm8=", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg==", "foob" },
        { "Zm9vYmE=", "fooba" },
        { "Zm9vYmFy", "foobar" },
        { "+/+/", "\xfb\xff\xbf" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        size_t want = strlen(cases[i].want), n = 99;
        uint8_t got[8];

        CHECK_EQ(cases[i].text, kn_base64_decode(kn_span_text(cases[i].text), got, want, &n),
                 KN_OK);
        CHECK_EQ(cases[i].text, n, want);
        CHECK(cases[i].text, memcmp(got, cases[i].want, want) == 0);
        if (want > 0)
            CHECK_EQ(cases[i].text,
                     kn_base64_decode(kn_span_text(cases[i].text), got, want - 1, &n), KN_E_LIMIT);
    }
}

static void other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "Z",    "Zg",   "Zg=",  "====", "Z===", "Zm9v=", "Zg==Zg==", "Zm=v",     "Zm9v\nZg==",
        "Zm9-", "Zm9_", "Zm 9", "Zh==", "Zm9=", "=m9v",  "Zm9\x80",  "Zm9v====", "Zm9vYg=a",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(texts); i++) {
        uint8_t got[16];
        size_t n = 0;

        CHECK_EQ(texts[i], kn_base64_decode(kn_span_text(texts[i]), got, sizeof(got), &n),
                 KN_E_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_rfc_4648_says),
        cmocka_unit_test(other_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
