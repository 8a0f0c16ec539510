/*
 * record_parts — what a record store is made of. Private to this folder.
 */
#ifndef KN_DHT_RECORD_PARTS_H
#define KN_DHT_RECORD_PARTS_H

#include "network/dht/record_index.h"
#include "network/dht/record_store.h"

/* Records that one peer brought, and what they cost. Goes with the last of them. */
struct kn_record_share {
    struct kn_index_node node;
    struct kn_peer_id peer;
    size_t records, bytes;
    struct kn_held *first, *last; /* as they were brought */
    size_t heap_at;
};

/* A regular value, or one entry of a dictionary. */
struct kn_held {
    struct kn_index_node node; /* in the subkeys of its place */
    struct kn_held *previous, *next;
    struct kn_held *earlier, *later; /* of its share */
    struct kn_record_place *place;
    struct kn_record_share *share; /* NULL: we brought it */
    double expiration;
    size_t heap_at;
    uint8_t *bytes; /* the subkey, then the value */
    size_t subkey_n, value_n;
};

/* The first entries of a dictionary, as many as may be told at once. */
struct kn_told {
    uint32_t n;
    size_t bytes, bound; /* of these entries encoded: exactly; and as the limit counts them */
    bool is_stale;       /* to be counted anew */
};

/* What is under one key: one record without a subkey, or records with one each. Never empty but
 * while it is made. */
struct kn_record_place {
    struct kn_index_node node;
    struct kn_dht_id key;
    bool is_dictionary;
    double latest; /* end of what lives longest, or did before it was evicted, as in hivemind */
    struct kn_held *first, *last; /* as they came */
    size_t count;
    size_t seams; /* neighbours in that list which different peers brought */
    struct kn_told told;
    struct kn_index subkeys; /* only of a dictionary that is too long to be looked through */
    size_t at;               /* in the store's list of places */
};

struct kn_span kn_held_subkey(const struct kn_held *held);
struct kn_span kn_held_value(const struct kn_held *held);

/* The entry with that subkey; of a regular value, itself when the subkey is empty. Or NULL. */
struct kn_held *kn_record_place_find(const struct kn_record_place *place,
                                     const struct kn_index_seed *seed, struct kn_span subkey);

/* Add at the end, or take out; the record's place is set and unset. */
void kn_record_place_add(struct kn_record_place *place, const struct kn_index_seed *seed,
                         struct kn_held *held);
void kn_record_place_remove(struct kn_held *held);
/* Another peer brings it from now on. */
void kn_record_place_pass(struct kn_held *held, struct kn_record_share *share);
/* Did more than one peer bring what is there? We are one of them. */
bool kn_record_place_is_shared(const struct kn_record_place *place);

/*
 * So that nobody needs to walk a dictionary to know how long it is. Where all is told, which is
 * nearly always, each change is a sum; one that is told in part is walked once after it was changed
 * and is asked for. Called for an entry that was added at the end, before one is removed, and with
 * both around a change of its value: removed before, replaced after.
 */
void kn_record_told_add(struct kn_record_place *place, const struct kn_held *held);
void kn_record_told_remove(struct kn_record_place *place, const struct kn_held *held);
void kn_record_told_replace(struct kn_record_place *place, const struct kn_held *held);
/* Lent until the next change. */
const struct kn_told *kn_record_told(struct kn_record_place *place);

/* All places: found by their key, and in a row for walking. */
struct kn_record_places {
    struct kn_index keys;
    struct kn_record_place **at;
    size_t n, room;
};

struct kn_record_place *kn_record_places_find(const struct kn_record_places *places,
                                              const struct kn_index_seed *seed,
                                              const struct kn_dht_id *key);
/* An empty place, or NULL. Drop it when it is empty again. */
struct kn_record_place *kn_record_places_new(struct kn_record_places *places,
                                             const struct kn_index_seed *seed,
                                             const struct kn_dht_id *key, bool is_dictionary);
void kn_record_places_drop(struct kn_record_places *places, struct kn_record_place *place);
/* Free what is left when all are dropped. */
void kn_record_places_done(struct kn_record_places *places);

/* All shares: found by their peer, and the largest on top. */
struct kn_record_shares {
    struct kn_index peers;
    struct kn_record_share **heap;
    size_t n, room;
};

/* The share of a peer that has one, or NULL. */
struct kn_record_share *kn_record_share_find(const struct kn_record_shares *shares,
                                             const struct kn_index_seed *seed,
                                             const struct kn_peer_id *peer);
/* The one with most bytes; NULL: there is none. */
struct kn_record_share *kn_record_share_largest(const struct kn_record_shares *shares);
/* Put one record more, of that many bytes, on the share of `peer`; for NULL `*out` is NULL. False:
 * no memory. */
KN_MUST_USE bool kn_record_share_take(struct kn_record_shares *shares,
                                      const struct kn_index_seed *seed,
                                      const struct kn_peer_id *peer, size_t bytes,
                                      struct kn_record_share **out);
/* Take one off; `share` may be NULL. */
void kn_record_share_release(struct kn_record_shares *shares, struct kn_record_share *share,
                             size_t bytes);
/* The record is the last that its share has brought, or is none of it any more. */
void kn_record_share_link(struct kn_held *held);
void kn_record_share_unlink(struct kn_held *held);
/* Free what is left when all are released. */
void kn_record_shares_done(struct kn_record_shares *shares);

/* Records by their end, the first on top. */
struct kn_record_heap {
    struct kn_held **at;
    size_t n, room;
};

/* Make room for one more, so that adding it cannot fail. */
KN_MUST_USE bool kn_record_heap_reserve(struct kn_record_heap *heap);
void kn_record_heap_add(struct kn_record_heap *heap, struct kn_held *held);
void kn_record_heap_remove(struct kn_record_heap *heap, const struct kn_held *held);
/* After the record's end was changed. */
void kn_record_heap_moved(struct kn_record_heap *heap, const struct kn_held *held);

#endif
