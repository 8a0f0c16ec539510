#include "lib/codec/date.h"

enum { CYCLE_YEARS = 400, CYCLE_DAYS = 146097, TO_1970 = 719528, THURSDAY = 4 };

bool kn_date_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % CYCLE_YEARS == 0);
}

int kn_date_month_length(int64_t year, int month)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return lengths[month - 1] + (month == 2 && kn_date_is_leap(year));
}

/* Days from 0000-01-01 to the first of that year of a cycle. */
static int64_t days_before(int64_t year)
{
    int64_t done = year - 1; /* the year 0 is a leap year */

    return year == 0 ? 0 : 366 + done * 365 + done / 4 - done / 100;
}

int64_t kn_date_days(int64_t year, int month, int day)
{
    int64_t cycles = year / CYCLE_YEARS - (year % CYCLE_YEARS < 0);
    int64_t days = cycles * CYCLE_DAYS + days_before(year - cycles * CYCLE_YEARS);

    for (int i = 1; i < month; i++)
        days += kn_date_month_length(year, i);
    return days + day - 1 - TO_1970;
}

struct kn_date kn_date_of(int64_t days)
{
    int64_t since = days - kn_date_days(0, 1, 1);
    int64_t cycles = since / CYCLE_DAYS - (since % CYCLE_DAYS < 0);
    int64_t rest = since - cycles * CYCLE_DAYS, year = rest / 366;
    int month = 1;
    int weekday = (int)((days % 7 + 7 + THURSDAY) % 7);

    while (days_before(year + 1) <= rest)
        year++;
    rest -= days_before(year);
    year += cycles * CYCLE_YEARS;
    while (rest >= kn_date_month_length(year, month))
        rest -= kn_date_month_length(year, month++);
    return (
        struct kn_date){ .year = year, .month = month, .day = (int)rest + 1, .weekday = weekday };
}
