/* Vectors of 16 bytes: NEON as every processor of AArch64 has it; elsewhere this file is empty. */
#include <stdint.h>
#include <string.h>

#include "compute/kernels/one_weight.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define ISA_TABLE kn_kernels_neon
#define ISA_NAME "neon"

enum { LANES = 4, TILE_ROWS = 4 };

typedef float32x4_t vec;
typedef uint32_t words __attribute__((vector_size(16)));

static inline vec load_f32(const uint8_t *row, size_t at)
{
    return vreinterpretq_f32_u8(vld1q_u8(row + at * sizeof(float)));
}

static inline uint16x4_t load_16(const uint8_t *row, size_t at)
{
    return vreinterpret_u16_u8(vld1_u8(row + at * sizeof(uint16_t)));
}

static inline vec load_bf16(const uint8_t *row, size_t at)
{
    return vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(load_16(row, at)), 16));
}

static inline vec load_f16(const uint8_t *row, size_t at)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(load_16(row, at)));
}

/* Four bytes as the low ones of eight. */
static inline uint8x8_t load_bytes(const uint8_t *at)
{
    uint32_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return vreinterpret_u8_u32(vdup_n_u32(bytes));
}

static inline vec load_int8(const uint8_t *row, size_t at)
{
    int16x8_t wide = vmovl_s8(vreinterpret_s8_u8(load_bytes(row + at)));

    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
}

/* The table is 64 bytes: of value i those from 4 i on. */
static inline vec look_up(uint32x4_t index)
{
    const uint8_t *values = (const uint8_t *)kn_nf4_values;
    const uint8x16x4_t table = { { vld1q_u8(values), vld1q_u8(values + 16), vld1q_u8(values + 32),
                                   vld1q_u8(values + 48) } };
    uint32x4_t bytes = vmlaq_n_u32(vdupq_n_u32(0x03020100), index, 0x04040404);

    return vreinterpretq_f32_u8(vqtbl4q_u8(table, vreinterpretq_u8_u32(bytes)));
}

static inline uint32x4_t to_words(uint8x8_t bytes)
{
    return vmovl_u16(vget_low_u16(vmovl_u8(bytes)));
}

static inline vec look_up_low(const uint8_t *at)
{
    return look_up(to_words(vand_u8(load_bytes(at), vdup_n_u8(15))));
}

static inline vec look_up_high(const uint8_t *at)
{
    return look_up(to_words(vshr_n_u8(load_bytes(at), 4)));
}

static inline float add_up(vec value)
{
    return vaddvq_f32(value);
}

#include "compute/kernels/products.inc"

#endif
