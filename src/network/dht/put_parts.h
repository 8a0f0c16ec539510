/*
 * put_parts — the inside of a put: who gets which item, and in which message. Private.
 */
#ifndef KN_DHT_PUT_PARTS_H
#define KN_DHT_PUT_PARTS_H

#include "network/dht/search.h"

enum { KN_PUT_NONE = -1 };

/* One item for one node. */
enum kn_put_fate {
    KN_PUT_WAITING,
    KN_PUT_SENT,
    KN_PUT_ACKNOWLEDGED,
    KN_PUT_REFUSED,
    KN_PUT_FAILED
};

struct kn_put_pair {
    uint32_t item, target;
    int next_of_item, next_of_target; /* in the list of all pairs; KN_PUT_NONE at the end */
    enum kn_put_fate fate;
};

struct kn_put_target {
    struct kn_putting *putting;
    struct kn_peer_id peer;
    struct kn_dht_rpc *rpc;
    int first, last; /* waiting pairs */
    int *sent;       /* the pairs of the message under way */
    size_t sent_n;
    bool dead;
};

struct kn_putting {
    struct kn_dht_op op;
    struct kn_dht_search search;
    struct kn_dht_item *items; /* sorted by key; bytes in `data` */
    struct kn_dht_put_outcome *outcomes, *in_order;
    int *pairs_of;          /* of each item */
    uint32_t *place;        /* where each item stood when it was handed in */
    struct kn_dht_id *keys; /* each once */
    uint32_t *first_of;     /* the items of a key are first_of[key] .. first_of[key + 1] - 1 */
    uint8_t *data;
    size_t n, key_count;
    struct kn_put_target **targets;
    struct kn_put_pair *pairs;
    size_t target_count, target_room, pair_count, pair_room, open, sending;
    struct kn_peer_id *also;
    size_t also_n;
    bool begun, short_of_memory;
    kn_dht_put_fn *done;
    void *arg;
};

/* The number of the queue for a node, made if there is none; KN_PUT_NONE: no memory. */
int kn_put_target_of(struct kn_putting *putting, const struct kn_peer_id *peer);
/* NULL: that item has not been meant for it yet. Lent until the next kn_put_enqueue(). */
struct kn_put_pair *kn_put_find_pair(struct kn_putting *putting, uint32_t item, int target);
void kn_put_enqueue(struct kn_putting *putting, uint32_t item, int target);

/* Send what waits. */
void kn_put_send(struct kn_putting *putting);
void kn_put_free_targets(struct kn_putting *putting);

/* ---- in put.c ---- */

/* A node has failed this item: others get it, once its key is settled. */
void kn_put_place_again(struct kn_putting *putting, uint32_t item);

/* Send, and end if nothing is left. */
void kn_put_step(struct kn_putting *putting);

#endif
