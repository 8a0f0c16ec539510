#include "network/swarm/addresses.h"

#include "lib/codec/writer.h"

void kn_address_of_endpoint(const struct kn_endpoint *endpoint, struct kn_buffer *out)
{
    kn_write_varint(out, endpoint->is_ip6 ? KN_PROTO_IP6 : KN_PROTO_IP4);
    kn_buffer_add(out, endpoint->ip, endpoint->is_ip6 ? 16 : 4);
    kn_write_varint(out, KN_PROTO_TCP);
    kn_write_be16(out, endpoint->port);
}

void kn_address_add_peer(const struct kn_peer_id *peer, struct kn_buffer *out)
{
    kn_write_varint(out, KN_PROTO_P2P);
    kn_write_prefixed(out, kn_span(peer->bytes, peer->n));
}

/* Written without an allocation: what cannot be told is not to become public. */
enum kn_scope kn_endpoint_scope(const struct kn_endpoint *endpoint)
{
    uint8_t bytes[1 + sizeof(endpoint->ip)] = { endpoint->is_ip6 ? KN_PROTO_IP6 : KN_PROTO_IP4 };
    size_t n = endpoint->is_ip6 ? 16 : 4;

    memcpy(bytes + 1, endpoint->ip, n);
    return kn_multiaddr_scope(kn_span(bytes, 1 + n));
}

bool kn_address_endpoint(struct kn_span address, struct kn_endpoint *out)
{
    struct kn_multiaddr_route route;

    *out = (struct kn_endpoint){ 0 };
    if (kn_multiaddr_route(address, &route) != KN_OK || !route.is_tcp || route.is_relayed ||
        (route.host != KN_PROTO_IP4 && route.host != KN_PROTO_IP6))
        return false;
    out->is_ip6 = route.host == KN_PROTO_IP6;
    memcpy(out->ip, route.host_value.at, route.host_value.n);
    out->port = route.port;
    return true;
}
