#include "config/hours/hours.h"

#include "lib/base/arena.h"

enum { MS_PER_S = 1000 };

_Static_assert(KN_SCHEDULES_MAX <= 64, "a bit for each schedule");

static enum kn_code make_one(const struct kn_schedule *schedule, const struct kn_zones_place *place,
                             struct kn_arena *arena, struct kn_window *out, struct kn_error *err)
{
    struct kn_zone *zone = kn_arena_alloc(arena, sizeof(*zone));
    enum kn_code rc;

    if (zone == NULL)
        return kn_fail_no_memory(err);
    out->zone = zone;
    out->duration_s = (schedule->duration_ms + MS_PER_S - 1) / MS_PER_S;
    rc = kn_cron_parse(schedule->cron, &out->cron, err);
    return rc == KN_OK ? kn_zones_find(place, schedule->timezone, arena, zone, err) : rc;
}

enum kn_code kn_hours_make(const struct kn_schedules *schedules, const struct kn_zones_place *place,
                           struct kn_arena *arena, struct kn_hours *out, struct kn_error *err)
{
    size_t n = schedules->n < KN_SCHEDULES_MAX ? schedules->n : KN_SCHEDULES_MAX;
    struct kn_window *windows = kn_arena_alloc(arena, (n + 1) * sizeof(*windows));

    if (windows == NULL)
        return kn_fail_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        enum kn_code rc = make_one(&schedules->at[i], place, arena, &windows[i], err);

        if (rc == KN_OK)
            continue;
        if (rc != KN_E_NO_MEMORY)
            kn_wrap(err, "the schedule \"%.64s\"", schedules->at[i].name);
        return rc;
    }
    *out = (struct kn_hours){ .schedules = schedules->at, .windows = windows, .n = n };
    return KN_OK;
}

void kn_hours_at(const struct kn_hours *hours, int64_t moment, struct kn_hours_now *now)
{
    now->winner = KN_HOURS_NONE;
    now->open = 0;
    now->until = KN_WINDOW_NEVER;
    now->is_longer = false;
    for (size_t i = 0; i < hours->n; i++) {
        struct kn_window_state *state = &now->states[i];

        /* What was found holds until its end, for every moment since it was looked at. */
        if (!now->begun || moment < now->looked[i] || moment >= state->until) {
            kn_window_at(&hours->windows[i], moment, state);
            now->looked[i] = moment;
        }
        if (state->is_open) {
            now->open |= UINT64_C(1) << i;
            now->winner = (int)i;
            now->is_longer = state->is_longer;
        }
        now->until = state->until < now->until ? state->until : now->until;
    }
    now->begun = true;
    now->asked = moment;
}

int64_t kn_hours_next(const struct kn_hours *hours, int64_t end, struct kn_hours_now *now)
{
    int winner = now->winner;

    while (now->until < end) {
        kn_hours_at(hours, now->until, now);
        if (now->winner != winner)
            return now->asked;
    }
    return end;
}
