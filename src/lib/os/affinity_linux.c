#include "lib/os/affinity.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/types.h>

#include "lib/base/number.h"
#include "lib/os/failure.h"

enum { SETS = KN_CPUS_MAX / CPU_SETSIZE };

void kn_affinity_read(struct kn_affinity *out)
{
    cpu_set_t set[SETS];

    *out = (struct kn_affinity){ 0 };
    if (sched_getaffinity(0, sizeof(set), set) != 0)
        return;
    for (size_t cpu = 0; cpu < KN_CPUS_MAX; cpu++) {
        if (!CPU_ISSET_S(cpu, sizeof(set), set))
            continue;
        out->bits[cpu / 64] |= (uint64_t)1 << (cpu % 64);
        out->n++;
    }
}

/* The first ones have the interrupts of most machines. */
static void choose(const struct kn_affinity *all, unsigned n, cpu_set_t set[SETS])
{
    memset(set, 0, SETS * sizeof(*set));
    for (size_t cpu = KN_CPUS_MAX; cpu-- > 0 && n > 0;) {
        if ((all->bits[cpu / 64] >> (cpu % 64) & 1) == 0)
            continue;
        CPU_SET_S(cpu, SETS * sizeof(*set), set);
        n--;
    }
}

/* 0 or the error number. A thread that has ended meanwhile runs nowhere. */
static int move_threads(DIR *folder, const cpu_set_t set[SETS])
{
    const struct dirent *entry;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own. */
    while ((entry = readdir(folder)) != NULL) {
        int64_t thread;

        if (kn_parse_whole(entry->d_name, &thread) == KN_OK &&
            sched_setaffinity((pid_t)thread, SETS * sizeof(*set), set) != 0 && errno != ESRCH)
            return errno;
    }
    return 0;
}

enum kn_code kn_affinity_hold(const struct kn_affinity *all, unsigned n, struct kn_error *err)
{
    cpu_set_t set[SETS];
    DIR *folder;
    int number;

    if (all->n == 0)
        return kn_fail(err, KN_E_UNSUPPORTED, "the processors of this process are not known");
    choose(all, n, set);
    folder = opendir("/proc/self/task");
    if (folder == NULL)
        return kn_fail_system(err, errno, "list the threads");
    number = move_threads(folder, set);
    if (number == 0) { /* one that was made meanwhile has its maker's processors of before */
        rewinddir(folder);
        number = move_threads(folder, set);
    }
    (void)closedir(folder);
    return number == 0 ? KN_OK : kn_fail_system(err, number, "choose processors");
}
