/*
 * dht — one node of hivemind's DHT: who it knows, what it keeps, what it answers.
 *
 * Does no I/O: link.h says how it reaches others and how it is woken; kn_dht_fire() is to be called
 * at the moment that it asked for. Belongs to the loop thread. What it does for its owner stands
 * in operations.h. Every limit on what peers can make it hold or do is named here or there.
 * spec: hivemind/dht/protocol.py, DHTProtocol.
 */
#ifndef KN_DHT_H
#define KN_DHT_H

#include "network/dht/link.h"
#include "network/dht/record_store.h"
#include "network/dht/table.h"

enum {
    KN_DHT_TIMEOUT_MS = 3000,
    KN_DHT_WORKERS = 8,
    KN_DHT_REPLICAS = 5,
    KN_DHT_REPLICAS_MAX = 20,
    KN_DHT_STORE_BYTES_MAX = 1 << 20, /* of one rpc_store that we send; a longer value goes alone */
    KN_DHT_PUSH_MAX = 8 << 20,        /* bytes given to one new node */
    KN_DHT_PUSHES_MAX = 2,            /* new nodes given records at a time; others get none */
    KN_DHT_GIVEN_MAX = 256,           /* of those, remembered: they are given none again */
    KN_DHT_GIVEN_MS = 3600 * 1000,    /* before that has passed */
    KN_DHT_SERVINGS_MAX = 256,        /* pings that wait for their call back; others are not seen */
    KN_DHT_DOUBTS_MAX = 16,           /* silent peers pinged at a time */
    KN_DHT_BLACKLIST_MAX = 256,       /* the one that ends first goes */
    KN_DHT_BLACKLIST_MS = 5000,       /* doubled with each failure in a row, */
    KN_DHT_BLACKLIST_DOUBLINGS = 8,   /* so often at most */
};

struct kn_dht_options {
    struct kn_peer_id peer; /* who we are */
    struct kn_dht_id id;
    bool client_mode;        /* we serve nobody and name no id, so nobody adds us to a table */
    struct kn_dht_link link; /* copied */
    struct kn_random random; /* copied */
    struct kn_record_limits records;
    int timeout_ms;     /* of one call */
    size_t workers;     /* calls at a time of an operation for one key; for many it is more */
    size_t replicas;    /* nodes that keep a record; 1..KN_DHT_REPLICAS_MAX */
    size_t bucket_size; /* also how many neighbours an answer names; at most 20 of them */
    size_t batch;       /* keys in one question; 1..16 */
};

/* hivemind's numbers everywhere; peer, id, link and random are left for the caller. */
void kn_dht_options_init(struct kn_dht_options *options);

struct kn_dht;

/* NULL when memory is short. Numbers outside their bounds are moved to them. */
KN_MUST_USE struct kn_dht *kn_dht_new(const struct kn_dht_options *options);

/* Operations and servings under way end silently. Not from inside a callback. */
void kn_dht_free(struct kn_dht *dht);

/* The moment that link.wake_at() was told has come. */
void kn_dht_fire(struct kn_dht *dht);

/* `error` NULL: `answer` is to be sent, lent for the call; else send this text as an error. */
typedef void kn_dht_answer_fn(void *arg, const char *error, struct kn_span answer);

struct kn_dht_serving;

/*
 * `caller`, who proved its peer id, calls `method`. `answer` comes exactly once, here or later;
 * when later, `*serving` is the handle until then, else NULL.
 */
void kn_dht_serve(struct kn_dht *dht, const struct kn_peer_id *caller, enum kn_dht_method method,
                  struct kn_span request, kn_dht_answer_fn *answer, void *arg,
                  struct kn_dht_serving **serving);

/* The caller is gone: the answer never comes. */
void kn_dht_serving_cancel(struct kn_dht_serving *serving);

/* Lent: who is known, and what is kept. */
const struct kn_dht_table *kn_dht_table(const struct kn_dht *dht);
struct kn_record_store *kn_dht_records(struct kn_dht *dht);

struct kn_dht_counters {
    uint64_t calls[KN_DHT_METHOD_COUNT]; /* made */
    uint64_t timeouts, failures;         /* of those: without an answer in time; failed otherwise */
    uint64_t malformed;                  /* answers that do not follow the protocol */
    uint64_t nonsense_neighbours;        /* in answers: no id, or no peer id */
    uint64_t malformed_records;          /* in answers */
    uint64_t blacklisted;                /* peers, each time */
    uint64_t served[KN_DHT_METHOD_COUNT]; /* requests answered */
    uint64_t refused_requests;            /* answered with an error */
    uint64_t refused_records;             /* in requests to store */
    uint64_t left_out;                    /* values too long for an answer */
    uint64_t pushed;                      /* records given to new nodes */
    size_t operations, peers;             /* now */
};
void kn_dht_counters(const struct kn_dht *dht, struct kn_dht_counters *out);

#endif
