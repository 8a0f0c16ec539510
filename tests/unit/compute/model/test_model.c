#include "compute/model/model.h"

#include <unistd.h>

#include "compute/kernels/kernels.h"
#include "support/check.h"
#include "support/fuse.h"
#include "support/home.h"
#include "support/small_model.h"

static struct kn_home home;

static int make_home(void **state)
{
    (void)state;
    kn_home_make(&home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    kn_home_remove(&home);
    return 0;
}

static struct kn_model *opened(const struct kn_model_options *options)
{
    struct kn_model *model = NULL;
    struct kn_error err = { 0 };
    enum kn_code rc = kn_model_open(options, &model, &err);

    if (rc != KN_OK)
        (void)fprintf(stderr, "%s\n", err.text);
    CHECK_EQ("open", rc, KN_OK);
    return model;
}

/* Number `index` of a matrix, as the kernels see it. */
static float number_at(const struct kn_matrix *matrix, uint64_t index)
{
    float value = 0;

    if (matrix->type == KN_WEIGHT_F32)
        memcpy(&value, (const char *)matrix->at + 4 * index, sizeof(value));
    else if (matrix->type == KN_WEIGHT_BF16)
        kn_widen_bf16((const char *)matrix->at + 2 * index, 1, &value);
    else
        kn_widen_f16((const char *)matrix->at + 2 * index, 1, &value);
    return value;
}

static float rounded(float value, enum kn_weight_type type)
{
    uint16_t half;

    if (type == KN_WEIGHT_BF16) {
        kn_narrow_bf16(&value, 1, &half);
        kn_widen_bf16(&half, 1, &value);
    } else if (type == KN_WEIGHT_F16) {
        kn_narrow_f16(&value, 1, &half);
        kn_widen_f16(&half, 1, &value);
    }
    return value;
}

static void check_matrix(const struct kn_matrix *matrix, const char *name, uint32_t rows,
                         uint32_t columns, enum kn_weight_type type)
{
    CHECK_EQ(name, matrix->type, type);
    CHECK_EQ(name, matrix->rows, rows);
    CHECK_EQ(name, matrix->columns, columns);
    for (uint64_t i = 0; i < (uint64_t)rows * columns; i++)
        CHECK(name, number_at(matrix, i) == rounded(small_model_weight(name, i), type));
}

static void check_vector(const float *vector, const char *name, uint32_t n,
                         enum kn_weight_type type)
{
    CHECK(name, vector != NULL && (uintptr_t)vector % 64 == 0);
    for (uint32_t i = 0; i < n; i++)
        CHECK(name, vector[i] == rounded(small_model_weight(name, i), type));
}

/* Of the blocks 1 and 2 of a small model, read from a file of `file` as `as`. */
static void check_blocks(const struct kn_model *model, enum kn_weight_type file,
                         enum kn_weight_type as)
{
    const struct kn_block_weights *blocks = kn_model_blocks(model);

    check_matrix(&blocks[0].query, "model.layers.1.self_attn.q_proj.weight", 16, 16, as);
    check_matrix(&blocks[0].key, "model.layers.1.self_attn.k_proj.weight", 8, 16, as);
    check_matrix(&blocks[0].value, "model.layers.1.self_attn.v_proj.weight", 8, 16, as);
    check_matrix(&blocks[0].output, "model.layers.1.self_attn.o_proj.weight", 16, 16, as);
    check_matrix(&blocks[1].feed_forward.gate, "model.layers.2.mlp.gate_proj.weight", 24, 16, as);
    check_matrix(&blocks[1].feed_forward.up, "model.layers.2.mlp.up_proj.weight", 24, 16, as);
    check_matrix(&blocks[1].feed_forward.down, "model.layers.2.mlp.down_proj.weight", 16, 24, as);
    check_vector(blocks[1].attention_norm, "model.layers.2.input_layernorm.weight", 16, file);
    check_vector(blocks[1].feed_forward_norm, "model.layers.2.post_attention_layernorm.weight", 16,
                 file);
    CHECK("no bias", blocks[0].query_bias == NULL && blocks[0].output_bias == NULL);
    CHECK("no experts", blocks[0].experts == NULL);
}

/* Numbers of the matrices of two blocks, and of their norms. */
enum { MATRIX_NUMBERS = 2 * (2 * 16 * 16 + 2 * 8 * 16 + 3 * 24 * 16), NORM_NUMBERS = 2 * 2 * 16 };

static void weights_are_what_the_file_says_in_each_format(void **state)
{
    static const struct {
        const char *row, *file;
        enum kn_weights_as as;
        enum kn_weight_type from, want;
        unsigned shards, skew;
        bool mapped;
    } rows[] = {
        { "float32 as it is", "F32", KN_WEIGHTS_EXACT, KN_WEIGHT_F32, KN_WEIGHT_F32, 0, 0, true },
        { "bfloat16 as it is", "BF16", KN_WEIGHTS_EXACT, KN_WEIGHT_BF16, KN_WEIGHT_BF16, 0, 0,
          true },
        { "float16 as it is", "F16", KN_WEIGHTS_EXACT, KN_WEIGHT_F16, KN_WEIGHT_F16, 0, 0, true },
        { "float32 to bfloat16", "F32", KN_WEIGHTS_BF16, KN_WEIGHT_F32, KN_WEIGHT_BF16, 0, 0,
          false },
        { "float32 to float16", "F32", KN_WEIGHTS_F16, KN_WEIGHT_F32, KN_WEIGHT_F16, 0, 0, false },
        { "16 bits stay", "F16", KN_WEIGHTS_BF16, KN_WEIGHT_F16, KN_WEIGHT_F16, 0, 0, true },
        { "16 bits stay", "BF16", KN_WEIGHTS_F16, KN_WEIGHT_BF16, KN_WEIGHT_BF16, 0, 0, true },
        { "in shards", "BF16", KN_WEIGHTS_EXACT, KN_WEIGHT_BF16, KN_WEIGHT_BF16, 4, 0, true },
        { "a shard for each tensor, converted", "F32", KN_WEIGHTS_BF16, KN_WEIGHT_F32,
          KN_WEIGHT_BF16, 27, 0, false },
        { "at odd addresses", "BF16", KN_WEIGHTS_EXACT, KN_WEIGHT_BF16, KN_WEIGHT_BF16, 0, 3,
          false },
        { "at halves of float32", "F32", KN_WEIGHTS_EXACT, KN_WEIGHT_F32, KN_WEIGHT_F32, 0, 2,
          false },
        { "at even addresses", "BF16", KN_WEIGHTS_EXACT, KN_WEIGHT_BF16, KN_WEIGHT_BF16, 0, 2,
          true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        int64_t matrices = (int64_t)MATRIX_NUMBERS * (rows[i].want == KN_WEIGHT_F32 ? 4 : 2);
        int64_t mapped = -1;
        struct kn_model *model;

        kn_home_make(&home);
        small_model_write(&home, &(struct small_model){ .type = rows[i].file,
                                                        .shards = rows[i].shards,
                                                        .skew = rows[i].skew });
        model = opened(&(struct kn_model_options){
            .folder = home.path, .from = 1, .to = 3, .as = rows[i].as });
        check_blocks(model, rows[i].from, rows[i].want);
        CHECK_EQ(rows[i].row, kn_model_bytes(model, &mapped), matrices + 4 * NORM_NUMBERS);
        CHECK_EQ(rows[i].row, mapped, rows[i].mapped ? matrices : 0);
        CHECK(rows[i].row, kn_model_is_intact(model));
        kn_model_close(model);
        kn_home_remove(&home);
    }
}

static void mapped_weights_settle_where_they_are(void **state)
{
    enum { FFN = 65536, LARGE = 3 }; /* tensors of a block as large as a large page */
    const char *name = "model.layers.1.mlp.down_proj.weight";
    const struct kn_block_weights *block;
    struct kn_model *model;
    unsigned pages = 0;

    (void)state;
    small_model_write(&home, &(struct small_model){ .type = "BF16", .ffn = FFN });
    model = opened(&(struct kn_model_options){ .folder = home.path, .from = 1, .to = 2 });
    block = &kn_model_blocks(model)[0];
    while (kn_model_settle(model))
        pages++;
    CHECK("each lies in one or two", pages >= LARGE && pages <= 2 * LARGE);
    check_matrix(&block->feed_forward.down, name, 16, FFN, KN_WEIGHT_BF16);
    check_matrix(&block->feed_forward.up, "model.layers.1.mlp.up_proj.weight", FFN, 16,
                 KN_WEIGHT_BF16);
    CHECK("once", !kn_model_settle(model));
    CHECK("as before", kn_model_is_intact(model));
    CHECK_EQ("cut", truncate(kn_home_path(&home, "model.safetensors"), 100), 0);
    CHECK("noticed", !kn_model_is_intact(model));
    kn_model_close(model);
}

static void weights_are_quantised_from_any_type(void **state)
{
    static const struct {
        const char *row, *file;
        enum kn_weights_as as;
        enum kn_weight_type from, want;
        float error; /* of the largest, which is below a half */
    } rows[] = {
        { "float32 to int8", "F32", KN_WEIGHTS_INT8, KN_WEIGHT_F32, KN_WEIGHT_INT8, 0.501F / 127 },
        { "bfloat16 to int8", "BF16", KN_WEIGHTS_INT8, KN_WEIGHT_BF16, KN_WEIGHT_INT8,
          0.501F / 127 },
        { "float16 to nf4", "F16", KN_WEIGHTS_NF4, KN_WEIGHT_F16, KN_WEIGHT_NF4, 0.153F },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        static const char name[] = "model.layers.1.block_sparse_moe.experts.3.w1.weight";
        const struct kn_block_weights *block;
        const struct kn_matrix *gate;
        struct kn_model *model;
        float got[16];

        kn_home_make(&home);
        small_model_write(&home,
                          &(struct small_model){ .family = "mixtral", .type = rows[i].file });
        model = opened(&(struct kn_model_options){
            .folder = home.path, .from = 1, .to = 2, .as = rows[i].as });
        block = kn_model_blocks(model);
        gate = &block->experts[3].gate;
        CHECK_EQ(rows[i].row, gate->type, rows[i].want);
        CHECK_EQ(rows[i].row, block->query.type, rows[i].want);
        for (uint32_t row = 0; row < 24; row++) {
            kn_row_widen(kn_kernels_best(), gate, row, 0, 16, got);
            for (uint32_t column = 0; column < 16; column++) {
                float want = rounded(small_model_weight(name, row * 16 + column), rows[i].from);

                CHECK(rows[i].row, got[column] - want <= rows[i].error / 2 &&
                                       want - got[column] <= rows[i].error / 2);
            }
        }
        check_matrix(&block->router, "model.layers.1.block_sparse_moe.gate.weight", 4, 16,
                     rows[i].from);
        kn_model_close(model);
        kn_home_remove(&home);
    }
}

/* tests/vectors/petals/tiny, as transformers wrote it. */
static void a_file_of_transformers_is_read(void **state)
{
    struct kn_model *model = opened(
        &(struct kn_model_options){ .folder = KN_VECTORS "/petals/tiny", .from = 0, .to = 4 });
    const struct kn_block_weights *blocks = kn_model_blocks(model);
    const struct kn_decoder *decoder = kn_model_decoder(model);
    int64_t mapped;

    (void)state;
    CHECK_STR("family", kn_model_family(model), "llama");
    CHECK_EQ("blocks", decoder->blocks, 4);
    CHECK_EQ("heads", decoder->head_dim, 16);
    CHECK_EQ("type", blocks[3].feed_forward.down.type, KN_WEIGHT_BF16);
    CHECK_EQ("columns", blocks[3].feed_forward.down.columns, 176);
    CHECK("norm", blocks[0].attention_norm[0] > 0 && blocks[3].feed_forward_norm[63] > 0);
    CHECK_EQ("bytes", kn_model_bytes(model, &mapped), 4 * (92416 - 128 * 2) + 4 * 128 * 4);
    CHECK_EQ("mapped", mapped, 4 * (92416 - 128 * 2));
    kn_model_close(model);
}

static void biases_are_read_where_the_family_has_them(void **state)
{
    const struct kn_block_weights *blocks;
    struct kn_model *model;

    (void)state;
    small_model_write(&home,
                      &(struct small_model){ .family = "qwen2", .type = "BF16", .biases = true });
    model = opened(&(struct kn_model_options){ .folder = home.path, .to = 2 });
    blocks = kn_model_blocks(model);
    check_vector(blocks[1].query_bias, "model.layers.1.self_attn.q_proj.bias", 16, KN_WEIGHT_BF16);
    check_vector(blocks[1].key_bias, "model.layers.1.self_attn.k_proj.bias", 8, KN_WEIGHT_BF16);
    check_vector(blocks[1].value_bias, "model.layers.1.self_attn.v_proj.bias", 8, KN_WEIGHT_BF16);
    CHECK("none behind the heads", blocks[1].output_bias == NULL);
    kn_model_close(model);
    small_model_write(&home, &(struct small_model){ .config = ", \"attention_bias\": true",
                                                    .biases = true,
                                                    .output_bias = true });
    model = opened(&(struct kn_model_options){ .folder = home.path, .to = 1 });
    check_vector(kn_model_blocks(model)->output_bias, "model.layers.0.self_attn.o_proj.bias", 16,
                 KN_WEIGHT_F32);
    kn_model_close(model);
}

static void experts_are_read_with_their_router(void **state)
{
    const struct kn_block_weights *block;
    struct kn_model *model;

    (void)state;
    small_model_write(&home, &(struct small_model){ .family = "mixtral", .shards = 5 });
    model = opened(&(struct kn_model_options){
        .folder = home.path, .from = 2, .to = 3, .as = KN_WEIGHTS_BF16 });
    block = kn_model_blocks(model);
    check_matrix(&block->router, "model.layers.2.block_sparse_moe.gate.weight", 4, 16,
                 KN_WEIGHT_F32);
    for (unsigned i = 0; i < SMALL_EXPERTS; i++) {
        char name[96];

        (void)snprintf(name, sizeof(name), "model.layers.2.block_sparse_moe.experts.%u.w1.weight",
                       i);
        check_matrix(&block->experts[i].gate, name, 24, 16, KN_WEIGHT_BF16);
        name[strlen(name) - 8] = '2';
        check_matrix(&block->experts[i].down, name, 16, 24, KN_WEIGHT_BF16);
        name[strlen(name) - 8] = '3';
        check_matrix(&block->experts[i].up, name, 24, 16, KN_WEIGHT_BF16);
    }
    CHECK("no plain feed-forward", block->feed_forward.gate.at == NULL);
    kn_model_close(model);
}

static void a_tensor_that_is_not_right_is_named(void **state)
{
    static const struct {
        const char *row;
        struct small_model made;
        uint32_t from, to;
        enum kn_weights_as as;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "missing",
          { .left_out = "model.layers.1.mlp.up_proj.weight" },
          0,
          2,
          0,
          KN_E_NOT_FOUND,
          "model.safetensors: tensor \"model.layers.1.mlp.up_proj.weight\" is missing" },
        { "missing in another's block",
          { .left_out = "model.layers.1.mlp.up_proj.weight" },
          2,
          3,
          0,
          KN_OK,
          "" },
        { "missing in the index",
          { .shards = 2, .left_out = "model.layers.1.mlp.up_proj.weight" },
          0,
          2,
          0,
          KN_E_NOT_FOUND,
          "model.safetensors.index.json: tensor \"model.layers.1.mlp.up_proj.weight\" is missing" },
        { "in another file than the index says",
          { .shards = 2, .lost = "model.layers.1.mlp.up_proj.weight" },
          0,
          2,
          0,
          KN_E_INVALID,
          "is missing, though the index names this file" },
        { "of another shape",
          { .misshapen = "model.layers.0.mlp.down_proj.weight" },
          0,
          1,
          0,
          KN_E_INVALID,
          "tensor \"model.layers.0.mlp.down_proj.weight\": its shape is [17, 24], config.json "
          "makes it [16, 24]" },
        { "a norm of another shape",
          { .misshapen = "model.layers.0.input_layernorm.weight" },
          0,
          1,
          0,
          KN_E_INVALID,
          "its shape is [17], config.json makes it [16]" },
        { "of a type with too many bits",
          { .retyped = "model.layers.0.mlp.down_proj.weight" },
          0,
          1,
          0,
          KN_E_UNSUPPORTED,
          "tensor \"model.layers.0.mlp.down_proj.weight\": weights of type F64 are not computed "
          "with; F32, BF16 and F16 are" },
        { "of a type that is no number of ours",
          { .retyped = "model.layers.0.mlp.down_proj.weight", .retype = "I16" },
          0,
          1,
          0,
          KN_E_UNSUPPORTED,
          "weights of type I16" },
        { "of another type than its neighbours",
          { .retyped = "model.layers.0.mlp.down_proj.weight", .retype = "BF16" },
          0,
          1,
          0,
          KN_OK,
          "" },
        { "unknown",
          { .also = "model.layers.0.self_attn.q_norm.weight" },
          0,
          1,
          0,
          KN_E_UNSUPPORTED,
          "tensor \"model.layers.0.self_attn.q_norm.weight\" is not of a block as config.json" },
        { "unknown in another's block",
          { .also = "model.layers.0.self_attn.q_norm.weight" },
          1,
          2,
          0,
          KN_OK,
          "" },
        { "unknown beside the blocks", { .also = "lm_head.weight" }, 0, 3, 0, KN_OK, "" },
        { "of older files",
          { .also = "model.layers.0.self_attn.rotary_emb.inv_freq" },
          0,
          1,
          0,
          KN_OK,
          "" },
        { "a bias that the family does not have",
          { .biases = true },
          0,
          1,
          0,
          KN_E_UNSUPPORTED,
          "k_proj.bias\" is not of a block" },
        { "a bias that is missing",
          { .family = "qwen2" },
          0,
          1,
          0,
          KN_E_NOT_FOUND,
          "q_proj.bias\" is missing" },
        { "blocks that are not there",
          { 0 },
          2,
          4,
          0,
          KN_E_RANGE,
          "no blocks 2 to 4 in a model of 3" },
        { "no blocks", { 0 }, 1, 1, 0, KN_E_RANGE, "no blocks 1 to 1" },
        { "blocks backwards", { 0 }, 2, 1, 0, KN_E_RANGE, "no blocks 2 to 1" },
        { "a family that is not served",
          { .family = "gpt2" },
          0,
          1,
          0,
          KN_E_UNSUPPORTED,
          "config.json: models of the family \"gpt2\" are not served" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_model *model = NULL;
        struct kn_error err = { 0 };

        kn_home_make(&home);
        small_model_write(&home, &rows[i].made);
        CHECK_EQ(rows[i].row,
                 kn_model_open(&(struct kn_model_options){ .folder = home.path,
                                                           .from = rows[i].from,
                                                           .to = rows[i].to,
                                                           .as = rows[i].as },
                               &model, &err),
                 rows[i].want);
        CHECK_HAS(rows[i].row, err.text, rows[i].text);
        kn_model_close(model);
        kn_home_remove(&home);
    }
}

static void a_file_that_is_cut_is_noticed(void **state)
{
    struct kn_model *model;

    (void)state;
    small_model_write(&home, &(struct small_model){ .type = "BF16" });
    model = opened(&(struct kn_model_options){ .folder = home.path, .to = 1 });
    CHECK_EQ("cut", truncate(kn_home_path(&home, "model.safetensors"), 100), 0);
    CHECK("noticed", !kn_model_is_intact(model));
    kn_model_close(model);
}

static void weights_beyond_float16_are_not_made_infinite(void **state)
{
    static const struct kn_model_options options = { .to = 1, .as = KN_WEIGHTS_F16 };
    struct kn_model_options ours = options;
    struct kn_model *model = NULL;
    struct kn_error err = { 0 };
    const char *path;
    FILE *file;

    (void)state;
    small_model_write(&home, &(struct small_model){ 0 });
    path = kn_home_path(&home, "model.safetensors");
    file = fopen(path, "r+b");
    CHECK("the last number of the last block", file != NULL && fseek(file, -4, SEEK_END) == 0);
    CHECK_EQ("65520", fwrite("\0\xf0\x7f\x47", 1, 4, file), 4);
    CHECK_EQ("close", fclose(file), 0);
    ours.folder = home.path;
    CHECK_EQ("another's", kn_model_open(&ours, &model, &err), KN_OK);
    kn_model_close(model);
    model = NULL;
    ours.to = 3;
    CHECK_EQ("ours", kn_model_open(&ours, &model, &err), KN_E_RANGE);
    CHECK_HAS("ours", err.text, "mlp.down_proj.weight\" has weights beyond what float16 holds");
    CHECK_HAS("ours", err.hint, "bfloat16");
}

static void a_norm_that_is_not_finite_is_refused(void **state)
{
    struct kn_model *model = NULL;
    struct kn_error err = { 0 };
    uint8_t start[8];
    FILE *file;

    (void)state;
    small_model_write(&home, &(struct small_model){ 0 });
    file = fopen(kn_home_path(&home, "model.safetensors"), "r+b");
    CHECK("start", file != NULL && fread(start, 1, 8, file) == 8);
    CHECK("the first number", fseek(file, 8 + start[0] + 256 * start[1], SEEK_SET) == 0);
    CHECK_EQ("NaN", fwrite("\0\0\xc0\x7f", 1, 4, file), 4);
    CHECK_EQ("close", fclose(file), 0);
    CHECK_EQ(
        "refused",
        kn_model_open(&(struct kn_model_options){ .folder = home.path, .to = 1 }, &model, &err),
        KN_E_INVALID);
    CHECK_HAS("which", err.text, "input_layernorm.weight\" has a number that is not finite");
}

static void memory_that_is_short_is_said_and_nothing_leaks(void **state)
{
    static const struct small_model models[] = {
        { .shards = 3 },
        { .family = "mixtral", .type = "BF16" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(models); i++) {
        long allocations = 0;
        enum kn_code rc;

        kn_home_make(&home);
        small_model_write(&home, &models[i]);
        do {
            struct kn_model *model = NULL;

            kn_fuse = allocations++;
            rc = kn_model_open(
                &(struct kn_model_options){ .folder = home.path, .to = 2, .as = KN_WEIGHTS_F16 },
                &model, NULL);
            CHECK("one or the other", rc == KN_OK || rc == KN_E_NO_MEMORY);
            kn_model_close(model);
        } while (rc != KN_OK);
        CHECK("each in turn", allocations > 20);
        kn_fuse = -1;
        kn_home_remove(&home);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_what_the_file_says_in_each_format),
        cmocka_unit_test_setup_teardown(mapped_weights_settle_where_they_are, make_home,
                                        remove_home),
        cmocka_unit_test(weights_are_quantised_from_any_type),
        cmocka_unit_test(a_file_of_transformers_is_read),
        cmocka_unit_test_setup_teardown(biases_are_read_where_the_family_has_them, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(experts_are_read_with_their_router, make_home, remove_home),
        cmocka_unit_test(a_tensor_that_is_not_right_is_named),
        cmocka_unit_test_setup_teardown(a_file_that_is_cut_is_noticed, make_home, remove_home),
        cmocka_unit_test_setup_teardown(weights_beyond_float16_are_not_made_infinite, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_norm_that_is_not_finite_is_refused, make_home,
                                        remove_home),
        cmocka_unit_test(memory_that_is_short_is_said_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
