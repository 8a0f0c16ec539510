/*
 * Property: a zone that is taken has its changes in order, and tells of every moment one stretch
 * that holds it, of which the neighbours say the same; what a clock shows leads back to a moment
 * at which it shows that, or to a change; a later wall time never to an earlier moment. What the
 * rule at the end says alone holds too.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/codec/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 64 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_moment(const struct kn_zone *zone, int64_t moment)
{
    struct kn_zone_span span, next;

    kn_zone_at(zone, moment, &span);
    require(span.from <= moment && moment < span.until);
    require(span.offset >= -200 * 3600 && span.offset <= 200 * 3600);
    kn_zone_at(zone, span.until - 1, &next);
    require(span.until == INT64_MAX || next.offset == span.offset);
    if (span.until < INT64_C(200000000000)) {
        kn_zone_at(zone, span.until, &next);
        require(next.from == span.until);
    }
}

static void check_wall(const struct kn_zone *zone, int64_t wall)
{
    int64_t moment = kn_zone_moment(zone, wall);
    struct kn_zone_span span;

    kn_zone_at(zone, moment, &span);
    require(moment + span.offset == wall || moment == span.from);
    require(kn_zone_moment(zone, wall + 60) >= moment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_zone zone = { 0 };

    require(arena != NULL);
    if (kn_tzif_parse(kn_span(data, size), arena, &zone) == KN_OK) {
        for (size_t i = 1; i < zone.n; i++)
            require(zone.changes[i].at > zone.changes[i - 1].at);
        for (int i = 0; i < STEPS; i++) {
            /* From the year 1867 to 2170, at odd hours. */
            int64_t moment = INT64_C(-3250000000) + i * INT64_C(150003707);

            check_moment(&zone, moment);
            check_wall(&zone, moment - moment % 60);
        }
    }
    kn_arena_free(arena);
    return 0;
}
