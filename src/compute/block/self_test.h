/*
 * self_test — does this machine compute what it should, with just the weights that it serves?
 *
 * What a node runs before it says that it is ONLINE. A wrong result is KN_E_INVALID, and `err` says
 * which and by how much; KN_E_NO_MEMORY.
 */
#ifndef KN_BLOCK_SELF_TEST_H
#define KN_BLOCK_SELF_TEST_H

#include "compute/block/pass.h"

/* A made-up block whose results are known, with the given kernels: with and without biases, as
 * vectors and as panels. */
KN_MUST_USE enum kn_code kn_self_test_known(const struct kn_kernels *kernels, struct kn_pool *pool,
                                            struct kn_error *err);

/*
 * Block `block` of the runner: a few made-up tokens at once and one behind them must give what
 * the plain kernels give one after the other with the same weights, finite, and not what went in.
 * `*off` becomes the difference as a part of the largest number; NULL: not wanted.
 */
KN_MUST_USE enum kn_code kn_self_test_block(struct kn_runner *runner, uint32_t block, double *off,
                                            struct kn_error *err);

/* Both, for all blocks of the runner; `*failed` is the one that failed, or the count of blocks. */
KN_MUST_USE enum kn_code kn_self_test(struct kn_runner *runner, uint32_t *failed,
                                      struct kn_error *err);

#endif
