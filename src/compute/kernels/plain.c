/* For every processor: vectors of 16 bytes, which the compiler makes of what there is. */
#include <stdint.h>
#include <string.h>

#include "compute/kernels/one_weight.h"

#define ISA_TABLE kn_kernels_plain
#define ISA_NAME "plain"

enum { LANES = 4, TILE_ROWS = 4 };

typedef float vec __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));
typedef int32_t numbers __attribute__((vector_size(16)));
typedef uint16_t half_words __attribute__((vector_size(8)));
typedef int8_t small_numbers __attribute__((vector_size(4)));

static inline vec load_f32(const uint8_t *row, size_t at)
{
    vec value;

    memcpy(&value, row + at * sizeof(float), sizeof(value));
    return value;
}

static inline words load_16(const uint8_t *row, size_t at)
{
    half_words bits;

    memcpy(&bits, row + at * sizeof(uint16_t), sizeof(bits));
    return __builtin_convertvector(bits, words);
}

static inline vec load_bf16(const uint8_t *row, size_t at)
{
    return (vec)(load_16(row, at) << 16);
}

/* As kn_float_of_f16(). */
static inline vec load_f16(const uint8_t *row, size_t at)
{
    words bits = load_16(row, at);
    words size = (bits & 0x7fff) << 13;
    vec small = (vec)size * 0x1p112F;
    words special = (words)(size >= 0x7c00U << 13) & 0x7f800000U;

    return (vec)((words)small | special | (bits & 0x8000) << 16);
}

static inline vec load_int8(const uint8_t *row, size_t at)
{
    small_numbers bytes;

    memcpy(&bytes, row + at, sizeof(bytes));
    return __builtin_convertvector(__builtin_convertvector(bytes, numbers), vec);
}

static inline vec look_up_low(const uint8_t *at)
{
    return (vec){ kn_nf4_values[at[0] & 15], kn_nf4_values[at[1] & 15], kn_nf4_values[at[2] & 15],
                  kn_nf4_values[at[3] & 15] };
}

static inline vec look_up_high(const uint8_t *at)
{
    return (vec){ kn_nf4_values[at[0] >> 4], kn_nf4_values[at[1] >> 4], kn_nf4_values[at[2] >> 4],
                  kn_nf4_values[at[3] >> 4] };
}

static inline float add_up(vec value)
{
    return (value[0] + value[1]) + (value[2] + value[3]);
}

#include "compute/kernels/products.inc"
