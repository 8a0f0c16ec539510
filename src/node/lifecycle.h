/*
 * lifecycle — the states of a node and what moves it from one to the next.
 *
 * The words are those that users and the network see. A cell of the table that is not written is a
 * refusal: nothing moves.
 */
#ifndef KN_NODE_LIFECYCLE_H
#define KN_NODE_LIFECYCLE_H

#include <stdbool.h>

enum kn_node_state {
    KN_NODE_OFFLINE,  /* not in the swarm: not yet, or no longer; or paused */
    KN_NODE_JOINING,  /* in the swarm, serving no block yet */
    KN_NODE_ONLINE,   /* serving every block that it announces */
    KN_NODE_DRAINING, /* finishing what it has, taking nothing new */
    KN_NODE_STATE_COUNT,
};

enum kn_node_cause {
    KN_CAUSE_JOINED,  /* a bootstrap answered, or we are one */
    KN_CAUSE_SERVING, /* every block of the range answers */
    KN_CAUSE_BROKEN,  /* a block no longer does */
    KN_CAUSE_LEAVE,   /* somebody asked the node to end, or to pause */
    KN_CAUSE_LEFT,    /* nothing is left to finish */
    KN_CAUSE_MOVE,    /* it goes to other blocks */
    KN_CAUSE_MOVED,   /* those that it had are finished, or it stays after all */
    KN_CAUSE_COUNT,
};

/* "OFFLINE", "JOINING", "ONLINE", "DRAINING" */
const char *kn_node_state_word(enum kn_node_state state);

/* True when the state changed. */
bool kn_node_step(enum kn_node_state *state, enum kn_node_cause cause);

#endif
