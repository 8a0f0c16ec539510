/*
 * loading — blocks made ready in a worker: files opened and checked, the range tested against known
 * numbers, its speed measured.
 *
 * spec: decisions D5; nothing is served, and nothing announced as served, that did not pass.
 */
#ifndef KN_NODE_BLOCKS_LOADING_H
#define KN_NODE_BLOCKS_LOADING_H

#include "compute/block/pass.h"
#include "compute/kernels/pool.h"
#include "compute/measure.h"
#include "lib/io/loop.h"
#include "node/blocks/wish.h"

/* Blocks that are ready to be served. */
struct kn_loaded {
    struct kn_model *model;
    struct kn_pool *pool;
    struct kn_runner *runner;
    struct kn_speed_measured speed;
    int64_t open_us, test_us; /* that it took */
};

/* KN_E_CHANGED: a file is not what it was any more, and what was computed with it is void. */
KN_MUST_USE enum kn_code kn_loaded_check(const struct kn_loaded *loaded, struct kn_error *err);

/* Closes what there is. No pass may be under way. */
void kn_loaded_done(struct kn_loaded *loaded);

struct kn_loading;

/* Once, on the loop thread: with KN_OK `loaded` is the receiver's. Codes as kn_model_open(),
 * kn_pool_new() and kn_runner_new(); KN_E_INVALID: a block computed something else than it should.
 */
typedef void kn_loading_fn(void *arg, enum kn_code code, const struct kn_loaded *loaded,
                           const struct kn_error *err);

/* NULL: memory is short, and `done` never comes. `wish` is copied. */
KN_MUST_USE struct kn_loading *kn_loading_start(struct kn_loop *loop,
                                                const struct kn_blocks_wish *wish,
                                                kn_loading_fn *done, void *arg);

/* Nobody waits for it any more; what it loads is closed, once the block under way is. `gone`,
 * unless it is NULL, comes once, when the memory of all of it is free; to abandon it again puts
 * another in its place. The loop must turn until then. NULL is fine, and nothing comes. */
void kn_loading_abandon(struct kn_loading *loading, void (*gone)(void *arg), void *arg);

#endif
