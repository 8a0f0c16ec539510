/*
 * operations — what a DHT node does for its owner: join, ping, find, get, put.
 *
 * Each starts with a deadline (a moment of link.now()) and calls back: never before its start
 * returned, `done` exactly once and last, nothing after kn_dht_cancel(). When `done` came, or
 * after cancel, the handle is dead. A start that does not return KN_OK (KN_E_NO_MEMORY;
 * KN_E_LIMIT: too many operations, keys or items) never calls back. All that is handed in is
 * copied; all that is handed out is lent for the call. Callbacks may start and cancel operations.
 * spec: hivemind/dht/node.py.
 */
#ifndef KN_DHT_OPERATIONS_H
#define KN_DHT_OPERATIONS_H

#include "network/dht/dht.h"
#include "network/dht/lookup.h"

enum {
    KN_DHT_OPERATIONS_MAX = 1024, /* of one node at a time */
    KN_DHT_PARALLEL_MAX = 64,     /* calls at a time of one operation */
    KN_DHT_PEERS_MAX = 64,        /* handed in with one operation */
    KN_DHT_ITEMS_MAX = 8192,      /* of one put; of one get KN_DHT_LOOKUP_KEYS_MAX */
    KN_DHT_GET_BYTES_MAX = 32 << 20,
    KN_DHT_ERROR_MAX = 256, /* bytes kept of the text of a refusal */
};

struct kn_dht_op;

void kn_dht_cancel(struct kn_dht_op *op); /* NULL: nothing happens */

/* How a peer answered a ping. */
struct kn_dht_pong {
    struct kn_peer_id peer;
    enum kn_code code; /* KN_E_PROTOCOL: an answer without sense; KN_E_INVALID: without a node id */
    const char *text;  /* of KN_E_REFUSED, what it said; else "" */
    int64_t ms;
    struct kn_dht_id id;
    bool available;  /* it could call us back */
    bool tells_time; /* then its clock is `ahead_s` before ours, give or take the way */
    double ahead_s;
};
typedef void kn_dht_pong_fn(void *arg, const struct kn_dht_pong *pong);
typedef void kn_dht_done_fn(void *arg, enum kn_code code);

/* Ping `peer`; it is asked to call back unless we are a client. `pong` ends the operation. */
KN_MUST_USE enum kn_code kn_dht_ping(struct kn_dht *dht, const struct kn_peer_id *peer,
                                     kn_time deadline, kn_dht_pong_fn *pong, void *arg,
                                     struct kn_dht_op **out);

/*
 * Ping all `peers`, tell of each as it answers or fails, and look for our own neighbours as soon
 * as the first has answered. KN_E_UNREACHABLE: none answered; KN_E_TIMEOUT: the deadline came.
 * After `done` came with KN_OK a node that serves meets others in all parts of the id space, as one
 * operation more that ends by itself.
 */
KN_MUST_USE enum kn_code kn_dht_bootstrap(struct kn_dht *dht, const struct kn_peer_id *peers,
                                          size_t n, kn_time deadline, kn_dht_pong_fn *pong,
                                          kn_dht_done_fn *done, void *arg, struct kn_dht_op **out);

typedef void kn_dht_nearest_fn(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes,
                               size_t n);

/* The at most `k` (to KN_DHT_BEAM_MAX) reachable nodes nearest to `id`, without ourselves. */
KN_MUST_USE enum kn_code kn_dht_find_nearest(struct kn_dht *dht, const struct kn_dht_id *id,
                                             size_t k, kn_time deadline, kn_dht_nearest_fn *done,
                                             void *arg, struct kn_dht_op **out);

enum kn_dht_get_mode {
    KN_DHT_GET_FIRST,    /* the first value that has not ended, perhaps a part of a dictionary */
    KN_DHT_GET_LATEST,   /* all the 20 nearest nodes are asked, their answers merged */
    KN_DHT_GET_COVERAGE, /* for many keys: two of the nearest nodes of each are asked */
};

struct kn_dht_value {
    size_t key; /* which of the keys */
    bool found;
    struct kn_record record; /* when found */
    unsigned answers;        /* how many nodes answered for this key */
    bool is_late;            /* more would have been asked, had there been time */
};
typedef void kn_dht_value_fn(void *arg, const struct kn_dht_value *value);

struct kn_dht_get_totals {
    enum kn_code code; /* KN_OK; KN_E_TIMEOUT: some keys were told with what there was by then */
    size_t found, questions;
    uint64_t malformed, expired; /* values and entries that were dropped */
};
typedef void kn_dht_got_fn(void *arg, const struct kn_dht_get_totals *totals);

struct kn_dht_get_options {
    const struct kn_dht_id *keys;
    size_t n;
    enum kn_dht_get_mode mode;
    const struct kn_peer_id *also; /* asked for every key, wherever they stand */
    size_t also_n;
    kn_time deadline;
};

/* Each key is told once, as soon as it is decided. What is merged is the newest of each subkey. */
KN_MUST_USE enum kn_code kn_dht_get(struct kn_dht *dht, const struct kn_dht_get_options *options,
                                    kn_dht_value_fn *value, kn_dht_got_fn *done, void *arg,
                                    struct kn_dht_op **out);

struct kn_dht_item {
    struct kn_dht_id key;
    struct kn_span subkey; /* MessagePack; empty: a regular value */
    struct kn_span value;  /* MessagePack */
    double expiration;
};

struct kn_dht_put_outcome {
    unsigned acknowledged, refused; /* by how many other nodes */
    bool kept;                      /* by ourselves, being among the nearest */
};
typedef void kn_dht_put_fn(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                           size_t n);

struct kn_dht_put_options {
    const struct kn_dht_item *items;
    size_t n;
    const struct kn_peer_id *also; /* given every item at once, wherever they stand */
    size_t also_n;
    kn_time deadline;
};

/* KN_E_UNREACHABLE: no other node answered. */
KN_MUST_USE enum kn_code kn_dht_put(struct kn_dht *dht, const struct kn_dht_put_options *options,
                                    kn_dht_put_fn *done, void *arg, struct kn_dht_op **out);

#endif
