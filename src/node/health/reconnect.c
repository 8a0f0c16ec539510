#include "node/health/reconnect.h"

int64_t kn_reconnect_delay(const struct kn_reconnect_options *options, unsigned attempts)
{
    double delay = (double)options->initial_ms, most = (double)options->max_ms;

    if (options->strategy == KN_BACKOFF_LINEAR)
        delay *= (double)attempts + 1;
    for (unsigned i = 0; options->strategy == KN_BACKOFF_EXPONENTIAL && i < attempts; i++) {
        if (delay >= most || options->multiplier <= 1)
            break;
        delay *= options->multiplier;
    }
    return (int64_t)(delay < most ? delay : most);
}

static void plan(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                 const struct kn_random *random, kn_time now)
{
    int64_t delay = kn_reconnect_delay(options, r->attempts);

    r->next = KN_NEVER;
    r->gave_up = false;
    if (!options->enabled || !r->is_lost)
        return;
    if (options->jitter)
        delay = (int64_t)kn_random_below(random, (uint64_t)delay + 1);
    r->next = now + delay;
}

void kn_reconnect_init(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                       const struct kn_random *random, kn_time now)
{
    plan(r, options, random, now);
}

void kn_reconnect_lose(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                       const struct kn_random *random, kn_time now)
{
    if (r->is_lost)
        return;
    r->is_lost = true;
    r->attempts = 0;
    plan(r, options, random, now);
}

void kn_reconnect_find(struct kn_reconnect *r)
{
    *r = (struct kn_reconnect){ .next = KN_NEVER };
}

bool kn_reconnect_is_due(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                         const struct kn_random *random, kn_time now)
{
    if (!r->is_lost || r->next == KN_NEVER || now < r->next)
        return false;
    /* The last one had as long to succeed as each before it. */
    if (options->max_attempts > 0 && r->attempts >= options->max_attempts) {
        r->gave_up = true;
        r->next = KN_NEVER;
        return false;
    }
    r->attempts++;
    plan(r, options, random, now);
    return true;
}
