/*
 * reading — memory read and nothing else: what no product of the same weights can beat.
 *
 * The loads are as wide and as far ahead as those of the products, so that what is measured is the
 * memory and not the reader.
 */
#ifndef KN_KERNELS_READING_H
#define KN_KERNELS_READING_H

#include "compute/kernels/kernels.h"
#include "lib/base/span.h"

/* Every byte once, by the threads of the pool: the sum of the 32-bit words of each span, of its
 * last word the bytes that are there. */
uint32_t kn_read_spans(const struct kn_kernels *kernels, struct kn_pool *pool,
                       const struct kn_span *spans, size_t n);

#endif
