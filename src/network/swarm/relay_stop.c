#include "network/swarm/relay_stop.h"

#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "network/proto/relay.h"
#include "network/swarm/host_parts.h"

/* A relay that wants to bring somebody. */
struct calling {
    struct kn_relay_stop *stop;
    struct calling *next, **place;
    struct kn_stream *stream;
    struct kn_timer *timer;
    struct kn_buffer bytes;
};

struct kn_relay_stop {
    struct kn_host *host;
    bool (*expects)(void *arg, const struct kn_peer_id *relay);
    void *arg;
    struct calling *callings;
    size_t n;
};

static void free_calling(struct calling *c)
{
    *c->place = c->next;
    if (c->next != NULL)
        c->next->place = c->place;
    c->stop->n--;
    kn_timer_free(c->timer);
    kn_buffer_done(&c->bytes);
    kn_free(c);
}

static void give_up(struct calling *c)
{
    kn_stream_reset(c->stream);
    free_calling(c);
}

static enum kn_code answer(struct kn_stream *stream, enum kn_relay_status status)
{
    struct kn_buffer message = { 0 }, wire = { 0 };
    enum kn_code rc;

    kn_stop_status_encode(status, &message);
    kn_write_prefixed(&wire, kn_buffer_get(&message));
    rc = message.failed || wire.failed ? KN_E_NO_MEMORY
                                       : kn_stream_write(stream, kn_buffer_get(&wire));
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
    return rc;
}

static void refuse(struct calling *c, enum kn_relay_status status)
{
    if (answer(c->stream, status) == KN_OK)
        kn_stream_forget(c->stream);
    else
        kn_stream_reset(c->stream);
    free_calling(c);
}

/* What came behind the message is the caller's already. The name that the relay gives is a hint;
 * the handshake proves it. */
static void accept_caller(struct calling *c, const struct kn_stop *message, size_t used)
{
    struct kn_host *host = c->stop->host;
    struct kn_buffer bytes = c->bytes;
    struct kn_stream *stream = c->stream;
    struct kn_relayed relayed;
    struct kn_pipe *pipe;

    kn_relayed_of(kn_connection_peer(kn_stream_connection(stream)), &message->limit, &relayed);
    if (answer(stream, KN_RELAY_OK) != KN_OK) {
        give_up(c);
        return;
    }
    c->bytes = (struct kn_buffer){ 0 };
    free_calling(c);
    host->counters.accepted++;
    pipe = kn_pipe_new_relayed(host, stream, KN_ROLE_LISTENER, NULL, &relayed, NULL);
    kn_buffer_take(&bytes, used);
    if (pipe != NULL) {
        kn_pipe_arrived(pipe);
        kn_pipe_input(pipe, kn_buffer_get(&bytes));
    }
    kn_buffer_done(&bytes);
}

static void take(struct calling *c, struct kn_span bytes, size_t used)
{
    struct kn_stop message;

    if (kn_stop_decode(bytes, &message) != KN_OK)
        refuse(c, KN_RELAY_MALFORMED_MESSAGE);
    else if (message.type != KN_STOP_CONNECT)
        refuse(c, KN_RELAY_UNEXPECTED_MESSAGE);
    else if (!kn_host_has_relayed_room(c->stop->host,
                                       kn_connection_peer(kn_stream_connection(c->stream))))
        refuse(c, KN_RELAY_RESOURCE_LIMIT_EXCEEDED);
    else
        accept_caller(c, &message, used);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct calling *c = arg;
    struct kn_span message;
    size_t used;
    enum kn_code rc;

    (void)stream;
    kn_buffer_add_span(&c->bytes, bytes);
    if (c->bytes.failed) {
        give_up(c);
        return;
    }
    rc = kn_frame_next(kn_buffer_get(&c->bytes), KN_RELAY_MESSAGE_MAX, &message, &used);
    if (rc == KN_OK)
        take(c, message, used);
    else if (rc != KN_E_TRUNCATED)
        refuse(c, KN_RELAY_MALFORMED_MESSAGE);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    give_up(arg);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct calling *c = arg;

    (void)code;
    c->stream = NULL;
    free_calling(c);
}

static void on_timer(void *arg)
{
    give_up(arg);
}

static const struct kn_stream_events events = {
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

/* Nobody is brought through two relays, or by one that we did not ask. A stream that nobody serves
 * is reset. */
static void on_opened(void *arg, struct kn_stream *stream)
{
    struct kn_relay_stop *stop = arg;
    const struct kn_connection *connection = kn_stream_connection(stream);
    struct kn_loop *loop = kn_host_loop(stop->host);
    struct calling *c;

    if (stop->n >= KN_RELAY_STOP_WAIT_MAX || kn_host_relayed(connection) != NULL ||
        !stop->expects(stop->arg, kn_connection_peer(connection)))
        return;
    c = kn_try_alloc(sizeof(*c));
    if (c == NULL)
        return;
    c->timer = kn_timer_new(loop, on_timer, c);
    if (c->timer == NULL) {
        kn_free(c);
        return;
    }
    c->stop = stop;
    c->stream = stream;
    c->next = stop->callings;
    c->place = &stop->callings;
    if (c->next != NULL)
        c->next->place = &c->next;
    stop->callings = c;
    stop->n++;
    kn_timer_set(c->timer, kn_loop_now(loop) + KN_RELAY_STOP_MS);
    kn_stream_serve(stream, &events, c);
}

struct kn_relay_stop *kn_relay_stop_new(struct kn_host *host,
                                        bool (*expects)(void *arg, const struct kn_peer_id *relay),
                                        void *arg)
{
    struct kn_relay_stop *stop = kn_try_alloc(sizeof(*stop));
    const struct kn_protocol protocol = { "/libp2p/circuit/relay/0.2.0/stop", on_opened, stop };

    if (stop == NULL)
        return NULL;
    *stop = (struct kn_relay_stop){ .host = host, .expects = expects, .arg = arg };
    if (kn_host_serve(host, &protocol) != KN_OK) {
        kn_free(stop);
        return NULL;
    }
    return stop;
}

void kn_relay_stop_free(struct kn_relay_stop *stop)
{
    if (stop == NULL)
        return;
    while (stop->callings != NULL)
        give_up(stop->callings);
    kn_host_forget(stop->host, stop);
    kn_free(stop);
}
