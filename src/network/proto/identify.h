/*
 * identify — what a peer tells about itself: its key, where it listens, what it speaks.
 *
 * One message, without the length that stands in front of it on the stream. A peer may send several
 * until it closes; putting them together is the caller's. Nothing in it is proven but by the key of
 * the connection.
 * spec: libp2p identify, /ipfs/id/1.0.0 and /ipfs/id/push/1.0.0.
 */
#ifndef KN_IDENTIFY_H
#define KN_IDENTIFY_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "network/proto/field_list.h"

enum {
    KN_IDENTIFY_MAX = 8192,          /* bytes of a message that is read */
    KN_IDENTIFY_MESSAGES_MAX = 10,   /* of one peer on one stream */
    KN_IDENTIFY_SEND_MAX = 2048,     /* bytes of ours: every peer reads that much */
    KN_IDENTIFY_ADDRS_MAX = 64,      /* more are left out */
    KN_IDENTIFY_PROTOCOLS_MAX = 128, /* more are left out */
    KN_IDENTIFY_NAME_MAX = 1024,     /* bytes of a protocol's name; a longer one is passed over */
    KN_IDENTIFY_TEXT_MAX = 256,      /* bytes of a version; a longer one reads as empty */
};

/* What is not there is empty. */
struct kn_identify {
    struct kn_span public_key;       /* protobuf of lib/crypto/key.h */
    struct kn_span observed;         /* our address as the peer sees it, binary */
    struct kn_span protocol_version; /* any bytes, as the next one */
    struct kn_span agent;
    struct kn_span signed_record;
    struct kn_field_list addrs; /* binary, not looked into */
    struct kn_field_list protocols;
};

/* KN_E_SYNTAX, KN_E_LIMIT. What is read points into `bytes`. */
KN_MUST_USE enum kn_code kn_identify_decode(struct kn_span bytes, struct kn_identify *out);

/* What we tell. Empty spans are left out; there is no signed record, so that peers take `addrs`. */
struct kn_identify_content {
    struct kn_span public_key, observed, protocol_version, agent;
    const struct kn_span *addrs; /* most useful first: what does not fit is left out */
    size_t addr_count;
    const struct kn_span *protocols;
    size_t protocol_count;
};

/* KN_E_LIMIT, and nothing written, when all but the addresses is above KN_IDENTIFY_SEND_MAX. */
KN_MUST_USE enum kn_code kn_identify_encode(const struct kn_identify_content *content,
                                            struct kn_buffer *out);

#endif
