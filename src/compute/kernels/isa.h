/*
 * isa — what one instruction set brings: the loops that take the time.
 *
 * None reads weights beyond the last of a row, which may be the last of a mapped file.
 */
#ifndef KN_KERNELS_ISA_H
#define KN_KERNELS_ISA_H

#include "compute/kernels/kernels.h"

/* Rows `from` to `to` (exclusive) of W x[i] for `vectors` arrays, x_step floats apart; out[row] of
 * the first, out_step floats between the arrays. */
struct kn_rows {
    const struct kn_matrix *weights;
    uint32_t from, to;
    const float *x, *bias; /* bias: [rows] or NULL */
    float *out;
    size_t vectors, x_step, out_step;
    float *scratch; /* aligned to 64 */
    size_t scratch_bytes;
};

typedef void kn_rows_fn(const struct kn_rows *rows);
typedef void kn_widen_fn(const struct kn_matrix *weights, uint32_t row, uint32_t at, uint32_t n,
                         float *out);

/* The sum of their words of 32 bits; of the last the bytes that are there. */
typedef uint32_t kn_read_fn(const uint8_t *at, size_t bytes);

struct kn_kernels {
    const char *name;
    kn_rows_fn *rows[KN_WEIGHT_TYPE_COUNT];
    kn_widen_fn *widen[KN_WEIGHT_TYPE_COUNT];
    void (*tile)(const struct kn_tile *tile);
    kn_read_fn *read;
};

extern const struct kn_kernels kn_kernels_plain;
#if defined(__x86_64__)
extern const struct kn_kernels kn_kernels_avx2, kn_kernels_avx512;
#elif defined(__aarch64__)
extern const struct kn_kernels kn_kernels_neon;
#endif

#endif
