/*
 * reconnect — when a node that is cut off knocks again: the delays between two attempts.
 *
 * Pure: the moment and what was found in, whether to knock now and the next deadline out.
 * With `jitter` a delay is uniform between 0 and the computed one.
 */
#ifndef KN_NODE_HEALTH_RECONNECT_H
#define KN_NODE_HEALTH_RECONNECT_H

#include <stdbool.h>

#include "config/schema/words.h"
#include "lib/base/random.h"
#include "lib/base/time.h"

struct kn_reconnect_options {
    bool enabled, jitter;
    unsigned max_attempts; /* 0: no limit */
    enum kn_backoff strategy;
    int64_t initial_ms, max_ms;
    double multiplier; /* at least 1 */
};

struct kn_reconnect {
    bool is_lost;
    bool gave_up;      /* as often as allowed: until somebody answers */
    unsigned attempts; /* since it was lost */
    kn_time next;      /* KN_NEVER: none is planned */
};

/* The delay before the attempt after so many, without jitter. */
int64_t kn_reconnect_delay(const struct kn_reconnect_options *options, unsigned attempts);

/* Start from here, and again when options change: an attempt that is planned is planned anew. */
void kn_reconnect_init(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                       const struct kn_random *random, kn_time now);

/* Nobody answers. Without effect when that is known. */
void kn_reconnect_lose(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                       const struct kn_random *random, kn_time now);

/* Somebody does. */
void kn_reconnect_find(struct kn_reconnect *r);

/* True: knock now. The next attempt is planned, or given up. */
bool kn_reconnect_is_due(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                         const struct kn_random *random, kn_time now);

#endif
