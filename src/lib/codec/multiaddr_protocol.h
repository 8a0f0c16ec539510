/*
 * multiaddr_protocol — the protocols that an address can be made of. For the multiaddr_*.c files.
 * spec: multiformats/multiaddr, protocols.csv.
 */
#ifndef KN_CODEC_MULTIADDR_PROTOCOL_H
#define KN_CODEC_MULTIADDR_PROTOCOL_H

#include "lib/codec/multiaddr_bytes.h"
#include "lib/codec/reader.h"

enum kn_multiaddr_value {
    KN_VALUE_NONE,
    KN_VALUE_IP4,
    KN_VALUE_IP6,
    KN_VALUE_PORT,
    KN_VALUE_NAME, /* these and the following have their length in front */
    KN_VALUE_ZONE,
    KN_VALUE_PATH, /* in text the rest of the address, "/" and all */
    KN_VALUE_PEER,
    KN_VALUE_HASH,
};

struct kn_multiaddr_protocol {
    const char *name;
    uint32_t code;
    enum kn_multiaddr_value value;
};

/* NULL when there is none. The name "ipfs" finds p2p. */
const struct kn_multiaddr_protocol *kn_multiaddr_protocol_named(struct kn_span name);

/*
 * The next part and its protocol; the reader is not at its end. KN_E_TRUNCATED, KN_E_SYNTAX (the
 * code or length is no varint, or not the shortest), KN_E_UNSUPPORTED: a code not in the table.
 */
KN_MUST_USE enum kn_code kn_multiaddr_read_part(struct kn_reader *reader,
                                                struct kn_multiaddr_part *out,
                                                const struct kn_multiaddr_protocol **protocol);

#endif
