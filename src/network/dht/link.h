/*
 * link — how a DHT node reaches others, handed in: real streams, or simulated messages.
 */
#ifndef KN_DHT_LINK_H
#define KN_DHT_LINK_H

#include "lib/base/attributes.h"
#include "lib/base/error.h"
#include "lib/base/span.h"
#include "lib/base/time.h"
#include "lib/codec/peer_id.h"

enum kn_dht_method { KN_DHT_PING, KN_DHT_STORE, KN_DHT_FIND, KN_DHT_METHOD_COUNT };

/* "DHTProtocol.rpc_ping", … */
const char *kn_dht_method_name(enum kn_dht_method method);

struct kn_dht_call; /* one call under way; made and freed by the link */

/*
 * `code`: KN_OK with the answer's protobuf (lent for the call); KN_E_REFUSED with the text that
 * the other side's error carried in `bytes`; KN_E_TIMEOUT, KN_E_UNREACHABLE, KN_E_CLOSED,
 * KN_E_PROTOCOL, KN_E_UNSUPPORTED (speaks no such protocol).
 */
typedef void kn_dht_reply_fn(void *arg, enum kn_code code, struct kn_span bytes);

struct kn_dht_link {
    void *arg;

    /*
     * Call `peer`. `done` comes exactly once, later, never before this returned; NULL (memory, or
     * nothing can be sent) means that it never comes. The request is copied or sent at once.
     */
    struct kn_dht_call *(*call)(void *arg, const struct kn_peer_id *peer, enum kn_dht_method method,
                                struct kn_span request, int timeout_ms, kn_dht_reply_fn *done,
                                void *done_arg);

    /* After it `done` never comes. */
    void (*cancel)(void *arg, struct kn_dht_call *call);

    /* Clocks: one that never steps back, and hivemind's (Unix time in seconds). */
    kn_time (*now)(void *arg);
    double (*dht_time)(void *arg);

    /* Run `fire(fire_arg)` once at `when`; setting again moves it, KN_NEVER unsets it. The DHT has
     * one such timer. */
    void (*wake_at)(void *arg, kn_time when);
};

#endif
