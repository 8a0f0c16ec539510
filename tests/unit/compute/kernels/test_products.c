/* Every format with every instruction set of this processor, beside sums in double. */
#include <math.h>

#include "compute/kernels/isa.h"
#include "compute/kernels/one_weight.h"
#include "compute/kernels/pool.h"
#include "lib/base/memory.h"
#include "support/check.h"

enum { ROW_NAME_SIZE = 96 };

/* Relative to the sum of what is added up, without signs: some 50 roundings of a float. */
static const double tolerance = 3e-6;

static uint32_t state_of_chance = 1;

static uint32_t chance(void)
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 17;
    state_of_chance ^= state_of_chance << 5;
    return state_of_chance;
}

static float small_number(void)
{
    return (float)(chance() % 20001) / 10000.0F - 1;
}

/* Weights at an odd address that end where their memory ends, and what each is. */
struct weights {
    struct kn_matrix matrix;
    uint8_t *memory, *scales;
    double *values; /* [rows][columns] */
};

static void put_16(uint8_t *at, size_t index, float value, enum kn_weight_type type)
{
    if (type == KN_WEIGHT_BF16)
        kn_narrow_bf16(&value, 1, at + index * 2);
    else
        kn_narrow_f16(&value, 1, at + index * 2);
}

static void fill_weights(uint8_t *at, size_t bytes, enum kn_weight_type type)
{
    if (type == KN_WEIGHT_INT8 || type == KN_WEIGHT_NF4) {
        for (size_t i = 0; i < bytes; i++)
            at[i] = (uint8_t)chance();
        return;
    }
    if (type == KN_WEIGHT_F32) {
        for (size_t i = 0; i < bytes / sizeof(float); i++) {
            float value = small_number();

            memcpy(at + i * sizeof(value), &value, sizeof(value));
        }
        return;
    }
    for (size_t i = 0; i < bytes / 2; i++)
        put_16(at, i, small_number(), type);
}

static size_t scales_of(enum kn_weight_type type, uint32_t rows, uint32_t columns)
{
    if (type == KN_WEIGHT_INT8)
        return rows;
    return type == KN_WEIGHT_NF4 ? (size_t)rows * ((columns + 63) / 64) : 0;
}

static void fill_scales(uint8_t *at, size_t n, enum kn_weight_type type)
{
    for (size_t i = 0; i < n; i++) {
        float value = small_number() / 100;

        if (type == KN_WEIGHT_INT8)
            memcpy(at + i * sizeof(value), &value, sizeof(value));
        else
            put_16(at, i, value, KN_WEIGHT_F16);
    }
}

static double weight_at(const struct kn_matrix *matrix, uint32_t row, uint32_t column)
{
    size_t index = (size_t)row * matrix->columns + column;
    size_t groups = ((size_t)matrix->columns + 63) / 64;
    const uint8_t *bytes = matrix->at;

    switch (matrix->type) {
    case KN_WEIGHT_F32:
        return (double)kn_f32_at(bytes, index);
    case KN_WEIGHT_BF16:
        return (double)kn_float_of_bf16(kn_u16_at(bytes, index));
    case KN_WEIGHT_F16:
        return (double)kn_float_of_f16(kn_u16_at(bytes, index));
    case KN_WEIGHT_INT8:
        return (double)(int8_t)bytes[index] * (double)kn_f32_at(matrix->scale, row);
    case KN_WEIGHT_NF4:
        return (double)kn_nf4_at(bytes + row * groups * 32, column) *
               (double)kn_float_of_f16(kn_u16_at(matrix->scale, row * groups + column / 64));
    case KN_WEIGHT_TYPE_COUNT:
        break;
    }
    return 0;
}

static struct weights make_weights(enum kn_weight_type type, uint32_t rows, uint32_t columns)
{
    size_t bytes = kn_matrix_bytes(type, rows, columns), scales = scales_of(type, rows, columns);
    size_t scale_bytes = scales * (type == KN_WEIGHT_INT8 ? sizeof(float) : 2);
    struct weights made = { .memory = kn_alloc(bytes + 1), .scales = kn_alloc(scale_bytes + 1) };

    made.matrix = (struct kn_matrix){ type, rows, columns, made.memory + 1, made.scales + 1 };
    fill_weights(made.memory + 1, bytes, type);
    fill_scales(made.scales + 1, scales, type);
    made.values = kn_alloc((size_t)rows * columns * sizeof(double));
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t column = 0; column < columns; column++)
            made.values[(size_t)row * columns + column] = weight_at(&made.matrix, row, column);
    return made;
}

static void free_weights(struct weights *weights)
{
    kn_free(weights->memory);
    kn_free(weights->scales);
    kn_free(weights->values);
}

/* Token `token` of all, in every layout the same. */
static float x_at(size_t token, size_t column)
{
    uint32_t mixed = (uint32_t)(token * 7919 + column * 104729 + 12345) * 2654435761U;

    return (float)(mixed >> 16) / 32768.0F - 1;
}

static void check_one(const char *name, const struct weights *weights, uint32_t row, size_t token,
                      const float *bias, float got)
{
    const double *values = weights->values + (size_t)row * weights->matrix.columns;
    double want = bias != NULL ? (double)bias[row] : 0, size = fabs(want);

    for (uint32_t column = 0; column < weights->matrix.columns; column++) {
        double product = values[column] * (double)x_at(token, column);

        want += product;
        size += fabs(product);
    }
    if (!(fabs((double)got - want) <= size * tolerance)) {
        (void)fprintf(stderr, "[%s] row %u of token %zu is %.9g, not %.9g\n", name, row, token,
                      (double)got, want);
        fail();
    }
}

static struct kn_pool *pool_of(unsigned threads)
{
    struct kn_pool *pool = NULL;

    CHECK_EQ("pool", kn_pool_new(threads, &pool, NULL), KN_OK);
    return pool;
}

/* Three products with one input, the first with a bias; one value behind each output is not ours.
 */
struct products {
    struct weights weights[KN_PRODUCTS_MAX];
    struct kn_product list[KN_PRODUCTS_MAX];
    float *bias, *out[KN_PRODUCTS_MAX];
};

static const float untouched = 12345;

static void make_products(struct products *out, enum kn_weight_type type, uint32_t rows,
                          uint32_t columns, size_t tokens)
{
    out->bias = kn_alloc(rows * sizeof(float));
    for (uint32_t row = 0; row < rows; row++)
        out->bias[row] = small_number();
    for (uint32_t i = 0; i < KN_PRODUCTS_MAX; i++) {
        uint32_t mine = i == 1 ? rows / 2 + 1 : rows;

        out->weights[i] = make_weights(type, mine, columns);
        out->out[i] = kn_alloc((mine * tokens + 1) * sizeof(float));
        out->out[i][mine * tokens] = untouched;
        out->list[i] =
            (struct kn_product){ &out->weights[i].matrix, i == 0 ? out->bias : NULL, out->out[i] };
    }
}

static void free_products(struct products *products)
{
    for (int i = 0; i < KN_PRODUCTS_MAX; i++) {
        free_weights(&products->weights[i]);
        kn_free(products->out[i]);
    }
    kn_free(products->bias);
}

/* Where token and row of a product stand: [token][row], or [panel][row][lane]. */
typedef size_t place_fn(uint32_t rows, size_t token, uint32_t row);

static size_t place_in_vectors(uint32_t rows, size_t token, uint32_t row)
{
    return token * rows + row;
}

static size_t place_in_panels(uint32_t rows, size_t token, uint32_t row)
{
    return (token / KN_LANES * rows + row) * KN_LANES + token % KN_LANES;
}

static void check_products(const char *name, const struct products *products, size_t tokens,
                           place_fn *place)
{
    for (int i = 0; i < KN_PRODUCTS_MAX; i++) {
        uint32_t rows = products->weights[i].matrix.rows;

        for (size_t token = 0; token < tokens; token++)
            for (uint32_t row = 0; row < rows; row++)
                check_one(name, &products->weights[i], row, token, products->list[i].bias,
                          products->out[i][place(rows, token, row)]);
        CHECK(name, products->out[i][rows * tokens] == untouched);
    }
}

static const struct {
    uint32_t rows, columns;
} sides[] = { { 1, 1 },    { 2, 3 },    { 3, 16 },   { 7, 31 },   { 8, 64 },
              { 9, 63 },   { 33, 65 },  { 17, 100 }, { 40, 128 }, { 5, 176 },
              { 31, 257 }, { 3, 2100 }, { 300, 96 } };

static void name_row(char out[ROW_NAME_SIZE], const struct kn_kernels *kernels,
                     enum kn_weight_type type, uint32_t rows, uint32_t columns, size_t tokens)
{
    (void)snprintf(out, ROW_NAME_SIZE, "%s %s %ux%u, %zu tokens", kn_kernels_name(kernels),
                   kn_weight_type_word(type), rows, columns, tokens);
}

/* What follows the last column of x is no number. */
static void check_vectors(const struct kn_kernels *kernels, struct kn_pool *pool,
                          enum kn_weight_type type, uint32_t rows, uint32_t columns, size_t vectors)
{
    char name[ROW_NAME_SIZE];
    size_t step = (size_t)columns + KN_KERNEL_PAD;
    float *x = kn_alloc(vectors * step * sizeof(float));
    struct products products;

    make_products(&products, type, rows, columns, vectors);
    name_row(name, kernels, type, rows, columns, vectors);
    for (size_t i = 0; i < vectors; i++)
        for (size_t column = 0; column < step; column++)
            x[i * step + column] = column < columns ? x_at(i, column) : NAN;
    kn_multiply_vectors(kernels, pool, products.list, KN_PRODUCTS_MAX, x, vectors);
    check_products(name, &products, vectors, place_in_vectors);
    free_products(&products);
    kn_free(x);
}

static void check_panels(const struct kn_kernels *kernels, struct kn_pool *pool,
                         enum kn_weight_type type, uint32_t rows, uint32_t columns, size_t panels)
{
    char name[ROW_NAME_SIZE];
    size_t tokens = panels * KN_LANES;
    float *x = kn_alloc(tokens * columns * sizeof(float));
    struct products products;

    make_products(&products, type, rows, columns, tokens);
    name_row(name, kernels, type, rows, columns, tokens);
    for (size_t token = 0; token < tokens; token++)
        for (uint32_t column = 0; column < columns; column++)
            x[place_in_panels(columns, token, column)] = x_at(token, column);
    kn_multiply_panels(kernels, pool, products.list, KN_PRODUCTS_MAX, x, panels);
    check_products(name, &products, tokens, place_in_panels);
    free_products(&products);
    kn_free(x);
}

typedef void check_fn(const struct kn_kernels *kernels, struct kn_pool *pool,
                      enum kn_weight_type type, uint32_t rows, uint32_t columns, size_t n);

static void with_every_set_and_format(check_fn *check, size_t most)
{
    for (int isa = 0; isa < KN_ISA_COUNT; isa++) {
        const struct kn_kernels *kernels = kn_kernels_of((enum kn_isa)isa);

        for (int type = 0; kernels != NULL && type < KN_WEIGHT_TYPE_COUNT; type++) {
            struct kn_pool *pool = pool_of(1 + (unsigned)type % 3);

            for (size_t i = 0; i < KN_COUNT(sides); i++)
                for (size_t n = 1; n <= most; n++)
                    check(kernels, pool, (enum kn_weight_type)type, sides[i].rows, sides[i].columns,
                          n);
            kn_pool_free(pool);
        }
    }
}

static void vectors_are_what_double_says(void **state)
{
    (void)state;
    with_every_set_and_format(check_vectors, KN_VECTORS_MAX);
}

static void panels_are_what_double_says(void **state)
{
    (void)state;
    with_every_set_and_format(check_panels, 2);
}

static void rows_longer_than_a_piece_or_the_scratch_add_up(void **state)
{
    struct kn_pool *pool = pool_of(2);

    (void)state;
    for (int isa = 0; isa < KN_ISA_COUNT; isa++) {
        const struct kn_kernels *kernels = kn_kernels_of((enum kn_isa)isa);

        if (kernels == NULL)
            continue;
        check_panels(kernels, pool, KN_WEIGHT_BF16, 11, 2111, 1);
        check_panels(kernels, pool, KN_WEIGHT_NF4, 3, 1223, 12);
        check_vectors(kernels, pool, KN_WEIGHT_BF16, 2, KN_POOL_SCRATCH / sizeof(float) + 100, 1);
    }
    kn_pool_free(pool);
}

static void any_part_of_a_row_is_widened(void **state)
{
    static const struct {
        const char *name;
        uint32_t at, n;
    } cases[] = { { "all", 0, 200 },           { "nothing", 7, 0 },      { "one", 199, 1 },
                  { "from a group", 64, 100 }, { "to a group", 3, 61 },  { "inside", 65, 20 },
                  { "across", 63, 70 },        { "to the end", 101, 99 } };
    float out[200];

    (void)state;
    for (int isa = 0; isa < KN_ISA_COUNT; isa++) {
        const struct kn_kernels *kernels = kn_kernels_of((enum kn_isa)isa);

        for (int type = 0; kernels != NULL && type < KN_WEIGHT_TYPE_COUNT; type++) {
            struct weights weights = make_weights((enum kn_weight_type)type, 3, 200);

            for (size_t i = 0; i < KN_COUNT(cases); i++) {
                kn_row_widen(kernels, &weights.matrix, 2, cases[i].at, cases[i].n, out);
                for (uint32_t j = 0; j < cases[i].n; j++)
                    CHECK(cases[i].name, out[j] == (float)weights.values[400 + cases[i].at + j]);
            }
            free_weights(&weights);
        }
    }
}

/* With strides that attention has: a transposed, sums apart from each other. */
static void check_tile(const struct kn_kernels *kernels, size_t rows, size_t depth, size_t lanes)
{
    enum { A = 13 * 40, B = 40 * 112, SUM = 13 * 120 };
    float a[A], b[B], sum[SUM];
    struct kn_tile tile = {
        .a = a,
        .b = b,
        .sum = sum,
        .rows = rows,
        .depth = depth,
        .lanes = lanes,
        .a_row = 1,
        .a_step = 13,
        .b_row = 112,
        .sum_row = 120,
        .fetch = (const uint8_t *)a,
        .fetch_rows = rows % 3,
        .fetch_row = 100,
        .fetch_step = 32,
    };

    for (size_t i = 0; i < A; i++)
        a[i] = x_at(1, i);
    for (size_t i = 0; i < B; i++)
        b[i] = x_at(2, i);
    for (size_t i = 0; i < SUM; i++)
        sum[i] = x_at(3, i);
    kn_tile_add(kernels, &tile);
    for (size_t i = 0; i < SUM; i++) {
        double want = (double)x_at(3, i), size = fabs(want);
        size_t row = i / 120, lane = i % 120;

        for (size_t k = 0; row < rows && lane < lanes && k < depth; k++) {
            double product = (double)a[row + k * 13] * (double)b[k * 112 + lane];

            want += product;
            size += fabs(product);
        }
        if (!(fabs((double)sum[i] - want) <= size * tolerance)) {
            (void)fprintf(stderr, "%s, %zu rows, depth %zu, %zu lanes: %zu is %.9g, not %.9g\n",
                          kn_kernels_name(kernels), rows, depth, lanes, i, (double)sum[i], want);
            fail();
        }
    }
}

static void tiles_are_what_double_says(void **state)
{
    (void)state;
    for (int isa = 0; isa < KN_ISA_COUNT; isa++) {
        const struct kn_kernels *kernels = kn_kernels_of((enum kn_isa)isa);

        for (size_t rows = 0; kernels != NULL && rows <= 13; rows++)
            for (size_t lanes = 16; lanes <= 112; lanes += 16) {
                check_tile(kernels, rows, 40, lanes);
                check_tile(kernels, rows, 1, lanes);
                check_tile(kernels, rows, 0, lanes);
            }
    }
}

static void the_best_set_is_one_of_them(void **state)
{
    const struct kn_kernels *best = kn_kernels_best();
    bool found = false;

    (void)state;
    CHECK_STR("plain", kn_kernels_name(kn_kernels_of(KN_ISA_PLAIN)), "plain");
    for (int isa = 0; isa < KN_ISA_COUNT; isa++)
        found = found || kn_kernels_of((enum kn_isa)isa) == best;
    CHECK("best", found);
    CHECK("none", kn_kernels_of(KN_ISA_COUNT) == NULL);
}

static void bytes_of_a_matrix(void **state)
{
    static const struct {
        const char *name;
        enum kn_weight_type type;
        uint32_t rows, columns;
        size_t want;
    } cases[] = {
        { "float32", KN_WEIGHT_F32, 3, 5, 60 },
        { "bfloat16", KN_WEIGHT_BF16, 3, 5, 30 },
        { "float16", KN_WEIGHT_F16, 3, 5, 30 },
        { "int8", KN_WEIGHT_INT8, 3, 5, 15 },
        { "nf4", KN_WEIGHT_NF4, 3, 64, 96 },
        { "nf4", KN_WEIGHT_NF4, 3, 65, 192 },
        { "float32", KN_WEIGHT_F32, 0, 5, 0 },
        { "float32", KN_WEIGHT_F32, 5, 0, 0 },
        { "float32", KN_WEIGHT_F32, UINT32_MAX, UINT32_MAX, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        CHECK_EQ(cases[i].name, kn_matrix_bytes(cases[i].type, cases[i].rows, cases[i].columns),
                 cases[i].want);
        CHECK_STR("word", kn_weight_type_word(cases[i].type), cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_what_double_says),
        cmocka_unit_test(panels_are_what_double_says),
        cmocka_unit_test(rows_longer_than_a_piece_or_the_scratch_add_up),
        cmocka_unit_test(any_part_of_a_row_is_widened),
        cmocka_unit_test(tiles_are_what_double_says),
        cmocka_unit_test(the_best_set_is_one_of_them),
        cmocka_unit_test(bytes_of_a_matrix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
