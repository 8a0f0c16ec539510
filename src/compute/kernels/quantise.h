/*
 * quantise — float32 weights to types with scales, a row at a time.
 *
 * Each becomes the nearest value that the type has with the row's, or the group's, scale. Weights
 * are finite.
 */
#ifndef KN_KERNELS_QUANTISE_H
#define KN_KERNELS_QUANTISE_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/kernels/matrix.h"
#include "lib/base/attributes.h"

/* `n` bytes to `out`, and the scale of the row: its largest size is 127. */
void kn_quantise_int8(const float *row, uint32_t n, void *out, float *scale);

/* A row of NF4 (matrix.h) to `out`, with zeros behind its end, and a binary16 for each group of 64
 * to `scales`: what its largest size is. False: that is more than a binary16 can be. */
KN_MUST_USE bool kn_quantise_nf4(const float *row, uint32_t n, void *out, void *scales);

/* Bytes of all scales of such a matrix; 0 for a type without. */
size_t kn_scale_bytes(enum kn_weight_type type, uint32_t rows, uint32_t columns);

#endif
