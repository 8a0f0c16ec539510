/*
 * changes — what happens to this machine while its node runs: addresses come and go, it sleeps,
 * its clock is set. Belongs to the loop thread.
 */
#ifndef KN_NODE_PRESENCE_CHANGES_H
#define KN_NODE_PRESENCE_CHANGES_H

#include "lib/io/interfaces.h"
#include "node/presence/pulse.h"

enum { KN_CHANGES_SETTLE_MS = 150 }; /* addresses come in groups */

/* After which the swarm is to be entered anew. */
struct kn_change {
    enum kn_pulse_finding pulse;                 /* KN_PULSE_STEADY: only addresses are new */
    struct kn_endpoint fresh[KN_INTERFACES_MAX]; /* addresses that were not there before; ports 0 */
    size_t fresh_count;
};

struct kn_changes;

/* `came_back` for each change that brings something; an address that goes is none. NULL when memory
 * is short. */
KN_MUST_USE struct kn_changes *
kn_changes_new(struct kn_loop *loop, void (*came_back)(void *arg, const struct kn_change *change),
               void *arg);
void kn_changes_free(struct kn_changes *changes);

/* Of `now`, those that are not in `before`, into out->fresh. */
void kn_changes_compare(const struct kn_endpoint *before, size_t before_n,
                        const struct kn_endpoint *now, size_t now_n, struct kn_change *out);

#endif
