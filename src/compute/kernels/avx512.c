/* Vectors of 64 bytes: AVX-512 with F, BW, DQ and VL. */
#include <immintrin.h>
#include <stdint.h>

#include "compute/kernels/one_weight.h"

#define ISA_TABLE kn_kernels_avx512
#define ISA_NAME "avx512"

enum { LANES = 16, TILE_ROWS = 8 };

typedef __m512 vec;
typedef uint32_t words __attribute__((vector_size(64)));

static inline vec load_f32(const uint8_t *row, size_t at)
{
    return _mm512_loadu_ps(row + at * sizeof(float));
}

static inline __m256i load_16(const uint8_t *row, size_t at)
{
    return _mm256_loadu_si256((const void *)(row + at * sizeof(uint16_t)));
}

static inline vec load_bf16(const uint8_t *row, size_t at)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_16(row, at)), 16));
}

static inline vec load_f16(const uint8_t *row, size_t at)
{
    return _mm512_cvtph_ps(load_16(row, at));
}

static inline __m128i load_bytes(const uint8_t *at)
{
    return _mm_loadu_si128((const void *)at);
}

static inline vec load_int8(const uint8_t *row, size_t at)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load_bytes(row + at)));
}

/* The permutation looks at the low four bits of an index alone. */
static inline vec look_up_low(const uint8_t *at)
{
    return _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(load_bytes(at)),
                                 _mm512_loadu_ps(kn_nf4_values));
}

static inline vec look_up_high(const uint8_t *at)
{
    return _mm512_permutexvar_ps(_mm512_srli_epi32(_mm512_cvtepu8_epi32(load_bytes(at)), 4),
                                 _mm512_loadu_ps(kn_nf4_values));
}

static inline float add_up(vec value)
{
    return _mm512_reduce_add_ps(value);
}

#include "compute/kernels/products.inc"
