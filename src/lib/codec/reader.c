#include "lib/codec/reader.h"

#include "lib/codec/writer.h"

/* An empty input may have no address; arithmetic with NULL is not defined, so it gets this one. */
static const uint8_t nothing[1];

struct kn_reader kn_reader_of(struct kn_span bytes)
{
    const uint8_t *at = bytes.at != NULL ? bytes.at : nothing;

    return (struct kn_reader){ .at = at, .end = at + bytes.n };
}

bool kn_reader_at_end(const struct kn_reader *reader)
{
    return !reader->failed && reader->at == reader->end;
}

/* The next `n` <= 8 bytes, the most significant first. */
static uint64_t read_big(struct kn_reader *reader, size_t n)
{
    struct kn_span bytes = kn_read_span(reader, n);
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.n; i++)
        number = number << 8 | bytes.at[i];
    return number;
}

uint16_t kn_read_be16(struct kn_reader *reader)
{
    return (uint16_t)read_big(reader, sizeof(uint16_t));
}

uint32_t kn_read_be32(struct kn_reader *reader)
{
    return (uint32_t)read_big(reader, sizeof(uint32_t));
}

uint64_t kn_read_be64(struct kn_reader *reader)
{
    return read_big(reader, sizeof(uint64_t));
}

static double double_of(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

double kn_read_be_double(struct kn_reader *reader)
{
    return double_of(kn_read_be64(reader));
}

double kn_read_le_double(struct kn_reader *reader)
{
    struct kn_span bytes = kn_read_span(reader, sizeof(uint64_t));
    uint64_t bits = 0;

    for (size_t i = bytes.n; i > 0; i--)
        bits = bits << 8 | bytes.at[i - 1];
    return double_of(bits);
}

uint64_t kn_read_varint(struct kn_reader *reader)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < KN_VARINT_MAX; i++) {
        uint8_t byte = kn_read_u8(reader);

        /* Nine bytes hold 63 bits: the tenth has one more and is the last. */
        if (reader->failed || (i == KN_VARINT_MAX - 1 && byte > 1))
            break;
        number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return number;
    }
    kn_reader_fail(reader);
    return 0;
}

uint64_t kn_read_varint_minimal(struct kn_reader *reader)
{
    const uint8_t *start = reader->at;
    uint64_t number = kn_read_varint(reader);

    if (reader->failed)
        return 0;
    if (number > INT64_MAX || (size_t)(reader->at - start) != kn_varint_size(number)) {
        kn_reader_fail(reader);
        return 0;
    }
    return number;
}
