/* Processors of machines that are none, and of this one. */
#include "lib/os/cpu.h"

#include <sched.h>

#include "lib/os/cpu_list.h"
#include "lib/os/probe.h"
#include "support/check.h"
#include "support/machine.h"

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

static void lists_of_processors_are_ranges(void **state)
{
    static const struct {
        const char *text;
        bool read;
        int count;
    } cases[] = {
        { "0\n", true, 1 },
        { "0-3\n", true, 4 },
        { "\t0-1,4,6-7\n", true, 5 },
        { "3,3,3-3", true, 1 },
        { "4095", true, 1 },
        { "4096", true, 0 },
        { "0-99999999999999999999", true, KN_CPUS_MAX },
        { "", false, 0 },
        { "\n", false, 0 },
        { "3-1", false, 0 },
        { "0,", false, 0 },
        { "0-", false, 0 },
        { ",0", false, 0 },
        { "0-3:1/2", false, 0 },
        { "none", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_cpu_list list;
        int count = 0;

        CHECK_EQ(cases[i].text, kn_cpu_list_read(cases[i].text, &list), cases[i].read);
        if (!cases[i].read)
            continue;
        for (unsigned cpu = 0; cpu < 2 * KN_CPUS_MAX; cpu++)
            count += kn_cpu_list_has(&list, cpu) ? 1 : 0;
        CHECK_EQ(cases[i].text, count, cases[i].count);
    }
}

static void expect(const char *row, int threads, int cores)
{
    struct kn_cpu cpu;

    kn_cpu_read(home.path, &cpu);
    CHECK_EQ(row, cpu.threads, threads);
    CHECK_EQ(row, cpu.cores, cores);
}

static void threads_and_cores_are_those_that_we_may_use(void **state)
{
    (void)state;
    expect("nothing is told", -1, -1);
    kn_machine_cpus(&home, "Any", 4, 2);
    expect("four cores of two threads", 8, 4);
    kn_machine_write(&home, "/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-1,4\n");
    expect("two threads of one core and one of another", 3, 2);
    kn_machine_write(&home, "/proc/self/status", "Cpus_allowed_list:\t0-4095\n");
    expect("a mask of processors that are not there", 8, 4);
    kn_machine_write(&home, "/sys/devices/system/cpu/online", "0-1\n");
    expect("most are switched off", 2, 2);
    kn_machine_write(&home, "/sys/devices/system/cpu/cpu1/topology/core_cpus_list", "?\n");
    expect("one does not tell its core", 2, -1);
    kn_machine_write(&home, "/sys/devices/system/cpu/cpu1/topology/core_cpus_list", "7\n");
    expect("one says that it is not itself", 2, -1);
    kn_machine_write(&home, "/sys/devices/system/cpu/cpu1/topology/core_cpus_list", "");
    kn_machine_write(&home, "/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n");
    expect("the older name, and both of one core", 2, 1);
    kn_machine_write(&home, "/proc/self/status", "Cpus_allowed_list:\t5\n");
    expect("none is both online and permitted", -1, -1);
    kn_machine_write(&home, "/sys/devices/system/cpu/online", "all\n");
    expect("nonsense", -1, -1);
}

static void the_name_is_the_first_that_is_told(void **state)
{
    static const struct {
        const char *row, *text, *want;
    } cases[] = {
        { "usual", "processor\t: 0\nmodel\t\t: 7\nmodel name\t: A  B\nmodel name\t: C\n", "A  B" },
        { "blanks around it", "model name:   A \t\n", "A" },
        { "ARM tells none", "processor\t: 0\nBogoMIPS\t: 50.00\n", "" },
        { "no colon", "model name A\n", "" },
        { "empty", "model name\t:\n", "" },
        { "escapes", "model name\t: A\033[2J\n", "A?[2J" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_cpu cpu;

        kn_machine_write(&home, "/proc/cpuinfo", cases[i].text);
        kn_cpu_read(home.path, &cpu);
        CHECK_STR(cases[i].row, cpu.name, cases[i].want);
    }
}

static void a_name_is_cut_at_its_limit(void **state)
{
    char text[1024];
    struct kn_cpu cpu;

    (void)state;
    (void)snprintf(text, sizeof(text), "model name\t: %0300d\n", 0);
    kn_machine_write(&home, "/proc/cpuinfo", text);
    kn_cpu_read(home.path, &cpu);
    CHECK_EQ("long", strlen(cpu.name), KN_CPU_NAME_SIZE - 1);
}

static void this_machine_agrees_with_its_scheduler(void **state)
{
    struct kn_cpu cpu;
    cpu_set_t set;

    (void)state;
    kn_cpu_read("", &cpu);
    CHECK_EQ("real", sched_getaffinity(0, sizeof(set), &set), 0);
    CHECK_EQ("real", cpu.threads, CPU_COUNT(&set));
    CHECK("real", cpu.cores == KN_CPU_UNKNOWN || (cpu.cores > 0 && cpu.cores <= cpu.threads));
}

static bool has_flag(const char *flags, const char *name)
{
    char word[32];

    (void)snprintf(word, sizeof(word), " %s ", name);
    return strstr(flags, word) != NULL;
}

/* The kernel asks the processor by itself, and writes down what it lets programs use. */
static void instruction_sets_are_those_that_the_kernel_names(void **state)
{
    struct kn_cpu_sets sets;
    static char text[8 * 1024];
    const char *flags;

    (void)state;
    kn_cpu_sets_read(&sets);
    CHECK("real", kn_probe_read("", "/proc/cpuinfo", text, sizeof(text)));
    for (char *c = text; *c != '\0'; c++) /* the last flag has a blank behind it too */
        *c = *c == '\n' ? ' ' : *c;
    flags = strstr(text, "flags\t\t:");
    if (flags != NULL) {
        CHECK_EQ("avx2", sets.avx2, has_flag(flags, "avx2"));
        CHECK_EQ("f16c", sets.f16c, has_flag(flags, "f16c"));
        CHECK_EQ("fma", sets.fma, has_flag(flags, "fma"));
        CHECK_EQ("avx512f", sets.avx512f, has_flag(flags, "avx512f"));
        CHECK_EQ("avx512bw", sets.avx512bw, has_flag(flags, "avx512bw"));
        CHECK_EQ("avx512dq", sets.avx512dq, has_flag(flags, "avx512dq"));
        CHECK_EQ("avx512vl", sets.avx512vl, has_flag(flags, "avx512vl"));
        CHECK_EQ("avx512_vnni", sets.avx512_vnni, has_flag(flags, "avx512_vnni"));
        CHECK_EQ("avx512_bf16", sets.avx512_bf16, has_flag(flags, "avx512_bf16"));
        CHECK_EQ("amx_bf16", sets.amx_bf16, has_flag(flags, "amx_bf16"));
        CHECK_EQ("amx_int8", sets.amx_int8, has_flag(flags, "amx_int8"));
    }
    flags = strstr(text, "Features\t:");
    if (flags != NULL) {
        CHECK_EQ("neon", sets.neon, has_flag(flags, "asimd"));
        CHECK_EQ("sve", sets.sve, has_flag(flags, "sve"));
        CHECK_EQ("bf16", sets.bf16, has_flag(flags, "bf16"));
    }
}

int main(void)
{
#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_processors_are_ranges),
        IN_HOME(threads_and_cores_are_those_that_we_may_use),
        IN_HOME(the_name_is_the_first_that_is_told),
        IN_HOME(a_name_is_cut_at_its_limit),
        cmocka_unit_test(this_machine_agrees_with_its_scheduler),
        cmocka_unit_test(instruction_sets_are_those_that_the_kernel_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
