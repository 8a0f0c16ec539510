#include "network/yamux/header.h"

enum { VERSION = 0 };

static uint32_t get_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_be32(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 24);
    at[1] = (uint8_t)(number >> 16);
    at[2] = (uint8_t)(number >> 8);
    at[3] = (uint8_t)number;
}

void kn_yamux_header_encode(const struct kn_yamux_header *header, uint8_t out[KN_YAMUX_HEADER_SIZE])
{
    out[0] = VERSION;
    out[1] = (uint8_t)header->type;
    out[2] = (uint8_t)(header->flags >> 8);
    out[3] = (uint8_t)header->flags;
    put_be32(out + 4, header->id);
    put_be32(out + 8, header->length);
}

enum kn_code kn_yamux_header_decode(const uint8_t bytes[KN_YAMUX_HEADER_SIZE],
                                    struct kn_yamux_header *out)
{
    if (bytes[0] != VERSION || bytes[1] > KN_YAMUX_GO_AWAY)
        return KN_E_PROTOCOL;
    *out = (struct kn_yamux_header){
        .type = (enum kn_yamux_type)bytes[1],
        .flags = (uint16_t)(bytes[2] << 8 | bytes[3]),
        .id = get_be32(bytes + 4),
        .length = get_be32(bytes + 8),
    };
    return KN_OK;
}
