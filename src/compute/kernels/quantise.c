#include "compute/kernels/quantise.h"

#include <math.h>

#include "compute/kernels/kernels.h"
#include "compute/kernels/number16.h"

enum { INT8_LARGEST = 127, NF4_ZERO = 7, GROUP = KN_NF4_GROUP, HALF = GROUP / 2 };

static float largest_size(const float *at, size_t n)
{
    float largest = 0;

    for (size_t i = 0; i < n; i++) {
        float size = fabsf(at[i]);

        largest = size > largest ? size : largest;
    }
    return largest;
}

/* A scale below the normal numbers is rough, and a weight may be beyond its 127. */
void kn_quantise_int8(const float *row, uint32_t n, void *out, float *scale)
{
    int8_t *to = out;

    *scale = largest_size(row, n) / INT8_LARGEST;
    for (uint32_t i = 0; i < n; i++) {
        float value = *scale > 0 ? rintf(row[i] / *scale) : 0;

        value = value > INT8_LARGEST ? INT8_LARGEST : value;
        to[i] = (int8_t)(value < -INT8_LARGEST ? -INT8_LARGEST : value);
    }
}

/* How many of the bounds between neighbours it is above. */
static uint8_t nearest_nf4(float value)
{
    unsigned index = 0;

    for (int i = 0; i < 15; i++)
        index += value > (kn_nf4_values[i] + kn_nf4_values[i + 1]) / 2;
    return (uint8_t)index;
}

static void put_group(const float *at, size_t n, float scale, uint8_t *out)
{
    uint8_t index[GROUP];

    for (size_t i = 0; i < GROUP; i++)
        index[i] = i < n && scale > 0 ? nearest_nf4(at[i] / scale) : NF4_ZERO;
    for (size_t i = 0; i < GROUP / 2; i++) {
        const uint8_t *low = index + i / 16 * HALF + i % 16;

        out[i] = (uint8_t)(low[0] | low[16] << 4);
    }
}

bool kn_quantise_nf4(const float *row, uint32_t n, void *out, void *scales)
{
    uint8_t *to = out, *scale_to = scales;

    for (size_t at = 0; at < n; at += GROUP, to += GROUP / 2, scale_to += sizeof(uint16_t)) {
        size_t here = n - at < GROUP ? n - at : GROUP;
        float scale = largest_size(row + at, here);

        kn_narrow_f16(&scale, 1, scale_to);
        scale = kn_float_of_f16(kn_u16_at(scale_to, 0));
        if (isinf(scale))
            return false;
        put_group(row + at, here, scale, to);
    }
    return true;
}

size_t kn_scale_bytes(enum kn_weight_type type, uint32_t rows, uint32_t columns)
{
    if (type == KN_WEIGHT_INT8)
        return rows * sizeof(float);
    if (type != KN_WEIGHT_NF4)
        return 0;
    return ((size_t)columns + GROUP - 1) / GROUP * rows * sizeof(uint16_t);
}
