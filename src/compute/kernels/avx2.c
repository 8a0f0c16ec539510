/* Vectors of 32 bytes: AVX2 with FMA and F16C. */
#include <immintrin.h>
#include <stdint.h>

#include "compute/kernels/one_weight.h"

#define ISA_TABLE kn_kernels_avx2
#define ISA_NAME "avx2"

enum { LANES = 8, TILE_ROWS = 4 };

typedef __m256 vec;
typedef uint32_t words __attribute__((vector_size(32)));

static inline vec load_f32(const uint8_t *row, size_t at)
{
    return _mm256_loadu_ps((const void *)(row + at * sizeof(float)));
}

static inline __m128i load_16(const uint8_t *row, size_t at)
{
    return _mm_loadu_si128((const void *)(row + at * sizeof(uint16_t)));
}

static inline vec load_bf16(const uint8_t *row, size_t at)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_16(row, at)), 16));
}

static inline vec load_f16(const uint8_t *row, size_t at)
{
    return _mm256_cvtph_ps(load_16(row, at));
}

static inline __m128i load_bytes(const uint8_t *at)
{
    return _mm_loadl_epi64((const void *)at);
}

static inline vec load_int8(const uint8_t *row, size_t at)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load_bytes(row + at)));
}

/* The permutation looks at the low three bits of an index, the fourth chooses one of two. */
static inline vec look_up(__m256i index)
{
    vec first = _mm256_permutevar8x32_ps(_mm256_loadu_ps(kn_nf4_values), index);
    vec second = _mm256_permutevar8x32_ps(_mm256_loadu_ps(kn_nf4_values + LANES), index);

    return _mm256_blendv_ps(first, second, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}

static inline vec look_up_low(const uint8_t *at)
{
    return look_up(_mm256_cvtepu8_epi32(load_bytes(at)));
}

static inline vec look_up_high(const uint8_t *at)
{
    return look_up(_mm256_srli_epi32(_mm256_cvtepu8_epi32(load_bytes(at)), 4));
}

static inline float add_up(vec value)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));

    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

#include "compute/kernels/products.inc"
