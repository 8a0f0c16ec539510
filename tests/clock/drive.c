#include "drive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "virtual_clock.h"

enum { PATH_SIZE = 64, STAT_SIZE = 256, REST_NS = 10000, PER_MS = KN_VC_NS_PER_MS };

static int64_t real_ns(clockid_t clock)
{
    struct timespec now = { 0 };

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * KN_VC_NS_PER_S + now.tv_nsec;
}

struct kn_vc *kn_vc_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *at = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (ftruncate(fd, sizeof(struct kn_vc)) == 0)
        at = mmap(NULL, sizeof(struct kn_vc), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return at != MAP_FAILED ? at : NULL;
}

int64_t kn_vc_now(struct kn_vc *clock)
{
    return real_ns(CLOCK_MONOTONIC) + atomic_load(&clock->ahead);
}

int64_t kn_vc_unix(struct kn_vc *clock, unsigned machine)
{
    return real_ns(CLOCK_REALTIME) + atomic_load(&clock->ahead) +
           atomic_load(&clock->machines[machine].set);
}

void kn_vc_leap(struct kn_vc *clock, int64_t ns)
{
    atomic_fetch_add(&clock->ahead, ns);
}

void kn_vc_slept(struct kn_vc *clock, unsigned machine, int64_t ns)
{
    atomic_fetch_add(&clock->machines[machine].slept, ns);
}

void kn_vc_set(struct kn_vc *clock, unsigned machine, int64_t ns)
{
    atomic_fetch_add(&clock->machines[machine].set, ns);
}

/* -- does everybody sleep? */

/* 'S' and its like; 0: there is no such thread any more. */
static char state_of(int32_t process, const char *thread)
{
    char path[PATH_SIZE], text[STAT_SIZE];
    const char *end;
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stat", (int)process, thread);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    end = strrchr(text, ')'); /* of its name */
    return end != NULL && end[1] == ' ' ? end[2] : 0;
}

enum rest { AWAKE, ASLEEP, STOPPED, GONE };

static enum rest look_at(int32_t process)
{
    char path[PATH_SIZE];
    DIR *folder;
    const struct dirent *one;
    enum rest found = GONE;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    folder = opendir(path);
    if (folder == NULL)
        return GONE;
    while (found != AWAKE && (one = readdir(folder)) != NULL) {
        char state = one->d_name[0] != '.' ? state_of(process, one->d_name) : 0;

        if (state == 'S' || state == 'I')
            found = ASLEEP;
        else if (state == 'T')
            found = found == ASLEEP ? ASLEEP : STOPPED;
        else if (state != 0 && state != 'Z' && state != 'X')
            found = AWAKE;
    }
    (void)closedir(folder);
    return found;
}

static void forget(struct kn_vc *clock, int32_t process)
{
    for (int i = 0; i < KN_VC_WAITS; i++)
        if (atomic_load(&clock->waits[i].process) == process)
            atomic_store(&clock->waits[i].thread, 0);
}

/* `stopped`: those that are. */
static bool all_rest(struct kn_vc *clock, int32_t stopped[KN_VC_PROCESSES])
{
    for (int i = 0; i < KN_VC_PROCESSES; i++) {
        int32_t process = atomic_load(&clock->processes[i]);
        enum rest found = process != 0 ? look_at(process) : ASLEEP;

        stopped[i] = found == STOPPED ? process : 0;
        if (found == AWAKE)
            return false;
        if (found == GONE) {
            forget(clock, process);
            atomic_store(&clock->processes[i], 0);
        }
    }
    return true;
}

/* Twice, and nobody woke in between: else somebody who was looked at early may have been woken by
 * somebody who was looked at late. */
static bool is_still(struct kn_vc *clock, int32_t stopped[KN_VC_PROCESSES])
{
    uint32_t turns = atomic_load(&clock->turns);

    return all_rest(clock, stopped) && all_rest(clock, stopped) &&
           atomic_load(&clock->turns) == turns;
}

/* -- on to the next deadline */

static bool is_among(int32_t process, const int32_t list[KN_VC_PROCESSES])
{
    for (int i = 0; i < KN_VC_PROCESSES; i++)
        if (list[i] == process)
            return true;
    return false;
}

/* The first deadline; INT64_MAX: none. */
static int64_t next_of(struct kn_vc *clock, const int32_t stopped[KN_VC_PROCESSES])
{
    int64_t next = INT64_MAX;

    for (int i = 0; i < KN_VC_WAITS; i++) {
        const struct kn_vc_wait *wait = &clock->waits[i];
        int64_t until = atomic_load(&wait->until);

        if (atomic_load(&wait->thread) != 0 && until < next &&
            !is_among(atomic_load(&wait->process), stopped))
            next = until;
    }
    return next;
}

static void tell_due(struct kn_vc *clock, int64_t now)
{
    for (int i = 0; i < KN_VC_WAITS; i++) {
        struct kn_vc_wait *wait = &clock->waits[i];
        int32_t thread = atomic_load(&wait->thread);

        if (thread != 0 && atomic_load(&wait->until) <= now)
            (void)syscall(SYS_tgkill, atomic_load(&wait->process), thread, KN_VC_SIGNAL);
    }
}

/* Whoever is to run gets the processor. */
static void give_way(void)
{
    const struct timespec rest = { .tv_nsec = REST_NS };

    (void)nanosleep(&rest, NULL);
}

int64_t kn_vc_go(struct kn_vc *clock, int64_t until, int64_t bound_ms)
{
    int64_t began = real_ns(CLOCK_MONOTONIC), leaps = 0;
    int32_t stopped[KN_VC_PROCESSES];

    while (kn_vc_now(clock) < until) {
        int64_t next, now;

        if (real_ns(CLOCK_MONOTONIC) - began > bound_ms * PER_MS)
            return -1;
        if (!is_still(clock, stopped)) {
            give_way();
            continue;
        }
        next = next_of(clock, stopped);
        now = kn_vc_now(clock);
        if (next > until)
            next = until;
        if (next > now) {
            kn_vc_leap(clock, next - now);
            leaps++;
        }
        tell_due(clock, kn_vc_now(clock));
    }
    return leaps;
}
