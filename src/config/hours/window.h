/*
 * window — the times at which one schedule is open. Pure: moments in, moments out.
 *
 * Moments are seconds since 1970-01-01 00:00 UTC. A window is open at a moment when some start s
 * lies no later than it and s + duration later; so windows that follow each other without a gap,
 * or that are longer than their period, are one.
 */
#ifndef KN_HOURS_WINDOW_H
#define KN_HOURS_WINDOW_H

#include "config/schema/cron.h"
#include "lib/codec/zone.h"

#define KN_WINDOW_NEVER INT64_MAX

enum { KN_WINDOW_LINKS_MAX = 2000 }; /* windows that are joined to one before "longer" is said */

struct kn_window {
    struct kn_cron cron; /* of its starts, by the wall clock of the zone */
    int64_t duration_s;  /* at least 1; seconds that pass, also where clocks are set */
    const struct kn_zone *zone;
};

struct kn_window_state {
    bool is_open, is_longer; /* is_longer: it is open still at `until`, ask again then */
    int64_t until;           /* open: its end; closed: its next start, or KN_WINDOW_NEVER */
};

/* The first start after `moment`, and the last one at or before it. False: there is none, within
 * 41 years ahead, or within the duration before. */
bool kn_window_next(const struct kn_window *window, int64_t moment, int64_t *start);
bool kn_window_last(const struct kn_window *window, int64_t moment, int64_t *start);

void kn_window_at(const struct kn_window *window, int64_t moment, struct kn_window_state *out);

#endif
