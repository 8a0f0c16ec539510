/*
 * reached — inside of node.h: do others reach this node? What its settings make of the answer.
 *
 * network.check_reachability holds the first announcement back until others have dialled this node,
 * or it has a place at a relay, or nobody could tell for network.address_timeout. A value of
 * state.using_relay is held against what is measured, which alone is announced (decisions D26).
 */
#ifndef KN_NODE_REACHED_H
#define KN_NODE_REACHED_H

#include "network/network.h"

struct kn_json;
struct kn_node;
struct kn_timer;

struct kn_reached {
    struct kn_timer *timer;
    kn_time joined_at; /* 0: not yet */
    bool is_open;      /* something may be announced, from now on */
};

enum kn_reached_step { KN_REACHED_ASKS, KN_REACHED_HIDDEN, KN_REACHED_OPEN };

struct kn_reached_facts {
    bool checks; /* network.check_reachability, in a swarm of others */
    enum kn_reachability verdict;
    bool is_relayed; /* others come through a relay */
    kn_time now, give_up_at;
};

/* Pure. ASKS: wait until then; HIDDEN: others said that they cannot dial it. */
enum kn_reached_step kn_reached_decide(const struct kn_reached_facts *facts);

/* False: memory is short. */
bool kn_reached_make(struct kn_node *node);
void kn_reached_end(struct kn_node *node);

/* Somebody answered; others found something out, or the settings are others. */
void kn_reached_joined(struct kn_node *node);
void kn_reached_changed(struct kn_node *node);

/* Why nothing may be announced yet; NULL: it may. */
const char *kn_reached_silence(const struct kn_node *node);

/* {"verdict", "using_relay"}; and what is wrong with state.using_relay, or null. */
struct kn_json *kn_reached_json(const struct kn_node *node);
struct kn_json *kn_reached_problem(const struct kn_node *node);

#endif
