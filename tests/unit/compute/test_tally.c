#include "compute/tally.h"

#include <math.h>

#include "support/check.h"

static void a_rate_is_that_of_the_last_minute(void **state)
{
    static const struct {
        const char *name;
        struct {
            kn_time at;
            uint64_t n;
        } adds[3];
        kn_time now;
        double want;
    } cases[] = {
        { "nothing", { { 0, 0 } }, 1000, 0 },
        { "at once", { { 0, 7 } }, 0, 7 },
        { "in less than a second", { { 0, 7 }, { 400, 7 } }, 500, 14 },
        { "in ten seconds", { { 0, 50 }, { 9000, 50 } }, 10000, 10 },
        { "a whole minute", { { 0, 60 }, { 30000, 60 } }, 59999, 2 },
        { "what is older is gone", { { 0, 60 }, { 30000, 60 } }, 60000, 1 },
        { "a slot that is used again", { { 500, 600 }, { 60500, 60 } }, 60900, 1 },
        { "long ago", { { 0, 60 }, { 30000, 60 } }, 86400000, 0 },
        { "after a long silence", { { 0, 60 }, { 86400000, 120 } }, 86400000, 2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const kn_time start = 123456;
        struct kn_tally tally;
        double got;

        kn_tally_start(&tally, start);
        for (size_t j = 0; j < KN_COUNT(cases[i].adds); j++) {
            if (cases[i].adds[j].n > 0)
                kn_tally_add(&tally, start + cases[i].adds[j].at, cases[i].adds[j].n);
        }
        got = kn_tally_rate(&tally, start + cases[i].now);
        if (fabs(got - cases[i].want) > 0.001)
            (void)fprintf(stderr, "%s: %f\n", cases[i].name, got);
        CHECK(cases[i].name, fabs(got - cases[i].want) <= 0.001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_rate_is_that_of_the_last_minute) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
