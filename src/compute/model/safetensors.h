/*
 * safetensors — what the header of a safetensors file says, checked before a byte of it is used.
 *
 * Pure: bytes in, a table out. What is accepted lies inside the data, in order, without a hole or
 * an overlap, and every tensor has exactly the bytes of its shape and type. Names are words of
 * whoever made the file.
 * spec: safetensors, README "Format".
 */
#ifndef KN_MODEL_SAFETENSORS_H
#define KN_MODEL_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/error.h"

struct kn_json;

enum {
    KN_SAFETENSORS_START = 8, /* bytes of the header's length, in front of it */
    /* Bytes of a header. The format permits 100,000,000, and a document of that length may take a
     * hundred times its size to read; that of the largest model here, in one file, has 400,000. */
    KN_SAFETENSORS_HEADER_MAX = 4 << 20,
    KN_SAFETENSORS_RANK_MAX = 8,
    KN_SAFETENSORS_NAME_MAX = 256,
    KN_SAFETENSORS_SHAPE_SIZE = 96, /* of a shape as text */
};

enum kn_tensor_type {
    KN_TENSOR_BOOL,
    KN_TENSOR_U8,
    KN_TENSOR_I8,
    KN_TENSOR_F8_E5M2,
    KN_TENSOR_F8_E4M3,
    KN_TENSOR_F8_E8M0,
    KN_TENSOR_F8_E4M3FNUZ,
    KN_TENSOR_F8_E5M2FNUZ,
    KN_TENSOR_F4,
    KN_TENSOR_F6_E2M3,
    KN_TENSOR_F6_E3M2,
    KN_TENSOR_I16,
    KN_TENSOR_U16,
    KN_TENSOR_F16,
    KN_TENSOR_BF16,
    KN_TENSOR_I32,
    KN_TENSOR_U32,
    KN_TENSOR_F32,
    KN_TENSOR_I64,
    KN_TENSOR_U64,
    KN_TENSOR_F64,
    KN_TENSOR_C64,
    KN_TENSOR_TYPE_COUNT
};

/* As the file spells it, and the bits of one element. */
const char *kn_tensor_type_word(enum kn_tensor_type type);
unsigned kn_tensor_type_bits(enum kn_tensor_type type);

struct kn_tensor {
    const char *name; /* lent by the table */
    enum kn_tensor_type type;
    unsigned rank; /* 0: one number */
    uint64_t shape[KN_SAFETENSORS_RANK_MAX];
    uint64_t at, bytes; /* `at` counts from the beginning of the file */
};

struct kn_tensor_table {
    struct kn_tensor *at; /* sorted by name */
    size_t n;
    struct kn_json *names; /* what the names lie in */
};

/* Bytes of the header, from the first KN_SAFETENSORS_START of a file of `size` bytes.
 * KN_E_INVALID: the file is shorter than that; KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_safetensors_start(const uint8_t start[KN_SAFETENSORS_START],
                                              uint64_t size, size_t *out, struct kn_error *err);

/*
 * The table of a file of `size` bytes with that header. Release with kn_tensor_table_done().
 * KN_E_SYNTAX: not the format; KN_E_INVALID: it contradicts itself or the file's size;
 * KN_E_UNSUPPORTED: an unknown type; KN_E_LIMIT: a name or a shape too long; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_safetensors_decode(const char *header, size_t n, uint64_t size,
                                               struct kn_tensor_table *out, struct kn_error *err);
void kn_tensor_table_done(struct kn_tensor_table *table);

/* NULL when there is none of that name. */
const struct kn_tensor *kn_tensor_find(const struct kn_tensor_table *table, const char *name);

/* "[4096, 1024]". */
void kn_shape_print(const uint64_t *shape, unsigned rank, char out[KN_SAFETENSORS_SHAPE_SIZE]);

#endif
