/*
 * tcp — connections and listeners.
 *
 * Every start function: when it fails the callback never comes; else it comes once, later, on the
 * loop thread; after free or cancel it never comes.
 */
#ifndef KN_IO_TCP_H
#define KN_IO_TCP_H

#include "lib/base/span.h"
#include "lib/io/loop.h"

/* An IP address with a port. */
struct kn_endpoint {
    bool is_ip6;
    uint8_t ip[16]; /* of IPv4 the first four */
    uint16_t port;
    uint32_t zone; /* interface of a link-local IPv6 address, 0: none */
};

enum { KN_ENDPOINT_TEXT_SIZE = 72 }; /* "[2001:db8::1]:8080" */
void kn_endpoint_print(const struct kn_endpoint *endpoint, char out[KN_ENDPOINT_TEXT_SIZE]);

struct kn_tcp;

struct kn_tcp_events {
    void *arg;
    void (*data)(void *arg, struct kn_span bytes); /* lent for the call */
    void (*sent)(void *arg);                       /* what was pending has left */
    void (*ended)(void *arg, enum kn_code code);   /* KN_E_CLOSED or KN_E_IO; the last event */
};

struct kn_dial; /* one attempt to connect */
typedef void kn_dial_fn(void *arg, enum kn_code code, struct kn_tcp *tcp);

/*
 * Connect within `timeout_ms`. `done` gets the connection (its to free, without events yet) or
 * KN_E_REFUSED, KN_E_TIMEOUT, KN_E_UNREACHABLE, KN_E_IO.
 */
KN_MUST_USE enum kn_code kn_dial_start(struct kn_loop *loop, const struct kn_endpoint *to,
                                       int timeout_ms, kn_dial_fn *done, void *arg,
                                       struct kn_dial **out);
void kn_dial_cancel(struct kn_dial *dial);

struct kn_listener;
typedef void kn_accept_fn(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from);

/*
 * Bind `at` (port 0: any free one; IPv6 takes IPv6 only) and listen. KN_E_BUSY: the port is taken;
 * KN_E_DENIED; KN_E_INVALID: no such address here; KN_E_IO.
 */
KN_MUST_USE enum kn_code kn_listen(struct kn_loop *loop, const struct kn_endpoint *at,
                                   kn_accept_fn *accepted, void *arg, struct kn_listener **out,
                                   struct kn_error *err);
void kn_listener_free(struct kn_listener *listener);
void kn_listener_endpoint(const struct kn_listener *listener, struct kn_endpoint *out);

/* Begin to read. `events` is copied. */
void kn_tcp_begin(struct kn_tcp *tcp, const struct kn_tcp_events *events);

/* Stop or go on reading: how a reader that cannot follow slows the other side down. */
void kn_tcp_pause(struct kn_tcp *tcp, bool paused);

/*
 * Send. What the system does not take at once is copied and kept. KN_E_CLOSED after the end;
 * KN_E_NO_MEMORY, and from then on KN_E_CLOSED. kn_tcp_pending() is what waits here.
 */
KN_MUST_USE enum kn_code kn_tcp_write(struct kn_tcp *tcp, struct kn_span bytes);
size_t kn_tcp_pending(const struct kn_tcp *tcp);

/* Close at once; no event comes after it. What waits is sent if the system still takes it. */
void kn_tcp_free(struct kn_tcp *tcp);

bool kn_tcp_remote(const struct kn_tcp *tcp, struct kn_endpoint *out);
bool kn_tcp_local(const struct kn_tcp *tcp, struct kn_endpoint *out);

#endif
