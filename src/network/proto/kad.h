/*
 * kad — messages of libp2p's Kademlia: from a peer id to addresses.
 *
 * Not hivemind's DHT, which names peers only. A message alone, without the length that stands in
 * front of it on the stream. A node here asks and answers FIND_NODE and PING; the other types are
 * told apart so that it can answer them with peers, or drop them.
 * spec: libp2p kad-dht, /ipfs/kad/1.0.0.
 */
#ifndef KN_KAD_H
#define KN_KAD_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/codec/peer_id.h"
#include "network/proto/field_list.h"

enum {
    KN_KAD_MESSAGE_MAX = 64 * 1024, /* bytes of a message that is read */
    KN_KAD_SEND_MAX = 16 * 1024,    /* bytes of ours: every peer reads that much */
    KN_KAD_PEERS_MAX = 20,          /* of one answer of ours */
    KN_KAD_ADDRS_MAX = 6,           /* of one peer in it */
    KN_KAD_READ_PEERS_MAX = 64,     /* that are read; more are left out */
    KN_KAD_READ_ADDRS_MAX = 32,     /* of one peer; more are left out */
    KN_KAD_KEY_MAX = 1024,          /* bytes */
};

enum kn_kad_type {
    KN_KAD_PUT_VALUE,
    KN_KAD_GET_VALUE,
    KN_KAD_ADD_PROVIDER,
    KN_KAD_GET_PROVIDERS,
    KN_KAD_FIND_NODE,
    KN_KAD_PING,
};

struct kn_kad_message {
    enum kn_kad_type type;
    struct kn_span key;          /* of FIND_NODE a peer id, or anything; answers have none */
    struct kn_field_list closer; /* for kn_kad_peer_next() */
};

/* KN_E_SYNTAX: no protobuf, or nothing at all. KN_E_UNSUPPORTED: an unknown type. KN_E_LIMIT:
 * the message or its key. A request without a key is for the caller to refuse. */
KN_MUST_USE enum kn_code kn_kad_decode(struct kn_span bytes, struct kn_kad_message *out);

struct kn_kad_peer {
    struct kn_peer_id id;
    struct kn_field_list addrs; /* binary, not looked into; may be empty, may end in the id */
};

/* Peers whose id or form is nonsense are passed over. */
bool kn_kad_peer_next(struct kn_field_list *closer, struct kn_kad_peer *out);

/* A FIND_NODE for the peer of that id, or for a key near which to look. */
void kn_kad_find_node_encode(struct kn_span key, struct kn_buffer *out);

struct kn_kad_entry {
    const struct kn_peer_id *id;
    const struct kn_span *addrs; /* binary */
    size_t addr_count;
};

/* An answer with the first peers, as many as the limits let in. `key` is empty for FIND_NODE. */
void kn_kad_answer_encode(enum kn_kad_type type, struct kn_span key,
                          const struct kn_kad_entry *entries, size_t n, struct kn_buffer *out);

/* Both a question and its answer. */
void kn_kad_ping_encode(struct kn_buffer *out);

#endif
