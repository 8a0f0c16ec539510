/*
 * tally — inside compute: how many in the last minute, by a ring of seconds.
 */
#ifndef KN_COMPUTE_TALLY_H
#define KN_COMPUTE_TALLY_H

#include <stdint.h>

#include "lib/base/time.h"

enum { KN_TALLY_SECONDS = 60 };

struct kn_tally {
    kn_time start;
    struct {
        int64_t second; /* since `start` */
        uint64_t n;
    } at[KN_TALLY_SECONDS];
};

void kn_tally_start(struct kn_tally *tally, kn_time now);
void kn_tally_add(struct kn_tally *tally, kn_time now, uint64_t n);

/* In the last minute. */
uint64_t kn_tally_sum(const struct kn_tally *tally, kn_time now);

/* Per second, over the last minute or what has passed of it since the start, at least a second. */
double kn_tally_rate(const struct kn_tally *tally, kn_time now);

#endif
