/*
 * lookup — whom to ask next for a set of ids, and when enough have answered.
 *
 * An iterative search for many ids at once that share what is learned: each id keeps the nearest
 * peers heard of, and is settled once the `beam` nearest that can be reached have answered for it.
 * No id is asked twice of one peer. Does no I/O and no timing: the owner makes the calls and
 * reports how they ended.
 *
 * What peers say is hearsay. A peer stands at the id that it gives itself, whatever others told.
 * Who named KN_DHT_LIES peers more that do not answer than peers that do is believed last; after
 * KN_DHT_LIES_MAX the rest of what it alone named is forgotten.
 * spec: hivemind/dht/traverse.py, traverse_dht, which does the same for a beam of 20.
 */
#ifndef KN_DHT_LOOKUP_H
#define KN_DHT_LOOKUP_H

#include "lib/base/time.h"
#include "network/dht/message.h"

enum {
    KN_DHT_LOOKUP_KEYS_MAX = 8192,  /* of one lookup */
    KN_DHT_LOOKUP_PEERS_MAX = 8192, /* heard of in one lookup; more are ignored */
    KN_DHT_CANDIDATES_MAX = 96,     /* peers kept for one id, nearest first */
    KN_DHT_BATCH_MAX = 16,          /* ids in one question */
    KN_DHT_BEAM_MAX = 64,
    KN_DHT_TOLD_MAX = 20, /* neighbours that count of one answer for one id */
    KN_DHT_LIES = 3,
    KN_DHT_LIES_MAX = 8,
    KN_DHT_SLOW_MS = 1000, /* after that long without an answer the next one is asked too */
};

struct kn_dht_lookup_options {
    size_t beam;       /* 1..KN_DHT_BEAM_MAX */
    size_t unasked;    /* its so many farthest need not be asked if others vouch for them */
    size_t batch;      /* 1..KN_DHT_BATCH_MAX */
    size_t peer_calls; /* questions to one peer, at most; 0: as many as there are */
    bool leave_slow;   /* settle without those that are slow */
    const struct kn_dht_neighbour *own; /* never asked; lent for the call */
};

struct kn_dht_lookup;

/* `ids` is copied. NULL: no memory, or more ids than KN_DHT_LOOKUP_KEYS_MAX. */
KN_MUST_USE struct kn_dht_lookup *kn_dht_lookup_new(const struct kn_dht_lookup_options *options,
                                                    const struct kn_dht_id *ids, size_t n);
void kn_dht_lookup_free(struct kn_dht_lookup *lookup);

/* A peer that we know ourselves. `must`: ask it for every id, however far it is. */
void kn_dht_lookup_seed(struct kn_dht_lookup *lookup, const struct kn_dht_neighbour *node,
                        bool must);

struct kn_dht_question {
    struct kn_dht_neighbour node;
    size_t peer; /* its number in this lookup */
    size_t n;
    uint16_t keys[KN_DHT_BATCH_MAX]; /* which of the ids */
};

/* The next question to ask; it counts as asked. False: nothing to ask now. */
bool kn_dht_lookup_next(struct kn_dht_lookup *lookup, kn_time now, struct kn_dht_question *out);

/* Are the neighbours worth reading that a peer names who calls itself `id` (NULL: a client)? Not if
 * it was found under another id: who named it so may have a whole gang. */
bool kn_dht_lookup_believes(const struct kn_dht_lookup *lookup,
                            const struct kn_dht_question *question, const struct kn_dht_id *id);

/* How a question ended: first who was told for each key, then once answered or failed. `id` is
 * what the peer calls itself; NULL (a client) is a failure. */
void kn_dht_lookup_told(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                        size_t key, const struct kn_dht_neighbour *node);
void kn_dht_lookup_answered(struct kn_dht_lookup *lookup, const struct kn_dht_question *question,
                            const struct kn_dht_id *id);
void kn_dht_lookup_failed(struct kn_dht_lookup *lookup, const struct kn_dht_question *question);

/* This id needs no more answers. */
void kn_dht_lookup_settle(struct kn_dht_lookup *lookup, size_t key);

/* Ids that became settled, each once. False: no more by now. */
bool kn_dht_lookup_take_settled(struct kn_dht_lookup *lookup, kn_time now, size_t *key);

/* Was it taken as settled? */
bool kn_dht_lookup_is_settled(const struct kn_dht_lookup *lookup, size_t key);

/* How many ids have not been taken as settled yet. */
size_t kn_dht_lookup_left(const struct kn_dht_lookup *lookup);

/* When the first question under way becomes slow; KN_NEVER. */
kn_time kn_dht_lookup_slow_at(const struct kn_dht_lookup *lookup, kn_time now);

/* The at most `k` nearest to whom a record of an id may be given, nearest first: those that
 * answered and those, though not asked, whom we know ourselves or two peers named. Then whom one
 * named. */
size_t kn_dht_lookup_takers(const struct kn_dht_lookup *lookup, size_t key,
                            struct kn_dht_neighbour *out, size_t k);

/* The at most `k` nearest that answered for an id, nearest first. */
size_t kn_dht_lookup_nearest(const struct kn_dht_lookup *lookup, size_t key,
                             struct kn_dht_neighbour *out, size_t k);

#endif
