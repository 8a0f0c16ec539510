/*
 * little_endian — numbers as bytes, lowest first. Private to this folder.
 */
#ifndef KN_PETALS_LITTLE_ENDIAN_H
#define KN_PETALS_LITTLE_ENDIAN_H

#include <stdint.h>

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
