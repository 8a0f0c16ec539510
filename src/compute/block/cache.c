#include "compute/block/cache.h"

#include <string.h>

#include "compute/block/cache_place.h"
#include "lib/base/memory.h"
#include "lib/os/pages.h"

struct kn_cache {
    const struct kn_decoder *decoder;
    uint32_t blocks, batch, max_length;
    size_t head_keys, head_values; /* floats of one kv head of one row in one block */
    float *pages;                  /* [block][slot][kv head]: keys, values */
    size_t size;
    uint32_t *slot; /* [batch] where a row lies */
    uint32_t *next; /* [2 * batch] for permuting */
};

static uint64_t rounded_length(uint32_t max_length)
{
    return ((uint64_t)max_length + KN_KEY_LANES - 1) / KN_KEY_LANES * KN_KEY_LANES;
}

int64_t kn_cache_token_bytes(const struct kn_decoder *decoder)
{
    return (int64_t)((decoder->head_dim + kn_value_stride(decoder)) * decoder->kv_heads *
                     sizeof(float));
}

int64_t kn_cache_bytes(const struct kn_decoder *decoder, uint32_t blocks, uint32_t batch,
                       uint32_t max_length)
{
    uint64_t bytes = (uint64_t)kn_cache_token_bytes(decoder), page = kn_page_size();
    const uint64_t times[] = { rounded_length(max_length), batch, blocks };

    for (size_t i = 0; i < KN_COUNT(times); i++) {
        if (times[i] != 0 && bytes > (uint64_t)(INT64_MAX - (int64_t)page) / times[i])
            return INT64_MAX;
        bytes *= times[i];
    }
    return (int64_t)((bytes + page - 1) / page * page);
}

struct kn_cache *kn_cache_new(const struct kn_decoder *decoder, uint32_t blocks, uint32_t batch,
                              uint32_t max_length)
{
    int64_t bytes = kn_cache_bytes(decoder, blocks, batch, max_length);
    struct kn_cache *cache;

    if (bytes <= 0 || (uint64_t)bytes > SIZE_MAX / 2)
        return NULL;
    cache = kn_try_alloc(sizeof(*cache) + 3 * (size_t)batch * sizeof(uint32_t));
    if (cache == NULL)
        return NULL;
    cache->decoder = decoder;
    cache->blocks = blocks;
    cache->batch = batch;
    cache->max_length = max_length;
    cache->head_keys = (size_t)rounded_length(max_length) * decoder->head_dim;
    cache->head_values = (size_t)rounded_length(max_length) * kn_value_stride(decoder);
    cache->size = (size_t)bytes;
    cache->slot = (uint32_t *)(cache + 1);
    cache->next = cache->slot + batch;
    for (uint32_t i = 0; i < batch; i++)
        cache->slot[i] = i;
    cache->pages = kn_pages_new(cache->size);
    if (cache->pages == NULL) {
        kn_free(cache);
        return NULL;
    }
    return cache;
}

void kn_cache_free(struct kn_cache *cache)
{
    if (cache == NULL)
        return;
    kn_pages_free(cache->pages, cache->size);
    kn_free(cache);
}

void kn_cache_fill(struct kn_cache *cache, int64_t at, int64_t n, float value)
{
    size_t end = (size_t)(at + n) / sizeof(float);

    for (size_t i = (size_t)at / sizeof(float); i < end; i++)
        cache->pages[i] = value;
}

uint32_t kn_cache_batch(const struct kn_cache *cache)
{
    return cache->batch;
}

uint32_t kn_cache_max_length(const struct kn_cache *cache)
{
    return cache->max_length;
}

static struct kn_cache_place place_of(const struct kn_cache *cache, uint32_t block, uint32_t slot,
                                      uint32_t kv_head)
{
    size_t at = ((size_t)block * cache->batch + slot) * cache->decoder->kv_heads + kv_head;
    float *keys = cache->pages + at * (cache->head_keys + cache->head_values);

    return (struct kn_cache_place){ .keys = keys, .values = keys + cache->head_keys };
}

struct kn_cache_place kn_cache_place(const struct kn_cache *cache, uint32_t block, uint32_t row,
                                     uint32_t kv_head)
{
    return place_of(cache, block, cache->slot[row], kv_head);
}

/* The first `length` positions of a slot into another one. */
static void copy_slot(struct kn_cache *cache, uint32_t from, uint32_t to, uint32_t length)
{
    size_t keys = (size_t)rounded_length(length) * cache->decoder->head_dim;
    size_t values = (size_t)length * kn_value_stride(cache->decoder);

    for (uint32_t block = 0; block < cache->blocks; block++)
        for (uint32_t kv = 0; kv < cache->decoder->kv_heads; kv++) {
            struct kn_cache_place source = place_of(cache, block, from, kv);
            struct kn_cache_place target = place_of(cache, block, to, kv);

            memcpy(target.keys, source.keys, keys * sizeof(float));
            memcpy(target.values, source.values, values * sizeof(float));
        }
}

/*
 * The first row that wants a slot gets it; what nobody wants is free for copies, and of those there
 * are just as many as rows that came second.
 */
enum kn_code kn_cache_permute(struct kn_cache *cache, const int64_t *ids, uint32_t length)
{
    static const uint32_t nobody = UINT32_MAX;
    uint32_t *next = cache->next, *owner = cache->next + cache->batch, unused = 0;

    for (uint32_t i = 0; i < cache->batch; i++)
        if (ids[i] < 0 || ids[i] >= (int64_t)cache->batch)
            return KN_E_RANGE;
    if (length > cache->max_length)
        return KN_E_RANGE;
    for (uint32_t i = 0; i < cache->batch; i++)
        owner[i] = nobody;
    for (uint32_t i = 0; i < cache->batch; i++) {
        next[i] = cache->slot[ids[i]];
        if (owner[next[i]] == nobody)
            owner[next[i]] = i;
    }
    for (uint32_t i = 0; i < cache->batch; i++) {
        if (owner[next[i]] == i)
            continue;
        while (owner[unused] != nobody)
            unused++;
        copy_slot(cache, next[i], unused, length);
        owner[unused] = i;
        next[i] = unused;
    }
    memcpy(cache->slot, next, cache->batch * sizeof(*next));
    return KN_OK;
}
