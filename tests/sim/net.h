/*
 * net — a network that exists in memory: messages with a delay under a clock that jumps.
 *
 * Carries what DHT nodes say to each other and contains none of what they do. The same seed and
 * the same calls give the same run. One thread.
 */
#ifndef KN_TESTS_SIM_NET_H
#define KN_TESTS_SIM_NET_H

#include "network/dht/operations.h"

enum {
    NET_NODES_MAX = 1 << 16,
    NET_FLOODED = 20, /* neighbours that a liar names for each key */
};

enum net_manner {
    NET_HONEST,
    NET_DEAF,    /* takes requests and never answers */
    NET_GARBAGE, /* answers with broken messages, records and expirations */
    NET_BUSY,    /* honest, but never answers a store */
    NET_LIAR,    /* keeps nothing, finds nothing, names made-up peers near every key */
};

struct net_options {
    uint64_t seed;
    int delay_min_ms, delay_max_ms; /* of each message */
    double loss;                    /* share of messages that vanish */
    double skew_s;                  /* clocks of nodes differ from the true one by up to that */
};

struct net;

struct net_node {
    struct net *net;
    size_t number;
    struct kn_dht *dht; /* NULL: it is gone */
    struct kn_dht_neighbour who;
    enum net_manner manner;
    double skew_s;
    unsigned wake; /* count of settings; an older one does nothing */
    unsigned life; /* count of starts */
    struct net_answering *answerings;
    uint64_t asked[KN_DHT_METHOD_COUNT]; /* requests that reached it */
    void *owner;                         /* the test's */
};

struct net *net_new(const struct net_options *options);
void net_free(struct net *net);

/* A node that runs from now on. `adjust` (may be NULL) may change its options. */
typedef void net_adjust_fn(struct kn_dht_options *options);
struct net_node *net_add(struct net *net, enum net_manner manner, net_adjust_fn *adjust);

/* It vanishes without a word. */
void net_remove(struct net_node *node);

struct net_node *net_at(struct net *net, size_t number);
size_t net_count(const struct net *net); /* with those that are gone */

kn_time net_now(const struct net *net);
double net_true_time(const struct net *net); /* Unix seconds */
struct kn_random *net_random(struct net *net);

/* Call `task` later. */
typedef void net_task_fn(void *arg);
void net_at_time(struct net *net, kn_time when, net_task_fn *task, void *arg);

/* Let one thing happen. False: nothing is left. */
bool net_step(struct net *net);
void net_run_until(struct net *net, kn_time when);

#endif
