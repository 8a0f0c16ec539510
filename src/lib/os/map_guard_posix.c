#include "lib/os/map_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* All of it is read by the handler, on whichever thread, at any moment. */
struct guard {
    atomic_bool is_taken, is_lost;
    _Atomic uintptr_t from, to; /* to 0: nothing is guarded */
};

static struct guard guards[KN_MAP_GUARDS_MAX];
static atomic_int used; /* guards that were ever taken are below */
static struct sigaction before;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t page;

static struct guard *guard_of(uintptr_t at)
{
    int n = atomic_load(&used);

    for (int i = 0; i < n; i++) {
        if (at >= atomic_load(&guards[i].from) && at < atomic_load(&guards[i].to))
            return &guards[i];
    }
    return NULL;
}

/* From the page that failed on: what is behind the end of a file fails too. Nothing but system
 * calls that a handler may make. */
static bool put_zeros(struct guard *guard, uintptr_t at)
{
    uintptr_t from = at / page * page;
    void *place = (void *)from; /* NOLINT(performance-no-int-to-ptr): the system gave a number */

    atomic_store(&guard->is_lost, true);
    return mmap(place, atomic_load(&guard->to) - from, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* Where it is not ours, the fault comes again as soon as this returns, and is told as before. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    int error = errno;
    struct guard *guard = guard_of((uintptr_t)info->si_addr);

    (void)context;
    if (guard == NULL || !put_zeros(guard, (uintptr_t)info->si_addr))
        (void)sigaction(number, &before, NULL);
    errno = error;
}

/* Again where somebody else has taken the signal since. */
static bool handle(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK }, now = { .sa_flags = 0 };
    bool is_ours;

    action.sa_sigaction = on_fault;
    (void)sigemptyset(&action.sa_mask);
    (void)pthread_mutex_lock(&lock);
    page = (uintptr_t)sysconf(_SC_PAGESIZE);
    is_ours = sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
              now.sa_sigaction == on_fault;
    if (!is_ours) {
        before = now;
        is_ours = sigaction(SIGBUS, &action, NULL) == 0;
    }
    (void)pthread_mutex_unlock(&lock);
    return is_ours;
}

static bool take(int guard)
{
    bool expected = false;

    return atomic_compare_exchange_strong(&guards[guard].is_taken, &expected, true);
}

int kn_map_guard_begin(const void *at, size_t n)
{
    uintptr_t from = (uintptr_t)at;
    int guard = 0, count;

    if (!handle())
        return -1;
    while (guard < KN_MAP_GUARDS_MAX && !take(guard))
        guard++;
    if (guard == KN_MAP_GUARDS_MAX)
        return -1;
    count = atomic_load(&used);
    while (count <= guard && !atomic_compare_exchange_weak(&used, &count, guard + 1)) {
    }
    atomic_store(&guards[guard].is_lost, false);
    atomic_store(&guards[guard].from, from);
    atomic_store(&guards[guard].to, (from + n + page - 1) / page * page);
    return guard;
}

void kn_map_guard_end(int guard)
{
    atomic_store(&guards[guard].to, 0);
    atomic_store(&guards[guard].is_taken, false);
}

bool kn_map_guard_is_lost(int guard)
{
    return atomic_load(&guards[guard].is_lost);
}
