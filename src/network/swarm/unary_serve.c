/* unary_serve: the side that answers. */
#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/writer.h"
#include "network/proto/rpc_envelope.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/unary.h"

struct kn_unary_serving {
    const struct kn_unary_handler *handler;
    struct kn_connection *connection;
    struct kn_stream *stream;
    struct kn_timer *timer;
    struct kn_buffer request;
    size_t held; /* of it, in the connection's books */
    bool asked;  /* the request is complete and with the handler */
    uint8_t id[KN_RPC_ID_SIZE];
};

static void free_serving(struct kn_unary_serving *s)
{
    (void)kn_host_hold(s->connection, &s->held, 0);
    kn_timer_free(s->timer);
    kn_buffer_done(&s->request);
    kn_free(s);
}

/* The caller is gone, or broke the rules. */
static void give_up(struct kn_unary_serving *s)
{
    kn_counters_of(s->connection)->requests_abandoned++;
    if (s->stream != NULL)
        kn_stream_reset(s->stream);
    if (s->asked)
        s->handler->given_up(s->handler->arg, s);
    free_serving(s);
}

/* The request is complete: it is the handler's. */
static void hand_over(struct kn_unary_serving *s, const struct kn_rpc_call *call)
{
    struct kn_buffer request = s->request; /* the handler may answer, and free us, while it reads */

    kn_timer_set(s->timer, KN_NEVER);
    (void)kn_host_hold(s->connection, &s->held, 0);
    memcpy(s->id, call->id, sizeof(s->id));
    s->asked = true;
    s->request = (struct kn_buffer){ 0 };
    s->handler->asked(s->handler->arg, kn_connection_peer(s->connection), call->data, s);
    kn_buffer_done(&request);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_unary_serving *s = arg;
    struct kn_rpc_call call;
    struct kn_span message;
    size_t used;
    enum kn_code rc;

    (void)stream;
    /* spec: p2pd's persistent_stream.go; a byte behind the request means that it is cancelled. */
    if (s->asked) {
        give_up(s);
        return;
    }
    kn_buffer_add_span(&s->request, bytes);
    rc = s->request.failed
             ? KN_E_NO_MEMORY
             : kn_frame_next(kn_buffer_get(&s->request), KN_RPC_ENVELOPE_MAX, &message, &used);
    if (rc == KN_E_TRUNCATED) {
        if (!kn_host_hold(s->connection, &s->held, s->request.room))
            give_up(s);
        return;
    }
    if (rc == KN_OK)
        rc = kn_rpc_call_decode(message, &call);
    if (rc == KN_OK && !kn_host_knows(kn_host_of(s->connection), s->handler)) {
        give_up(s); /* whose handler has gone meanwhile */
        return;
    }
    if (rc == KN_OK) {
        hand_over(s, &call);
        return;
    }
    kn_counters_of(s->connection)->requests_malformed++;
    give_up(s);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    give_up(arg); /* spec: as above; the caller's half closed before the answer cancels it */
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_unary_serving *s = arg;

    (void)code;
    s->stream = NULL;
    give_up(s);
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

static void on_opened(void *arg, struct kn_stream *stream)
{
    const struct kn_unary_handler *handler = arg;
    struct kn_host *host = kn_host_of(kn_stream_connection(stream));
    struct kn_unary_serving *s = kn_try_alloc(sizeof(*s));

    if (s != NULL)
        s->timer = kn_timer_new(kn_host_loop(host), on_timer, s);
    if (s == NULL || s->timer == NULL) {
        kn_free(s);
        kn_stream_reset(stream);
        return;
    }
    s->handler = handler;
    s->connection = kn_stream_connection(stream);
    s->stream = stream;
    kn_timer_set(s->timer, kn_loop_now(kn_host_loop(host)) + host->options.times.request_ms);
    kn_stream_serve(stream, &events, s);
}

enum kn_code kn_unary_serve(struct kn_host *host, const struct kn_unary_handler *handler)
{
    /* Nobody writes through it: on_opened() takes it as const again. */
    const union {
        const struct kn_unary_handler *given;
        void *taken;
    } both = { .given = handler };
    const struct kn_protocol protocol = {
        .name = handler->name,
        .opened = on_opened,
        .arg = both.taken,
    };

    return kn_host_serve(host, &protocol);
}

void kn_unary_answer(struct kn_unary_serving *s, enum kn_code code, struct kn_span bytes)
{
    static const char unread[] = "too many bytes of answers wait to be read";
    struct kn_rpc_answer answer = { .is_error = code != KN_OK, .data = bytes };
    struct kn_buffer message = { 0 }, wire = { 0 };
    struct kn_stream *stream = s->stream;

    /* Errors are short: they may always wait, one on each stream. */
    if (code == KN_OK && !kn_host_may_answer(s->connection, bytes.n))
        answer = (struct kn_rpc_answer){ .is_error = true, .data = kn_span_text(unread) };
    kn_host_count_answer(stream);
    memcpy(answer.id, s->id, sizeof(answer.id));
    kn_rpc_answer_encode(&answer, &message);
    kn_write_prefixed(&wire, kn_buffer_get(&message));
    if (message.failed || wire.failed || kn_stream_write(stream, kn_buffer_get(&wire)) != KN_OK)
        kn_stream_reset(stream);
    else
        kn_stream_forget(stream);
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
    free_serving(s);
}
