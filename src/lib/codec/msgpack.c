#include "lib/codec/msgpack.h"

#include "lib/base/utf8.h"
#include "lib/codec/msgpack_head.h"

static uint64_t read_natural(struct kn_reader *reader, unsigned width)
{
    switch (width) {
    case 1:
        return kn_read_u8(reader);
    case 2:
        return kn_read_be16(reader);
    case 4:
        return kn_read_be32(reader);
    default:
        return kn_read_be64(reader);
    }
}

static void take_natural(struct kn_msgpack *out, uint64_t number)
{
    out->kind = number <= INT64_MAX ? KN_MSGPACK_INT : KN_MSGPACK_UINT;
    out->natural = number;
    out->integer = number <= INT64_MAX ? (int64_t)number : 0;
}

/* Two's complement of `width` bytes. */
static void take_integer(struct kn_msgpack *out, uint64_t bits, unsigned width)
{
    uint64_t sign = (uint64_t)1 << (8 * width - 1);

    out->kind = KN_MSGPACK_INT;
    if ((bits & sign) == 0)
        take_natural(out, bits);
    else
        out->integer = -(int64_t)(sign - 1 - (bits & (sign - 1))) - 1;
}

static void take_float32(struct kn_msgpack *out, uint32_t bits)
{
    float number;

    memcpy(&number, &bits, sizeof(number));
    out->kind = KN_MSGPACK_FLOAT;
    out->real = (double)number;
}

static void take_text(struct kn_reader *reader, struct kn_msgpack *out, uint64_t n)
{
    out->kind = KN_MSGPACK_TEXT;
    out->bytes = kn_read_span(reader, (size_t)n);
    if (!kn_utf8_is_valid(out->bytes.at, out->bytes.n))
        kn_reader_fail(reader);
}

static void take_bin(struct kn_reader *reader, struct kn_msgpack *out, uint64_t n)
{
    out->kind = KN_MSGPACK_BIN;
    out->bytes = kn_read_span(reader, (size_t)n);
}

static void take_ext(struct kn_reader *reader, struct kn_msgpack *out, uint64_t n)
{
    out->kind = KN_MSGPACK_EXT;
    out->ext_code = kn_read_u8(reader);
    out->bytes = kn_read_span(reader, (size_t)n);
}

/* Every member takes a byte, so a count that is a lie is told before anybody believes it. */
static void take_members(struct kn_reader *reader, struct kn_msgpack *out,
                         enum kn_msgpack_kind kind, uint64_t count)
{
    size_t each = kind == KN_MSGPACK_MAP ? 2 : 1;

    out->kind = kind;
    out->count = (uint32_t)count;
    if (count > kn_reader_left(reader) / each)
        kn_reader_fail(reader);
}

/* Heads of numbers: HEAD_FLOAT32 to HEAD_INT64. */
static void take_number(struct kn_reader *reader, unsigned head, struct kn_msgpack *out)
{
    if (head == HEAD_FLOAT32) {
        take_float32(out, kn_read_be32(reader));
    } else if (head == HEAD_FLOAT64) {
        out->kind = KN_MSGPACK_FLOAT;
        out->real = kn_read_be_double(reader);
    } else if (head <= HEAD_UINT64) {
        take_natural(out, read_natural(reader, 1u << (head - HEAD_UINT8)));
    } else {
        unsigned width = 1u << (head - HEAD_INT8);

        take_integer(out, read_natural(reader, width), width);
    }
}

/* Heads from HEAD_NIL to HEAD_MAP32. */
static void take_wide(struct kn_reader *reader, unsigned head, struct kn_msgpack *out)
{
    if (head == HEAD_NIL) {
        out->kind = KN_MSGPACK_NIL;
    } else if (head < HEAD_FALSE) { /* 0xc1 is no head at all */
        kn_reader_fail(reader);
    } else if (head <= HEAD_TRUE) {
        out->kind = KN_MSGPACK_BOOL;
        out->truth = head == HEAD_TRUE;
    } else if (head <= HEAD_BIN32) {
        take_bin(reader, out, read_natural(reader, 1u << (head - HEAD_BIN8)));
    } else if (head <= HEAD_EXT32) {
        take_ext(reader, out, read_natural(reader, 1u << (head - HEAD_EXT8)));
    } else if (head <= HEAD_INT64) {
        take_number(reader, head, out);
    } else if (head <= HEAD_FIXEXT16) {
        take_ext(reader, out, 1u << (head - HEAD_FIXEXT1));
    } else if (head <= HEAD_TEXT32) {
        take_text(reader, out, read_natural(reader, 1u << (head - HEAD_TEXT8)));
    } else if (head <= HEAD_ARRAY32) {
        take_members(reader, out, KN_MSGPACK_ARRAY,
                     read_natural(reader, 2u << (head - HEAD_ARRAY16)));
    } else {
        take_members(reader, out, KN_MSGPACK_MAP, read_natural(reader, 2u << (head - HEAD_MAP16)));
    }
}

bool kn_msgpack_next(struct kn_reader *reader, struct kn_msgpack *out)
{
    unsigned head;

    *out = (struct kn_msgpack){ 0 };
    if (reader->failed || kn_reader_left(reader) == 0)
        return false;
    head = kn_read_u8(reader);
    if (head <= FIX_INT_MAX)
        take_natural(out, head);
    else if (head < FIX_ARRAY)
        take_members(reader, out, KN_MSGPACK_MAP, head - FIX_MAP);
    else if (head < FIX_TEXT)
        take_members(reader, out, KN_MSGPACK_ARRAY, head - FIX_ARRAY);
    else if (head < HEAD_NIL)
        take_text(reader, out, head - FIX_TEXT);
    else if (head < FIX_NEGATIVE)
        take_wide(reader, head, out);
    else
        take_integer(out, head, 1);
    return !reader->failed;
}

struct kn_span kn_msgpack_skip(struct kn_reader *reader)
{
    uint64_t left[KN_MSGPACK_DEPTH_MAX + 1] = { 1 }; /* members to come, by depth */
    const uint8_t *start = reader->at;
    size_t depth = 0;

    for (;;) {
        struct kn_msgpack item;

        while (left[depth] == 0) {
            if (depth-- == 0)
                return kn_span(start, (size_t)(reader->at - start));
        }
        left[depth]--;
        if (!kn_msgpack_next(reader, &item))
            break;
        if (item.kind != KN_MSGPACK_ARRAY && item.kind != KN_MSGPACK_MAP)
            continue;
        if (depth++ == KN_MSGPACK_DEPTH_MAX)
            break;
        left[depth] = (uint64_t)item.count * (item.kind == KN_MSGPACK_MAP ? 2 : 1);
    }
    kn_reader_fail(reader);
    return (struct kn_span){ NULL, 0 };
}

struct kn_reader *kn_msgpack_enter(struct kn_reader *reader, struct kn_reader *inner,
                                   uint32_t *count)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item))
        return NULL;
    if (item.kind == KN_MSGPACK_EXT && item.ext_code == KN_MSGPACK_TUPLE) {
        *inner = kn_reader_of(item.bytes);
        reader = inner;
        if (!kn_msgpack_next(reader, &item))
            return NULL;
    }
    *count = item.count;
    return item.kind == KN_MSGPACK_ARRAY ? reader : NULL;
}
