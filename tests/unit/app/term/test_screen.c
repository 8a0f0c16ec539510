#include "app/term/screen.h"

#include "app/term/term.h"
#include "support/check.h"

static const struct kn_term fancy = { true, true, true, true, 80 },
                            ascii = { true, false, false, true, 80 };

/* What is appended for a frame over another. */
static void over(const char *before, const char *frame, size_t columns, size_t rows,
                 const char *want)
{
    struct kn_screen screen = { 0 };
    struct kn_text out = { 0 };

    kn_screen_draw(&screen, &fancy, before, 80, 24, &out);
    kn_text_cut(&out, 0);
    kn_screen_draw(&screen, &fancy, frame, columns, rows, &out);
    CHECK_STR(frame, kn_text_get(&out), want);
    kn_screen_done(&screen);
    kn_text_done(&out);
}

static void the_first_is_written_where_the_cursor_stands(void **state)
{
    struct kn_screen screen = { 0 };
    struct kn_text out = { 0 };

    (void)state;
    kn_screen_draw(&screen, &fancy, "one\ntwo\n", 80, 24, &out);
    CHECK_STR("first", kn_text_get(&out), "one\ntwo\n");
    kn_screen_done(&screen);
    kn_text_done(&out);
}

static void the_next_takes_its_place_and_nothing_is_left_over(void **state)
{
    static const struct {
        const char *before;
        size_t columns, rows;
        const char *want;
    } cases[] = {
        { "one\ntwo\n", 80, 24, "\r\x1b[2A\x1b[Jnew\n" },
        { "one\n", 80, 24, "\r\x1b[1A\x1b[Jnew\n" },
        { "one\ntwo\n", 0, 0, "\r\x1b[2A\x1b[Jnew\n" }, /* a window of unknown size */
        { "\n\n\n", 80, 24, "\r\x1b[3A\x1b[Jnew\n" },
        { "12345678901\n", 10, 24, "\r\x1b[2A\x1b[Jnew\n" }, /* it became narrower */
        { "1234567890\n", 10, 24, "\r\x1b[1A\x1b[Jnew\n" },  /* it fits just so */
        { "123456789012345678901\n", 10, 24, "\r\x1b[3A\x1b[Jnew\n" },
        { "\x1b[1m1234567890\x1b[0m\n", 10, 24,
          "\r\x1b[1A\x1b[Jnew\n" }, /* colours are no columns */
        { "äöüäöüäöüä\n", 10, 24, "\r\x1b[1A\x1b[Jnew\n" },
        { "1\n2\n3\n4\n5\n", 80, 3, "\r\x1b[2A\x1b[Jnew\n" }, /* what has left the window */
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        over(cases[i].before, "new\n", cases[i].columns, cases[i].rows, cases[i].want);
}

static void more_than_the_window_has_is_left_out_and_counted(void **state)
{
    static const struct {
        const char *frame;
        size_t columns, rows;
        const char *want;
    } cases[] = {
        { "1\n2\n3\n", 80, 4, "1\n2\n3\n" }, /* it fits just so */
        { "1\n2\n3\n4\n", 80, 4, "1\n2\n… 2 more lines\n" },
        { "1\n2\n\n\n", 80, 4, "1\n2\n… 2 more lines\n" },
        { "1\n1234567890123456789012345\n", 24, 3, "1\n… 1 more line\n" },
        { "1\n2\n3\n", 80, 3, "1\n… 2 more lines\n" },
        { "1\n2\n3\n", 80, 2, "1\n" }, /* one row is for the frame */
        { "1\n2\n3\n4\n", 24, 3, "1\n… 3 more lines\n" },
        { "1\n2\n3\n4\n", 23, 3, "1\n2\n" }, /* too narrow for more */
        { "1\n2\n3\n4\n", 0, 3, "1\n… 3 more lines\n" },
        { "1\n2\n", 80, 1, "1\n2\n" }, /* a window without rows tells nothing */
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        over("", cases[i].frame, cases[i].columns, cases[i].rows, cases[i].want);
}

static void what_was_counted_is_written_over_too(void **state)
{
    struct kn_screen screen = { 0 };
    struct kn_text out = { 0 };

    (void)state;
    kn_screen_draw(&screen, &ascii, "1\n2\n3\n4\n", 80, 4, &out);
    CHECK_STR("mark", kn_text_get(&out), "1\n2\n... 2 more lines\n");
    kn_text_cut(&out, 0);
    kn_screen_draw(&screen, &ascii, "new\n", 80, 4, &out);
    CHECK_STR("next", kn_text_get(&out), "\r\x1b[3A\x1b[Jnew\n");
    kn_screen_done(&screen);
    kn_text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_written_where_the_cursor_stands),
        cmocka_unit_test(the_next_takes_its_place_and_nothing_is_left_over),
        cmocka_unit_test(more_than_the_window_has_is_left_out_and_counted),
        cmocka_unit_test(what_was_counted_is_written_over_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
