#include "lib/codec/writer.h"

#include "lib/codec/reader.h"

/* The lowest `n` bytes of a number, the most significant first. */
static void write_big(struct kn_buffer *out, uint64_t number, size_t n)
{
    uint8_t bytes[sizeof(number)];

    for (size_t i = n; i > 0; i--, number >>= 8)
        bytes[i - 1] = (uint8_t)(number & 0xff);
    kn_buffer_add(out, bytes, n);
}

void kn_write_be16(struct kn_buffer *out, uint16_t number)
{
    write_big(out, number, sizeof(number));
}

void kn_write_be32(struct kn_buffer *out, uint32_t number)
{
    write_big(out, number, sizeof(number));
}

void kn_write_be64(struct kn_buffer *out, uint64_t number)
{
    write_big(out, number, sizeof(number));
}

static uint64_t bits_of(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

void kn_write_be_double(struct kn_buffer *out, double number)
{
    kn_write_be64(out, bits_of(number));
}

void kn_write_le_double(struct kn_buffer *out, double number)
{
    uint64_t bits = bits_of(number);
    uint8_t bytes[sizeof(bits)];

    for (size_t i = 0; i < sizeof(bytes); i++, bits >>= 8)
        bytes[i] = (uint8_t)(bits & 0xff);
    kn_buffer_add(out, bytes, sizeof(bytes));
}

size_t kn_varint_size(uint64_t number)
{
    size_t n = 1;

    for (; number >= 0x80; number >>= 7)
        n++;
    return n;
}

void kn_write_varint(struct kn_buffer *out, uint64_t number)
{
    uint8_t bytes[KN_VARINT_MAX];
    size_t n = 0;

    for (; number >= 0x80; number >>= 7)
        bytes[n++] = (uint8_t)(0x80 | (number & 0x7f));
    bytes[n++] = (uint8_t)number;
    kn_buffer_add(out, bytes, n);
}

void kn_write_prefixed(struct kn_buffer *out, struct kn_span bytes)
{
    kn_write_varint(out, bytes.n);
    kn_buffer_add_span(out, bytes);
}
