/*
 * one_weight — inside only: weights of all types one by one.
 */
#ifndef KN_KERNELS_ONE_WEIGHT_H
#define KN_KERNELS_ONE_WEIGHT_H

#include <stddef.h>

#include "lib/base/number16.h"

static inline uint16_t kn_u16_at(const void *at, size_t index)
{
    uint16_t bits;

    memcpy(&bits, (const uint8_t *)at + index * sizeof(bits), sizeof(bits));
    return bits;
}

static inline float kn_f32_at(const void *at, size_t index)
{
    float value;

    memcpy(&value, (const uint8_t *)at + index * sizeof(value), sizeof(value));
    return value;
}

/* The values of NF4. spec: QLoRA, appendix E. */
extern const float kn_nf4_values[16];

/* Weight `index` of a row of NF4, without its scale. */
static inline float kn_nf4_at(const uint8_t *row, size_t index)
{
    uint8_t both = row[index / 32 * 16 + index % 16];

    return kn_nf4_values[index % 32 < 16 ? both & 15 : both >> 4];
}

#endif
