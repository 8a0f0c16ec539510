/*
 * measured — what the full calibration found out by doing it, as calibration.yaml keeps it.
 */
#ifndef KN_CONFIG_MEASURED_H
#define KN_CONFIG_MEASURED_H

#include <stdbool.h>
#include <stdint.h>

#include "config/schema/words.h"

struct kn_measured {
    int64_t at_s; /* when, seconds since 1970; 0: nothing was measured */
    bool made_up; /* with weights of the model's shapes, not with its own */
    enum kn_dtype dtype;
    bool dtype_chosen;                /* for its speed: nobody wrote one */
    uint32_t blocks;                  /* the most that ran a session */
    uint32_t session_tokens;          /* so long */
    uint32_t estimated;               /* blocks that the quick calibration would have said */
    int64_t weight_bytes;             /* of one block, as they lay in memory */
    int64_t block_bytes;              /* with its part of the cache */
    int64_t cache_tokens;             /* in that part */
    uint32_t threads;                 /* that are best, */
    uint32_t batch_tokens;            /* and tokens of one pass */
    uint32_t sessions;                /* of together */
    double read_bandwidth;            /* bytes a second, with those threads */
    double decode, together, prefill; /* tokens a second through one block */
    /* How many times as fast as without the choice: one thread, the type that would have been
     * taken, passes of 48 tokens. 1: nothing gained. */
    double threads_gain, dtype_gain, batch_gain;
};

#endif
