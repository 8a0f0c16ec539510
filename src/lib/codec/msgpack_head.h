/*
 * msgpack_head — the first bytes of MessagePack's items. For msgpack.c and msgpack_write.c.
 * spec: msgpack/spec.md, "Formats".
 */
#ifndef KN_CODEC_MSGPACK_HEAD_H
#define KN_CODEC_MSGPACK_HEAD_H

/* The first byte of an item, where it does not hold the value or the length too. */
enum head {
    HEAD_NIL = 0xc0,
    HEAD_FALSE = 0xc2,
    HEAD_TRUE = 0xc3,
    HEAD_BIN8 = 0xc4, /* and of 16 and 32 bits; so with all that end in 8 */
    HEAD_BIN32 = 0xc6,
    HEAD_EXT8 = 0xc7,
    HEAD_EXT32 = 0xc9,
    HEAD_FLOAT32 = 0xca,
    HEAD_FLOAT64 = 0xcb,
    HEAD_UINT8 = 0xcc,
    HEAD_UINT64 = 0xcf,
    HEAD_INT8 = 0xd0,
    HEAD_INT64 = 0xd3,
    HEAD_FIXEXT1 = 0xd4, /* 2, 4, 8, 16 */
    HEAD_FIXEXT16 = 0xd8,
    HEAD_TEXT8 = 0xd9,
    HEAD_TEXT32 = 0xdb,
    HEAD_ARRAY16 = 0xdc,
    HEAD_ARRAY32 = 0xdd,
    HEAD_MAP16 = 0xde,
    HEAD_MAP32 = 0xdf,
};

/* The same where it does: the value or length is in the bits that are zero here. */
enum { FIX_MAP = 0x80, FIX_ARRAY = 0x90, FIX_TEXT = 0xa0, FIX_NEGATIVE = 0xe0 };

enum { FIX_COUNT_MAX = 0x0f, FIX_TEXT_MAX = 0x1f, FIX_INT_MIN = -32, FIX_INT_MAX = 0x7f };

#endif
