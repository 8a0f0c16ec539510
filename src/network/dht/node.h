/*
 * node — the inside of a DHT node, shared by the files that make it up. Private to this folder.
 */
#ifndef KN_DHT_NODE_H
#define KN_DHT_NODE_H

#include "network/dht/operations.h"

struct kn_dht_push;

struct kn_dht_banned {
    struct kn_peer_id peer;
    kn_time until;
    unsigned failures;
};

/* A node that was given records: it is no new one because it left the table and came back. */
struct kn_dht_given {
    struct kn_peer_id peer;
    kn_time at;
};

struct kn_dht {
    struct kn_dht_options options;
    struct kn_dht_neighbour own;
    struct kn_dht_node self; /* as we say it: a client names no id */
    struct kn_dht_table *table;
    struct kn_record_store *records;
    struct kn_dht_op *ops;
    struct kn_dht_rpc *rpcs;
    struct kn_dht_serving *servings;
    struct kn_dht_push *pushes;
    struct kn_dht_banned *banned;
    size_t op_count, serving_count, push_count, doubts, banned_count;
    struct kn_dht_given given[KN_DHT_GIVEN_MAX]; /* a ring: the oldest goes */
    size_t given_count;                          /* ever */
    kn_time woken_at;                            /* what the link was told */
    struct kn_dht_counters counters;
};

kn_time kn_dht_now(const struct kn_dht *dht);
double kn_dht_unix_time(const struct kn_dht *dht);

/* Tell the link when to wake us, if that changed. */
void kn_dht_retime(struct kn_dht *dht);

/* ---- one call of another node ---- */

struct kn_dht_rpc;

struct kn_dht_reply {
    struct kn_peer_id peer;
    enum kn_code code;
    struct kn_span bytes;
    int64_t ms;
};
typedef void kn_dht_rpc_fn(void *arg, const struct kn_dht_reply *reply);

/* `request` is used up (cleared). NULL: it could not be sent, and `done` never comes. When a call
 * failed, the peer has left the table before `done`. */
KN_MUST_USE struct kn_dht_rpc *kn_dht_rpc(struct kn_dht *dht, const struct kn_peer_id *peer,
                                          enum kn_dht_method method, struct kn_buffer *request,
                                          kn_dht_rpc_fn *done, void *arg);
void kn_dht_rpc_cancel(struct kn_dht_rpc *rpc);

/* A peer has spoken sense, or nonsense. */
void kn_dht_heard(struct kn_dht *dht, const struct kn_peer_id *peer,
                  const struct kn_dht_node *node);
void kn_dht_misheard(struct kn_dht *dht, const struct kn_peer_id *peer);

bool kn_dht_is_banned(const struct kn_dht *dht, const struct kn_peer_id *peer);
void kn_dht_ban(struct kn_dht *dht, const struct kn_peer_id *peer);
void kn_dht_pardon(struct kn_dht *dht, const struct kn_peer_id *peer);

/* ---- records for a new node ---- */

void kn_dht_push_start(struct kn_dht *dht, const struct kn_dht_neighbour *node);
void kn_dht_push_fire(struct kn_dht *dht);
kn_time kn_dht_push_deadline(const struct kn_dht *dht);
void kn_dht_push_free_all(struct kn_dht *dht);

/* ---- operations ---- */

/*
 * The head of each. `fire` comes at `wake` and when the deadline has passed. Whoever enters an
 * operation, from a reply or a timer, calls enter and leave around what it does: an operation
 * that is over is destroyed by the last leave.
 */
struct kn_dht_op {
    struct kn_dht *dht;
    struct kn_dht_op *next, *before;
    kn_time deadline, wake;
    void (*fire)(struct kn_dht_op *op, bool late);
    void (*destroy)(struct kn_dht_op *op);
    unsigned busy;
    bool over;
};

/* Room for one more? */
KN_MUST_USE enum kn_code kn_dht_op_admit(const struct kn_dht *dht);
/* Takes its place; fires at once. */
void kn_dht_op_start(struct kn_dht *dht, struct kn_dht_op *op, kn_time deadline);
void kn_dht_op_enter(struct kn_dht_op *op);
void kn_dht_op_leave(struct kn_dht_op *op);

void kn_dht_serving_free_all(struct kn_dht *dht);

#endif
