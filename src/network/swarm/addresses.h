/*
 * addresses — endpoints as multiaddrs.
 */
#ifndef KN_SWARM_ADDRESSES_H
#define KN_SWARM_ADDRESSES_H

#include "lib/base/buffer.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/codec/peer_id.h"
#include "lib/io/tcp.h"

/* Append the binary multiaddr of an endpoint: /ip4/…/tcp/… */
void kn_address_of_endpoint(const struct kn_endpoint *endpoint, struct kn_buffer *out);

/* Append /p2p/ID. */
void kn_address_add_peer(const struct kn_peer_id *peer, struct kn_buffer *out);

/* Loopback, private or public; a wildcard is private. */
enum kn_scope kn_endpoint_scope(const struct kn_endpoint *endpoint);

/* The endpoint of a binary multiaddr that begins with an IP address and TCP. False: it does not. */
bool kn_address_endpoint(struct kn_span address, struct kn_endpoint *out);

#endif
