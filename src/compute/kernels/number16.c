#include "compute/kernels/one_weight.h"

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

static void put(void *out, size_t index, uint16_t bits)
{
    memcpy((uint8_t *)out + index * sizeof(bits), &bits, sizeof(bits));
}

void kn_narrow_bf16(const float *from, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++)
        put(out, i, kn_bf16_of_float(from[i]));
}

void kn_narrow_f16(const float *from, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++)
        put(out, i, kn_f16_of_float(from[i]));
}

bool kn_all_finite(const float *at, size_t n)
{
    uint32_t special = 0;

    for (size_t i = 0; i < n; i++)
        special |= (kn_bits_of_float(at[i]) & 0x7f800000U) == 0x7f800000U;
    return special == 0;
}
