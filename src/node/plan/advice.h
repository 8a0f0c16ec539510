/*
 * advice — what somebody can do about a start that found less than it looked for: one sentence.
 *
 * The node starts all the same; these are for whoever reads what it says.
 */
#ifndef KN_NODE_PLAN_ADVICE_H
#define KN_NODE_PLAN_ADVICE_H

#include "network/network.h"
#include "node/plan/plan.h"

/* When no bootstrap answered; `join` NULL: it is not known how they failed. */
const char *kn_advice_nobody(const struct kn_join *join);

/* When no block is served: what stands in the way, and what to do about it. */
const char *kn_advice_no_block(const struct kn_plan *plan);
const char *kn_reason_no_block(const struct kn_plan *plan); /* lower case, no full stop */

/* When blocks are announced and not served, because there is nothing to load; the reason is
 * appended, in lower case and without a full stop. */
const char *kn_advice_no_files(const struct kn_plan *plan);
void kn_reason_no_files(const struct kn_plan *plan, struct kn_text *out);

#endif
