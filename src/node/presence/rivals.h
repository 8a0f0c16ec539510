/*
 * rivals — the other providers of a model, as a look at the swarm found them, for rebalancing.
 *
 * Whoever is JOINING is expected to serve soon, but some never do: those that were JOINING with the
 * same blocks at the look before count no longer.
 */
#ifndef KN_NODE_PRESENCE_RIVALS_H
#define KN_NODE_PRESENCE_RIVALS_H

#include "config/discovery/placement.h"
#include "network/petals/survey_view.h"

enum { KN_RIVALS_JOINING_MAX = 1024 }; /* that are remembered */

/* Start from { 0 }. */
struct kn_rivals {
    struct kn_placement_server *servers;
    size_t n;
    uint64_t *before, *seen; /* who was JOINING with which blocks, at the last two looks */
    size_t before_count, seen_count;
};

/* Of `model`, without the peer `own` (base58). `is_next`: a look of its own, else one that was
 * taken right after the one before. KN_E_NO_MEMORY: nothing changes. */
KN_MUST_USE enum kn_code kn_rivals_take(struct kn_rivals *rivals, const struct kn_survey *survey,
                                        const struct kn_survey_model *model, const char *own,
                                        bool is_next);
void kn_rivals_done(struct kn_rivals *rivals);

#endif
