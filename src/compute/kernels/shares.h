/*
 * shares — what lies in a row, cut into chunks for the threads of a pool.
 *
 * One chunk for each thread, then half as long ones, and so on: a thread reads few long stretches,
 * as memory is slow where each begins, and yet nobody waits long for the last.
 */
#ifndef KN_KERNELS_SHARES_H
#define KN_KERNELS_SHARES_H

#include <stddef.h>

struct kn_shares {
    size_t all, least; /* in one unit: least, at least 1, is the length of the shortest chunks */
    unsigned threads;  /* at least 1 */
};

struct kn_share {
    size_t from, to; /* exclusive */
};

/* The chunks, each with something in it; that of a number below it. */
unsigned kn_shares_count(const struct kn_shares *shares);
struct kn_share kn_share_of(const struct kn_shares *shares, unsigned chunk);

#endif
