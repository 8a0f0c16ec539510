#include "network/proto/rpc_envelope.h"

#include "lib/codec/protobuf.h"

enum { CALL_ID = 1, OLD_ANSWER = 2, CALL = 3, ANSWER = 4 };
enum { CALL_PEER = 1, CALL_NAME = 2, CALL_DATA = 3 };
enum { ANSWER_DATA = 1, ANSWER_ERROR = 2 };

void kn_rpc_call_encode(const struct kn_rpc_call *call, struct kn_buffer *out)
{
    size_t mark;

    kn_pb_write_bytes(out, CALL_ID, kn_span(call->id, KN_RPC_ID_SIZE));
    mark = kn_pb_begin(out, CALL);
    kn_pb_write_bytes(out, CALL_PEER, call->peer);
    kn_pb_write_bytes(out, CALL_NAME, call->name);
    kn_pb_write_bytes(out, CALL_DATA, call->data);
    kn_pb_end(out, mark);
}

void kn_rpc_answer_encode(const struct kn_rpc_answer *answer, struct kn_buffer *out)
{
    size_t mark;

    kn_pb_write_bytes(out, CALL_ID, kn_span(answer->id, KN_RPC_ID_SIZE));
    mark = kn_pb_begin(out, ANSWER);
    kn_pb_write_bytes(out, answer->is_error ? ANSWER_ERROR : ANSWER_DATA, answer->data);
    kn_pb_end(out, mark);
}

/* An envelope: whose call, and the message inside under one of two numbers. */
static enum kn_code open_envelope(struct kn_span bytes, uint32_t number, uint32_t other,
                                  uint8_t id[KN_RPC_ID_SIZE], struct kn_span *inner)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    bool has_id = false, has_inner = false;

    if (bytes.n > KN_RPC_ENVELOPE_MAX)
        return KN_E_LIMIT;
    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, CALL_ID, KN_PB_BYTES)) {
            if (field.bytes.n != KN_RPC_ID_SIZE)
                return KN_E_INVALID;
            memcpy(id, field.bytes.at, KN_RPC_ID_SIZE);
            has_id = true;
        } else if (kn_pb_is(&field, number, KN_PB_BYTES) || kn_pb_is(&field, other, KN_PB_BYTES)) {
            *inner = field.bytes;
            has_inner = true;
        }
    }
    if (reader.failed)
        return KN_E_SYNTAX;
    return has_id && has_inner ? KN_OK : KN_E_INVALID;
}

static enum kn_code read_call(struct kn_span bytes, struct kn_rpc_call *call)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    bool has_peer = false, has_name = false, has_data = false;

    while (kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, CALL_PEER, KN_PB_BYTES)) {
            call->peer = field.bytes;
            has_peer = true;
        } else if (kn_pb_is(&field, CALL_NAME, KN_PB_BYTES)) {
            call->name = field.bytes;
            has_name = true;
        } else if (kn_pb_is(&field, CALL_DATA, KN_PB_BYTES)) {
            call->data = field.bytes;
            has_data = true;
        }
    }
    if (reader.failed)
        return KN_E_SYNTAX;
    if (!has_peer || !has_name || !has_data)
        return KN_E_INVALID;
    return call->name.n <= KN_RPC_NAME_MAX ? KN_OK : KN_E_LIMIT;
}

enum kn_code kn_rpc_call_decode(struct kn_span bytes, struct kn_rpc_call *out)
{
    struct kn_rpc_call call = { 0 };
    struct kn_span inner;
    enum kn_code rc = open_envelope(bytes, CALL, CALL, call.id, &inner);

    if (rc == KN_OK)
        rc = read_call(inner, &call);
    if (rc == KN_OK)
        *out = call;
    return rc;
}

/* The last of answer and error counts, as of every choice in protobuf. */
static enum kn_code read_answer(struct kn_span bytes, struct kn_rpc_answer *answer)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    bool has_either = false;

    while (kn_pb_next(&reader, &field)) {
        if (!kn_pb_is(&field, ANSWER_DATA, KN_PB_BYTES) &&
            !kn_pb_is(&field, ANSWER_ERROR, KN_PB_BYTES))
            continue;
        answer->is_error = field.number == ANSWER_ERROR;
        answer->data = field.bytes;
        has_either = true;
    }
    if (answer->is_error && answer->data.n > KN_RPC_ERROR_MAX)
        answer->data.n = KN_RPC_ERROR_MAX;
    if (reader.failed)
        return KN_E_SYNTAX;
    return has_either ? KN_OK : KN_E_INVALID;
}

/* Answers come under 4. Nodes of KwaaiNet up to 0.5.5 write 2, the number of another message. */
enum kn_code kn_rpc_answer_decode(struct kn_span bytes, struct kn_rpc_answer *out)
{
    struct kn_rpc_answer answer = { 0 };
    struct kn_span inner;
    enum kn_code rc = open_envelope(bytes, ANSWER, OLD_ANSWER, answer.id, &inner);

    if (rc == KN_OK)
        rc = read_answer(inner, &answer);
    if (rc == KN_OK)
        *out = answer;
    return rc;
}
