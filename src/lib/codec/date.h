/*
 * date — days of the calendar as numbers, and back. Proleptic Gregorian, no zone, no clock.
 */
#ifndef KN_CODEC_DATE_H
#define KN_CODEC_DATE_H

#include <stdbool.h>
#include <stdint.h>

enum { KN_DAY_S = 86400 };

struct kn_date {
    int64_t year;
    int month, day; /* from 1 */
    int weekday;    /* 0: Sunday */
};

/* Days since 1970-01-01; years from -100000 to 100000. */
int64_t kn_date_days(int64_t year, int month, int day);

/* The other way; `days` within those years. */
struct kn_date kn_date_of(int64_t days);

bool kn_date_is_leap(int64_t year);
int kn_date_month_length(int64_t year, int month);

/* The day in which a moment lies, in seconds since 1970: rounded down, also before that. */
static inline int64_t kn_date_day(int64_t seconds)
{
    return seconds / KN_DAY_S - (seconds % KN_DAY_S < 0);
}

#endif
