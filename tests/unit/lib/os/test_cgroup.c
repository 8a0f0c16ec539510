/* The limits of control groups, in trees that a container, a session or nobody made. */
#include "lib/os/cgroup.h"

#include "lib/os/cgroup_text.h"
#include "support/check.h"
#include "support/machine.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

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

/* --- texts --- */

static void the_own_group_is_found_by_its_hierarchy(void **state)
{
    static const char hybrid[] = "12:cpu,cpuacct:/a/b\n4:memory:/process/1:2\n1:name=systemd:/s\n"
                                 "0::/user.slice\n";
    static const struct {
        const char *row, *text, *controller, *want;
    } cases[] = {
        { "version 2", hybrid, NULL, "/user.slice" },
        { "a colon in its name", hybrid, "memory", "/process/1:2" },
        { "first of two words", hybrid, "cpu", "/a/b" },
        { "second of two words", hybrid, "cpuacct", "/a/b" },
        { "part of a word", hybrid, "cpua", NULL },
        { "a hierarchy with a name", hybrid, "systemd", NULL },
        { "the root, no line end", "0::/", NULL, "/" },
        { "nothing", "", NULL, NULL },
        { "no colons", "0\n/\nmemory\n", "memory", NULL },
        { "one colon", "4:memory\n", "memory", NULL },
        { "no path", "4:memory:\n", "memory", NULL },
        { "a path that is not whole", "4:memory:a/b\n", "memory", NULL },
        { "no version 2", "4:memory:/a\n", NULL, NULL },
        { "another number", "10::/a\n", NULL, NULL },
        { "empty lines", "\n\n0::/a\n", NULL, "/a" },
        { "outside of our namespace", "0::/../b\n", NULL, "/../b" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char out[KN_CGROUP_PATH_SIZE] = "";
        bool found = kn_cgroup_find_group(cases[i].text, cases[i].controller, out);

        CHECK_EQ(cases[i].row, found, cases[i].want != NULL);
        CHECK_STR(cases[i].row, out, cases[i].want != NULL ? cases[i].want : "");
    }
}

static void a_group_is_as_long_as_its_limit_and_no_longer(void **state)
{
    char text[KN_CGROUP_PATH_SIZE + 8] = "0::/", out[KN_CGROUP_PATH_SIZE];

    (void)state;
    memset(text + 4, 'x', KN_CGROUP_PATH_SIZE - 2);
    CHECK("at the limit", kn_cgroup_find_group(text, NULL, out));
    CHECK_EQ("at the limit", strlen(out), KN_CGROUP_PATH_SIZE - 1);
    text[4 + KN_CGROUP_PATH_SIZE - 2] = 'x';
    CHECK("one past it", !kn_cgroup_find_group(text, NULL, out));
}

static void a_group_is_placed_where_it_is_mounted(void **state)
{
    static const struct {
        const char *row, *text, *controller, *group, *mount, *root, *below;
    } cases[] = {
        { "version 2", KN_MOUNT_V2("/", "/sys/fs/cgroup"), NULL, "/a/b", "/sys/fs/cgroup", "",
          "/a/b" },
        { "the root itself", KN_MOUNT_V2("/", "/g"), NULL, "/", "/g", "", "" },
        { "version 1", KN_MOUNT_V1("/", "/g", "cpu,cpuacct"), "cpu", "/a", "/g", "", "/a" },
        { "a container sees its own group", KN_MOUNT_V1("/docker/1", "/g", "memory"), "memory",
          "/docker/1", "/g", "/docker/1", "" },
        { "and one below it", KN_MOUNT_V1("/docker/1", "/g", "memory"), "memory", "/docker/1/x",
          "/g", "/docker/1", "/x" },
        { "a name that begins alike", KN_MOUNT_V1("/docker/1", "/g", "memory"), "memory",
          "/docker/12", "/g", "/docker/1", "" },
        { "a group outside", KN_MOUNT_V2("/", "/g"), NULL, "/../x", "/g", "", "" },
        { "a mount of more than our namespace", KN_MOUNT_V2("/../..", "/g"), NULL, "/", "/g",
          "/../..", "" },
        { "two dots that are a name", KN_MOUNT_V2("/", "/g"), NULL, "/..a", "/g", "", "/..a" },
        { "the mount that shows it wins",
          KN_MOUNT_V2("/other", "/1") KN_MOUNT_V2("/", "/2") KN_MOUNT_V2("/", "/3"), NULL, "/a",
          "/2", "", "/a" },
        { "blanks in the path", KN_MOUNT_V2("/", "/my\\040cgroups\\134"), NULL, "/a",
          "/my cgroups\\", "", "/a" },
        { "another file system", "22 1 8:1 / / rw - ext4 /dev/sda rw,memory\n", "memory", "/a",
          NULL, NULL, NULL },
        { "another controller", KN_MOUNT_V1("/", "/g", "cpuset"), "cpu", "/a", NULL, NULL, NULL },
        { "the other version", KN_MOUNT_V1("/", "/g", "memory"), NULL, "/a", NULL, NULL, NULL },
        { "a mount that leads upwards", KN_MOUNT_V2("/", "/g/../h"), NULL, "/a", NULL, NULL, NULL },
        { "no hyphen", "30 24 0:26 / /g rw cgroup2 cgroup2 rw\n", NULL, "/a", NULL, NULL, NULL },
        { "cut off", "30 24 0:26 / /g rw - cgroup2", NULL, "/a", NULL, NULL, NULL },
        { "an escape of NUL", KN_MOUNT_V2("/", "/g\\000"), NULL, "/a", NULL, NULL, NULL },
        { "a relative mount", KN_MOUNT_V2("/", "g"), NULL, "/a", NULL, NULL, NULL },
        { "nothing", "", NULL, "/a", NULL, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_cgroup_place place;
        bool found =
            kn_cgroup_find_place(cases[i].text, cases[i].controller, cases[i].group, &place);

        CHECK_EQ(cases[i].row, found, cases[i].mount != NULL);
        if (!found)
            continue;
        CHECK_STR(cases[i].row, place.mount, cases[i].mount);
        CHECK_STR(cases[i].row, place.root, cases[i].root);
        CHECK_STR(cases[i].row, place.below, cases[i].below);
    }
}

static void numbers_are_limits_only_below_2_to_the_62(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        { "536870912\n", 512 * MIB },
        { "0\n", 0 },
        { "1", 1 },
        { " 7 \n", 7 },
        { "max\n", -1 },
        { "4611686018427387903\n", INT64_MAX / 2 },
        { "4611686018427387904\n", -1 },
        { "9223372036854771712\n", -1 }, /* version 1 without a limit */
        { "18446744073709551615\n", -1 },
        { "99999999999999999999999999999999\n", -1 },
        { "-1\n", -1 },
        { "", -1 },
        { "\n", -1 },
        { "12 34\n", -1 },
        { "12x\n", -1 },
        { "0x10\n", -1 },
        { "1.5\n", -1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i].text, kn_cgroup_number(cases[i].text), cases[i].want);
    CHECK_EQ("stat", kn_cgroup_stat("anon 5\ninactive_file 12\n", "inactive_file "), 12);
    CHECK_EQ("a longer key", kn_cgroup_stat("total_inactive_file 12\n", "inactive_file "), -1);
    CHECK_EQ("no number", kn_cgroup_stat("inactive_file \nanon 5\n", "inactive_file "), -1);
}

static void shares_of_time_are_quota_by_period(void **state)
{
    static const struct {
        const char *text;
        double want;
    } cases[] = {
        { "200000 100000\n", 2.0 },
        { "50000 100000\n", 0.5 },
        { "max 100000\n", -1 },
        { "200000\n", -1 },
        { "200000 0\n", -1 },
        { "0 100000\n", -1 },
        { "200000 100000 100000", -1 },
        { "-1 100000\n", -1 },
        { "", -1 },
        { "200000max\n", -1 },
        { "99999999999999999999 100000\n", -1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK(cases[i].text, kn_cgroup_cpu_max(cases[i].text) == cases[i].want);
    CHECK("version 1", kn_cgroup_cpu_quota("150000\n", "100000\n") == 1.5);
    CHECK("version 1, no limit", kn_cgroup_cpu_quota("-1\n", "100000\n") < 0);
    CHECK("version 1, no period", kn_cgroup_cpu_quota("1000\n", "") < 0);
}

/* --- trees --- */

static void expect(const char *row, int64_t limit, int64_t left, const char *group, double quota)
{
    struct kn_cgroup_limits limits;

    CHECK_EQ(row, kn_cgroup_read(home.path, &limits), KN_OK);
    CHECK_EQ(row, limits.memory_limit, limit);
    CHECK_EQ(row, limits.memory_left, left);
    CHECK_STR(row, limits.memory_group, group);
    CHECK(row, limits.cpu_quota == quota);
}

static void put(const char *name, const char *text)
{
    kn_machine_write(&home, name, text);
}

static void a_machine_without_groups_has_no_limit(void **state)
{
    (void)state;
    expect("nothing at all", -1, -1, "", -1);
    put("/proc/self/cgroup", "0::/\n");
    put("/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
    expect("groups without files", -1, -1, "", -1);
}

static void the_smallest_of_nested_groups_wins(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
    put("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
    put("/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
    put("/sys/fs/cgroup/a/b/memory.max", "2147483648\n");
    put("/sys/fs/cgroup/a/b/memory.current", "1073741824\n");
    put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    put("/sys/fs/cgroup/a/memory.max", "4294967296\n");
    put("/sys/fs/cgroup/a/memory.current", "4026531840\n");
    put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    expect("the fuller group above leaves least", 2 * GIB, 256 * MIB, "/a/b", 3.0);

    put("/sys/fs/cgroup/a/memory.stat", "anon 1\nfile 7\ninactive_file 3221225472\n");
    expect("what is only cached is free", 2 * GIB, GIB, "/a/b", 3.0);
    put("/sys/fs/cgroup/a/b/memory.current", "9999999999\n");
    expect("more used than permitted", 2 * GIB, 0, "/a/b", 3.0);
    put("/sys/fs/cgroup/a/b/memory.current", "?\n");
    put("/sys/fs/cgroup/a/memory.current", "?\n");
    expect("usage is not told", 2 * GIB, -1, "/a/b", 3.0);
}

static void both_versions_are_asked(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "4:memory:/m\n3:cpu,cpuacct:/c\n0::/u\n");
    put("/proc/self/mountinfo", KN_MOUNT_V1("/", "/sys/fs/cgroup/memory", "memory")
                                    KN_MOUNT_V1("/", "/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct")
                                        KN_MOUNT_V2("/", "/sys/fs/cgroup/unified"));
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "1073741824\n");
    put("/sys/fs/cgroup/memory/m/memory.usage_in_bytes", "268435456\n");
    put("/sys/fs/cgroup/memory/m/memory.stat", "inactive_file 1\ntotal_inactive_file 134217728\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "150000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
    expect("version 1", GIB, GIB - 128 * MIB, "/m", 1.5);
    put("/sys/fs/cgroup/unified/u/memory.max", "536870912\n");
    put("/sys/fs/cgroup/unified/u/cpu.max", "100000 100000\n");
    expect("version 2 has less", 512 * MIB, GIB - 128 * MIB, "/u", 1.0);
}

static void what_was_killed_for_memory_is_counted(void **state)
{
    (void)state;
    CHECK_EQ("no groups", kn_cgroup_oom_kills(home.path), KN_CGROUP_UNKNOWN);
    put("/proc/self/cgroup", "4:memory:/m\n0::/u\n");
    put("/proc/self/mountinfo", KN_MOUNT_V1("/", "/sys/fs/cgroup/memory", "memory")
                                    KN_MOUNT_V2("/", "/sys/fs/cgroup/unified"));
    CHECK_EQ("no files", kn_cgroup_oom_kills(home.path), KN_CGROUP_UNKNOWN);
    put("/sys/fs/cgroup/memory/m/memory.oom_control",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    CHECK_EQ("version 1", kn_cgroup_oom_kills(home.path), 3);
    put("/sys/fs/cgroup/unified/u/memory.events",
        "low 0\nhigh 5\nmax 6\noom 7\noom_kill 4\noom_group_kill 0\n");
    CHECK_EQ("version 2", kn_cgroup_oom_kills(home.path), 4);
    put("/sys/fs/cgroup/unified/u/memory.events", "oom_kill x\n");
    CHECK_EQ("no number", kn_cgroup_oom_kills(home.path), 3);
    put("/proc/self/cgroup", "4:memory:/m/.control\n0::/u/.control\n");
    CHECK_EQ("beside a service", kn_cgroup_oom_kills(home.path), 3);
    put("/proc/self/cgroup", "4:memory:/m/other\n");
    CHECK_EQ("below it", kn_cgroup_oom_kills(home.path), KN_CGROUP_UNKNOWN);
    put("/proc/self/cgroup", "4:memory:/.control\n");
    CHECK_EQ("at the top", kn_cgroup_oom_kills(home.path), KN_CGROUP_UNKNOWN);
}

static void a_group_that_is_out_of_sight_still_limits(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "4:memory:/docker/1\n");
    put("/proc/self/mountinfo", KN_MOUNT_V1("/docker/1", "/sys/fs/cgroup/memory", "memory"));
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1048576\n");
    put("/sys/fs/cgroup/memory/memory.stat", "cache 0\nhierarchical_memory_limit 1073741824\n");
    expect("of the pod", GIB, GIB - MIB, "/docker/1", -1);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    expect("our own is smaller", 512 * MIB, 511 * MIB, "/docker/1", -1);
}

static void the_usual_places_do_without_a_list_of_mounts(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "536870912\n");
    expect("a container of version 2", 512 * MIB, -1, "/", -1);
    put("/proc/self/cgroup", "2:memory:/x\n");
    put("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1073741824\n");
    expect("version 1", GIB, -1, "/x", -1);
}

static void a_name_from_outside_is_shown_short_and_harmless(void **state)
{
    struct kn_cgroup_limits limits;

    (void)state;
    put("/proc/self/cgroup", "0::/\033[2J\303\251\n");
    put("/sys/fs/cgroup/\033[2J\303\251/memory.max", "1\n");
    expect("escapes", 1, -1, "/?[2J??", -1);

    put("/proc/self/cgroup",
        "0::/0123456789012345678901234567890123456789012345678901234567890123456789"
        "/0123456789012345678901234567890123456789/end.scope\n");
    put("/sys/fs/cgroup/0123456789012345678901234567890123456789012345678901234567890123456789"
        "/0123456789012345678901234567890123456789/end.scope/memory.max",
        "5\n");
    CHECK_EQ("long", kn_cgroup_read(home.path, &limits), KN_OK);
    CHECK_EQ("long", limits.memory_limit, 5);
    CHECK_EQ("long", strlen(limits.memory_group), KN_CGROUP_NAME_SIZE - 1);
    CHECK_HAS("long", limits.memory_group, "...");
    CHECK_HAS("long", limits.memory_group, "/end.scope");
}

static void depth_has_a_limit(void **state)
{
    char groups[512] = "0::";

    (void)state;
    for (int i = 0; i < KN_CGROUP_DEPTH_MAX; i++)
        (void)snprintf(groups + 3 + 2 * i, 3, "/d");
    put("/proc/self/cgroup", groups);
    put("/sys/fs/cgroup/memory.max", "5\n");
    expect("a group too deep below its limit", -1, -1, "", -1);
    groups[3 + 2 * (KN_CGROUP_DEPTH_MAX - 1)] = '\0';
    put("/proc/self/cgroup", groups);
    expect("as deep as is asked", 5, -1, "/", -1);
}

static void odd_files_are_no_limit(void **state)
{
    static char many[300 * 1024];

    (void)state;
    memset(many, 'x', sizeof(many) - 1);
    put("/proc/self/cgroup", "0::/a\n");
    put("/proc/self/mountinfo", many);
    put("/sys/fs/cgroup/a/memory.max", many);
    expect("one endless line", -1, -1, "", -1);
    for (size_t i = 64; i < sizeof(many) - 1; i += 64)
        many[i] = '\n';
    memcpy(many, KN_MOUNT_V2("/", "/g"), strlen(KN_MOUNT_V2("/", "/g")));
    put("/proc/self/mountinfo", many);
    put("/g/a/memory.max", "7\n");
    expect("more mounts than are read", 7, -1, "/a", -1);
}

int main(void)
{
#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_own_group_is_found_by_its_hierarchy),
        cmocka_unit_test(a_group_is_as_long_as_its_limit_and_no_longer),
        cmocka_unit_test(a_group_is_placed_where_it_is_mounted),
        cmocka_unit_test(numbers_are_limits_only_below_2_to_the_62),
        cmocka_unit_test(shares_of_time_are_quota_by_period),
        IN_HOME(a_machine_without_groups_has_no_limit),
        IN_HOME(the_smallest_of_nested_groups_wins),
        IN_HOME(both_versions_are_asked),
        IN_HOME(what_was_killed_for_memory_is_counted),
        IN_HOME(a_group_that_is_out_of_sight_still_limits),
        IN_HOME(the_usual_places_do_without_a_list_of_mounts),
        IN_HOME(a_name_from_outside_is_shown_short_and_harmless),
        IN_HOME(depth_has_a_limit),
        IN_HOME(odd_files_are_no_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
