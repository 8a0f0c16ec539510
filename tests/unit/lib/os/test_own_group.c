/* A control group of one's own, in trees of plain files; what the kernel makes of them is not
 * theirs to show. */
#include "lib/os/own_group.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/os/limit.h"
#include "support/check.h"
#include "support/machine.h"

#define MIB (INT64_C(1) << 20)
#define SERVICE "/sys/fs/cgroup/s/x.service/"
#define OWN SERVICE KN_OWN_GROUP_NAME "/"

enum { TEXT_SIZE = 128 };

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

static void put(const char *name, const char *text)
{
    kn_machine_write(&home, name, text);
}

static const char *got(const char *name)
{
    static char text[TEXT_SIZE];
    int fd = open(kn_home_path(&home, name + 1), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

    if (fd >= 0)
        (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* That the group is handed down; where the files of the test can have no such mark, nobody asks. */
static bool set_mark(const char *value)
{
    return setxattr(kn_home_path(&home, &(SERVICE)[1]), "user.delegate", value, strlen(value), 0) ==
           0;
}

/* A service of this process alone. */
static void put_service(const char *controllers)
{
    char number[TEXT_SIZE];

    (void)snprintf(number, sizeof(number), "%d\n", (int)getpid());
    put("/proc/self/cgroup", "0::/s/x.service\n");
    put("/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
    put(SERVICE "cgroup.procs", number);
    put(SERVICE "cgroup.controllers", controllers);
    put(SERVICE "cgroup.subtree_control", "");
    set_mark("1");
    put(OWN "cgroup.procs", "");
    put(OWN "memory.high", "");
    put(OWN "memory.max", "");
    put(OWN "cpu.max", "");
}

static void the_process_moves_and_limits_are_written(void **state)
{
    struct kn_own_group group;
    struct kn_error err = { 0 };

    (void)state;
    put_service("cpuset cpu io memory pids\n");
    CHECK_EQ("taken", kn_own_group_take(home.path, &group, &err), KN_OK);
    CHECK_STR("controllers", got(SERVICE "cgroup.subtree_control"), "+memory +cpu");
    CHECK_EQ("process", strtol(got(OWN "cgroup.procs"), NULL, 10), getpid());
    CHECK_EQ("memory", kn_own_group_memory(&group, 256 * MIB, MIB, &err), KN_OK);
    CHECK_STR("high", got(OWN "memory.high"), "268435456");
    CHECK_STR("max", got(OWN "memory.max"), "269484032");
    put(OWN "memory.stat", "file 7\nanon 536870912\nanon_thp 0\n");
    CHECK_EQ("less than is held", kn_own_group_memory(&group, MIB, MIB, &err), KN_OK);
    CHECK_STR("high", got(OWN "memory.high"), "1048576");
    CHECK_STR("max", got(OWN "memory.max"), "537919488");
    CHECK_EQ("none", kn_own_group_memory(&group, KN_LIMIT_NONE, MIB, &err), KN_OK);
    CHECK_STR("high", got(OWN "memory.high"), "max");
    CHECK_STR("max", got(OWN "memory.max"), "max");
    CHECK_EQ("half", kn_own_group_processors(&group, 0.5, &err), KN_OK);
    CHECK_STR("half", got(OWN "cpu.max"), "50000 100000");
    CHECK_EQ("least", kn_own_group_processors(&group, 0.0001, &err), KN_OK);
    CHECK_STR("least", got(OWN "cpu.max"), "1000 100000");
    CHECK_EQ("all", kn_own_group_processors(&group, 0, &err), KN_OK);
    CHECK_STR("all", got(OWN "cpu.max"), "max 100000");
}

static void who_is_in_it_already_stays(void **state)
{
    struct kn_own_group group;
    struct kn_error err = { 0 };

    (void)state;
    put_service("cpu memory\n");
    put("/proc/self/cgroup", "0::/s/x.service/" KN_OWN_GROUP_NAME "\n");
    put(OWN "cgroup.controllers", "memory\n");
    CHECK_EQ("found", kn_own_group_take(home.path, &group, &err), KN_OK);
    CHECK("memory alone", group.has_memory && !group.has_processors);
    CHECK_STR("nothing moves", got(OWN "cgroup.procs"), "");
    CHECK_EQ("no time", kn_own_group_processors(&group, 1, &err), KN_E_UNSUPPORTED);
}

static void what_was_not_handed_down_stays_as_it_is(void **state)
{
    static const struct {
        const char *row, *name, *text;
        enum kn_code want;
        const char *part;
    } cases[] = {
        { "no version 2", "/proc/self/cgroup", "4:memory:/s\n", KN_E_UNSUPPORTED, "version 2" },
        { "a session", "/proc/self/cgroup", "0::/s/x.scope\n", KN_E_DENIED, "/s/x.scope" },
        { "the top", "/proc/self/cgroup", "0::/\n", KN_E_DENIED, "not a service's" },
        { "nothing but the end", "/proc/self/cgroup", "0::/.service\n", KN_E_DENIED, "" },
        { "another place", "/proc/self/cgroup", "0::/s/y.service\n", KN_E_DENIED, "handed down" },
        { "no controller", SERVICE "cgroup.controllers", "pids memory2 xcpu\n", KN_E_UNSUPPORTED,
          "neither" },
        { "others", SERVICE "cgroup.procs", "1\n2\n", KN_E_BUSY, "other processes" },
        { "nobody", SERVICE "cgroup.procs", "", KN_E_BUSY, "x.service" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_own_group group;
        struct kn_error err = { 0 };

        put_service("memory cpu\n");
        put(cases[i].name, cases[i].text);
        CHECK_EQ(cases[i].row, kn_own_group_take(home.path, &group, &err), cases[i].want);
        CHECK_HAS(cases[i].row, err.text, cases[i].part);
        CHECK(cases[i].row, !group.has_memory && !group.has_processors);
        CHECK_STR(cases[i].row, got(OWN "cgroup.procs"), "");
        CHECK_STR(cases[i].row, got(SERVICE "cgroup.subtree_control"), "");
    }
}

static void who_may_write_a_group_was_not_handed_it_for_that(void **state)
{
    static const char *const marks[] = { "0", "" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(marks); i++) {
        struct kn_own_group group;
        struct kn_error err = { 0 };

        put_service("memory cpu\n");
        if (!set_mark(marks[i]))
            skip();
        CHECK_EQ("refused", kn_own_group_take(home.path, &group, &err), KN_E_DENIED);
        CHECK_HAS("why", err.text, "handed down");
        CHECK_STR("it stays", got(OWN "cgroup.procs"), "");
    }
}

static void a_group_of_that_name_may_be_anybodys(void **state)
{
    struct kn_own_group group;
    struct kn_error err = { 0 };

    (void)state;
    put_service("memory cpu\n");
    put("/proc/self/cgroup", "0::/s/" KN_OWN_GROUP_NAME "\n");
    put("/sys/fs/cgroup/s/" KN_OWN_GROUP_NAME "/cgroup.controllers", "memory\n");
    CHECK_EQ("not ours", kn_own_group_take(home.path, &group, &err), KN_E_DENIED);
    CHECK("no limits there", !group.has_memory);
}

/* The kernel refuses: here, a folder stands in the place of the file. */
static void who_may_not_divide_the_group_goes_back(void **state)
{
    struct kn_own_group group;
    struct kn_error err = { 0 };

    (void)state;
    put_service("memory cpu\n");
    (void)unlink(kn_home_path(&home, &(SERVICE "cgroup.subtree_control")[1]));
    put(SERVICE "cgroup.subtree_control/x", "");
    CHECK("refused", kn_own_group_take(home.path, &group, &err) != KN_OK);
    CHECK_HAS("named", err.text, "cgroup.subtree_control");
    CHECK_EQ("back", strtol(got(SERVICE "cgroup.procs"), NULL, 10), getpid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_process_moves_and_limits_are_written, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(who_is_in_it_already_stays, make_home, remove_home),
        cmocka_unit_test_setup_teardown(what_was_not_handed_down_stays_as_it_is, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(who_may_write_a_group_was_not_handed_it_for_that, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_group_of_that_name_may_be_anybodys, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(who_may_not_divide_the_group_goes_back, make_home,
                                        remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
