/* Small files, read with a limit, and the forms of their lines. */
#include "lib/os/probe.h"

#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"
#include "support/home.h"

static struct kn_home home;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static void what_does_not_fit_ends_with_a_whole_line(void **state)
{
    static const struct {
        const char *content;
        size_t size;
        const char *want;
    } cases[] = {
        { "", 8, "" },
        { "abc", 4, "abc" },
        { "abcd", 4, "" },
        { "a\nbc", 5, "a\nbc" },
        { "a\nbcd\n", 5, "a\n" },
        { "abcdefgh", 2, "" },
        { "a\n\n\n", 4, "a\n\n" },
        { "a\nb\nc\nd\n", 6, "a\nb\nc" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char out[16];

        memset(out, '#', sizeof(out));
        kn_home_write(&home, "f", cases[i].content, strlen(cases[i].content), 0600);
        CHECK(cases[i].content, kn_probe_read(home.path, "/f", out, cases[i].size));
        CHECK_STR(cases[i].content, out, cases[i].want);
        CHECK_EQ(cases[i].content, out[cases[i].size], '#');
    }
}

static void what_is_no_file_is_not_read(void **state)
{
    char out[8], longer[5000];

    (void)state;
    CHECK_EQ("pipe", mkfifo(kn_home_path(&home, "pipe"), 0600), 0);
    CHECK_EQ("loop", symlink("loop", kn_home_path(&home, "loop")), 0);
    CHECK("missing", !kn_probe_read(home.path, "/none", out, sizeof(out)));
    CHECK("a folder", !kn_probe_read(home.path, "", out, sizeof(out)));
    CHECK("a pipe that nobody writes", !kn_probe_read(home.path, "/pipe", out, sizeof(out)));
    CHECK("a link to itself", !kn_probe_read(home.path, "/loop", out, sizeof(out)));
    CHECK("a device", !kn_probe_read("", "/dev/zero", out, sizeof(out)));
    memset(longer, '/', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    CHECK("a path too long", !kn_probe_read("", longer, out, sizeof(out)));
    CHECK_STR("always a text", out, "");
}

static void files_of_the_system_are_read(void **state)
{
    char out[64];

    (void)state;
    CHECK("no size", kn_probe_read("", "/proc/self/statm", out, sizeof(out)));
    CHECK("no size", strlen(out) > 10);
    CHECK("a number", kn_probe_file_number("", "/proc/sys/kernel/pid_max") > 0);
    if (access("/sys/devices", F_OK) != 0)
        return; /* a bare root folder has none */
    CHECK("a page is said", kn_probe_read("", "/sys/devices/system/cpu/online", out, sizeof(out)));
    CHECK("a page is said", out[0] == '0');
}

static void lines_are_copied_trimmed_and_harmless(void **state)
{
    static const struct {
        const char *line;
        size_t size;
        const char *want;
    } cases[] = {
        { " \ta b \t\r\nnext", 16, "a b" },
        { "", 16, "" },
        { "\n", 16, "" },
        { "abcdef", 4, "abc" },
        { "abc", 4, "abc" },
        { "a\001\x7f\xff", 16, "a???" },
        { "abc", 1, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char out[16];

        kn_probe_copy_line(out, cases[i].size, cases[i].line);
        CHECK_STR(cases[i].line, out, cases[i].want);
    }
}

int main(void)
{
#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        IN_HOME(what_does_not_fit_ends_with_a_whole_line),
        IN_HOME(what_is_no_file_is_not_read),
        cmocka_unit_test(files_of_the_system_are_read),
        cmocka_unit_test(lines_are_copied_trimmed_and_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
