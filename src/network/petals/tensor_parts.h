/*
 * tensor_parts — tensors that come and go in several messages: rpc_forward_stream.
 *
 * The first part of a tensor says what it is, the others carry bytes alone; a part that says what
 * it is begins the next tensor. Parts are kept in one piece of memory, which is bounded.
 * spec: hivemind/utils/streaming.py; hivemind/compression/serialization.py.
 */
#ifndef KN_PETALS_TENSOR_PARTS_H
#define KN_PETALS_TENSOR_PARTS_H

#include "network/petals/tensor.h"

enum { KN_TENSOR_PARTS_TENSORS_MAX = 8 };

struct kn_tensor_parts {
    size_t max;             /* bytes kept at most */
    struct kn_buffer bytes; /* of all tensors, one after the other */
    struct kn_tensor tensors[KN_TENSOR_PARTS_TENSORS_MAX];
    size_t starts[KN_TENSOR_PARTS_TENSORS_MAX]; /* where each begins in `bytes` */
    uint32_t parts;                             /* of the last one so far */
    size_t n;
};

/* Start from { .max = ... }. Codes as kn_tensor_decode(), and KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_tensor_parts_add(struct kn_tensor_parts *parts, struct kn_span message,
                                             struct kn_error *err);
/* All have come: `tensors` are whole, and compared with their shapes. They point into `parts`. */
KN_MUST_USE enum kn_code kn_tensor_parts_end(struct kn_tensor_parts *parts, struct kn_error *err);
void kn_tensor_parts_done(struct kn_tensor_parts *parts);

/* How many parts of at most `most` bytes a buffer makes; an empty one is one too. */
uint32_t kn_tensor_part_count(size_t buffer, size_t most);
/* Append the message of part `index` of a tensor whose buffer was written before. */
void kn_tensor_part_encode(const struct kn_tensor *like, struct kn_span buffer, size_t most,
                           uint32_t index, struct kn_buffer *out);

#endif
