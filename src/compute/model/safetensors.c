#include "compute/model/safetensors.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/json/json.h"

static const struct {
    const char *word;
    unsigned bits;
} types[KN_TENSOR_TYPE_COUNT] = {
    [KN_TENSOR_BOOL] = { "BOOL", 8 },
    [KN_TENSOR_U8] = { "U8", 8 },
    [KN_TENSOR_I8] = { "I8", 8 },
    [KN_TENSOR_F8_E5M2] = { "F8_E5M2", 8 },
    [KN_TENSOR_F8_E4M3] = { "F8_E4M3", 8 },
    [KN_TENSOR_F8_E8M0] = { "F8_E8M0", 8 },
    [KN_TENSOR_F8_E4M3FNUZ] = { "F8_E4M3FNUZ", 8 },
    [KN_TENSOR_F8_E5M2FNUZ] = { "F8_E5M2FNUZ", 8 },
    [KN_TENSOR_F4] = { "F4", 4 },
    [KN_TENSOR_F6_E2M3] = { "F6_E2M3", 6 },
    [KN_TENSOR_F6_E3M2] = { "F6_E3M2", 6 },
    [KN_TENSOR_I16] = { "I16", 16 },
    [KN_TENSOR_U16] = { "U16", 16 },
    [KN_TENSOR_F16] = { "F16", 16 },
    [KN_TENSOR_BF16] = { "BF16", 16 },
    [KN_TENSOR_I32] = { "I32", 32 },
    [KN_TENSOR_U32] = { "U32", 32 },
    [KN_TENSOR_F32] = { "F32", 32 },
    [KN_TENSOR_I64] = { "I64", 64 },
    [KN_TENSOR_U64] = { "U64", 64 },
    [KN_TENSOR_F64] = { "F64", 64 },
    [KN_TENSOR_C64] = { "C64", 64 },
};

const char *kn_tensor_type_word(enum kn_tensor_type type)
{
    return types[type].word;
}

unsigned kn_tensor_type_bits(enum kn_tensor_type type)
{
    return types[type].bits;
}

void kn_shape_print(const uint64_t *shape, unsigned rank, char out[KN_SAFETENSORS_SHAPE_SIZE])
{
    size_t at = 0;

    out[at++] = '[';
    for (unsigned i = 0; i < rank && at < KN_SAFETENSORS_SHAPE_SIZE; i++) {
        int n = snprintf(out + at, KN_SAFETENSORS_SHAPE_SIZE - at, "%s%llu", i > 0 ? ", " : "",
                         (unsigned long long)shape[i]);

        at += n > 0 ? (size_t)n : 0;
    }
    if (at > KN_SAFETENSORS_SHAPE_SIZE - 2)
        at = KN_SAFETENSORS_SHAPE_SIZE - 2;
    out[at++] = ']';
    out[at] = '\0';
}

enum kn_code kn_safetensors_start(const uint8_t start[KN_SAFETENSORS_START], uint64_t size,
                                  size_t *out, struct kn_error *err)
{
    uint64_t n = 0;

    for (size_t i = 0; i < KN_SAFETENSORS_START; i++)
        n |= (uint64_t)start[i] << (8 * i);
    if (size < KN_SAFETENSORS_START || n > size - KN_SAFETENSORS_START)
        return kn_fail(err, KN_E_INVALID,
                       "a header of %llu bytes does not fit in a file of %llu bytes",
                       (unsigned long long)n, (unsigned long long)size);
    if (n > KN_SAFETENSORS_HEADER_MAX)
        return kn_fail(err, KN_E_LIMIT, "a header of %llu bytes is longer than %d",
                       (unsigned long long)n, KN_SAFETENSORS_HEADER_MAX);
    *out = (size_t)n;
    return KN_OK;
}

static enum kn_code read_type(const struct kn_json *json, struct kn_tensor *out,
                              struct kn_error *err)
{
    const char *word = kn_json_to_text(json);

    if (word == NULL)
        return kn_fail(err, KN_E_SYNTAX, "dtype is no text");
    for (size_t i = 0; i < KN_TENSOR_TYPE_COUNT; i++) {
        if (strcmp(types[i].word, word) == 0) {
            out->type = (enum kn_tensor_type)i;
            return KN_OK;
        }
    }
    return kn_fail(err, KN_E_UNSUPPORTED, "unknown dtype \"%.32s\"", word);
}

static bool to_natural(const struct kn_json *json, uint64_t *out)
{
    int64_t value;

    if (!kn_json_to_int(json, &value) || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

static enum kn_code read_shape(const struct kn_json *json, struct kn_tensor *out,
                               struct kn_error *err)
{
    size_t rank = kn_json_count(json);

    if (!kn_json_is_array(json))
        return kn_fail(err, KN_E_SYNTAX, "shape is no list");
    if (rank > KN_SAFETENSORS_RANK_MAX)
        return kn_fail(err, KN_E_LIMIT, "a shape of %zu dimensions, more than %d", rank,
                       KN_SAFETENSORS_RANK_MAX);
    for (size_t i = 0; i < rank; i++) {
        if (!to_natural(kn_json_item(json, i), &out->shape[i]))
            return kn_fail(err, KN_E_SYNTAX, "shape: item %zu is no number from 0 on", i);
    }
    out->rank = (unsigned)rank;
    return KN_OK;
}

static enum kn_code read_offsets(const struct kn_json *json, struct kn_tensor *out,
                                 struct kn_error *err)
{
    uint64_t end;

    if (!kn_json_is_array(json) || kn_json_count(json) != 2 ||
        !to_natural(kn_json_item(json, 0), &out->at) || !to_natural(kn_json_item(json, 1), &end))
        return kn_fail(err, KN_E_SYNTAX, "data_offsets are not two numbers from 0 on");
    if (end < out->at)
        return kn_fail(err, KN_E_INVALID, "data_offsets end at %llu, before they begin at %llu",
                       (unsigned long long)end, (unsigned long long)out->at);
    out->bytes = end - out->at;
    return KN_OK;
}

/* The bytes of a shape; false when no uint64_t holds their bits, or a byte is begun. */
static bool bytes_of(const struct kn_tensor *tensor, uint64_t *out)
{
    uint64_t bits = types[tensor->type].bits;

    for (unsigned i = 0; i < tensor->rank; i++) {
        if (tensor->shape[i] != 0 && bits > UINT64_MAX / tensor->shape[i])
            return false;
        bits *= tensor->shape[i];
    }
    *out = bits / 8;
    return bits % 8 == 0;
}

static enum kn_code check_size(const struct kn_tensor *tensor, struct kn_error *err)
{
    char shape[KN_SAFETENSORS_SHAPE_SIZE];
    uint64_t bytes;

    kn_shape_print(tensor->shape, tensor->rank, shape);
    if (!bytes_of(tensor, &bytes))
        return kn_fail(err, KN_E_INVALID, "shape %s of %s has no size that can be", shape,
                       types[tensor->type].word);
    if (bytes != tensor->bytes)
        return kn_fail(err, KN_E_INVALID, "shape %s of %s takes %llu bytes, data_offsets hold %llu",
                       shape, types[tensor->type].word, (unsigned long long)bytes,
                       (unsigned long long)tensor->bytes);
    return KN_OK;
}

static enum kn_code read_tensor(const char *name, const struct kn_json *json, struct kn_tensor *out,
                                struct kn_error *err)
{
    enum kn_code rc;

    if (strlen(name) > KN_SAFETENSORS_NAME_MAX)
        return kn_fail(err, KN_E_LIMIT, "tensor \"%.64s...\": a name longer than %d bytes", name,
                       KN_SAFETENSORS_NAME_MAX);
    out->name = name;
    rc = read_type(kn_json_get(json, "dtype"), out, err);
    if (rc == KN_OK)
        rc = read_shape(kn_json_get(json, "shape"), out, err);
    if (rc == KN_OK)
        rc = read_offsets(kn_json_get(json, "data_offsets"), out, err);
    if (rc == KN_OK)
        rc = check_size(out, err);
    if (rc != KN_OK)
        kn_wrap(err, "tensor \"%s\"", name);
    return rc;
}

static enum kn_code check_metadata(const struct kn_json *json, struct kn_error *err)
{
    const struct kn_json *value;
    const char *name;
    void *at = NULL;

    if (!kn_json_is_object(json))
        return kn_fail(err, KN_E_SYNTAX, "__metadata__ is no object");
    while (kn_json_next(json, &at, &name, &value)) {
        if (kn_json_to_text(value) == NULL)
            return kn_fail(err, KN_E_SYNTAX, "__metadata__: \"%.64s\" is no text", name);
    }
    return KN_OK;
}

static enum kn_code read_members(const struct kn_json *json, struct kn_tensor_table *table,
                                 struct kn_error *err)
{
    const struct kn_json *value;
    const char *name;
    void *at = NULL;

    while (kn_json_next(json, &at, &name, &value)) {
        enum kn_code rc = strcmp(name, "__metadata__") == 0
                              ? check_metadata(value, err)
                              : read_tensor(name, value, &table->at[table->n++], err);

        if (rc != KN_OK)
            return rc;
    }
    return KN_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct kn_tensor *one = a, *other = b;

    if (one->at != other->at)
        return one->at < other->at ? -1 : 1;
    return one->bytes < other->bytes ? -1 : one->bytes > other->bytes;
}

static int by_name(const void *a, const void *b)
{
    const struct kn_tensor *one = a, *other = b;

    return strcmp(one->name, other->name);
}

/* Each begins where the one before ends, the first at 0, and the last ends with the data. */
static enum kn_code check_places(struct kn_tensor_table *table, uint64_t data, struct kn_error *err)
{
    uint64_t end = 0;

    qsort(table->at, table->n, sizeof(*table->at), by_place);
    for (size_t i = 0; i < table->n; i++) {
        const struct kn_tensor *tensor = &table->at[i];

        if (tensor->at != end)
            return kn_fail(err, KN_E_INVALID, "tensor \"%s\" begins at %llu, %s %llu", tensor->name,
                           (unsigned long long)tensor->at,
                           tensor->at < end ? "inside the one that ends at"
                                            : "behind a hole that begins at",
                           (unsigned long long)end);
        end += tensor->bytes; /* both were read as int64_t: this cannot overflow */
    }
    if (end != data)
        return kn_fail(err, KN_E_INVALID, "%sthe tensors take %llu bytes, and %llu are there",
                       end > data ? "the file is cut short: " : "", (unsigned long long)end,
                       (unsigned long long)data);
    return KN_OK;
}

static enum kn_code build(const struct kn_json *json, size_t header, uint64_t size,
                          struct kn_tensor_table *table, struct kn_error *err)
{
    uint64_t start = KN_SAFETENSORS_START + (uint64_t)header;
    enum kn_code rc;

    if (!kn_json_is_object(json))
        return kn_fail(err, KN_E_SYNTAX, "the header is no object");
    table->at = kn_try_alloc(kn_json_members(json) * sizeof(*table->at));
    if (table->at == NULL)
        return kn_fail_no_memory(err);
    rc = read_members(json, table, err);
    if (rc == KN_OK)
        rc = check_places(table, size - start, err);
    if (rc != KN_OK)
        return rc;
    for (size_t i = 0; i < table->n; i++)
        table->at[i].at += start;
    qsort(table->at, table->n, sizeof(*table->at), by_name);
    return KN_OK;
}

enum kn_code kn_safetensors_decode(const char *header, size_t n, uint64_t size,
                                   struct kn_tensor_table *out, struct kn_error *err)
{
    struct kn_tensor_table table = { 0 };
    enum kn_code rc;

    if (size < KN_SAFETENSORS_START || n > size - KN_SAFETENSORS_START)
        return kn_fail(err, KN_E_INVALID, "the header does not fit in the file");
    if (n == 0 || header[0] != '{')
        return kn_fail(err, KN_E_SYNTAX, "no safetensors file: its header does not begin with {");
    rc = kn_json_read(header, n, &table.names, err);
    if (rc == KN_OK)
        rc = build(table.names, n, size, &table, err);
    if (rc != KN_OK) {
        kn_wrap(err, "header");
        kn_tensor_table_done(&table);
        return rc;
    }
    *out = table;
    return KN_OK;
}

void kn_tensor_table_done(struct kn_tensor_table *table)
{
    kn_free(table->at);
    kn_json_free(table->names);
    *table = (struct kn_tensor_table){ 0 };
}

const struct kn_tensor *kn_tensor_find(const struct kn_tensor_table *table, const char *name)
{
    const struct kn_tensor wanted = { .name = name };

    return table->n == 0 ? NULL
                         : bsearch(&wanted, table->at, table->n, sizeof(*table->at), by_name);
}
