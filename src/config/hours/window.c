#include "config/hours/window.h"

#include "lib/codec/date.h"

enum {
    MINUTE_S = 60,
    HOUR_MINUTES = 60,
    DAY_MINUTES = 24 * HOUR_MINUTES,
    AHEAD_DAYS = 41 * 366, /* 29 February falls on each weekday once in 40 years at the latest */
    MARGIN_DAYS = 3,       /* two zones differ by no more */
};

/* -- minutes of the wall clock, counted from 1970 */

static bool has_day(const struct kn_cron *cron, int64_t day)
{
    struct kn_date date = kn_date_of(day);
    bool in_days = (cron->days >> date.day & 1) != 0;
    bool in_weekdays = (cron->weekdays >> date.weekday & 1) != 0;

    if ((cron->months >> date.month & 1) == 0)
        return false;
    return cron->day_restricted && cron->weekday_restricted ? in_days || in_weekdays
                                                            : in_days && in_weekdays;
}

static bool has_minute(const struct kn_cron *cron, int minute)
{
    return (cron->minutes >> (minute % HOUR_MINUTES) & 1) != 0;
}

static bool has_hour(const struct kn_cron *cron, int minute)
{
    return (cron->hours >> (minute / HOUR_MINUTES) & 1) != 0;
}

/* The first minute of a day from `at` on, or -1. */
static int minute_from(const struct kn_cron *cron, int at)
{
    while (at < DAY_MINUTES) {
        if (!has_hour(cron, at))
            at += HOUR_MINUTES - at % HOUR_MINUTES;
        else if (has_minute(cron, at))
            return at;
        else
            at++;
    }
    return -1;
}

/* The last one up to `at`, or -1. */
static int minute_to(const struct kn_cron *cron, int at)
{
    while (at >= 0) {
        if (!has_hour(cron, at))
            at -= at % HOUR_MINUTES + 1;
        else if (has_minute(cron, at))
            return at;
        else
            at--;
    }
    return -1;
}

static int64_t wall_of(int64_t day, int minute)
{
    return day * KN_DAY_S + (int64_t)minute * MINUTE_S;
}

static int minute_of(int64_t wall)
{
    return (int)((wall - kn_date_day(wall) * KN_DAY_S) / MINUTE_S);
}

/* The first due wall time after `wall`. */
static bool next_wall(const struct kn_cron *cron, int64_t wall, int64_t *out)
{
    int64_t day = kn_date_day(wall), end = day + AHEAD_DAYS;
    int minute = minute_of(wall) + 1;

    for (; day < end; day++, minute = 0) {
        int found = has_day(cron, day) ? minute_from(cron, minute) : -1;

        if (found >= 0) {
            *out = wall_of(day, found);
            return true;
        }
    }
    return false;
}

/* The last due one at or before `wall`, on day `first` or later. */
static bool last_wall(const struct kn_cron *cron, int64_t wall, int64_t first, int64_t *out)
{
    int minute = minute_of(wall);

    for (int64_t day = kn_date_day(wall); day >= first; day--, minute = DAY_MINUTES - 1) {
        int found = has_day(cron, day) ? minute_to(cron, minute) : -1;

        if (found >= 0) {
            *out = wall_of(day, found);
            return true;
        }
    }
    return false;
}

/* -- moments */

bool kn_window_next(const struct kn_window *window, int64_t moment, int64_t *start)
{
    struct kn_zone_span span;
    int64_t wall;

    kn_zone_at(window->zone, moment, &span);
    wall = moment + span.offset;
    /* Where clocks were set back just now, some that follow came already, the first time. */
    do {
        if (!next_wall(&window->cron, wall, &wall))
            return false;
        *start = kn_zone_moment(window->zone, wall);
    } while (*start <= moment);
    return true;
}

/* The latest wall time that was shown until now: before clocks were set back, perhaps. */
static int64_t latest_wall(const struct kn_zone *zone, int64_t moment)
{
    struct kn_zone_span span, before;
    int64_t back;

    kn_zone_at(zone, moment, &span);
    if (span.from == INT64_MIN)
        return moment + span.offset;
    kn_zone_at(zone, span.from - 1, &before);
    back = (int64_t)before.offset - span.offset;
    return moment + span.offset + (back > 0 && moment - span.from < back ? back : 0);
}

bool kn_window_last(const struct kn_window *window, int64_t moment, int64_t *start)
{
    int64_t wall = latest_wall(window->zone, moment);
    int64_t first = kn_date_day(wall - window->duration_s) - MARGIN_DAYS;

    while (last_wall(&window->cron, wall, first, &wall)) {
        *start = kn_zone_moment(window->zone, wall);
        if (*start <= moment)
            return *start > moment - window->duration_s;
        wall -= MINUTE_S;
    }
    return false;
}

void kn_window_at(const struct kn_window *window, int64_t moment, struct kn_window_state *out)
{
    int64_t start = 0, next;

    *out = (struct kn_window_state){ .until = KN_WINDOW_NEVER };
    if (!kn_window_last(window, moment, &start)) {
        if (!kn_window_next(window, moment, &out->until))
            out->until = KN_WINDOW_NEVER;
        return;
    }
    out->is_open = true;
    out->until = start + window->duration_s;
    /* A start at the very end goes on. */
    for (int i = 0; i < KN_WINDOW_LINKS_MAX; i++) {
        if (!kn_window_next(window, start, &next) || next > out->until)
            return;
        if (kn_window_last(window, out->until, &next) && next > start)
            start = next;
        out->until = start + window->duration_s;
    }
    out->is_longer = true;
}
