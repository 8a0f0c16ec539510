/*
 * loops — the small steps of a block between its products, for one instruction set. Inside only.
 *
 * Each runs on the calling thread. A number that is not finite stays not finite, and stays in its
 * own token.
 */
#ifndef KN_BLOCK_LOOPS_H
#define KN_BLOCK_LOOPS_H

#include <stddef.h>

#include "compute/kernels/kernels.h"

enum { KN_LOOP_LANES = 16 }; /* tokens of a panel that go together; KN_LANES is a multiple */

/* x += delta (NULL: nothing), out = x / rms(x) * weight. */
struct kn_norm {
    float *x;
    const float *delta, *weight;
    float *out;
    size_t n;
    float epsilon;
};

struct kn_loops {
    /* Of one token. */
    void (*norm)(const struct kn_norm *norm);
    /* Of KN_LOOP_LANES tokens of a panel: features are KN_LANES floats apart, in all but weight. */
    void (*norm_lanes)(const struct kn_norm *norm);
    void (*add)(float *x, const float *delta, size_t n);
    void (*add_scaled)(float *x, const float *delta, float by, size_t n);
    void (*scale)(float *x, float by, size_t n);
    /* gate = silu(gate) * up. */
    void (*silu)(float *gate, const float *up, size_t n);
    /* Turn the pairs (i, half + i) by angles (cos[half], sin[half]) and scale. */
    void (*rope)(float *head, const float *angles, size_t half, float by);
    float (*max)(const float *x, size_t n);
    /* x = exp(x - less), 0 where that is tiny; the sum. */
    float (*exp_sum)(float *x, float less, size_t n);
};

const struct kn_loops *kn_loops_for(const struct kn_kernels *kernels);

/* One table an instruction set. */
extern const struct kn_loops kn_loops_plain, kn_loops_avx2, kn_loops_avx512;

#endif
