#include "network/proto/autonat.h"

#include "lib/codec/multiaddr_bytes.h"

enum { TYPE = 1, DIAL = 2, ANSWER = 3 };
enum { DIAL_PEER = 1, PEER_ID = 1, PEER_ADDRS = 2 };
enum { ANSWER_STATUS = 1, ANSWER_ADDR = 3 };

static enum kn_code read_peer(struct kn_span bytes, struct kn_autonat *out)
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
    out->has_peer = id.n > 0;
    if (out->has_peer && kn_peer_id_from_bytes(id.at, id.n, &out->peer, NULL) != KN_OK)
        return KN_E_INVALID;
    out->addrs = kn_field_list_of(bytes, PEER_ADDRS, KN_AUTONAT_ADDRS_MAX, KN_MULTIADDR_BYTES_MAX);
    return KN_OK;
}

static enum kn_code read_dial(struct kn_span bytes, struct kn_autonat *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    enum kn_code rc = KN_OK;

    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, DIAL_PEER, KN_PB_BYTES))
            rc = read_peer(field.bytes, out);
    }
    return rc == KN_OK && reader.failed ? KN_E_SYNTAX : rc;
}

static enum kn_code read_answer(struct kn_span bytes, struct kn_autonat *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, ANSWER_STATUS, KN_PB_VARINT))
            out->status = field.value < UINT32_MAX ? (uint32_t)field.value : UINT32_MAX;
        else if (kn_pb_is(&field, ANSWER_ADDR, KN_PB_BYTES))
            out->addr = field.bytes;
    }
    return reader.failed ? KN_E_SYNTAX : KN_OK;
}

enum kn_code kn_autonat_decode(struct kn_span bytes, struct kn_autonat *out)
{
    struct kn_autonat message = { .has_peer = false };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    uint64_t type = UINT64_MAX;
    bool has_dial = false, has_answer = false;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_AUTONAT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, TYPE, KN_PB_VARINT)) {
            type = field.value;
        } else if (kn_pb_is(&field, DIAL, KN_PB_BYTES)) {
            rc = read_dial(field.bytes, &message);
            has_dial = true;
        } else if (kn_pb_is(&field, ANSWER, KN_PB_BYTES)) {
            rc = read_answer(field.bytes, &message);
            has_answer = true;
        }
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    if (type > KN_AUTONAT_ANSWER || (type == KN_AUTONAT_DIAL ? !has_dial : !has_answer))
        return KN_E_INVALID;
    message.type = (enum kn_autonat_type)type;
    *out = message;
    return KN_OK;
}

void kn_autonat_dial_encode(const struct kn_peer_id *self, const struct kn_span *addrs, size_t n,
                            struct kn_buffer *out)
{
    enum { HEAD = 16 + 2 + KN_PEER_ID_MAX }; /* all but the addresses */
    size_t room = KN_AUTONAT_MESSAGE_MAX - HEAD, dial, peer;

    kn_pb_write_varint(out, TYPE, KN_AUTONAT_DIAL);
    dial = kn_pb_begin(out, DIAL);
    peer = kn_pb_begin(out, DIAL_PEER);
    kn_pb_write_bytes(out, PEER_ID, kn_span(self->bytes, self->n));
    for (size_t i = 0; i < n && i < KN_AUTONAT_ADDRS_MAX; i++) {
        size_t size = 1 + kn_varint_size(addrs[i].n) + addrs[i].n;

        if (size > room)
            continue;
        kn_pb_write_bytes(out, PEER_ADDRS, addrs[i]);
        room -= size;
    }
    kn_pb_end(out, peer);
    kn_pb_end(out, dial);
}

/* The status is written even when it is 0: its reader requires it. */
void kn_autonat_answer_encode(enum kn_autonat_status status, struct kn_span addr,
                              struct kn_buffer *out)
{
    size_t mark;

    kn_pb_write_varint(out, TYPE, KN_AUTONAT_ANSWER);
    mark = kn_pb_begin(out, ANSWER);
    kn_pb_write_varint(out, ANSWER_STATUS, (uint64_t)status);
    if (addr.n > 0)
        kn_pb_write_bytes(out, ANSWER_ADDR, addr);
    kn_pb_end(out, mark);
}
