/*
 * hold — blocks that are really there: weights of a model's files or made up, in memory as a node
 * has them, with the attention cache that goes with them.
 *
 * Nothing is touched without a look at what is left (watch.h). Blocking; one thread at a time.
 */
#ifndef KN_TRIAL_HOLD_H
#define KN_TRIAL_HOLD_H

#include "compute/block/pass.h"
#include "compute/kernels/pool.h"
#include "compute/model/model.h"
#include "node/trial/watch.h"

struct kn_hold;

struct kn_hold_options {
    const struct kn_decoder *decoder; /* kept */
    const char *folder;               /* of the model's files, kept; NULL: weights are made up */
    enum kn_weights_as as;            /* made up: KN_WEIGHTS_EXACT is float32 */
    uint32_t most;                    /* blocks that will ever be asked for */
    unsigned threads;
    uint32_t length; /* tokens of a session, if its share of the memory holds so many */
    bool with_cache; /* a fifth of what the blocks take is attention cache; else there is none */
    struct kn_watch *watch; /* kept; has begun */
};

/* KN_E_NO_MEMORY, and the codes of kn_pool_new(). */
KN_MUST_USE enum kn_code kn_hold_new(const struct kn_hold_options *options, struct kn_hold **out,
                                     struct kn_error *err);
void kn_hold_free(struct kn_hold *hold);
const struct kn_hold_options *kn_hold_options(const struct kn_hold *hold);

/*
 * Have exactly `n` blocks. KN_E_LIMIT: they do not fit, and some fewer are there; KN_E_CANCELLED;
 * else as kn_model_open().
 */
KN_MUST_USE enum kn_code kn_hold_resize(struct kn_hold *hold, uint32_t n, struct kn_error *err);

/* Compute with so many threads from now on. */
KN_MUST_USE enum kn_code kn_hold_threads(struct kn_hold *hold, unsigned threads,
                                         struct kn_error *err);

/* A runner for the blocks that are there, until they are others; NULL: `err` says why. */
struct kn_runner *kn_hold_runner(struct kn_hold *hold, struct kn_error *err);
struct kn_pool *kn_hold_pool(const struct kn_hold *hold);

/*
 * Resize to `n` blocks and run a session at full length through them: its cache is there, its last
 * token goes through all blocks, and a long piece of it through one. KN_E_LIMIT: it does not fit.
 * Other codes as above.
 */
KN_MUST_USE enum kn_code kn_hold_run(struct kn_hold *hold, uint32_t n, struct kn_error *err);

/* Of one block, once one is there: its weights, its part of the cache; and what a session holds. */
struct kn_hold_sizes {
    int64_t weight_bytes, cache_bytes;
    uint32_t cache_tokens, session_tokens;
};
struct kn_hold_sizes kn_hold_sizes(const struct kn_hold *hold);

/* The matrices of block `index`, one after the other; false: there are no more. */
bool kn_hold_matrix(const struct kn_hold *hold, uint32_t index, uint32_t i,
                    const struct kn_matrix **out);

#endif
