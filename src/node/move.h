/*
 * move — inside of node.h: a node that serves goes to blocks where it is needed more.
 *
 * While it serves, and model.rebalance.enabled says so, it looks at the swarm about once in an
 * interval. What pays is told to others first, by the records of the new range, and then looked at
 * again: of several that had the same thought at the same moment those who see each other stay.
 * Only then open sessions end, or are ended, and the new blocks are loaded and tested. When these
 * fail, the old ones are served again, and the next look comes later. Blocks that somebody pinned
 * stay.
 */
#ifndef KN_NODE_MOVE_H
#define KN_NODE_MOVE_H

#include "config/discovery/rebalance.h"

struct kn_node;
struct kn_move;

enum {
    KN_MOVE_TOLD_MS = 15000, /* for others to take the records of the new range */
    KN_MOVE_LOOK_MIN_MS = 300,
    KN_MOVE_LOOK_MAX_MS = 1000,      /* from then on until they are looked at again */
    KN_MOVE_FAILED_MAX_MS = 86400000 /* the longest wait after moves that failed */
};

enum kn_move_phase {
    KN_MOVE_RESTS,   /* until the next look, or for ever */
    KN_MOVE_LOOKS,   /* is there a better place? */
    KN_MOVE_TELLS,   /* others are told of the new range */
    KN_MOVE_CHECKS,  /* is it still better, now that others know? */
    KN_MOVE_GOES,    /* the old blocks end, the new ones are loaded and tested */
    KN_MOVE_RETURNS, /* the old ones are loaded and tested again */
};

/* "rests", "looks", "tells", "checks", "goes", "returns" */
const char *kn_move_word(enum kn_move_phase phase);

/* NULL when memory is short. */
KN_MUST_USE struct kn_move *kn_move_new(struct kn_node *node);
void kn_move_free(struct kn_move *move);

/* What the course calls: the blocks are in another stage; a round was stored. */
void kn_move_blocks_changed(struct kn_move *move);
void kn_move_announced(struct kn_move *move, bool acknowledged);

/* Whether to move, or how often to look, may be another. What is under way goes on. */
void kn_move_settings_changed(struct kn_move *move);

/* Are others told of a range while the old one is still served? */
bool kn_move_holds_blocks(const struct kn_move *move);

/* Is the range about to be another, so that nobody else should choose one? */
bool kn_move_is_under_way(const struct kn_move *move);

struct kn_move_report {
    bool is_on; /* the settings permit it */
    enum kn_move_phase phase;
    struct kn_rebalance last; /* what the last look brought */
    int64_t looked_s;         /* when, in seconds since 1970; 0: never */
    uint32_t moves, failures; /* since the start; failures: of new blocks */
};
void kn_move_report(const struct kn_move *move, struct kn_move_report *out);

#endif
