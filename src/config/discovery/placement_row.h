/*
 * placement_row — inside placement: the blocks as they are chosen from, and a choice among equals.
 */
#ifndef KN_DISCOVERY_PLACEMENT_ROW_H
#define KN_DISCOVERY_PLACEMENT_ROW_H

#include <stdbool.h>

#include "config/discovery/placement_window.h"

struct kn_placement_row {
    kn_weight *weights; /* of each block */
    bool *is_end;       /* does another server end right before this block? */
    uint32_t n;
};

/* Of a request that has blocks. Release it also when this failed. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_placement_row_init(struct kn_placement_row *row,
                                               const struct kn_placement_request *request);
void kn_placement_row_done(struct kn_placement_row *row);

struct kn_placement_range {
    uint32_t start, end;
};

/*
 * The best window of `length` within `among`. Of several: one that starts where another server
 * ends, so that chains of servers fit together; else one whose start is a multiple of `length`, or
 * that ends with the model; among those by `seed`. KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_placement_row_best(const struct kn_placement_row *row,
                                               struct kn_placement_range among, uint32_t length,
                                               uint64_t seed, uint32_t *start);

/* A place that was chosen, with its providers and its reason. The request has blocks. */
void kn_placement_at(const struct kn_placement_request *request, struct kn_placement_range range,
                     struct kn_placement *out);

/* A number that looks like chance and follows from both. */
uint64_t kn_placement_mix(uint64_t seed, uint64_t salt);

/* Likewise at least 0 and below 1. */
double kn_placement_chance(uint64_t seed, uint64_t salt);

#endif
