/*
 * fake_io — lib/io without a system: a clock that is set, connections that are buffers.
 *
 * Defines what the swarm uses of lib/io, so that the linker takes these. The driver feeds bytes,
 * moves the clock, and decides what becomes of every dial.
 */
#ifndef KN_TESTS_FAKE_IO_H
#define KN_TESTS_FAKE_IO_H

#include "lib/base/buffer.h"
#include "lib/io/tcp.h"

struct kn_loop {
    kn_time now;
    struct kn_timer *timers;
    struct kn_tcp *tcps;
    struct kn_dial *dials;
    struct kn_listener *listener;
    size_t timer_count, tcp_count, dial_count;
};

struct kn_tcp {
    struct kn_loop *loop;
    struct kn_tcp *next;
    struct kn_tcp_events events;
    struct kn_buffer out; /* written and not taken */
    bool begun, ended;
    bool full; /* the system takes nothing */
};

/* Every timer that is due fires, in the order of their times. */
void fake_advance(struct kn_loop *loop, kn_time to);

/* A connection from there to the listener. NULL: refused. */
struct kn_tcp *fake_accept(struct kn_loop *loop, const struct kn_endpoint *from);

/* The oldest dial ends so; with KN_OK its connection is given. NULL: there is none, or refused. */
struct kn_tcp *fake_dialled(struct kn_loop *loop, enum kn_code code);

/* Is it still open on our side? Its memory may be gone: this looks it up. */
bool fake_is_open(const struct kn_loop *loop, const struct kn_tcp *tcp);
void fake_feed(struct kn_tcp *tcp, struct kn_span bytes);
void fake_end(struct kn_tcp *tcp);

#endif
