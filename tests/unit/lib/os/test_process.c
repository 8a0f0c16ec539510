#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/os/process.h"
#include "support/check.h"
#include "support/home.h"

static struct kn_home home;
static volatile sig_atomic_t interrupts;

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

static void on_interrupt(int number)
{
    (void)number;
    interrupts++;
}

static int run_shell(const char *script)
{
    const char *const argv[] = { "sh", "-c", script, "sh", home.path, NULL };
    struct kn_error err = { 0 };
    int status = -1;

    CHECK_EQ(script, kn_process_run(argv, &status, &err), KN_OK);
    CHECK_STR(script, err.text, "");
    return status;
}

static void the_exit_status_comes_back(void **state)
{
    static const struct {
        const char *script;
        int want;
    } cases[] = {
        { "exit 0", 0 },
        { "exit 7", 7 },
        { "exit 255", 255 },
        { "kill -TERM $$", 128 + SIGTERM },
        { "kill -KILL $$", 128 + SIGKILL },
        { "echo written > \"$1/f\" && read x < \"$1/f\" && test \"$x\" = written", 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i].script, run_shell(cases[i].script), cases[i].want);
}

static void the_child_has_our_input(void **state)
{
    int ends[2], before = dup(STDIN_FILENO);

    (void)state;
    CHECK_EQ("pipe", pipe(ends), 0);
    CHECK_EQ("pipe", write(ends[1], "hello\n", 6), 6);
    CHECK_EQ("pipe", close(ends[1]), 0);
    CHECK_EQ("input", dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    CHECK_EQ("input", run_shell("read x && test \"$x\" = hello"), 0);
    if (before >= 0)
        CHECK_EQ("input", dup2(before, STDIN_FILENO), STDIN_FILENO);
    (void)close(before);
    (void)close(ends[0]);
}

static void what_cannot_run_is_named(void **state)
{
    static const struct {
        const char *program;
        enum kn_code want;
        const char *text, *hint;
    } cases[] = {
        { "no-such-editor", KN_E_NOT_FOUND,
          "cannot run \"no-such-editor\": there is no such program",
          "Install it, or name another program." },
        { "/no/such/editor", KN_E_NOT_FOUND,
          "cannot run \"/no/such/editor\": there is no such program",
          "Install it, or name another program." },
        { "/etc/passwd", KN_E_DENIED, "cannot run \"/etc/passwd\": permission denied", "" },
        { "/etc", KN_E_DENIED, "cannot run \"/etc\": permission denied", "" },
        { "", KN_E_INVALID, "no program to run was named", "" },
        { NULL, KN_E_INVALID, "no program to run was named", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *const argv[] = { cases[i].program, NULL };
        struct kn_error err = { 0 };
        int status = -1;

        CHECK_EQ(cases[i].text, kn_process_run(argv, &status, &err), cases[i].want);
        CHECK_STR(cases[i].text, err.text, cases[i].text);
        CHECK_STR(cases[i].text, err.hint, cases[i].hint);
        CHECK_EQ(cases[i].text, status, -1);
    }
}

static void the_interrupt_key_is_the_childs_alone_meanwhile(void **state)
{
    struct sigaction ours = { .sa_handler = on_interrupt }, before, after;

    (void)state;
    interrupts = 0;
    CHECK_EQ("set", sigaction(SIGINT, &ours, &before), 0);
    CHECK_EQ("to us", run_shell("kill -INT $PPID"), 0);
    CHECK_EQ("to us", interrupts, 0);
    CHECK_EQ("to the child", run_shell("kill -INT $$"), 128 + SIGINT);
    CHECK_EQ("restored", raise(SIGINT), 0);
    CHECK_EQ("restored", interrupts, 1);
    CHECK_EQ("restored", sigaction(SIGINT, &before, &after), 0);
    CHECK("restored", after.sa_handler == on_interrupt);
}

static void what_we_ignore_the_child_ignores(void **state)
{
    struct sigaction ignored = { .sa_handler = SIG_IGN }, before;

    (void)state;
    CHECK_EQ("set", sigaction(SIGINT, &ignored, &before), 0);
    CHECK_EQ("ignored", run_shell("kill -INT $$; exit 3"), 3);
    CHECK_EQ("restored", sigaction(SIGINT, &before, NULL), 0);
}

static void the_status_comes_back_also_when_children_are_not_waited_for(void **state)
{
    struct sigaction ignored = { .sa_handler = SIG_IGN }, before, after;

    (void)state;
    CHECK_EQ("set", sigaction(SIGCHLD, &ignored, &before), 0);
    CHECK_EQ("status", run_shell("exit 5"), 5);
    CHECK_EQ("restored", sigaction(SIGCHLD, &before, &after), 0);
    CHECK("restored", after.sa_handler == SIG_IGN);
}

static void the_environment_is_ours(void **state)
{
    const char *const *at = kn_os_environment();

    (void)state;
    CHECK_EQ("set", setenv("KN_TEST_VARIABLE", "a value", 1), 0);
    CHECK_STR("set", kn_os_lookup(NULL, "KN_TEST_VARIABLE"), "a value");
    for (at = kn_os_environment(); *at != NULL; at++) {
        if (strcmp(*at, "KN_TEST_VARIABLE=a value") == 0)
            break;
    }
    CHECK("listed", *at != NULL);
    CHECK_EQ("child", run_shell("test \"$KN_TEST_VARIABLE\" = 'a value'"), 0);
    CHECK_EQ("unset", unsetenv("KN_TEST_VARIABLE"), 0);
    CHECK("unset", kn_os_lookup(NULL, "KN_TEST_VARIABLE") == NULL);
}

#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

static void what_a_program_writes_is_kept_up_to_a_limit(void **state)
{
    static const struct {
        const char *script;
        size_t max;
        int status;
        const char *want;
    } cases[] = {
        { "echo out; echo err >&2; exit 3", 100, 3, "out\nerr\n" },
        { "read x || echo nothing to read", 100, 0, "nothing to read\n" },
        { "kill -KILL $$", 100, 128 + SIGKILL, "" },
        { "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", 5, 0, "01234" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *const argv[] = { "sh", "-c", cases[i].script, NULL };
        struct kn_text out = { 0 };
        struct kn_error err = { 0 };
        int status = -1;

        CHECK_EQ(cases[i].script, kn_process_ask(argv, cases[i].max, &out, &status, &err), KN_OK);
        CHECK_EQ(cases[i].script, status, cases[i].status);
        CHECK_STR(cases[i].script, kn_text_get(&out), cases[i].want);
        kn_text_done(&out);
    }
    {
        const char *const none[] = { "kwaainet-no-such-program", NULL };
        struct kn_text out = { 0 };
        struct kn_error err = { 0 };
        int status;

        CHECK_EQ("none", kn_process_ask(none, 1, &out, &status, &err), KN_E_NOT_FOUND);
    }
}

static void what_cannot_be_run_is_known_before(void **state)
{
    struct kn_error err = { 0 };

    (void)state;
    kn_home_write(&home, "data", "x", 1, 0644);
    kn_home_write(&home, "program", "#!/bin/sh\n", 10, 0755);
    CHECK_EQ("program", kn_process_may_run(kn_home_path(&home, "program"), &err), KN_OK);
    CHECK_EQ("data", kn_process_may_run(kn_home_path(&home, "data"), &err), KN_E_DENIED);
    CHECK_EQ("none", kn_process_may_run(kn_home_path(&home, "none"), &err), KN_E_NOT_FOUND);
    CHECK_EQ("folder", kn_process_may_run(home.path, &err), KN_E_IO);
    CHECK_EQ("become",
             kn_process_become(kn_home_path(&home, "none"), (const char *const[]){ "x", NULL },
                               kn_os_environment(), &err),
             KN_E_NOT_FOUND); /* and we are still here */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_program_writes_is_kept_up_to_a_limit),
        cmocka_unit_test_setup_teardown(what_cannot_be_run_is_known_before, make_home, remove_home),
        IN_HOME(the_exit_status_comes_back),
        IN_HOME(the_child_has_our_input),
        IN_HOME(what_cannot_run_is_named),
        IN_HOME(the_interrupt_key_is_the_childs_alone_meanwhile),
        IN_HOME(what_we_ignore_the_child_ignores),
        IN_HOME(the_status_comes_back_also_when_children_are_not_waited_for),
        IN_HOME(the_environment_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
