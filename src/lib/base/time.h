/*
 * time — moments, handed in to everything that waits.
 */
#ifndef KN_BASE_TIME_H
#define KN_BASE_TIME_H

#include <stdint.h>

/* Milliseconds of a clock that never steps back; its zero means nothing outside this process. */
typedef int64_t kn_time;

#define KN_NEVER INT64_MAX

static inline kn_time kn_time_min(kn_time a, kn_time b)
{
    return a < b ? a : b;
}

#endif
