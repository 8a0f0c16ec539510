/*
 * served — a host that serves blocks from a fake computer, and a client's streams to it.
 *
 * Host 0 is the client, host 1 the server of blocks 0 to 2 of "tiny-hf" (two of them), 64 numbers
 * wide. Every number of a reply is one more than what was sent.
 */
#ifndef KN_TESTS_SERVED_H
#define KN_TESTS_SERVED_H

#include "lib/codec/msgpack.h"
#include "network/petals/expert.h"
#include "network/petals/rpc_frame.h"
#include "network/swarm/unary.h"
#include "serving/serving.h"
#include "support/fake_compute.h"
#include "support/hex.h"
#include "support/hosts.h"

#define HANDLER "TransformerConnectionHandler."

enum { WIDTH = 64, ANY_LENGTH = 1 << 28 };

struct served {
    struct net net;
    struct fake_compute fake;
    struct kn_compute *(*compute)(struct served *s); /* NULL: the fake one */
    void *arg;
    struct kn_serving_options options;
    struct kn_serving *serving;
};

static inline void served_options(struct served *s)
{
    *s = (struct served){
        .options = { .version = "2.3.0.dev2",
                     .prefix = "tiny-hf",
                     .first = 0,
                     .end = 2,
                     .hidden = WIDTH,
                     .max_length = 8192,
                     .limits = { .max_batch_tokens = 8192,
                                 .cache_wait_ms = 1000,
                                 .session_ms = 60000,
                                 .step_ms = 60000 } },
        .fake = { .tokens_left = 32768, .text = "the fake says no" },
    };
}

/* With options that were set before; `hosts` in all. */
static inline void served_start(struct served *s, size_t hosts)
{
    net_start(&s->net, hosts, 0);
    s->options.host = s->net.at[1].host;
    s->options.compute =
        s->compute != NULL ? s->compute(s) : fake_compute_start(&s->fake, s->net.loop);
    CHECK_EQ("start", kn_serving_start(&s->options, &s->serving), KN_OK);
}

static inline void served_begin(struct served *s)
{
    served_options(s);
    served_start(s, 2);
}

static inline void served_stop(struct served *s)
{
    kn_serving_free(s->serving);
    CHECK_EQ("every session was closed", s->fake.closed, s->fake.sessions);
    CHECK_EQ("all numbers were let go", s->fake.released, s->fake.steps + s->fake.forwards);
    net_stop(&s->net);
}

/* ---- a client's stream ---- */

struct client {
    struct kn_stream *stream;
    struct kn_buffer heard;
    struct kn_rpc_frames frames;
    bool finished, ended;
    size_t replies;
};

static inline void client_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct client *client = arg;

    (void)stream;
    kn_buffer_add_span(&client->heard, bytes);
}

static inline void client_finished(void *arg, struct kn_stream *stream)
{
    struct client *client = arg;

    (void)stream;
    client->finished = true;
}

static inline void client_ended(void *arg, enum kn_code code)
{
    struct client *client = arg;

    (void)code;
    client->ended = true;
    client->stream = NULL;
}

static const struct kn_stream_events client_events = { .data = client_data,
                                                       .finished = client_finished,
                                                       .ended = client_ended };

static inline void client_open_from(struct client *client, struct served *s, size_t host,
                                    const char *const *names)
{
    struct kn_connection *connection = kn_host_connection(s->net.at[host].host, net_id(&s->net, 1));

    *client = (struct client){ .frames = { .max = ANY_LENGTH } };
    if (connection == NULL)
        connection = net_join(&s->net, host, 1);
    CHECK_EQ("open", kn_stream_open(connection, names, &client_events, client, &client->stream),
             KN_OK);
}

static inline void client_open(struct client *client, struct served *s, const char *const *names)
{
    client_open_from(client, s, 0, names);
}

static const char *const rpc_inference[] = { HANDLER "rpc_inference", NULL };

static inline void client_close(struct client *client)
{
    if (client->stream != NULL)
        kn_stream_reset(client->stream);
    kn_buffer_done(&client->heard);
}

static inline void client_send(struct client *client, struct kn_span bytes)
{
    CHECK_EQ("write", kn_stream_write(client->stream, bytes), KN_OK);
}

static inline void client_send_hex(struct client *client, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);

    client_send(client, bytes);
    hex_done(bytes);
}

static inline void client_send_close(struct client *client)
{
    client_send_hex(client, "000000000000000000"
                            "010000000000000000");
}

/* The frame that stands first in what was heard; it stays there. */
static inline bool client_peek(const struct client *client, struct kn_rpc_frame *out)
{
    struct kn_rpc_frames frames = { .max = ANY_LENGTH };

    kn_rpc_frames_lend(&frames, kn_buffer_get(&client->heard));
    return kn_rpc_frames_peek(&frames, out) == KN_OK;
}

static inline void client_take(struct client *client)
{
    struct kn_rpc_frame frame;

    CHECK("a frame", client_peek(client, &frame));
    kn_buffer_take(&client->heard, KN_RPC_FRAME_HEAD + frame.body.n);
}

static inline struct kn_rpc_frame client_wait(struct client *client, struct served *s,
                                              const char *row)
{
    struct kn_rpc_frame frame = { .kind = KN_RPC_MESSAGE };

    RUN_UNTIL(&s->net, row, client_peek(client, &frame) || client->ended);
    CHECK(row, client_peek(client, &frame));
    return frame;
}

/* The next frame is an error whose text has this in it. */
static inline void client_wait_error(struct client *client, struct served *s, const char *row,
                                     const char *text)
{
    struct kn_rpc_frame frame = client_wait(client, s, row);
    struct kn_span span;
    char got[400];

    CHECK_EQ(row, frame.kind, KN_RPC_ERROR);
    CHECK_EQ(row, kn_rpc_error_decode(frame.body, &span), KN_OK);
    CHECK("a text", span.n > 0);
    (void)snprintf(got, sizeof(got), "%.*s", (int)span.n, (const char *)span.at);
    CHECK_HAS(row, got, text);
    client_take(client);
    RUN_UNTIL(&s->net, row, client->finished || client->ended);
}

/* The next frame is a reply of so many tokens, whose first number is this. */
static inline void client_wait_reply(struct client *client, struct served *s, const char *row,
                                     uint32_t batch, uint32_t tokens, float first)
{
    struct kn_rpc_frame frame = client_wait(client, s, row);
    struct kn_expert_request reply;
    struct kn_tensor tensor;
    float *numbers;

    CHECK_EQ(row, frame.kind, KN_RPC_MESSAGE);
    CHECK_EQ(row, kn_expert_request_decode(frame.body, &reply, NULL), KN_OK);
    CHECK_EQ(row, reply.tensor_count, 1);
    CHECK_EQ(row, kn_tensor_decode(reply.tensors[0], &tensor, NULL), KN_OK);
    CHECK_EQ(row, tensor.rank, 3);
    CHECK_EQ(row, tensor.size[0], batch);
    CHECK_EQ(row, tensor.size[1], tokens);
    CHECK_EQ(row, tensor.size[2], WIDTH);
    numbers = kn_alloc((tensor.numbers + 1) * sizeof(*numbers));
    CHECK_EQ(row, kn_tensor_floats(&tensor, numbers), KN_OK);
    if (tensor.numbers > 0)
        CHECK_EQ(row, numbers[0] * 16, first * 16);
    kn_free(numbers);
    client_take(client);
    client->replies++;
}

/* ---- requests ---- */

struct wish {
    const char *uid, *session, *step;
    uint32_t batch, tokens;
    int max_length, start; /* -1: not said; start 0 is said by `starts` */
    bool starts;
    float number;
    const int64_t *hypo;
    const char *next; /* hexadecimal: a list of servers */
};

static inline void put_tensor(struct kn_buffer *out, const struct kn_tensor *like, float number)
{
    float *numbers = kn_alloc((like->numbers + 1) * sizeof(*numbers));

    for (size_t i = 0; i < like->numbers; i++)
        numbers[i] = number;
    CHECK_EQ("tensor", kn_tensor_encode(like, numbers, out), KN_OK);
    kn_free(numbers);
}

static inline void put_integers(struct kn_buffer *out, const int64_t *numbers, uint32_t n)
{
    struct kn_buffer size = { 0 };

    if (n > 0) {
        kn_buffer_add_byte(out, 0x0a);
        kn_buffer_add_byte(out, (uint8_t)(8 * n));
        kn_buffer_add(out, numbers, 8 * n);
    }
    kn_buffer_add_byte(&size, (uint8_t)n);
    hex_add(out, "1201");
    kn_buffer_add_span(out, kn_buffer_get(&size));
    hex_add(out, "2205696e743634");
    kn_buffer_done(&size);
}

static inline void put_key(struct kn_buffer *out, const char *key)
{
    kn_msgpack_write_text(out, kn_span_text(key));
}

static inline void put_metadata(struct kn_buffer *out, const struct wish *wish)
{
    kn_msgpack_write_map(out,
                         (uint32_t)(1 + (wish->session != NULL) + (wish->step != NULL) +
                                    (wish->max_length >= 0) + wish->starts + (wish->next != NULL)));
    put_key(out, "points");
    kn_msgpack_write_float(out, 0);
    if (wish->session != NULL) {
        put_key(out, "session_id");
        put_key(out, wish->session);
    }
    if (wish->step != NULL) {
        put_key(out, "step_id");
        put_key(out, wish->step);
    }
    if (wish->max_length >= 0) {
        put_key(out, "max_length");
        kn_msgpack_write_int(out, wish->max_length);
    }
    if (wish->starts) {
        put_key(out, "start_from_position");
        kn_msgpack_write_int(out, wish->start);
    }
    if (wish->next != NULL) {
        put_key(out, "next_servers");
        hex_add(out, wish->next);
    }
}

/* An ExpertRequest: hidden states, no prompts, hypo_ids. */
static inline void put_request(struct kn_buffer *out, const struct wish *wish)
{
    const uint32_t shape[] = { wish->batch, wish->tokens, WIDTH };
    const struct kn_tensor dummy = { .rank = 1 };
    struct kn_tensor like = { .dtype = KN_TENSOR_F32 };
    struct kn_buffer hidden = { 0 }, prompts = { 0 }, hypo = { 0 }, metadata = { 0 };
    struct kn_expert_request request = { .uid = kn_span_text(wish->uid) };

    CHECK_EQ("shape", kn_tensor_set_shape(&like, 3, shape), KN_OK);
    put_tensor(&hidden, &like, wish->number);
    put_tensor(&prompts, &dummy, 0);
    put_integers(&hypo, wish->hypo, wish->hypo != NULL ? wish->batch : 0);
    put_metadata(&metadata, wish);
    request.tensors[0] = kn_buffer_get(&hidden);
    request.tensors[1] = kn_buffer_get(&prompts);
    request.tensors[2] = kn_buffer_get(&hypo);
    request.tensor_count = 3;
    request.metadata = kn_buffer_get(&metadata);
    kn_expert_request_encode(&request, out);
    kn_buffer_done(&hidden);
    kn_buffer_done(&prompts);
    kn_buffer_done(&hypo);
    kn_buffer_done(&metadata);
}

static const struct wish plain_wish = {
    .uid = "tiny-hf.0 tiny-hf.1", .batch = 1, .tokens = 1, .max_length = 16, .number = 5
};

static inline void client_ask(struct client *client, const struct wish *wish)
{
    struct kn_buffer body = { 0 }, frame = { 0 };

    put_request(&body, wish);
    kn_rpc_frame_head(KN_RPC_MESSAGE, body.n, &frame);
    kn_buffer_add_span(&frame, kn_buffer_get(&body));
    client_send(client, kn_buffer_get(&frame));
    kn_buffer_done(&body);
    kn_buffer_done(&frame);
}

/* ---- calls ---- */

struct call {
    unsigned answers;
    enum kn_code code;
    struct kn_buffer bytes;
    char text[400];
};

static inline void call_done(void *arg, enum kn_code code, struct kn_span bytes,
                             const struct kn_error *err)
{
    struct call *call = arg;

    call->answers++;
    call->code = code;
    kn_buffer_add_span(&call->bytes, bytes);
    (void)snprintf(call->text, sizeof(call->text), "%.*s",
                   err != NULL ? (int)strlen(err->text) : (int)(bytes.n < 399 ? bytes.n : 399),
                   err != NULL ? err->text : (const char *)bytes.at);
}

static inline struct kn_unary_call *call_start(struct call *call, struct served *s,
                                               const char *name, struct kn_span request)
{
    struct kn_unary_call *started;

    *call = (struct call){ 0 };
    net_learn(&s->net, 0, 1);
    started = kn_unary_start(s->net.at[0].host, net_id(&s->net, 1), name, request, 10000, call_done,
                             call);
    CHECK("memory", started != NULL);
    return started;
}

static inline void call_wait(struct call *call, struct served *s, const char *row, const char *name,
                             struct kn_span request)
{
    (void)call_start(call, s, name, request);
    RUN_UNTIL(&s->net, row, call->answers == 1);
}

#endif
