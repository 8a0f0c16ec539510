/*
 * unary — hivemind's calls: one request, one answer, one stream each.
 *
 * spec: hivemind/proto/p2pd.proto; hivemind/p2p/p2p_daemon_bindings/control.py.
 */
#ifndef KN_SWARM_UNARY_H
#define KN_SWARM_UNARY_H

#include "network/swarm/host.h"

struct kn_unary_call;

/*
 * KN_OK with the answer; KN_E_REFUSED with the text of the error that the handler met; else as
 * kn_connect_fn, and KN_E_UNSUPPORTED (no such handler there), KN_E_CLOSED, KN_E_PROTOCOL.
 * `bytes` is lent for the call; `err` is NULL with the first two.
 */
typedef void kn_unary_fn(void *arg, enum kn_code code, struct kn_span bytes,
                         const struct kn_error *err);

/*
 * Call `name` (kept) at a peer, connecting to it if need be, within `timeout_ms`, or within the
 * host's time for a call where that is shorter. The request is copied. NULL when memory is short;
 * else `done` comes exactly once, later.
 */
KN_MUST_USE struct kn_unary_call *kn_unary_start(struct kn_host *host,
                                                 const struct kn_peer_id *peer, const char *name,
                                                 struct kn_span request, int timeout_ms,
                                                 kn_unary_fn *done, void *arg);
void kn_unary_cancel(struct kn_unary_call *call);

struct kn_unary_serving; /* one call that is being answered */

/* A handler of ours. */
struct kn_unary_handler {
    const char *name;
    void *arg;
    /* Answer with kn_unary_answer(), now or later. `request` is lent for the call. */
    void (*asked)(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                  struct kn_unary_serving *serving);
    /* The caller gave up: `serving` is dead. Not after the answer. */
    void (*given_up)(void *arg, struct kn_unary_serving *serving);
};

/* Serve it from now on; `handler` is kept. KN_E_LIMIT, KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_unary_serve(struct kn_host *host,
                                        const struct kn_unary_handler *handler);

/* KN_OK with the answer's bytes, anything else with a text. `serving` is dead afterwards. */
void kn_unary_answer(struct kn_unary_serving *s, enum kn_code code, struct kn_span bytes);

#endif
