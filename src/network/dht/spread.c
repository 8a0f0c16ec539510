/*
 * spread — after joining, get to know nodes in each part of the id space, not only those around us.
 *
 * Who joins asks for its own id and meets its neighbours. Where nobody does more, those neighbours
 * know each other and the node that all began with, and a lookup that starts among them for a key
 * elsewhere ends there. One id in each part farther than our neighbours is looked for, all in the
 * same messages; those that are asked know us afterwards too.
 * spec: Maymounkov and Mazières, Kademlia, 2.3: a new node refreshes all buckets farther than its
 * nearest neighbour.
 */
#include "lib/base/memory.h"
#include "network/dht/search.h"

enum {
    PARTS_MAX = KN_DHT_BATCH_MAX, /* one question holds them: enough for 65,536 neighbourhoods */
    SPREAD_BEAM = 3,
    SPREAD_MS = 30000,
};

struct spreading {
    struct kn_dht_op op;
    struct kn_dht_search search;
    struct kn_dht_id ids[PARTS_MAX];
    bool begun;
};

static bool bit(const struct kn_dht_id *id, size_t i)
{
    return (id->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* How many parts have nodes that may be unknown: the space is cut in halves around us, and all of
 * a half are known where it has fewer nodes than were found. */
static size_t count_parts(const struct kn_dht_id *own, const struct kn_dht_id *farthest)
{
    size_t n = 0;

    while (n < PARTS_MAX && bit(own, n) == bit(farthest, n))
        n++;
    return n < PARTS_MAX ? n + 1 : PARTS_MAX;
}

/* Our own id but for one bit: in the other half of the part that begins with the bits before. */
static void name_parts(struct spreading *spreading, const struct kn_dht_id *own, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        spreading->ids[i] = *own;
        spreading->ids[i].bytes[i / 8] ^= (uint8_t)(0x80 >> i % 8);
    }
}

static void on_moved(struct kn_dht_op *op)
{
    struct spreading *spreading = (struct spreading *)op;

    op->over |= kn_dht_lookup_left(spreading->search.lookup) == 0;
}

static void fire(struct kn_dht_op *op, bool late)
{
    struct spreading *spreading = (struct spreading *)op;

    op->over |= late;
    if (!late && !spreading->begun)
        kn_dht_search_seed(&spreading->search);
    spreading->begun = true;
    if (!late)
        kn_dht_search_step(&spreading->search);
}

static void destroy(struct kn_dht_op *op)
{
    struct spreading *spreading = (struct spreading *)op;

    kn_dht_search_done(&spreading->search);
    kn_free(spreading);
}

void kn_dht_spread(struct kn_dht *dht, const struct kn_dht_lookup *around)
{
    struct kn_dht_neighbour near[KN_DHT_BUCKET_SIZE];
    const struct kn_dht_lookup_options how = { .beam = SPREAD_BEAM, .leave_slow = true };
    size_t n = kn_dht_lookup_nearest(around, 0, near, KN_DHT_BUCKET_SIZE);
    struct spreading *spreading;

    /* A client is in nobody's table. Fewer neighbours than were looked for: they are all. */
    if (dht->options.client_mode || n < KN_DHT_BUCKET_SIZE || kn_dht_op_admit(dht) != KN_OK)
        return;
    spreading = kn_try_alloc(sizeof(*spreading));
    if (spreading == NULL)
        return;
    n = count_parts(&dht->own.id, &near[n - 1].id);
    name_parts(spreading, &dht->own.id, n);
    spreading->op = (struct kn_dht_op){ .dht = dht, .fire = fire, .destroy = destroy };
    spreading->search = (struct kn_dht_search){
        .op = &spreading->op, .keys = spreading->ids, .n = n, .moved = on_moved
    };
    if (!kn_dht_search_init(&spreading->search, how)) {
        kn_free(spreading);
        return;
    }
    kn_dht_op_start(dht, &spreading->op, kn_dht_now(dht) + SPREAD_MS);
}
