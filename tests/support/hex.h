/*
 * hex — bytes of tests, written as hexadecimal digits.
 */
#ifndef KN_TESTS_HEX_H
#define KN_TESTS_HEX_H

#include "lib/base/memory.h"
#include "lib/base/span.h"
#include "support/check.h"

static inline unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* In memory of their exact size, so that the sanitizer sees a read past the end. hex_done(). */
static inline struct kn_span hex_bytes(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *bytes = kn_alloc(n > 0 ? n : 1);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return kn_span(bytes, n);
}

static inline void hex_done(struct kn_span bytes)
{
    kn_free((void *)(uintptr_t)bytes.at);
}

/* Fails unless `got` are the bytes of `hex`. */
#define CHECK_HEX(row, got, hex) check_hex(__FILE__, __LINE__, row, #got, got, hex)

static inline void check_hex(const char *file, int line, const char *row, const char *what,
                             struct kn_span got, const char *hex)
{
    struct kn_span want = hex_bytes(hex);
    bool same = kn_span_equal(got, want);

    hex_done(want);
    if (same)
        return;
    (void)fprintf(stderr, "%s:%d: [%s] %s\n  is:  ", file, line, row, what);
    for (size_t i = 0; i < got.n; i++)
        (void)fprintf(stderr, "%02x", got.at[i]);
    (void)fprintf(stderr, "\n  not: %s\n", hex);
    fail();
}

#endif
