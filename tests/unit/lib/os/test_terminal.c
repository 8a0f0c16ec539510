#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/os/terminal.h"
#include "support/check.h"

static void a_pseudo_terminal_tells_its_columns(void **state)
{
    static const struct {
        const char *name;
        unsigned short columns;
    } cases[] = { { "usual", 80 }, { "wide", 132 }, { "widest", 65535 }, { "not known", 0 } };
    int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;

    (void)state;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        print_message("skipped: no pseudo-terminal here\n");
        skip();
    }
    terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK("open", terminal >= 0);
    CHECK("open", kn_terminal_is(terminal));
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct winsize size = { .ws_row = 24, .ws_col = cases[i].columns };

        CHECK_EQ(cases[i].name, ioctl(master, TIOCSWINSZ, &size), 0);
        CHECK_EQ(cases[i].name, kn_terminal_columns(terminal), cases[i].columns);
    }
    (void)close(terminal);
    (void)close(master);
}

static void what_is_no_terminal_has_no_columns(void **state)
{
    int ends[2];

    (void)state;
    CHECK_EQ("pipe", pipe(ends), 0);
    CHECK("pipe", !kn_terminal_is(ends[0]));
    CHECK_EQ("pipe", kn_terminal_columns(ends[0]), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    CHECK("closed", !kn_terminal_is(ends[0]));
    CHECK_EQ("closed", kn_terminal_columns(ends[0]), 0);
    CHECK_EQ("none", kn_terminal_columns(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pseudo_terminal_tells_its_columns),
        cmocka_unit_test(what_is_no_terminal_has_no_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
