#include "compute/kernels/number16.h"

#include "compute/kernels/kernels.h"

const float kn_nf4_values[16] = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

void kn_widen_bf16(const void *from, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = kn_float_of_bf16(kn_u16_at(from, i));
}

void kn_widen_f16(const void *from, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = kn_float_of_f16(kn_u16_at(from, i));
}

/* A NaN stays one: its upper half alone may be that of infinity. */
static uint16_t bf16_of(float value)
{
    uint32_t bits = kn_bits_of_float(value);

    if ((bits & 0x7fffffffU) > 0x7f800000U)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* What is less than the smallest normal number is a multiple of 2^-24: adding 0.5, whose last bit
 * is that, rounds to it. */
static uint32_t f16_size_of(uint32_t size)
{
    if (size > 0x7f800000U)
        return 0x7e00 | (size >> 13 & 0x3ff);
    if (size >= 0x47800000U) /* 2^16 */
        return 0x7c00;
    if (size < 0x38800000U) /* 2^-14 */
        return kn_bits_of_float(kn_float_of_bits(size) + 0.5F) - 0x3f000000U;
    return (size - (112U << 23) + 0xfff + (size >> 13 & 1)) >> 13;
}

static uint16_t f16_of(float value)
{
    uint32_t bits = kn_bits_of_float(value);

    return (uint16_t)(bits >> 16 & 0x8000) | (uint16_t)f16_size_of(bits & 0x7fffffffU);
}

static void put(void *out, size_t index, uint16_t bits)
{
    memcpy((uint8_t *)out + index * sizeof(bits), &bits, sizeof(bits));
}

void kn_narrow_bf16(const float *from, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++)
        put(out, i, bf16_of(from[i]));
}

void kn_narrow_f16(const float *from, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++)
        put(out, i, f16_of(from[i]));
}

bool kn_all_finite(const float *at, size_t n)
{
    uint32_t special = 0;

    for (size_t i = 0; i < n; i++)
        special |= (kn_bits_of_float(at[i]) & 0x7f800000U) == 0x7f800000U;
    return special == 0;
}
