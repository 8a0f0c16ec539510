/*
 * plan_parts — inside of plan.h: facts in before anything is chosen, values out when all is.
 */
#ifndef KN_NODE_PLAN_PARTS_H
#define KN_NODE_PLAN_PARTS_H

#include "node/plan/plan.h"

/* Models, names of nodes, and files on this machine, as discovery knows them. */
KN_MUST_USE enum kn_code kn_plan_take_facts(const struct kn_plan_input *input, struct kn_plan *plan,
                                            struct kn_error *err);

/* Who serves what of the chosen model, under the prefix that we use too. */
KN_MUST_USE enum kn_code kn_plan_take_coverage(const struct kn_plan_input *input,
                                               struct kn_plan *plan);

/* Reasons, name, speed, and all of it as values that a configuration could hold. */
void kn_plan_write(const struct kn_plan_input *input, struct kn_plan *plan);

/* The place is another now. */
void kn_plan_write_place(struct kn_plan *plan);

#endif
