#include "network/proto/relay.h"

#include "lib/codec/multiaddr_bytes.h"

/* spec: circuit-v2, HopMessage and StopMessage */
enum { TYPE = 1, PEER = 2 };
enum { HOP_RESERVATION = 3, HOP_LIMIT = 4, HOP_STATUS = 5 };
enum { STOP_LIMIT = 3, STOP_STATUS = 4 };
enum { PEER_ID = 1, PEER_ADDRS = 2 };
enum { RESERVATION_EXPIRES = 1, RESERVATION_ADDRS = 2, RESERVATION_VOUCHER = 3 };
enum { LIMIT_DURATION = 1, LIMIT_BYTES = 2 };

static const struct {
    enum kn_relay_status status;
    const char *brief;
} briefs[] = {
    { KN_RELAY_OK, "done" },
    { KN_RELAY_RESERVATION_REFUSED, "reservation refused" },
    { KN_RELAY_RESOURCE_LIMIT_EXCEEDED, "the relay has no room" },
    { KN_RELAY_PERMISSION_DENIED, "permission denied" },
    { KN_RELAY_CONNECTION_FAILED, "the relay could not reach the peer" },
    { KN_RELAY_NO_RESERVATION, "the peer has no reservation there" },
    { KN_RELAY_MALFORMED_MESSAGE, "malformed message" },
    { KN_RELAY_UNEXPECTED_MESSAGE, "unexpected message" },
};

const char *kn_relay_status_brief(uint32_t status)
{
    for (size_t i = 0; i < KN_COUNT(briefs); i++) {
        if ((uint32_t)briefs[i].status == status)
            return briefs[i].brief;
    }
    return "unknown status";
}

static uint32_t at_most_32_bits(uint64_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static enum kn_code read_peer(struct kn_span bytes, struct kn_relay_peer *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    struct kn_span id = { NULL, 0 };

    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, PEER_ID, KN_PB_BYTES))
            id = field.bytes;
    }
    if (reader.failed)
        return KN_E_SYNTAX;
    if (kn_peer_id_from_bytes(id.at, id.n, &out->id, NULL) != KN_OK)
        return KN_E_INVALID;
    out->addrs = kn_field_list_of(bytes, PEER_ADDRS, KN_RELAY_ADDRS_MAX, KN_MULTIADDR_BYTES_MAX);
    out->is_there = true;
    return KN_OK;
}

static enum kn_code read_limit(struct kn_span bytes, struct kn_relay_limit *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    *out = (struct kn_relay_limit){ .is_there = true };
    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, LIMIT_DURATION, KN_PB_VARINT))
            out->duration_s = at_most_32_bits(field.value);
        else if (kn_pb_is(&field, LIMIT_BYTES, KN_PB_VARINT))
            out->bytes = field.value;
    }
    return reader.failed ? KN_E_SYNTAX : KN_OK;
}

static enum kn_code read_reservation(struct kn_span bytes, struct kn_relay_reservation *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    *out = (struct kn_relay_reservation){ .is_there = true };
    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, RESERVATION_EXPIRES, KN_PB_VARINT))
            out->expires = field.value;
        else if (kn_pb_is(&field, RESERVATION_VOUCHER, KN_PB_BYTES))
            out->voucher = field.bytes;
    }
    out->addrs =
        kn_field_list_of(bytes, RESERVATION_ADDRS, KN_RELAY_ADDRS_MAX, KN_MULTIADDR_BYTES_MAX);
    return reader.failed ? KN_E_SYNTAX : KN_OK;
}

/* The type is written even when it is the first; without it a message says nothing. */
enum kn_code kn_hop_decode(struct kn_span bytes, struct kn_hop *out)
{
    struct kn_hop hop = { .status = 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    uint64_t type = UINT64_MAX;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_RELAY_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, TYPE, KN_PB_VARINT))
            type = field.value;
        else if (kn_pb_is(&field, PEER, KN_PB_BYTES))
            rc = read_peer(field.bytes, &hop.peer);
        else if (kn_pb_is(&field, HOP_RESERVATION, KN_PB_BYTES))
            rc = read_reservation(field.bytes, &hop.reservation);
        else if (kn_pb_is(&field, HOP_LIMIT, KN_PB_BYTES))
            rc = read_limit(field.bytes, &hop.limit);
        else if (kn_pb_is(&field, HOP_STATUS, KN_PB_VARINT))
            hop.status = at_most_32_bits(field.value);
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    if (type > KN_HOP_STATUS || (type == KN_HOP_CONNECT && !hop.peer.is_there) ||
        (type == KN_HOP_STATUS && hop.status == 0))
        return KN_E_INVALID;
    hop.type = (enum kn_hop_type)type;
    *out = hop;
    return KN_OK;
}

enum kn_code kn_stop_decode(struct kn_span bytes, struct kn_stop *out)
{
    struct kn_stop stop = { .status = 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    uint64_t type = UINT64_MAX;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_RELAY_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, TYPE, KN_PB_VARINT))
            type = field.value;
        else if (kn_pb_is(&field, PEER, KN_PB_BYTES))
            rc = read_peer(field.bytes, &stop.peer);
        else if (kn_pb_is(&field, STOP_LIMIT, KN_PB_BYTES))
            rc = read_limit(field.bytes, &stop.limit);
        else if (kn_pb_is(&field, STOP_STATUS, KN_PB_VARINT))
            stop.status = at_most_32_bits(field.value);
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    if (type > KN_STOP_STATUS || (type == KN_STOP_CONNECT && !stop.peer.is_there) ||
        (type == KN_STOP_STATUS && stop.status == 0))
        return KN_E_INVALID;
    stop.type = (enum kn_stop_type)type;
    *out = stop;
    return KN_OK;
}

static void write_peer(const struct kn_peer_id *peer, struct kn_buffer *out)
{
    size_t mark = kn_pb_begin(out, PEER);

    kn_pb_write_bytes(out, PEER_ID, kn_span(peer->bytes, peer->n));
    kn_pb_end(out, mark);
}

static void write_limit(uint32_t number, const struct kn_relay_limit *limit, struct kn_buffer *out)
{
    size_t mark;

    if (limit == NULL)
        return;
    mark = kn_pb_begin(out, number);
    kn_pb_write_varint(out, LIMIT_DURATION, limit->duration_s);
    kn_pb_write_varint(out, LIMIT_BYTES, limit->bytes);
    kn_pb_end(out, mark);
}

void kn_hop_reserve_encode(struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_HOP_RESERVE);
}

void kn_hop_connect_encode(const struct kn_peer_id *peer, struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_HOP_CONNECT);
    write_peer(peer, out);
}

void kn_stop_status_encode(enum kn_relay_status status, struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_STOP_STATUS);
    kn_pb_write_varint(out, STOP_STATUS, (uint64_t)status);
}

/* Addresses that would make the message too long for its reader are left out. */
static void write_grant(const struct kn_relay_grant *granted, struct kn_buffer *out)
{
    enum { TAIL = 64 }; /* the heads, the end, a limit and a status */
    size_t mark = kn_pb_begin(out, HOP_RESERVATION), room = KN_RELAY_MESSAGE_MAX - TAIL;

    kn_pb_write_varint(out, RESERVATION_EXPIRES, granted->expires);
    for (size_t i = 0; i < granted->addr_count && i < KN_RELAY_ADDRS_MAX; i++) {
        size_t size = 1 + kn_varint_size(granted->addrs[i].n) + granted->addrs[i].n;

        if (size > room)
            continue;
        kn_pb_write_bytes(out, RESERVATION_ADDRS, granted->addrs[i]);
        room -= size;
    }
    kn_pb_end(out, mark);
}

void kn_hop_status_encode(enum kn_relay_status status, const struct kn_relay_grant *granted,
                          const struct kn_relay_limit *limit, struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_HOP_STATUS);
    if (granted != NULL)
        write_grant(granted, out);
    write_limit(HOP_LIMIT, limit, out);
    kn_pb_write_varint(out, HOP_STATUS, (uint64_t)status);
}

void kn_stop_connect_encode(const struct kn_peer_id *caller, const struct kn_relay_limit *limit,
                            struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_STOP_CONNECT);
    write_peer(caller, out);
    write_limit(STOP_LIMIT, limit, out);
}
