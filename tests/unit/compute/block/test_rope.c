#include "compute/block/rope.h"

#include <math.h>

#include "support/check.h"

enum { HEAD = 128 };

static void frequencies_are_scaled_as_transformers_scales_them(void **state)
{
    static const struct {
        const char *name;
        enum kn_rope_scaling scaling;
        size_t at;
        double want;
    } rows[] = {
        { "plain 10", KN_ROPE_PLAIN, 10, 0.1286873734 },
        { "plain 28", KN_ROPE_PLAIN, 28, 3.211445995e-3 },
        { "plain 63", KN_ROPE_PLAIN, 63, 2.455140791e-6 },
        { "linear 10", KN_ROPE_LINEAR, 10, 0.1286873734 / 8 },
        { "llama3 10: short waves stay", KN_ROPE_LLAMA3, 10, 0.1286873734 },
        { "llama3 28: the last that stays", KN_ROPE_LLAMA3, 28, 3.211445995e-3 },
        { "llama3 29: the first between", KN_ROPE_LLAMA3, 29, 2.166570764e-3 },
        { "llama3 31", KN_ROPE_LLAMA3, 31, 8.567514129e-4 },
        { "llama3 34: the last between", KN_ROPE_LLAMA3, 34, 1.785078128e-4 },
        { "llama3 35: the first of the long", KN_ROPE_LLAMA3, 35, 9.556212354e-5 },
        { "llama3 63", KN_ROPE_LLAMA3, 63, 3.068925989e-7 },
    };
    float got[HEAD / 2];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_rope rope = { .theta = 500000,
                                      .scaling = rows[i].scaling,
                                      .factor = 8,
                                      .low_frequency = 1,
                                      .high_frequency = 4,
                                      .original_positions = 8192 };

        kn_rope_frequencies(&rope, HEAD, got);
        CHECK(rows[i].name, fabs((double)got[rows[i].at] / rows[i].want - 1) < 2e-6);
    }
}

static void angles_are_positions_times_frequencies(void **state)
{
    const float frequencies[] = { 1, 0.5F };
    float got[4];

    (void)state;
    kn_rope_angles(frequencies, 2, 3, got);
    for (size_t i = 0; i < 2; i++) {
        assert_true(fabs((double)got[i] - cos(3.0 * (double)frequencies[i])) < 1e-6);
        assert_true(fabs((double)got[2 + i] - sin(3.0 * (double)frequencies[i])) < 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequencies_are_scaled_as_transformers_scales_them),
        cmocka_unit_test(angles_are_positions_times_frequencies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
