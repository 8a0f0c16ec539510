#include "lib/codec/multiaddr_protocol.h"

#include "lib/codec/host.h"

static const struct kn_multiaddr_protocol protocols[] = {
    { "ip4", KN_PROTO_IP4, KN_VALUE_IP4 },
    { "tcp", KN_PROTO_TCP, KN_VALUE_PORT },
    { "ip6", KN_PROTO_IP6, KN_VALUE_IP6 },
    { "ip6zone", KN_PROTO_IP6ZONE, KN_VALUE_ZONE },
    { "dns", KN_PROTO_DNS, KN_VALUE_NAME },
    { "dns4", KN_PROTO_DNS4, KN_VALUE_NAME },
    { "dns6", KN_PROTO_DNS6, KN_VALUE_NAME },
    { "dnsaddr", KN_PROTO_DNSADDR, KN_VALUE_NAME },
    { "udp", 273, KN_VALUE_PORT },
    { "webrtc-direct", 280, KN_VALUE_NONE },
    { "p2p-circuit", KN_PROTO_P2P_CIRCUIT, KN_VALUE_NONE },
    { "unix", 400, KN_VALUE_PATH },
    { "p2p", KN_PROTO_P2P, KN_VALUE_PEER },
    { "ipfs", KN_PROTO_P2P, KN_VALUE_PEER }, /* the old name; printed by the one above */
    { "https", 443, KN_VALUE_NONE },
    { "tls", 448, KN_VALUE_NONE },
    { "sni", 449, KN_VALUE_NAME },
    { "noise", 454, KN_VALUE_NONE },
    { "quic", 460, KN_VALUE_NONE },
    { "quic-v1", 461, KN_VALUE_NONE },
    { "webtransport", 465, KN_VALUE_NONE },
    { "certhash", 466, KN_VALUE_HASH },
    { "ws", 477, KN_VALUE_NONE },
    { "wss", 478, KN_VALUE_NONE },
    { "http", 480, KN_VALUE_NONE },
};

const struct kn_multiaddr_protocol *kn_multiaddr_protocol_named(struct kn_span name)
{
    for (size_t i = 0; i < KN_COUNT(protocols); i++) {
        if (kn_span_equal(kn_span_text(protocols[i].name), name))
            return &protocols[i];
    }
    return NULL;
}

static const struct kn_multiaddr_protocol *protocol_of(uint64_t code)
{
    for (size_t i = 0; i < KN_COUNT(protocols); i++) {
        if (protocols[i].code == code)
            return &protocols[i];
    }
    return NULL;
}

/* A varint that ends too early is cut, any other that fails is wrong. */
static enum kn_code read_varint(struct kn_reader *reader, uint64_t *out)
{
    const uint8_t *at = reader->at;
    bool ends = kn_reader_left(reader) >= KN_VARINT_MAX;

    while (!ends && at < reader->end)
        ends = *at++ < 0x80;
    *out = kn_read_varint_minimal(reader);
    if (!reader->failed)
        return KN_OK;
    return ends ? KN_E_SYNTAX : KN_E_TRUNCATED;
}

static enum kn_code read_size(struct kn_reader *reader, enum kn_multiaddr_value value,
                              uint64_t *out)
{
    switch (value) {
    case KN_VALUE_NONE:
        *out = 0;
        return KN_OK;
    case KN_VALUE_IP4:
        *out = KN_HOST_IP4_SIZE;
        return KN_OK;
    case KN_VALUE_IP6:
        *out = KN_HOST_IP6_SIZE;
        return KN_OK;
    case KN_VALUE_PORT:
        *out = sizeof(uint16_t);
        return KN_OK;
    case KN_VALUE_NAME:
    case KN_VALUE_ZONE:
    case KN_VALUE_PATH:
    case KN_VALUE_PEER:
    case KN_VALUE_HASH:
        break;
    }
    return read_varint(reader, out);
}

enum kn_code kn_multiaddr_read_part(struct kn_reader *reader, struct kn_multiaddr_part *out,
                                    const struct kn_multiaddr_protocol **protocol)
{
    uint64_t code, size;
    enum kn_code rc = read_varint(reader, &code);

    if (rc != KN_OK)
        return rc;
    *protocol = protocol_of(code);
    if (*protocol == NULL)
        return KN_E_UNSUPPORTED;
    rc = read_size(reader, (*protocol)->value, &size);
    if (rc != KN_OK)
        return rc;
    if (size > kn_reader_left(reader))
        return KN_E_TRUNCATED;
    out->code = (*protocol)->code;
    out->value = kn_read_span(reader, (size_t)size);
    return KN_OK;
}
