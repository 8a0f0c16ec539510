/*
 * tensor — numbers of many dimensions as hivemind sends them.
 *
 * A message of the protocol buffers with the numbers in one buffer, compressed or not. What its
 * shape says and what its buffer holds are compared before anything is read.
 * spec: hivemind/proto/runtime.proto; hivemind/compression.
 */
#ifndef KN_PETALS_TENSOR_H
#define KN_PETALS_TENSOR_H

#include <stdbool.h>

#include "lib/base/attributes.h"
#include "lib/base/buffer.h"
#include "lib/base/error.h"
#include "lib/base/span.h"

enum {
    KN_TENSOR_RANK_MAX = 8,
    KN_TENSOR_NUMBERS_MAX = 1 << 28,
    KN_TENSOR_CHUNKS_MAX = 4096,
    KN_TENSOR_CODES_MAX = 256, /* numbers in the table of an 8-bit tensor */
};

enum kn_tensor_dtype {
    KN_TENSOR_F32,
    KN_TENSOR_F16,
    KN_TENSOR_BF16,
    KN_TENSOR_I64,
    KN_TENSOR_DTYPE_COUNT
};

/* As in the protocol. BLOCKWISE_8BIT is refused. */
enum kn_tensor_compression {
    KN_TENSOR_NONE,
    KN_TENSOR_MEANSTD_16BIT,
    KN_TENSOR_FLOAT16,
    KN_TENSOR_QUANTILE_8BIT,
    KN_TENSOR_UNIFORM_8BIT,
    KN_TENSOR_BLOCKWISE_8BIT,
    KN_TENSOR_COMPRESSION_COUNT
};

struct kn_tensor {
    enum kn_tensor_dtype dtype;
    enum kn_tensor_compression compression;
    uint32_t rank;
    uint32_t size[KN_TENSOR_RANK_MAX];
    size_t numbers; /* of them; 0: an empty tensor, as a place holder */
    bool requires_grad;
    uint32_t chunks;       /* of a tensor in parts, in its first part; else 0 or 1 */
    struct kn_span buffer; /* points into what was read */
};

/* KN_E_SYNTAX: no such message; KN_E_UNSUPPORTED: a type or compression that is not read here;
 * KN_E_LIMIT; KN_E_INVALID: shape and buffer disagree. The text of `err` is for the peer. */
KN_MUST_USE enum kn_code kn_tensor_decode(struct kn_span bytes, struct kn_tensor *out,
                                          struct kn_error *err);

/* Its numbers as float32: `tensor->numbers` of them. KN_E_UNSUPPORTED: of whole numbers;
 * KN_E_INVALID: a code that its table does not have. */
KN_MUST_USE enum kn_code kn_tensor_floats(const struct kn_tensor *tensor, float *out);
/* KN_E_UNSUPPORTED: not int64. */
KN_MUST_USE enum kn_code kn_tensor_integers(const struct kn_tensor *tensor, int64_t *out);

/* Append the message of so many floats in the shape of `like` (rank, size), to its dtype and
 * compression: NONE, MEANSTD_16BIT or FLOAT16. KN_E_UNSUPPORTED. `out` fails when memory is short.
 */
KN_MUST_USE enum kn_code kn_tensor_encode(const struct kn_tensor *like, const float *from,
                                          struct kn_buffer *out);
/* The same without the message around it: what its buffer holds. */
KN_MUST_USE enum kn_code kn_tensor_encode_buffer(const struct kn_tensor *like, const float *from,
                                                 struct kn_buffer *out);
/* Bytes of what kn_tensor_encode() appends. */
size_t kn_tensor_encoded_size(const struct kn_tensor *like);

/* Set the shape and count its numbers. KN_E_LIMIT: too many. */
KN_MUST_USE enum kn_code kn_tensor_set_shape(struct kn_tensor *tensor, uint32_t rank,
                                             const uint32_t *size);

/* "float32"; "NONE". */
const char *kn_tensor_dtype_word(enum kn_tensor_dtype dtype);
const char *kn_tensor_compression_word(enum kn_tensor_compression compression);

#endif
