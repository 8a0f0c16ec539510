#include "config/hours/clock_text.h"

#include <stdio.h>

#include "lib/codec/date.h"

enum { HOUR_S = 3600, MINUTE_S = 60 };

/* What the clock shows, taken apart. */
struct shown {
    struct kn_date date;
    int hour, minute, second, offset;
};

static struct shown show(const struct kn_zone *zone, int64_t moment)
{
    struct kn_zone_span span;
    int64_t wall, day;
    int rest;

    kn_zone_at(zone, moment, &span);
    wall = moment + span.offset;
    day = kn_date_day(wall);
    rest = (int)(wall - day * KN_DAY_S);
    return (struct shown){ .date = kn_date_of(day),
                           .hour = rest / HOUR_S,
                           .minute = rest % HOUR_S / MINUTE_S,
                           .second = rest % MINUTE_S,
                           .offset = span.offset };
}

static void add_time(const struct shown *shown, const char *before, char out[KN_CLOCK_TEXT_SIZE])
{
    if (shown->second != 0)
        (void)snprintf(out, KN_CLOCK_TEXT_SIZE, "%s%02d:%02d:%02d", before, shown->hour,
                       shown->minute, shown->second);
    else
        (void)snprintf(out, KN_CLOCK_TEXT_SIZE, "%s%02d:%02d", before, shown->hour, shown->minute);
}

void kn_clock_text(const struct kn_zone *zone, int64_t moment, char out[KN_CLOCK_TEXT_SIZE])
{
    static const char *const weekdays[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    const struct shown shown = show(zone, moment);
    char day[KN_CLOCK_TEXT_SIZE];

    (void)snprintf(day, sizeof(day), "%s %04d-%02d-%02d ", weekdays[shown.date.weekday],
                   (int)shown.date.year, shown.date.month, shown.date.day);
    add_time(&shown, day, out);
}

void kn_clock_short(const struct kn_zone *zone, int64_t moment, int64_t now,
                    char out[KN_CLOCK_TEXT_SIZE])
{
    const struct shown shown = show(zone, moment), today = show(zone, now);

    if (shown.date.day == today.date.day && shown.date.month == today.date.month &&
        shown.date.year == today.date.year)
        add_time(&shown, "", out);
    else
        kn_clock_text(zone, moment, out);
}

void kn_clock_iso(const struct kn_zone *zone, int64_t moment, char out[KN_CLOCK_TEXT_SIZE])
{
    const struct shown shown = show(zone, moment);
    int offset = shown.offset < 0 ? -shown.offset : shown.offset;

    (void)snprintf(out, KN_CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
                   (int)shown.date.year, shown.date.month, shown.date.day, shown.hour, shown.minute,
                   shown.second, shown.offset < 0 ? '-' : '+', offset / HOUR_S,
                   offset % HOUR_S / MINUTE_S);
}
