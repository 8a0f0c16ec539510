/*
 * relay_server — a host that serves as a relay, for tests of those who use one.
 *
 * It answers as it is told: `reserve` and `connect` are the statuses it gives.
 */
#ifndef KN_TESTS_RELAY_SERVER_H
#define KN_TESTS_RELAY_SERVER_H

#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "network/proto/relay.h"
#include "network/swarm/host.h"
#include "support/check.h"

enum { RELAY_CIRCUITS = 16 };

struct relay_circuit;

/* One end: of who calls, or of who is called. */
struct relay_end {
    struct relay_circuit *circuit;
    struct relay_end *other;
    struct kn_stream *stream;
    struct kn_buffer bytes; /* until the circuit stands */
};

struct relay_circuit {
    struct relay_server *server;
    struct relay_end caller, called;
    struct kn_peer_id who; /* calls */
    bool stands;
};

struct relay_server {
    struct kn_host *host;
    enum kn_relay_status reserve, connect;
    double life_s;
    struct kn_relay_limit limit;
    struct kn_span addr; /* told with a reservation, or empty */
    bool silent;
    unsigned reserved, brought;
    struct relay_circuit circuits[RELAY_CIRCUITS];
    size_t n;
};

static inline void relay_say(struct kn_stream *stream, struct kn_buffer *message)
{
    struct kn_buffer wire = { 0 };

    kn_write_prefixed(&wire, kn_buffer_get(message));
    (void)!kn_stream_write(stream, kn_buffer_get(&wire)); /* memory may be short: it stays silent */
    kn_buffer_done(message);
    kn_buffer_done(&wire);
}

static inline void relay_status(struct relay_end *end, enum kn_relay_status status,
                                const struct kn_relay_grant *grant)
{
    struct kn_buffer message = { 0 };

    kn_hop_status_encode(status, grant, status == KN_RELAY_OK ? &end->circuit->server->limit : NULL,
                         &message);
    relay_say(end->stream, &message);
}

static inline void relay_refuse(struct relay_end *end, enum kn_relay_status status)
{
    relay_status(end, status, NULL);
    kn_stream_forget(end->stream);
    end->stream = NULL;
}

static const struct kn_stream_events relay_events;

static inline void relay_reserve(struct relay_end *end)
{
    struct relay_server *server = end->circuit->server;
    const struct kn_relay_grant grant = {
        .expires = (uint64_t)(kn_loop_unix_time() + server->life_s),
        .addrs = &server->addr,
        .addr_count = server->addr.n > 0,
    };

    server->reserved++;
    if (server->silent)
        return;
    if (server->reserve == KN_RELAY_OK) {
        relay_status(end, KN_RELAY_OK, &grant);
        kn_stream_forget(end->stream);
        end->stream = NULL;
    } else {
        relay_refuse(end, server->reserve);
    }
}

static inline void relay_join(struct relay_end *end, const struct kn_hop *hop)
{
    static const char *const names[] = { "/libp2p/circuit/relay/0.2.0/stop", NULL };
    struct relay_circuit *circuit = end->circuit;
    struct kn_connection *to = kn_host_connection(circuit->server->host, &hop->peer.id);
    struct kn_buffer message = { 0 };

    if (circuit->server->connect != KN_RELAY_OK || to == NULL) {
        relay_refuse(end, to == NULL ? KN_RELAY_NO_RESERVATION : circuit->server->connect);
        return;
    }
    circuit->who = *kn_connection_peer(kn_stream_connection(end->stream));
    if (kn_stream_open(to, names, &relay_events, &circuit->called, &circuit->called.stream) !=
        KN_OK) {
        relay_refuse(end, KN_RELAY_CONNECTION_FAILED);
        return;
    }
    kn_stop_connect_encode(&circuit->who, &circuit->server->limit, &message);
    relay_say(circuit->called.stream, &message);
}

/* What the called one said: from here on bytes go through as they are. */
static inline void relay_stand(struct relay_end *called, struct kn_span message, size_t used)
{
    struct relay_circuit *circuit = called->circuit;
    struct kn_stop stop;

    if (kn_stop_decode(message, &stop) != KN_OK || stop.status != KN_RELAY_OK) {
        kn_stream_reset(called->stream);
        called->stream = NULL;
        relay_refuse(&circuit->caller, KN_RELAY_CONNECTION_FAILED);
        return;
    }
    circuit->stands = true;
    circuit->server->brought++;
    relay_status(&circuit->caller, KN_RELAY_OK, NULL);
    kn_buffer_take(&called->bytes, used);
    if (called->bytes.n > 0)
        (void)!kn_stream_write(circuit->caller.stream, kn_buffer_get(&called->bytes));
    kn_buffer_done(&called->bytes);
}

static inline void relay_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct relay_end *end = arg;
    struct kn_span message;
    struct kn_hop hop;
    size_t used;

    (void)stream;
    if (end->circuit->stands) {
        if (end->other->stream != NULL)
            (void)!kn_stream_write(end->other->stream, bytes);
        return;
    }
    kn_buffer_add_span(&end->bytes, bytes);
    if (kn_frame_next(kn_buffer_get(&end->bytes), KN_RELAY_MESSAGE_MAX, &message, &used) != KN_OK)
        return;
    if (end == &end->circuit->called)
        relay_stand(end, message, used);
    else if (kn_hop_decode(message, &hop) != KN_OK)
        relay_refuse(end, KN_RELAY_MALFORMED_MESSAGE);
    else if (hop.type == KN_HOP_RESERVE)
        relay_reserve(end);
    else
        relay_join(end, &hop);
}

static inline void relay_finished(void *arg, struct kn_stream *stream)
{
    struct relay_end *end = arg;

    (void)stream;
    if (end->other->stream != NULL)
        kn_stream_finish(end->other->stream);
}

static inline void relay_ended(void *arg, enum kn_code code)
{
    struct relay_end *end = arg;

    (void)code;
    end->stream = NULL;
    if (end->other->stream != NULL)
        kn_stream_reset(end->other->stream);
    end->other->stream = NULL;
}

static const struct kn_stream_events relay_events = {
    .data = relay_data,
    .finished = relay_finished,
    .ended = relay_ended,
};

static inline void relay_opened(void *arg, struct kn_stream *stream)
{
    struct relay_server *server = arg;
    struct relay_circuit *circuit = &server->circuits[server->n++];

    CHECK("circuits", server->n <= RELAY_CIRCUITS);
    circuit->server = server;
    circuit->caller = (struct relay_end){ circuit, &circuit->called, stream, { 0 } };
    circuit->called = (struct relay_end){ circuit, &circuit->caller, NULL, { 0 } };
    kn_stream_serve(stream, &relay_events, &circuit->caller);
}

static inline void relay_serve(struct relay_server *server, struct kn_host *host)
{
    const struct kn_protocol hop = { "/libp2p/circuit/relay/0.2.0/hop", relay_opened, server };

    *server = (struct relay_server){
        .host = host,
        .reserve = KN_RELAY_OK,
        .connect = KN_RELAY_OK,
        .life_s = 3600,
        .limit = { .is_there = true, .duration_s = 120, .bytes = 1 << 17 },
    };
    CHECK_EQ("serve", kn_host_serve(host, &hop), KN_OK);
}

static inline void relay_done(struct relay_server *server)
{
    for (size_t i = 0; i < server->n; i++) {
        kn_buffer_done(&server->circuits[i].caller.bytes);
        kn_buffer_done(&server->circuits[i].called.bytes);
    }
}

#endif
