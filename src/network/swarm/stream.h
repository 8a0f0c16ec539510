/*
 * stream — the streams of one connection: each agrees on a protocol, then carries it.
 *
 * Private to the folder: connection.h is what others use.
 */
#ifndef KN_SWARM_STREAM_H
#define KN_SWARM_STREAM_H

#include "network/swarm/connection.h"

struct kn_yamux;
struct kn_yamux_events;

struct kn_stream_set {
    const struct kn_protocols *protocols;
    struct kn_connection *connection;
    struct kn_yamux *yamux;
    struct kn_stream *timed; /* those that have not agreed yet, and those that linger */
    struct kn_connection_counters counters;
    kn_time now; /* the latest that was told */
};

/* What a session tells about its streams; `arg` is the set. */
extern const struct kn_yamux_events kn_stream_yamux_events;

struct kn_stream_set *kn_connection_stream_set(struct kn_connection *c);

/* A stream has something to send, and perhaps nobody is about to ask for it. */
void kn_connection_wake(struct kn_connection *c);

/* The time is known again: let the waits begin that were asked for meanwhile. */
void kn_stream_set_date(struct kn_stream_set *set, kn_time now);

/* The next moment at which a peer has taken too long to agree on a protocol, or to finish. */
kn_time kn_stream_set_deadline(const struct kn_stream_set *set);
void kn_stream_set_tick(struct kn_stream_set *set, kn_time now);

#endif
