/*
 * Property: every tensor of a file that is accepted lies inside the data and has exactly the bytes
 * of its shape; together they are all of the data; each is found by its name; a file that is a byte
 * longer or shorter is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "compute/model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* By division, which cannot overflow. */
static void check_size(const struct kn_tensor *tensor)
{
    uint64_t bits = tensor->bytes * 8;

    require(bits / 8 == tensor->bytes);
    for (unsigned i = 0; i < tensor->rank; i++) {
        if (tensor->shape[i] == 0) {
            require(tensor->bytes == 0);
            return;
        }
        require(bits % tensor->shape[i] == 0);
        bits /= tensor->shape[i];
    }
    require(bits == kn_tensor_type_bits(tensor->type));
}

static void check(const struct kn_tensor_table *table, uint64_t start, uint64_t size)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < table->n; i++) {
        const struct kn_tensor *tensor = &table->at[i];

        require(tensor->at >= start && tensor->at <= size);
        require(tensor->bytes <= size - tensor->at);
        check_size(tensor);
        require(strlen(tensor->name) <= KN_SAFETENSORS_NAME_MAX);
        require(kn_tensor_find(table, tensor->name) == tensor);
        sum += tensor->bytes;
    }
    require(sum == size - start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_tensor_table table = { 0 }, other = { 0 };
    const char *header = (const char *)data + KN_SAFETENSORS_START;
    struct kn_error err = { 0 };
    size_t n;

    if (size < KN_SAFETENSORS_START || kn_safetensors_start(data, size, &n, NULL) != KN_OK)
        return 0;
    require(n <= size - KN_SAFETENSORS_START);
    if (kn_safetensors_decode(header, n, size, &table, &err) != KN_OK) {
        require(err.text[0] != '\0' && table.at == NULL);
        return 0;
    }
    check(&table, KN_SAFETENSORS_START + n, size);
    require(kn_safetensors_decode(header, n, size + 1, &other, NULL) == KN_E_INVALID);
    require(kn_safetensors_decode(header, n, size - 1, &other, NULL) == KN_E_INVALID);
    kn_tensor_table_done(&table);
    return 0;
}
