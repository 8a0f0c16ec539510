/*
 * cmocka — as much of it as tests of pure functions need, for processors that are emulated and
 * have no cmocka.
 */
#ifndef KN_TESTS_CROSS_CMOCKA_H
#define KN_TESTS_CROSS_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(test) \
    {                          \
#test, test            \
    }
#define cmocka_run_group_tests(tests, setup, teardown) \
    run_tests(tests, sizeof(tests) / sizeof((tests)[0]))
#define print_error(...) (void)fprintf(stderr, __VA_ARGS__)
#define fail() exit(1)

static inline int run_tests(const struct CMUnitTest *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *state = NULL;

        (void)printf("%s\n", tests[i].name);
        tests[i].run(&state);
    }
    return 0;
}

#endif
