/*
 * hours — all schedules together: which of them holds at a moment, and when that changes. Pure.
 *
 * Moments are seconds since 1970-01-01 00:00 UTC.
 */
#ifndef KN_HOURS_HOURS_H
#define KN_HOURS_HOURS_H

#include "config/hours/window.h"
#include "config/hours/zones.h"
#include "config/schema/type.h"
#include "config/schema/value.h"

enum { KN_HOURS_NONE = -1 };

/* The schedules of a configuration, ready to be asked. */
struct kn_hours {
    const struct kn_schedule *schedules; /* lent */
    const struct kn_window *windows;     /* of each of them; the arena's */
    size_t n;                            /* at most KN_SCHEDULES_MAX */
};

/*
 * Read the zones and take the schedules apart; `schedules` and what it points at outlive the
 * result, whose memory is the arena's. The errors of kn_zones_find() and kn_cron_parse(), with the
 * name of the schedule in front.
 */
KN_MUST_USE enum kn_code kn_hours_make(const struct kn_schedules *schedules,
                                       const struct kn_zones_place *place, struct kn_arena *arena,
                                       struct kn_hours *out, struct kn_error *err);

/* What holds. Begin with { 0 } and ask again whenever it may have changed; earlier moments may be
 * asked too, for a clock may be set back. Another set of hours begins anew. */
struct kn_hours_now {
    int64_t asked;  /* the moment of which the rest tells */
    int winner;     /* the last of the open ones in the file, KN_HOURS_NONE */
    uint64_t open;  /* bit i: schedule i */
    int64_t until;  /* ask again then; KN_WINDOW_NEVER */
    bool is_longer; /* the winner is open at least until then, and probably longer */
    struct kn_window_state states[KN_SCHEDULES_MAX]; /* as of their own last look */
    int64_t looked[KN_SCHEDULES_MAX];
    bool begun;
};
void kn_hours_at(const struct kn_hours *hours, int64_t moment, struct kn_hours_now *now);

/* When the winner is another one for the first time, up to `end`, and `now` then tells of that
 * moment; `end` when it stays so long. */
int64_t kn_hours_next(const struct kn_hours *hours, int64_t end, struct kn_hours_now *now);

#endif
