/*
 * span — a view of bytes that somebody else owns.
 */
#ifndef KN_BASE_SPAN_H
#define KN_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct kn_span {
    const uint8_t *at; /* may be NULL when n is 0 */
    size_t n;
};

static inline struct kn_span kn_span(const void *at, size_t n)
{
    return (struct kn_span){ at, n };
}

/* The characters of a text, without its NUL. */
static inline struct kn_span kn_span_text(const char *text)
{
    return (struct kn_span){ (const uint8_t *)text, strlen(text) };
}

static inline bool kn_span_equal(struct kn_span a, struct kn_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

#endif
