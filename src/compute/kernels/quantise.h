/*
 * quantise — float32 weights to the formats with scales, a row at a time.
 *
 * Rounds to the nearest value of the format. False: a number is not finite, or (NF4) larger than
 * the scale can tell; what was written is void.
 */
#ifndef KN_KERNELS_QUANTISE_H
#define KN_KERNELS_QUANTISE_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/kernels/matrix.h"
#include "lib/base/attributes.h"

/* Bytes of the scales of a matrix; 0 for a type without. */
size_t kn_matrix_scale_bytes(enum kn_weight_type type, uint32_t rows, uint32_t columns);

/* The error of a weight is at most half its row's scale, which is the largest of the row / 127. */
KN_MUST_USE bool kn_quantise_int8(const float *row, uint32_t columns, int8_t *out, float *scale);

/* `out` and `scales` for whole groups. The error of a weight is at most 0.152 of the largest of
 * its group of KN_NF4_GROUP. spec: QLoRA, §3 and appendix E. */
KN_MUST_USE bool kn_quantise_nf4(const float *row, uint32_t columns, uint8_t *out,
                                 uint16_t *scales);

#endif
