/*
 * Clients of one peer.
 *
 *     bench_dial shake ADDR COUNT WIDTH PID    connect and close COUNT times, WIDTH at a time
 *     bench_dial hold ADDR COUNT               keep COUNT connections until the input ends
 *     bench_dial sink|echo ADDR BYTES PID      send BYTES on one stream
 *
 * PID is the peer's process, for its CPU time. Prints one JSON object. Of "shake" each dialler has
 * its own identity; a connection counts when streams can be opened on it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { CHUNK = 64 * 1024, AHEAD = 1 << 20, ECHO_AHEAD = 4 << 20 };

struct dialler {
    struct run *run;
    struct bench_node node;
    struct kn_peer_id peer;
};

struct run {
    struct kn_loop *loop;
    size_t started, done, count;
    bool hold;
    struct kn_connection *connection; /* the latest */
};

static void dial(struct dialler *dialler);

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct dialler *dialler = arg;
    struct run *run = dialler->run;

    if (code != KN_OK)
        bench_fail(err != NULL ? err->text : kn_code_name(code));
    run->connection = connection;
    run->done++;
    if (!run->hold)
        kn_host_close(connection);
    if (run->done == run->count)
        kn_loop_stop(run->loop);
}

static void on_lost(void *arg, struct kn_connection *connection)
{
    (void)connection;
    dial(arg);
}

static void dial(struct dialler *dialler)
{
    struct run *run = dialler->run;
    struct kn_connect *connect;

    if (run->started == run->count)
        return;
    run->started++;
    bench_must(kn_connect_start(kn_network_host(dialler->node.network), &dialler->peer,
                                KN_REACH_KNOWN, BENCH_WAIT_MS, on_connected, dialler, &connect),
               "dial");
}

static struct dialler *start(struct run *run, const char *address, size_t width)
{
    struct dialler *all = calloc(width, sizeof(*all));

    if (all == NULL)
        bench_fail("memory");
    for (size_t i = 0; i < width; i++) {
        const struct kn_host_observer observer = { .lost = on_lost, .arg = &all[i] };

        all[i].run = run;
        bench_node_start(&all[i].node, run->loop, true);
        all[i].peer = bench_learn(all[i].node.network, address);
        if (!run->hold)
            bench_must(kn_host_observe(kn_network_host(all[i].node.network), &observer), "observe");
    }
    return all;
}

static void stop(struct run *run, struct dialler *all, size_t width)
{
    run->started = run->count;
    for (size_t i = 0; i < width; i++)
        bench_node_free(&all[i].node);
    free(all);
    kn_loop_free(run->loop);
}

static void shake(const char *address, size_t count, size_t width, long pid)
{
    struct run run = { .loop = bench_loop(), .count = count };
    struct dialler *all = start(&run, address, width);
    double began = bench_now_us(), cpu = bench_cpu_us(), theirs = bench_cpu_us_of(pid), us;

    for (size_t i = 0; i < width; i++)
        dial(&all[i]);
    kn_loop_run(run.loop);
    us = bench_now_us() - began;
    (void)printf("{\"per_s\": %.1f, \"dialler_us\": %.1f, \"listener_us\": %.1f}\n",
                 (double)count * 1e6 / us, (bench_cpu_us() - cpu) / (double)count,
                 (bench_cpu_us_of(pid) - theirs) / (double)count);
    stop(&run, all, width);
}

static void hold(const char *address, size_t count)
{
    struct run run = { .loop = bench_loop(), .count = count, .hold = true };
    struct dialler *all = start(&run, address, count);

    /* One after another: how many wait at once is not what this measures. */
    for (size_t i = 0; i < count; i++) {
        run.count = i + 1;
        dial(&all[i]);
        kn_loop_run(run.loop);
    }
    (void)printf("{\"held\": %zu}\n", count);
    (void)fflush(stdout);
    bench_until_end_of_input(run.loop);
    stop(&run, all, count);
}

/* ---- one stream ---- */

struct sending {
    struct kn_loop *loop;
    struct kn_stream *stream;
    bool echo;
    uint64_t left, wanted; /* to send; to get back */
};

static void send_more(struct sending *sending, struct kn_stream *stream)
{
    static uint8_t chunk[CHUNK];

    /* What an echo keeps for us has a limit there. */
    while (sending->left > 0 && kn_stream_pending(stream) < AHEAD &&
           (!sending->echo || sending->wanted - sending->left < ECHO_AHEAD)) {
        size_t n = sending->left < CHUNK ? (size_t)sending->left : CHUNK;

        if (kn_stream_write(stream, kn_span(chunk, n)) != KN_OK)
            bench_fail("the stream takes no more");
        sending->left -= n;
    }
}

static void on_ready(void *arg, struct kn_stream *stream, const char *name)
{
    (void)name;
    send_more(arg, stream);
}

static void on_drained(void *arg, struct kn_stream *stream)
{
    send_more(arg, stream);
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct sending *sending = arg;

    sending->wanted -= bytes.n < sending->wanted ? bytes.n : sending->wanted;
    if (sending->wanted == 0)
        kn_loop_stop(sending->loop);
    else if (sending->echo)
        send_more(sending, stream);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    const struct sending *sending = arg;

    (void)stream;
    if (sending->wanted > 0)
        bench_fail("the stream ended early");
}

static void on_ended(void *arg, enum kn_code code)
{
    const struct sending *sending = arg;

    if (sending->wanted > 0)
        bench_must(code, "stream");
}

static const struct kn_stream_events events = { on_ready, on_data, on_finished, on_drained,
                                                on_ended };

static void send_stream(const char *address, bool echo, uint64_t bytes, long pid)
{
    static const char *const sink_names[] = { "/kwaainet/sink/1.0.0", NULL };
    static const char *const echo_names[] = { "/kwaainet/echo/1.0.0", NULL };
    struct run run = { .loop = bench_loop(), .count = 1, .hold = true };
    struct dialler *one = start(&run, address, 1);
    struct sending sending = {
        .loop = run.loop, .echo = echo, .left = bytes, .wanted = echo ? bytes : 1
    };
    double began, cpu, theirs, us;
    uint8_t header[8];

    dial(one);
    kn_loop_run(run.loop);
    began = bench_now_us(), cpu = bench_cpu_us(), theirs = bench_cpu_us_of(pid);
    bench_must(kn_stream_open(run.connection, echo ? echo_names : sink_names, &events, &sending,
                              &sending.stream),
               "stream");
    for (size_t i = 0; i < 8; i++)
        header[i] = (uint8_t)(bytes >> (56 - 8 * i));
    if (!echo)
        bench_must(kn_stream_write(sending.stream, kn_span(header, 8)), "stream");
    kn_loop_run(run.loop);
    us = bench_now_us() - began;
    (void)printf("{\"mib_s\": %.1f, \"sender_us_mib\": %.1f, \"receiver_us_mib\": %.1f}\n",
                 (double)bytes / 1.048576 / us, (bench_cpu_us() - cpu) * 1048576 / (double)bytes,
                 (bench_cpu_us_of(pid) - theirs) * 1048576 / (double)bytes);
    stop(&run, one, 1);
}

int main(int argc, char **argv)
{
    const char *what = argc > 3 ? argv[1] : "";
    size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

    if (strcmp(what, "shake") == 0 && argc == 6)
        shake(argv[2], count, strtoul(argv[4], NULL, 10), strtol(argv[5], NULL, 10));
    else if (strcmp(what, "hold") == 0)
        hold(argv[2], count);
    else if ((strcmp(what, "sink") == 0 || strcmp(what, "echo") == 0) && argc == 5)
        send_stream(argv[2], what[0] == 'e', count, strtol(argv[4], NULL, 10));
    else
        bench_fail("usage: bench_dial shake|hold|sink|echo ADDR COUNT …");
    return 0;
}
