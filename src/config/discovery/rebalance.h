/*
 * rebalance — a node that serves blocks: would it do more good at others?
 *
 * Pure; equal input gives equal output, in whichever order the servers are. A range is worth what
 * its least served block has. A move pays when the old and the new range together become worth so
 * much more that what they had is below the share `quality` of it. So each move raises the least of
 * what it changes: nodes that move one after the other come to an end.
 * spec: model.rebalance.*; Petals' should_choose_other_blocks, KwaaiNet's min_redundancy.
 */
#ifndef KN_DISCOVERY_REBALANCE_H
#define KN_DISCOVERY_REBALANCE_H

#include "config/discovery/placement.h"

struct kn_rebalance_request {
    uint32_t num_blocks;                       /* of the model */
    const struct kn_placement_server *servers; /* the others */
    size_t server_count;
    uint32_t start, end;     /* that this node serves */
    double throughput;       /* as it announces that */
    uint32_t min_redundancy; /* ONLINE others that each block must keep */
    double quality;          /* 0: never; at most 1 */
    uint64_t seed;           /* kn_placement_seed() */
    bool is_chosen;          /* else the best range is found: */
    uint32_t to;             /* where the one that is judged starts */
};

enum kn_rebalance_verdict {
    KN_REBALANCE_UNKNOWN, /* nobody looked yet, or nobody answered */
    KN_REBALANCE_WHOLE,   /* stays: it serves the whole model */
    KN_REBALANCE_BEST,    /* stays: no range is less served */
    KN_REBALANCE_NEEDED,  /* stays: too few others serve what it would leave */
    KN_REBALANCE_LITTLE,  /* stays: the gain is below the threshold */
    KN_REBALANCE_MOVES,
};

/* "unknown", "whole", "best", "needed", "little", "moves" */
const char *kn_rebalance_word(enum kn_rebalance_verdict verdict);

struct kn_rebalance {
    enum kn_rebalance_verdict verdict;
    uint32_t start, end;  /* the range that was judged */
    double before, after; /* tokens a second of the least served block of both ranges */
    char reason[KN_PLACEMENT_REASON_SIZE]; /* "nobody else serves block 2" */
};

/* KN_E_NO_MEMORY; KN_E_LIMIT: too many blocks or servers; KN_E_RANGE: a range outside the model. */
KN_MUST_USE enum kn_code kn_rebalance_decide(const struct kn_rebalance_request *request,
                                             struct kn_rebalance *out);

/* Until the next look: between half of the interval and one and a half, so that nodes which began
 * together do not stay together. `chance`: at least 0 and below 1. */
int64_t kn_rebalance_wait_ms(int64_t interval_ms, double chance);

#endif
