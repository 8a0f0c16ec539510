/*
 * kernels — products of weight matrices with activations, for one instruction set.
 *
 * Weights in any format, activations and sums in float32. Results of two instruction sets differ in
 * the last bits. Few tokens go as vectors (decode: bound by the memory that the weights lie in),
 * many as panels (prefill: bound by arithmetic). A panel holds KN_LANES tokens, the lanes, of all
 * features: float[panel][feature][KN_LANES], so that what comes out of one product goes into the
 * next one as it is.
 */
#ifndef KN_KERNELS_H
#define KN_KERNELS_H

#include <stdbool.h>

#include "compute/kernels/matrix.h"
#include "lib/base/attributes.h"

struct kn_pool;

enum {
    KN_LANES = 48,      /* tokens of a panel: a multiple of every vector width */
    KN_KERNEL_PAD = 64, /* floats that may be read behind each array of activations */
    KN_VECTORS_MAX = 3, /* tokens up to which vectors are faster than a panel */
    KN_PRODUCTS_MAX = 3,
};

enum kn_isa { KN_ISA_PLAIN, KN_ISA_AVX2, KN_ISA_AVX512, KN_ISA_NEON, KN_ISA_COUNT };

struct kn_kernels; /* the functions of one instruction set; constant */

/* The best for this processor; one that was asked for; NULL: it cannot do that. */
const struct kn_kernels *kn_kernels_best(void);
const struct kn_kernels *kn_kernels_of(enum kn_isa isa);
const char *kn_kernels_name(const struct kn_kernels *kernels); /* "avx512" */

/* One product of several with the same input, done in one go: q, k, v; or gate and up. */
struct kn_product {
    const struct kn_matrix *weights;
    const float *bias; /* [rows]; NULL: none */
    float *out;        /* vectors: [vector][rows]; panels: [panel][rows][KN_LANES] */
};

/* out[i] = W x[i] + bias, for `vectors` (1 to KN_VECTORS_MAX) arrays of `columns`, each
 * `columns + KN_KERNEL_PAD` floats after the one before. */
void kn_multiply_vectors(const struct kn_kernels *kernels, struct kn_pool *pool,
                         const struct kn_product *products, size_t n, const float *x,
                         size_t vectors);

/* The same for panels, whose lanes from `tokens` on are spare: up to the next multiple of 16 they
 * are computed too, those behind are left alone. KN_E_NO_MEMORY cannot happen: scratch is the
 * pool's. */
void kn_multiply_tokens(const struct kn_kernels *kernels, struct kn_pool *pool,
                        const struct kn_product *products, size_t n, const float *x, size_t tokens);

/* With every lane of so many panels. */
void kn_multiply_panels(const struct kn_kernels *kernels, struct kn_pool *pool,
                        const struct kn_product *products, size_t n, const float *x, size_t panels);

/*
 * One tile: sum[j][lane] += over k of a[j * a_row + k * a_step] * b[k * b_row + lane], for `rows`
 * rows and `lanes` lanes (a multiple of 16). What attention is made of. On the calling thread.
 *
 * Meanwhile memory that is wanted later comes nearer: of `fetch_rows` rows, `fetch_row` bytes
 * apart, `fetch_step` bytes for every KN_FETCH_DEPTH of the depth. It need not be there.
 */
enum { KN_FETCH_DEPTH = 16 };

struct kn_tile {
    const float *a, *b;
    float *sum;
    size_t rows, depth, lanes;
    size_t a_row, a_step, b_row, sum_row; /* in floats */
    const uint8_t *fetch;
    size_t fetch_rows, fetch_row, fetch_step;
};
void kn_tile_add(const struct kn_kernels *kernels, const struct kn_tile *tile);

/* Weights `at` to `at + n` of one row, as float32. */
void kn_row_widen(const struct kn_kernels *kernels, const struct kn_matrix *weights, uint32_t row,
                  uint32_t at, uint32_t n, float *out);

/* Numbers of a 16-bit type to float32 and back; to nearest, ties to even. f16 beyond its range
 * becomes infinite. */
void kn_widen_bf16(const void *from, size_t n, float *out);
void kn_widen_f16(const void *from, size_t n, float *out);
void kn_narrow_bf16(const float *from, size_t n, void *out);
void kn_narrow_f16(const float *from, size_t n, void *out);

/* Is each of them a finite number? */
bool kn_all_finite(const float *at, size_t n);

#endif
