/*
 * multiaddr_bytes — libp2p addresses as they travel, and both ways to their text.
 *
 * The binary form is a row of protocol codes with their values. Text that this module reads is
 * whatever go-multiaddr reads of the protocols in its table (wider than multiaddr.h, which takes
 * only what a node here can dial or listen on).
 * spec: multiformats/multiaddr, protocols.csv.
 */
#ifndef KN_CODEC_MULTIADDR_BYTES_H
#define KN_CODEC_MULTIADDR_BYTES_H

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/codec/peer_id.h"

enum {
    KN_MULTIADDR_BYTES_MAX = 512,
    KN_MULTIADDR_LONG_TEXT_MAX = 8 * KN_MULTIADDR_BYTES_MAX, /* any text of that many bytes */
    KN_PROTO_IP4 = 4,
    KN_PROTO_TCP = 6,
    KN_PROTO_IP6 = 41,
    KN_PROTO_IP6ZONE = 42,
    KN_PROTO_DNS = 53,
    KN_PROTO_DNS4 = 54,
    KN_PROTO_DNS6 = 55,
    KN_PROTO_DNSADDR = 56,
    KN_PROTO_P2P_CIRCUIT = 290,
    KN_PROTO_P2P = 421,
};

/*
 * Append the binary form. KN_E_SYNTAX, KN_E_LIMIT, KN_E_RANGE (a port), KN_E_UNSUPPORTED (a
 * protocol not in the table). After a failure `out` is as before, but when memory ran out.
 */
KN_MUST_USE enum kn_code kn_multiaddr_to_bytes(struct kn_span text, struct kn_buffer *out,
                                               struct kn_error *err);

/*
 * Append the text form; peer ids in base58. KN_E_TRUNCATED, KN_E_SYNTAX, KN_E_LIMIT, and
 * KN_E_UNSUPPORTED for an unknown code: that one address cannot be read, its neighbours can.
 * An empty name, which go-multiaddr allows, gives a text that does not read back.
 */
KN_MUST_USE enum kn_code kn_multiaddr_to_text(struct kn_span bytes, struct kn_text *out);

/* One protocol with its value. */
struct kn_multiaddr_part {
    uint32_t code;
    struct kn_span value; /* without the length in front of it */
};

/* The next part of `*rest`, which moves on. False at the end; a broken address sets *failed. */
bool kn_multiaddr_next(struct kn_span *rest, struct kn_multiaddr_part *out, bool *failed);

/*
 * What dialing needs to know. `transport` is the address without the peer id at its end;
 * `peer`, when has_peer, is that id.
 */
struct kn_multiaddr_route {
    struct kn_span transport;
    bool has_peer;
    struct kn_peer_id peer;
    bool is_relayed;      /* passes through /p2p-circuit: */
    struct kn_span relay; /* the relay's own transport, may be empty */
    bool has_relay_peer;
    struct kn_peer_id relay_peer;
    bool is_tcp;   /* IP or name, then TCP and nothing more: what we can dial */
    uint32_t host; /* KN_PROTO_IP4 … KN_PROTO_DNSADDR; of the relay when is_relayed */
    struct kn_span host_value;
    uint16_t port;
};

KN_MUST_USE enum kn_code kn_multiaddr_route(struct kn_span bytes, struct kn_multiaddr_route *out);

/*
 * Where an address leads, as go-multiaddr's net/private.go sorts them; what it calls neither
 * private nor public is private here. Names count as public but for the reserved ones (".local"
 * and the like), and those of ".localhost" are loopback. An address without a host, or a broken
 * one, is private.
 */
enum kn_scope { KN_SCOPE_LOOPBACK, KN_SCOPE_PRIVATE, KN_SCOPE_PUBLIC };
enum kn_scope kn_multiaddr_scope(struct kn_span bytes);

#endif
