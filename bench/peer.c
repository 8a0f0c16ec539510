/*
 * A node of ours for others to measure: no records, listens on loopback, ends with its input.
 *
 *     bench_peer
 *
 * Prints {"id", "addrs"} as tests/interop/README.md has it. Serves /kwaainet/echo/1.0.0, which
 * sends back what it gets, and /kwaainet/sink/1.0.0: eight bytes of a length, so many bytes, and
 * one byte comes back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

struct sink {
    uint64_t left;
    unsigned header;
};

static void echo_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    (void)arg;
    if (kn_stream_write(stream, bytes) != KN_OK)
        kn_stream_reset(stream);
}

static void finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    kn_stream_finish(stream);
}

static void echo_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static const struct kn_stream_events echo_events = {
    .data = echo_data,
    .finished = finished,
    .ended = echo_ended,
};

static void echo_opened(void *arg, struct kn_stream *stream)
{
    kn_stream_serve(stream, &echo_events, arg);
}

static void sink_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct sink *sink = arg;

    while (sink->header < 8 && bytes.n > 0) {
        sink->left = sink->left << 8 | bytes.at[0];
        sink->header++;
        bytes = kn_span(bytes.at + 1, bytes.n - 1);
    }
    if (bytes.n == 0 || sink->left == 0)
        return;
    sink->left -= bytes.n < sink->left ? bytes.n : sink->left;
    if (sink->left == 0 && kn_stream_write(stream, kn_span_text("k")) != KN_OK)
        kn_stream_reset(stream);
}

static void sink_ended(void *arg, enum kn_code code)
{
    (void)code;
    free(arg);
}

static const struct kn_stream_events sink_events = {
    .data = sink_data,
    .finished = finished,
    .ended = sink_ended,
};

static void sink_opened(void *arg, struct kn_stream *stream)
{
    struct sink *sink = calloc(1, sizeof(*sink));

    (void)arg;
    if (sink == NULL)
        bench_fail("memory");
    kn_stream_serve(stream, &sink_events, sink);
}

int main(void)
{
    const struct kn_protocol echo = { "/kwaainet/echo/1.0.0", echo_opened, NULL };
    const struct kn_protocol sink = { "/kwaainet/sink/1.0.0", sink_opened, NULL };
    struct kn_loop *loop = bench_loop();
    struct bench_node node;
    char address[BENCH_ADDRESS_SIZE], id[KN_PEER_ID_TEXT_SIZE];

    bench_node_start(&node, loop, false);
    bench_must(kn_host_serve(kn_network_host(node.network), &echo), "echo");
    bench_must(kn_host_serve(kn_network_host(node.network), &sink), "sink");
    bench_node_address(&node, address);
    kn_peer_id_print(kn_host_self(kn_network_host(node.network)), id);
    (void)printf("{\"id\": \"%s\", \"addrs\": [\"%s\"]}\n", id, address);
    (void)fflush(stdout);
    bench_until_end_of_input(loop);
    bench_node_free(&node);
    kn_loop_free(loop);
    return 0;
}
