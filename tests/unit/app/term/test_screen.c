#include "app/term/screen.h"

#include "support/check.h"

/* What is appended for a frame over another. */
static void over(const char *before, const char *frame, size_t columns, size_t rows,
                 const char *want)
{
    struct kn_screen screen = { 0 };
    struct kn_text out = { 0 };

    kn_screen_draw(&screen, before, 80, 24, &out);
    kn_text_cut(&out, 0);
    kn_screen_draw(&screen, frame, columns, rows, &out);
    CHECK_STR(frame, kn_text_get(&out), want);
    kn_screen_done(&screen);
    kn_text_done(&out);
}

static void the_first_is_written_where_the_cursor_stands(void **state)
{
    struct kn_screen screen = { 0 };
    struct kn_text out = { 0 };

    (void)state;
    kn_screen_draw(&screen, "one\ntwo\n", 80, 24, &out);
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

static void more_than_the_window_has_is_left_out(void **state)
{
    (void)state;
    over("", "1\n2\n3\n4\n", 80, 4, "1\n2\n3\n");
    over("", "1\n12345678901\n3\n4\n", 10, 4, "1\n12345678901\n");
    over("", "1\n2\n", 80, 1, "1\n2\n"); /* a window without rows tells nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_written_where_the_cursor_stands),
        cmocka_unit_test(the_next_takes_its_place_and_nothing_is_left_over),
        cmocka_unit_test(more_than_the_window_has_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
