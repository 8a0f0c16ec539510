/*
 * cache — the attention keys and values of one session, for a range of blocks.
 *
 * Room for batch × max_length positions in each block is reserved at once; memory is used as it is
 * written. Going back is forgetting: positions behind the one that is written next do not count.
 */
#ifndef KN_BLOCK_CACHE_H
#define KN_BLOCK_CACHE_H

#include "compute/block/decoder.h"
#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum { KN_CACHE_BATCH_MAX = 1024 };

struct kn_cache;

/* NULL when memory is short. `decoder` is kept. */
KN_MUST_USE struct kn_cache *kn_cache_new(const struct kn_decoder *decoder, uint32_t blocks,
                                          uint32_t batch, uint32_t max_length);
void kn_cache_free(struct kn_cache *cache);

/* Bytes of one position in one block; and of a whole cache, with what rounding adds. INT64_MAX when
 * that is more. */
int64_t kn_cache_token_bytes(const struct kn_decoder *decoder);
int64_t kn_cache_bytes(const struct kn_decoder *decoder, uint32_t blocks, uint32_t batch,
                       uint32_t max_length);

/* Bytes `at` to `at + n` of it, below kn_cache_bytes(), become `value` in each position: for
 * measuring with a long session that nobody has led. */
void kn_cache_fill(struct kn_cache *cache, int64_t at, int64_t n, float value);

uint32_t kn_cache_batch(const struct kn_cache *cache);
uint32_t kn_cache_max_length(const struct kn_cache *cache);

/*
 * Row i becomes what row ids[i] was, in each block, for the first `length` positions: hypo_ids of a
 * beam search. KN_E_RANGE: no such row; KN_E_NO_MEMORY. Nothing is changed then.
 */
KN_MUST_USE enum kn_code kn_cache_permute(struct kn_cache *cache, const int64_t *ids,
                                          uint32_t length);

#endif
