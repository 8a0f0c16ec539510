/*
 * check — cmocka with messages that name the row of a table and both values.
 */
#ifndef KN_TESTS_CHECK_H
#define KN_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/attributes.h"

#define CHECK(row, condition)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            (void)fprintf(stderr, "%s:%d: [%s] not true: %s\n", __FILE__, __LINE__, row, \
                          #condition);                                                   \
            fail();                                                                      \
        }                                                                                \
    } while (0)

#define CHECK_EQ(row, got, want) \
    check_eq(__FILE__, __LINE__, row, #got, (long long)(got), (long long)(want))
#define CHECK_STR(row, got, want) check_str(__FILE__, __LINE__, row, #got, got, want)
#define CHECK_HAS(row, got, part) check_has(__FILE__, __LINE__, row, #got, got, part)

static inline void check_eq(const char *file, int line, const char *row, const char *what,
                            long long got, long long want)
{
    if (got == want)
        return;
    (void)fprintf(stderr, "%s:%d: [%s] %s is %lld, not %lld\n", file, line, row, what, got, want);
    fail();
}

static inline void check_str(const char *file, int line, const char *row, const char *what,
                             const char *got, const char *want)
{
    if (got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want)
        return;
    (void)fprintf(stderr, "%s:%d: [%s] %s\n  is:  %s\n  not: %s\n", file, line, row, what,
                  got != NULL ? got : "(null)", want != NULL ? want : "(null)");
    fail();
}

static inline void check_has(const char *file, int line, const char *row, const char *what,
                             const char *got, const char *part)
{
    if (got != NULL && strstr(got, part) != NULL)
        return;
    (void)fprintf(stderr, "%s:%d: [%s] %s\n  is:  %s\n  has no: %s\n", file, line, row, what,
                  got != NULL ? got : "(null)", part);
    fail();
}

#endif
