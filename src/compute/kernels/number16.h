/*
 * number16 — single numbers of 16 bits, and weights of all types one by one.
 *
 * spec: IEEE 754 binary16; bfloat16 is the upper half of binary32.
 */
#ifndef KN_KERNELS_NUMBER16_H
#define KN_KERNELS_NUMBER16_H

#include <stdint.h>
#include <string.h>

static inline float kn_float_of_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint32_t kn_bits_of_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline float kn_float_of_bf16(uint16_t bits)
{
    return kn_float_of_bits((uint32_t)bits << 16);
}

/* The exponent moves by 112; infinity and NaN keep theirs full. */
static inline float kn_float_of_f16(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t size = (uint32_t)(bits & 0x7fff) << 13;
    float small = kn_float_of_bits(size) * 0x1p112F;
    uint32_t special = size >= 0x7c00U << 13 ? 0x7f800000U : 0;

    return kn_float_of_bits(kn_bits_of_float(small) | special | sign);
}

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
