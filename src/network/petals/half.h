/*
 * half — numbers of 16 bits, and numbers of 32 as bytes, lowest first. Private to this folder.
 *
 * Both directions round to nearest, ties to even; what is no number stays none.
 * spec: IEEE 754 §3.4; bfloat16 is the upper half of a float32.
 */
#ifndef KN_PETALS_HALF_H
#define KN_PETALS_HALF_H

#include <stdint.h>
#include <string.h>

#define HALF_LARGEST 65504.0F

static inline float float_of_bits(uint32_t bits)
{
    float number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static inline uint32_t bits_of_float(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static inline float float_of_half(uint16_t half)
{
    const uint32_t exponent_all = (uint32_t)0x7c00 << 13;
    uint32_t bits = (uint32_t)(half & 0x7fff) << 13, exponent = bits & exponent_all;

    bits += (uint32_t)(127 - 15) << 23;
    if (exponent == exponent_all) /* infinite, or no number */
        bits += (uint32_t)(128 - 16) << 23;
    else if (exponent == 0) /* zero, or below the smallest normal number */
        bits = bits_of_float(float_of_bits(bits + (1u << 23)) - float_of_bits((uint32_t)113 << 23));
    return float_of_bits(bits | (uint32_t)(half & 0x8000) << 16);
}

static inline uint16_t half_of_float(float number)
{
    const uint32_t small = (uint32_t)(127 - 15 + 23 - 10 + 1) << 23;
    uint32_t bits = bits_of_float(number), sign = bits >> 16 & 0x8000;

    bits &= 0x7fffffff;
    if (bits >= (uint32_t)(127 + 16) << 23)
        return (uint16_t)(sign | (bits > (uint32_t)255 << 23 ? 0x7e00 : 0x7c00));
    if (bits < (uint32_t)(127 - 14) << 23) /* the addition rounds */
        bits = bits_of_float(float_of_bits(bits) + float_of_bits(small)) - small;
    else
        bits = (bits - ((uint32_t)(127 - 15) << 23) + 0xfff + (bits >> 13 & 1)) >> 13;
    return (uint16_t)(sign | bits);
}

static inline float float_of_brain(uint16_t brain)
{
    return float_of_bits((uint32_t)brain << 16);
}

static inline uint16_t brain_of_float(float number)
{
    uint32_t bits = bits_of_float(number);

    if ((bits & 0x7fffffff) > (uint32_t)255 << 23)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline uint16_t le16_at(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t le32_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t le64_at(const uint8_t *at)
{
    return le32_at(at) | (uint64_t)le32_at(at + 4) << 32;
}

static inline void put_le16(uint8_t *at, uint16_t number)
{
    at[0] = (uint8_t)number;
    at[1] = (uint8_t)(number >> 8);
}

static inline void put_le32(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)number;
    at[1] = (uint8_t)(number >> 8);
    at[2] = (uint8_t)(number >> 16);
    at[3] = (uint8_t)(number >> 24);
}

#endif
