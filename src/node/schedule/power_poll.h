/*
 * power_poll — the machine's power and its GPUs looked up on another thread, now and again.
 */
#ifndef KN_NODE_SCHEDULE_POWER_POLL_H
#define KN_NODE_SCHEDULE_POWER_POLL_H

#include <stdbool.h>

#include "lib/io/loop.h"
#include "lib/os/power.h"

enum { KN_POWER_POLL_MS = 30000 };

struct kn_power_poll;

struct kn_power_seen {
    enum kn_power power; /* KN_POWER_UNKNOWN too while nobody asks for it */
    int gpu_percent;     /* of the busiest card; -1: not told, or not asked for */
};

/* `seen` comes on the loop thread after each look. NULL when memory is short. */
KN_MUST_USE struct kn_power_poll *
kn_power_poll_new(struct kn_loop *loop, void (*seen)(void *arg, const struct kn_power_seen *seen),
                  void *arg);

/* Look at these from now on, the first time at once; at nothing: it rests. */
void kn_power_poll_set(struct kn_power_poll *poll, bool at_power, bool at_gpu);

/* A look under way ends by itself while the loop turns. NULL is fine. */
void kn_power_poll_free(struct kn_power_poll *poll);

#endif
