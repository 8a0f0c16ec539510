#include "compute/kernels/pool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/os/thread.h"

enum {
    LINE = 64,                /* bytes that processors hand each other at once */
    LOOKS_A_CLOCK = 64,       /* looks between two of the clock */
    CHUNKS_AT_ONCE = 1 << 30, /* leaves room for those who look past the end */
    COUNT_SHIFT = 32,
    US_PER_MS = 1000,
};

struct worker {
    struct kn_pool *pool;
    struct kn_thread *thread;
    unsigned index;
};

struct kn_pool {
    /* How many chunks the job has, and below that the next to take. Both in one word, so that who
     * takes one knows that the job is still that job: it cannot end before that chunk is done. */
    _Atomic uint64_t turn;
    char gap_after_turn[LINE];
    atomic_uint left; /* chunks that are not done */
    char gap_after_left[LINE];
    atomic_uint sleepers;
    atomic_bool caller_sleeps, stopping;

    void (*work)(void *arg, unsigned chunk, unsigned thread);
    void *arg;
    unsigned first; /* chunk of the caller that is 0 in `turn` */

    struct kn_monitor *monitor;
    unsigned threads;
    uint8_t *memory, *scratch;
    struct worker workers[];
};

static bool has_chunks(uint64_t turn)
{
    return (uint32_t)turn < turn >> COUNT_SHIFT;
}

/* Do what is left to take; false: there was nothing. */
static bool take_part(struct kn_pool *pool, unsigned thread)
{
    bool took = false;

    while (has_chunks(atomic_load(&pool->turn))) {
        uint64_t turn = atomic_fetch_add(&pool->turn, 1);

        if (!has_chunks(turn))
            break;
        took = true;
        pool->work(pool->arg, pool->first + (uint32_t)turn, thread);
        if (atomic_fetch_sub(&pool->left, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
            kn_monitor_enter(pool->monitor);
            kn_monitor_tell(pool->monitor);
            kn_monitor_leave(pool->monitor);
        }
    }
    return took;
}

/* For a worker: is there something to look at? */
static bool is_called(struct kn_pool *pool)
{
    return has_chunks(atomic_load(&pool->turn)) || atomic_load(&pool->stopping);
}

static bool is_done(struct kn_pool *pool)
{
    return atomic_load(&pool->left) == 0;
}

/* False: the time for it is over. */
static bool spin_until(struct kn_pool *pool, bool (*condition)(struct kn_pool *pool))
{
    kn_time end = kn_monitor_now() + KN_POOL_SPIN_US / US_PER_MS;

    do {
        for (int i = 0; i < LOOKS_A_CLOCK; i++) {
            if (condition(pool))
                return true;
            kn_thread_relax();
        }
    } while (kn_monitor_now() <= end);
    return false;
}

/* Who sleeps says so before the last look, who calls looks for sleepers after the call. */
static void sleep_until_called(struct kn_pool *pool)
{
    kn_monitor_enter(pool->monitor);
    (void)atomic_fetch_add(&pool->sleepers, 1);
    while (!is_called(pool))
        (void)kn_monitor_wait(pool->monitor, KN_NEVER);
    (void)atomic_fetch_sub(&pool->sleepers, 1);
    kn_monitor_leave(pool->monitor);
}

static void wait_until_done(struct kn_pool *pool)
{
    if (spin_until(pool, is_done))
        return;
    kn_monitor_enter(pool->monitor);
    atomic_store(&pool->caller_sleeps, true);
    while (!is_done(pool))
        (void)kn_monitor_wait(pool->monitor, KN_NEVER);
    atomic_store(&pool->caller_sleeps, false);
    kn_monitor_leave(pool->monitor);
}

static void work_on(void *arg)
{
    struct worker *worker = arg;
    struct kn_pool *pool = worker->pool;

    while (!atomic_load(&pool->stopping)) {
        if (!take_part(pool, worker->index) && !spin_until(pool, is_called))
            sleep_until_called(pool);
    }
}

static void wake_sleepers(struct kn_pool *pool)
{
    if (atomic_load(&pool->sleepers) == 0)
        return;
    kn_monitor_enter(pool->monitor);
    kn_monitor_tell(pool->monitor);
    kn_monitor_leave(pool->monitor);
}

void kn_pool_run(struct kn_pool *pool, unsigned chunks,
                 void (*work)(void *arg, unsigned chunk, unsigned thread), void *arg)
{
    if (chunks == 1 || pool->threads == 1) {
        for (unsigned chunk = 0; chunk < chunks; chunk++)
            work(arg, chunk, 0);
        return;
    }
    pool->work = work;
    pool->arg = arg;
    for (pool->first = 0; pool->first < chunks;) {
        unsigned rest = chunks - pool->first, now = rest < CHUNKS_AT_ONCE ? rest : CHUNKS_AT_ONCE;

        atomic_store(&pool->left, now);
        atomic_store(&pool->turn, (uint64_t)now << COUNT_SHIFT);
        wake_sleepers(pool);
        (void)take_part(pool, 0);
        wait_until_done(pool);
        pool->first += now;
    }
}

unsigned kn_pool_threads(const struct kn_pool *pool)
{
    return pool->threads;
}

void *kn_pool_scratch(struct kn_pool *pool, unsigned thread)
{
    return pool->scratch + (size_t)thread * KN_POOL_SCRATCH;
}

static struct kn_pool *make(unsigned threads)
{
    struct kn_pool *pool = kn_try_alloc(sizeof(*pool) + threads * sizeof(pool->workers[0]));
    uintptr_t at;

    if (pool == NULL)
        return NULL;
    pool->threads = threads;
    pool->monitor = kn_monitor_new();
    pool->memory = kn_try_alloc((size_t)threads * KN_POOL_SCRATCH + LINE);
    if (pool->monitor == NULL || pool->memory == NULL) {
        kn_pool_free(pool);
        return NULL;
    }
    at = (uintptr_t)pool->memory;
    pool->scratch = pool->memory + (LINE - at % LINE) % LINE;
    return pool;
}

enum kn_code kn_pool_new(unsigned threads, struct kn_pool **out, struct kn_error *err)
{
    struct kn_pool *pool;

    if (threads == 0)
        threads = 1;
    pool = make(threads < KN_POOL_THREADS_MAX ? threads : KN_POOL_THREADS_MAX);
    if (pool == NULL)
        return kn_fail_no_memory(err);
    for (unsigned i = 1; i < pool->threads; i++) {
        struct worker *worker = &pool->workers[i];
        enum kn_code rc;

        worker->pool = pool;
        worker->index = i;
        rc = kn_thread_start(work_on, worker, &worker->thread, err);
        if (rc != KN_OK) {
            kn_pool_free(pool);
            return rc;
        }
    }
    *out = pool;
    return KN_OK;
}

void kn_pool_free(struct kn_pool *pool)
{
    if (pool == NULL)
        return;
    atomic_store(&pool->stopping, true);
    if (pool->monitor != NULL)
        wake_sleepers(pool);
    for (unsigned i = 1; i < pool->threads; i++)
        kn_thread_join(pool->workers[i].thread);
    kn_monitor_free(pool->monitor);
    kn_free(pool->memory);
    kn_free(pool);
}
