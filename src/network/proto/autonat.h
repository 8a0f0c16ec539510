/*
 * autonat — asking another peer to dial us back, to learn whether anybody can.
 *
 * One message alone, without the length that stands in front of it on the stream; one question a
 * stream. Whoever answers must dial only the address that it sees the asker at, or it dials third
 * parties for whoever asks.
 * spec: libp2p autonat, version 1.
 */
#ifndef KN_AUTONAT_H
#define KN_AUTONAT_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/codec/peer_id.h"
#include "network/proto/field_list.h"

enum {
    KN_AUTONAT_MESSAGE_MAX = 4096, /* bytes of a message, read or written */
    KN_AUTONAT_ADDRS_MAX = 16,     /* of one question; more are left out */
};

enum kn_autonat_type { KN_AUTONAT_DIAL, KN_AUTONAT_ANSWER };

enum kn_autonat_status {
    KN_AUTONAT_OK = 0,
    KN_AUTONAT_DIAL_ERROR = 100,
    KN_AUTONAT_DIAL_REFUSED = 101,
    KN_AUTONAT_BAD_REQUEST = 200,
    KN_AUTONAT_INTERNAL_ERROR = 300,
};

struct kn_autonat {
    enum kn_autonat_type type;
    /* of a question */
    bool has_peer;
    struct kn_peer_id peer;     /* to be the asker, or to be refused */
    struct kn_field_list addrs; /* binary, not looked into */
    /* of an answer */
    uint32_t status;     /* enum kn_autonat_status or another number */
    struct kn_span addr; /* that was reached, binary; or empty */
};

/* KN_E_SYNTAX: no protobuf. KN_E_LIMIT. KN_E_INVALID: no type, an unknown one, a peer id that is
 * none, a question or an answer that is not there. */
KN_MUST_USE enum kn_code kn_autonat_decode(struct kn_span bytes, struct kn_autonat *out);

/* Addresses beyond the limits are left out. */
void kn_autonat_dial_encode(const struct kn_peer_id *self, const struct kn_span *addrs, size_t n,
                            struct kn_buffer *out);

/* `addr` is left out when it is empty. */
void kn_autonat_answer_encode(enum kn_autonat_status status, struct kn_span addr,
                              struct kn_buffer *out);

#endif
