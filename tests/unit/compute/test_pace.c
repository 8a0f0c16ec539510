#include "compute/pace.h"

#include <math.h>

#include "support/check.h"

struct passes {
    unsigned n;
    uint32_t rows, tokens, blocks;
    int64_t us;
    kn_time at;
};

static const struct {
    const char *name;
    struct passes passes[3];
    kn_time now;
    double decode, forward;
} rows[] = {
    { "nobody", { { 0, 0, 0, 0, 0, 0 } }, 1000, 0, 0 },
    { "a hundred tokens through four blocks, 2 ms each",
      { { 100, 1, 1, 4, 2000, 500 } },
      1000,
      2000,
      0 },
    { "too few of them", { { 99, 1, 1, 4, 2000, 500 } }, 1000, 0, 0 },
    { "ten pieces", { { 10, 1, 240, 2, 48000, 500 } }, 1000, 0, 10000 },
    { "too few pieces", { { 9, 1, 240, 2, 48000, 500 } }, 1000, 0, 0 },
    { "a piece of several rows", { { 10, 16, 240, 2, 48000, 500 } }, 1000, 0, 10000 },
    { "steps of several sessions together tell nothing", { { 500, 2, 2, 4, 100, 0 } }, 500, 0, 0 },
    { "nor do short prompts", { { 500, 1, 127, 4, 100, 0 } }, 500, 0, 0 },
    { "nor a clock that stood still", { { 500, 1, 1, 4, 0, 0 } }, 500, 0, 0 },
    { "both, each by itself",
      { { 100, 1, 1, 1, 500, 0 }, { 10, 1, 128, 1, 128000, 2000 } },
      3000,
      2000,
      1000 },
    { "the last minute counts",
      { { 100, 1, 1, 1, 500, 0 }, { 100, 1, 1, 1, 1000, 61000 } },
      62000,
      1000,
      0 },
    { "and then they are gone", { { 100, 1, 1, 1, 500, 0 } }, 61000, 0, 0 },
};

static void the_pace_is_that_of_passes_like_the_measured_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_pace pace;

        kn_pace_start(&pace, 0);
        for (size_t j = 0; j < KN_COUNT(rows[i].passes); j++) {
            const struct passes *p = &rows[i].passes[j];

            for (unsigned k = 0; k < p->n; k++)
                kn_pace_add(&pace, p->at, p->rows, p->tokens, p->blocks, p->us);
        }
        CHECK(rows[i].name, fabs(kn_pace_decode(&pace, rows[i].now) - rows[i].decode) < 1e-6);
        CHECK(rows[i].name, fabs(kn_pace_forward(&pace, rows[i].now) - rows[i].forward) < 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pace_is_that_of_passes_like_the_measured_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
