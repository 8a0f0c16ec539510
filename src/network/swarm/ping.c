#include "network/swarm/ping.h"

#include "lib/base/memory.h"

static const char *const names[] = { "/ipfs/ping/1.0.0", NULL };

/* Bytes are echoed as they come: the pieces of a ping need not be put together for that. */
static void echo_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    (void)arg;
    if (kn_stream_pending(stream) > KN_PING_BEHIND_MAX || kn_stream_write(stream, bytes) != KN_OK) {
        kn_stream_reset(stream);
        return;
    }
    kn_stream_expire_in(stream, KN_PING_IDLE_MS);
}

static void echo_finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    kn_stream_forget(stream);
}

static void echo_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static const struct kn_stream_events echo_events = {
    .data = echo_data,
    .finished = echo_finished,
    .ended = echo_ended,
};

static void on_opened(void *arg, struct kn_stream *stream)
{
    kn_stream_serve(stream, &echo_events, arg);
    kn_stream_expire_in(stream, KN_PING_IDLE_MS);
}

enum kn_code kn_ping_serve(struct kn_host *host)
{
    const struct kn_protocol protocol = { names[0], on_opened, NULL };

    return kn_host_serve(host, &protocol);
}

struct kn_ping {
    struct kn_loop *loop;
    struct kn_timer *timer;
    struct kn_stream *stream;
    uint8_t sent[KN_PING_SIZE];
    size_t seen;
    int64_t sent_us;
    kn_ping_fn *done;
    void *arg;
};

static void free_ping(struct kn_ping *ping)
{
    kn_timer_free(ping->timer);
    kn_free(ping);
}

static void settle(struct kn_ping *ping, enum kn_code code)
{
    kn_ping_fn *done = ping->done;
    double ms = (double)(kn_loop_clock_us() - ping->sent_us) / 1000.0;
    void *arg = ping->arg;

    if (ping->stream != NULL)
        kn_stream_forget(ping->stream);
    free_ping(ping);
    done(arg, code, code == KN_OK ? ms : 0);
}

static void on_ready(void *arg, struct kn_stream *stream, const char *name)
{
    struct kn_ping *ping = arg;

    (void)name;
    ping->sent_us = kn_loop_clock_us();
    if (kn_stream_write(stream, kn_span(ping->sent, sizeof(ping->sent))) != KN_OK)
        settle(ping, KN_E_CLOSED);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct kn_ping *ping = arg;

    (void)stream;
    if (bytes.n > sizeof(ping->sent) - ping->seen ||
        memcmp(bytes.at, ping->sent + ping->seen, bytes.n) != 0) {
        settle(ping, KN_E_PROTOCOL);
        return;
    }
    ping->seen += bytes.n;
    if (ping->seen == sizeof(ping->sent))
        settle(ping, KN_OK);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)stream;
    settle(arg, KN_E_CLOSED);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct kn_ping *ping = arg;

    ping->stream = NULL;
    settle(ping, code == KN_OK ? KN_E_CLOSED : code);
}

static void on_timer(void *arg)
{
    settle(arg, KN_E_TIMEOUT);
}

static const struct kn_stream_events events = {
    .ready = on_ready,
    .data = on_data,
    .finished = on_finished,
    .ended = on_ended,
};

struct kn_ping *kn_ping_start(struct kn_connection *connection, int timeout_ms, kn_ping_fn *done,
                              void *arg)
{
    struct kn_host *host = kn_host_of(connection);
    struct kn_ping *ping = kn_try_alloc(sizeof(*ping));

    if (ping == NULL)
        return NULL;
    ping->loop = kn_host_loop(host);
    ping->done = done;
    ping->arg = arg;
    kn_random_fill(kn_host_random(host), ping->sent, sizeof(ping->sent));
    ping->timer = kn_timer_new(ping->loop, on_timer, ping);
    if (ping->timer == NULL ||
        kn_stream_open(connection, names, &events, ping, &ping->stream) != KN_OK) {
        free_ping(ping);
        return NULL;
    }
    kn_timer_set(ping->timer, kn_loop_now(ping->loop) + timeout_ms);
    return ping;
}

void kn_ping_cancel(struct kn_ping *ping)
{
    if (ping == NULL)
        return;
    if (ping->stream != NULL)
        kn_stream_reset(ping->stream);
    free_ping(ping);
}
