/* tensor_write: numbers to the message of a tensor. */
#include <float.h>
#include <math.h>

#include "lib/base/number16.h"
#include "lib/codec/protobuf.h"
#include "network/petals/little_endian.h"
#include "network/petals/tensor_message.h"

#define HALF_LARGEST 65504.0F

static uint16_t clamped_half(float number)
{
    if (number > HALF_LARGEST)
        number = HALF_LARGEST;
    if (number < -HALF_LARGEST)
        number = -HALF_LARGEST;
    return kn_f16_of_float(number);
}

static void write_plain(enum kn_tensor_dtype dtype, const float *from, size_t n, uint8_t *out)
{
    if (dtype == KN_TENSOR_F32) {
        for (size_t i = 0; i < n; i++)
            put_le32(out + 4 * i, kn_bits_of_float(from[i]));
    } else if (dtype == KN_TENSOR_F16) {
        for (size_t i = 0; i < n; i++)
            put_le16(out + 2 * i, kn_f16_of_float(from[i]));
    } else {
        for (size_t i = 0; i < n; i++)
            put_le16(out + 2 * i, kn_bf16_of_float(from[i]));
    }
}

static void write_halves(const float *from, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        put_le16(out + 2 * i, clamped_half(from[i]));
}

static float mean_of(const float *from, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)from[i];
    return (float)(sum / (double)n);
}

static float deviation_of(const float *from, size_t n, float mean)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)(from[i] - mean) * (double)(from[i] - mean);
    return fmaxf((float)sqrt(sum / (double)n), FLT_EPSILON);
}

/* spec: hivemind/compression/floating.py, ScaledFloat16Compression. */
static void write_scaled(const struct kn_tensor *like, const float *from, uint8_t *out)
{
    size_t rows = kn_tensor_rows(like), n = rows > 0 ? like->numbers / rows : 0;
    uint8_t *means = out + 2 * like->numbers, *stds = means + 4 * rows;

    for (size_t row = 0; row < rows; row++) {
        float mean = mean_of(from + row * n, n);
        float deviation = deviation_of(from + row * n, n, mean);

        for (size_t i = 0; i < n; i++)
            put_le16(out + 2 * (row * n + i), clamped_half((from[row * n + i] - mean) / deviation));
        put_le32(means + 4 * row, kn_bits_of_float(mean));
        put_le32(stds + 4 * row, kn_bits_of_float(deviation));
    }
}

static bool can_write(const struct kn_tensor *like)
{
    switch (like->compression) {
    case KN_TENSOR_NONE:
        return like->dtype != KN_TENSOR_I64;
    case KN_TENSOR_MEANSTD_16BIT:
    case KN_TENSOR_FLOAT16: /* spec: hivemind refuses bfloat16 */
        return like->dtype == KN_TENSOR_F32 || like->dtype == KN_TENSOR_F16;
    case KN_TENSOR_QUANTILE_8BIT:
    case KN_TENSOR_UNIFORM_8BIT:
    case KN_TENSOR_BLOCKWISE_8BIT:
    case KN_TENSOR_COMPRESSION_COUNT:
        break;
    }
    return false;
}

enum kn_code kn_tensor_encode_buffer(const struct kn_tensor *like, const float *from,
                                     struct kn_buffer *out)
{
    size_t size = kn_tensor_buffer_size(like);
    uint8_t *at;

    if (!can_write(like))
        return KN_E_UNSUPPORTED;
    at = size > 0 ? kn_buffer_extend(out, size) : NULL;
    if (at == NULL)
        return KN_OK; /* empty, or `out` has failed */
    if (like->compression == KN_TENSOR_NONE)
        write_plain(like->dtype, from, like->numbers, at);
    else if (like->compression == KN_TENSOR_FLOAT16)
        write_halves(from, like->numbers, at);
    else
        write_scaled(like, from, at);
    return KN_OK;
}

void kn_tensor_write_head(size_t buffer, struct kn_buffer *out)
{
    if (buffer == 0)
        return;
    kn_write_varint(out, TENSOR_BUFFER << 3 | KN_PB_BYTES);
    kn_write_varint(out, buffer);
}

void kn_tensor_write_tail(const struct kn_tensor *like, uint32_t chunks, struct kn_buffer *out)
{
    if (like->rank > 0) {
        size_t mark = kn_pb_begin(out, TENSOR_SIZE);

        for (uint32_t i = 0; i < like->rank; i++)
            kn_write_varint(out, like->size[i]);
        kn_pb_end(out, mark);
    }
    if (like->requires_grad)
        kn_pb_write_varint(out, TENSOR_REQUIRES_GRAD, 1);
    kn_pb_write_bytes(out, TENSOR_DTYPE, kn_span_text(kn_tensor_dtype_word(like->dtype)));
    if (like->compression != KN_TENSOR_NONE)
        kn_pb_write_varint(out, TENSOR_COMPRESSION, (uint64_t)like->compression);
    if (chunks > 0)
        kn_pb_write_varint(out, TENSOR_CHUNKS, chunks);
}

enum kn_code kn_tensor_encode(const struct kn_tensor *like, const float *from,
                              struct kn_buffer *out)
{
    enum kn_code rc;

    if (!can_write(like))
        return KN_E_UNSUPPORTED;
    kn_tensor_write_head(kn_tensor_buffer_size(like), out);
    rc = kn_tensor_encode_buffer(like, from, out);
    kn_tensor_write_tail(like, 0, out);
    return rc;
}

size_t kn_tensor_encoded_size(const struct kn_tensor *like)
{
    size_t buffer = kn_tensor_buffer_size(like), sizes = 0, size = 0;

    if (buffer > 0)
        size += 1 + kn_varint_size(buffer) + buffer;
    for (uint32_t i = 0; i < like->rank; i++)
        sizes += kn_varint_size(like->size[i]);
    if (like->rank > 0)
        size += 2 + sizes; /* at most eight sizes of five bytes: a length of one byte */
    if (like->requires_grad)
        size += 2;
    size += 2 + strlen(kn_tensor_dtype_word(like->dtype));
    return size + (like->compression != KN_TENSOR_NONE ? 2 : 0);
}
