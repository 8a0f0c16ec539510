/*
 * exchange — one question and its answer on a stream of ours, each with its length in front.
 */
#ifndef KN_SWARM_EXCHANGE_H
#define KN_SWARM_EXCHANGE_H

#include "network/swarm/host.h"

struct kn_exchange;

struct kn_exchange_options {
    const char *const *names; /* of the protocol, NULL at the end; kept */
    struct kn_span question;
    size_t answer_max; /* bytes */
    int timeout_ms;
};

/*
 * KN_OK with the answer, the stream (its to keep, forget or reset) and what came behind the
 * answer. Else KN_E_UNSUPPORTED, KN_E_CLOSED, KN_E_TIMEOUT, KN_E_PROTOCOL (no frame), KN_E_LIMIT,
 * KN_E_NO_MEMORY, and `stream` is NULL. Spans are lent for the call.
 */
typedef void kn_exchange_fn(void *arg, enum kn_code code, struct kn_stream *stream,
                            struct kn_span answer, struct kn_span rest);

/* Ask now. A failure: `done` never comes; else it comes once, later. */
KN_MUST_USE enum kn_code kn_exchange_start(struct kn_connection *connection,
                                           const struct kn_exchange_options *options,
                                           kn_exchange_fn *done, void *arg,
                                           struct kn_exchange **out);
void kn_exchange_cancel(struct kn_exchange *exchange);

#endif
