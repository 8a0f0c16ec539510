#include "compute/kernels/one_weight.h"

#include <math.h>

#include "compute/kernels/kernels.h"
#include "support/check.h"

static void narrow_and_widen_of_special_values(void **state)
{
    static const struct {
        const char *name;
        uint32_t from; /* float32 */
        uint16_t bf16, f16;
    } cases[] = {
        { "zero", 0x00000000, 0x0000, 0x0000 },
        { "minus zero", 0x80000000, 0x8000, 0x8000 },
        { "one", 0x3f800000, 0x3f80, 0x3c00 },
        { "minus two", 0xc0000000, 0xc000, 0xc000 },
        { "infinite", 0x7f800000, 0x7f80, 0x7c00 },
        { "minus infinite", 0xff800000, 0xff80, 0xfc00 },
        { "no number", 0x7fc00000, 0x7fc0, 0x7e00 },
        { "no number, in its low bits alone", 0x7f800001, 0x7fc0, 0x7e00 },
        { "minus no number", 0xffc12345, 0xffc1, 0xfe09 },
        { "largest", 0x7f7fffff, 0x7f80, 0x7c00 },
        { "largest bfloat16", 0x7f7f0000, 0x7f7f, 0x7c00 },
        { "65504, the largest float16", 0x477fe000, 0x4780, 0x7bff },
        { "below 65520", 0x477fefff, 0x4780, 0x7bff },
        { "65520 is as near to 65536", 0x477ff000, 0x4780, 0x7c00 },
        { "65536", 0x47800000, 0x4780, 0x7c00 },
        { "tie of bfloat16, down to even", 0x3f808000, 0x3f80, 0x3c04 },
        { "tie of bfloat16, up to even", 0x3f818000, 0x3f82, 0x3c0c },
        { "above a tie of bfloat16", 0x3f808001, 0x3f81, 0x3c04 },
        { "tie of float16, down to even", 0x3f801000, 0x3f80, 0x3c00 },
        { "tie of float16, up to even", 0x3f803000, 0x3f80, 0x3c02 },
        { "above a tie of float16", 0x3f801001, 0x3f80, 0x3c01 },
        { "2^-14, the smallest normal float16", 0x38800000, 0x3880, 0x0400 },
        { "rounds up to it", 0x387fffff, 0x3880, 0x0400 },
        { "largest subnormal float16", 0x387fc000, 0x3880, 0x03ff },
        { "2^-24, the smallest float16", 0x33800000, 0x3380, 0x0001 },
        { "2^-25 is a tie, down to even", 0x33000000, 0x3300, 0x0000 },
        { "above 2^-25", 0x33000001, 0x3300, 0x0001 },
        { "3 * 2^-25 is a tie, up to even", 0x33c00000, 0x33c0, 0x0002 },
        { "subnormal float32", 0x00000001, 0x0000, 0x0000 },
        { "subnormal bfloat16", 0x00010000, 0x0001, 0x0000 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        float from = kn_float_of_bits(cases[i].from);
        uint16_t bf16 = 0, f16 = 0;

        kn_narrow_bf16(&from, 1, &bf16);
        kn_narrow_f16(&from, 1, &f16);
        CHECK_EQ(cases[i].name, bf16, cases[i].bf16);
        CHECK_EQ(cases[i].name, f16, cases[i].f16);
    }
}

/* By the definition: sign, exponent, fraction. */
static double value_of(uint32_t bits, int exponent_bits, int fraction_bits)
{
    uint32_t exponent = bits >> fraction_bits & ((1U << exponent_bits) - 1);
    double fraction = (double)(bits & ((1U << fraction_bits) - 1)) / (double)(1U << fraction_bits);
    int bias = (1 << (exponent_bits - 1)) - 1;
    double size =
        exponent == 0 ? ldexp(fraction, 1 - bias) : ldexp(1 + fraction, (int)exponent - bias);

    if (exponent == (1U << exponent_bits) - 1)
        size = fraction == 0 ? (double)INFINITY : (double)NAN;
    return bits >> (exponent_bits + fraction_bits) != 0 ? -size : size;
}

static void check_all(const char *name, int exponent_bits, int fraction_bits,
                      void (*widen)(const void *from, size_t n, float *out),
                      void (*narrow)(const float *from, size_t n, void *out))
{
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        double want = value_of(bits, exponent_bits, fraction_bits);
        uint16_t from = (uint16_t)bits, back = 0;
        float got = 0;

        widen(&from, 1, &got);
        narrow(&got, 1, &back);
        if (isnan(want)) {
            CHECK(name, isnan(got));
            CHECK(name, isnan(value_of(back, exponent_bits, fraction_bits)));
            continue;
        }
        CHECK(name, (double)got == want);
        CHECK(name, (signbit(got) != 0) == (signbit(want) != 0));
        CHECK_EQ(name, back, bits);
    }
}

static void all_numbers_go_there_and_back(void **state)
{
    (void)state;
    check_all("bfloat16", 8, 7, kn_widen_bf16, kn_narrow_bf16);
    check_all("float16", 5, 10, kn_widen_f16, kn_narrow_f16);
}

/* The instruction sets have their own. */
static void rows_of_all_numbers_are_widened_alike(void **state)
{
    static uint16_t all[1 << 16];
    static float want[1 << 16], got[1 << 16];

    (void)state;
    for (uint32_t i = 0; i <= UINT16_MAX; i++)
        all[i] = (uint16_t)i;
    for (int isa = 0; isa < KN_ISA_COUNT; isa++) {
        const struct kn_kernels *kernels = kn_kernels_of((enum kn_isa)isa);

        for (int type = KN_WEIGHT_BF16; kernels != NULL && type <= KN_WEIGHT_F16; type++) {
            struct kn_matrix row = { (enum kn_weight_type)type, 1, 1 << 16, all, NULL };

            (type == KN_WEIGHT_BF16 ? kn_widen_bf16 : kn_widen_f16)(all, 1 << 16, want);
            kn_row_widen(kernels, &row, 0, 0, 1 << 16, got);
            for (size_t i = 0; i <= UINT16_MAX; i++)
                CHECK(kn_kernels_name(kernels),
                      isnan(want[i]) ? isnan(got[i])
                                     : kn_bits_of_float(got[i]) == kn_bits_of_float(want[i]));
        }
    }
}

static void every_number_must_be_finite(void **state)
{
    static const struct {
        const char *name;
        float value;
        bool want;
    } cases[] = { { "zero", 0, true },
                  { "largest", 0x1.fffffeP127F, true },
                  { "infinite", INFINITY, false },
                  { "minus infinite", -INFINITY, false },
                  { "no number", NAN, false } };
    float values[67] = { 0 };

    (void)state;
    CHECK("none", kn_all_finite(values, 0));
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        for (size_t at = 0; at < KN_COUNT(values); at++) {
            values[at] = cases[i].value;
            CHECK_EQ(cases[i].name, kn_all_finite(values, KN_COUNT(values)), cases[i].want);
            CHECK(cases[i].name, kn_all_finite(values, at));
            values[at] = 1;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_and_widen_of_special_values),
        cmocka_unit_test(all_numbers_go_there_and_back),
        cmocka_unit_test(rows_of_all_numbers_are_widened_alike),
        cmocka_unit_test(every_number_must_be_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
