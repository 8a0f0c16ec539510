#include "node/lifecycle.h"

enum { STAYS = 0 };

/* One more than the state, so that a cell left out stays. */
#define TO(state) ((unsigned char)((state) + 1))

static const unsigned char next[KN_NODE_STATE_COUNT][KN_CAUSE_COUNT] = {
    [KN_NODE_OFFLINE] = { [KN_CAUSE_JOINED] = TO(KN_NODE_JOINING) },
    [KN_NODE_JOINING] = { [KN_CAUSE_SERVING] = TO(KN_NODE_ONLINE),
                          [KN_CAUSE_LEAVE] = TO(KN_NODE_DRAINING) },
    [KN_NODE_ONLINE] = { [KN_CAUSE_BROKEN] = TO(KN_NODE_JOINING),
                         [KN_CAUSE_LEAVE] = TO(KN_NODE_DRAINING),
                         [KN_CAUSE_MOVE] = TO(KN_NODE_DRAINING) },
    [KN_NODE_DRAINING] = { [KN_CAUSE_LEFT] = TO(KN_NODE_OFFLINE),
                           [KN_CAUSE_MOVED] = TO(KN_NODE_JOINING) },
};

const char *kn_node_state_word(enum kn_node_state state)
{
    static const char *const words[] = { "OFFLINE", "JOINING", "ONLINE", "DRAINING" };

    return state < KN_NODE_STATE_COUNT ? words[state] : "?";
}

bool kn_node_step(enum kn_node_state *state, enum kn_node_cause cause)
{
    unsigned char to = next[*state][cause];

    if (to == STAYS)
        return false;
    *state = (enum kn_node_state)(to - 1);
    return true;
}
