/*
 * hex — the bytes that a row of a table or of a vector file writes as hexadecimal digits.
 */
#ifndef KN_TESTS_HEX_H
#define KN_TESTS_HEX_H

#include "lib/base/buffer.h"
#include "lib/base/memory.h"
#include "support/check.h"

static inline uint8_t hex_digit(char c)
{
    CHECK("hex", (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Exactly `n` of them. */
static inline void hex_read(const char *hex, uint8_t *out, size_t n)
{
    CHECK_EQ(hex, strlen(hex), 2 * n);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
}

/* In memory of their exact size, so that the sanitizer sees a read past the end. hex_done(). */
static inline struct kn_span hex_bytes(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *bytes = kn_alloc(n > 0 ? n : 1);

    hex_read(hex, bytes, n);
    return kn_span(bytes, n);
}

static inline void hex_done(struct kn_span bytes)
{
    kn_free((void *)(uintptr_t)bytes.at);
}

/* Append them to `out`. */
static inline void hex_add(struct kn_buffer *out, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);

    kn_buffer_add_span(out, bytes);
    CHECK("memory", !out->failed);
    hex_done(bytes);
}

#define CHECK_BYTES(row, got, want) check_bytes(__FILE__, __LINE__, row, #got, got, want)

static inline void check_bytes(const char *file, int line, const char *row, const char *what,
                               struct kn_span got, struct kn_span want)
{
    if (kn_span_equal(got, want))
        return;
    (void)fprintf(stderr, "%s:%d: [%s] %s\n  is:  ", file, line, row, what);
    for (size_t i = 0; i < got.n; i++)
        (void)fprintf(stderr, "%02x", got.at[i]);
    (void)fprintf(stderr, "\n  not: ");
    for (size_t i = 0; i < want.n; i++)
        (void)fprintf(stderr, "%02x", want.at[i]);
    (void)fprintf(stderr, "\n");
    fail();
}

/* Fails unless `got` are the bytes of `hex`. */
#define CHECK_HEX(row, got, hex) check_hex(__FILE__, __LINE__, row, #got, got, hex)

static inline void check_hex(const char *file, int line, const char *row, const char *what,
                             struct kn_span got, const char *hex)
{
    struct kn_span want = hex_bytes(hex);

    check_bytes(file, line, row, what, got, want);
    hex_done(want);
}

#endif
