#include "lib/codec/zone.h"

enum { WALL_MAX_S = 26 * 3600 }; /* no clock is further from UTC */

/* Years of four digits and a bit: the arithmetic of dates has room to both sides. */
#define FIRST_MOMENT INT64_C(-93000000000)
#define LAST_MOMENT INT64_C(253000000000)

/* What the rule says, no earlier than the last change of the table. */
static void at_rule(const struct kn_zone *zone, int64_t moment, struct kn_zone_span *out)
{
    int64_t begin = zone->n > 0 ? zone->changes[zone->n - 1].at : INT64_MIN;

    kn_zone_rule_at(&zone->rule, moment, out);
    if (out->from < begin)
        out->from = begin;
}

/* How many changes are at or before the moment. */
static size_t count_before(const struct kn_zone *zone, int64_t moment)
{
    size_t low = 0, high = zone->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zone->changes[middle].at <= moment)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void kn_zone_at(const struct kn_zone *zone, int64_t moment, struct kn_zone_span *out)
{
    size_t n;

    moment = moment < FIRST_MOMENT ? FIRST_MOMENT : moment > LAST_MOMENT ? LAST_MOMENT : moment;
    n = count_before(zone, moment);
    if (n == zone->n && zone->has_rule) {
        at_rule(zone, moment, out);
        return;
    }
    *out = (struct kn_zone_span){ .from = INT64_MIN,
                                  .until = n < zone->n ? zone->changes[n].at : INT64_MAX,
                                  .offset = zone->offset,
                                  .is_dst = zone->is_dst };
    if (n == 0)
        return;
    out->from = zone->changes[n - 1].at;
    out->offset = zone->changes[n - 1].offset;
    out->is_dst = zone->changes[n - 1].is_dst;
}

int64_t kn_zone_moment(const struct kn_zone *zone, int64_t wall)
{
    struct kn_zone_span span;
    int64_t at;

    wall = wall < FIRST_MOMENT ? FIRST_MOMENT : wall > LAST_MOMENT ? LAST_MOMENT : wall;
    kn_zone_at(zone, wall - WALL_MAX_S, &span);
    for (;;) {
        at = wall - span.offset;
        if (at < span.from)
            return span.from; /* the clock was set forward over it */
        if (at < span.until || span.until >= LAST_MOMENT)
            return at;
        kn_zone_at(zone, span.until, &span);
    }
}
