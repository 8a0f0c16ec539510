/*
 * matrix — weights as they lie in a model file: row-major, in one number format.
 *
 * A row gives one output feature, a column takes one input feature: y = W x.
 */
#ifndef KN_KERNELS_MATRIX_H
#define KN_KERNELS_MATRIX_H

#include <stddef.h>
#include <stdint.h>

enum kn_weight_type {
    KN_WEIGHT_F32,
    KN_WEIGHT_BF16,
    KN_WEIGHT_F16,
    KN_WEIGHT_INT8, /* one f32 scale a row */
    KN_WEIGHT_NF4,  /* groups of 64 with one f16 scale; rows end with a whole group */
    KN_WEIGHT_TYPE_COUNT
};

/*
 * A group of NF4 is 32 bytes, of its halves 16 each: byte i holds weight i of the half in its low
 * four bits and weight i + 16 in its high ones. What follows the last column counts for nothing.
 */
enum {
    KN_MATRIX_SIDE_MAX = 1 << 20, /* rows or columns */
    KN_NF4_GROUP = 64,            /* weights of one scale */
};

struct kn_matrix {
    enum kn_weight_type type;
    uint32_t rows, columns;
    const void *at;    /* lent; any alignment */
    const void *scale; /* float[rows] of INT8, binary16[rows][columns / 64 rounded up] of NF4 */
};

/* Bytes of the weights, without scales; 0 when that is more than size_t holds. */
size_t kn_matrix_bytes(enum kn_weight_type type, uint32_t rows, uint32_t columns);

/* "float32", "bfloat16", "float16", "int8", "nf4". */
const char *kn_weight_type_word(enum kn_weight_type type);

#endif
