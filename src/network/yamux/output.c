#include "network/yamux/session.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void put_header(struct kn_buffer *wire, enum kn_yamux_type type, unsigned flags, uint32_t id,
                       size_t length)
{
    const struct kn_yamux_header header = { type, (uint16_t)flags, id, (uint32_t)length };
    uint8_t bytes[KN_YAMUX_HEADER_SIZE];

    kn_yamux_header_encode(&header, bytes);
    kn_buffer_add(wire, bytes, sizeof(bytes));
}

/* Whole frames, at least one. */
static size_t send_control(struct kn_yamux *y, size_t most, struct kn_buffer *wire)
{
    size_t frames = most / KN_YAMUX_HEADER_SIZE + 1;
    size_t n = smaller(frames * KN_YAMUX_HEADER_SIZE, y->control.n);

    kn_buffer_add(wire, kn_buffer_get(&y->control).at, n);
    if (!wire->failed)
        kn_buffer_take(&y->control, n);
    return n;
}

static size_t send_syn(struct kn_yamux_stream *stream, struct kn_buffer *wire)
{
    put_header(wire, KN_YAMUX_CREDIT, KN_YAMUX_SYN, stream->id, 0);
    stream->syn_due = false;
    kn_yamux_schedule(stream);
    return KN_YAMUX_HEADER_SIZE;
}

/* The end goes in a frame of its own: a go peer would show an end with bytes too early. */
static size_t send_fin(struct kn_yamux_stream *stream, struct kn_buffer *wire)
{
    put_header(wire, KN_YAMUX_CREDIT, KN_YAMUX_FIN, stream->id, 0);
    stream->state = kn_yamux_next(stream->state, KN_YAMUX_SEND_FIN);
    if (stream->state == KN_YAMUX_CLOSED)
        kn_yamux_stream_ended(stream, KN_YAMUX_ENDED);
    return KN_YAMUX_HEADER_SIZE;
}

/* A stream that nobody has heard of is opened by its first bytes: one flight for a request. */
static size_t send_data(struct kn_yamux *y, struct kn_yamux_stream *stream, struct kn_buffer *wire)
{
    size_t n = smaller(smaller(stream->outbox.n, stream->credit_out), KN_YAMUX_BODY_MAX);

    put_header(wire, KN_YAMUX_DATA, stream->syn_due ? KN_YAMUX_SYN : 0, stream->id, n);
    kn_outbox_copy(&stream->outbox, n, wire);
    kn_outbox_take(&stream->outbox, n);
    y->pending -= n;
    stream->credit_out -= n;
    stream->syn_due = false;
    stream->state = kn_yamux_next(stream->state, KN_YAMUX_SEND_DATA);
    kn_yamux_schedule(stream);
    if (stream->outbox.n == 0 && !stream->finishing) {
        kn_yamux_enter(y);
        y->events.drained(stream->user, stream);
        kn_yamux_leave(y);
    }
    return KN_YAMUX_HEADER_SIZE + n;
}

/* One frame of the stream whose turn it is; with more to send it goes to the end of the line. */
static size_t send_frame(struct kn_yamux *y, struct kn_buffer *wire)
{
    struct kn_yamux_stream *stream = y->ready.first;

    kn_yamux_queue_remove(&y->ready, stream);
    if (stream->outbox.n > 0 && stream->credit_out > 0)
        return send_data(y, stream, wire);
    return stream->syn_due ? send_syn(stream, wire) : send_fin(stream, wire);
}

void kn_yamux_output(struct kn_yamux *y, size_t most, struct kn_buffer *wire)
{
    size_t sent = 0;

    if (kn_yamux_has_output(y))
        kn_yamux_hurry(y); /* whose end waited for this goes behind it */
    while (sent < most && !wire->failed && kn_yamux_has_output(y)) {
        if (y->control.n > 0)
            sent += send_control(y, most - sent, wire);
        else
            sent += send_frame(y, wire);
    }
}

bool kn_yamux_has_output(const struct kn_yamux *y)
{
    return y->control.n > 0 || (y->fault.code == KN_OK && y->ready.first != NULL);
}
