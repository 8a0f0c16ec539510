#include "compute/kernels/quantise.h"

#include <math.h>

#include "compute/kernels/kernels.h"
#include "compute/kernels/number16.h"
#include "support/check.h"

enum { N_MAX = 1024, BYTES_MAX = N_MAX, SCALES_MAX = N_MAX / 64 + 1 };

struct row {
    struct kn_matrix matrix;
    uint8_t bytes[BYTES_MAX], scales[SCALES_MAX * 4];
    float back[N_MAX];
};

static bool quantise(enum kn_weight_type type, const float *values, uint32_t n, struct row *out)
{
    bool fits = true;
    float scale = 0;

    *out = (struct row){ .matrix = { .type = type, .rows = 1, .columns = n } };
    out->matrix.at = out->bytes;
    out->matrix.scale = out->scales;
    if (type == KN_WEIGHT_INT8) {
        kn_quantise_int8(values, n, out->bytes, &scale);
        memcpy(out->scales, &scale, sizeof(scale));
    } else {
        fits = kn_quantise_nf4(values, n, out->bytes, out->scales);
    }
    if (fits)
        kn_row_widen(kn_kernels_of(KN_ISA_PLAIN), &out->matrix, 0, 0, n, out->back);
    return fits;
}

static void fill(float *out, size_t n, float size)
{
    for (size_t i = 0; i < n; i++)
        out[i] = size * sinf((float)(i * i % 1009)) * (float)(i % 7 + 1) / 7;
}

static const struct {
    const char *name;
    uint32_t n;
    float size;
} rows[] = { { "one", 1, 0.5F },  { "a group", 64, 1 },   { "a group and one", 65, 0.02F },
             { "less", 63, 3 },   { "many", 1024, 0.1F }, { "odd", 777, 100 },
             { "zeros", 100, 0 }, { "small", 200, 1e-3F } };

static void int8_is_half_a_step_away_at_most(void **state)
{
    float values[N_MAX];
    struct row row;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        fill(values, rows[i].n, rows[i].size);
        CHECK(rows[i].name, quantise(KN_WEIGHT_INT8, values, rows[i].n, &row));
        for (uint32_t j = 0; j < rows[i].n; j++)
            CHECK(rows[i].name,
                  fabsf(row.back[j] - values[j]) <= kn_f32_at(row.scales, 0) * 0.50001F);
    }
}

static void int8_of_numbers_below_the_normal_ones(void **state)
{
    const float values[] = { 1e-44F, -1e-44F, 0, 3e-45F };
    struct row row;

    (void)state;
    CHECK("small", quantise(KN_WEIGHT_INT8, values, 4, &row));
    for (int i = 0; i < 4; i++)
        CHECK("small", fabsf(row.back[i] - values[i]) <= 1e-42F);
}

static float nearest(float value, float scale)
{
    float best = 0;

    for (int i = 0; i < 16; i++) {
        float at = kn_nf4_values[i] * scale;

        if (i == 0 || fabsf(at - value) < fabsf(best - value))
            best = at;
    }
    return best;
}

static void nf4_is_the_nearest_of_sixteen(void **state)
{
    float values[N_MAX];
    struct row row;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        fill(values, rows[i].n, rows[i].size);
        CHECK(rows[i].name, quantise(KN_WEIGHT_NF4, values, rows[i].n, &row));
        for (uint32_t j = 0; j < rows[i].n; j++) {
            float scale = kn_float_of_f16(kn_u16_at(row.scales, j / 64));
            float best = nearest(values[j], scale);

            CHECK(rows[i].name,
                  fabsf(row.back[j] - values[j]) <= fabsf(best - values[j]) + scale * 1e-6F);
        }
    }
}

static void values_of_nf4_come_back(void **state)
{
    float values[64];
    struct row row;

    (void)state;
    for (int i = 0; i < 64; i++)
        values[i] = kn_nf4_values[i * 7 % 16] * 0.25F;
    CHECK("fits", quantise(KN_WEIGHT_NF4, values, 64, &row));
    for (int i = 0; i < 64; i++)
        CHECK("same", row.back[i] == values[i]);
    CHECK_EQ("first byte", row.bytes[0], 0 | (16 * 7 % 16) << 4);
    CHECK_EQ("second byte", row.bytes[1], 7 | (17 * 7 % 16) << 4);
}

static void a_scale_beyond_binary16_is_told(void **state)
{
    float values[65] = { [64] = 65504 };
    struct row row;

    (void)state;
    CHECK("largest", quantise(KN_WEIGHT_NF4, values, 65, &row));
    CHECK("comes back", row.back[64] == 65504);
    values[64] = -65520;
    CHECK("too large", !quantise(KN_WEIGHT_NF4, values, 65, &row));
}

static void bytes_of_scales(void **state)
{
    (void)state;
    CHECK_EQ("float32", kn_scale_bytes(KN_WEIGHT_F32, 3, 5), 0);
    CHECK_EQ("int8", kn_scale_bytes(KN_WEIGHT_INT8, 3, 5), 12);
    CHECK_EQ("nf4", kn_scale_bytes(KN_WEIGHT_NF4, 3, 64), 6);
    CHECK_EQ("nf4", kn_scale_bytes(KN_WEIGHT_NF4, 3, 65), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_is_half_a_step_away_at_most),
        cmocka_unit_test(int8_of_numbers_below_the_normal_ones),
        cmocka_unit_test(nf4_is_the_nearest_of_sixteen),
        cmocka_unit_test(values_of_nf4_come_back),
        cmocka_unit_test(a_scale_beyond_binary16_is_told),
        cmocka_unit_test(bytes_of_scales),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
