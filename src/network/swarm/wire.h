/*
 * wire — what the bytes of a connection travel on: TCP, or a stream of another connection.
 *
 * Private to the folder. Lives inside its pipe; begins without events, as a TCP connection does.
 */
#ifndef KN_SWARM_WIRE_H
#define KN_SWARM_WIRE_H

#include "lib/io/tcp.h"
#include "network/swarm/connection.h"

struct kn_wire;

struct kn_wire_kind {
    void (*begin)(struct kn_wire *wire);
    enum kn_code (*write)(struct kn_wire *wire, struct kn_span bytes);
    size_t (*pending)(const struct kn_wire *wire);
    void (*close)(struct kn_wire *wire);
};

struct kn_wire {
    const struct kn_wire_kind *kind;
    union {
        struct kn_tcp *tcp;
        struct kn_stream *stream; /* NULL once it has ended */
    } on;
    size_t unsent; /* of a stream: written since it was last empty */
    struct kn_tcp_events events;
};

/* They take what they are made of. */
struct kn_wire kn_wire_of_tcp(KN_TAKES struct kn_tcp *tcp);
struct kn_wire kn_wire_of_stream(KN_TAKES struct kn_stream *stream);

/* As the functions of kn_tcp; `wire` must stay where it is from here on. */
void kn_wire_begin(struct kn_wire *wire, const struct kn_tcp_events *events);
KN_MUST_USE enum kn_code kn_wire_write(struct kn_wire *wire, struct kn_span bytes);
size_t kn_wire_pending(const struct kn_wire *wire);
void kn_wire_close(struct kn_wire *wire);

#endif
