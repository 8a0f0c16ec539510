/* relay_dial: reach a relay directly, and have it join us to a peer. */
#include "lib/base/memory.h"
#include "network/proto/relay.h"
#include "network/swarm/exchange.h"
#include "network/swarm/host_parts.h"

static const char *const names[] = { "/libp2p/circuit/relay/0.2.0/hop", NULL };

struct kn_relay_dial {
    struct kn_host *host;
    struct kn_peer_id relay, peer;
    struct kn_connect *connect;
    struct kn_exchange *exchange;
    kn_time end_by;
    kn_relay_dial_fn *done;
    void *arg;
};

static void fail(struct kn_relay_dial *d, enum kn_code code, const struct kn_error *err)
{
    kn_relay_dial_fn *done = d->done;
    void *arg = d->arg;

    kn_free(d);
    done(arg, code, NULL, kn_span(NULL, 0), NULL, err);
}

static void explain(struct kn_relay_dial *d, enum kn_code code)
{
    struct kn_error err = { 0 };

    (void)kn_fail(&err, code,
                  code == KN_E_UNSUPPORTED ? "it is no relay"
                  : code == KN_E_TIMEOUT   ? "the relay does not answer"
                  : code == KN_E_CLOSED    ? "the relay broke off"
                                           : "the relay's answer makes no sense");
    fail(d, code, &err);
}

void kn_relayed_of(const struct kn_peer_id *relay, const struct kn_relay_limit *limit,
                   struct kn_relayed *out)
{
    *out = (struct kn_relayed){ .relay = *relay };
    if (!limit->is_there)
        return;
    out->duration_s = limit->duration_s;
    out->bytes = limit->bytes;
}

static void on_answer(void *arg, enum kn_code code, struct kn_stream *stream, struct kn_span answer,
                      struct kn_span rest)
{
    struct kn_relay_dial *d = arg;
    kn_relay_dial_fn *done = d->done;
    struct kn_relayed relayed;
    struct kn_error err = { 0 };
    struct kn_hop hop;

    d->exchange = NULL;
    if (code == KN_OK && (kn_hop_decode(answer, &hop) != KN_OK || hop.type != KN_HOP_STATUS))
        code = KN_E_PROTOCOL;
    if (code != KN_OK) {
        kn_stream_reset(stream);
        explain(d, code);
        return;
    }
    if (hop.status != KN_RELAY_OK) {
        kn_stream_forget(stream);
        (void)kn_fail(&err, KN_E_UNREACHABLE, "%s", kn_relay_status_brief(hop.status));
        fail(d, err.code, &err);
        return;
    }
    kn_relayed_of(&d->relay, &hop.limit, &relayed);
    arg = d->arg;
    kn_free(d);
    done(arg, KN_OK, stream, rest, &relayed, NULL);
}

/* A step has its usual share, and no more than there is left. */
static int step_ms(const struct kn_relay_dial *d, int usual_ms)
{
    kn_time left = d->end_by - kn_loop_now(d->host->options.loop);
    int part = kn_host_part(d->host, usual_ms);

    return left < part ? (int)(left > 0 ? left : 1) : part;
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct kn_relay_dial *d = arg;
    struct kn_buffer question = { 0 };
    struct kn_exchange_options options = {
        .names = names,
        .answer_max = KN_RELAY_MESSAGE_MAX,
        .timeout_ms = step_ms(d, KN_HOST_RELAY_MS),
    };

    d->connect = NULL;
    if (code != KN_OK) {
        fail(d, code, err);
        return;
    }
    kn_hop_connect_encode(&d->peer, &question);
    options.question = kn_buffer_get(&question);
    code = question.failed ? KN_E_NO_MEMORY
                           : kn_exchange_start(connection, &options, on_answer, d, &d->exchange);
    kn_buffer_done(&question);
    if (code != KN_OK)
        explain(d, code);
}

enum kn_code kn_relay_dial_start(struct kn_host *host, const struct kn_peer_id *relay,
                                 const struct kn_peer_id *peer, kn_relay_dial_fn *done, void *arg,
                                 struct kn_relay_dial **out)
{
    struct kn_relay_dial *d = kn_try_alloc(sizeof(*d));
    enum kn_code rc;

    if (d == NULL)
        return KN_E_NO_MEMORY;
    *d = (struct kn_relay_dial){ .host = host, .relay = *relay, .peer = *peer };
    d->done = done;
    d->arg = arg;
    d->end_by = kn_loop_now(host->options.loop) + host->options.times.connect_ms;
    rc = kn_connect_start(host, relay, KN_REACH_DIRECT, step_ms(d, KN_HOST_CONNECT_MS),
                          on_connected, d, &d->connect);
    if (rc != KN_OK) {
        kn_free(d);
        return rc;
    }
    *out = d;
    return KN_OK;
}

void kn_relay_dial_cancel(struct kn_relay_dial *dial)
{
    if (dial == NULL)
        return;
    kn_connect_cancel(dial->connect);
    kn_exchange_cancel(dial->exchange);
    kn_free(dial);
}
