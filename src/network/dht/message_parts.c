#include "network/dht/message_parts.h"

#include <string.h>

enum { NODE_ID = 1 };

/* spec: hivemind/dht/routing.py, DHTID.from_bytes: fewer bytes are a small number. */
enum kn_code kn_dht_read_id(struct kn_span bytes, struct kn_dht_id *out)
{
    if (bytes.n > KN_DHT_ID_SIZE)
        return KN_E_INVALID;
    *out = (struct kn_dht_id){ 0 };
    if (bytes.n > 0)
        memcpy(out->bytes + KN_DHT_ID_SIZE - bytes.n, bytes.at, bytes.n);
    return KN_OK;
}

enum kn_code kn_dht_read_node(const struct kn_pb_field *field, struct kn_dht_node *out)
{
    struct kn_reader reader = kn_reader_of(field->bytes);
    struct kn_pb_field inner;

    while (kn_pb_next(&reader, &inner)) {
        if (!kn_pb_is(&inner, NODE_ID, KN_PB_BYTES) || inner.bytes.n == 0)
            continue;
        if (kn_dht_read_id(inner.bytes, &out->id) != KN_OK)
            return KN_E_INVALID;
        out->has_id = true;
    }
    return reader.failed ? KN_E_SYNTAX : KN_OK;
}

void kn_dht_write_node(struct kn_buffer *out, uint32_t number, const struct kn_dht_node *node)
{
    size_t mark = kn_pb_begin(out, number);

    if (node->has_id)
        kn_pb_write_bytes(out, NODE_ID, kn_span(node->id.bytes, KN_DHT_ID_SIZE));
    kn_pb_end(out, mark);
}
