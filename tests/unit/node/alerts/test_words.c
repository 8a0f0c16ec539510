/* A command cut into words, without a shell. */
#include "node/alerts/words.h"

#include <string.h>

#include "support/check.h"

static void words_are_cut_as_they_are_written(void **state)
{
    static const struct {
        const char *command, *want; /* words parted by | */
    } cases[] = {
        { "/bin/true", "/bin/true" },
        { "  a  b\tc ", "a|b|c" },
        { "a 'b c' d", "a|b c|d" },
        { "a \"b c\"", "a|b c" },
        { "a b\\ c", "a|b c" },
        { "a 'b\\c'", "a|b\\c" },
        { "a \"b\\\"c\"", "a|b\"c" },
        { "a ''", "a|" },
        { "a'b'\"c\"", "abc" },
        { "sh -c 'echo $HOME; x | y'", "sh|-c|echo $HOME; x | y" },
        { "a $HOME `id` ; rm *", "a|$HOME|`id`|;|rm|*" },
        { "a \\", "a|\\" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char room[128], got[128] = "";
        const char *words[KN_WORDS_MAX + 1];

        CHECK_EQ(cases[i].command, kn_words_cut(cases[i].command, room, words, NULL), KN_OK);
        for (size_t k = 0; words[k] != NULL; k++) {
            (void)strncat(got, k > 0 ? "|" : "", sizeof(got) - strlen(got) - 1);
            (void)strncat(got, words[k], sizeof(got) - strlen(got) - 1);
        }
        CHECK_STR(cases[i].command, got, cases[i].want);
    }
}

static void what_is_no_command_is_refused(void **state)
{
    char many[3 * KN_WORDS_MAX], room[KN_COMMAND_MAX + 2];
    const char *words[KN_WORDS_MAX + 1];
    struct kn_error err = { 0 };

    (void)state;
    assert_int_equal(kn_words_cut(" ", room, words, &err), KN_E_INVALID);
    assert_string_equal(err.text, "the command names no program");
    assert_int_equal(kn_words_cut("'' a", room, words, &err), KN_E_INVALID);
    assert_int_equal(kn_words_cut("a 'b", room, words, &err), KN_E_INVALID);
    assert_string_equal(err.text, "a quote of the command is not closed");
    memset(many, ' ', sizeof(many));
    for (size_t i = 0; i < KN_WORDS_MAX; i++)
        many[2 * i] = 'a';
    many[(size_t)2 * KN_WORDS_MAX] = '\0';
    assert_int_equal(kn_words_cut(many, room, words, &err), KN_OK);
    memcpy(many + (size_t)2 * KN_WORDS_MAX, "a", 2);
    assert_int_equal(kn_words_cut(many, room, words, &err), KN_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_cut_as_they_are_written),
        cmocka_unit_test(what_is_no_command_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
