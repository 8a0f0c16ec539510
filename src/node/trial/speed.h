/*
 * speed — how fast the blocks of a hold are, beside the time that reading their weights takes.
 */
#ifndef KN_TRIAL_SPEED_H
#define KN_TRIAL_SPEED_H

#include "compute/measure.h"
#include "node/trial/hold.h"

struct kn_trial_speed {
    double read;   /* bytes a second: what a token reads, read by the same threads at their best */
    double decode; /* the same bytes, by the tokens of one session on average */
    double one, all; /* tokens a second through one block: of one session, of `sessions` */
    uint32_t sessions;
    double prompt; /* the same of long steps */
};

/* Have a few blocks: more bytes than most processors' caches hold, where there is room for them.
 * How many into `*blocks`. KN_E_LIMIT: not even one; else as kn_hold_resize(). */
KN_MUST_USE enum kn_code kn_trial_hold_few(struct kn_hold *hold, uint32_t *blocks,
                                           struct kn_error *err);

/*
 * Of all blocks that are held. `budget_ms` for all; each of its parts takes what it began to its
 * end. KN_E_NO_MEMORY, KN_E_INVALID, KN_E_LIMIT: no room for the caches; KN_E_CANCELLED.
 */
KN_MUST_USE enum kn_code kn_trial_speed(struct kn_hold *hold, uint32_t blocks, uint32_t sessions,
                                        int budget_ms, struct kn_trial_speed *out,
                                        struct kn_error *err);

/* Tokens a second through one block of a prompt of `length` tokens, `piece` of them in each pass.
 * At least once, and again while `budget_ms` lasts. */
KN_MUST_USE enum kn_code kn_trial_prompt(struct kn_hold *hold, uint32_t blocks, uint32_t length,
                                         uint32_t piece, int budget_ms, double *out,
                                         struct kn_error *err);

#endif
