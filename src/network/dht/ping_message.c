#include <math.h>

#include "network/dht/message_parts.h"

/* spec: hivemind/proto/dht.proto, PingRequest and PingResponse */
enum { PEER = 2, REQUEST_VALIDATE = 3, ANSWER_TIME = 4, ANSWER_AVAILABLE = 5 };

void kn_dht_ping_request_encode(const struct kn_dht_ping_request *request, struct kn_buffer *out)
{
    kn_dht_write_node(out, PEER, &request->node);
    if (request->validate)
        kn_pb_write_varint(out, REQUEST_VALIDATE, 1);
}

void kn_dht_ping_answer_encode(const struct kn_dht_ping_answer *answer, struct kn_buffer *out)
{
    kn_dht_write_node(out, PEER, &answer->node);
    if (answer->dht_time > 0 || answer->dht_time < 0)
        kn_pb_write_double(out, ANSWER_TIME, answer->dht_time);
    if (answer->available)
        kn_pb_write_varint(out, ANSWER_AVAILABLE, 1);
}

enum kn_code kn_dht_ping_request_decode(struct kn_span bytes, struct kn_dht_ping_request *out)
{
    struct kn_dht_ping_request request = { 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, PEER, KN_PB_BYTES))
            rc = kn_dht_read_node(&field, &request.node);
        else if (kn_pb_is(&field, REQUEST_VALIDATE, KN_PB_VARINT))
            request.validate = field.value != 0;
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    *out = request;
    return KN_OK;
}

enum kn_code kn_dht_ping_answer_decode(struct kn_span bytes, struct kn_dht_ping_answer *out)
{
    struct kn_dht_ping_answer answer = { 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, PEER, KN_PB_BYTES))
            rc = kn_dht_read_node(&field, &answer.node);
        else if (kn_pb_is(&field, ANSWER_TIME, KN_PB_FIXED64))
            answer.dht_time = kn_pb_double(&field);
        else if (kn_pb_is(&field, ANSWER_AVAILABLE, KN_PB_VARINT))
            answer.available = field.value != 0;
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    if (!isfinite(answer.dht_time))
        return KN_E_INVALID;
    *out = answer;
    return KN_OK;
}
