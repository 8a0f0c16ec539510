/*
 * placement — which contiguous blocks this node serves: those whose least served block has least.
 *
 * Pure; equal input gives equal output, in whichever order the servers are. Blocks are half-open
 * ranges. Weights are exact to a millionth, so that no order of summation matters.
 * A server that is not ONLINE reads coverage again and reconsiders; see kn_placement_delay_ms().
 * spec: FR-0.5; Petals' block_selection.py, choose_best_start.
 */
#ifndef KN_DISCOVERY_PLACEMENT_H
#define KN_DISCOVERY_PLACEMENT_H

#include "config/discovery/facts.h"
#include "lib/base/attributes.h"
#include "lib/base/error.h"
#include "lib/base/span.h"

enum {
    KN_PLACEMENT_BLOCKS_MAX = 65536,
    KN_PLACEMENT_SERVERS_MAX = 1024 * 1024,
    KN_PLACEMENT_REASON_SIZE = 160,
    KN_PLACEMENT_ROUNDS = 2, /* coverage is read again, and moved at most, so many times */
    KN_PLACEMENT_DELAY_MIN_MS = 1000,
    KN_PLACEMENT_DELAY_MAX_MS = 3000,
};

/* Another peer that holds blocks of the model. Never this node itself. */
struct kn_placement_server {
    uint32_t start, end; /* what lies outside the model is passed over */
    double throughput;   /* as announced; what is no number above 0 counts as 0 */
    bool online;         /* else JOINING, and alive */
};

/*
 * Sum up into `blocks`, one for each of the model. An ONLINE server weighs the greater of its
 * throughput and the median of the ONLINE ones, a JOINING one that median; where there is none, or
 * it is 0, the median counts as 1. KN_E_NO_MEMORY; KN_E_LIMIT: too many blocks or servers.
 */
KN_MUST_USE enum kn_code kn_placement_weigh(const struct kn_placement_server *servers,
                                            size_t server_count, struct kn_block_facts *blocks,
                                            size_t block_count);

struct kn_placement_request {
    uint32_t num_blocks;                       /* of the model */
    const struct kn_block_facts *blocks;       /* so many; NULL: nobody told */
    const struct kn_placement_server *servers; /* for their ends; may be NULL */
    size_t server_count;
    uint32_t planned;   /* blocks of the preset, or that the user asked for; 0: none fits */
    uint32_t max;       /* that fit; below `planned` it counts as `planned` */
    int64_t start, end; /* pinned; KN_FACT_UNKNOWN: not */
    uint64_t seed;      /* kn_placement_seed() */
};

enum kn_placement_by {
    KN_PLACED_NOWHERE, /* nothing fits: no blocks, start and end are null for people */
    KN_PLACED_PINNED,
    KN_PLACED_LEAST_SERVED,
    KN_PLACED_WHOLE,   /* as many blocks as the model has */
    KN_PLACED_BLINDLY, /* nobody told who serves what: from block 0 */
};

struct kn_placement {
    enum kn_placement_by by;
    uint32_t start, end;  /* both 0 when nowhere */
    uint32_t least, most; /* ONLINE providers of a block in it; 0 when nobody told */
    char reason[KN_PLACEMENT_REASON_SIZE]; /* "least served on the network: 2-15 providers" */
};

/*
 * KN_E_RANGE: a pinned end outside the model, or not after the start; KN_E_LIMIT: a pinned range
 * longer than `max`, or a model above the maximum; KN_E_INVALID: a model without blocks.
 */
KN_MUST_USE enum kn_code kn_placement_choose(const struct kn_placement_request *request,
                                             struct kn_placement *out, struct kn_error *err);

/*
 * Coverage was read again, for the `round`th time (from 0), and is in `request`, without this node:
 * stay in `place`, or move? True, and `place` changed, when moving helps. Of many that started
 * together only as many move as there is need for, by their seeds. What is pinned stays, and when
 * memory is short.
 */
bool kn_placement_reconsider(const struct kn_placement_request *request, uint32_t round,
                             struct kn_placement *place);

/* How long to wait before reading for the `round`th time: after the first announcement for 0, after
 * the reading before, or what was announced since, for 1. By peer id, so that not all read at
 * once. */
uint32_t kn_placement_delay_ms(uint64_t seed, uint32_t round);

/* A number that follows from a peer id, in any form, and looks like chance. */
uint64_t kn_placement_seed(struct kn_span peer_id);

#endif
