#include "lib/io/lines.h"

#include <fcntl.h>
#include <unistd.h>

#include "io_fixture.h"

struct seen {
    struct kn_loop *loop;
    struct kn_lines *lines;
    int ours, theirs, shared; /* the person's end, the program's, and that of who started it */
    char text[1024];
    unsigned count, stop_after, ended;
    bool free_at_once;
};

static void on_line(void *arg, const char *text, bool too_long)
{
    struct seen *seen = arg;
    size_t n = strlen(seen->text);

    (void)snprintf(seen->text + n, sizeof(seen->text) - n, "%s%s|", text,
                   too_long ? "(too long)" : "");
    seen->count++;
    if (seen->free_at_once) {
        kn_lines_free(seen->lines);
        seen->lines = NULL;
    }
    if (seen->count >= seen->stop_after)
        kn_loop_stop(seen->loop);
}

static void on_end(void *arg)
{
    struct seen *seen = arg;

    seen->ended++;
    kn_loop_stop(seen->loop);
}

static void begin(struct seen *seen, unsigned stop_after)
{
    const struct kn_lines_events events = { seen, on_line, on_end };
    struct kn_error err = { 0 };

    *seen = (struct seen){ .loop = new_loop(), .stop_after = stop_after };
    seen->ours = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK("terminal", seen->ours >= 0 && grantpt(seen->ours) == 0 && unlockpt(seen->ours) == 0);
    seen->theirs = open(ptsname(seen->ours), O_RDWR | O_NOCTTY);
    seen->shared = dup(seen->theirs);
    CHECK("terminal", seen->theirs >= 0 && seen->shared >= 0);
    CHECK_EQ(err.text, kn_lines_start(seen->loop, seen->theirs, &events, &seen->lines, &err),
             KN_OK);
}

static void end(struct seen *seen)
{
    kn_lines_free(seen->lines);
    kn_loop_free(seen->loop);
    (void)close(seen->theirs);
    (void)close(seen->shared);
    (void)close(seen->ours);
}

static void type(const struct seen *seen, const char *text)
{
    CHECK_EQ(text, write(seen->ours, text, strlen(text)), strlen(text));
}

static void lines_come_as_they_are_typed(void **state)
{
    struct seen seen;

    (void)state;
    begin(&seen, 3);
    type(&seen, "y\n\n  no \n");
    run_loop(seen.loop);
    CHECK_STR("lines", seen.text, "y||  no |");
    CHECK_EQ("ended", seen.ended, 0);
    end(&seen);
}

static void a_line_that_is_too_long_comes_once_and_empty(void **state)
{
    char longest[KN_LINE_MAX + 2], longer[KN_LINE_MAX + 3];
    struct seen seen;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    memcpy(longest + KN_LINE_MAX, "\n", 2);
    memset(longer, 'x', sizeof(longer));
    memcpy(longer + KN_LINE_MAX + 1, "\n", 2);
    begin(&seen, 3);
    type(&seen, longest);
    type(&seen, longer);
    type(&seen, "y\n");
    run_loop(seen.loop);
    CHECK_EQ("the longest one", strspn(seen.text, "x"), KN_LINE_MAX);
    CHECK_STR("the longer one", seen.text + KN_LINE_MAX, "|(too long)|y|");
    end(&seen);
}

static void the_end_of_the_input_comes_once(void **state)
{
    struct seen seen;

    (void)state;
    begin(&seen, 9);
    type(&seen, "\x04");
    run_loop(seen.loop);
    CHECK_EQ("ended", seen.ended, 1);
    CHECK_STR("lines", seen.text, "");
    end(&seen);
}

static void a_terminal_that_goes_away_is_an_end(void **state)
{
    struct seen seen;

    (void)state;
    begin(&seen, 9);
    (void)close(seen.ours);
    seen.ours = -1;
    run_loop(seen.loop);
    CHECK_EQ("ended", seen.ended, 1);
    end(&seen);
}

static void a_reader_may_be_freed_by_its_own_line(void **state)
{
    struct seen seen;

    (void)state;
    begin(&seen, 1);
    seen.free_at_once = true;
    type(&seen, "y\nn\n");
    run_loop(seen.loop);
    CHECK_STR("nothing comes afterwards", seen.text, "y|");
    end(&seen);
}

static void what_is_no_terminal_is_refused(void **state)
{
    const struct kn_lines_events events = { NULL, on_line, on_end };
    struct kn_loop *loop = new_loop();
    struct kn_lines *lines = NULL;
    struct kn_error err = { 0 };
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    CHECK_EQ("pipe", kn_lines_start(loop, ends[0], &events, &lines, &err), KN_E_UNSUPPORTED);
    CHECK_HAS("pipe", err.text, "no terminal");
    CHECK("pipe", lines == NULL);
    (void)close(ends[0]);
    (void)close(ends[1]);
    kn_loop_free(loop);
    kn_lines_free(NULL);
}

/* The terminal is shared with whoever started us: it must not begin to answer at once. */
static void the_terminal_waits_for_others_as_before(void **state)
{
    struct seen seen;

    (void)state;
    begin(&seen, 1);
    CHECK_EQ("flags", fcntl(seen.shared, F_GETFL) & O_NONBLOCK, 0);
    type(&seen, "y\n");
    run_loop(seen.loop);
    CHECK_EQ("flags", fcntl(seen.shared, F_GETFL) & O_NONBLOCK, 0);
    end(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_as_they_are_typed),
        cmocka_unit_test(a_line_that_is_too_long_comes_once_and_empty),
        cmocka_unit_test(the_end_of_the_input_comes_once),
        cmocka_unit_test(a_terminal_that_goes_away_is_an_end),
        cmocka_unit_test(a_reader_may_be_freed_by_its_own_line),
        cmocka_unit_test(what_is_no_terminal_is_refused),
        cmocka_unit_test(the_terminal_waits_for_others_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
