#include "network/yamux/state.h"

#include <stdint.h>

/* A cell that is not written is KN_YAMUX_REFUSED. */
static const uint8_t next_state[KN_YAMUX_STATES][KN_YAMUX_STEPS] = {
    [KN_YAMUX_OPEN] = {
        [KN_YAMUX_SEND_DATA] = KN_YAMUX_OPEN,
        [KN_YAMUX_SEND_FIN] = KN_YAMUX_WE_FINISHED,
        [KN_YAMUX_SEND_RST] = KN_YAMUX_CLOSED,
        [KN_YAMUX_RECV_DATA] = KN_YAMUX_OPEN,
        [KN_YAMUX_RECV_FIN] = KN_YAMUX_PEER_FINISHED,
        [KN_YAMUX_RECV_RST] = KN_YAMUX_CLOSED,
    },
    [KN_YAMUX_WE_FINISHED] = {
        [KN_YAMUX_SEND_RST] = KN_YAMUX_CLOSED,
        [KN_YAMUX_RECV_DATA] = KN_YAMUX_WE_FINISHED,
        [KN_YAMUX_RECV_FIN] = KN_YAMUX_CLOSED,
        [KN_YAMUX_RECV_RST] = KN_YAMUX_CLOSED,
    },
    [KN_YAMUX_PEER_FINISHED] = {
        [KN_YAMUX_SEND_DATA] = KN_YAMUX_PEER_FINISHED,
        [KN_YAMUX_SEND_FIN] = KN_YAMUX_CLOSED,
        [KN_YAMUX_SEND_RST] = KN_YAMUX_CLOSED,
        [KN_YAMUX_RECV_FIN] = KN_YAMUX_PEER_FINISHED, /* said twice, meant once */
        [KN_YAMUX_RECV_RST] = KN_YAMUX_CLOSED,
    },
    [KN_YAMUX_CLOSED] = { [KN_YAMUX_SEND_RST] = KN_YAMUX_CLOSED }, /* given up while it ends */
};

enum kn_yamux_state kn_yamux_next(enum kn_yamux_state state, enum kn_yamux_step step)
{
    return (enum kn_yamux_state)next_state[state][step];
}
