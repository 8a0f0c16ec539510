/*
 * Whole machines: a small laptop, one with eight cards, containers of both versions, and this one.
 *
 * proves: FR-0/0.2.2, TR-1/sysinfo, MS-2.1/1
 */
#include "node/machine/hardware.h"

#include <pthread.h>
#include <time.h>

#include "support/check.h"
#include "support/fuse.h"
#include "support/machine.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

enum { UNKNOWN = KN_FACT_UNKNOWN, WORKERS = 4, SOON_MS = 50 };

static struct kn_home home;
static const struct kn_ulimits no_limits = { UNKNOWN, UNKNOWN, 1024 };

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

static struct kn_hardware probe(const char *nvml, const struct kn_ulimits *limits)
{
    static const struct kn_cpu_sets sets = { .avx2 = true, .f16c = true };
    const struct kn_hardware_options options = { home.path, nvml, limits, &sets };
    struct kn_hardware facts;

    CHECK_EQ("probe", kn_hardware_probe(&options, &facts), KN_OK);
    return facts;
}

static void a_laptop_of_4_gb(void **state)
{
    struct kn_hardware facts;

    (void)state;
    kn_machine_cpus(&home, "Intel(R) Core(TM) i3-7100U CPU @ 2.40GHz", 2, 2);
    put("/proc/meminfo", "MemTotal:        3911412 kB\nMemFree:          201232 kB\n"
                         "MemAvailable:    1650148 kB\n");
    put("/proc/self/cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n");
    put("/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
    put("/sys/fs/cgroup/user.slice/memory.max", "max\n");
    put("/sys/fs/cgroup/user.slice/user-1000.slice/memory.max", "max\n");
    facts = probe("", &no_limits);

    CHECK_STR("laptop", facts.cpu_name, "Intel(R) Core(TM) i3-7100U CPU @ 2.40GHz");
    CHECK_EQ("laptop", facts.cores, 4);
    CHECK_EQ("laptop", facts.physical_cores, 2);
    CHECK("laptop", facts.cpu_quota < 0);
    CHECK("laptop", facts.features.avx2 && facts.features.f16c && !facts.features.avx512f);
    CHECK_EQ("laptop", facts.memory_total, INT64_C(3911412) * 1024);
    CHECK_EQ("laptop", facts.memory_available, INT64_C(1650148) * 1024);
    CHECK_EQ("laptop", facts.memory_limit, UNKNOWN);
    CHECK_EQ("laptop", facts.memory_left, UNKNOWN);
    CHECK_STR("laptop", facts.memory_limit_by, "");
    CHECK_EQ("laptop", facts.open_files, 1024);
    CHECK_EQ("laptop", facts.gpu_count, 0);
}

static void a_machine_of_eight_cards(void **state)
{
    struct kn_hardware facts;

    (void)state;
    kn_machine_cpus(&home, "Intel(R) Xeon(R) Platinum 8480C", 112, 2);
    put("/proc/meminfo", "MemTotal: 2113407800 kB\nMemAvailable: 2080000000 kB\n");
    put("/sys/class/drm/card0/device/vendor", "0x1a03\n");
    put("/sys/class/drm/card1/device/vendor", "0x1002\n");
    put("/sys/class/drm/card1/device/mem_info_vram_total", "536870912\n");
    facts = probe(KN_FAKE_NVML, &no_limits);

    CHECK_EQ("cores", facts.cores, 224);
    CHECK_EQ("cores", facts.physical_cores, 112);
    CHECK_EQ("memory", facts.memory_total, INT64_C(2113407800) * 1024);
    CHECK_EQ("cards", facts.gpu_count, 9);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ("card", facts.gpus[i].kind, KN_GPU_NVIDIA);
        CHECK_STR("card", facts.gpus[i].name, "NVIDIA H100 80GB HBM3");
        CHECK_EQ("card", facts.gpus[i].total_bytes, 80 * GIB);
        CHECK_EQ("card", facts.gpus[i].free_bytes, (80 - i) * GIB);
        CHECK_EQ("card", facts.gpus[i].capability, 90);
    }
    CHECK_EQ("another vendor's", facts.gpus[8].kind, KN_GPU_AMD);
    CHECK_EQ("another vendor's", facts.gpus[8].total_bytes, 512 * MIB);
    CHECK_EQ("another vendor's", facts.gpus[8].free_bytes, UNKNOWN);
    CHECK_EQ("another vendor's", facts.gpus[8].capability, UNKNOWN);
}

static void more_cards_than_there_is_room_for(void **state)
{
    char name[64];
    struct kn_hardware facts;

    (void)state;
    for (int i = 0; i < 2 * KN_GPUS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "/sys/class/drm/card%d/device/vendor", i);
        put(name, "0x1002\n");
    }
    facts = probe(KN_FAKE_NVML, &no_limits);
    CHECK_EQ("cards", facts.gpu_count, KN_GPUS_MAX);
    CHECK_EQ("NVIDIA's stand first", facts.gpus[7].kind, KN_GPU_NVIDIA);
    CHECK_EQ("then AMD's", facts.gpus[8].kind, KN_GPU_AMD);
}

static void make_host(void)
{
    kn_machine_cpus(&home, "AMD EPYC 7763 64-Core Processor", 8, 2);
    put("/proc/meminfo", "MemTotal: 65536000 kB\nMemAvailable: 60000000 kB\n");
}

static void a_container_of_512_mib(void **state)
{
    struct kn_hardware facts;

    (void)state;
    make_host();
    put("/proc/self/cgroup", "0::/\n");
    put("/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
    put("/sys/fs/cgroup/memory.max", "536870912\n");
    put("/sys/fs/cgroup/memory.current", "104857600\n");
    put("/sys/fs/cgroup/memory.stat", "anon 52428800\ninactive_file 52428800\n");
    put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
    facts = probe("", &no_limits);
    CHECK_EQ("total", facts.memory_total, INT64_C(65536000) * 1024);
    CHECK_EQ("limit", facts.memory_limit, 512 * MIB);
    CHECK_EQ("left", facts.memory_left, 462 * MIB);
    CHECK_STR("by", facts.memory_limit_by, "cgroup /");
    CHECK("quota", facts.cpu_quota == 1.5);
}

static void a_container_of_512_mib_in_version_1(void **state)
{
    struct kn_hardware facts;

    (void)state;
    make_host();
    put("/proc/self/cgroup", "4:memory:/docker/0a1b\n3:cpu,cpuacct:/docker/0a1b\n");
    put("/proc/self/mountinfo",
        KN_MOUNT_V1("/docker/0a1b", "/sys/fs/cgroup/memory", "memory")
            KN_MOUNT_V1("/docker/0a1b", "/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct"));
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "104857600\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    facts = probe("", &no_limits);
    CHECK_EQ("limit", facts.memory_limit, 512 * MIB);
    CHECK_EQ("left", facts.memory_left, 412 * MIB);
    CHECK_STR("by", facts.memory_limit_by, "cgroup /docker/0a1b");
    CHECK("quota", facts.cpu_quota == 0.5);
}

static void of_group_and_ulimit_the_smaller_counts(void **state)
{
    struct kn_ulimits limits = { GIB, UNKNOWN, UNKNOWN };
    struct kn_hardware facts;

    (void)state;
    make_host();
    put("/proc/self/cgroup", "0::/a\n");
    put("/sys/fs/cgroup/a/memory.max", "536870912\n");
    put("/sys/fs/cgroup/a/memory.current", "0\n");
    put("/proc/self/statm", "0 0 0 0 0 0 0\n");
    facts = probe("", &limits);
    CHECK_EQ("the group's", facts.memory_limit, 512 * MIB);
    CHECK_STR("the group's", facts.memory_limit_by, "cgroup /a");
    CHECK_EQ("no limit on files", facts.open_files, UNKNOWN);
    limits.address_space = 256 * MIB;
    facts = probe("", &limits);
    CHECK_EQ("the ulimit's", facts.memory_limit, 256 * MIB);
    CHECK_EQ("the ulimit's", facts.memory_left, 256 * MIB);
    CHECK_STR("the ulimit's", facts.memory_limit_by, "ulimit -v");
}

static void of_an_empty_machine_nothing_is_known(void **state)
{
    struct kn_hardware facts = probe("/nowhere", &no_limits);

    (void)state;
    CHECK_STR("processor", facts.cpu_name, "");
    CHECK_EQ("processor", facts.cores, UNKNOWN);
    CHECK_EQ("processor", facts.physical_cores, UNKNOWN);
    CHECK("processor", facts.cpu_quota < 0);
    CHECK_EQ("memory", facts.memory_total, UNKNOWN);
    CHECK_EQ("memory", facts.memory_available, UNKNOWN);
    CHECK_EQ("memory", facts.memory_limit, UNKNOWN);
    CHECK_EQ("memory", facts.memory_left, UNKNOWN);
    CHECK_EQ("cards", facts.gpu_count, 0);
}

static void when_memory_is_short_the_rest_is_still_known(void **state)
{
    const struct kn_hardware_options options = { home.path, "", &no_limits, NULL };
    struct kn_hardware facts;
    enum kn_code rc = KN_E_NO_MEMORY;
    long burnt = 0;

    (void)state;
    make_host();
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "536870912\n");
    for (long n = 0; rc != KN_OK; n++) {
        kn_fuse = n;
        rc = kn_hardware_probe(&options, &facts);
        burnt += kn_fuse < 0 ? 1 : 0;
        kn_fuse = -1;
        CHECK("code", rc == KN_OK || rc == KN_E_NO_MEMORY);
        CHECK_EQ("cores", facts.cores, 16);
        CHECK("limit", facts.memory_limit == 512 * MIB || facts.memory_limit == UNKNOWN);
    }
    CHECK("it was short", burnt > 0);
    CHECK_EQ("limit", facts.memory_limit, 512 * MIB);
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *probe_real(void *arg)
{
    const struct kn_hardware_options options = { 0 };

    CHECK_EQ("real", kn_hardware_probe(&options, arg), KN_OK);
    return NULL;
}

static void this_machine_is_known(void **state)
{
    static struct kn_hardware facts;
    double best = 1e9;

    (void)state;
    for (int i = 0; i < 5; i++) { /* others use this machine too */
        double before = now_ms(), took;

        (void)probe_real(&facts);
        took = now_ms() - before;
        best = took < best ? took : best;
    }
    CHECK("real", facts.memory_total >= facts.memory_available && facts.memory_available > 0);
    CHECK("real", facts.cores > 0 && facts.physical_cores <= facts.cores);
    CHECK("real", facts.platform[0] != '\0' && strchr(facts.platform, '\n') == NULL);
    CHECK_HAS("real", facts.platform, facts.architecture);
    CHECK("real", (facts.memory_limit < 0) == (facts.memory_limit_by[0] == '\0'));
    if (facts.gpu_count == 0) /* a driver takes what it takes to wake up */
        CHECK("real", best < SOON_MS);
}

static void workers_see_the_same_at_the_same_time(void **state)
{
    static struct kn_hardware facts[WORKERS];
    pthread_t threads[WORKERS];

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ("start", pthread_create(&threads[i], NULL, probe_real, &facts[i]), 0);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ("end", pthread_join(threads[i], NULL), 0);
    for (int i = 1; i < WORKERS; i++) {
        CHECK_EQ("same", facts[i].memory_total, facts[0].memory_total);
        CHECK_EQ("same", facts[i].cores, facts[0].cores);
        CHECK_STR("same", facts[i].cpu_name, facts[0].cpu_name);
    }
}

int main(void)
{
#define IN_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        IN_HOME(a_laptop_of_4_gb),
        IN_HOME(a_machine_of_eight_cards),
        IN_HOME(more_cards_than_there_is_room_for),
        IN_HOME(a_container_of_512_mib),
        IN_HOME(a_container_of_512_mib_in_version_1),
        IN_HOME(of_group_and_ulimit_the_smaller_counts),
        IN_HOME(of_an_empty_machine_nothing_is_known),
        IN_HOME(when_memory_is_short_the_rest_is_still_known),
        cmocka_unit_test(this_machine_is_known),
        cmocka_unit_test(workers_see_the_same_at_the_same_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
