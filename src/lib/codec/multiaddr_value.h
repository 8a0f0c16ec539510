/*
 * multiaddr_value — one value of an address, as text and as bytes. For multiaddr_bytes.c.
 */
#ifndef KN_CODEC_MULTIADDR_VALUE_H
#define KN_CODEC_MULTIADDR_VALUE_H

#include "lib/codec/multiaddr_protocol.h"

/*
 * Append the bytes of a value, with their length in front where they have one. KN_E_SYNTAX,
 * KN_E_RANGE, KN_E_LIMIT or KN_E_UNSUPPORTED.
 */
KN_MUST_USE enum kn_code kn_multiaddr_value_parse(enum kn_multiaddr_value kind, struct kn_span text,
                                                  struct kn_buffer *out);

/* Append the text of a value that kn_multiaddr_read_part() gave. KN_E_SYNTAX, KN_E_UNSUPPORTED. */
KN_MUST_USE enum kn_code kn_multiaddr_value_print(enum kn_multiaddr_value kind,
                                                  struct kn_span bytes, struct kn_text *out);

#endif
