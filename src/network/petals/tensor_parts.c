#include "network/petals/tensor_parts.h"

#include "network/petals/tensor_message.h"

static enum kn_code begin(struct kn_tensor_parts *parts, const struct kn_tensor_message *message,
                          struct kn_error *err)
{
    enum kn_code rc;

    if (parts->n == KN_TENSOR_PARTS_TENSORS_MAX)
        return kn_fail(err, KN_E_LIMIT, "more than %d tensors", KN_TENSOR_PARTS_TENSORS_MAX);
    rc = kn_tensor_understand(message, &parts->tensors[parts->n], err);
    if (rc != KN_OK)
        return rc;
    parts->starts[parts->n++] = parts->bytes.n;
    parts->parts = 0;
    return KN_OK;
}

enum kn_code kn_tensor_parts_add(struct kn_tensor_parts *parts, struct kn_span message,
                                 struct kn_error *err)
{
    struct kn_tensor_message read;
    enum kn_code rc = kn_tensor_message_read(message, &read, err);

    if (rc == KN_OK && read.dtype.n > 0)
        rc = begin(parts, &read, err);
    else if (rc == KN_OK && parts->n == 0)
        rc = kn_fail(err, KN_E_INVALID, "the first part of a tensor does not say its type");
    if (rc != KN_OK)
        return rc;
    if (++parts->parts > KN_TENSOR_CHUNKS_MAX)
        return kn_fail(err, KN_E_LIMIT, "a tensor of more than %d parts", KN_TENSOR_CHUNKS_MAX);
    if (read.buffer.n > parts->max - parts->bytes.n)
        return kn_fail(err, KN_E_LIMIT, "tensors of more than %zu bytes", parts->max);
    kn_buffer_add_span(&parts->bytes, read.buffer);
    return parts->bytes.failed ? kn_fail_no_memory(err) : KN_OK;
}

enum kn_code kn_tensor_parts_end(struct kn_tensor_parts *parts, struct kn_error *err)
{
    struct kn_span all = kn_buffer_get(&parts->bytes);
    enum kn_code rc = KN_OK;

    for (size_t i = 0; i < parts->n && rc == KN_OK; i++) {
        struct kn_tensor *tensor = &parts->tensors[i];
        size_t end = i + 1 < parts->n ? parts->starts[i + 1] : all.n;

        tensor->buffer = kn_span(NULL, 0);
        if (end > parts->starts[i])
            tensor->buffer = kn_span(all.at + parts->starts[i], end - parts->starts[i]);
        rc = kn_tensor_check(tensor, err);
    }
    return rc;
}

void kn_tensor_parts_done(struct kn_tensor_parts *parts)
{
    kn_buffer_done(&parts->bytes);
    parts->n = 0;
}

uint32_t kn_tensor_part_count(size_t buffer, size_t most)
{
    return buffer == 0 || most == 0 ? 1 : (uint32_t)((buffer + most - 1) / most);
}

void kn_tensor_part_encode(const struct kn_tensor *like, struct kn_span buffer, size_t most,
                           uint32_t index, struct kn_buffer *out)
{
    size_t start = index * most, n = buffer.n - start < most ? buffer.n - start : most;

    kn_tensor_write_head(n, out);
    if (n > 0)
        kn_buffer_add(out, buffer.at + start, n);
    if (index == 0) /* spec: an empty tensor is one part and says that it has none */
        kn_tensor_write_tail(like, buffer.n > 0 ? kn_tensor_part_count(buffer.n, most) : 0, out);
}
