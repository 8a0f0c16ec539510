/* Processes of this machine: who they are, who listens, whom a pid file can mean. */
#include "lib/os/process_info.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/pid_file.h"
#include "lib/os/port_holder.h"
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

/* A child with a name that stays until it is killed. */
static pid_t named_child(const char *name)
{
    int ready[2];
    char told;
    pid_t child;

    CHECK("pipe", pipe(ready) == 0);
    child = fork();
    CHECK("fork", child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_NAME, name);
        if (write(ready[1], "y", 1) == 1)
            (void)pause();
        _exit(0);
    }
    CHECK("told", read(ready[0], &told, 1) == 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

static void end_child(pid_t child)
{
    CHECK("kill", kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
}

static void a_process_has_a_name_and_a_start(void **state)
{
    pid_t child = named_child("a) R 1\x1b[2J\xc3\xa4");
    struct kn_process_info info;

    (void)state;
    CHECK_EQ("child", kn_process_look(child, &info), KN_OK);
    CHECK_STR("harmless", info.name, "a) R 1?[2J??");
    CHECK("just now", info.started <= time(NULL) + 1 && info.started > time(NULL) - 60);
    CHECK("kill", kill(child, SIGKILL) == 0);
    CHECK("dead", waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
    CHECK_EQ("not waited for", kn_process_look(child, &info), KN_E_NOT_FOUND);
    CHECK("wait", waitpid(child, NULL, 0) == child);
    CHECK_EQ("gone", kn_process_look(child, &info), KN_E_NOT_FOUND);
    CHECK_EQ("no number", kn_process_look(0, &info), KN_E_NOT_FOUND);
    CHECK_EQ("no number", kn_process_look(-1, &info), KN_E_NOT_FOUND);
    CHECK_EQ("self", kn_process_look(kn_process_self(), &info), KN_OK);
}

static int listen_on(int family, uint16_t *port)
{
    int fd = socket(family, SOCK_STREAM, 0);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct sockaddr *at =
        family == AF_INET ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
    struct sockaddr_in6 bound = { 0 };
    socklen_t n = family == AF_INET ? sizeof(four) : sizeof(six);

    CHECK("socket", fd >= 0);
    CHECK("bind", bind(fd, at, n) == 0 && listen(fd, 1) == 0);
    CHECK("name", getsockname(fd, (struct sockaddr *)&bound, &n) == 0);
    *port = ntohs(bound.sin6_port); /* both families have it at one place */
    return fd;
}

static void who_listens_on_a_port_is_named(void **state)
{
    static const int families[] = { AF_INET, AF_INET6 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(families); i++) {
        struct kn_port_holder holder = { 0 };
        struct kn_process_info self;
        uint16_t port;
        int fd = listen_on(families[i], &port);

        CHECK_EQ("held", kn_port_holder(port, &holder), KN_OK);
        CHECK_EQ("by us", holder.pid, getpid());
        CHECK_EQ("self", kn_process_look(getpid(), &self), KN_OK);
        CHECK_STR("name", holder.name, self.name);
        (void)close(fd);
        CHECK_EQ("free", kn_port_holder(port, &holder), KN_E_NOT_FOUND);
    }
}

/* Set when the file was written, `ago` seconds before now. */
static void write_pid_file(const char *text, time_t ago)
{
    struct timespec times[2] = { { .tv_sec = time(NULL) - ago }, { .tv_sec = time(NULL) - ago } };

    kn_home_write(&home, "pid", text, strlen(text), 0644);
    CHECK("time", utimensat(AT_FDCWD, kn_home_path(&home, "pid"), times, 0) == 0);
}

static void a_pid_file_means_a_process_that_ran_when_it_was_written(void **state)
{
    pid_t child = named_child("other");
    struct kn_process_info info;
    int64_t pid = 0;
    const struct {
        const char *row, *before;
        pid_t number;
        const char *after;
        time_t ago;
        enum kn_code want;
    } rows[] = {
        { "it lives", "", child, "", 0, KN_OK },
        { "with a line feed", "", child, "\n", 0, KN_OK },
        { "its number was another's before", "", child, "", 3600, KN_E_NOT_FOUND },
        { "our own number, in a container anew", "", getpid(), "", 0, KN_E_NOT_FOUND },
        { "nobody's", "", 999999999, "", 0, KN_E_NOT_FOUND },
        { "negative", "-", child, "", 0, KN_E_NOT_FOUND },
        { "no number", "x", child, "", 0, KN_E_NOT_FOUND },
    };

    (void)state;
    CHECK_EQ("no file", kn_pid_file_look(kn_home_path(&home, "pid"), &pid, &info), KN_E_NOT_FOUND);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%s%d%s", rows[i].before, (int)rows[i].number,
                       rows[i].after);
        write_pid_file(text, rows[i].ago);
        CHECK_EQ(rows[i].row, kn_pid_file_look(kn_home_path(&home, "pid"), &pid, &info),
                 rows[i].want);
    }
    write_pid_file("", 0);
    CHECK_EQ("empty", kn_pid_file_look(kn_home_path(&home, "pid"), &pid, &info), KN_E_NOT_FOUND);
    end_child(child);
}

static void this_program_knows_where_it_lies(void **state)
{
    struct kn_text path = { 0 };
    struct kn_error err = { 0 };
    struct stat here, there;

    (void)state;
    CHECK_EQ(err.text, kn_process_program(&path, &err), KN_OK);
    CHECK_EQ("absolute", path.at[0], '/');
    CHECK_EQ("stat", stat(path.at, &there), 0);
    CHECK_EQ("stat", stat("/proc/self/exe", &here), 0);
    CHECK("the same file", here.st_dev == there.st_dev && here.st_ino == there.st_ino);
    kn_text_done(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_has_a_name_and_a_start),
        cmocka_unit_test(this_program_knows_where_it_lies),
        cmocka_unit_test(who_listens_on_a_port_is_named),
        cmocka_unit_test_setup_teardown(a_pid_file_means_a_process_that_ran_when_it_was_written,
                                        make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
