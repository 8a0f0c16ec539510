/*
 * session — what the parts of yamux share: the session and the few things that change it.
 *
 * An event may reset any stream, so nobody touches a stream after an event without looking it up
 * again; memory of a stream that ends inside an event is freed when the outermost one returns.
 */
#ifndef KN_YAMUX_SESSION_H
#define KN_YAMUX_SESSION_H

#include "network/yamux/header.h"
#include "network/yamux/stream.h"
#include "network/yamux/yamux.h"

struct kn_yamux {
    enum kn_role role;
    struct kn_yamux_events events;
    void *arg;
    kn_time now; /* of the latest call that said it */
    struct kn_yamux_counters counters;

    struct kn_yamux_table streams;
    struct kn_yamux_queue ready;    /* have something to send and may */
    struct kn_yamux_queue late;     /* have an end to send, some time */
    kn_time late_due;               /* when they go alone */
    struct kn_yamux_stream *graves; /* ended inside an event; chained by `after` */
    unsigned depth;                 /* events that have not returned */
    size_t unacked;
    size_t grown;   /* by how much all windows together have grown */
    size_t pending; /* bytes in the outboxes of all streams */
    struct kn_outbox_spare *spare;
    uint64_t next_id; /* of our next stream; past UINT32_MAX there is none */
    bool peer_leaves; /* it takes no new streams */

    uint8_t head[KN_YAMUX_HEADER_SIZE]; /* of a header of which a part came */
    size_t head_n;
    size_t body_left; /* of the frame that is coming */
    uint32_t body_id; /* 0: for nobody */
    bool body_fin;    /* the stream ends after it */

    struct kn_buffer control; /* whole frames that go before all data */

    bool ping_waits; /* for its answer */
    uint32_t ping_value;
    kn_time ping_sent, ping_due; /* due: the next one, or the answer */
    int64_t rtt_ms;

    struct kn_error fault; /* why the session is finished */
    bool fault_told;
};

/* Queue a frame before all data. More than KN_YAMUX_CONTROL_MAX: the session is finished. */
void kn_yamux_control(struct kn_yamux *y, enum kn_yamux_type type, unsigned flags, uint32_t id,
                      uint32_t length);

/* Finish the session for the reason in y->fault: nothing but a go-away will be sent. */
void kn_yamux_stop(struct kn_yamux *y, enum kn_code code);

/* A new stream in the table, NULL when memory is short. */
struct kn_yamux_stream *kn_yamux_stream_new(struct kn_yamux *y, uint32_t id, bool ours);

/* Let it wait for its turn when there is something that it may send. */
void kn_yamux_schedule(struct kn_yamux_stream *stream);

/* Those whose end waits for company have it, or their time has come. */
void kn_yamux_hurry(struct kn_yamux *y);

/* Take it out of everything; its handle is dead. */
void kn_yamux_forget(struct kn_yamux_stream *stream);

/* Forget it, and tell its user. */
void kn_yamux_stream_ended(struct kn_yamux_stream *stream, enum kn_yamux_end how);

/* Around every event. */
void kn_yamux_enter(struct kn_yamux *y);
void kn_yamux_leave(struct kn_yamux *y);

#endif
