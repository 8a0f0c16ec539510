/*
 * number16 — single numbers of 16 bits, from float32 and back.
 *
 * Rounds to nearest, ties to even; what is no number stays none.
 * spec: IEEE 754 binary16; bfloat16 is the upper half of binary32.
 */
#ifndef KN_BASE_NUMBER16_H
#define KN_BASE_NUMBER16_H

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

/* A NaN stays one: its upper half alone may be that of infinity. */
static inline uint16_t kn_bf16_of_float(float value)
{
    uint32_t bits = kn_bits_of_float(value);

    if ((bits & 0x7fffffffU) > 0x7f800000U)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* What is less than the smallest normal number is a multiple of 2^-24: adding 0.5, whose last bit
 * is that, rounds to it. */
static inline uint32_t kn_f16_size_of(uint32_t size)
{
    if (size > 0x7f800000U)
        return 0x7e00 | (size >> 13 & 0x3ff);
    if (size >= 0x47800000U) /* 2^16 */
        return 0x7c00;
    if (size < 0x38800000U) /* 2^-14 */
        return kn_bits_of_float(kn_float_of_bits(size) + 0.5F) - 0x3f000000U;
    return (size - (112U << 23) + 0xfff + (size >> 13 & 1)) >> 13;
}

static inline uint16_t kn_f16_of_float(float value)
{
    uint32_t bits = kn_bits_of_float(value);

    return (uint16_t)(bits >> 16 & 0x8000) | (uint16_t)kn_f16_size_of(bits & 0x7fffffffU);
}

#endif
