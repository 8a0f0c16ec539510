/*
 * relay — messages of circuit relay v2: reaching a peer that nobody can dial, through one that all
 * can.
 *
 * "hop" is spoken with the relay, to reserve a place there or to be connected through it; "stop" is
 * what a relay opens to a peer with a reservation. One message alone, without the length that
 * stands in front of it on the stream. A voucher is carried, not checked.
 * spec: libp2p relay/circuit-v2.
 */
#ifndef KN_RELAY_H
#define KN_RELAY_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/codec/peer_id.h"
#include "network/proto/field_list.h"

enum {
    KN_RELAY_MESSAGE_MAX = 4096, /* bytes of a message, read or written */
    KN_RELAY_ADDRS_MAX = 32,     /* of a peer or a reservation; more are left out */
};

enum kn_hop_type { KN_HOP_RESERVE, KN_HOP_CONNECT, KN_HOP_STATUS };
enum kn_stop_type { KN_STOP_CONNECT, KN_STOP_STATUS };

enum kn_relay_status {
    KN_RELAY_OK = 100,
    KN_RELAY_RESERVATION_REFUSED = 200,
    KN_RELAY_RESOURCE_LIMIT_EXCEEDED = 201,
    KN_RELAY_PERMISSION_DENIED = 202,
    KN_RELAY_CONNECTION_FAILED = 203,
    KN_RELAY_NO_RESERVATION = 204,
    KN_RELAY_MALFORMED_MESSAGE = 400,
    KN_RELAY_UNEXPECTED_MESSAGE = 401,
};

/* "reservation refused", or "unknown status". Static. */
const char *kn_relay_status_brief(uint32_t status);

struct kn_relay_peer {
    bool is_there;
    struct kn_peer_id id;
    struct kn_field_list addrs; /* binary, not looked into */
};

/* What a connection through the relay may take; 0: as much as it likes. */
struct kn_relay_limit {
    bool is_there;
    uint32_t duration_s;
    uint64_t bytes; /* in each direction */
};

struct kn_relay_reservation {
    bool is_there;
    uint64_t expires;           /* Unix seconds */
    struct kn_field_list addrs; /* of the relay; may be empty: then the one that was dialed */
    struct kn_span voucher;
};

struct kn_hop {
    enum kn_hop_type type;
    struct kn_relay_peer peer;
    struct kn_relay_reservation reservation;
    struct kn_relay_limit limit;
    uint32_t status; /* enum kn_relay_status or another number; 0: none */
};

struct kn_stop {
    enum kn_stop_type type;
    struct kn_relay_peer peer; /* a hint: the handshake proves who it is */
    struct kn_relay_limit limit;
    uint32_t status;
};

/* KN_E_SYNTAX: no protobuf. KN_E_LIMIT. KN_E_INVALID: no type, an unknown one, a peer id that is
 * none, a CONNECT without a peer, a STATUS without a status. */
KN_MUST_USE enum kn_code kn_hop_decode(struct kn_span bytes, struct kn_hop *out);
KN_MUST_USE enum kn_code kn_stop_decode(struct kn_span bytes, struct kn_stop *out);

void kn_hop_reserve_encode(struct kn_buffer *out);
void kn_hop_connect_encode(const struct kn_peer_id *peer, struct kn_buffer *out);
void kn_stop_status_encode(enum kn_relay_status status, struct kn_buffer *out);

/* The relay's side. Without an answer to a reservation `granted` is NULL; `limit` may be NULL. */
struct kn_relay_grant {
    uint64_t expires;
    const struct kn_span *addrs;
    size_t addr_count;
};
void kn_hop_status_encode(enum kn_relay_status status, const struct kn_relay_grant *granted,
                          const struct kn_relay_limit *limit, struct kn_buffer *out);
void kn_stop_connect_encode(const struct kn_peer_id *caller, const struct kn_relay_limit *limit,
                            struct kn_buffer *out);

#endif
