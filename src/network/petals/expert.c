#include "network/petals/expert.h"

#include "lib/codec/protobuf.h"

enum { REQUEST_UID = 1, REQUEST_TENSORS = 2, REQUEST_METADATA = 3, ONLY_FIELD = 1 };

static enum kn_code take_field(const struct kn_pb_field *field, struct kn_expert_request *out,
                               struct kn_error *err)
{
    if (field->number < REQUEST_UID || field->number > REQUEST_METADATA)
        return KN_OK;
    if (field->wire != KN_PB_BYTES)
        return kn_fail(err, KN_E_SYNTAX, "a request has a field %u that cannot be read",
                       (unsigned)field->number);
    if (field->number == REQUEST_UID) {
        out->uid = field->bytes;
    } else if (field->number == REQUEST_METADATA) {
        out->metadata = field->bytes;
        if (field->bytes.n > KN_EXPERT_METADATA_MAX)
            return kn_fail(err, KN_E_LIMIT, "%zu bytes of metadata, more than %d", field->bytes.n,
                           KN_EXPERT_METADATA_MAX);
    } else if (out->tensor_count == KN_EXPERT_TENSORS_MAX) {
        return kn_fail(err, KN_E_LIMIT, "more than %d tensors in a request", KN_EXPERT_TENSORS_MAX);
    } else {
        out->tensors[out->tensor_count++] = field->bytes;
    }
    return KN_OK;
}

enum kn_code kn_expert_request_decode(struct kn_span bytes, struct kn_expert_request *out,
                                      struct kn_error *err)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_expert_request request = { 0 };
    struct kn_pb_field field;

    while (kn_pb_next(&reader, &field)) {
        enum kn_code rc = take_field(&field, &request, err);

        if (rc != KN_OK)
            return rc;
    }
    if (reader.failed)
        return kn_fail(err, KN_E_SYNTAX, "a request is no message of protocol buffers");
    *out = request;
    return KN_OK;
}

void kn_expert_request_encode(const struct kn_expert_request *request, struct kn_buffer *out)
{
    if (request->uid.n > 0)
        kn_pb_write_bytes(out, REQUEST_UID, request->uid);
    for (size_t i = 0; i < request->tensor_count; i++)
        kn_pb_write_bytes(out, REQUEST_TENSORS, request->tensors[i]);
    if (request->metadata.n > 0)
        kn_pb_write_bytes(out, REQUEST_METADATA, request->metadata);
}

size_t kn_expert_tensor_head_size(size_t tensor)
{
    return 1 + kn_varint_size(tensor);
}

void kn_expert_tensor_head(size_t tensor, struct kn_buffer *out)
{
    kn_buffer_add_byte(out, REQUEST_TENSORS << 3 | KN_PB_BYTES);
    kn_write_varint(out, tensor);
}

static enum kn_code read_only_field(struct kn_span bytes, struct kn_span *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_span found = { NULL, 0 };
    struct kn_pb_field field;

    while (kn_pb_next(&reader, &field)) {
        if (field.number == ONLY_FIELD && field.wire != KN_PB_BYTES)
            return KN_E_SYNTAX;
        if (field.number == ONLY_FIELD)
            found = field.bytes;
    }
    if (reader.failed)
        return KN_E_SYNTAX;
    *out = found;
    return KN_OK;
}

enum kn_code kn_expert_uid_decode(struct kn_span bytes, struct kn_span *uid)
{
    return read_only_field(bytes, uid);
}

void kn_expert_info_encode(struct kn_span info, struct kn_buffer *out)
{
    kn_pb_write_bytes(out, ONLY_FIELD, info);
}

enum kn_code kn_rpc_error_decode(struct kn_span bytes, struct kn_span *text)
{
    return read_only_field(bytes, text);
}

void kn_rpc_error_encode(struct kn_span text, struct kn_buffer *out)
{
    kn_pb_write_bytes(out, ONLY_FIELD, text);
}
