/*
 * multiaddr — how to reach a peer, written as a path: /ip4/203.0.113.7/tcp/4001/p2p/12D3KooW…
 *
 * Checks the text form and says what stands in it. Takes what a node here can dial or listen on:
 * a host, a transport with its port, and after it perhaps a peer id and a relay. It is stricter
 * than go-multiaddr, which also takes paths that nobody can dial ("/tcp/1", "/p2p/…" alone).
 * Nothing is looked up or allocated. One "/" at the end is ignored.
 * spec: multiformats/multiaddr, "Specification"; libp2p addressing, "Relay addresses".
 */
#ifndef KN_CODEC_MULTIADDR_H
#define KN_CODEC_MULTIADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/codec/host.h"

/* A name of KN_HOST_NAME_MAX, the longest transport, two peer ids and a relay fit. */
enum { KN_MULTIADDR_TEXT_MAX = 512 };

enum kn_multiaddr_host {
    KN_MULTIADDR_IP4,
    KN_MULTIADDR_IP6,
    KN_MULTIADDR_DNS, /* any address of the name */
    KN_MULTIADDR_DNS4,
    KN_MULTIADDR_DNS6,
    KN_MULTIADDR_DNSADDR, /* a TXT record that holds whole multiaddrs; needs no transport */
};

enum kn_multiaddr_transport {
    KN_MULTIADDR_NO_TRANSPORT, /* only after /dnsaddr */
    KN_MULTIADDR_TCP,
    KN_MULTIADDR_UDP, /* and nothing over it */
    KN_MULTIADDR_QUIC,
    KN_MULTIADDR_QUIC_V1,
    KN_MULTIADDR_TLS,
    KN_MULTIADDR_WS,
    KN_MULTIADDR_WSS, /* also as /tls/ws */
    KN_MULTIADDR_HTTP,
};

/* Bytes [at, at + n) of the text; n is 0 when the part is not there. */
struct kn_multiaddr_span {
    size_t at, n;
};

struct kn_multiaddr_facts {
    enum kn_multiaddr_host host_kind;
    enum kn_multiaddr_transport transport;
    struct kn_multiaddr_span host;
    uint8_t ip[KN_HOST_IP6_SIZE]; /* of /ip4 the first four; zeros for names */
    bool has_port;
    uint16_t port; /* 0 is allowed: any port to listen on, none to dial */
    bool is_relay; /* goes through /p2p-circuit */
    struct kn_multiaddr_span relay_id;
    bool has_peer_id; /* of the peer at the far end, not of the relay */
    struct kn_multiaddr_span peer_id;
};

/*
 * Check `text`. KN_E_LIMIT: longer than KN_MULTIADDR_TEXT_MAX; KN_E_SYNTAX: no multiaddr;
 * KN_E_RANGE: a port; KN_E_UNSUPPORTED: protocols or peer ids that are right but not for us;
 * KN_E_INVALID: the parts are right, but not in this order. `out` is written on success only.
 */
KN_MUST_USE enum kn_code kn_multiaddr_check(const char *text, struct kn_multiaddr_facts *out,
                                            struct kn_error *err);

#endif
