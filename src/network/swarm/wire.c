#include "network/swarm/wire.h"

static void tcp_begin(struct kn_wire *wire)
{
    kn_tcp_begin(wire->on.tcp, &wire->events);
}

static enum kn_code tcp_write(struct kn_wire *wire, struct kn_span bytes)
{
    return kn_tcp_write(wire->on.tcp, bytes);
}

static size_t tcp_pending(const struct kn_wire *wire)
{
    return kn_tcp_pending(wire->on.tcp);
}

static void tcp_close(struct kn_wire *wire)
{
    kn_tcp_free(wire->on.tcp);
}

static const struct kn_wire_kind tcp_kind = { tcp_begin, tcp_write, tcp_pending, tcp_close };

/* The connection inside has windows of its own: what comes is taken at once. */
static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_wire *wire = arg;

    (void)stream;
    wire->events.data(wire->events.arg, bytes);
}

/* spec: circuit-v2; half a circuit is of no use to the connection on it. */
static void on_finished(void *arg, struct kn_stream *stream)
{
    struct kn_wire *wire = arg;

    (void)stream;
    wire->events.ended(wire->events.arg, KN_E_CLOSED);
}

static void on_drained(void *arg, struct kn_stream *stream)
{
    struct kn_wire *wire = arg;

    (void)stream;
    if (wire->unsent == 0)
        return;
    wire->unsent = 0;
    wire->events.sent(wire->events.arg);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_wire *wire = arg;

    (void)code;
    wire->on.stream = NULL;
    wire->events.ended(wire->events.arg, KN_E_CLOSED);
}

static const struct kn_stream_events stream_events = {
    .data = on_data,
    .finished = on_finished,
    .drained = on_drained,
    .ended = on_ended,
};

static void stream_begin(struct kn_wire *wire)
{
    kn_stream_serve(wire->on.stream, &stream_events, wire);
}

static enum kn_code stream_write(struct kn_wire *wire, struct kn_span bytes)
{
    enum kn_code rc =
        wire->on.stream != NULL ? kn_stream_write(wire->on.stream, bytes) : KN_E_CLOSED;

    if (rc == KN_OK)
        wire->unsent += bytes.n;
    return rc;
}

static size_t stream_pending(const struct kn_wire *wire)
{
    return wire->unsent;
}

static void stream_close(struct kn_wire *wire)
{
    if (wire->on.stream != NULL)
        kn_stream_forget(wire->on.stream);
    wire->on.stream = NULL;
}

static const struct kn_wire_kind stream_kind = { stream_begin, stream_write, stream_pending,
                                                 stream_close };

struct kn_wire kn_wire_of_tcp(struct kn_tcp *tcp)
{
    return (struct kn_wire){ .kind = &tcp_kind, .on.tcp = tcp };
}

struct kn_wire kn_wire_of_stream(struct kn_stream *stream)
{
    return (struct kn_wire){ .kind = &stream_kind, .on.stream = stream };
}

void kn_wire_begin(struct kn_wire *wire, const struct kn_tcp_events *events)
{
    wire->events = *events;
    wire->kind->begin(wire);
}

enum kn_code kn_wire_write(struct kn_wire *wire, struct kn_span bytes)
{
    return wire->kind->write(wire, bytes);
}

size_t kn_wire_pending(const struct kn_wire *wire)
{
    return wire->kind->pending(wire);
}

void kn_wire_close(struct kn_wire *wire)
{
    wire->kind->close(wire);
}
