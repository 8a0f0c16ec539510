/*
 * pace — inside compute: how fast the passes of the last minute were, by what was in them.
 *
 * As what is measured before anybody is served (measure.h): a single token, and the pieces of long
 * steps. Passes of another kind say nothing here.
 */
#ifndef KN_COMPUTE_PACE_H
#define KN_COMPUTE_PACE_H

#include "compute/tally.h"

enum {
    KN_PACE_STEPS = 100, /* passes of one token in a minute that are enough to tell */
    KN_PACE_PIECES = 10, /* likewise of long pieces */
    KN_PACE_PIECE = 128, /* tokens from which on a pass is one */
};

struct kn_pace_of {
    struct kn_tally passes, work, us; /* work: tokens times blocks */
};

struct kn_pace {
    struct kn_pace_of steps, pieces;
};

void kn_pace_start(struct kn_pace *pace, kn_time now);

/* A pass of so many rows and tokens in all, through `blocks`, took `us`. */
void kn_pace_add(struct kn_pace *pace, kn_time now, uint32_t rows, uint32_t tokens, uint32_t blocks,
                 int64_t us);

/* Tokens a second through one block; 0: too few passes in the last minute. */
double kn_pace_decode(const struct kn_pace *pace, kn_time now);
double kn_pace_forward(const struct kn_pace *pace, kn_time now);

#endif
