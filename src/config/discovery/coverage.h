/*
 * coverage — who serves how much of a model, in a few ranges for a person to read.
 *
 * Pure. The better served, the more providers against the best block; but a block that one peer
 * holds is never better than under-served, one with two never better than moderate.
 */
#ifndef KN_DISCOVERY_COVERAGE_H
#define KN_DISCOVERY_COVERAGE_H

#include "config/discovery/facts.h"

enum {
    KN_COVERAGE_RANGES_MAX = 8,
    KN_COVERAGE_WELL_PERCENT = 70, /* of the providers of the best block */
    KN_COVERAGE_MODERATE_PERCENT = 35,
};

enum kn_coverage_level { KN_UNDER_SERVED, KN_MODERATE, KN_WELL_SERVED };

struct kn_coverage_range {
    uint32_t start, end;  /* half-open */
    uint32_t least, most; /* ONLINE providers of a block in it */
    enum kn_coverage_level level;
};

/*
 * Ranges of one level, in order, all blocks in one of them; how many there are. Where they would be
 * more than KN_COVERAGE_RANGES_MAX, short ones join a neighbour, and the lower level is shown.
 */
size_t kn_coverage_ranges(const struct kn_block_facts *blocks, size_t block_count,
                          struct kn_coverage_range out[KN_COVERAGE_RANGES_MAX]);

/* "well-served", "moderate", "under-served" */
const char *kn_coverage_level_name(enum kn_coverage_level level);

#endif
