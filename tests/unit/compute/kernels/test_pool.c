#include "compute/kernels/pool.h"

#include <stdatomic.h>

#include "lib/os/thread.h"
#include "support/check.h"
#include "support/fuse.h"

enum { CHUNKS_MAX = 1000 };

struct job {
    struct kn_pool *pool;
    int seen[CHUNKS_MAX]; /* each chunk is one thread's alone */
    atomic_int calls, strangers;
};

static void note(void *arg, unsigned chunk, unsigned thread)
{
    struct job *job = arg;

    job->seen[chunk]++;
    (void)atomic_fetch_add(&job->calls, 1);
    if (thread >= kn_pool_threads(job->pool))
        (void)atomic_fetch_add(&job->strangers, 1);
}

static void each_chunk_is_done_once(void **state)
{
    static const unsigned threads[] = { 0, 1, 2, 4 }, chunks[] = { 0, 1, 2, 3, 7, 100, CHUNKS_MAX };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(threads); i++) {
        struct kn_pool *pool = NULL;

        CHECK_EQ("new", kn_pool_new(threads[i], &pool, NULL), KN_OK);
        CHECK_EQ("threads", kn_pool_threads(pool), threads[i] == 0 ? 1 : threads[i]);
        for (size_t j = 0; j < KN_COUNT(chunks); j++) {
            struct job job = { .pool = pool };

            kn_pool_run(pool, chunks[j], note, &job);
            CHECK_EQ("calls", job.calls, chunks[j]);
            CHECK_EQ("strangers", job.strangers, 0);
            for (unsigned chunk = 0; chunk < chunks[j]; chunk++)
                CHECK_EQ("seen", job.seen[chunk], 1);
        }
        kn_pool_free(pool);
    }
    kn_pool_free(NULL);
}

/* What a job writes is there for the next one and for the caller, however short they are. */
static void many_short_jobs_follow_each_other(void **state)
{
    struct kn_pool *pool = NULL;
    struct job job = { 0 };

    (void)state;
    CHECK_EQ("new", kn_pool_new(4, &pool, NULL), KN_OK);
    job.pool = pool;
    for (int i = 0; i < 20000; i++) {
        kn_pool_run(pool, (unsigned)i % 7, note, &job);
        if (i % 5000 == 0) { /* until they sleep */
            struct kn_monitor *monitor = kn_monitor_new();

            CHECK("monitor", monitor != NULL);
            kn_monitor_enter(monitor);
            while (kn_monitor_wait(monitor, kn_monitor_now() + 20))
                continue;
            kn_monitor_leave(monitor);
            kn_monitor_free(monitor);
        }
    }
    CHECK_EQ("first", job.seen[0], 20000 - 2858);
    CHECK_EQ("last", job.seen[5], 2857);
    CHECK_EQ("strangers", job.strangers, 0);
    kn_pool_free(pool);
}

static void wait_long(void *arg, unsigned chunk, unsigned thread)
{
    kn_time end = kn_monitor_now() + 8;

    while (chunk == 1 && kn_monitor_now() < end)
        kn_thread_relax();
    note(arg, chunk, thread);
}

static void the_caller_sleeps_until_a_long_chunk_is_done(void **state)
{
    struct kn_pool *pool = NULL;
    struct job job = { 0 };

    (void)state;
    CHECK_EQ("new", kn_pool_new(3, &pool, NULL), KN_OK);
    job.pool = pool;
    for (int i = 0; i < 20; i++)
        kn_pool_run(pool, 2, wait_long, &job);
    CHECK_EQ("calls", job.calls, 40);
    kn_pool_free(pool);
}

static void scratch_is_each_thread_s_own(void **state)
{
    struct kn_pool *pool = NULL;

    (void)state;
    CHECK_EQ("new", kn_pool_new(3, &pool, NULL), KN_OK);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ("aligned", (uintptr_t)kn_pool_scratch(pool, i) % 64, 0);
        memset(kn_pool_scratch(pool, i), (int)i + 1, KN_POOL_SCRATCH);
    }
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *at = kn_pool_scratch(pool, i);

        CHECK_EQ("first", at[0], i + 1);
        CHECK_EQ("last", at[KN_POOL_SCRATCH - 1], i + 1);
    }
    kn_pool_free(pool);
}

static void memory_that_is_short_is_told(void **state)
{
    enum kn_code rc = KN_E_NO_MEMORY;
    int failures = 0;

    (void)state;
    for (int after = 0; rc == KN_E_NO_MEMORY; after++) {
        struct kn_pool *pool = NULL;
        struct kn_error err = { 0 };

        kn_fuse = after;
        rc = kn_pool_new(3, &pool, &err);
        kn_fuse = -1;
        failures += rc == KN_E_NO_MEMORY;
        CHECK("none", rc == KN_OK || pool == NULL);
        kn_pool_free(pool);
    }
    CHECK_EQ("at last", rc, KN_OK);
    CHECK("failures", failures >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_chunk_is_done_once),
        cmocka_unit_test(many_short_jobs_follow_each_other),
        cmocka_unit_test(the_caller_sleeps_until_a_long_chunk_is_done),
        cmocka_unit_test(scratch_is_each_thread_s_own),
        cmocka_unit_test(memory_that_is_short_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
