/*
 * cache_place — where the keys and values of one row and kv head lie. Inside only.
 *
 * Keys lie with the positions in the lanes, float[position / KN_KEY_LANES][head_dim][KN_KEY_LANES],
 * so that a query meets KN_KEY_LANES keys at once; values as float[position][value_stride].
 */
#ifndef KN_BLOCK_CACHE_PLACE_H
#define KN_BLOCK_CACHE_PLACE_H

#include "compute/block/cache.h"

enum {
    KN_KEY_LANES = 32,
    KN_VALUE_ROUND = 16, /* value_stride is head_dim rounded up to it; zeros behind */
};

struct kn_cache_place {
    float *keys, *values;
};

struct kn_cache_place kn_cache_place(const struct kn_cache *cache, uint32_t block, uint32_t row,
                                     uint32_t kv_head);

static inline size_t kn_value_stride(const struct kn_decoder *decoder)
{
    return ((size_t)decoder->head_dim + KN_VALUE_ROUND - 1) / KN_VALUE_ROUND * KN_VALUE_ROUND;
}

/* The first of the KN_KEY_LANES keys that `position` is one of. */
static inline const float *kn_key_group(const float *keys, size_t position, size_t head_dim)
{
    return keys + position / KN_KEY_LANES * KN_KEY_LANES * head_dim;
}

#endif
