#include "network/swarm/exchange.h"

#include "lib/base/memory.h"
#include "lib/codec/frame.h"
#include "lib/codec/writer.h"

struct kn_exchange {
    struct kn_stream *stream;
    struct kn_timer *timer;
    struct kn_buffer bytes;
    size_t answer_max;
    kn_exchange_fn *done;
    void *arg;
};

static void free_exchange(struct kn_exchange *x)
{
    kn_timer_free(x->timer);
    kn_buffer_done(&x->bytes);
    kn_free(x);
}

static void fail(struct kn_exchange *x, enum kn_code code)
{
    kn_exchange_fn *done = x->done;
    void *arg = x->arg;

    kn_stream_reset(x->stream);
    free_exchange(x);
    done(arg, code, NULL, kn_span(NULL, 0), kn_span(NULL, 0));
}

/* The handle is dead before anybody hears of it; the bytes live until they have. */
static void succeed(struct kn_exchange *x, struct kn_span answer, size_t used)
{
    struct kn_buffer bytes = x->bytes;
    struct kn_span all = kn_buffer_get(&bytes);
    kn_exchange_fn *done = x->done;
    struct kn_stream *stream = x->stream;
    void *arg = x->arg;

    x->bytes = (struct kn_buffer){ 0 };
    free_exchange(x);
    done(arg, KN_OK, stream, answer, kn_span(all.at + used, all.n - used));
    kn_buffer_done(&bytes);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_exchange *x = arg;
    struct kn_span answer;
    size_t used;
    enum kn_code rc;

    (void)stream;
    kn_buffer_add_span(&x->bytes, bytes);
    rc = x->bytes.failed ? KN_E_NO_MEMORY
                         : kn_frame_next(kn_buffer_get(&x->bytes), x->answer_max, &answer, &used);
    if (rc == KN_OK)
        succeed(x, answer, used);
    else if (rc != KN_E_TRUNCATED)
        fail(x, rc);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    fail(arg, KN_E_CLOSED);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_exchange *x = arg;

    x->stream = NULL;
    fail(x, code == KN_OK ? KN_E_CLOSED : code);
}

static void on_timer(void *arg)
{
    fail(arg, KN_E_TIMEOUT);
}

static const struct kn_stream_events events = {
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

static enum kn_code ask(struct kn_exchange *x, struct kn_connection *connection,
                        const struct kn_exchange_options *options)
{
    struct kn_buffer wire = { 0 };
    enum kn_code rc = kn_stream_open(connection, options->names, &events, x, &x->stream);

    if (rc != KN_OK)
        return rc;
    kn_write_prefixed(&wire, options->question);
    rc = wire.failed ? KN_E_NO_MEMORY : kn_stream_write(x->stream, kn_buffer_get(&wire));
    kn_buffer_done(&wire);
    return rc;
}

enum kn_code kn_exchange_start(struct kn_connection *connection,
                               const struct kn_exchange_options *options, kn_exchange_fn *done,
                               void *arg, struct kn_exchange **out)
{
    struct kn_loop *loop = kn_host_loop(kn_host_of(connection));
    struct kn_exchange *x = kn_try_alloc(sizeof(*x));
    enum kn_code rc;

    if (x == NULL)
        return KN_E_NO_MEMORY;
    x->answer_max = options->answer_max;
    x->done = done;
    x->arg = arg;
    x->timer = kn_timer_new(loop, on_timer, x);
    rc = x->timer != NULL ? ask(x, connection, options) : KN_E_NO_MEMORY;
    if (rc != KN_OK) {
        kn_exchange_cancel(x);
        return rc;
    }
    kn_timer_set(x->timer, kn_loop_now(loop) + options->timeout_ms);
    *out = x;
    return KN_OK;
}

void kn_exchange_cancel(struct kn_exchange *exchange)
{
    if (exchange == NULL)
        return;
    kn_stream_reset(exchange->stream);
    free_exchange(exchange);
}
