#include "serving/channel.h"

#include "network/petals/expert.h"
#include "serving/serving_parts.h"

enum {
    SLICE = 1 << 20,     /* handed to the stream at once */
    PENDING = 4 << 20,   /* that may wait in the stream */
    ROOM_KEPT = 1 << 20, /* of `out` when it is empty */
    AGAIN_MS = 20,
};

static void link_channel(struct kn_channel *ch)
{
    ch->next = ch->serving->channels;
    ch->place = &ch->serving->channels;
    if (ch->next != NULL)
        ch->next->place = &ch->next;
    ch->serving->channels = ch;
    ch->serving->channel_count++;
}

static void unlink_channel(struct kn_channel *ch)
{
    if (ch->place == NULL)
        return;
    *ch->place = ch->next;
    if (ch->next != NULL)
        ch->next->place = ch->place;
    ch->place = NULL;
    ch->serving->channel_count--;
}

/* What the peer of this channel has us hold beside it. */
static size_t held_for_peer(const struct kn_channel *ch)
{
    size_t held = 0;

    for (const struct kn_channel *other = ch->serving->channels; other != NULL; other = other->next)
        held += other->connection == ch->connection && other != ch ? other->held : 0;
    return held;
}

static void let_go(struct kn_channel *ch)
{
    ch->serving->held -= ch->held;
    ch->held = 0;
}

/* Less than before, or made here and bounded. */
static void note_held(struct kn_channel *ch)
{
    size_t held = kn_rpc_frames_held(&ch->in) + ch->out.n + ch->extra;

    ch->serving->held += held - ch->held;
    ch->held = held;
}

bool kn_channel_account(struct kn_channel *ch, size_t extra, struct kn_error *err)
{
    size_t held = kn_rpc_frames_held(&ch->in) + ch->out.n + extra;
    size_t others = ch->serving->held - ch->held;

    ch->extra = extra;
    if (held > ch->held && held > KN_SERVING_SMALL &&
        (held > KN_SERVING_HELD_MAX || others > KN_SERVING_HELD_MAX - held ||
         held > KN_SERVING_HELD_PEER_MAX || held_for_peer(ch) > KN_SERVING_HELD_PEER_MAX - held)) {
        (void)kn_fail(err, KN_E_LIMIT, "this server holds too many bytes of requests now");
        return false;
    }
    note_held(ch);
    return true;
}

static void pause_or_not(struct kn_channel *ch)
{
    if (ch->stream != NULL)
        kn_stream_pause(ch->stream, ch->busy && ch->in.kept.n > KN_SERVING_AHEAD_BYTES);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_channel *ch = arg;
    struct kn_error err = { 0 };

    (void)stream;
    kn_rpc_frames_lend(&ch->in, bytes);
    if (!ch->busy)
        ch->events->readable(ch->arg);
    if (ch->stream == NULL)
        return; /* closed meanwhile */
    kn_rpc_frames_keep(&ch->in);
    if (ch->in.kept.failed)
        (void)kn_fail_no_memory(&err);
    else if (kn_channel_account(ch, ch->extra, &err))
        pause_or_not(ch);
    if (err.code == KN_OK)
        return;
    kn_channel_fail(ch, err.text);
    ch->events->gone(ch->arg);
}

/* spec: hivemind/p2p/p2p_daemon.py; an end without a word cancels what was asked for. */
static void on_finished(void *arg, struct kn_stream *stream)
{
    struct kn_channel *ch = arg;

    (void)stream;
    kn_channel_finish(ch);
    ch->events->gone(ch->arg);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_channel *ch = arg;

    (void)code;
    ch->stream = NULL;
    kn_channel_reset(ch);
    ch->events->gone(ch->arg);
}

static void go_on(void *arg)
{
    struct kn_channel *ch = arg;

    kn_channel_flush(ch);
    if (ch->stream != NULL && kn_channel_is_clear(ch))
        ch->events->writable(ch->arg);
}

static void on_drained(void *arg, struct kn_stream *stream)
{
    (void)stream;
    go_on(arg);
}

static const struct kn_stream_events stream_events = {
    .data = on_data,
    .finished = on_finished,
    .drained = on_drained,
    .ended = on_ended,
};

/* Whoever has many leaves the other half to others. */
static bool has_room(const struct kn_serving *serving, const struct kn_connection *connection)
{
    size_t own = 0;

    if (serving->channel_count < KN_SERVING_STREAMS_MAX / 2)
        return true;
    for (const struct kn_channel *ch = serving->channels; ch != NULL; ch = ch->next)
        own += ch->connection == connection;
    return serving->channel_count < KN_SERVING_STREAMS_MAX && own < KN_SERVING_STREAMS_SHARE;
}

bool kn_channel_open(struct kn_channel *ch, struct kn_serving *serving, struct kn_stream *stream,
                     const struct kn_channel_events *events, void *arg)
{
    if (!has_room(serving, kn_stream_connection(stream))) {
        serving->counters.refused++;
        kn_channel_refuse(stream, "this server has as many streams open as it takes");
        return false;
    }
    *ch = (struct kn_channel){
        .serving = serving,
        .stream = stream,
        .connection = kn_stream_connection(stream),
        .events = events,
        .arg = arg,
        .in = { .max = KN_SERVING_MESSAGE_MAX },
    };
    ch->again = kn_timer_new(kn_host_loop(serving->options.host), go_on, ch);
    if (ch->again == NULL) {
        kn_stream_reset(stream);
        return false;
    }
    link_channel(ch);
    kn_stream_serve(stream, &stream_events, ch);
    return true;
}

static void release(struct kn_channel *ch)
{
    ch->stream = NULL;
    if (ch->serving == NULL)
        return; /* never opened */
    kn_rpc_frames_done(&ch->in);
    kn_buffer_done(&ch->out);
    ch->extra = 0;
    let_go(ch);
    unlink_channel(ch);
    if (ch->again != NULL)
        kn_timer_set(ch->again, KN_NEVER);
}

void kn_channel_done(struct kn_channel *ch)
{
    kn_channel_reset(ch);
    kn_timer_free(ch->again);
    ch->again = NULL;
}

enum kn_code kn_channel_peek(struct kn_channel *ch, struct kn_rpc_frame *out, struct kn_error *err)
{
    enum kn_code rc;

    if (ch->stream == NULL)
        return KN_E_TRUNCATED;
    rc = kn_rpc_frames_peek(&ch->in, out);
    if (rc == KN_E_LIMIT)
        (void)kn_fail(err, rc, "a message of %zu bytes, more than %d", out->body.n,
                      KN_SERVING_MESSAGE_MAX);
    else if (rc == KN_E_PROTOCOL)
        (void)kn_fail(err, rc, "a frame that is neither a message nor an error");
    else if (rc == KN_E_NO_MEMORY)
        (void)kn_fail_no_memory(err);
    return rc;
}

void kn_channel_take(struct kn_channel *ch, const struct kn_rpc_frame *frame)
{
    kn_rpc_frames_take(&ch->in, frame);
    note_held(ch);
}

void kn_channel_set_busy(struct kn_channel *ch, bool busy)
{
    ch->busy = busy;
    pause_or_not(ch);
}

/* As much of `out` as the stream takes. False: the stream is broken. */
static bool hand_over(struct kn_channel *ch)
{
    enum kn_code rc = KN_OK;

    while (rc == KN_OK && ch->out.n > 0 && kn_stream_pending(ch->stream) < PENDING) {
        struct kn_span all = kn_buffer_get(&ch->out);
        size_t n = all.n < SLICE ? all.n : SLICE;

        rc = kn_stream_write(ch->stream, kn_span(all.at, n));
        if (rc == KN_OK)
            kn_buffer_take(&ch->out, n);
    }
    return rc == KN_OK || rc == KN_E_LIMIT;
}

void kn_channel_flush(struct kn_channel *ch)
{
    kn_time now = kn_loop_now(kn_host_loop(ch->serving->options.host));
    bool stuck;

    if (ch->stream == NULL)
        return;
    if (ch->out.failed || !hand_over(ch)) {
        kn_channel_reset(ch);
        ch->events->gone(ch->arg);
        return;
    }
    if (ch->out.n == 0 && ch->out.room > ROOM_KEPT)
        kn_buffer_done(&ch->out);
    /* Other streams of the connection have taken all the room: nobody will call. */
    stuck = ch->out.n > 0 && kn_stream_pending(ch->stream) == 0;
    kn_timer_set(ch->again, stuck ? now + AGAIN_MS : KN_NEVER);
    note_held(ch);
}

bool kn_channel_is_clear(const struct kn_channel *ch)
{
    return ch->stream != NULL && ch->out.n == 0 &&
           kn_stream_pending(ch->stream) <= KN_SERVING_UNREAD_MAX;
}

bool kn_channel_is_empty(const struct kn_channel *ch)
{
    return ch->stream != NULL && ch->out.n == 0 && kn_stream_pending(ch->stream) == 0;
}

static void put_error(const char *text, struct kn_buffer *out)
{
    struct kn_buffer body = { 0 };

    kn_rpc_error_encode(kn_span_text(text), &body);
    kn_rpc_frame_head(KN_RPC_ERROR, body.n, out);
    kn_buffer_add_span(out, kn_buffer_get(&body));
    if (body.failed)
        kn_buffer_fail(out);
    kn_buffer_done(&body);
}

/* Half a reply that waits here cannot be followed by anything. */
void kn_channel_fail(struct kn_channel *ch, const char *text)
{
    struct kn_stream *stream = ch->stream;

    if (stream == NULL)
        return;
    if (ch->out.n > 0) {
        kn_channel_reset(ch);
        return;
    }
    release(ch);
    kn_channel_refuse(stream, text);
}

void kn_channel_finish(struct kn_channel *ch)
{
    struct kn_stream *stream = ch->stream;

    if (stream == NULL)
        return;
    release(ch);
    kn_stream_finish(stream); /* at once: the client waits for it */
    kn_stream_forget(stream);
}

void kn_channel_reset(struct kn_channel *ch)
{
    struct kn_stream *stream = ch->stream;

    release(ch);
    if (stream != NULL)
        kn_stream_reset(stream);
}

void kn_channel_refuse(struct kn_stream *stream, const char *text)
{
    struct kn_buffer frame = { 0 };

    put_error(text, &frame);
    if (frame.failed || kn_stream_write(stream, kn_buffer_get(&frame)) != KN_OK)
        kn_stream_reset(stream);
    else
        kn_stream_forget(stream);
    kn_buffer_done(&frame);
}
