#include "network/petals/tensor.h"

#include "lib/base/text.h"
#include "lib/codec/protobuf.h"
#include "network/petals/little_endian.h"
#include "network/petals/tensor_message.h"

static const char *const dtype_words[KN_TENSOR_DTYPE_COUNT] = {
    [KN_TENSOR_F32] = "float32",
    [KN_TENSOR_F16] = "float16",
    [KN_TENSOR_BF16] = "bfloat16",
    [KN_TENSOR_I64] = "int64",
};
static const char *const compression_words[KN_TENSOR_COMPRESSION_COUNT] = {
    [KN_TENSOR_NONE] = "NONE",
    [KN_TENSOR_MEANSTD_16BIT] = "MEANSTD_16BIT",
    [KN_TENSOR_FLOAT16] = "FLOAT16",
    [KN_TENSOR_QUANTILE_8BIT] = "QUANTILE_8BIT",
    [KN_TENSOR_UNIFORM_8BIT] = "UNIFORM_8BIT",
    [KN_TENSOR_BLOCKWISE_8BIT] = "BLOCKWISE_8BIT",
};
static const size_t dtype_bytes[KN_TENSOR_DTYPE_COUNT] = {
    [KN_TENSOR_F32] = 4,
    [KN_TENSOR_F16] = 2,
    [KN_TENSOR_BF16] = 2,
    [KN_TENSOR_I64] = 8,
};

const char *kn_tensor_dtype_word(enum kn_tensor_dtype dtype)
{
    return dtype_words[dtype];
}

const char *kn_tensor_compression_word(enum kn_tensor_compression compression)
{
    return compression_words[compression];
}

static bool read_sizes(const struct kn_pb_field *field, struct kn_tensor_message *out)
{
    struct kn_pb_packed at = { 0 };
    uint64_t size;

    while (kn_pb_packed_next(field, KN_PB_VARINT, &at, &size)) {
        if (out->rank == KN_TENSOR_RANK_MAX || size > UINT32_MAX)
            return false;
        out->size[out->rank++] = (uint32_t)size;
    }
    return !at.failed;
}

/* False: a field of a wrong type, or too much of something. */
static bool take_field(const struct kn_pb_field *field, struct kn_tensor_message *out)
{
    bool is_bytes = field->wire == KN_PB_BYTES, is_number = field->wire == KN_PB_VARINT;

    switch (field->number) {
    case TENSOR_BUFFER:
        out->buffer = field->bytes;
        return is_bytes;
    case TENSOR_SIZE:
        return read_sizes(field, out);
    case TENSOR_REQUIRES_GRAD:
        out->requires_grad = field->value != 0;
        return is_number;
    case TENSOR_DTYPE:
        out->dtype = field->bytes;
        return is_bytes;
    case TENSOR_COMPRESSION:
        out->compression = field->value;
        return is_number;
    case TENSOR_CHUNKS:
        out->chunks = field->value;
        return is_number;
    default:
        return true;
    }
}

enum kn_code kn_tensor_message_read(struct kn_span bytes, struct kn_tensor_message *out,
                                    struct kn_error *err)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    *out = (struct kn_tensor_message){ 0 };
    while (kn_pb_next(&reader, &field)) {
        if (!take_field(&field, out))
            return kn_fail(err, KN_E_SYNTAX, "a tensor has a field %u that cannot be read",
                           (unsigned)field.number);
    }
    if (reader.failed)
        return kn_fail(err, KN_E_SYNTAX, "a tensor is no message of protocol buffers");
    return KN_OK;
}

/* The place of a word in a table; `count` when it is not there. */
static size_t find_word(const char *const *words, size_t count, struct kn_span word)
{
    size_t i = 0;

    while (i < count && !kn_span_equal(kn_span_text(words[i]), word))
        i++;
    return i;
}

enum kn_code kn_tensor_set_shape(struct kn_tensor *tensor, uint32_t rank, const uint32_t *size)
{
    uint64_t numbers = 1;

    if (rank > KN_TENSOR_RANK_MAX)
        return KN_E_LIMIT;
    tensor->rank = rank;
    for (uint32_t i = 0; i < rank; i++) {
        tensor->size[i] = size[i];
        /* 2^28 times 2^32 stays below 2^64 */
        numbers = numbers > KN_TENSOR_NUMBERS_MAX && size[i] > 0 ? numbers : numbers * size[i];
    }
    tensor->numbers = (size_t)numbers;
    return numbers <= KN_TENSOR_NUMBERS_MAX ? KN_OK : KN_E_LIMIT;
}

enum kn_code kn_tensor_understand(const struct kn_tensor_message *message, struct kn_tensor *out,
                                  struct kn_error *err)
{
    struct kn_tensor tensor = { .requires_grad = message->requires_grad };
    size_t dtype = find_word(dtype_words, KN_TENSOR_DTYPE_COUNT, message->dtype);

    if (dtype == KN_TENSOR_DTYPE_COUNT)
        return kn_fail(err, KN_E_UNSUPPORTED, "a tensor of the type \"%.*s\" is not read here",
                       (int)(message->dtype.n < 32 ? message->dtype.n : 32),
                       message->dtype.n > 0 ? (const char *)message->dtype.at : "");
    if (message->compression >= KN_TENSOR_BLOCKWISE_8BIT)
        return kn_fail(err, KN_E_UNSUPPORTED, "the compression %s is not read here",
                       message->compression == KN_TENSOR_BLOCKWISE_8BIT
                           ? compression_words[KN_TENSOR_BLOCKWISE_8BIT]
                           : "of a tensor");
    if (message->chunks > KN_TENSOR_CHUNKS_MAX)
        return kn_fail(err, KN_E_LIMIT, "a tensor of more than %d parts", KN_TENSOR_CHUNKS_MAX);
    tensor.dtype = (enum kn_tensor_dtype)dtype;
    tensor.compression = (enum kn_tensor_compression)message->compression;
    tensor.chunks = (uint32_t)message->chunks;
    tensor.buffer = message->buffer;
    if (kn_tensor_set_shape(&tensor, message->rank, message->size) != KN_OK)
        return kn_fail(err, KN_E_LIMIT, "a tensor of more than %d numbers", KN_TENSOR_NUMBERS_MAX);
    *out = tensor;
    return KN_OK;
}

size_t kn_tensor_rows(const struct kn_tensor *tensor)
{
    size_t rows = 1;

    for (uint32_t i = 0; i + 1 < tensor->rank && rows > 0; i++)
        rows *= tensor->size[i];
    return tensor->numbers > 0 ? rows : 0;
}

size_t kn_tensor_buffer_size(const struct kn_tensor *like)
{
    size_t halves = like->numbers * sizeof(uint16_t);

    if (like->compression == KN_TENSOR_MEANSTD_16BIT)
        return halves + kn_tensor_rows(like) * 2 * sizeof(float);
    if (like->compression == KN_TENSOR_FLOAT16)
        return halves;
    return like->numbers * dtype_bytes[like->dtype];
}

/* spec: hivemind/compression/quantization.py; the table's length, the table, a byte a number. */
static bool check_codes(const struct kn_tensor *tensor)
{
    uint64_t codes;

    if (tensor->buffer.n < sizeof(codes))
        return false;
    codes = le64_at(tensor->buffer.at);
    return codes > 0 && codes <= KN_TENSOR_CODES_MAX &&
           tensor->buffer.n == sizeof(codes) + codes * sizeof(float) + tensor->numbers;
}

/* In Petals' words. */
static enum kn_code fail_shape(const struct kn_tensor *tensor, struct kn_error *err)
{
    size_t unit = tensor->compression == KN_TENSOR_NONE ? dtype_bytes[tensor->dtype] : 1;
    struct kn_text shape = { 0 };

    for (uint32_t i = 0; i < tensor->rank; i++)
        kn_text_addf(&shape, "%s%u", i == 0 ? "" : ", ", (unsigned)tensor->size[i]);
    (void)kn_fail(err, KN_E_INVALID, "shape '[%s]' is invalid for input of size %zu",
                  kn_text_get(&shape), tensor->buffer.n / unit);
    kn_text_done(&shape);
    return KN_E_INVALID;
}

enum kn_code kn_tensor_check(const struct kn_tensor *tensor, struct kn_error *err)
{
    bool good;

    if (tensor->compression != KN_TENSOR_NONE && tensor->dtype == KN_TENSOR_I64 &&
        tensor->numbers > 0)
        return kn_fail(err, KN_E_UNSUPPORTED, "whole numbers are not read from %s",
                       compression_words[tensor->compression]);
    if (tensor->numbers == 0)
        good = true; /* a place holder: whatever a compression makes of it */
    else if (tensor->compression >= KN_TENSOR_QUANTILE_8BIT)
        good = check_codes(tensor);
    else
        good = tensor->buffer.n == kn_tensor_buffer_size(tensor) ||
               /* spec: hivemind/compression/base.py; as hivemind wrote it before 1.1.11 */
               (tensor->dtype == KN_TENSOR_BF16 && tensor->compression == KN_TENSOR_NONE &&
                tensor->buffer.n == tensor->numbers * sizeof(float));
    return good ? KN_OK : fail_shape(tensor, err);
}

enum kn_code kn_tensor_decode(struct kn_span bytes, struct kn_tensor *out, struct kn_error *err)
{
    struct kn_tensor_message message;
    struct kn_tensor tensor = { 0 };
    enum kn_code rc = kn_tensor_message_read(bytes, &message, err);

    if (rc == KN_OK)
        rc = kn_tensor_understand(&message, &tensor, err);
    if (rc == KN_OK)
        rc = kn_tensor_check(&tensor, err);
    if (rc == KN_OK)
        *out = tensor;
    return rc;
}
