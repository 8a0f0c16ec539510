#include "network/yamux/session.h"

#include "lib/base/memory.h"

static void put_control(struct kn_yamux *y, struct kn_yamux_header header)
{
    uint8_t bytes[KN_YAMUX_HEADER_SIZE];

    kn_yamux_header_encode(&header, bytes);
    kn_buffer_add(&y->control, bytes, sizeof(bytes));
}

void kn_yamux_control(struct kn_yamux *y, enum kn_yamux_type type, unsigned flags, uint32_t id,
                      uint32_t length)
{
    const struct kn_yamux_header header = { type, (uint16_t)flags, id, length };

    if (y->fault.code != KN_OK)
        return;
    if (y->control.n + KN_YAMUX_HEADER_SIZE > KN_YAMUX_CONTROL_MAX) {
        kn_yamux_stop(y, kn_fail(&y->fault, KN_E_PROTOCOL,
                                 "yamux: the peer asks for more than %d bytes of answers and "
                                 "takes none",
                                 KN_YAMUX_CONTROL_MAX));
        return;
    }
    put_control(y, header);
    if (y->control.failed)
        kn_yamux_stop(y, kn_fail_no_memory(&y->fault));
}

void kn_yamux_stop(struct kn_yamux *y, enum kn_code code)
{
    kn_buffer_clear(&y->control);
    if (code == KN_E_PROTOCOL)
        put_control(y, (struct kn_yamux_header){ KN_YAMUX_GO_AWAY, 0, 0, KN_YAMUX_WRONG });
    else if (code == KN_E_NO_MEMORY)
        put_control(y, (struct kn_yamux_header){ KN_YAMUX_GO_AWAY, 0, 0, KN_YAMUX_INTERNAL });
}

struct kn_yamux_stream *kn_yamux_stream_new(struct kn_yamux *y, uint32_t id, bool ours)
{
    struct kn_yamux_stream *stream = kn_try_alloc(sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->session = y;
    stream->id = id;
    stream->state = KN_YAMUX_OPEN;
    stream->ours = ours;
    stream->window = KN_YAMUX_WINDOW;
    stream->credit_in = KN_YAMUX_WINDOW;
    stream->credit_out = KN_YAMUX_WINDOW;
    stream->credited = y->now;
    stream->outbox.spare = y->spare;
    if (kn_yamux_table_add(&y->streams, stream) != KN_OK) {
        kn_free(stream);
        return NULL;
    }
    return stream;
}

static struct kn_yamux_queue *queue_of(struct kn_yamux_stream *stream)
{
    return stream->late ? &stream->session->late : &stream->session->ready;
}

static void make_early(struct kn_yamux_stream *stream)
{
    kn_yamux_queue_remove(queue_of(stream), stream);
    stream->late = false;
}

void kn_yamux_schedule(struct kn_yamux_stream *stream)
{
    bool data = stream->outbox.n > 0 && stream->credit_out > 0;
    bool end = stream->finishing && stream->outbox.n == 0 &&
               kn_yamux_next(stream->state, KN_YAMUX_SEND_FIN) != KN_YAMUX_REFUSED;

    if (stream->late && (stream->syn_due || data || !end))
        make_early(stream);
    if (!stream->syn_due && !data && !end)
        return;
    if (stream->late && stream->session->late.first == NULL)
        stream->session->late_due = stream->session->now + KN_YAMUX_LATE_MS;
    kn_yamux_queue_add(queue_of(stream), stream);
}

void kn_yamux_hurry(struct kn_yamux *y)
{
    while (y->late.first != NULL) {
        struct kn_yamux_stream *stream = y->late.first;

        make_early(stream);
        kn_yamux_queue_add(&y->ready, stream);
    }
}

void kn_yamux_forget(struct kn_yamux_stream *stream)
{
    struct kn_yamux *y = stream->session;

    kn_yamux_queue_remove(queue_of(stream), stream);
    kn_yamux_table_remove(&y->streams, stream->id);
    y->pending -= stream->outbox.n;
    kn_outbox_done(&stream->outbox);
    if (stream->ours && !stream->acked)
        y->unacked--;
    y->grown -= stream->window - KN_YAMUX_WINDOW;
    stream->gone = true;
    stream->after = y->graves;
    y->graves = stream;
    kn_yamux_enter(y); /* buries it, unless an event is running */
    kn_yamux_leave(y);
}

void kn_yamux_stream_ended(struct kn_yamux_stream *stream, enum kn_yamux_end how)
{
    struct kn_yamux *y = stream->session;
    void *user = stream->user;

    kn_yamux_forget(stream);
    kn_yamux_enter(y);
    y->events.ended(user, how);
    kn_yamux_leave(y);
}

void kn_yamux_enter(struct kn_yamux *y)
{
    y->depth++;
}

void kn_yamux_leave(struct kn_yamux *y)
{
    if (--y->depth > 0)
        return;
    while (y->graves != NULL) {
        struct kn_yamux_stream *stream = y->graves;

        y->graves = stream->after;
        kn_free(stream);
    }
}
