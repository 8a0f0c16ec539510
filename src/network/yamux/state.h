/*
 * state — what may happen on a stream, and what it is afterwards.
 *
 * Only what concerns its life: acknowledgements and credit change nothing here.
 */
#ifndef KN_YAMUX_STATE_H
#define KN_YAMUX_STATE_H

enum kn_yamux_state {
    KN_YAMUX_REFUSED, /* no state: this may not happen now */
    KN_YAMUX_OPEN,
    KN_YAMUX_WE_FINISHED,   /* our end was sent, the peer may go on */
    KN_YAMUX_PEER_FINISHED, /* the peer's end came, we may go on */
    KN_YAMUX_CLOSED,
    KN_YAMUX_STATES,
};

enum kn_yamux_step {
    KN_YAMUX_SEND_DATA,
    KN_YAMUX_SEND_FIN,
    KN_YAMUX_SEND_RST,
    KN_YAMUX_RECV_DATA, /* at least one byte */
    KN_YAMUX_RECV_FIN,
    KN_YAMUX_RECV_RST,
    KN_YAMUX_STEPS,
};

/* The state after `step`; KN_YAMUX_REFUSED when it may not happen in `state`. */
enum kn_yamux_state kn_yamux_next(enum kn_yamux_state state, enum kn_yamux_step step);

#endif
