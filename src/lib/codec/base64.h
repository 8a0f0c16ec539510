/*
 * base64 — bytes as 64 characters, always padded.
 *
 * Only the one text that an encoder gives is read: no line ends, nothing behind the padding, no
 * bits left over.
 * spec: RFC 4648 §4, §3.5.
 */
#ifndef KN_CODEC_BASE64_H
#define KN_CODEC_BASE64_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"

/*
 * Read `text` into at most `room` bytes. KN_E_SYNTAX: not base64; KN_E_LIMIT: more bytes than
 * that. `out` and `*out_n` are of use on success only.
 */
KN_MUST_USE enum kn_code kn_base64_decode(struct kn_span text, uint8_t *out, size_t room,
                                          size_t *out_n);

#endif
