/* What the machine has, and what ulimits leave. */
#include "lib/os/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include "support/check.h"
#include "support/machine.h"

enum { UNKNOWN = KN_MEMORY_UNKNOWN };

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

static void amounts_are_what_the_text_says_or_unknown(void **state)
{
    static const struct {
        const char *row, *text;
        int64_t total, available;
    } cases[] = {
        { "usual", "MemTotal:       4 kB\nMemFree:  1 kB\nMemAvailable:   3 kB\n", 4096, 3072 },
        { "no blanks", "MemTotal:4 kB\nMemAvailable:4 kB", 4096, 4096 },
        { "an old kernel", "MemTotal: 4 kB\nMemFree: 1 kB\n", 4096, UNKNOWN },
        { "nothing left", "MemTotal: 4 kB\nMemAvailable: 0 kB\n", 4096, 0 },
        { "more left than there is", "MemTotal: 4 kB\nMemAvailable: 5 kB\n", 4096, UNKNOWN },
        { "no memory at all", "MemTotal: 0 kB\nMemAvailable: 0 kB\n", UNKNOWN, UNKNOWN },
        { "no total", "MemAvailable: 3 kB\n", UNKNOWN, UNKNOWN },
        { "another unit", "MemTotal: 4 MB\n", UNKNOWN, UNKNOWN },
        { "no unit", "MemTotal: 4\n", UNKNOWN, UNKNOWN },
        { "more behind it", "MemTotal: 4 kB x\n", UNKNOWN, UNKNOWN },
        { "not at the start of a line", "xMemTotal: 4 kB\n", UNKNOWN, UNKNOWN },
        { "a sign", "MemTotal: -4 kB\n", UNKNOWN, UNKNOWN },
        { "largest", "MemTotal: 4503599627370495 kB\n", 4503599627370495 * 1024, UNKNOWN },
        { "one past it", "MemTotal: 4503599627370496 kB\n", UNKNOWN, UNKNOWN },
        { "too long", "MemTotal: 99999999999999999999999 kB\n", UNKNOWN, UNKNOWN },
        { "words", "MemTotal: much kB\n", UNKNOWN, UNKNOWN },
        { "empty", "", UNKNOWN, UNKNOWN },
    };
    struct kn_memory memory;

    (void)state;
    kn_memory_read(home.path, &memory);
    CHECK_EQ("no file", memory.total, UNKNOWN);
    CHECK_EQ("no file", memory.available, UNKNOWN);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        kn_machine_write(&home, "/proc/meminfo", cases[i].text);
        kn_memory_read(home.path, &memory);
        CHECK_EQ(cases[i].row, memory.total, cases[i].total);
        CHECK_EQ(cases[i].row, memory.available, cases[i].available);
    }
}

static void this_machine_has_memory(void **state)
{
    struct kn_memory memory;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    (void)state;
    kn_memory_read("", &memory);
    CHECK("real", memory.total >= memory.available && memory.available > 0);
    CHECK_EQ("real", memory.total, (int64_t)pages * page);
}

static void the_smaller_ulimit_counts_and_the_smaller_rest(void **state)
{
    int64_t page = sysconf(_SC_PAGESIZE);
    const struct {
        const char *row, *statm;
        int64_t space, data, limit, left;
        const char *by;
    } cases[] = {
        { "none", "9 1 1 1 0 5 0\n", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "" },
        { "of the space", "9 1 1 1 0 5 0\n", 10 * page, UNKNOWN, 10 * page, page, "ulimit -v" },
        { "of the data", "9 1 1 1 0 5 0\n", UNKNOWN, 10 * page, 10 * page, 5 * page, "ulimit -d" },
        { "both", "9 1 1 1 0 5 0\n", 10 * page, 8 * page, 8 * page, page, "ulimit -d" },
        { "more used than permitted", "9 1 1 1 0 5 0\n", 3 * page, UNKNOWN, 3 * page, 0,
          "ulimit -v" },
        { "use is not told", "9 1 1\n", 10 * page, UNKNOWN, 10 * page, UNKNOWN, "ulimit -v" },
        { "use is nonsense", "9 1 1 1 0 99999999999999999999 0\n", UNKNOWN, 10 * page, 10 * page,
          UNKNOWN, "ulimit -d" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_ulimits limits = { cases[i].space, cases[i].data, UNKNOWN };
        struct kn_memory_bound bound;

        kn_machine_write(&home, "/proc/self/statm", cases[i].statm);
        kn_ulimits_memory(&limits, home.path, &bound);
        CHECK_EQ(cases[i].row, bound.limit, cases[i].limit);
        CHECK_EQ(cases[i].row, bound.left, cases[i].left);
        CHECK_STR(cases[i].row, bound.by, cases[i].by);
    }
}

static void ulimits_are_those_of_this_process(void **state)
{
    struct kn_ulimits limits;
    struct rlimit before, files, space;

    (void)state;
    CHECK_EQ("files", getrlimit(RLIMIT_NOFILE, &before), 0);
    files = before;
    files.rlim_cur = 64;
    CHECK_EQ("files", setrlimit(RLIMIT_NOFILE, &files), 0);
    kn_ulimits_read(&limits);
    CHECK_EQ("files", setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQ("files", limits.open_files, 64);
    CHECK_EQ("space", getrlimit(RLIMIT_AS, &space), 0);
    CHECK_EQ("space", limits.address_space,
             space.rlim_cur == RLIM_INFINITY ? UNKNOWN : (int64_t)space.rlim_cur);
}

static void what_this_process_holds_is_told(void **state)
{
    int64_t page = sysconf(_SC_PAGESIZE);

    (void)state;
    CHECK_EQ("no file", kn_memory_resident(home.path), UNKNOWN);
    kn_machine_write(&home, "/proc/self/statm", "900 7 3 4 0 5 0\n");
    CHECK_EQ("the second field", kn_memory_resident(home.path), 7 * page);
    kn_machine_write(&home, "/proc/self/statm", "900 x 3 4 0 5 0\n");
    CHECK_EQ("no number", kn_memory_resident(home.path), UNKNOWN);
    assert_true(kn_memory_resident("") > page);
}

static void the_least_that_anybody_leaves_is_left(void **state)
{
    int64_t left, other = kn_memory_left("");

    (void)state;
    kn_machine_write(&home, "/proc/self/statm", "9 1 1 1 0 5 0\n");
    CHECK_EQ("nothing is told", kn_memory_left(home.path), UNKNOWN);
    kn_machine_write(&home, "/proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 8 kB\n");
    left = kn_memory_left(home.path);
    CHECK_EQ("the machine", left, 8 * 1024);
    kn_machine_write(&home, "/proc/self/cgroup", "0::/a\n");
    kn_machine_write(&home, "/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
    kn_machine_write(&home, "/sys/fs/cgroup/a/memory.max", "7000\n");
    kn_machine_write(&home, "/sys/fs/cgroup/a/memory.current", "1000\n");
    CHECK_EQ("its group", kn_memory_left(home.path), 6000);
    CHECK("really", other > 0);
}

int main(void)
{
#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        IN_HOME(amounts_are_what_the_text_says_or_unknown),
        cmocka_unit_test(this_machine_has_memory),
        IN_HOME(the_smaller_ulimit_counts_and_the_smaller_rest),
        cmocka_unit_test(ulimits_are_those_of_this_process),
        IN_HOME(what_this_process_holds_is_told),
        IN_HOME(the_least_that_anybody_leaves_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
