#include "network/petals/rpc_info.h"

#include <stdio.h>

#include "lib/codec/msgpack.h"

enum {
    DESCRIPTOR = 0x51,    /* code of hivemind's BatchTensorDescriptor */
    SCHEMA_LENGTH = 2048, /* tokens; spec: petals/server/server.py; nobody obeys it */
};

static void write_key(struct kn_buffer *out, const char *key)
{
    kn_msgpack_write_text(out, kn_span_text(key));
}

/* Takes what `payload` holds and releases it. */
static void write_ext(struct kn_buffer *out, uint8_t code, struct kn_buffer *payload)
{
    if (payload->failed)
        kn_buffer_fail(out);
    else
        kn_msgpack_write_ext(out, code, kn_buffer_get(payload));
    kn_buffer_done(payload);
}

/* The first dimension is the batch, of any size; `hidden` 0: there is no other. */
static void write_size(struct kn_buffer *out, uint32_t hidden)
{
    struct kn_buffer size = { 0 };

    kn_msgpack_write_array(&size, hidden > 0 ? 4 : 1);
    kn_msgpack_write_nil(&size);
    if (hidden > 0) {
        kn_msgpack_write_int(&size, 1);
        kn_msgpack_write_int(&size, SCHEMA_LENGTH);
        kn_msgpack_write_int(&size, hidden);
    }
    write_ext(out, KN_MSGPACK_TUPLE, &size);
}

static void write_tensor(struct kn_buffer *out, uint32_t hidden, enum kn_tensor_dtype dtype,
                         enum kn_tensor_compression compression)
{
    struct kn_buffer map = { 0 };
    char word[32];

    (void)snprintf(word, sizeof(word), "torch.%s", kn_tensor_dtype_word(dtype));
    kn_msgpack_write_map(&map, 8);
    write_key(&map, "size");
    write_size(&map, hidden);
    write_key(&map, "dtype");
    kn_msgpack_write_text(&map, kn_span_text(word));
    write_key(&map, "layout");
    kn_msgpack_write_text(&map, kn_span_text("torch.strided"));
    write_key(&map, "requires_grad");
    kn_msgpack_write_bool(&map, false);
    write_key(&map, "pin_memory");
    kn_msgpack_write_bool(&map, false);
    write_key(&map, "compression");
    kn_msgpack_write_int(&map, (int64_t)compression);
    write_key(&map, "device_type");
    kn_msgpack_write_nil(&map);
    write_key(&map, "device_index");
    kn_msgpack_write_nil(&map);
    write_ext(out, DESCRIPTOR, &map);
}

static void write_hidden(struct kn_buffer *out, const struct kn_rpc_info *info)
{
    write_tensor(out, info->hidden, info->dtype, info->compression);
}

/* The tuple of the tensors, and no arguments by name. */
static void write_arguments(struct kn_buffer *out, struct kn_buffer *tensors)
{
    struct kn_buffer both = { 0 };

    kn_msgpack_write_array(&both, 2);
    write_ext(&both, KN_MSGPACK_TUPLE, tensors);
    kn_msgpack_write_map(&both, 0);
    write_ext(out, KN_MSGPACK_TUPLE, &both);
}

static void write_schema(struct kn_buffer *out, const struct kn_rpc_info *info)
{
    struct kn_buffer forward = { 0 }, outputs = { 0 }, names = { 0 }, inference = { 0 };

    write_key(out, "forward_schema");
    kn_msgpack_write_array(&forward, 1);
    write_hidden(&forward, info);
    write_arguments(out, &forward);
    write_key(out, "outputs_schema");
    kn_msgpack_write_array(&outputs, 1);
    write_hidden(&outputs, info);
    write_ext(out, KN_MSGPACK_TUPLE, &outputs);
    write_key(out, "keyword_names");
    kn_msgpack_write_array(&names, 0);
    write_ext(out, KN_MSGPACK_TUPLE, &names);
    write_key(out, "inference_schema");
    kn_msgpack_write_array(&inference, 3);
    write_hidden(&inference, info);
    write_tensor(&inference, 0, info->dtype, KN_TENSOR_NONE);
    write_tensor(&inference, 0, KN_TENSOR_I64, KN_TENSOR_NONE);
    write_arguments(out, &inference);
}

void kn_rpc_info_encode(const struct kn_rpc_info *info, struct kn_buffer *out)
{
    kn_msgpack_write_map(out, info->has_schema ? 7 : 3);
    write_key(out, "version");
    kn_msgpack_write_text(out, kn_span_text(info->version));
    write_key(out, "dht_client_mode");
    kn_msgpack_write_bool(out, info->is_dht_client);
    write_key(out, "cache_tokens_available");
    kn_msgpack_write_int(out, info->cache_tokens);
    if (info->has_schema)
        write_schema(out, info);
}
