/* Where an address leads: what dialing needs to know of it, and how far it reaches. */
#include "lib/codec/host.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/codec/multiaddr_protocol.h"

/* Of a row of parts. */
struct row {
    struct kn_span bytes;
    size_t count, circuits;
    size_t last;                           /* where the last part begins */
    size_t circuit;                        /* where the last circuit begins */
    size_t circuit_n;                      /* and how long it is */
    struct kn_multiaddr_part part[2], end; /* the first two, the last */
};

static enum kn_code read_row(struct kn_span bytes, struct row *out)
{
    struct kn_reader reader = kn_reader_of(bytes);

    *out = (struct row){ .bytes = bytes };
    while (kn_reader_left(&reader) > 0) {
        const struct kn_multiaddr_protocol *protocol;
        size_t start = bytes.n - kn_reader_left(&reader);
        enum kn_code rc = kn_multiaddr_read_part(&reader, &out->end, &protocol);

        if (rc != KN_OK)
            return rc;
        if (out->count < KN_COUNT(out->part))
            out->part[out->count] = out->end;
        out->count++;
        out->last = start;
        if (out->end.code != KN_PROTO_P2P_CIRCUIT)
            continue;
        out->circuits++;
        out->circuit = start;
        out->circuit_n = bytes.n - kn_reader_left(&reader) - start;
    }
    return KN_OK;
}

/* Take the peer id off the end of an address, if one is there. */
static enum kn_code split_peer(struct kn_span bytes, struct kn_span *transport, bool *has_peer,
                               struct kn_peer_id *peer)
{
    struct row row;
    enum kn_code rc = read_row(bytes, &row);

    *transport = bytes;
    *has_peer = rc == KN_OK && row.count > 0 && row.end.code == KN_PROTO_P2P;
    if (!*has_peer)
        return rc;
    transport->n = row.last;
    return kn_peer_id_from_bytes(row.end.value.at, row.end.value.n, peer, NULL);
}

static bool is_host(uint32_t code)
{
    return code == KN_PROTO_IP4 || code == KN_PROTO_IP6 || code == KN_PROTO_DNS ||
           code == KN_PROTO_DNS4 || code == KN_PROTO_DNS6 || code == KN_PROTO_DNSADDR;
}

/* The host and the port of a transport that is one; /dnsaddr has to be looked up before. */
static enum kn_code take_transport(struct kn_span transport, struct kn_multiaddr_route *out)
{
    struct row row;
    enum kn_code rc = read_row(transport, &row);

    if (rc != KN_OK || row.count == 0 || !is_host(row.part[0].code))
        return rc;
    out->host = row.part[0].code;
    out->host_value = row.part[0].value;
    if (row.count != 2 || row.part[1].code != KN_PROTO_TCP || out->host == KN_PROTO_DNSADDR)
        return KN_OK;
    out->is_tcp = out->host_value.n > 0;
    out->port = (uint16_t)(row.part[1].value.at[0] << 8 | row.part[1].value.at[1]);
    return KN_OK;
}

enum kn_code kn_multiaddr_route(struct kn_span bytes, struct kn_multiaddr_route *out)
{
    struct kn_multiaddr_route route = { 0 };
    struct row row;
    enum kn_code rc;

    if (bytes.n == 0)
        return KN_E_SYNTAX;
    if (bytes.n > KN_MULTIADDR_BYTES_MAX)
        return KN_E_LIMIT;
    rc = split_peer(bytes, &route.transport, &route.has_peer, &route.peer);
    if (rc == KN_OK)
        rc = read_row(route.transport, &row);
    if (rc != KN_OK)
        return rc;
    route.is_relayed = row.circuits > 0;
    if (route.is_relayed)
        rc = split_peer(kn_span(bytes.at, row.circuit), &route.relay, &route.has_relay_peer,
                        &route.relay_peer);
    if (rc == KN_OK)
        rc = take_transport(route.is_relayed ? route.relay : route.transport, &route);
    if (rc != KN_OK)
        return rc;
    /* Two relays, or something behind the relay that is not the peer: nobody dials that. */
    if (row.circuits > 1 || (route.is_relayed && row.circuit + row.circuit_n != route.transport.n))
        route.is_tcp = false;
    *out = route;
    return KN_OK;
}

struct range {
    uint8_t net[KN_HOST_IP6_SIZE];
    unsigned bits;
};

/* What is not public: go-multiaddr's private and unroutable networks. */
static const struct range not_public4[] = {
    { { 0 }, 8 },
    { { 10 }, 8 },
    { { 100, 64 }, 10 },
    { { 127 }, 8 },
    { { 169, 254 }, 16 },
    { { 172, 16 }, 12 },
    { { 192, 0, 0 }, 26 },
    { { 192, 0, 2 }, 24 },
    { { 192, 88, 99 }, 24 },
    { { 192, 168 }, 16 },
    { { 198, 18 }, 15 },
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 },
    { { 224 }, 4 },
    { { 240 }, 4 },
};
static const struct range not_public6[] = {
    { { 0 }, 128 }, /* go-multiaddr forgets it, though not 0.0.0.0 */
    { { [15] = 1 }, 128 }, { { 0xfc }, 7 }, { { 0xfe, 0x80 }, 10 }, { { 0xff }, 8 },
};

static bool is_in(const uint8_t *ip, const struct range *range)
{
    size_t whole = range->bits / 8;
    unsigned rest = range->bits % 8;

    if (memcmp(ip, range->net, whole) != 0)
        return false;
    return rest == 0 || (ip[whole] ^ range->net[whole]) >> (8 - rest) == 0;
}

static bool is_in_any(const uint8_t *ip, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_in(ip, &ranges[i]))
            return true;
    }
    return false;
}

static enum kn_scope scope_of_ip4(const uint8_t *ip)
{
    if (ip[0] == 127)
        return KN_SCOPE_LOOPBACK;
    return is_in_any(ip, not_public4, KN_COUNT(not_public4)) ? KN_SCOPE_PRIVATE : KN_SCOPE_PUBLIC;
}

static enum kn_scope scope_of_ip6(const uint8_t *ip)
{
    static const struct range mapped = { { [10] = 0xff, [11] = 0xff }, 96 };
    static const struct range self = { { [15] = 1 }, 128 };

    if (is_in(ip, &mapped))
        return scope_of_ip4(ip + 12);
    if (is_in(ip, &self))
        return KN_SCOPE_LOOPBACK;
    return is_in_any(ip, not_public6, KN_COUNT(not_public6)) ? KN_SCOPE_PRIVATE : KN_SCOPE_PUBLIC;
}

/* Is this the name `domain`, or one below it? A dot at its end and capital letters do not count. */
static bool is_below(struct kn_span name, const char *domain)
{
    size_t n = strlen(domain);

    if (name.n > 0 && name.at[name.n - 1] == '.')
        name.n--;
    if (name.n < n || (name.n > n && name.at[name.n - n - 1] != '.'))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = name.at[name.n - n + i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != domain[i])
            return false;
    }
    return true;
}

/* spec: RFC 6761 §6; RFC 6762 §3; RFC 7686 §2; RFC 8375 §4 */
static enum kn_scope scope_of_name(struct kn_span name)
{
    static const char *const reserved[] = { "local", "home.arpa", "test", "invalid", "onion" };

    if (is_below(name, "localhost"))
        return KN_SCOPE_LOOPBACK;
    for (size_t i = 0; i < KN_COUNT(reserved); i++) {
        if (is_below(name, reserved[i]))
            return KN_SCOPE_PRIVATE;
    }
    return KN_SCOPE_PUBLIC;
}

enum kn_scope kn_multiaddr_scope(struct kn_span bytes)
{
    struct kn_multiaddr_part part;
    bool failed;

    while (kn_multiaddr_next(&bytes, &part, &failed)) {
        if (part.code == KN_PROTO_IP6ZONE)
            continue;
        if (part.code == KN_PROTO_IP4)
            return scope_of_ip4(part.value.at);
        if (part.code == KN_PROTO_IP6)
            return scope_of_ip6(part.value.at);
        return is_host(part.code) ? scope_of_name(part.value) : KN_SCOPE_PRIVATE;
    }
    return KN_SCOPE_PRIVATE;
}
