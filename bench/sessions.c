/*
 * Sessions of clients at a server of blocks, each of them a node with a connection of its own.
 *
 *     bench_sessions run ADDRESS PREFIX FIRST END HIDDEN COUNT CONTEXT LENGTH MS
 *     bench_sessions killed ADDRESS PREFIX FIRST END HIDDEN COUNT CONTEXT LENGTH
 *
 * COUNT sessions of at most LENGTH tokens on the blocks FIRST to END begin with CONTEXT tokens.
 * Once all have, `run` says so and waits for a line; then it steps on for MS, prints what was done
 * as JSON, and keeps the sessions open until its input ends. `killed` has another process step on,
 * kills it, and asks until the cache has as much room as before.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "lib/codec/protobuf.h"
#include "network/petals/expert.h"
#include "network/petals/rpc_frame.h"
#include "network/petals/tensor.h"
#include "network/swarm/unary.h"

#define HANDLER "TransformerConnectionHandler."

enum {
    SESSIONS_MAX = 256,
    STEPS_MAX = 1 << 16,
    UID_ROOM = 4096,
    MESSAGE_MAX = 64 << 20,
    PROMPT = 128
};

struct wish {
    const char *address, *prefix;
    unsigned first, end, hidden, count, context, length;
};

struct session {
    struct bench *bench;
    struct bench_node node;
    struct kn_connect *connect;
    struct kn_stream *stream;
    struct kn_rpc_frames frames;
    double asked_us;
    unsigned position, steps; /* steps: within the time */
};

struct bench {
    struct wish wish;
    struct kn_loop *loop;
    struct kn_buffer step; /* the frame of a step of one token */
    struct session *sessions;
    unsigned ready, waiting; /* of the sessions: have begun, have asked */
    bool is_over;
    double took[STEPS_MAX]; /* microseconds of each step */
    size_t took_count;
};

/* ---- requests ---- */

static void put_uid(const struct wish *wish, char out[UID_ROOM])
{
    size_t n = 0;

    for (unsigned i = wish->first; i < wish->end && n < UID_ROOM; i++)
        n += (size_t)snprintf(out + n, UID_ROOM - n, "%s%s.%u", i > wish->first ? " " : "",
                              wish->prefix, i);
    if (n >= UID_ROOM)
        bench_fail("too many blocks");
}

static void put_hidden(unsigned tokens, unsigned hidden, struct kn_buffer *out)
{
    const uint32_t shape[] = { 1, tokens, hidden };
    struct kn_tensor like = { .dtype = KN_TENSOR_F32 };
    float *numbers;

    bench_must(kn_tensor_set_shape(&like, 3, shape), "a shape");
    numbers = kn_alloc(like.numbers * sizeof(*numbers));
    for (size_t i = 0; i < like.numbers; i++)
        numbers[i] = (float)(i % 61) / 61 - 0.5F;
    bench_must(kn_tensor_encode(&like, numbers, out), "a tensor");
    kn_free(numbers);
}

static void put_empty(enum kn_tensor_dtype dtype, struct kn_buffer *out)
{
    const struct kn_tensor like = { .dtype = dtype, .rank = 1 };
    float none = 0;

    bench_must(kn_tensor_encode(&like, &none, out), "an empty tensor");
}

/* As Petals' client sends it; with the length only where a session begins. */
static void put_step(const struct wish *wish, unsigned tokens, bool begins, struct kn_buffer *out)
{
    static const char no_ids[] = "\x12\x01\x00\x22\x05int64";
    struct kn_buffer hidden = { 0 }, prompts = { 0 }, metadata = { 0 }, body = { 0 };
    struct kn_expert_request request = { .tensor_count = 3 };
    char uid[UID_ROOM];

    put_uid(wish, uid);
    put_hidden(tokens, wish->hidden, &hidden);
    put_empty(KN_TENSOR_F32, &prompts);
    kn_msgpack_write_map(&metadata, begins ? 1 : 0);
    if (begins) {
        kn_msgpack_write_text(&metadata, kn_span_text("max_length"));
        kn_msgpack_write_int(&metadata, wish->length);
    }
    request.uid = kn_span_text(uid);
    request.tensors[0] = kn_buffer_get(&hidden);
    request.tensors[1] = kn_buffer_get(&prompts);
    request.tensors[2] = kn_span(no_ids, sizeof(no_ids) - 1);
    request.metadata = kn_buffer_get(&metadata);
    kn_expert_request_encode(&request, &body);
    kn_rpc_frame_head(KN_RPC_MESSAGE, body.n, out);
    kn_buffer_add_span(out, kn_buffer_get(&body));
    kn_buffer_done(&hidden);
    kn_buffer_done(&prompts);
    kn_buffer_done(&metadata);
    kn_buffer_done(&body);
}

/* ---- sessions ---- */

static void send(struct session *s, const struct kn_buffer *frame)
{
    s->asked_us = bench_now_us();
    bench_must(kn_stream_write(s->stream, kn_buffer_get(frame)), "a request");
}

static void go_on(struct session *s)
{
    if (s->position == s->bench->wish.length)
        bench_fail("the sessions are too short for so many steps");
    s->position++;
    s->bench->waiting++;
    send(s, &s->bench->step);
}

/* The context, a prompt at a time: a stream takes some megabytes. */
static void begin(struct session *s)
{
    struct bench *b = s->bench;
    unsigned left = b->wish.context - s->position, tokens = left < PROMPT ? left : PROMPT;
    struct kn_buffer frame = { 0 };

    if (left == 0) {
        b->ready++;
        if (b->ready == b->wish.count)
            kn_loop_stop(b->loop);
        return;
    }
    put_step(&b->wish, tokens, s->position == 0, &frame);
    s->position += tokens;
    send(s, &frame);
    kn_buffer_done(&frame);
}

static void on_stepped(struct session *s)
{
    struct bench *b = s->bench;

    if (b->took_count < STEPS_MAX)
        b->took[b->took_count++] = bench_now_us() - s->asked_us;
    b->waiting--;
    if (!b->is_over) {
        s->steps++;
        go_on(s);
    } else if (b->waiting == 0) {
        kn_loop_stop(b->loop);
    }
}

static void refused(struct kn_span body)
{
    struct kn_span text = { NULL, 0 };

    if (kn_rpc_error_decode(body, &text) == KN_OK)
        (void)fprintf(stderr, "%.*s\n", (int)text.n, (const char *)text.at);
    bench_fail("a session was refused");
}

static void on_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct session *s = arg;
    struct kn_rpc_frame frame;

    (void)stream;
    kn_rpc_frames_lend(&s->frames, bytes);
    while (kn_rpc_frames_peek(&s->frames, &frame) == KN_OK) {
        if (frame.kind != KN_RPC_MESSAGE)
            refused(frame.body);
        kn_rpc_frames_take(&s->frames, &frame);
        if (s->bench->ready < s->bench->wish.count)
            begin(s);
        else
            on_stepped(s);
    }
    kn_rpc_frames_keep(&s->frames);
}

static void on_finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    (void)stream;
    bench_fail("a session was closed");
}

static void on_ended(void *arg, enum kn_code code)
{
    (void)arg;
    bench_must(code, "a session");
}

static const struct kn_stream_events stream_events = { .data = on_data,
                                                       .finished = on_finished,
                                                       .ended = on_ended };

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    static const char *const names[] = { HANDLER "rpc_inference", NULL };
    struct session *s = arg;

    (void)err;
    bench_must(code, "a connection");
    bench_must(kn_stream_open(connection, names, &stream_events, s, &s->stream), "a stream");
    begin(s);
}

static void open_session(struct bench *b, struct session *s)
{
    struct kn_peer_id peer;

    *s = (struct session){ .bench = b, .frames = { .max = MESSAGE_MAX } };
    bench_node_start(&s->node, b->loop, true);
    peer = bench_learn(s->node.network, b->wish.address);
    bench_must(kn_connect_start(kn_network_host(s->node.network), &peer, KN_REACH_KNOWN,
                                BENCH_WAIT_MS, on_connected, s, &s->connect),
               "a connection");
}

/* Returns once each of them has its context. */
static void open_sessions(struct bench *b, const struct wish *wish)
{
    *b = (struct bench){ .wish = *wish, .loop = bench_loop() };
    b->sessions = kn_alloc(wish->count * sizeof(*b->sessions));
    put_step(wish, 1, false, &b->step);
    for (unsigned i = 0; i < wish->count; i++)
        open_session(b, &b->sessions[i]);
    kn_loop_run(b->loop);
}

static void close_sessions(struct bench *b)
{
    for (unsigned i = 0; i < b->wish.count; i++) {
        kn_stream_reset(b->sessions[i].stream);
        kn_rpc_frames_done(&b->sessions[i].frames);
        bench_node_free(&b->sessions[i].node);
    }
    kn_buffer_done(&b->step);
    kn_free(b->sessions);
    kn_loop_free(b->loop);
}

/* ---- run ---- */

static void print(struct bench *b, double us)
{
    unsigned least = b->sessions[0].steps, most = 0, all = 0;
    double sum = 0;

    for (unsigned i = 0; i < b->wish.count; i++) {
        unsigned steps = b->sessions[i].steps;

        least = steps < least ? steps : least;
        most = steps > most ? steps : most;
        all += steps;
    }
    for (size_t i = 0; i < b->took_count; i++)
        sum += b->took[i];
    (void)printf("{\"tokens_per_s\": %.2f, \"least\": %u, \"most\": %u, \"steps\": %zu, "
                 "\"mean_us\": %.1f, \"median_us\": %.1f}\n",
                 all * 1e6 / us, least, most, b->took_count,
                 sum / (double)(b->took_count > 0 ? b->took_count : 1),
                 bench_median(b->took, b->took_count));
    (void)fflush(stdout);
}

static void say_ready(void)
{
    (void)printf("{\"ready\": true}\n");
    (void)fflush(stdout);
    while (getchar() > '\n') {
    }
}

static void run(const struct wish *wish, int ms)
{
    static struct bench b;
    double begun;

    open_sessions(&b, wish);
    say_ready();
    begun = bench_now_us();
    for (unsigned i = 0; i < wish->count; i++)
        go_on(&b.sessions[i]);
    bench_rest(b.loop, ms);
    begun = bench_now_us() - begun;
    b.is_over = true;
    kn_loop_run(b.loop);
    print(&b, begun);
    bench_until_end_of_input(b.loop);
    close_sessions(&b);
}

/* ---- killed ---- */

struct asker {
    struct kn_loop *loop;
    struct bench_node node;
    struct kn_peer_id peer;
    int64_t room; /* tokens of one block */
};

static int64_t read_room(struct kn_span answer)
{
    struct kn_reader message = kn_reader_of(answer), map;
    struct kn_msgpack item;
    struct kn_pb_field field;
    bool found = false;

    if (!kn_pb_next(&message, &field) || field.wire != KN_PB_BYTES)
        bench_fail("rpc_info said nothing");
    map = kn_reader_of(field.bytes);
    while (kn_msgpack_next(&map, &item)) {
        if (found)
            return item.integer;
        found = item.kind == KN_MSGPACK_TEXT &&
                kn_span_equal(item.bytes, kn_span_text("cache_tokens_available"));
    }
    bench_fail("rpc_info did not say how much room is left");
}

static void on_info(void *arg, enum kn_code code, struct kn_span bytes, const struct kn_error *err)
{
    struct asker *asker = arg;

    (void)err;
    bench_must(code, "rpc_info");
    asker->room = read_room(bytes);
    kn_loop_stop(asker->loop);
}

static int64_t ask_room(struct asker *asker)
{
    struct kn_buffer request = { 0 };

    kn_pb_write_bytes(&request, 1, kn_span_text(""));
    if (kn_unary_start(kn_network_host(asker->node.network), &asker->peer, HANDLER "rpc_info",
                       kn_buffer_get(&request), BENCH_WAIT_MS, on_info, asker) == NULL)
        bench_fail("a call cannot be made");
    kn_loop_run(asker->loop);
    kn_buffer_done(&request);
    return asker->room;
}

/* Its sessions step on until it is killed. */
static pid_t start_victim(const struct wish *wish, int *ready)
{
    static struct bench b;
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0 || (pid = fork()) < 0)
        bench_fail("no process");
    *ready = ends[0];
    if (pid > 0) {
        (void)close(ends[1]);
        return pid;
    }
    (void)close(ends[0]);
    open_sessions(&b, wish);
    for (unsigned i = 0; i < wish->count; i++)
        go_on(&b.sessions[i]);
    if (write(ends[1], "r", 1) != 1)
        bench_fail("nobody waits");
    kn_loop_run(b.loop);
    exit(1);
}

static void killed(const struct wish *wish)
{
    int ready = -1, status;
    pid_t pid = start_victim(wish, &ready);
    struct asker asker = { .loop = bench_loop() };
    int64_t before, taken;
    double began;
    char byte;

    bench_node_start(&asker.node, asker.loop, true);
    asker.peer = bench_learn(asker.node.network, wish->address);
    if (read(ready, &byte, 1) != 1)
        bench_fail("no sessions");
    taken = ask_room(&asker);
    before = taken + (int64_t)wish->count * wish->length * (wish->end - wish->first);
    began = bench_now_us();
    (void)kill(pid, SIGKILL);
    while (ask_room(&asker) < before && bench_now_us() - began < 1000.0 * BENCH_WAIT_MS)
        bench_rest(asker.loop, 1);
    (void)printf("{\"free_us\": %.1f, \"taken\": %lld, \"free\": %lld}\n", bench_now_us() - began,
                 (long long)taken, (long long)asker.room);
    (void)waitpid(pid, &status, 0);
    bench_node_free(&asker.node);
    kn_loop_free(asker.loop);
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct wish wish;

    if (argc < 10)
        bench_fail("usage: bench_sessions run|killed ADDRESS PREFIX FIRST END HIDDEN COUNT CONTEXT "
                   "LENGTH [MS]");
    wish = (struct wish){ .address = argv[2],
                          .prefix = argv[3],
                          .first = number(argv[4]),
                          .end = number(argv[5]),
                          .hidden = number(argv[6]),
                          .count = number(argv[7]),
                          .context = number(argv[8]),
                          .length = number(argv[9]) };
    if (wish.count < 1 || wish.count > SESSIONS_MAX || wish.context < 1 ||
        wish.context > wish.length || wish.first >= wish.end)
        bench_fail("numbers that cannot be");
    if (strcmp(argv[1], "run") == 0 && argc == 11)
        run(&wish, (int)number(argv[10]));
    else if (strcmp(argv[1], "killed") == 0 && argc == 10)
        killed(&wish);
    else
        bench_fail("run or killed?");
    return 0;
}
