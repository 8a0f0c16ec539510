/*
 * dnsaddr — /dnsaddr/NAME: the addresses of one peer that the TXT records of a name hold.
 *
 * Records may lead to further names, so a few names are looked up, one after another.
 * spec: multiformats/multiaddr, protocols/DNSADDR.md.
 */
#ifndef KN_SWARM_DNSADDR_H
#define KN_SWARM_DNSADDR_H

#include "lib/codec/multiaddr_bytes.h"
#include "lib/io/resolve.h"

enum {
    KN_DNSADDR_STEPS_MAX = 32, /* names that are looked up in all, as go-libp2p does */
    KN_DNSADDR_DEPTH_MAX = 4,  /* of names that lead to names */
    KN_DNSADDR_MS = 5000,      /* for one name */
    KN_DNSADDR_NAME_MAX = 253,
};

/* Is this /dnsaddr/NAME and nothing more but a peer id? */
bool kn_dnsaddr_is(const struct kn_multiaddr_route *route);

struct kn_dnsaddr;

struct kn_dnsaddr_events {
    void *arg;
    /* An address that ends in the peer's id; lent for the call. Must not cancel. */
    void (*found)(void *arg, struct kn_span address);
    /* The last event: KN_OK when something was found; else KN_E_NOT_FOUND, KN_E_TIMEOUT, KN_E_IO,
     * KN_E_NO_MEMORY. The handle is dead. */
    void (*done)(void *arg, enum kn_code code);
};

/* Look for `peer` at `name`. A failure: no event comes. KN_E_LIMIT: the name is too long. */
KN_MUST_USE enum kn_code kn_dnsaddr_start(struct kn_loop *loop, struct kn_span name,
                                          const struct kn_peer_id *peer,
                                          const struct kn_dnsaddr_events *events,
                                          struct kn_dnsaddr **out);
void kn_dnsaddr_cancel(struct kn_dnsaddr *dnsaddr);

#endif
