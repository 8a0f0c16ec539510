#include "network/yamux/yamux.h"

#include "lib/base/memory.h"
#include "network/yamux/session.h"

/* Within how many round trips the peer must have emptied half a window for it to grow. */
enum { GROWTH_RTT = 4 };

static void no_opened(void *arg, struct kn_yamux_stream *stream)
{
    (void)arg;
    kn_yamux_reset(stream);
}

static void no_data(void *user, struct kn_yamux_stream *stream, struct kn_span bytes)
{
    (void)user;
    kn_yamux_consumed(stream, bytes.n);
}

static void no_event(void *user, struct kn_yamux_stream *stream)
{
    (void)user;
    (void)stream;
}

static void no_ended(void *user, enum kn_yamux_end how)
{
    (void)user;
    (void)how;
}

static struct kn_yamux_events completed(const struct kn_yamux_events *events)
{
    return (struct kn_yamux_events){
        .opened = events->opened != NULL ? events->opened : no_opened,
        .data = events->data != NULL ? events->data : no_data,
        .finished = events->finished != NULL ? events->finished : no_event,
        .drained = events->drained != NULL ? events->drained : no_event,
        .ended = events->ended != NULL ? events->ended : no_ended,
    };
}

struct kn_yamux *kn_yamux_new(enum kn_role role, const struct kn_yamux_events *events, void *arg,
                              kn_time now)
{
    struct kn_yamux *y = kn_try_alloc(sizeof(*y));

    if (y == NULL)
        return NULL;
    y->role = role;
    y->events = completed(events);
    y->arg = arg;
    y->now = now;
    y->next_id = role == KN_ROLE_DIALER ? 1 : 2; /* spec: yamux "StreamID field" */
    y->ping_due = now;                           /* the first tells the round trip */
    y->rtt_ms = -1;
    return y;
}

void kn_yamux_lend(struct kn_yamux *y, struct kn_outbox_spare *spare)
{
    y->spare = spare;
}

void kn_yamux_free(struct kn_yamux *y)
{
    if (y == NULL)
        return;
    if (y->fault.code == KN_OK)
        kn_yamux_stop(y, kn_fail(&y->fault, KN_E_CLOSED, "yamux: the session was closed"));
    while (y->streams.n > 0)
        kn_yamux_stream_ended(y->streams.rows[y->streams.n - 1].stream, KN_YAMUX_LOST);
    kn_free(y->streams.rows);
    kn_buffer_done(&y->control);
    kn_free(y);
}

kn_time kn_yamux_deadline(const struct kn_yamux *y)
{
    if (y->fault.code == KN_OK)
        return y->late.first != NULL ? kn_time_min(y->ping_due, y->late_due) : y->ping_due;
    return y->fault_told ? KN_NEVER : y->now;
}

static void send_ping(struct kn_yamux *y)
{
    y->ping_waits = true;
    y->ping_sent = y->now;
    y->ping_due = y->now + KN_YAMUX_PONG_MS;
    y->ping_value++;
    /* With SYN, without which go does not answer. */
    kn_yamux_control(y, KN_YAMUX_PING, KN_YAMUX_SYN, 0, y->ping_value);
}

enum kn_code kn_yamux_tick(struct kn_yamux *y, kn_time now)
{
    y->now = now;
    if (y->late.first != NULL && now >= y->late_due)
        kn_yamux_hurry(y);
    if (y->fault.code == KN_OK && now >= y->ping_due) {
        if (y->ping_waits)
            kn_yamux_stop(y, kn_fail(&y->fault, KN_E_TIMEOUT,
                                     "yamux: the peer did not answer a ping within %d ms",
                                     KN_YAMUX_PONG_MS));
        else
            send_ping(y);
    }
    y->fault_told = y->fault.code != KN_OK;
    return y->fault.code;
}

enum kn_code kn_yamux_open(struct kn_yamux *y, void *user, struct kn_yamux_stream **out)
{
    struct kn_yamux_stream *stream;

    if (y->fault.code != KN_OK || y->peer_leaves || y->next_id > UINT32_MAX)
        return KN_E_CLOSED;
    if (y->streams.n >= KN_YAMUX_STREAMS_MAX || y->unacked >= KN_YAMUX_UNACKED_MAX)
        return KN_E_LIMIT;
    stream = kn_yamux_stream_new(y, (uint32_t)y->next_id, true);
    if (stream == NULL)
        return KN_E_NO_MEMORY;
    y->next_id += 2;
    y->unacked++;
    stream->user = user;
    stream->syn_due = true;
    kn_yamux_schedule(stream);
    *out = stream;
    return KN_OK;
}

size_t kn_yamux_stream_count(const struct kn_yamux *y)
{
    return y->streams.n;
}

const struct kn_yamux_counters *kn_yamux_counters(const struct kn_yamux *y)
{
    return &y->counters;
}

int64_t kn_yamux_rtt_ms(const struct kn_yamux *y)
{
    return y->rtt_ms;
}

void kn_yamux_stream_set_user(struct kn_yamux_stream *stream, void *user)
{
    stream->user = user;
}

bool kn_yamux_stream_is_ours(const struct kn_yamux_stream *stream)
{
    return stream->ours;
}

uint32_t kn_yamux_stream_id(const struct kn_yamux_stream *stream)
{
    return stream->id;
}

enum kn_code kn_yamux_write(struct kn_yamux_stream *stream, struct kn_span bytes)
{
    enum kn_code rc;

    if (stream->gone || stream->finishing || stream->session->fault.code != KN_OK)
        return KN_E_CLOSED;
    if (bytes.n > KN_YAMUX_PENDING_MAX - stream->outbox.n ||
        bytes.n > KN_YAMUX_PENDING_ALL_MAX - stream->session->pending)
        return KN_E_LIMIT;
    rc = kn_outbox_add(&stream->outbox, bytes);
    if (rc == KN_OK)
        stream->session->pending += bytes.n;
    kn_yamux_schedule(stream);
    return rc;
}

size_t kn_yamux_pending(const struct kn_yamux_stream *stream)
{
    return stream->outbox.n;
}

void kn_yamux_count_in(struct kn_yamux_stream *stream, struct kn_outbox_book *book)
{
    if (!stream->gone)
        kn_outbox_count_in(&stream->outbox, book);
}

/* Double the window of a peer that fills it faster than credit travels; by how much it grew. */
static size_t grow_window(struct kn_yamux_stream *stream)
{
    struct kn_yamux *y = stream->session;
    size_t more = stream->window;
    int64_t rtt_ms = y->rtt_ms > 0 ? y->rtt_ms : 1;

    if (y->rtt_ms < 0 || y->now - stream->credited >= GROWTH_RTT * rtt_ms)
        return 0;
    if (more > KN_YAMUX_WINDOW_MAX - stream->window || more > KN_YAMUX_GROWTH_MAX - y->grown)
        return 0;
    stream->window += more;
    y->grown += more;
    return more;
}

static void give_credit(struct kn_yamux_stream *stream)
{
    size_t delta = stream->consumed + grow_window(stream);

    stream->consumed = 0;
    stream->credit_in += delta;
    stream->credited = stream->session->now;
    kn_yamux_control(stream->session, KN_YAMUX_CREDIT, 0, stream->id, (uint32_t)delta);
}

void kn_yamux_consumed(struct kn_yamux_stream *stream, size_t n)
{
    bool more_may_come = kn_yamux_next(stream->state, KN_YAMUX_RECV_DATA) != KN_YAMUX_REFUSED;

    if (stream->gone)
        return;
    if (n > stream->held)
        n = stream->held;
    stream->held -= n;
    stream->consumed += n;
    if (more_may_come && stream->consumed >= stream->window / 2)
        give_credit(stream);
}

void kn_yamux_finish(struct kn_yamux_stream *stream)
{
    if (stream->gone || stream->finishing)
        return;
    stream->finishing = true;
    kn_yamux_schedule(stream);
}

void kn_yamux_finish_late(struct kn_yamux_stream *stream)
{
    if (stream->gone || stream->finishing)
        return;
    stream->late = !stream->queued;
    kn_yamux_finish(stream);
}

void kn_yamux_reset(struct kn_yamux_stream *stream)
{
    /* Nobody has to hear of a stream that was not told of, or of one that both have finished. */
    bool known = !stream->syn_due && stream->state != KN_YAMUX_CLOSED;

    if (stream->gone)
        return;
    stream->state = kn_yamux_next(stream->state, KN_YAMUX_SEND_RST);
    if (known)
        kn_yamux_control(stream->session, KN_YAMUX_CREDIT, KN_YAMUX_RST, stream->id, 0);
    kn_yamux_forget(stream);
}
