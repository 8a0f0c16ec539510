#include "network/dht/table.h"

#include "lib/base/memory.h"

enum { DEPTH_MAX = KN_DHT_ID_SIZE * 8, ROOM_FIRST = 4 };

struct node {
    struct kn_dht_neighbour who;
    uint32_t seen; /* the table's count at that time: larger is later */
    bool asked;    /* was named as doubtful and has not spoken since */
};

struct bucket {
    struct kn_dht_id low; /* the first id of its range; all share its first `depth` bits */
    uint8_t depth;
    uint8_t n, spares, room;
    struct node *nodes; /* n of them, then the spares */
};

struct kn_dht_table {
    struct kn_dht_id own;
    size_t bucket_size;
    uint32_t clock;
    size_t total, in_buckets; /* with and without spares */
    struct bucket *buckets;   /* by range */
    size_t n, room;
};

struct kn_dht_table *kn_dht_table_new(const struct kn_dht_id *own, size_t bucket_size)
{
    struct kn_dht_table *table = kn_try_alloc(sizeof(*table));

    if (table == NULL)
        return NULL;
    table->buckets = kn_try_alloc(sizeof(*table->buckets));
    if (table->buckets == NULL) {
        kn_free(table);
        return NULL;
    }
    table->own = *own;
    table->bucket_size =
        bucket_size < KN_DHT_BUCKET_SIZE_MAX ? bucket_size : KN_DHT_BUCKET_SIZE_MAX;
    table->n = table->room = 1;
    return table;
}

void kn_dht_table_free(struct kn_dht_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->n; i++)
        kn_free(table->buckets[i].nodes);
    kn_free(table->buckets);
    kn_free(table);
}

/* Which bucket covers `id`: the last whose range begins at or before it. */
static size_t bucket_of(const struct kn_dht_table *table, const struct kn_dht_id *id)
{
    size_t low = 0, high = table->n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(table->buckets[middle].low.bytes, id->bytes, KN_DHT_ID_SIZE) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static struct node *find_in(const struct bucket *bucket, const struct kn_peer_id *peer)
{
    for (size_t i = 0; i < (size_t)bucket->n + bucket->spares; i++)
        if (kn_peer_id_equal(&bucket->nodes[i].who.peer, peer))
            return &bucket->nodes[i];
    return NULL;
}

static struct node *find(const struct kn_dht_table *table, const struct kn_peer_id *peer,
                         struct bucket **in)
{
    for (size_t i = 0; i < table->n; i++) {
        struct node *node = find_in(&table->buckets[i], peer);

        if (node != NULL) {
            *in = &table->buckets[i];
            return node;
        }
    }
    return NULL;
}

const struct kn_dht_neighbour *kn_dht_table_find(const struct kn_dht_table *table,
                                                 const struct kn_peer_id *peer)
{
    struct bucket *in;
    const struct node *node = find(table, peer, &in);

    return node != NULL ? &node->who : NULL;
}

static size_t earliest(const struct node *nodes, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (nodes[i].seen < nodes[best].seen)
            best = i;
    return best;
}

static size_t latest(const struct node *nodes, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (nodes[i].seen > nodes[best].seen)
            best = i;
    return best;
}

static void drop_spare(struct kn_dht_table *table, struct bucket *bucket, size_t i)
{
    struct node *spares = bucket->nodes + bucket->n;

    bucket->spares--;
    spares[i] = spares[bucket->spares];
    table->total--;
}

/* Take node `i` out of its bucket; the newest spare takes its place. */
static void take_out(struct kn_dht_table *table, struct bucket *bucket, size_t i)
{
    struct node *nodes = bucket->nodes;

    if (i >= bucket->n) {
        drop_spare(table, bucket, i - bucket->n);
        return;
    }
    if (bucket->spares > 0) {
        size_t newest = latest(nodes + bucket->n, bucket->spares);

        nodes[i] = nodes[bucket->n + newest];
        drop_spare(table, bucket, newest);
        return;
    }
    bucket->n--;
    nodes[i] = nodes[bucket->n];
    table->total--;
    table->in_buckets--;
}

void kn_dht_table_remove(struct kn_dht_table *table, const struct kn_peer_id *peer)
{
    struct bucket *bucket;
    const struct node *node = find(table, peer, &bucket);

    if (node != NULL)
        take_out(table, bucket, (size_t)(node - bucket->nodes));
}

static bool make_room(struct bucket *bucket)
{
    size_t n = (size_t)bucket->n + bucket->spares;
    size_t room = bucket->room == 0 ? ROOM_FIRST : (size_t)bucket->room * 2;
    struct node *nodes;

    if (n < bucket->room)
        return true;
    if (room > KN_DHT_BUCKET_SIZE_MAX + KN_DHT_SPARES_MAX)
        room = KN_DHT_BUCKET_SIZE_MAX + KN_DHT_SPARES_MAX;
    nodes = kn_try_realloc(bucket->nodes, room * sizeof(*nodes));
    if (nodes == NULL)
        return false;
    bucket->nodes = nodes;
    bucket->room = (uint8_t)room;
    return true;
}

static bool append(struct kn_dht_table *table, struct bucket *bucket, const struct node *node)
{
    if (!make_room(bucket))
        return false;
    bucket->nodes[bucket->n + bucket->spares] = bucket->nodes[bucket->n];
    bucket->nodes[bucket->n] = *node;
    bucket->n++;
    table->total++;
    table->in_buckets++;
    return true;
}

static bool append_spare(struct kn_dht_table *table, struct bucket *bucket, const struct node *node)
{
    if (bucket->spares == KN_DHT_SPARES_MAX)
        drop_spare(table, bucket, earliest(bucket->nodes + bucket->n, bucket->spares));
    if (table->total >= KN_DHT_TABLE_MAX || !make_room(bucket))
        return false;
    bucket->nodes[bucket->n + bucket->spares] = *node;
    bucket->spares++;
    table->total++;
    return true;
}

static bool is_below(const struct kn_dht_id *a, const struct kn_dht_id *b)
{
    return memcmp(a->bytes, b->bytes, KN_DHT_ID_SIZE) < 0;
}

static bool bit(const struct kn_dht_id *id, size_t i)
{
    return (id->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* spec: routing.py, add_or_update_node: a bucket is cut when it covers our own id, or when its
 * depth is no multiple of depth_modulo. */
static bool may_split(const struct kn_dht_table *table, size_t at)
{
    const struct bucket *bucket = &table->buckets[at];

    if (bucket->depth >= DEPTH_MAX || table->total >= KN_DHT_TABLE_MAX)
        return false;
    return bucket->depth % KN_DHT_DEPTH_MODULO != 0 || bucket_of(table, &table->own) == at;
}

/* Put the nodes of a bucket that is being cut into its halves; a spare may get a place. */
static void deal(struct kn_dht_table *table, struct bucket *from, size_t left)
{
    for (size_t i = 0; i < (size_t)from->n + from->spares; i++) {
        const struct node *node = &from->nodes[i];
        struct bucket *to =
            &table->buckets[is_below(&node->who.id, &table->buckets[left + 1].low) ? left
                                                                                   : left + 1];

        /* A half without memory loses its nodes; they come back when they speak. */
        if (to->n < table->bucket_size)
            (void)append(table, to, node);
        else
            (void)append_spare(table, to, node);
    }
}

static bool split(struct kn_dht_table *table, size_t at)
{
    struct bucket old;

    if (table->n == table->room) {
        struct bucket *more =
            kn_try_realloc(table->buckets, 2 * table->room * sizeof(*table->buckets));

        if (more == NULL)
            return false;
        table->buckets = more;
        table->room *= 2;
    }
    old = table->buckets[at];
    memmove(&table->buckets[at + 2], &table->buckets[at + 1],
            (table->n - at - 1) * sizeof(*table->buckets));
    table->n++;
    for (size_t i = 0; i < 2; i++)
        table->buckets[at + i] =
            (struct bucket){ .low = old.low, .depth = (uint8_t)(old.depth + 1) };
    table->buckets[at + 1].low.bytes[old.depth / 8] |= (uint8_t)(0x80 >> old.depth % 8);
    table->total -= (size_t)old.n + old.spares;
    table->in_buckets -= old.n;
    deal(table, &old, at);
    kn_free(old.nodes);
    return true;
}

/* Its place is full: name the one that has been silent longest and was not named yet. */
static bool doubt(struct bucket *bucket, struct kn_dht_neighbour *doubtful)
{
    struct node *worst = NULL;

    for (size_t i = 0; i < bucket->n; i++)
        if (!bucket->nodes[i].asked && (worst == NULL || bucket->nodes[i].seen < worst->seen))
            worst = &bucket->nodes[i];
    if (worst == NULL)
        return false;
    worst->asked = true;
    *doubtful = worst->who;
    return true;
}

static enum kn_dht_seen add(struct kn_dht_table *table, const struct node *node,
                            struct kn_dht_neighbour *doubtful, bool *ask)
{
    size_t at = bucket_of(table, &node->who.id);

    while (table->buckets[at].n >= table->bucket_size && may_split(table, at)) {
        if (!split(table, at))
            return KN_DHT_SEEN_NOT;
        at += bit(&node->who.id, (size_t)table->buckets[at].depth - 1);
    }
    if (table->buckets[at].n < table->bucket_size && table->total < KN_DHT_TABLE_MAX)
        return append(table, &table->buckets[at], node) ? KN_DHT_SEEN_NEW : KN_DHT_SEEN_NOT;
    if (!append_spare(table, &table->buckets[at], node))
        return KN_DHT_SEEN_NOT;
    *ask = doubt(&table->buckets[at], doubtful);
    return KN_DHT_SEEN_SPARE;
}

enum kn_dht_seen kn_dht_table_seen(struct kn_dht_table *table, const struct kn_dht_neighbour *node,
                                   struct kn_dht_neighbour *doubtful, bool *ask)
{
    struct node fresh = { .who = *node, .seen = ++table->clock };
    struct bucket *bucket;
    struct node *old = find(table, &node->peer, &bucket);
    enum kn_dht_seen seen;
    bool renamed;

    *ask = false;
    if (kn_dht_id_equal(&node->id, &table->own))
        return KN_DHT_SEEN_NOT;
    renamed = old != NULL && !kn_dht_id_equal(&old->who.id, &node->id);
    if (old != NULL && !renamed && old < bucket->nodes + bucket->n) {
        *old = fresh;
        return KN_DHT_SEEN_AGAIN;
    }
    if (old != NULL)
        take_out(table, bucket, (size_t)(old - bucket->nodes));
    seen = add(table, &fresh, doubtful, ask);
    return seen == KN_DHT_SEEN_NEW && renamed ? KN_DHT_SEEN_MOVED : seen;
}

size_t kn_dht_table_count(const struct kn_dht_table *table)
{
    return table->in_buckets;
}

/* Keep the nearest: `best` is sorted and has `*n` of at most `k`. */
static void offer(const struct kn_dht_id *target, const struct node *node, const struct node **best,
                  size_t *n, size_t k)
{
    size_t i;

    if (*n == k && kn_dht_id_nearer(target, &node->who.id, &best[k - 1]->who.id) >= 0)
        return;
    if (*n < k)
        (*n)++;
    for (i = *n - 1; i > 0; i--) {
        if (kn_dht_id_nearer(target, &best[i - 1]->who.id, &node->who.id) <= 0)
            break;
        best[i] = best[i - 1];
    }
    best[i] = node;
}

size_t kn_dht_table_nearest(const struct kn_dht_table *table, const struct kn_dht_id *target,
                            const struct kn_peer_id *except, struct kn_dht_neighbour *out, size_t k)
{
    const struct node *best[KN_DHT_NEAREST_MAX];
    size_t n = 0;

    if (k > KN_DHT_NEAREST_MAX)
        k = KN_DHT_NEAREST_MAX;
    if (k == 0)
        return 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct bucket *bucket = &table->buckets[i];

        for (size_t j = 0; j < bucket->n; j++)
            if (except == NULL || !kn_peer_id_equal(&bucket->nodes[j].who.peer, except))
                offer(target, &bucket->nodes[j], best, &n, k);
    }
    for (size_t i = 0; i < n; i++)
        out[i] = best[i]->who;
    return n;
}

const struct kn_dht_neighbour *kn_dht_table_next(const struct kn_dht_table *table, size_t *at)
{
    size_t left = (*at)++;

    for (size_t i = 0; i < table->n; i++) {
        if (left < table->buckets[i].n)
            return &table->buckets[i].nodes[left].who;
        left -= table->buckets[i].n;
    }
    return NULL;
}
