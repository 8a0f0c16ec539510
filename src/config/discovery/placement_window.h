/*
 * placement_window — inside placement: which windows of a row of weights are the least served.
 */
#ifndef KN_DISCOVERY_PLACEMENT_WINDOW_H
#define KN_DISCOVERY_PLACEMENT_WINDOW_H

#include "config/discovery/facts.h"
#include "config/discovery/placement.h"

/* Millionths: what is added up in any order gives the same. */
typedef int64_t kn_weight;

/* What a server announces, cut to the bounds of a weight. */
kn_weight kn_weight_of_throughput(double throughput);

/* The sum that a block's facts carry, cut likewise; and back. */
kn_weight kn_weight_of_block(const struct kn_block_facts *block);
double kn_weight_as_throughput(kn_weight weight);

/* What a JOINING server weighs. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_weight_of_joining(const struct kn_placement_server *servers, size_t n,
                                              kn_weight *out);

/* A part of a row of weights. */
struct kn_weights {
    const kn_weight *at;
    uint32_t n;
};

/*
 * The starts of all windows of `length` (1 to row.n) that are best, ascending, from 0; room for
 * row.n - length + 1. One window is better than another when its least weight is less, then its
 * second least, and so on. Time: row.n * log(row.n), whatever `length` is. KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_windows_best(struct kn_weights row, uint32_t length, uint32_t *starts,
                                         uint32_t *count);

#endif
