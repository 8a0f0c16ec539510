#include "network/yamux/session.h"

/* A peer's numbers are odd when it dialed. */
static bool is_peers_id(const struct kn_yamux *y, uint32_t id)
{
    return id % 2 == (y->role == KN_ROLE_LISTENER ? 1 : 0);
}

static void refuse(struct kn_yamux *y, uint32_t id)
{
    y->counters.streams_refused++;
    kn_yamux_control(y, KN_YAMUX_CREDIT, KN_YAMUX_RST, id, 0);
}

/* The peer opens a stream. Afterwards it is in the table, or it was refused. */
static void on_syn(struct kn_yamux *y, const struct kn_yamux_header *header)
{
    struct kn_yamux_stream *stream;

    /* spec: yamux "StreamID field"; peers end the session over each of the three too */
    if (header->id == 0 || !is_peers_id(y, header->id) ||
        kn_yamux_table_find(&y->streams, header->id) != NULL) {
        kn_yamux_stop(y, kn_fail(&y->fault, KN_E_PROTOCOL,
                                 "yamux: the peer opens stream %u, which %s", header->id,
                                 header->id == 0              ? "is the session"
                                 : is_peers_id(y, header->id) ? "is open"
                                                              : "has a number of our side"));
        return;
    }
    if (header->flags & KN_YAMUX_RST) /* and gives it up at once */
        return;
    if (y->streams.n >= KN_YAMUX_STREAMS_MAX) {
        refuse(y, header->id);
        return;
    }
    stream = kn_yamux_stream_new(y, header->id, false);
    if (stream == NULL) {
        kn_yamux_stop(y, kn_fail_no_memory(&y->fault));
        return;
    }
    /* At once: a peer stops opening when too many of its streams wait for this. */
    kn_yamux_control(y, KN_YAMUX_CREDIT, KN_YAMUX_ACK, header->id, 0);
    kn_yamux_enter(y);
    y->events.opened(y->arg, stream);
    kn_yamux_leave(y);
}

static void on_ack(struct kn_yamux_stream *stream)
{
    if (!stream->ours || stream->acked)
        return;
    stream->acked = true;
    stream->session->unacked--;
}

/* The peer sends no more on the stream. */
static void on_fin(struct kn_yamux *y, struct kn_yamux_stream *stream)
{
    enum kn_yamux_state before = stream->state;
    uint32_t id = stream->id;

    stream->state = kn_yamux_next(before, KN_YAMUX_RECV_FIN);
    if (stream->state == before)
        return;
    kn_yamux_enter(y);
    y->events.finished(stream->user, stream);
    kn_yamux_leave(y);
    stream = kn_yamux_table_find(&y->streams, id);
    if (stream != NULL && stream->state == KN_YAMUX_CLOSED)
        kn_yamux_stream_ended(stream, KN_YAMUX_ENDED);
}

/* A data frame for a stream that is there begins. */
static void on_data(struct kn_yamux *y, struct kn_yamux_stream *stream,
                    const struct kn_yamux_header *header)
{
    if (header->length > stream->credit_in) {
        kn_yamux_stop(y, kn_fail(&y->fault, KN_E_PROTOCOL,
                                 "yamux: %u bytes came on stream %u, which had credit for %zu",
                                 header->length, header->id, stream->credit_in));
        return;
    }
    if (header->length == 0)
        return;
    if (kn_yamux_next(stream->state, KN_YAMUX_RECV_DATA) == KN_YAMUX_REFUSED) {
        kn_yamux_stop(y, kn_fail(&y->fault, KN_E_PROTOCOL,
                                 "yamux: %u bytes came on stream %u after its end", header->length,
                                 header->id));
        return;
    }
    stream->credit_in -= header->length;
    y->body_id = header->id;
    y->body_fin = (header->flags & KN_YAMUX_FIN) != 0;
}

/* Saturates: some peers survive a sum beyond 32 bits, so we do. */
static void on_credit(struct kn_yamux_stream *stream, uint32_t more)
{
    if (more > UINT32_MAX - stream->credit_out)
        stream->credit_out = UINT32_MAX;
    else
        stream->credit_out += more;
    kn_yamux_schedule(stream);
}

static void on_rst(struct kn_yamux *y, struct kn_yamux_stream *stream)
{
    y->counters.resets_in++;
    stream->state = kn_yamux_next(stream->state, KN_YAMUX_RECV_RST);
    kn_yamux_stream_ended(stream, KN_YAMUX_RESET);
}

static void on_stream_frame(struct kn_yamux *y, const struct kn_yamux_header *header)
{
    struct kn_yamux_stream *stream;

    if (header->flags & KN_YAMUX_SYN)
        on_syn(y, header);
    /* Frames for streams that are not there, or not any more, are skipped: spec: both peers do. */
    stream = kn_yamux_table_find(&y->streams, header->id);
    if (stream == NULL || y->fault.code != KN_OK)
        return;
    if (header->flags & KN_YAMUX_ACK)
        on_ack(stream);
    if (header->flags & KN_YAMUX_RST) {
        on_rst(y, stream);
        return;
    }
    if (header->type == KN_YAMUX_CREDIT)
        on_credit(stream, header->length);
    else
        on_data(y, stream, header);
    if (header->flags & KN_YAMUX_FIN && y->body_id == 0 && y->fault.code == KN_OK)
        on_fin(y, stream);
}

static void on_ping(struct kn_yamux *y, const struct kn_yamux_header *header)
{
    if (header->flags & KN_YAMUX_SYN) { /* also with ACK, as go does */
        y->counters.pings_in++;
        kn_yamux_control(y, KN_YAMUX_PING, KN_YAMUX_ACK, 0, header->length);
        return;
    }
    if (!(header->flags & KN_YAMUX_ACK) || !y->ping_waits || header->length != y->ping_value)
        return; /* an answer to nothing */
    y->ping_waits = false;
    y->rtt_ms = y->now - y->ping_sent;
    y->ping_due = y->ping_sent + KN_YAMUX_PING_MS;
}

static void on_go_away(struct kn_yamux *y, const struct kn_yamux_header *header)
{
    y->peer_leaves = true;
    if (header->length != KN_YAMUX_NORMAL) /* else what is open goes on */
        kn_yamux_stop(y, kn_fail(&y->fault, KN_E_CLOSED,
                                 "yamux: the peer ended the session with the code %u",
                                 header->length));
}

static void on_header(struct kn_yamux *y)
{
    struct kn_yamux_header header;

    if (kn_yamux_header_decode(y->head, &header) != KN_OK) {
        kn_yamux_stop(y,
                      kn_fail(&y->fault, KN_E_PROTOCOL, "yamux: a frame of version %u and type %u",
                              y->head[0], y->head[1]));
        return;
    }
    y->counters.frames_in++;
    switch (header.type) {
    case KN_YAMUX_DATA:
        /* Nobody was ever given more credit, not even on a stream that is gone. */
        if (header.length > KN_YAMUX_WINDOW_MAX) {
            kn_yamux_stop(y, kn_fail(&y->fault, KN_E_PROTOCOL,
                                     "yamux: a frame of %u bytes; the largest window has %d",
                                     header.length, KN_YAMUX_WINDOW_MAX));
            return;
        }
        y->body_left = header.length;
        y->body_id = 0;
        y->body_fin = false;
        on_stream_frame(y, &header);
        break;
    case KN_YAMUX_CREDIT:
        y->body_id = 0;
        on_stream_frame(y, &header);
        break;
    case KN_YAMUX_PING:
        on_ping(y, &header);
        break;
    case KN_YAMUX_GO_AWAY:
        on_go_away(y, &header);
        break;
    }
}

static struct kn_span rest_of(struct kn_span bytes, size_t n)
{
    return kn_span(bytes.at + n, bytes.n - n);
}

static struct kn_span take_header(struct kn_yamux *y, struct kn_span bytes)
{
    size_t n = KN_YAMUX_HEADER_SIZE - y->head_n;

    if (n > bytes.n)
        n = bytes.n;
    memcpy(y->head + y->head_n, bytes.at, n);
    y->head_n += n;
    if (y->head_n == KN_YAMUX_HEADER_SIZE) {
        y->head_n = 0;
        on_header(y);
    }
    return rest_of(bytes, n);
}

/* By its id: since the header came, the stream may have been reset. */
static struct kn_yamux_stream *body_stream(const struct kn_yamux *y)
{
    return y->body_id == 0 ? NULL : kn_yamux_table_find(&y->streams, y->body_id);
}

static struct kn_span take_body(struct kn_yamux *y, struct kn_span bytes)
{
    struct kn_yamux_stream *stream = body_stream(y);
    size_t n = bytes.n < y->body_left ? bytes.n : y->body_left;

    y->body_left -= n;
    if (stream != NULL) {
        stream->held += n;
        kn_yamux_enter(y);
        y->events.data(stream->user, stream, kn_span(bytes.at, n));
        kn_yamux_leave(y);
        stream = body_stream(y);
    }
    if (stream != NULL && y->body_left == 0 && y->body_fin && y->fault.code == KN_OK)
        on_fin(y, stream);
    return rest_of(bytes, n);
}

enum kn_code kn_yamux_input(struct kn_yamux *y, struct kn_span bytes, kn_time now,
                            struct kn_error *err)
{
    y->now = now;
    y->counters.bytes_in += bytes.n;
    while (bytes.n > 0 && y->fault.code == KN_OK)
        bytes = y->body_left > 0 ? take_body(y, bytes) : take_header(y, bytes);
    if (y->fault.code == KN_OK)
        return KN_OK;
    y->fault_told = true;
    if (err != NULL)
        *err = y->fault;
    return y->fault.code;
}
