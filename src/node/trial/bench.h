/*
 * bench — how fast this machine computes blocks of one shape, in every type of weights.
 */
#ifndef KN_TRIAL_BENCH_H
#define KN_TRIAL_BENCH_H

#include "node/trial/speed.h"

enum {
    KN_BENCH_ROWS = 5,
    KN_BENCH_SHORT = 128, /* tokens of prompts */
    KN_BENCH_LONG = 512,
    KN_BENCH_MS_MIN = 5000,
    KN_BENCH_MS_MAX = 300000,
};

struct kn_bench_live {
    atomic_bool cancelled;
    atomic_int done; /* per cent */
};

struct kn_bench_options {
    const char *root;                 /* stands before /proc and /sys; "" is the machine's own */
    const struct kn_decoder *decoder; /* weights of its shape are made up */
    unsigned threads;
    uint32_t sessions;
    int64_t most_memory; /* of the settings; below 0: no limit */
    int budget_ms;       /* for all rows */
    struct kn_bench_live *live;
};

struct kn_bench_row {
    enum kn_weight_type type;
    uint32_t blocks; /* that were held; 0: there was no room for one, and nothing was measured */
    int64_t block_bytes;
    struct kn_trial_speed speed;
    double prompt_short, prompt_long; /* tokens a second through one block */
};

/* KN_E_CANCELLED; KN_E_UNKNOWN: the system does not tell how much memory is left; KN_E_LIMIT: there
 * is no room for a block of any type; else as kn_trial_speed(). */
KN_MUST_USE enum kn_code kn_bench_run(const struct kn_bench_options *options,
                                      struct kn_bench_row rows[KN_BENCH_ROWS],
                                      struct kn_error *err);

#endif
