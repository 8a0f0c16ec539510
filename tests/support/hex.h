/*
 * hex — the bytes that a row of a table or of a vector file writes as hexadecimal digits.
 */
#ifndef KN_TESTS_HEX_H
#define KN_TESTS_HEX_H

#include "lib/base/buffer.h"
#include "support/check.h"

static inline uint8_t hex_digit(char c)
{
    CHECK("hex", (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Append them to `out`. */
static inline void hex_add(struct kn_buffer *out, const char *hex)
{
    CHECK("hex", hex != NULL && strlen(hex) % 2 == 0);
    for (size_t i = 0; hex[i] != '\0'; i += 2)
        kn_buffer_add_byte(out, (uint8_t)(hex_digit(hex[i]) << 4 | hex_digit(hex[i + 1])));
    CHECK("memory", !out->failed);
}

/* Exactly `n` of them. */
static inline void hex_read(const char *hex, uint8_t *out, size_t n)
{
    struct kn_buffer bytes = { 0 };

    hex_add(&bytes, hex);
    CHECK_EQ(hex, bytes.n, n);
    if (n > 0)
        memcpy(out, kn_buffer_get(&bytes).at, n);
    kn_buffer_done(&bytes);
}

#define CHECK_BYTES(row, got, want) check_bytes(__FILE__, __LINE__, row, #got, got, want)

static inline void check_bytes(const char *file, int line, const char *row, const char *what,
                               struct kn_span got, struct kn_span want)
{
    size_t at = 0;

    if (kn_span_equal(got, want))
        return;
    while (at < got.n && at < want.n && got.at[at] == want.at[at])
        at++;
    (void)fprintf(stderr, "%s:%d: [%s] %s has %zu bytes, not %zu, or others from byte %zu on\n",
                  file, line, row, what, got.n, want.n, at);
    fail();
}

#endif
