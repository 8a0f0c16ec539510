#include "lib/os/thread.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "lib/base/memory.h"
#include "lib/os/failure.h"

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

struct kn_thread {
    pthread_t id;
    void (*run)(void *arg);
    void *arg;
};

struct kn_monitor {
    pthread_mutex_t lock;
    pthread_cond_t told;
};

static void *begin(void *arg)
{
    struct kn_thread *thread = arg;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);

    if (plain != (locale_t)0)
        (void)uselocale(plain);
    thread->run(thread->arg);
    (void)uselocale(LC_GLOBAL_LOCALE);
    if (plain != (locale_t)0)
        freelocale(plain);
    return NULL;
}

/* A thread begins with the signals that its maker blocks: all but the one of a mapped file that
 * cannot be read, which the thread that reads must handle (map_guard.h). */
static int create(struct kn_thread *thread)
{
    sigset_t all, before;
    int number;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGBUS);
    number = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (number != 0)
        return number;
    number = pthread_create(&thread->id, NULL, begin, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

enum kn_code kn_thread_start(void (*run)(void *arg), void *arg, struct kn_thread **out,
                             struct kn_error *err)
{
    struct kn_thread *thread = kn_try_alloc(sizeof(*thread));
    int number;

    if (thread == NULL)
        return kn_fail_no_memory(err);
    thread->run = run;
    thread->arg = arg;
    number = create(thread);
    if (number == 0) {
        *out = thread;
        return KN_OK;
    }
    kn_free(thread);
    (void)kn_fail_system(err, number, "start a thread");
    kn_hint(err, "Let the process have more threads (ulimit -u).");
    return KN_E_IO;
}

void kn_thread_join(struct kn_thread *thread)
{
    if (thread == NULL)
        return;
    (void)pthread_join(thread->id, NULL);
    kn_free(thread);
}

void kn_thread_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* On a clock that never steps. */
static bool make_condition(pthread_cond_t *out)
{
    pthread_condattr_t steady;
    bool made;

    if (pthread_condattr_init(&steady) != 0)
        return false;
    made = pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(out, &steady) == 0;
    (void)pthread_condattr_destroy(&steady);
    return made;
}

struct kn_monitor *kn_monitor_new(void)
{
    struct kn_monitor *monitor = kn_try_alloc(sizeof(*monitor));

    if (monitor == NULL)
        return NULL;
    if (pthread_mutex_init(&monitor->lock, NULL) != 0) {
        kn_free(monitor);
        return NULL;
    }
    if (!make_condition(&monitor->told)) {
        (void)pthread_mutex_destroy(&monitor->lock);
        kn_free(monitor);
        return NULL;
    }
    return monitor;
}

void kn_monitor_free(struct kn_monitor *monitor)
{
    if (monitor == NULL)
        return;
    (void)pthread_cond_destroy(&monitor->told);
    (void)pthread_mutex_destroy(&monitor->lock);
    kn_free(monitor);
}

void kn_monitor_enter(struct kn_monitor *monitor)
{
    (void)pthread_mutex_lock(&monitor->lock);
}

void kn_monitor_leave(struct kn_monitor *monitor)
{
    (void)pthread_mutex_unlock(&monitor->lock);
}

void kn_monitor_tell(struct kn_monitor *monitor)
{
    (void)pthread_cond_broadcast(&monitor->told);
}

bool kn_monitor_wait(struct kn_monitor *monitor, kn_time until)
{
    struct timespec end = { .tv_sec = (time_t)(until / MS_PER_S),
                            .tv_nsec = (long)(until % MS_PER_S) * NS_PER_MS };

    if (until == KN_NEVER)
        return pthread_cond_wait(&monitor->told, &monitor->lock) == 0;
    return pthread_cond_timedwait(&monitor->told, &monitor->lock, &end) != ETIMEDOUT;
}

kn_time kn_monitor_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (kn_time)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}
