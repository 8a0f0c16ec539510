/* Words that a shell reads as they were. */
#include "lib/base/shell.h"

#include "support/check.h"

static void words_are_quoted_when_they_have_to_be(void **state)
{
    static const struct {
        const char *word, *want;
    } cases[] = {
        { "/etc/kwaainet-1.yaml", "/etc/kwaainet-1.yaml" },
        { "", "''" },
        { "a b", "'a b'" },
        { "$(id)", "'$(id)'" },
        { "it's", "'it'\\''s'" },
        { "~", "'~'" },
        { "a\nb", "'a\nb'" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_text got = { 0 };

        kn_shell_add(&got, cases[i].word);
        CHECK_STR(cases[i].word, kn_text_get(&got), cases[i].want);
        kn_text_done(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(words_are_quoted_when_they_have_to_be) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
