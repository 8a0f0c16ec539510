/*
 * zone — a time zone as a table: when its clocks are set, and to what. Pure.
 *
 * Moments are seconds since 1970-01-01 00:00 UTC. A wall time is what a clock on a wall there
 * shows, counted in the same way as if it were UTC.
 */
#ifndef KN_CODEC_ZONE_H
#define KN_CODEC_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/codec/zone_rule.h"

/* From `at` on; the clock shows the moment plus `offset` seconds. */
struct kn_zone_change {
    int64_t at;
    int32_t offset;
    bool is_dst;
};

struct kn_zone {
    int32_t offset; /* before the first change */
    bool is_dst;
    const struct kn_zone_change *changes; /* in order; lent */
    size_t n;
    bool has_rule;
    struct kn_zone_rule rule; /* from the last change on */
};

/* A stretch of time in which nothing changes: from <= moment < until. */
struct kn_zone_span {
    int64_t from, until; /* INT64_MIN, INT64_MAX: without an end */
    int32_t offset;
    bool is_dst;
};

/* The stretch in which a moment lies. Moments outside of the years -1000 to 9999 count as the
 * nearest inside. */
void kn_zone_at(const struct kn_zone *zone, int64_t moment, struct kn_zone_span *out);

/*
 * The moment at which a clock there shows `wall`: the first of two where clocks are set back, and
 * the end of the gap where they are set forward over it. A later wall time never gives an earlier
 * moment.
 */
int64_t kn_zone_moment(const struct kn_zone *zone, int64_t wall);

#endif
