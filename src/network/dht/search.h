/*
 * search — a lookup with its calls: asks, reads answers, hands on what they say. Private.
 */
#ifndef KN_DHT_SEARCH_H
#define KN_DHT_SEARCH_H

#include "network/dht/node.h"

struct kn_dht_asking;

struct kn_dht_search {
    struct kn_dht_op *op;
    struct kn_dht_lookup *lookup;
    const struct kn_dht_id *keys; /* the owner's */
    size_t n, workers, open, questions;
    struct kn_dht_asking *askings;

    /* What one node said about one key; then, once each, that a key is settled; then that
     * something has changed. Any may be NULL. */
    void (*result)(struct kn_dht_op *op, size_t key, const struct kn_peer_id *peer,
                   const struct kn_dht_find_result *result);
    void (*settled)(struct kn_dht_op *op, size_t key);
    void (*moved)(struct kn_dht_op *op);
};

/* `search` has its owner's members filled in; of `options` the batch and we ourselves are filled in
 * here. False: no memory. */
KN_MUST_USE bool kn_dht_search_init(struct kn_dht_search *search,
                                    struct kn_dht_lookup_options options);
void kn_dht_search_done(struct kn_dht_search *search);

/* Begin from the table, and from peers that must be asked. */
void kn_dht_search_seed(struct kn_dht_search *search);
void kn_dht_search_must(struct kn_dht_search *search, const struct kn_peer_id *peer);

/* Tell what is settled and ask on. Call inside enter and leave; sets op->wake. */
void kn_dht_search_step(struct kn_dht_search *search);

/* In the background, by an operation of its own: meet nodes in all parts of the id space, those
 * around us being found (key 0 of `around`). Nothing happens where these are all, or for a client,
 * or when memory is short. */
void kn_dht_spread(struct kn_dht *dht, const struct kn_dht_lookup *around);

#endif
