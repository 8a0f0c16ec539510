/*
 * frame — messages with their length as a varint in front, found in a stream of bytes.
 */
#ifndef KN_CODEC_FRAME_H
#define KN_CODEC_FRAME_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"

/*
 * Look for one whole message at the start of `bytes`. `*used` is then what it takes with its
 * length. KN_E_TRUNCATED: not all there yet. KN_E_LIMIT: longer than `max`, told as soon as the
 * length is there. KN_E_PROTOCOL: the length is no varint, or not the shortest one.
 */
KN_MUST_USE enum kn_code kn_frame_next(struct kn_span bytes, size_t max, struct kn_span *out,
                                       size_t *used);

#endif
