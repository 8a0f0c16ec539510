#include <math.h>

#include "network/dht/message_parts.h"

/* spec: hivemind/proto/dht.proto, FindRequest, FindResponse and FindResult */
enum { REQUEST_KEYS = 2, ANSWER_RESULTS = 2, PEER = 3 };
enum {
    RESULT_TYPE = 1,
    RESULT_VALUE = 2,
    RESULT_EXPIRATION = 3,
    RESULT_NODE_IDS = 4,
    RESULT_PEER_IDS = 5,
};

/* The bytes of a message from `at` on; none when that is past the end. */
static struct kn_reader reader_at(struct kn_span bytes, size_t at)
{
    if (at >= bytes.n)
        return kn_reader_of(kn_span(NULL, 0));
    return kn_reader_of(kn_span(bytes.at + at, bytes.n - at));
}

/* The next field of that number that holds bytes. */
static bool next_bytes(struct kn_reader *reader, uint32_t number, struct kn_span *out)
{
    struct kn_pb_field field;

    while (kn_pb_next(reader, &field)) {
        if (kn_pb_is(&field, number, KN_PB_BYTES)) {
            *out = field.bytes;
            return true;
        }
    }
    return false;
}

void kn_dht_find_request_encode(const struct kn_dht_node *node, const struct kn_dht_id *keys,
                                size_t n, struct kn_buffer *out)
{
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, REQUEST_KEYS, kn_span(keys[i].bytes, KN_DHT_ID_SIZE));
    kn_dht_write_node(out, PEER, node);
}

enum kn_code kn_dht_find_request_decode(struct kn_span bytes, struct kn_dht_find_request *out)
{
    struct kn_dht_find_request request = { .bytes = bytes };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, PEER, KN_PB_BYTES)) {
            rc = kn_dht_read_node(&field, &request.node);
        } else if (kn_pb_is(&field, REQUEST_KEYS, KN_PB_BYTES)) {
            if (field.bytes.n != KN_DHT_ID_SIZE)
                rc = KN_E_INVALID;
            else if (++request.key_count > KN_DHT_KEYS_MAX)
                rc = KN_E_LIMIT;
        }
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    *out = request;
    return KN_OK;
}

bool kn_dht_find_key(const struct kn_dht_find_request *request, size_t *at, struct kn_dht_id *out)
{
    struct kn_reader reader = reader_at(request->bytes, *at);
    struct kn_span key;

    if (!next_bytes(&reader, REQUEST_KEYS, &key) || kn_dht_read_id(key, out) != KN_OK) {
        *at = request->bytes.n;
        return false;
    }
    *at = request->bytes.n - kn_reader_left(&reader);
    return true;
}

void kn_dht_find_result_encode(const struct kn_dht_find_result *result,
                               const struct kn_dht_neighbour *neighbours, size_t n,
                               struct kn_buffer *out)
{
    size_t mark = kn_pb_begin(out, ANSWER_RESULTS);

    if (result->found != KN_DHT_NOT_FOUND) {
        kn_pb_write_varint(out, RESULT_TYPE, (uint64_t)result->found);
        kn_pb_write_bytes(out, RESULT_VALUE, result->value);
        kn_pb_write_double(out, RESULT_EXPIRATION, result->expiration);
    }
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, RESULT_NODE_IDS, kn_span(neighbours[i].id.bytes, KN_DHT_ID_SIZE));
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, RESULT_PEER_IDS,
                          kn_span(neighbours[i].peer.bytes, neighbours[i].peer.n));
    kn_pb_end(out, mark);
}

/* A field of bytes: its tag of one byte, its length, itself. */
static size_t field_size(size_t n)
{
    return 1 + kn_varint_size(n) + n;
}

size_t kn_dht_find_result_size(enum kn_dht_found found, size_t value_n,
                               const struct kn_dht_neighbour *neighbours, size_t n)
{
    enum { TYPE_BYTES = 2, EXPIRATION_BYTES = 9 };
    size_t size = 0;

    if (found != KN_DHT_NOT_FOUND)
        size += TYPE_BYTES + field_size(value_n) + EXPIRATION_BYTES;
    for (size_t i = 0; i < n; i++)
        size += field_size(KN_DHT_ID_SIZE) + field_size(neighbours[i].peer.n);
    return field_size(size);
}

void kn_dht_find_answer_end(const struct kn_dht_node *node, struct kn_buffer *out)
{
    kn_dht_write_node(out, PEER, node);
}

enum kn_code kn_dht_find_answer_decode(struct kn_span bytes, struct kn_dht_find_answer *out)
{
    struct kn_dht_find_answer answer = { .bytes = bytes };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, PEER, KN_PB_BYTES))
            rc = kn_dht_read_node(&field, &answer.node);
        else if (kn_pb_is(&field, ANSWER_RESULTS, KN_PB_BYTES) &&
                 ++answer.result_count > KN_DHT_KEYS_MAX)
            rc = KN_E_LIMIT;
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    *out = answer;
    return KN_OK;
}

static bool read_result(struct kn_span bytes, struct kn_dht_find_result *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    uint64_t found = KN_DHT_NOT_FOUND;
    size_t fields = 0;

    *out = (struct kn_dht_find_result){ .bytes = bytes };
    while (kn_pb_next(&reader, &field)) {
        if (++fields > KN_DHT_RESULT_FIELDS_MAX)
            return false;
        if (kn_pb_is(&field, RESULT_TYPE, KN_PB_VARINT))
            found = field.value;
        else if (kn_pb_is(&field, RESULT_VALUE, KN_PB_BYTES))
            out->value = field.bytes;
        else if (kn_pb_is(&field, RESULT_EXPIRATION, KN_PB_FIXED64))
            out->expiration = kn_pb_double(&field);
    }
    if (reader.failed || found > KN_DHT_FOUND_DICTIONARY || !isfinite(out->expiration))
        return false;
    out->found = (enum kn_dht_found)found;
    return true;
}

bool kn_dht_find_result_next(const struct kn_dht_find_answer *answer, size_t *at,
                             struct kn_dht_find_result *out, bool *failed)
{
    struct kn_reader reader = reader_at(answer->bytes, *at);
    struct kn_span bytes;

    if (!next_bytes(&reader, ANSWER_RESULTS, &bytes)) {
        *at = answer->bytes.n;
        return false;
    }
    if (!read_result(bytes, out)) {
        *at = answer->bytes.n;
        *failed = true;
        return false;
    }
    *at = answer->bytes.n - kn_reader_left(&reader);
    return true;
}

bool kn_dht_find_neighbour(const struct kn_dht_find_result *result,
                           struct kn_dht_neighbour_cursor *at, struct kn_dht_neighbour *out,
                           size_t *nonsense)
{
    struct kn_span id, peer;

    if (at->count == 0)
        at->ids = at->peers = kn_reader_of(result->bytes);
    while (at->count < KN_DHT_NEAREST_MAX && next_bytes(&at->ids, RESULT_NODE_IDS, &id) &&
           next_bytes(&at->peers, RESULT_PEER_IDS, &peer)) {
        at->count++;
        if (id.n > 0 && kn_dht_read_id(id, &out->id) == KN_OK &&
            kn_peer_id_from_bytes(peer.at, peer.n, &out->peer, NULL) == KN_OK)
            return true;
        if (nonsense != NULL)
            (*nonsense)++;
    }
    return false;
}
