#include "virtual_clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

enum { SLICE_NS = KN_VC_NS_PER_MS };

static const size_t mask_size = _NSIG / 8; /* the kernel's; as wide as an argument of syscall() */

static struct kn_vc *shared;
static struct kn_vc_machine *machine;
static _Atomic int32_t registered; /* process id; another one in a child */
static __thread volatile sig_atomic_t was_told;
static __thread unsigned last_place;

/* -- being one of those whose time it is */

static void on_told(int number)
{
    (void)number;
    was_told = 1;
}

static void enter(void)
{
    int32_t self = (int32_t)getpid();

    if (atomic_load(&registered) == self)
        return;
    atomic_store(&registered, self);
    for (int i = 0; i < KN_VC_PROCESSES; i++)
        if (atomic_load(&shared->processes[i]) == self) /* another program began in its place */
            return;
    for (int i = 0; i < KN_VC_PROCESSES; i++) {
        int32_t nobody = 0;

        if (atomic_compare_exchange_strong(&shared->processes[i], &nobody, self))
            return;
    }
    abort();
}

static void hear(void)
{
    struct sigaction action = { .sa_handler = on_told };
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, KN_VC_SIGNAL);
    (void)sigaction(KN_VC_SIGNAL, &action, NULL);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("KN_CLOCK"), *number = getenv("KN_CLOCK_MACHINE");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at;

    if (fd < 0)
        return;
    at = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (at == MAP_FAILED)
        return;
    hear();
    machine = &((struct kn_vc *)at)->machines[number != NULL && number[0] == '1' ? 1 : 0];
    shared = at;
    enter();
}

/* -- the clocks */

static int really(clockid_t clock, struct timespec *out)
{
    static int (*next)(clockid_t, struct timespec *);
    void *found;

    if (next == NULL && shared != NULL && (found = dlsym(RTLD_NEXT, "clock_gettime")) != NULL)
        memcpy(&next, &found, sizeof(next));
    return next != NULL ? next(clock, out) : (int)syscall(SYS_clock_gettime, clock, out);
}

static int64_t count(const struct timespec *t)
{
    return (int64_t)t->tv_sec * KN_VC_NS_PER_S + t->tv_nsec;
}

static struct timespec moment(int64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / KN_VC_NS_PER_S),
                              .tv_nsec = (long)(ns % KN_VC_NS_PER_S) };
}

static int64_t real_ns(clockid_t clock)
{
    struct timespec now = { 0 };

    (void)really(clock, &now);
    return count(&now);
}

static int64_t now_ns(void)
{
    return real_ns(CLOCK_MONOTONIC) + atomic_load(&shared->ahead);
}

/* What a clock of this machine is ahead of the real one. */
static int64_t ahead_of(clockid_t clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return atomic_load(&shared->ahead) + atomic_load(&machine->set);
    case CLOCK_BOOTTIME:
        return atomic_load(&shared->ahead);
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
        return atomic_load(&shared->ahead) - atomic_load(&machine->slept);
    default:
        return 0; /* of a process or a thread */
    }
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *out)
{
    int status = really(clock, out);

    if (status == 0 && shared != NULL)
        *out = moment(count(out) + ahead_of(clock));
    return status;
}

PUBLIC int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now = { 0 };
    int status = clock_gettime(CLOCK_REALTIME, &now);

    (void)zone;
    if (status == 0)
        *out = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
    return status;
}

PUBLIC time_t time(time_t *out)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* -- the waits */

/* NULL: there is no end to wait for. */
static struct kn_vc_wait *lie_down(int64_t until)
{
    int32_t self = (int32_t)gettid();

    enter();
    if (until == INT64_MAX)
        return NULL;
    for (unsigned tries = 0; tries < KN_VC_WAITS; tries++) {
        struct kn_vc_wait *wait = &shared->waits[last_place];
        int32_t nobody = 0;

        if (atomic_compare_exchange_strong(&wait->thread, &nobody, self)) {
            atomic_store(&wait->process, (int32_t)getpid());
            atomic_store(&wait->until, until);
            return wait;
        }
        last_place = (last_place + 1) % KN_VC_WAITS;
    }
    abort();
}

static void get_up(struct kn_vc_wait *wait)
{
    atomic_fetch_add(&shared->turns, 1);
    if (wait != NULL)
        atomic_store(&wait->thread, 0);
}

static int64_t end_of(int64_t timeout_ns)
{
    return timeout_ns < 0 ? INT64_MAX : now_ns() + timeout_ns;
}

static int64_t left_until(int64_t until)
{
    int64_t left = until == INT64_MAX ? -1 : until - now_ns();

    return left < 0 && until != INT64_MAX ? 0 : left;
}

static void open_to(sigset_t *mask, const sigset_t *wanted)
{
    if (wanted != NULL)
        *mask = *wanted;
    else
        (void)pthread_sigmask(SIG_BLOCK, NULL, mask);
    (void)sigdelset(mask, KN_VC_SIGNAL);
}

/* Is it to wait on? Somebody else's signal is the caller's. */
static bool was_ours(int n)
{
    return n < 0 && errno == EINTR && was_told != 0;
}

PUBLIC int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout,
                       const sigset_t *wanted)
{
    const int64_t ms = KN_VC_NS_PER_MS;
    struct kn_vc_wait *wait;
    sigset_t mask;
    int64_t until;
    int n;

    if (shared == NULL || timeout == 0)
        return (int)syscall(SYS_epoll_pwait, fd, events, max, timeout, wanted, mask_size);
    until = end_of(timeout < 0 ? -1 : timeout * ms);
    open_to(&mask, wanted);
    wait = lie_down(until);
    do {
        int64_t left = left_until(until);

        was_told = 0;
        n = (int)syscall(SYS_epoll_pwait, fd, events, max,
                         left < 0 ? -1 : (int)((left + ms - 1) / ms), &mask, mask_size);
    } while (was_ours(n));
    get_up(wait);
    return n;
}

PUBLIC int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    return epoll_pwait(fd, events, max, timeout, NULL);
}

static int wait_for(struct pollfd *at, nfds_t count_of, int64_t until)
{
    struct kn_vc_wait *wait = lie_down(until);
    sigset_t mask;
    int n;

    open_to(&mask, NULL);
    do {
        int64_t left = left_until(until);
        struct timespec rest = moment(left < 0 ? 0 : left);

        was_told = 0;
        n = ppoll(at, count_of, left < 0 ? NULL : &rest, &mask);
    } while (was_ours(n));
    get_up(wait);
    return n;
}

PUBLIC int poll(struct pollfd *at, nfds_t n, int timeout)
{
    const struct timespec rest = moment(timeout * (int64_t)KN_VC_NS_PER_MS);

    if (shared == NULL || timeout == 0)
        return ppoll(at, n, timeout < 0 ? NULL : &rest, NULL);
    return wait_for(at, n, end_of(timeout < 0 ? -1 : timeout * (int64_t)KN_VC_NS_PER_MS));
}

PUBLIC int nanosleep(const struct timespec *asked, struct timespec *left)
{
    int64_t until;
    int n;

    if (shared == NULL)
        return (int)syscall(SYS_nanosleep, asked, left);
    until = end_of(count(asked));
    n = wait_for(NULL, 0, until);
    if (n < 0 && left != NULL)
        *left = moment(left_until(until));
    return n;
}

/* No signal ends this wait, so it looks at the clock now and then. Whether `until` is on the clock
 * that never steps or the time of day shows in its size. */
PUBLIC int pthread_cond_timedwait(pthread_cond_t *restrict condition,
                                  pthread_mutex_t *restrict lock,
                                  const struct timespec *restrict asked)
{
    struct timespec now = { 0 };
    struct kn_vc_wait *wait;
    int64_t until;
    int status;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (shared == NULL)
        return pthread_cond_clockwait(
            condition, lock, asked->tv_sec / 2 > now.tv_sec ? CLOCK_REALTIME : CLOCK_MONOTONIC,
            asked);
    if (asked->tv_sec / 2 > now.tv_sec)
        (void)clock_gettime(CLOCK_REALTIME, &now);
    until = now_ns() + count(asked) - count(&now);
    wait = lie_down(until);
    do {
        int64_t left = left_until(until);
        struct timespec slice =
            moment(real_ns(CLOCK_MONOTONIC) + (left < SLICE_NS ? left : SLICE_NS));

        status = pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &slice);
    } while (status == ETIMEDOUT && now_ns() < until);
    get_up(wait);
    return status;
}
