#include "node/log/repeats.h"

#include <string.h>

static bool is_over(const struct kn_log_repeat *one, kn_time now)
{
    return now - one->since >= KN_LOG_REPEATS_MS;
}

/* Its place, or one that can be its own; NULL: all are in use. */
static struct kn_log_repeat *place_of(struct kn_log_repeats *repeats,
                                      const struct kn_log_repeat *kind, kn_time now)
{
    struct kn_log_repeat *free = NULL;

    for (size_t i = 0; i < KN_LOG_REPEATS_KINDS; i++) {
        struct kn_log_repeat *one = &repeats->at[i];

        if (one->event != NULL && one->level == kind->level && one->module == kind->module &&
            strcmp(one->event, kind->event) == 0)
            return one;
        if (one->event == NULL || (one->held_back == 0 && is_over(one, now)))
            free = one;
    }
    if (free != NULL)
        *free = *kind;
    return free;
}

bool kn_log_repeats_take(struct kn_log_repeats *repeats, enum kn_level level,
                         enum kn_log_module module, const char *event, kn_time now)
{
    const struct kn_log_repeat kind = {
        .level = level, .module = module, .event = event, .since = now
    };
    uint32_t many = level >= KN_LEVEL_DEBUG ? KN_LOG_REPEATS_MANY_DEBUG : KN_LOG_REPEATS_MANY;
    struct kn_log_repeat *one = place_of(repeats, &kind, now);

    if (one == NULL)
        return true;
    if (one->held_back == 0 && is_over(one, now))
        *one = kind;
    if (one->told < many) {
        one->told++;
        return true;
    }
    one->held_back += one->held_back < UINT32_MAX;
    return false;
}

bool kn_log_repeats_due(struct kn_log_repeats *repeats, kn_time now, bool all,
                        struct kn_log_repeat *out)
{
    for (size_t i = 0; i < KN_LOG_REPEATS_KINDS; i++) {
        struct kn_log_repeat *one = &repeats->at[i];

        if (one->held_back > 0 && (all || is_over(one, now))) {
            *out = *one;
            *one = (struct kn_log_repeat){ 0 };
            return true;
        }
    }
    return false;
}

kn_time kn_log_repeats_deadline(const struct kn_log_repeats *repeats)
{
    kn_time next = KN_NEVER;

    for (size_t i = 0; i < KN_LOG_REPEATS_KINDS; i++)
        if (repeats->at[i].held_back > 0)
            next = kn_time_min(next, repeats->at[i].since + KN_LOG_REPEATS_MS);
    return next;
}
