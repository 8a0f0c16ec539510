/*
 * given_up — ranges that this node announced and serves no longer, until somebody has heard it.
 *
 * Whoever reads one of their keys would go on waiting for us there until our last record expires.
 * A key is told once a round, by the newest range that has it. When more ranges are open than there
 * is room for, the oldest is left to expire by itself.
 */
#ifndef KN_NODE_PRESENCE_GIVEN_UP_H
#define KN_NODE_PRESENCE_GIVEN_UP_H

#include "network/dht/operations.h"
#include "network/petals/prefix.h"

enum { KN_GIVEN_UP_MAX = 4 };

struct kn_given_range {
    struct kn_prefix prefix;
    uint32_t start, end; /* half-open */
    size_t told;         /* its keys in the round under way */
};

struct kn_given_up {
    struct kn_given_range at[KN_GIVEN_UP_MAX]; /* the newest first */
    size_t n;
};

void kn_given_up_add(struct kn_given_up *all, const char *prefix, uint32_t start, uint32_t end);

/* Is that block of range `index` in no newer range? */
bool kn_given_up_has(const struct kn_given_up *all, size_t index, uint32_t block);

/* Keys of all of them, at most. */
size_t kn_given_up_keys(const struct kn_given_up *all);

/* What became of the round: `outcomes` has `told` of the first range, then of the second, …. Ranges
 * of which somebody took every key are done with. */
void kn_given_up_settle(struct kn_given_up *all, const struct kn_dht_put_outcome *outcomes,
                        size_t n);

#endif
