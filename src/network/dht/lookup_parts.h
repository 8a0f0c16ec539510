/*
 * lookup_parts — the inside of a lookup: who was heard of, and who stands near which id. Private.
 */
#ifndef KN_DHT_LOOKUP_PARTS_H
#define KN_DHT_LOOKUP_PARTS_H

#include "network/dht/lookup.h"

enum { KN_NOBODY = UINT16_MAX, KN_SOURCES = 2 };

enum kn_asked { KN_UNASKED, KN_ASKED, KN_ANSWERED };

/* Someone heard of. */
struct kn_heard {
    struct kn_dht_neighbour who;
    kn_time asked_at;                      /* since when something is open */
    uint16_t sources[KN_SOURCES];          /* who named it */
    uint16_t calls, open;                  /* questions in all, and without an answer yet */
    uint16_t charged[KN_SOURCES];          /* sources whose word is being tried with it */
    uint16_t lies, truths, tried;          /* of those whom it named: silent, not, and asked now */
    bool failed, has_answered, must, ours; /* ours: we knew it ourselves */
};

struct kn_candidate {
    uint16_t peer;
    uint8_t state;
};

struct kn_lookup_key {
    struct kn_dht_id id;
    struct kn_candidate *list; /* nearest first */
    uint8_t n, room;
    bool settled, taken, moves;
    struct kn_candidate moved; /* while a peer is renamed */
};

struct kn_dht_lookup {
    struct kn_dht_lookup_options options;
    struct kn_dht_neighbour own;
    struct kn_lookup_key *keys;
    struct kn_heard *peers;
    uint16_t *index;  /* peers by their id, open addressing; twice as many places as room */
    uint16_t *wanted; /* scratch: how many keys want a peer */
    size_t n, left, scanned, peer_count, room;
    size_t musts; /* peers that must be asked */
};

/* ---- everyone ---- */

KN_MUST_USE bool kn_lookup_grow(struct kn_dht_lookup *lookup);

/* The number of a peer, a new one if it is not known yet; KN_NOBODY: ourselves, or no room. */
uint16_t kn_lookup_number(struct kn_dht_lookup *lookup, const struct kn_dht_neighbour *node,
                          bool *is_new);

/* Has `source` named too many that are silent? As many as one may have to prove, with those whom
 * we are asking? So many that the rest is not even tried? */
bool kn_lookup_doubts(const struct kn_dht_lookup *lookup, uint16_t source);
bool kn_lookup_tries(const struct kn_dht_lookup *lookup, uint16_t source);
bool kn_lookup_denies(const struct kn_dht_lookup *lookup, uint16_t source);

typedef bool kn_source_is_fn(const struct kn_dht_lookup *lookup, uint16_t source);

/* Is that so of everyone who named this peer? Never of one that we know or that has answered. */
bool kn_lookup_all_sources(const struct kn_dht_lookup *lookup, const struct kn_heard *peer,
                           kn_source_is_fn *is);
void kn_lookup_name_source(const struct kn_dht_lookup *lookup, struct kn_heard *peer,
                           uint16_t source);

/* ---- the candidates of one id ---- */

/* NULL: it is not among them. Lent until the next change. */
struct kn_candidate *kn_lookup_find(const struct kn_dht_lookup *lookup,
                                    const struct kn_lookup_key *key, uint16_t peer);
void kn_lookup_remove_at(struct kn_lookup_key *key, size_t i);
void kn_lookup_put(const struct kn_dht_lookup *lookup, struct kn_lookup_key *key,
                   struct kn_candidate candidate);

/* As one to be asked, if it is new there, for an id that is not settled. */
void kn_lookup_offer(const struct kn_dht_lookup *lookup, struct kn_lookup_key *key, uint16_t peer);
void kn_lookup_offer_to_all(struct kn_dht_lookup *lookup, uint16_t peer);

#endif
