#include "node/schedule/pausing.h"

#include <string.h>

#include "config/hours/limits.h"

enum { MS_PER_S = 1000 };

const char *kn_pause_word(enum kn_pause_by by)
{
    static const char *const words[] = { "command", "schedule", "battery", "gpu" };

    return by < KN_PAUSED_BY_COUNT ? words[by] : "none";
}

/* Where the window that is passed over stands among the new ones; KN_HOURS_NONE: it is another, or
 * there is none. */
static int same_window(const struct kn_pausing *pausing, const struct kn_hours *hours)
{
    const struct kn_schedule *passed;

    if (pausing->passed_winner == KN_HOURS_NONE)
        return KN_HOURS_NONE; /* the base limits paused: others are looked at anew */
    passed = &pausing->hours->schedules[pausing->passed_winner];
    for (size_t i = 0; i < hours->n; i++) {
        const struct kn_schedule *one = &hours->schedules[i];

        if (strcmp(one->name, passed->name) == 0 && strcmp(one->cron, passed->cron) == 0 &&
            strcmp(one->timezone, passed->timezone) == 0 &&
            one->duration_ms == passed->duration_ms &&
            kn_limits_equal(&one->limits, &passed->limits))
            return (int)i;
    }
    return KN_HOURS_NONE;
}

void kn_pausing_set_hours(struct kn_pausing *pausing, const struct kn_hours *hours,
                          const struct kn_limits *base)
{
    pausing->passed_winner = pausing->passes_over ? same_window(pausing, hours) : KN_HOURS_NONE;
    pausing->passes_over = pausing->passed_winner != KN_HOURS_NONE;
    pausing->hours = hours;
    pausing->base = *base;
    pausing->now = (struct kn_hours_now){ 0 };
}

void kn_pausing_pause(struct kn_pausing *pausing, const struct kn_pause_moment *moment,
                      int64_t duration_ms)
{
    pausing->is_commanded = true;
    pausing->has_end = duration_ms > 0;
    pausing->end_ms = moment->since_boot_ms + duration_ms;
    pausing->passes_over = false;
}

static const struct kn_limits *window_of(const struct kn_pausing *pausing)
{
    return pausing->now.winner != KN_HOURS_NONE
               ? &pausing->hours->schedules[pausing->now.winner].limits
               : NULL;
}

static bool window_pauses(const struct kn_pausing *pausing)
{
    const struct kn_limits limits = kn_limits_over(&pausing->base, window_of(pausing));

    return kn_limits_pause(&limits);
}

void kn_pausing_resume(struct kn_pausing *pausing, const struct kn_pause_moment *moment)
{
    kn_hours_at(pausing->hours, moment->now_s, &pausing->now);
    pausing->is_commanded = false;
    pausing->passes_over = window_pauses(pausing);
    pausing->passed_winner = pausing->now.winner;
}

/* When no window pauses any more; 0: nobody knows. Bounded, for windows may follow each other for
 * ever. */
static int64_t end_of_windows(const struct kn_pausing *pausing)
{
    enum { CHANGES_MAX = 100, AHEAD_S = 60 * 86400 };
    struct kn_pausing later = *pausing;
    int64_t end = pausing->now.asked + AHEAD_S;

    for (int i = 0; i < CHANGES_MAX; i++) {
        int64_t at = kn_hours_next(later.hours, end, &later.now);

        if (at >= end)
            return 0;
        if (!window_pauses(&later))
            return at;
    }
    return 0;
}

static void look_at_command(struct kn_pausing *pausing, const struct kn_pause_moment *moment,
                            struct kn_pause_verdict *out)
{
    int64_t left = pausing->end_ms - moment->since_boot_ms;

    if (pausing->is_commanded && pausing->has_end && left <= 0)
        pausing->is_commanded = false;
    if (!pausing->is_commanded)
        return;
    out->all |= 1u << KN_PAUSED_BY_COMMAND;
    if (!pausing->has_end)
        return;
    out->until_s = moment->now_s + (left + MS_PER_S - 1) / MS_PER_S;
    out->again_ms = left < out->again_ms ? left : out->again_ms;
}

static void look_at_windows(struct kn_pausing *pausing, int64_t now_s, struct kn_pause_verdict *out)
{
    const struct kn_hours_now *now = &pausing->now;
    int64_t left_ms;

    kn_hours_at(pausing->hours, now_s, &pausing->now);
    if (pausing->passes_over && now->winner != pausing->passed_winner)
        pausing->passes_over = false;
    out->winner = now->winner;
    out->window_until_s = now->until == KN_WINDOW_NEVER || now->is_longer ? 0 : now->until;
    out->limits = kn_limits_over(&pausing->base, pausing->passes_over ? NULL : window_of(pausing));
    if (kn_limits_pause(&out->limits))
        out->all |= 1u << KN_PAUSED_BY_SCHEDULE;
    if (now->until - now_s >= KN_PAUSING_LOOK_MS / MS_PER_S)
        return;
    left_ms = (now->until - now_s) * MS_PER_S;
    out->again_ms = left_ms < out->again_ms ? left_ms : out->again_ms;
}

/* When the last of the reasons ends; of some nobody can say it. */
static int64_t end_of_all(const struct kn_pausing *pausing, const struct kn_pause_verdict *verdict)
{
    bool by_windows = (verdict->all >> KN_PAUSED_BY_SCHEDULE & 1) != 0;
    int64_t windows_end = by_windows ? end_of_windows(pausing) : 0;

    if (verdict->all == 0 || (verdict->all >> KN_PAUSED_BY_BATTERY) != 0 ||
        (pausing->is_commanded && !pausing->has_end) || (by_windows && windows_end == 0))
        return 0;
    return windows_end > verdict->until_s ? windows_end : verdict->until_s;
}

void kn_pausing_look(struct kn_pausing *pausing, const struct kn_pause_moment *moment,
                     struct kn_pause_verdict *out)
{
    *out = (struct kn_pause_verdict){ .by = KN_PAUSED_BY_COUNT, .again_ms = KN_PAUSING_LOOK_MS };
    look_at_command(pausing, moment, out);
    look_at_windows(pausing, moment->now_s, out);
    out->all |= (unsigned)pausing->on_battery << KN_PAUSED_BY_BATTERY;
    out->all |= (unsigned)pausing->gpu_is_busy << KN_PAUSED_BY_GPU;
    for (int by = KN_PAUSED_BY_COUNT - 1; by >= 0; by--)
        out->by = (out->all >> by & 1) != 0 ? (enum kn_pause_by)by : out->by;
    out->until_s = end_of_all(pausing, out);
}
