#include "compute/kernels/quantise.h"

#include "compute/kernels/kernels.h"
#include "compute/kernels/one_weight.h"

enum { HALF_GROUP = KN_NF4_GROUP / 2, INT8_MOST = 127, INFINITE = 0x7f800000, VALUES = 16 };

/* Adding it leaves no bits for a fraction: what is added is rounded to even, in the last bits. */
#define ROUNDER 0x1.8p23F

static uint32_t groups_of(uint32_t columns)
{
    return (columns + KN_NF4_GROUP - 1) / KN_NF4_GROUP;
}

size_t kn_matrix_scale_bytes(enum kn_weight_type type, uint32_t rows, uint32_t columns)
{
    if (type == KN_WEIGHT_INT8)
        return (size_t)rows * sizeof(float);
    return type == KN_WEIGHT_NF4 ? (size_t)rows * groups_of(columns) * sizeof(uint16_t) : 0;
}

/* The bits of the largest number without its sign; those of NaN are larger than of infinity. */
static uint32_t largest(const float *at, uint32_t n)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits = kn_bits_of_float(at[i]) & 0x7fffffffU;

        most = bits > most ? bits : most;
    }
    return most;
}

bool kn_quantise_int8(const float *row, uint32_t columns, int8_t *out, float *scale)
{
    uint32_t most = largest(row, columns);
    float step = kn_float_of_bits(most) / INT8_MOST;
    float inverse = step > 0 ? 1 / step : 0;

    if (most >= INFINITE)
        return false;
    if (inverse >
        0x1p126F) /* of numbers that are nearly nothing: the quotient is not exact there */
        inverse = step = 0;
    for (uint32_t i = 0; i < columns; i++)
        out[i] = (int8_t)kn_bits_of_float(row[i] * inverse + ROUNDER);
    *scale = step;
    return true;
}

/* How many of the middles between two neighbours lie below each number. */
static void nearest(const float *at, float inverse, uint8_t out[KN_NF4_GROUP])
{
    uint32_t codes[KN_NF4_GROUP] = { 0 };

    for (int i = 0; i + 1 < VALUES; i++) {
        float middle = (kn_nf4_values[i] + kn_nf4_values[i + 1]) / 2;

        for (int j = 0; j < KN_NF4_GROUP; j++)
            codes[j] += at[j] * inverse > middle ? 1 : 0;
    }
    for (int j = 0; j < KN_NF4_GROUP; j++)
        out[j] = (uint8_t)codes[j];
}

static bool quantise_group(const float *at, uint8_t *out, uint16_t *scale)
{
    uint8_t codes[KN_NF4_GROUP];
    float most = kn_float_of_bits(largest(at, KN_NF4_GROUP)), rounded;

    if (largest(at, KN_NF4_GROUP) >= INFINITE)
        return false;
    kn_narrow_f16(&most, 1, scale);
    rounded = kn_float_of_f16(*scale);
    if (kn_bits_of_float(rounded) >= INFINITE)
        return false;
    nearest(at, rounded > 0 ? 1 / rounded : 0, codes);
    for (size_t half = 0; half < 2; half++) {
        const uint8_t *from = codes + half * HALF_GROUP;

        for (size_t i = 0; i < HALF_GROUP / 2; i++)
            out[half * HALF_GROUP / 2 + i] = (uint8_t)(from[i] | from[i + HALF_GROUP / 2] << 4);
    }
    return true;
}

bool kn_quantise_nf4(const float *row, uint32_t columns, uint8_t *out, uint16_t *scales)
{
    uint32_t groups = groups_of(columns);

    for (uint32_t i = 0; i < groups; i++) {
        float rest[KN_NF4_GROUP] = { 0 };
        const float *at = row + (size_t)i * KN_NF4_GROUP;
        uint32_t left = columns - i * KN_NF4_GROUP;

        if (left < KN_NF4_GROUP) {
            memcpy(rest, at, left * sizeof(*rest));
            at = rest;
        }
        if (!quantise_group(at, out + (size_t)i * HALF_GROUP, &scales[i]))
            return false;
    }
    return true;
}
