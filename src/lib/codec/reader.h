/*
 * reader — a cursor over bytes from outside.
 *
 * Once a read has run past the end, the reader stays failed and every later read gives zero, so a
 * decoder reads all its fields and asks once. Nothing is copied: spans point into the input. The
 * shortest reads stand here because a decoder is made of them.
 */
#ifndef KN_CODEC_READER_H
#define KN_CODEC_READER_H

#include "lib/base/span.h"

enum { KN_VARINT_MAX = 10 }; /* bytes of the longest 64-bit varint */

struct kn_reader {
    const uint8_t *at, *end;
    bool failed;
};

struct kn_reader kn_reader_of(struct kn_span bytes);

/* Bytes not read yet. */
static inline size_t kn_reader_left(const struct kn_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Fail because what was read is wrong. Nothing is left then. */
static inline void kn_reader_fail(struct kn_reader *reader)
{
    reader->at = reader->end;
    reader->failed = true;
}

/* True when everything was read and nothing failed. */
bool kn_reader_at_end(const struct kn_reader *reader);

/* The next `n` bytes; empty after a failure. */
static inline struct kn_span kn_read_span(struct kn_reader *reader, size_t n)
{
    struct kn_span out = { NULL, 0 };

    if (reader->failed || kn_reader_left(reader) < n) {
        kn_reader_fail(reader);
        return out;
    }
    if (n == 0)
        return out;
    out = kn_span(reader->at, n);
    reader->at += n;
    return out;
}

static inline uint8_t kn_read_u8(struct kn_reader *reader)
{
    struct kn_span byte = kn_read_span(reader, 1);

    return byte.n > 0 ? byte.at[0] : 0;
}

uint16_t kn_read_be16(struct kn_reader *reader);
uint32_t kn_read_be32(struct kn_reader *reader);
uint64_t kn_read_be64(struct kn_reader *reader);
double kn_read_be_double(struct kn_reader *reader);
double kn_read_le_double(struct kn_reader *reader);

/*
 * An unsigned LEB128 number. More than 64 bits, or more than KN_VARINT_MAX bytes, fails.
 * kn_read_varint_minimal() also refuses a number that could be written shorter or has 64 bits.
 * spec: multiformats/unsigned-varint.
 */
uint64_t kn_read_varint(struct kn_reader *reader);
uint64_t kn_read_varint_minimal(struct kn_reader *reader);

#endif
