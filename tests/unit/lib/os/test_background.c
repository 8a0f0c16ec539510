#include "lib/os/background.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "lib/os/process.h"
#include "support/check.h"
#include "support/home.h"

enum { SOON_MS = 20000 };

static struct kn_home home;
static const char *own_path;

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

static enum kn_code run(struct kn_background *background, const char *program,
                        const char *const *words, const char *log, struct kn_error *err)
{
    return kn_background_start(background, program, words, kn_os_environment(),
                               kn_home_path(&home, log), err);
}

/* What this program does when it is the child: see main(). */
static void start_child(struct kn_background *background, const char *task)
{
    struct kn_error err = { 0 };

    CHECK_EQ("prepare", kn_background_prepare(background, &err), KN_OK);
    {
        const char *const words[] = { own_path, task, background->channel, NULL };

        CHECK_EQ(task, run(background, own_path, words, "log", &err), KN_OK);
    }
    CHECK_STR(task, err.text, "");
}

static void expect_report(const struct kn_background *background, const char *want)
{
    struct kn_text got = { 0 };

    CHECK_EQ(want, kn_background_await(background, SOON_MS, &got), KN_OK);
    CHECK_STR("report", kn_text_get(&got), want);
    kn_text_done(&got);
}

static void reports_come_one_by_one_and_then_the_end(void **state)
{
    struct kn_background background;
    struct kn_text none = { 0 };
    struct kn_ending ending;

    (void)state;
    start_child(&background, "tell");
    expect_report(&background, "one");
    expect_report(&background, "two");
    CHECK_EQ("end", kn_background_await(&background, SOON_MS, &none), KN_E_CLOSED);
    CHECK("ended", kn_background_ended(&background, &ending));
    CHECK_EQ("status", ending.status, 7);
    kn_background_done(&background);
}

static void it_has_a_session_and_no_descriptor_of_ours(void **state)
{
    struct kn_background background;
    struct kn_bytes bytes = { 0 };
    struct kn_error err = { 0 };
    struct kn_ending ending;
    char want[64];
    int stray = dup(STDERR_FILENO);

    (void)state;
    start_child(&background, "session");
    (void)snprintf(want, sizeof(want), "session own, descriptors 0123 ");
    expect_report(&background, want);
    CHECK("ended", kn_background_ended(&background, &ending));
    CHECK_EQ("log", kn_file_read(kn_home_path(&home, "log"), 4096, &bytes, &err), KN_OK);
    CHECK_STR("both outputs are appended", bytes.at, "out\nerr\n");
    kn_bytes_done(&bytes);
    kn_background_done(&background);
    (void)close(stray);
}

static void a_signal_is_told_by_its_name(void **state)
{
    struct kn_background background;
    struct kn_text none = { 0 };
    struct kn_ending ending;

    (void)state;
    start_child(&background, "wait");
    CHECK_EQ("silent", kn_background_await(&background, 10, &none), KN_E_TIMEOUT);
    CHECK_EQ("kill", kill((pid_t)background.pid, SIGKILL), 0);
    CHECK_EQ("end", kn_background_await(&background, SOON_MS, &none), KN_E_CLOSED);
    CHECK("ended", kn_background_ended(&background, &ending));
    CHECK_EQ("status", ending.status, -1);
    CHECK_EQ("signal", ending.signal, SIGKILL);
    CHECK_STR("name", ending.signal_name, "Killed");
    CHECK("only once", !kn_background_ended(&background, &ending));
    kn_background_done(&background);
}

static void who_tells_nobody_lives_on(void **state)
{
    struct kn_background background;
    struct kn_ending ending;

    (void)state;
    start_child(&background, "later");
    expect_report(&background, "ready");
    kn_background_done(&background); /* we are gone */
    CHECK("ended", kn_background_ended(&background, &ending));
    CHECK_EQ("status", ending.status, 5);
}

static void a_log_that_is_a_link_and_a_program_that_is_none_are_refused(void **state)
{
    const char *const words[] = { "x", NULL };
    struct kn_background background;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("link", symlink("elsewhere", kn_home_path(&home, "link")), 0);
    CHECK_EQ("prepare", kn_background_prepare(&background, &err), KN_OK);
    CHECK("link", run(&background, own_path, words, "link", &err) != KN_OK);
    CHECK_EQ("program", run(&background, "/no/such/program", words, "log", &err), KN_E_NOT_FOUND);
    CHECK_EQ("folder", run(&background, own_path, words, "no/log", &err), KN_E_NOT_FOUND);
    kn_background_done(&background);
}

static void a_channel_is_taken_by_its_name_alone(void **state)
{
    static const char *const names[] = { "", "x", "0", "-1", "99999999999999999999" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(names); i++)
        CHECK_EQ(names[i], kn_report_channel_take(names[i]), -1);
    kn_report_channel_tell(-1, "x", 1);
    kn_report_channel_close(-1);
}

/* -- as the child */

static int wait_for_parent(int channel)
{
    kn_report_channel_tell(channel, "ready", 5);
    for (int i = 0; i < 50; i++) { /* the parent closes its end meanwhile */
        kn_report_channel_tell(channel, "x", 1);
        (void)usleep(10000);
    }
    return 5;
}

static int show_session(int channel)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "session %s, descriptors ",
                     getsid(0) == getpid() ? "own" : "theirs");

    for (int fd = 0; fd < 10; fd++) {
        struct stat about;

        if (fstat(fd, &about) == 0)
            n += snprintf(text + n, sizeof(text) - (size_t)n, "%d", fd);
    }
    n += snprintf(text + n, sizeof(text) - (size_t)n, " ");
    (void)!write(STDOUT_FILENO, "out\n", 4);
    (void)!write(STDERR_FILENO, "err\n", 4);
    kn_report_channel_tell(channel, text, (size_t)n);
    return 0;
}

static int be_child(const char *task, const char *name)
{
    int channel = kn_report_channel_take(name);

    if (channel < 0)
        return 99;
    if (strcmp(task, "later") == 0)
        return wait_for_parent(channel);
    if (strcmp(task, "session") == 0)
        return show_session(channel);
    if (strcmp(task, "wait") == 0)
        return (int)pause();
    kn_report_channel_tell(channel, "one", 3);
    kn_report_channel_tell(channel, "two", 3);
    kn_report_channel_close(channel);
    return 7;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reports_come_one_by_one_and_then_the_end, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(it_has_a_session_and_no_descriptor_of_ours, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_signal_is_told_by_its_name, make_home, remove_home),
        cmocka_unit_test_setup_teardown(who_tells_nobody_lives_on, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_log_that_is_a_link_and_a_program_that_is_none_are_refused,
                                        make_home, remove_home),
        cmocka_unit_test(a_channel_is_taken_by_its_name_alone),
    };

    if (argc == 3)
        return be_child(argv[1], argv[2]);
    own_path = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
