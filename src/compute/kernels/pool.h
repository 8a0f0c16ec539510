/*
 * pool — threads that share the chunks of one job after the other.
 *
 * The caller takes part; a thread with nothing to do spins for KN_POOL_SPIN_US, then sleeps. A job
 * ends when its chunks are done, not when every thread has woken up. One caller at a time.
 */
#ifndef KN_KERNELS_POOL_H
#define KN_KERNELS_POOL_H

#include "lib/base/attributes.h"
#include "lib/base/error.h"

enum {
    KN_POOL_THREADS_MAX = 256,
    KN_POOL_SPIN_US = 1000,
};

struct kn_pool;

/* `threads` with the caller's, at least 1. KN_E_NO_MEMORY; KN_E_IO: the system permits no more. */
KN_MUST_USE enum kn_code kn_pool_new(unsigned threads, struct kn_pool **out, struct kn_error *err);
void kn_pool_free(struct kn_pool *pool);
unsigned kn_pool_threads(const struct kn_pool *pool);

/* Call work(arg, chunk, thread) for each chunk below `chunks`, `thread` below kn_pool_threads(). */
void kn_pool_run(struct kn_pool *pool, unsigned chunks,
                 void (*work)(void *arg, unsigned chunk, unsigned thread), void *arg);

/* Memory that one thread may use during a job: KN_POOL_SCRATCH bytes, aligned to 64. */
enum { KN_POOL_SCRATCH = 1 << 20 };
void *kn_pool_scratch(struct kn_pool *pool, unsigned thread);

#endif
