/*
 * utf8 — reading UTF-8 that may be wrong.
 */
#ifndef KN_BASE_UTF8_H
#define KN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length in bytes (1..4) of the well-formed character at `bytes`, its code point in `*out`.
 * 0 when there is none: truncated, overlong, a surrogate, beyond U+10FFFF. spec: Unicode §3.9.
 */
size_t kn_utf8_decode(const char *bytes, size_t n, uint32_t *out);

/* Are these `n` bytes well-formed characters and nothing else? Fast where they are ASCII. */
bool kn_utf8_is_valid(const void *bytes, size_t n);

/* The largest cut <= n that does not split a character of `text`, which holds a byte after n. */
size_t kn_utf8_cut(const char *text, size_t n);

/* Columns that the first `n` bytes take in a terminal: 2 for wide characters, 0 for combining. */
size_t kn_utf8_width(const char *text, size_t n);

#endif
