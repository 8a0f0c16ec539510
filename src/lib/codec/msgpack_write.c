#include "lib/codec/msgpack.h"

#include "lib/codec/msgpack_head.h"

static void write_head(struct kn_buffer *out, unsigned head)
{
    kn_buffer_add_byte(out, (uint8_t)head);
}

void kn_msgpack_write_nil(struct kn_buffer *out)
{
    write_head(out, HEAD_NIL);
}

void kn_msgpack_write_bool(struct kn_buffer *out, bool value)
{
    write_head(out, value ? HEAD_TRUE : HEAD_FALSE);
}

/* `head` is for 8 bits, the ones after it for 16, 32 and 64. */
static void write_sized(struct kn_buffer *out, unsigned head, uint64_t number)
{
    if (number <= UINT8_MAX) {
        write_head(out, head);
        kn_buffer_add_byte(out, (uint8_t)number);
    } else if (number <= UINT16_MAX) {
        write_head(out, head + 1);
        kn_write_be16(out, (uint16_t)number);
    } else if (number <= UINT32_MAX) {
        write_head(out, head + 2);
        kn_write_be32(out, (uint32_t)number);
    } else {
        write_head(out, head + 3);
        kn_write_be64(out, number);
    }
}

void kn_msgpack_write_uint(struct kn_buffer *out, uint64_t value)
{
    if (value <= FIX_INT_MAX)
        write_head(out, (unsigned)value);
    else
        write_sized(out, HEAD_UINT8, value);
}

void kn_msgpack_write_int(struct kn_buffer *out, int64_t value)
{
    if (value >= 0) {
        kn_msgpack_write_uint(out, (uint64_t)value);
    } else if (value >= FIX_INT_MIN) {
        write_head(out, (uint8_t)value);
    } else if (value >= INT8_MIN) {
        write_head(out, HEAD_INT8);
        kn_buffer_add_byte(out, (uint8_t)value);
    } else if (value >= INT16_MIN) {
        write_head(out, HEAD_INT8 + 1);
        kn_write_be16(out, (uint16_t)value);
    } else if (value >= INT32_MIN) {
        write_head(out, HEAD_INT8 + 2);
        kn_write_be32(out, (uint32_t)value);
    } else {
        write_head(out, HEAD_INT64);
        kn_write_be64(out, (uint64_t)value);
    }
}

void kn_msgpack_write_float(struct kn_buffer *out, double value)
{
    write_head(out, HEAD_FLOAT64);
    kn_write_be_double(out, value);
}

/* A length of more than 32 bits has no spelling. */
static bool can_hold(struct kn_buffer *out, size_t n)
{
    if (n > UINT32_MAX)
        kn_buffer_fail(out);
    return n <= UINT32_MAX;
}

void kn_msgpack_write_text(struct kn_buffer *out, struct kn_span text)
{
    if (!can_hold(out, text.n))
        return;
    if (text.n <= FIX_TEXT_MAX)
        write_head(out, FIX_TEXT | (unsigned)text.n);
    else
        write_sized(out, HEAD_TEXT8, text.n);
    kn_buffer_add_span(out, text);
}

void kn_msgpack_write_bin(struct kn_buffer *out, struct kn_span bytes)
{
    if (!can_hold(out, bytes.n))
        return;
    write_sized(out, HEAD_BIN8, bytes.n);
    kn_buffer_add_span(out, bytes);
}

static void write_count(struct kn_buffer *out, unsigned fix, unsigned head16, uint32_t count)
{
    if (count <= FIX_COUNT_MAX) {
        write_head(out, fix | count);
    } else if (count <= UINT16_MAX) {
        write_head(out, head16);
        kn_write_be16(out, (uint16_t)count);
    } else {
        write_head(out, head16 + 1);
        kn_write_be32(out, count);
    }
}

void kn_msgpack_write_array(struct kn_buffer *out, uint32_t count)
{
    write_count(out, FIX_ARRAY, HEAD_ARRAY16, count);
}

void kn_msgpack_write_map(struct kn_buffer *out, uint32_t count)
{
    write_count(out, FIX_MAP, HEAD_MAP16, count);
}

void kn_msgpack_write_ext(struct kn_buffer *out, uint8_t code, struct kn_span payload)
{
    static const struct {
        size_t n;
        enum head head;
    } fixed[] = { { 1, 0xd4 }, { 2, 0xd5 }, { 4, 0xd6 }, { 8, 0xd7 }, { 16, 0xd8 } };
    size_t i = 0;

    if (!can_hold(out, payload.n))
        return;
    while (i < KN_COUNT(fixed) && fixed[i].n != payload.n)
        i++;
    if (i < KN_COUNT(fixed))
        write_head(out, fixed[i].head);
    else
        write_sized(out, HEAD_EXT8, payload.n);
    kn_buffer_add_byte(out, code);
    kn_buffer_add_span(out, payload);
}
