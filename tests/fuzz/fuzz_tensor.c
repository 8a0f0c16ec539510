/*
 * Property: what is read as a tensor has as many numbers as its shape says, and those that can be
 * written are written as a tensor that reads as the same numbers; cut into parts and joined it is
 * the same again. Parts in any order are read without harm.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "network/petals/tensor_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 14, NUMBERS_MAX = 1 << 16 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_shape(const struct kn_tensor *tensor)
{
    uint64_t numbers = 1;

    require(tensor->rank <= KN_TENSOR_RANK_MAX && tensor->numbers <= KN_TENSOR_NUMBERS_MAX);
    for (uint32_t i = 0; i < tensor->rank && numbers > 0; i++)
        numbers *= tensor->size[i] < UINT32_MAX ? tensor->size[i] : 0;
    require(numbers == tensor->numbers || numbers > KN_TENSOR_NUMBERS_MAX);
}

static int same(float a, float b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

/* MEANSTD_16BIT gives other numbers each time. */
static void check_again(const struct kn_tensor *tensor, const float *numbers)
{
    float *back = kn_alloc((tensor->numbers + 1) * sizeof(*back));
    struct kn_buffer out = { 0 };
    struct kn_tensor read;

    if (kn_tensor_encode(tensor, numbers, &out) == KN_OK) {
        require(out.n == kn_tensor_encoded_size(tensor));
        require(kn_tensor_decode(kn_buffer_get(&out), &read, NULL) == KN_OK);
        require(read.numbers == tensor->numbers && read.rank == tensor->rank);
        require(read.dtype == tensor->dtype && read.compression == tensor->compression);
        require(read.requires_grad == tensor->requires_grad);
        require(kn_tensor_floats(&read, back) == KN_OK);
        for (size_t i = 0; i < read.numbers && read.compression != KN_TENSOR_MEANSTD_16BIT; i++)
            /* What is infinite is the largest half. */
            require(same(back[i], numbers[i]) || isinf(numbers[i]));
    }
    kn_buffer_done(&out);
    kn_free(back);
}

static void check_parts(const struct kn_tensor *tensor, size_t most)
{
    struct kn_tensor_parts parts = { .max = tensor->buffer.n };
    uint32_t count = kn_tensor_part_count(tensor->buffer.n, most);

    for (uint32_t i = 0; i < count; i++) {
        struct kn_buffer out = { 0 };

        kn_tensor_part_encode(tensor, tensor->buffer, most, i, &out);
        require(kn_tensor_parts_add(&parts, kn_buffer_get(&out), NULL) == KN_OK);
        kn_buffer_done(&out);
    }
    require(kn_tensor_parts_end(&parts, NULL) == KN_OK && parts.n == 1);
    require(kn_span_equal(parts.tensors[0].buffer, tensor->buffer));
    kn_tensor_parts_done(&parts);
}

static void check_numbers(const struct kn_tensor *tensor)
{
    if (tensor->dtype == KN_TENSOR_I64) {
        int64_t *whole = kn_alloc((tensor->numbers + 1) * sizeof(*whole));

        require(kn_tensor_integers(tensor, whole) == KN_OK);
        require(kn_tensor_floats(tensor, NULL) == KN_E_UNSUPPORTED);
        kn_free(whole);
    } else {
        float *numbers = kn_alloc((tensor->numbers + 1) * sizeof(*numbers));

        if (kn_tensor_floats(tensor, numbers) == KN_OK)
            check_again(tensor, numbers);
        kn_free(numbers);
    }
}

/* The input as parts, each with its length in a byte before it. */
static void join_anything(const uint8_t *data, size_t size)
{
    struct kn_tensor_parts parts = { .max = LONGEST };

    while (size > 0) {
        size_t n = data[0] < size ? data[0] : size - 1;

        if (kn_tensor_parts_add(&parts, kn_span(data + 1, n), NULL) != KN_OK)
            break;
        data += n + 1;
        size -= n + 1;
    }
    if (kn_tensor_parts_end(&parts, NULL) == KN_OK) {
        for (size_t i = 0; i < parts.n; i++) {
            check_shape(&parts.tensors[i]);
            if (parts.tensors[i].numbers <= NUMBERS_MAX)
                check_numbers(&parts.tensors[i]);
        }
    }
    kn_tensor_parts_done(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_error err = { 0 };
    struct kn_tensor tensor;

    if (size > LONGEST)
        return 0;
    join_anything(data, size);
    if (kn_tensor_decode(kn_span(data, size), &tensor, &err) != KN_OK) {
        require(err.text[0] != '\0');
        return 0;
    }
    check_shape(&tensor);
    require(tensor.numbers <= NUMBERS_MAX); /* a byte each at least, or none */
    check_numbers(&tensor);
    check_parts(&tensor, 1 + size / 3);
    return 0;
}
