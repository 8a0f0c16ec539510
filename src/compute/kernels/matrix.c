#include "compute/kernels/matrix.h"

static size_t row_bytes(enum kn_weight_type type, uint32_t columns)
{
    size_t n = columns;

    switch (type) {
    case KN_WEIGHT_F32:
        return n * sizeof(float);
    case KN_WEIGHT_BF16:
    case KN_WEIGHT_F16:
        return n * sizeof(uint16_t);
    case KN_WEIGHT_INT8:
        return n;
    case KN_WEIGHT_NF4:
        return (n + KN_NF4_GROUP - 1) / KN_NF4_GROUP * (KN_NF4_GROUP / 2);
    case KN_WEIGHT_TYPE_COUNT:
        break;
    }
    return 0;
}

size_t kn_matrix_bytes(enum kn_weight_type type, uint32_t rows, uint32_t columns)
{
    size_t row = row_bytes(type, columns);

    return row != 0 && rows > SIZE_MAX / row ? 0 : row * rows;
}

const char *kn_weight_type_word(enum kn_weight_type type)
{
    static const char *const words[KN_WEIGHT_TYPE_COUNT] = {
        [KN_WEIGHT_F32] = "float32", [KN_WEIGHT_BF16] = "bfloat16", [KN_WEIGHT_F16] = "float16",
        [KN_WEIGHT_INT8] = "int8",   [KN_WEIGHT_NF4] = "nf4",
    };

    return words[type];
}
