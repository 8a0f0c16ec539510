/*
 * zone_rule — the line of text by which a zone goes on for ever: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * spec: POSIX, Base Definitions 8.3, TZ; times of -167 to 167 hours and <names> as RFC 8536 has
 * them. A zone with summer time but without its two days is refused: nobody writes such files.
 */
#ifndef KN_CODEC_ZONE_RULE_H
#define KN_CODEC_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/base/span.h"

struct kn_zone_span;

enum kn_zone_day_kind {
    KN_ZONE_DAY_OF_WEEK,   /* Mm.w.d: the w-th such weekday of the month, 5 the last */
    KN_ZONE_DAY_NO_LEAP,   /* Jn: 1 to 365, and 29 February is none of them */
    KN_ZONE_DAY_FROM_ZERO, /* n: 0 to 365 */
};

struct kn_zone_day {
    enum kn_zone_day_kind kind;
    int month, week, day;
    int32_t time; /* seconds of the wall clock after that day's midnight, perhaps below 0 */
};

struct kn_zone_rule {
    int32_t offset, dst_offset; /* seconds to add to UTC */
    bool has_dst;
    struct kn_zone_day begin, end; /* of summer time */
};

/* KN_E_SYNTAX: no such line. `out` is written on success only. */
KN_MUST_USE enum kn_code kn_zone_rule_parse(struct kn_span text, struct kn_zone_rule *out);

/* The stretch in which a moment lies; within the years -2000 to 10000. */
void kn_zone_rule_at(const struct kn_zone_rule *rule, int64_t moment, struct kn_zone_span *out);

#endif
