#include "app/term/term.h"

#include "support/check.h"

/* "NAME=value" entries, ending with NULL, as a lookup. */
static const char *lookup(void *arg, const char *name)
{
    size_t n = strlen(name);

    for (const char *const *at = arg; *at != NULL; at++) {
        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=')
            return *at + n + 1;
    }
    return NULL;
}

static void a_terminal_is_what_its_variables_say(void **state)
{
    struct {
        const char *row, *variables[4];
        bool is_terminal;
        unsigned columns, want_columns;
        bool utf8, color;
    } rows[] = {
        { "a modern one", { "TERM=xterm", "LANG=de_DE.UTF-8" }, true, 100, 100, true, true },
        { "a pipe", { "TERM=xterm", "LANG=C.utf8" }, false, 200, 80, true, false },
        { "a pipe without TERM", { "LANG=C.UTF-8" }, false, 0, 80, true, false },
        { "no TERM", { "LANG=C.UTF-8" }, true, 80, 80, false, false },
        { "dumb", { "TERM=dumb", "LC_ALL=C.UTF-8" }, true, 80, 80, false, false },
        { "no colour wanted", { "TERM=xterm", "NO_COLOR=1" }, true, 80, 80, false, false },
        { "NO_COLOR empty", { "TERM=xterm", "NO_COLOR=" }, true, 80, 80, false, true },
        { "LC_ALL beats LANG",
          { "TERM=xterm", "LANG=C.UTF-8", "LC_ALL=C" },
          true,
          80,
          80,
          false,
          true },
        { "an empty LC_ALL says nothing",
          { "TERM=xterm", "LANG=C.UTF-8", "LC_ALL=" },
          true,
          80,
          80,
          true,
          true },
        { "unknown width", { "TERM=xterm" }, true, 0, 80, false, true },
        { "at least", { "TERM=xterm" }, true, 39, 40, false, true },
        { "at most", { "TERM=xterm" }, true, 121, 120, false, true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_term term =
            kn_term_from(rows[i].is_terminal, rows[i].columns, lookup, rows[i].variables);

        CHECK_EQ(rows[i].row, term.columns, rows[i].want_columns);
        CHECK_EQ(rows[i].row, term.utf8, rows[i].utf8);
        CHECK_EQ(rows[i].row, term.color, rows[i].color);
    }
}

static void a_line_is_rewritten_on_terminals_that_can(void **state)
{
    const char *usual[] = { "TERM=xterm", "NO_COLOR=1", NULL, NULL };
    const char *dumb[] = { "TERM=dumb", NULL, NULL, NULL };

    (void)state;
    CHECK("usual", kn_term_from(true, 80, lookup, usual).rewrites);
    CHECK("dumb", !kn_term_from(true, 80, lookup, dumb).rewrites);
    CHECK("pipe", !kn_term_from(false, 80, lookup, usual).rewrites);
}

static void colour_and_emoji_need_what_they_need(void **state)
{
    const struct kn_term plain = { .columns = 80 }, fancy = { true, true, true, true, 80 };
    const struct kn_term piped = { .utf8 = true, .columns = 80 };
    struct kn_text out = { 0 };

    (void)state;
    kn_term_add(&fancy, &out, KN_RED, "x");
    kn_term_add(&fancy, &out, KN_RED, "");
    kn_term_add(&fancy, &out, KN_PLAIN, "y");
    kn_term_add(&plain, &out, KN_RED, "z");
    CHECK_STR("styles", kn_text_get(&out), "\x1b[31mx\x1b[0myz");
    CHECK_STR("arrow", kn_term_pick(&piped, "fancy", "plain"), "fancy");
    CHECK_STR("arrow", kn_term_pick(&plain, "fancy", "plain"), "plain");
    CHECK_STR("emoji", kn_term_emoji(&fancy, "e"), "e");
    CHECK_STR("emoji in a pipe", kn_term_emoji(&piped, "e"), "");
    kn_text_done(&out);
}

static void words_of_strangers_cannot_move_the_cursor(void **state)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        { "plain", "abc \xc3\xa4 \xf0\x9f\x98\x80", "abc \xc3\xa4 \xf0\x9f\x98\x80" },
        { "escape", "a\x1b[2Jb", "a?[2Jb" },
        { "line feed", "a\nb\r", "a?b?" },
        { "second set of controls",
          "a\xc2\x9b"
          "2J",
          "a?2J" },
        { "no UTF-8", "a\xff\xc3", "a??" },
        { "direction of writing",
          "a\xe2\x80\xae"
          "b\xe2\x81\xa6"
          "c",
          "a?b?c" },
        { "line separator",
          "a\xe2\x80\xa8"
          "b",
          "a?b" },
        { "byte order mark",
          "\xef\xbb\xbf"
          "a",
          "?a" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_text out = { 0 };

        kn_term_add_safe(&out, rows[i].text);
        CHECK_STR(rows[i].row, kn_text_get(&out), rows[i].want);
        kn_text_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_is_what_its_variables_say),
        cmocka_unit_test(a_line_is_rewritten_on_terminals_that_can),
        cmocka_unit_test(colour_and_emoji_need_what_they_need),
        cmocka_unit_test(words_of_strangers_cannot_move_the_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
