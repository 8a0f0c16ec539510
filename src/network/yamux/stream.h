/*
 * stream — one stream as its session holds it: what is known of it, where it is found by its id,
 * and the line in which it waits to send.
 */
#ifndef KN_YAMUX_STREAM_H
#define KN_YAMUX_STREAM_H

#include "lib/base/time.h"
#include "network/yamux/outbox.h"
#include "network/yamux/state.h"

struct kn_yamux;

struct kn_yamux_stream {
    struct kn_yamux *session;
    void *user;
    uint32_t id;
    enum kn_yamux_state state;
    bool ours;
    bool acked;     /* ours: the peer said that it took it */
    bool syn_due;   /* ours: the peer has not been told of it */
    bool finishing; /* we write no more; the end goes out after the bytes */
    bool queued;    /* stands in the line of those who have something to send */
    bool late;      /* its end may wait for company: then that line is the other one */
    bool gone;      /* in no table any more; its memory waits for an event to return */

    /* credit_in + held + consumed + what is left of a body that is coming = window */
    size_t window;    /* what the peer may have under way */
    size_t credit_in; /* what it may still send */
    size_t held;      /* given to the user, not consumed */
    size_t consumed;  /* not given back as credit yet */
    kn_time credited; /* when credit was last given back */

    size_t credit_out; /* what we may still send */
    struct kn_outbox outbox;

    struct kn_yamux_stream *before, *after;
};

struct kn_yamux_table_row {
    uint32_t id;
    struct kn_yamux_stream *stream;
};

/*
 * The streams in the order of their ids: nine comparisons find one of five hundred, whatever ids
 * a peer picks; a hash table would have to hide its seed. Start from { 0 }.
 */
struct kn_yamux_table {
    struct kn_yamux_table_row *rows;
    size_t n, room;
};

struct kn_yamux_stream *kn_yamux_table_find(const struct kn_yamux_table *table, uint32_t id);

/* Its id must not be there. KN_E_NO_MEMORY: nothing was changed. */
KN_MUST_USE enum kn_code kn_yamux_table_add(struct kn_yamux_table *table,
                                            struct kn_yamux_stream *stream);
void kn_yamux_table_remove(struct kn_yamux_table *table, uint32_t id);

/* First come, first served. Start from { 0 }. */
struct kn_yamux_queue {
    struct kn_yamux_stream *first, *last;
};

/* Does nothing when the stream is queued. */
void kn_yamux_queue_add(struct kn_yamux_queue *queue, struct kn_yamux_stream *stream);

/* Does nothing when it is not. */
void kn_yamux_queue_remove(struct kn_yamux_queue *queue, struct kn_yamux_stream *stream);

#endif
