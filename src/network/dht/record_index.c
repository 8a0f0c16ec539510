#include "network/dht/record_index.h"

#include "lib/base/memory.h"

enum { FIRST_SIZE = 16, BLOCK = 8, ROUNDS = 2, LAST_ROUNDS = 4 };

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t turned(uint64_t number, unsigned bits)
{
    return number << bits | number >> (64 - bits);
}

/* spec: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2.2 */
static void mix(struct sip *sip, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        sip->a += sip->b;
        sip->c += sip->d;
        sip->b = turned(sip->b, 13) ^ sip->a;
        sip->d = turned(sip->d, 16) ^ sip->c;
        sip->a = turned(sip->a, 32) + sip->d;
        sip->c += sip->b;
        sip->d = turned(sip->d, 21) ^ sip->a;
        sip->b = turned(sip->b, 17) ^ sip->c;
        sip->c = turned(sip->c, 32);
    }
}

static uint64_t block_at(const uint8_t *at, size_t n)
{
    uint64_t block = 0;

    for (size_t i = 0; i < n; i++)
        block |= (uint64_t)at[i] << 8 * i;
    return block;
}

/* Spelled out, a compiler makes one load of it. */
static uint64_t whole_block_at(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static void feed(struct sip *sip, uint64_t block)
{
    sip->d ^= block;
    mix(sip, ROUNDS);
    sip->a ^= block;
}

uint64_t kn_index_hash(const struct kn_index_seed *seed, struct kn_span bytes)
{
    struct sip sip = {
        seed->first ^ UINT64_C(0x736f6d6570736575),
        seed->second ^ UINT64_C(0x646f72616e646f6d),
        seed->first ^ UINT64_C(0x6c7967656e657261),
        seed->second ^ UINT64_C(0x7465646279746573),
    };
    size_t at = 0;

    for (; bytes.n - at >= BLOCK; at += BLOCK)
        feed(&sip, whole_block_at(bytes.at + at));
    feed(&sip,
         (uint64_t)bytes.n << 56 | (at < bytes.n ? block_at(bytes.at + at, bytes.n - at) : 0));
    sip.c ^= 0xff;
    mix(&sip, LAST_ROUNDS);
    return sip.a ^ sip.b ^ sip.c ^ sip.d;
}

static struct kn_index_node **bucket(const struct kn_index *index, uint64_t hash)
{
    return &index->buckets[hash & (index->size - 1)];
}

static void put(const struct kn_index *index, struct kn_index_node *node)
{
    struct kn_index_node **first = bucket(index, node->hash);

    node->next = *first;
    *first = node;
}

static void grow(struct kn_index *index)
{
    struct kn_index larger = { NULL, index->size * 2, index->count };

    if (index->size > SIZE_MAX / 2 / sizeof(struct kn_index_node *))
        return;
    if (index->size == 0)
        larger.size = FIRST_SIZE;
    larger.buckets = kn_try_alloc(larger.size * sizeof(struct kn_index_node *));
    if (larger.buckets == NULL)
        return;
    for (size_t i = 0; i < index->size; i++) {
        struct kn_index_node *next;

        for (struct kn_index_node *node = index->buckets[i]; node != NULL; node = next) {
            next = node->next;
            put(&larger, node);
        }
    }
    kn_free(index->buckets);
    *index = larger;
}

bool kn_index_add(struct kn_index *index, struct kn_index_node *node)
{
    if (index->count >= index->size)
        grow(index);
    if (index->size == 0)
        return false;
    put(index, node);
    index->count++;
    return true;
}

void kn_index_remove(struct kn_index *index, struct kn_index_node *node)
{
    struct kn_index_node **at = bucket(index, node->hash);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    index->count--;
}

struct kn_index_node *kn_index_first(const struct kn_index *index, uint64_t hash)
{
    struct kn_index_node *node = index->size > 0 ? *bucket(index, hash) : NULL;

    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct kn_index_node *kn_index_next(const struct kn_index_node *node)
{
    struct kn_index_node *next = node->next;

    while (next != NULL && next->hash != node->hash)
        next = next->next;
    return next;
}

void kn_index_done(struct kn_index *index)
{
    kn_free(index->buckets);
    *index = (struct kn_index){ 0 };
}
