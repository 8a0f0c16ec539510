/*
 * encounter — meeting one peer: connect, ask who it is, ping it, ask whether it is a DHT node.
 */
#ifndef KN_NODE_PRESENCE_ENCOUNTER_H
#define KN_NODE_PRESENCE_ENCOUNTER_H

#include "network/network.h"

enum { KN_ENCOUNTER_PINGS_MAX = 100 };

struct kn_encounter;

struct kn_encounter_options {
    struct kn_network *network;
    struct kn_peer_id peer; /* its addresses were learned before, or kad finds them */
    unsigned pings;         /* one after another; at most KN_ENCOUNTER_PINGS_MAX */
    int timeout_ms;         /* for each step */
    void *arg;
    void (*done)(void *arg); /* once, later than the start */
};

struct kn_encounter_result {
    struct kn_error error; /* code KN_OK: connected */
    double connect_ms;
    struct kn_endpoint remote;
    unsigned pings; /* that were answered */
    double ping_ms[KN_ENCOUNTER_PINGS_MAX];
    enum kn_code ping_code; /* why there are fewer than wanted */
    struct kn_dht_pong dht; /* its code tells whether it is a DHT node; text is empty */
    struct kn_peer_facts facts;
};

/* KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_encounter_start(const struct kn_encounter_options *options,
                                            struct kn_encounter **out, struct kn_error *err);
void kn_encounter_free(struct kn_encounter *e);

const struct kn_encounter_result *kn_encounter_result(const struct kn_encounter *e);

#endif
