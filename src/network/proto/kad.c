#include "network/proto/kad.h"

#include "lib/codec/multiaddr_bytes.h"

enum { TYPE = 1, KEY = 2, CLOSER = 8, CLUSTER_LEVEL = 10 };
enum { PEER_ID = 1, PEER_ADDRS = 2 };

/* Peers of Go add one to what they mean by it and nobody looks; so 1 is "none". */
enum { NO_CLUSTER_LEVEL = 1 };

enum kn_code kn_kad_decode(struct kn_span bytes, struct kn_kad_message *out)
{
    struct kn_kad_message message = { 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    uint64_t type = KN_KAD_PUT_VALUE;

    if (bytes.n > KN_KAD_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, TYPE, KN_PB_VARINT))
            type = field.value;
        else if (kn_pb_is(&field, KEY, KN_PB_BYTES))
            message.key = field.bytes;
    }
    if (reader.failed || bytes.n == 0)
        return KN_E_SYNTAX;
    if (type > KN_KAD_PING)
        return KN_E_UNSUPPORTED;
    if (message.key.n > KN_KAD_KEY_MAX)
        return KN_E_LIMIT;
    message.type = (enum kn_kad_type)type;
    message.closer = kn_field_list_of(bytes, CLOSER, KN_KAD_READ_PEERS_MAX, KN_KAD_MESSAGE_MAX);
    *out = message;
    return KN_OK;
}

static bool read_peer(struct kn_span bytes, struct kn_kad_peer *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    struct kn_span id = { NULL, 0 };

    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, PEER_ID, KN_PB_BYTES))
            id = field.bytes;
    }
    if (reader.failed || kn_peer_id_from_bytes(id.at, id.n, &out->id, NULL) != KN_OK)
        return false;
    out->addrs = kn_field_list_of(bytes, PEER_ADDRS, KN_KAD_READ_ADDRS_MAX, KN_MULTIADDR_BYTES_MAX);
    return true;
}

bool kn_kad_peer_next(struct kn_field_list *closer, struct kn_kad_peer *out)
{
    struct kn_span bytes;

    while (kn_field_list_next(closer, &bytes)) {
        if (read_peer(bytes, out))
            return true;
    }
    return false;
}

void kn_kad_find_node_encode(struct kn_span key, struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_KAD_FIND_NODE);
    kn_pb_write_bytes(out, KEY, key);
    kn_pb_write_varint(out, CLUSTER_LEVEL, NO_CLUSTER_LEVEL);
}

static void write_entry(const struct kn_kad_entry *entry, struct kn_buffer *out)
{
    size_t mark = kn_pb_begin(out, CLOSER);

    kn_pb_write_bytes(out, PEER_ID, kn_span(entry->id->bytes, entry->id->n));
    for (size_t i = 0; i < entry->addr_count && i < KN_KAD_ADDRS_MAX; i++)
        kn_pb_write_bytes(out, PEER_ADDRS, entry->addrs[i]);
    kn_pb_end(out, mark);
}

/* spec: rust-libp2p reads 16 KiB with the length in front, less than kad-dht allows */
void kn_kad_answer_encode(enum kn_kad_type type, struct kn_span key,
                          const struct kn_kad_entry *entries, size_t n, struct kn_buffer *out)
{
    enum { TAIL = 2 + KN_VARINT_MAX };
    size_t start = out->n;

    kn_pb_write_varint(out, TYPE, (uint64_t)type);
    if (key.n > 0)
        kn_pb_write_bytes(out, KEY, key);
    for (size_t i = 0; i < n && i < KN_KAD_PEERS_MAX; i++) {
        size_t before = out->n;

        write_entry(&entries[i], out);
        if (out->n - start > KN_KAD_SEND_MAX - TAIL) {
            kn_buffer_cut(out, before);
            break;
        }
    }
    kn_pb_write_varint(out, CLUSTER_LEVEL, NO_CLUSTER_LEVEL);
}

void kn_kad_ping_encode(struct kn_buffer *out)
{
    kn_pb_write_varint(out, TYPE, KN_KAD_PING);
}
