#include "compute/kernels/quantise.h"

#include <math.h>

#include "compute/kernels/kernels.h"
#include "compute/kernels/one_weight.h"
#include "support/check.h"

enum { COLUMNS_MAX = 200, ROWS = 300, GROUPS_MAX = 4 };

static uint32_t state_of_chance = 1;

static float chance(float size)
{
    state_of_chance = state_of_chance * 1664525U + 1013904223U;
    return ((float)(state_of_chance >> 8) / 8388608.0F - 1) * size;
}

static void fill(float *row, uint32_t columns, unsigned number)
{
    static const float sizes[] = { 1, 0.02F, 1e-7F, 60000, 1e-30F, 1e-42F, 0 };

    for (uint32_t i = 0; i < columns; i++)
        row[i] = chance(sizes[number % KN_COUNT(sizes)]);
}

static float most_of(const float *at, uint32_t n)
{
    float most = 0;

    for (uint32_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf(at[i]));
    return most;
}

static void int8_is_within_half_a_step(void **state)
{
    (void)state;
    for (unsigned number = 0; number < ROWS; number++) {
        float row[COLUMNS_MAX], got[COLUMNS_MAX], scale = -1;
        int8_t bytes[COLUMNS_MAX];
        uint32_t columns = 1 + number % COLUMNS_MAX;
        const struct kn_matrix matrix = { KN_WEIGHT_INT8, 1, columns, bytes, &scale };
        float most;

        fill(row, columns, number);
        most = most_of(row, columns);
        CHECK("finite", kn_quantise_int8(row, columns, bytes, &scale));
        kn_row_widen(kn_kernels_of(KN_ISA_PLAIN), &matrix, 0, 0, columns, got);
        for (uint32_t i = 0; i < columns; i++)
            CHECK("near", fabsf(got[i] - row[i]) <= most / 127 * 0.501F + 1e-36F);
    }
}

/* No other code is nearer, seen with the scale that was kept. */
static void nf4_is_the_nearest_code(void **state)
{
    (void)state;
    for (unsigned number = 0; number < ROWS; number++) {
        float row[COLUMNS_MAX], got[COLUMNS_MAX];
        uint8_t bytes[GROUPS_MAX * KN_NF4_GROUP / 2];
        uint16_t scales[GROUPS_MAX];
        uint32_t columns = 1 + number % COLUMNS_MAX;
        const struct kn_matrix matrix = { KN_WEIGHT_NF4, 1, columns, bytes, scales };

        fill(row, columns, number);
        CHECK("finite", kn_quantise_nf4(row, columns, bytes, scales));
        kn_row_widen(kn_kernels_of(KN_ISA_PLAIN), &matrix, 0, 0, columns, got);
        for (uint32_t i = 0; i < columns; i++) {
            uint32_t from = i / KN_NF4_GROUP * KN_NF4_GROUP;
            uint32_t n = columns - from < KN_NF4_GROUP ? columns - from : KN_NF4_GROUP;
            float most = most_of(row + from, n);
            float scale = kn_float_of_f16(scales[i / KN_NF4_GROUP]);

            CHECK("near", fabsf(got[i] - row[i]) <= most * 0.153F + 6e-8F);
            for (int code = 0; code < 16; code++)
                CHECK("nearest", fabsf(got[i] - row[i]) <=
                                     fabsf(kn_nf4_values[code] * scale - row[i]) + most * 1e-6F);
        }
    }
}

static void what_is_not_finite_is_refused(void **state)
{
    static const struct {
        const char *row;
        float value;
        bool int8, nf4;
    } rows[] = {
        { "the largest of float16", 65504, true, true },
        { "what rounds to it", 65519, true, true },
        { "what rounds to infinity", 65520, true, false },
        { "the largest of all", 3.4e38F, true, false },
        { "infinite", INFINITY, false, false },
        { "below all", -INFINITY, false, false },
        { "no number", NAN, false, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        float row[70] = { 0 }, scale;
        int8_t small[70];
        uint8_t bytes[KN_NF4_GROUP];
        uint16_t scales[2];

        row[69] = rows[i].value;
        CHECK_EQ(rows[i].row, kn_quantise_int8(row, 70, small, &scale), rows[i].int8);
        CHECK_EQ(rows[i].row, kn_quantise_nf4(row, 70, bytes, scales), rows[i].nf4);
    }
}

static void scales_have_their_bytes(void **state)
{
    (void)state;
    CHECK_EQ("none", kn_matrix_scale_bytes(KN_WEIGHT_BF16, 7, 100), 0);
    CHECK_EQ("one a row", kn_matrix_scale_bytes(KN_WEIGHT_INT8, 7, 100), 28);
    CHECK_EQ("one a group", kn_matrix_scale_bytes(KN_WEIGHT_NF4, 7, 100), 28);
    CHECK_EQ("whole groups", kn_matrix_scale_bytes(KN_WEIGHT_NF4, 7, 64), 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_is_within_half_a_step),
        cmocka_unit_test(nf4_is_the_nearest_code),
        cmocka_unit_test(what_is_not_finite_is_refused),
        cmocka_unit_test(scales_have_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
