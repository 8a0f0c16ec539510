#include "network/petals/tensor.h"

#include <math.h>

#include "network/petals/tensor_parts.h"
#include "support/hex.h"
#include "support/vectors.h"

static float *floats_of(const char *row, const struct kn_tensor *tensor)
{
    float *out = kn_alloc((tensor->numbers + 1) * sizeof(*out));

    if (tensor->dtype == KN_TENSOR_I64) {
        int64_t *whole = kn_alloc((tensor->numbers + 1) * sizeof(*whole));

        CHECK_EQ(row, kn_tensor_integers(tensor, whole), KN_OK);
        for (size_t i = 0; i < tensor->numbers; i++)
            out[i] = (float)whole[i];
        kn_free(whole);
    } else {
        CHECK_EQ(row, kn_tensor_floats(tensor, out), KN_OK);
    }
    return out;
}

static void check_decoded(const char *row, struct kn_span bytes, const json_t *want)
{
    struct kn_span numbers = hex_bytes(vectors_text(want, "decoded_f32"));
    struct kn_error err = { 0 };
    struct kn_tensor tensor;
    float *got;

    CHECK_EQ(err.text, kn_tensor_decode(bytes, &tensor, &err), KN_OK);
    CHECK_STR(row, kn_tensor_compression_word(tensor.compression),
              vectors_text(want, "compression"));
    CHECK_HAS(row, vectors_text(want, "dtype"), kn_tensor_dtype_word(tensor.dtype));
    CHECK_EQ(row, tensor.rank, json_array_size(json_object_get(want, "shape")));
    CHECK_EQ(row, tensor.numbers * 4, numbers.n);
    got = floats_of(row, &tensor);
    for (size_t i = 0; i < tensor.numbers; i++) {
        float number;

        memcpy(&number, numbers.at + 4 * i, sizeof(number));
        /* Multiplied and added in one step or in two. */
        CHECK(row, got[i] == number || fabsf(got[i] - number) <= 1e-6F * fabsf(number));
    }
    kn_free(got);
    hex_done(numbers);
}

static void check_written_alike(const char *row, struct kn_span bytes)
{
    struct kn_buffer out = { 0 };
    struct kn_tensor tensor;
    float *numbers;

    CHECK_EQ(row, kn_tensor_decode(bytes, &tensor, NULL), KN_OK);
    if (tensor.dtype == KN_TENSOR_I64 || tensor.compression > KN_TENSOR_FLOAT16)
        return;
    numbers = floats_of(row, &tensor);
    CHECK_EQ(row, kn_tensor_encode(&tensor, numbers, &out), KN_OK);
    CHECK_EQ(row, out.n, kn_tensor_encoded_size(&tensor));
    if (tensor.compression != KN_TENSOR_MEANSTD_16BIT) /* whose sums depend on their order */
        CHECK_BYTES(row, kn_buffer_get(&out), bytes);
    kn_free(numbers);
    kn_buffer_done(&out);
}

static void what_hivemind_writes_is_read_and_written_alike(void **state)
{
    json_t *rows = vectors_list("petals/tensors.json", "cases"), *row;
    size_t i, read = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *compression = vectors_text(row, "compression"),
                   *hex = vectors_text(row, "tensor");
        const char *dtype = vectors_text(row, "dtype");
        struct kn_span bytes;

        if (hex == NULL || strcmp(dtype, "torch.bool") == 0 ||
            strcmp(dtype, "torch.float64") == 0 || strcmp(compression, "BLOCKWISE_8BIT") == 0)
            continue;
        bytes = hex_bytes(hex);
        check_decoded(compression, bytes, row);
        check_written_alike(compression, bytes);
        hex_done(bytes);
        read++;
    }
    CHECK_EQ("read", read, 13);
    vectors_done(rows);
}

static void what_is_not_read_is_refused_with_its_name(void **state)
{
    json_t *rows = vectors_list("petals/tensors.json", "cases"), *row;
    size_t i, refused = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *hex = vectors_text(row, "tensor"), *dtype = vectors_text(row, "dtype");
        struct kn_error err = { 0 };
        struct kn_tensor tensor;
        struct kn_span bytes = hex_bytes(hex != NULL ? hex : "");

        if (hex != NULL && kn_tensor_decode(bytes, &tensor, &err) == KN_E_UNSUPPORTED) {
            CHECK(err.text, strstr(err.text, dtype + strlen("torch.")) != NULL ||
                                strstr(err.text, "BLOCKWISE_8BIT") != NULL);
            refused++;
        }
        hex_done(bytes);
    }
    CHECK_EQ("bool, float64, BLOCKWISE_8BIT", refused, 3);
    vectors_done(rows);
}

static void a_tensor_that_contradicts_itself_is_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "nothing", "", KN_E_UNSUPPORTED, "the type \"\"" },
        { "no protobuf", "0a05", KN_E_SYNTAX, "no message" },
        { "size as text", "1205ffffffffff", KN_E_SYNTAX, "field 2" },
        { "buffer as number", "0801", KN_E_SYNTAX, "field 1" },
        { "two bytes for two halves", "0a02003c1201022207666c6f61743136", KN_E_INVALID,
          "shape '[2]' is invalid for input of size 1" },
        { "nine dimensions", "12090101010101010101012207666c6f61743136", KN_E_SYNTAX, "field 2" },
        { "2^32 numbers", "1205ffffffff0f2207666c6f61743136", KN_E_LIMIT, "268435456 numbers" },
        { "2^20 by 2^20", "12068080408080402207666c6f61743136", KN_E_LIMIT, "268435456 numbers" },
        { "compression 6", "2207666c6f617431362806", KN_E_UNSUPPORTED, "compression" },
        { "too many parts", "2207666c6f61743136308120", KN_E_LIMIT, "4096 parts" },
        { "int64 in halves", "0a02003c1201012205696e7436342802", KN_E_UNSUPPORTED, "FLOAT16" },
        { "no table",
          "0a0100"
          "1201012207666c6f617433322803",
          KN_E_INVALID, "shape '[1]'" },
        { "empty table", "0a090000000000000000001201012207666c6f617433322803", KN_E_INVALID,
          "shape '[1]'" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_span bytes = hex_bytes(rows[i].hex);
        struct kn_tensor tensor = { .rank = 77 };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].name, kn_tensor_decode(bytes, &tensor, &err), rows[i].want);
        CHECK_HAS(rows[i].name, err.text, rows[i].text);
        CHECK_EQ(rows[i].name, tensor.rank, 77);
        hex_done(bytes);
    }
}

static void a_code_outside_its_table_is_refused(void **state)
{
    struct kn_span bytes = hex_bytes("0a0e"
                                     "0100000000000000"
                                     "0000803f"
                                     "0001"
                                     "1201022207666c6f617433322804");
    struct kn_tensor tensor;
    float out[2];

    (void)state;
    CHECK_EQ("one number in the table", kn_tensor_decode(bytes, &tensor, NULL), KN_OK);
    CHECK_EQ("the second", kn_tensor_floats(&tensor, out), KN_E_INVALID);
    hex_done(bytes);
}

static void bfloat16_may_come_in_four_bytes(void **state)
{
    struct kn_span bytes = hex_bytes("0a08"
                                     "0180803f"
                                     "000020c0"
                                     "120102220862666c6f61743136");
    struct kn_tensor tensor;
    float out[2];

    (void)state;
    CHECK_EQ("decode", kn_tensor_decode(bytes, &tensor, NULL), KN_OK);
    CHECK_EQ("floats", kn_tensor_floats(&tensor, out), KN_OK);
    CHECK("rounded", out[0] == 1.0078125F && out[1] == -2.5F);
    hex_done(bytes);
}

static void halves_round_to_nearest_even_and_keep_what_is_special(void **state)
{
    static const struct {
        float number;
        uint16_t half, brain;
    } rows[] = {
        { 0.0F, 0x0000, 0x0000 },           { -0.0F, 0x8000, 0x8000 },
        { 1.0F, 0x3c00, 0x3f80 },           { 65504.0F, 0x7bff, 0x4780 },
        { 65520.0F, 0x7c00, 0x4780 },       { 5.9604645e-8F, 0x0001, 0x3380 },
        { 2.9802322e-8F, 0x0000, 0x3300 },  { 6.097555e-5F, 0x03ff, 0x3880 },
        { 1.00048828125F, 0x3c00, 0x3f80 }, { 1.00146484375F, 0x3c02, 0x3f80 },
        { 1.00390625F, 0x3c04, 0x3f80 },    { 1.01171875F, 0x3c0c, 0x3f82 },
        { INFINITY, 0x7c00, 0x7f80 },       { -INFINITY, 0xfc00, 0xff80 },
    };
    struct kn_tensor like = { .rank = 0, .numbers = 1 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_buffer out = { 0 };

        like.dtype = KN_TENSOR_F16;
        CHECK_EQ("half", kn_tensor_encode_buffer(&like, &rows[i].number, &out), KN_OK);
        like.dtype = KN_TENSOR_BF16;
        CHECK_EQ("brain", kn_tensor_encode_buffer(&like, &rows[i].number, &out), KN_OK);
        CHECK_EQ("half", out.memory[0] | out.memory[1] << 8, rows[i].half);
        CHECK_EQ("brain", out.memory[2] | out.memory[3] << 8, rows[i].brain);
        kn_buffer_done(&out);
    }
}

/* All 65,536: there, and back where there is a number. */
static void every_half_comes_back(void **state)
{
    struct kn_tensor tensor = { .rank = 0, .numbers = 1 };

    (void)state;
    for (unsigned dtype = KN_TENSOR_F16; dtype <= KN_TENSOR_BF16; dtype++) {
        for (unsigned bits = 0; bits <= UINT16_MAX; bits++) {
            const uint8_t bytes[2] = { (uint8_t)bits, (uint8_t)(bits >> 8) };
            struct kn_buffer out = { 0 };
            float number;

            tensor.dtype = (enum kn_tensor_dtype)dtype;
            tensor.buffer = kn_span(bytes, sizeof(bytes));
            CHECK_EQ("read", kn_tensor_floats(&tensor, &number), KN_OK);
            CHECK_EQ("write", kn_tensor_encode_buffer(&tensor, &number, &out), KN_OK);
            CHECK("alike", isnan(number) || kn_span_equal(kn_buffer_get(&out), tensor.buffer));
            kn_buffer_done(&out);
        }
    }
}

static void what_cannot_be_written_is_refused(void **state)
{
    static const struct {
        enum kn_tensor_dtype dtype;
        enum kn_tensor_compression compression;
    } rows[] = {
        { KN_TENSOR_I64, KN_TENSOR_NONE },
        { KN_TENSOR_BF16, KN_TENSOR_FLOAT16 },
        { KN_TENSOR_BF16, KN_TENSOR_MEANSTD_16BIT },
        { KN_TENSOR_F32, KN_TENSOR_UNIFORM_8BIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_tensor like = { .dtype = rows[i].dtype,
                                        .compression = rows[i].compression };
        struct kn_buffer out = { 0 };

        CHECK_EQ("encode", kn_tensor_encode(&like, NULL, &out), KN_E_UNSUPPORTED);
        CHECK_EQ("nothing", out.n, 0);
    }
}

/* ---- parts ---- */

static void a_tensor_is_cut_and_joined_again(void **state)
{
    const uint32_t shape[] = { 2, 5 };
    struct kn_tensor like = { .dtype = KN_TENSOR_F16 };
    float numbers[10], back[10];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(numbers); i++)
        numbers[i] = (float)i;
    CHECK_EQ("shape", kn_tensor_set_shape(&like, 2, shape), KN_OK);
    for (size_t most = 1; most <= 21; most++) {
        struct kn_tensor_parts parts = { .max = 100 };
        struct kn_buffer buffer = { 0 };
        uint32_t count;

        CHECK_EQ("encode", kn_tensor_encode_buffer(&like, numbers, &buffer), KN_OK);
        count = kn_tensor_part_count(buffer.n, most);
        CHECK_EQ("parts", count, (20 + most - 1) / most);
        for (uint32_t i = 0; i < count; i++) {
            struct kn_buffer out = { 0 };

            kn_tensor_part_encode(&like, kn_buffer_get(&buffer), most, i, &out);
            CHECK_EQ("add", kn_tensor_parts_add(&parts, kn_buffer_get(&out), NULL), KN_OK);
            kn_buffer_done(&out);
        }
        CHECK_EQ("end", kn_tensor_parts_end(&parts, NULL), KN_OK);
        CHECK_EQ("one", parts.n, 1);
        CHECK_EQ("chunks", parts.tensors[0].chunks, count);
        CHECK_EQ("floats", kn_tensor_floats(&parts.tensors[0], back), KN_OK);
        CHECK("alike", memcmp(numbers, back, sizeof(back)) == 0);
        kn_tensor_parts_done(&parts);
        kn_buffer_done(&buffer);
    }
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *name, *parts[3];
        size_t max;
        enum kn_code added, ended;
    } rows[] = {
        { "no type first", { "0a0100" }, 9, KN_E_INVALID, KN_OK },
        { "too many bytes",
          { "0a01001201022207666c6f61743136", "0a050000000000" },
          5,
          KN_E_LIMIT,
          KN_E_INVALID },
        { "one byte short",
          { "0a01001201022207666c6f61743136", "0a020000" },
          9,
          KN_OK,
          KN_E_INVALID },
        { "two tensors",
          { "0a020000"
            "1201012207666c6f61743136",
            "1201002205696e743634" },
          9,
          KN_OK,
          KN_OK },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_tensor_parts parts = { .max = rows[i].max };
        enum kn_code rc = KN_OK;

        for (size_t k = 0; k < 3 && rows[i].parts[k] != NULL && rc == KN_OK; k++) {
            struct kn_span bytes = hex_bytes(rows[i].parts[k]);

            rc = kn_tensor_parts_add(&parts, bytes, NULL);
            hex_done(bytes);
        }
        CHECK_EQ(rows[i].name, rc, rows[i].added);
        CHECK_EQ(rows[i].name, kn_tensor_parts_end(&parts, NULL), rows[i].ended);
        kn_tensor_parts_done(&parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_hivemind_writes_is_read_and_written_alike),
        cmocka_unit_test(what_is_not_read_is_refused_with_its_name),
        cmocka_unit_test(a_tensor_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_code_outside_its_table_is_refused),
        cmocka_unit_test(bfloat16_may_come_in_four_bytes),
        cmocka_unit_test(halves_round_to_nearest_even_and_keep_what_is_special),
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(a_tensor_is_cut_and_joined_again),
        cmocka_unit_test(parts_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
