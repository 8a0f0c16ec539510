/*
 * measure — how many tokens a second a runner computes, and what of that is announced.
 *
 * Blocking, on any thread, while nobody else uses the runner. Petals measures one block, with a
 * hundred single tokens and ten times 1024; here as many of them as the time permits.
 * spec: petals/server/throughput.py.
 */
#ifndef KN_COMPUTE_MEASURE_H
#define KN_COMPUTE_MEASURE_H

#include "compute/block/pass.h"

enum {
    KN_MEASURE_STEPS = 100,   /* single tokens; the first one is left out */
    KN_MEASURE_PROMPT = 1024, /* tokens of a long step */
    KN_MEASURE_PROMPTS = 10,
    KN_MEASURE_BATCH_MAX = 256,
};

struct kn_speed_wish {
    struct kn_runner *runner;
    const struct kn_decoder *decoder;
    uint32_t from, to; /* blocks of the runner: one, as Petals does, or its whole range */
    uint32_t batch;    /* sessions of batch_tokens_per_s; 0: that is not measured */
    int budget_ms;     /* for all of it; each part takes what it began to its end */
};

/* Through all blocks from `from` to `to`. */
struct kn_speed_measured {
    double decode_tokens_per_s;  /* one session, token after token: inference_rps of one block */
    double batch_tokens_per_s;   /* of `batch` sessions together; 0 of none */
    double forward_tokens_per_s; /* long steps, in pieces as they are served: forward_rps */
};

/* KN_E_NO_MEMORY; KN_E_INVALID: numbers that are not finite came out. */
KN_MUST_USE enum kn_code kn_speed_measure(const struct kn_speed_wish *wish,
                                          struct kn_speed_measured *out, struct kn_error *err);

/*
 * What a server of `blocks` announces: a client uses half of them on average, and each token goes
 * over the network once; relays are slower. `forward` is one block's, `network` tokens a second.
 */
double kn_speed_announced(double forward, uint32_t blocks, double network, bool is_relayed);

/* Tokens a second that `bits` a second carry, in 16-bit numbers. */
double kn_speed_network(double bits, uint32_t hidden);

#endif
