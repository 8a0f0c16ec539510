/* tensor_numbers: what the buffer of a tensor holds. */
#include "lib/base/number16.h"
#include "network/petals/little_endian.h"
#include "network/petals/tensor_message.h"

static void read_plain(const struct kn_tensor *tensor, float *out)
{
    const uint8_t *at = tensor->buffer.at;
    size_t n = tensor->numbers;

    if (tensor->dtype == KN_TENSOR_F16) {
        for (size_t i = 0; i < n; i++)
            out[i] = kn_float_of_f16(le16_at(at + 2 * i));
    } else if (tensor->dtype == KN_TENSOR_F32) {
        for (size_t i = 0; i < n; i++)
            out[i] = kn_float_of_bits(le32_at(at + 4 * i));
    } else if (tensor->buffer.n == n * sizeof(uint16_t)) {
        for (size_t i = 0; i < n; i++)
            out[i] = kn_float_of_bf16(le16_at(at + 2 * i));
    } else { /* four bytes for two, to be rounded */
        for (size_t i = 0; i < n; i++)
            out[i] = kn_float_of_bf16(kn_bf16_of_float(kn_float_of_bits(le32_at(at + 4 * i))));
    }
}

static void read_halves(const struct kn_tensor *tensor, float *out)
{
    for (size_t i = 0; i < tensor->numbers; i++)
        out[i] = kn_float_of_f16(le16_at(tensor->buffer.at + 2 * i));
}

/* spec: hivemind/compression/floating.py; halves, then a mean a row, then a deviation a row. */
static void read_scaled(const struct kn_tensor *tensor, float *out)
{
    size_t rows = kn_tensor_rows(tensor), n = tensor->numbers / rows;
    const uint8_t *means = tensor->buffer.at + 2 * tensor->numbers, *stds = means + 4 * rows;

    read_halves(tensor, out);
    for (size_t row = 0; row < rows; row++) {
        float mean = kn_float_of_bits(le32_at(means + 4 * row));
        float deviation = kn_float_of_bits(le32_at(stds + 4 * row));

        for (size_t i = 0; i < n; i++)
            out[row * n + i] = out[row * n + i] * deviation + mean;
    }
}

static enum kn_code read_codes(const struct kn_tensor *tensor, float *out)
{
    const uint8_t *at = tensor->buffer.at;
    size_t codes = (size_t)le64_at(at);
    const uint8_t *table = at + sizeof(uint64_t), *code = table + codes * sizeof(float);

    for (size_t i = 0; i < tensor->numbers; i++) {
        if (code[i] >= codes)
            return KN_E_INVALID;
        out[i] = kn_float_of_bits(le32_at(table + 4 * (size_t)code[i]));
    }
    return KN_OK;
}

enum kn_code kn_tensor_floats(const struct kn_tensor *tensor, float *out)
{
    if (tensor->dtype == KN_TENSOR_I64)
        return KN_E_UNSUPPORTED;
    if (tensor->numbers == 0)
        return KN_OK;
    switch (tensor->compression) {
    case KN_TENSOR_NONE:
        read_plain(tensor, out);
        return KN_OK;
    case KN_TENSOR_FLOAT16:
        read_halves(tensor, out);
        return KN_OK;
    case KN_TENSOR_MEANSTD_16BIT:
        read_scaled(tensor, out);
        return KN_OK;
    case KN_TENSOR_QUANTILE_8BIT:
    case KN_TENSOR_UNIFORM_8BIT:
        return read_codes(tensor, out);
    case KN_TENSOR_BLOCKWISE_8BIT:
    case KN_TENSOR_COMPRESSION_COUNT:
        break;
    }
    return KN_E_UNSUPPORTED;
}

enum kn_code kn_tensor_integers(const struct kn_tensor *tensor, int64_t *out)
{
    if (tensor->dtype != KN_TENSOR_I64)
        return KN_E_UNSUPPORTED;
    for (size_t i = 0; i < tensor->numbers; i++) {
        uint64_t bits = le64_at(tensor->buffer.at + 8 * i);

        memcpy(&out[i], &bits, sizeof(bits));
    }
    return KN_OK;
}
