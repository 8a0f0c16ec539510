/*
 * base58 — bytes as letters and digits that nobody confuses: no 0, O, I and l.
 *
 * The alphabet is Bitcoin's, which libp2p uses for peer ids. There is no checksum. Works in the
 * caller's buffer; time grows with the square of the length, so the length has a limit.
 * spec: draft-msporny-base58, §3 and §4.
 */
#ifndef KN_CODEC_BASE58_H
#define KN_CODEC_BASE58_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum {
    KN_BASE58_BYTES_MAX = 128,
    KN_BASE58_TEXT_MAX = 175, /* characters of the longest text that stands for that many bytes */
};

/*
 * Write the bytes that `n` characters stand for and their count; every leading "1" is a zero byte.
 * KN_E_SYNTAX: a character that base58 has not. KN_E_LIMIT: more than KN_BASE58_TEXT_MAX
 * characters, or more bytes than `room`. After a failure `out` holds nothing of use.
 */
KN_MUST_USE enum kn_code kn_base58_decode(const char *text, size_t n, uint8_t *out, size_t room,
                                          size_t *out_n);

/*
 * Write the text of `n` bytes with a NUL behind it.
 * KN_E_LIMIT: more than KN_BASE58_BYTES_MAX bytes, or text and NUL do not fit into `room`.
 */
KN_MUST_USE enum kn_code kn_base58_encode(const uint8_t *bytes, size_t n, char *out, size_t room);

/* How many of the first `n` characters are base58, up to the first that is not. */
size_t kn_base58_span(const char *text, size_t n);

#endif
