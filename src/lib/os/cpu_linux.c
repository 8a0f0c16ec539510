#include "lib/os/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "lib/os/cpu_list.h"
#include "lib/os/probe.h"

enum {
    CPUINFO_SIZE = 4 * 1024, /* the first processor of them all */
    STATUS_SIZE = 8 * 1024,
    LIST_SIZE = 4 * 1024,
    PATH_SIZE = 128,
};

static void read_name(const char *root, char out[KN_CPU_NAME_SIZE])
{
    char text[CPUINFO_SIZE];
    const char *name;

    out[0] = '\0';
    (void)kn_probe_read(root, "/proc/cpuinfo", text, sizeof(text));
    name = kn_probe_line(text, "model name");
    if (name == NULL)
        return;
    name += strspn(name, " \t");
    if (*name == ':')
        kn_probe_copy_line(out, KN_CPU_NAME_SIZE, name + 1);
}

/* What the system itself says, for a machine that shows it in no file. */
static bool ask(struct kn_cpu_list *out)
{
    cpu_set_t set[KN_CPUS_MAX / CPU_SETSIZE];

    *out = (struct kn_cpu_list){ 0 };
    if (sched_getaffinity(0, sizeof(set), set) != 0)
        return false;
    for (size_t cpu = 0; cpu < KN_CPUS_MAX; cpu++) {
        if (CPU_ISSET_S(cpu, sizeof(set), set))
            out->bits[cpu / 64] |= (uint64_t)1 << (cpu % 64);
    }
    return true;
}

/* The mask of a process names processors that the machine might get one day: only those count
 * that are online. */
static bool find_allowed(const char *root, struct kn_cpu_list *out)
{
    char text[STATUS_SIZE];
    struct kn_cpu_list online;
    const char *mask;

    (void)kn_probe_read(root, "/proc/self/status", text, sizeof(text));
    mask = kn_probe_line(text, "Cpus_allowed_list:");
    if (mask == NULL || !kn_cpu_list_read(mask, out))
        return root[0] == '\0' && ask(out);
    if (!kn_probe_read(root, "/sys/devices/system/cpu/online", text, sizeof(text)) ||
        !kn_cpu_list_read(text, &online))
        return root[0] == '\0' && ask(out);
    for (size_t i = 0; i < sizeof(out->bits) / sizeof(out->bits[0]); i++)
        out->bits[i] &= online.bits[i];
    return true;
}

static bool read_siblings(const char *root, unsigned cpu, struct kn_cpu_list *out)
{
    static const char *const names[] = { "core_cpus_list", "thread_siblings_list" };
    char path[PATH_SIZE], text[LIST_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/%s", cpu,
                       names[i]);
        if (kn_probe_read(root, path, text, sizeof(text)) && kn_cpu_list_read(text, out))
            return true;
    }
    return false;
}

/* A thread stands for its core when no thread before it does. */
static bool is_first(const struct kn_cpu_list *allowed, const struct kn_cpu_list *siblings,
                     unsigned cpu)
{
    for (unsigned before = 0; before < cpu; before++) {
        if (kn_cpu_list_has(siblings, before) && kn_cpu_list_has(allowed, before))
            return false;
    }
    return true;
}

static void count(const char *root, const struct kn_cpu_list *allowed, struct kn_cpu *out)
{
    int threads = 0, cores = 0;
    bool is_told = true;

    for (unsigned cpu = 0; cpu < KN_CPUS_MAX; cpu++) {
        struct kn_cpu_list siblings;

        if (!kn_cpu_list_has(allowed, cpu))
            continue;
        threads++;
        is_told = is_told && read_siblings(root, cpu, &siblings) && kn_cpu_list_has(&siblings, cpu);
        if (is_told && is_first(allowed, &siblings, cpu))
            cores++;
    }
    out->threads = threads > 0 ? threads : KN_CPU_UNKNOWN;
    out->cores = is_told && cores > 0 ? cores : KN_CPU_UNKNOWN;
}

void kn_cpu_read(const char *root, struct kn_cpu *out)
{
    struct kn_cpu_list allowed;

    *out = (struct kn_cpu){ .threads = KN_CPU_UNKNOWN, .cores = KN_CPU_UNKNOWN };
    read_name(root, out->name);
    if (find_allowed(root, &allowed))
        count(root, &allowed, out);
}
