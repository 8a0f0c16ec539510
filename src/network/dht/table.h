/*
 * table — who we know: hivemind's buckets over the ids of nodes.
 *
 * An entry is a peer; it has the node id that it last gave. Ids are not secret and nothing binds
 * them to a peer, so two peers may give the same id and both stay. Does no I/O: a full bucket
 * names the peer to ping. Bounded by KN_DHT_TABLE_MAX.
 * spec: hivemind/dht/routing.py, RoutingTable and KBucket.
 */
#ifndef KN_DHT_TABLE_H
#define KN_DHT_TABLE_H

#include "network/dht/message.h"

enum {
    KN_DHT_BUCKET_SIZE = 20,
    KN_DHT_BUCKET_SIZE_MAX = 64,
    KN_DHT_SPARES_MAX = 20, /* of a bucket: they wait until a place is free; the oldest goes */
    KN_DHT_DEPTH_MODULO = 5,
    KN_DHT_TABLE_MAX = 4096, /* peers, spares too; beyond it buckets are not split */
};

struct kn_dht_table;

/* NULL when memory is short. `bucket_size` is at most KN_DHT_BUCKET_SIZE_MAX. */
KN_MUST_USE struct kn_dht_table *kn_dht_table_new(const struct kn_dht_id *own, size_t bucket_size);
void kn_dht_table_free(struct kn_dht_table *table);

enum kn_dht_seen {
    KN_DHT_SEEN_NEW,   /* now in the table */
    KN_DHT_SEEN_AGAIN, /* was there under this id */
    KN_DHT_SEEN_MOVED, /* was there under another id */
    KN_DHT_SEEN_SPARE, /* its bucket is full */
    KN_DHT_SEEN_NOT,   /* our own id, or no memory */
};

/*
 * `node` has spoken to us. With KN_DHT_SEEN_SPARE, `*ask` tells whether `doubtful`, silent for the
 * longest time, should be pinged: remove it if it fails. Nobody is named twice before it is seen.
 */
enum kn_dht_seen kn_dht_table_seen(struct kn_dht_table *table, const struct kn_dht_neighbour *node,
                                   struct kn_dht_neighbour *doubtful, bool *ask);

/* It does not answer. The spare that was seen last takes its place. */
void kn_dht_table_remove(struct kn_dht_table *table, const struct kn_peer_id *peer);

/* Lent until the next change; a spare is found too. NULL: not known. */
const struct kn_dht_neighbour *kn_dht_table_find(const struct kn_dht_table *table,
                                                 const struct kn_peer_id *peer);

/* The at most `k` nearest to `target`, nearest first, without `except` (may be NULL) and without
 * spares. Returns how many. */
size_t kn_dht_table_nearest(const struct kn_dht_table *table, const struct kn_dht_id *target,
                            const struct kn_peer_id *except, struct kn_dht_neighbour *out,
                            size_t k);

/* How many, without spares. */
size_t kn_dht_table_count(const struct kn_dht_table *table);

/* Walk all without spares: `*at` begins at 0; NULL at the end. Lent until the next change. */
const struct kn_dht_neighbour *kn_dht_table_next(const struct kn_dht_table *table, size_t *at);

#endif
