/*
 * kept — the blocks that an earlier start had planned, held against the machine of today.
 *
 * A plan is kept while it fits, so that a restart serves what the node served before. Where the
 * machine, the settings or the preset are others, or too little memory is free, the quick
 * calibration of this start counts instead, and that is said. spec: decisions D16, D18
 */
#ifndef KN_NODE_PLAN_KEPT_H
#define KN_NODE_PLAN_KEPT_H

#include "config/config.h"
#include "config/discovery/fit.h"

struct kn_kept {
    bool is_range;      /* the range of the configuration is an earlier start's, not a pin: */
    int64_t start, end; /* what is left of it; KN_FACT_UNKNOWN: to be found out */
    bool resized;
    uint32_t blocks; /* that were planned; 0: nobody knows */
    /* "Calibrated again: this is not the machine that was calibrated"; "" while all holds */
    char changed[KN_FIT_TEXT_SIZE];
};

/* What the caches of a resolved configuration say. */
void kn_kept_read(const struct kn_snapshot *snapshot, struct kn_kept *out);

/* What the full calibration of an earlier run measured; NULL: nothing, or on another machine, or
 * for other settings. Lent by the snapshot. */
const struct kn_measured *kn_kept_measured(const struct kn_snapshot *snapshot,
                                           const struct kn_hardware *hardware);

struct kn_kept_now {
    const struct kn_snapshot *snapshot;
    const struct kn_hardware *hardware;
    const struct kn_fit *fit;
    uint32_t planned;    /* blocks of the preset, by `fit` */
    bool recalibrate;    /* somebody asks for it */
    bool is_running;     /* the model stays, also where not one block fits any more */
    bool coverage_known; /* a longer range is better placed than stretched */
};

/* Hold it against now. Returns how many blocks to plan; changes the range where they are others. */
uint32_t kn_kept_hold(struct kn_kept *kept, const struct kn_kept_now *now);

/* The plan was made as if no earlier start had left one, and that is said. */
void kn_kept_lost(struct kn_kept *kept, const char *why);

#endif
