/*
 * bytes — buffers filled from hexadecimal digits, and spans compared.
 */
#ifndef KN_TESTS_BYTES_H
#define KN_TESTS_BYTES_H

#include "lib/base/buffer.h"
#include "support/hex.h"

/* Append the bytes of `hex`. */
static inline void hex_add(struct kn_buffer *out, const char *hex)
{
    struct kn_span bytes;

    CHECK("hex", hex != NULL && strlen(hex) % 2 == 0);
    bytes = hex_bytes(hex);
    kn_buffer_add_span(out, bytes);
    hex_done(bytes);
    CHECK("memory", !out->failed);
}

/* Exactly `n` of them. */
static inline void hex_read(const char *hex, uint8_t *out, size_t n)
{
    struct kn_span bytes;

    CHECK("hex", hex != NULL);
    bytes = hex_bytes(hex);
    CHECK_EQ(hex, bytes.n, n);
    memcpy(out, bytes.at, n);
    hex_done(bytes);
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
