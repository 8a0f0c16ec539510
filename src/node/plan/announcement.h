/*
 * announcement — what the swarm is told of an assignment: records that others will read.
 */
#ifndef KN_NODE_PLAN_ANNOUNCEMENT_H
#define KN_NODE_PLAN_ANNOUNCEMENT_H

#include "node/plan/decision.h"
#include "node/presence/announcer.h"

/* Why a node with this plan announces no block; NULL: it does. */
const char *kn_announcement_silence(const struct kn_node_config *config,
                                    const struct kn_plan *plan);

/* False: there is nothing to announce, or nothing shall be. Texts are the assignment's and the
 * arena's. */
bool kn_announcement_make(const struct kn_decision *d, struct kn_arena *arena,
                          struct kn_announcement *out);

#endif
