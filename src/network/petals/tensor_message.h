/*
 * tensor_message — the fields of a tensor as they stand on the wire. Private to this folder.
 *
 * A tensor in parts has all of them in its first part and only `buffer` in the others, so they are
 * read, understood and compared with the buffer in three steps.
 */
#ifndef KN_PETALS_TENSOR_MESSAGE_H
#define KN_PETALS_TENSOR_MESSAGE_H

#include "network/petals/tensor.h"

enum {
    TENSOR_BUFFER = 1,
    TENSOR_SIZE = 2,
    TENSOR_REQUIRES_GRAD = 3,
    TENSOR_DTYPE = 4,
    TENSOR_COMPRESSION = 5,
    TENSOR_CHUNKS = 6,
};

struct kn_tensor_message {
    struct kn_span buffer, dtype; /* dtype is empty in all parts but the first */
    uint32_t rank, size[KN_TENSOR_RANK_MAX];
    uint64_t compression, chunks;
    bool requires_grad;
};

KN_MUST_USE enum kn_code kn_tensor_message_read(struct kn_span bytes, struct kn_tensor_message *out,
                                                struct kn_error *err);
KN_MUST_USE enum kn_code kn_tensor_understand(const struct kn_tensor_message *message,
                                              struct kn_tensor *out, struct kn_error *err);
/* Does the whole buffer hold what the shape says? */
KN_MUST_USE enum kn_code kn_tensor_check(const struct kn_tensor *tensor, struct kn_error *err);

/* Sizes of all dimensions but the last multiplied: what MEANSTD_16BIT scales together. */
size_t kn_tensor_rows(const struct kn_tensor *tensor);
/* Bytes of the buffer when it is written. */
size_t kn_tensor_buffer_size(const struct kn_tensor *like);

/* The message around a buffer of `buffer` bytes in two halves: what stands before its bytes, and
 * what stands behind them. */
void kn_tensor_write_head(size_t buffer, struct kn_buffer *out);
void kn_tensor_write_tail(const struct kn_tensor *like, uint32_t chunks, struct kn_buffer *out);

#endif
