/* The other handlers: rpc_forward and its stream, rpc_push, rpc_backward. */
#include "network/petals/rpc_metadata.h"
#include "network/petals/tensor_parts.h"
#include "support/served.h"

static const char *const rpc_forward_stream[] = { HANDLER "rpc_forward_stream", NULL };
static const char *const rpc_backward_stream[] = { HANDLER "rpc_backward_stream", NULL };

/* ---- rpc_forward ---- */

struct forward {
    uint32_t batch, tokens;
    const char *metadata; /* hexadecimal */
    const char *uid;
    float number;
};

static const struct forward plain_forward = { 1, 2, "", "tiny-hf.0", 5 };

static void put_forward(struct kn_buffer *out, const struct forward *f)
{
    const uint32_t shape[] = { f->batch, f->tokens, WIDTH };
    struct kn_tensor like = { .dtype = KN_TENSOR_F32 };
    struct kn_buffer hidden = { 0 }, metadata = { 0 };
    struct kn_expert_request request = { .uid = kn_span_text(f->uid), .tensor_count = 1 };

    CHECK_EQ("shape", kn_tensor_set_shape(&like, 3, shape), KN_OK);
    put_tensor(&hidden, &like, f->number);
    hex_add(&metadata, f->metadata);
    request.tensors[0] = kn_buffer_get(&hidden);
    request.metadata = kn_buffer_get(&metadata);
    kn_expert_request_encode(&request, out);
    kn_buffer_done(&hidden);
    kn_buffer_done(&metadata);
}

/* All of it in one part. */
static void client_send_forward(struct client *client, const struct forward *f)
{
    struct kn_buffer body = { 0 }, frame = { 0 };

    put_forward(&body, f);
    kn_rpc_frame_head(KN_RPC_MESSAGE, body.n, &frame);
    kn_buffer_add_span(&frame, kn_buffer_get(&body));
    client_send(client, kn_buffer_get(&frame));
    client_send_hex(client, "010000000000000000");
    kn_buffer_done(&body);
    kn_buffer_done(&frame);
}

static void forward_wait(struct served *s, const char *row, const struct forward *f,
                         struct call *call)
{
    struct kn_buffer request = { 0 };

    put_forward(&request, f);
    call_wait(call, s, row, HANDLER "rpc_forward", kn_buffer_get(&request));
    kn_buffer_done(&request);
}

static void a_forward_is_computed_or_refused_with_a_text(void **state)
{
    static const struct {
        const char *name;
        struct forward forward;
        const char *text; /* NULL: it is computed */
    } rows[] = {
        { "plain", { 1, 2, "", "tiny-hf.0", 5 }, NULL },
        { "both blocks", { 3, 2, "", "tiny-hf.0 tiny-hf.1", 5 }, NULL },
        { "as large as may be", { 2, 32, "", "tiny-hf.0", 5 }, NULL },
        { "one token more", { 1, 65, "", "tiny-hf.0", 5 }, "a batch of 65 tokens, more than 64" },
        { "output_compression [2]",
          { 1, 2, "81b26f75747075745f636f6d7072657373696f6e9102", "tiny-hf.0", 5 },
          NULL },
        { "output_compression [5]",
          { 1, 2, "81b26f75747075745f636f6d7072657373696f6e9105", "tiny-hf.0", 5 },
          "output_compression 5 is not written here" },
        { "output_compression [0, 0]",
          { 1, 2, "81b26f75747075745f636f6d7072657373696f6e920000", "tiny-hf.0", 5 },
          "of 2 tensors" },
        { "points",
          { 1, 2, "81a6706f696e7473a131", "tiny-hf.0", 5 },
          "rpc_forward should have number of points as a number or None, got 1" },
        { "an adapter",
          { 1, 2, "81ae6163746976655f61646170746572a16e", "tiny-hf.0", 5 },
          "adapter n not found" },
        { "args_structure",
          { 1, 2, "81ae617267735f73747275637475726590", "tiny-hf.0", 5 },
          "args_structure" },
        { "not finite", { 1, 2, "", "tiny-hf.0", 1.0F / 0.0F }, "not finite" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct served s;
        struct call call;

        served_options(&s);
        s.options.limits.max_batch_tokens = 64;
        served_start(&s, 2);
        forward_wait(&s, rows[i].name, &rows[i].forward, &call);
        CHECK_EQ(rows[i].name, call.code, rows[i].text == NULL ? KN_OK : KN_E_REFUSED);
        if (rows[i].text != NULL)
            CHECK_HAS(rows[i].name, call.text, rows[i].text);
        CHECK_EQ(rows[i].name, kn_serving_counters(s.serving)->forwards, rows[i].text == NULL);
        CHECK_EQ(rows[i].name, kn_serving_counters(s.serving)->refused, rows[i].text != NULL);
        kn_buffer_done(&call.bytes);
        served_stop(&s);
    }
}

/* The fake adds one. */
static void a_number_that_16_bits_make_infinite_is_not_sent(void **state)
{
    static const struct {
        const char *name;
        enum kn_tensor_dtype dtype;
        const char *metadata;
        float number;
        const char *text; /* NULL: it is sent */
    } rows[] = {
        { "float32", KN_TENSOR_F32, "", 3.4e38F, NULL },
        { "just in float16", KN_TENSOR_F16, "", 65518, NULL },
        { "not in float16", KN_TENSOR_F16, "", 65519, "a number that float16 does not hold" },
        { "below it", KN_TENSOR_F16, "", -70000, "a number that float16 does not hold" },
        { "cut, as asked for", KN_TENSOR_F16, "81b26f75747075745f636f6d7072657373696f6e9102", 1e9F,
          NULL },
        { "in bfloat16", KN_TENSOR_BF16, "", 3.38e38F, NULL },
        { "not in bfloat16", KN_TENSOR_BF16, "", 3.4e38F, "a number that bfloat16 does not hold" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct forward wish = { 1, 2, rows[i].metadata, "tiny-hf.0", rows[i].number };
        struct wish asked = plain_wish;
        struct client client;
        struct served s;
        struct call call;

        served_options(&s);
        s.options.dtype = rows[i].dtype;
        served_start(&s, 2);
        forward_wait(&s, rows[i].name, &wish, &call);
        CHECK_EQ(rows[i].name, call.code, rows[i].text == NULL ? KN_OK : KN_E_REFUSED);
        CHECK_EQ(rows[i].name, kn_serving_counters(s.serving)->failed, rows[i].text != NULL);
        if (rows[i].text != NULL) {
            CHECK_HAS(rows[i].name, call.text, rows[i].text);
            asked.number = rows[i].number;
            client_open(&client, &s, rpc_inference);
            client_ask(&client, &asked);
            client_wait_error(&client, &s, rows[i].name, rows[i].text);
            client_close(&client);
            client_open(&client, &s, rpc_forward_stream);
            client_send_forward(&client, &wish);
            client_wait_error(&client, &s, rows[i].name, rows[i].text);
            client_close(&client);
        }
        kn_buffer_done(&call.bytes);
        served_stop(&s);
    }
}

static void a_forward_that_fails_says_why(void **state)
{
    struct served s;
    struct call call;

    (void)state;
    served_begin(&s);
    s.fake.step_code = KN_E_LIMIT;
    forward_wait(&s, "fails", &plain_forward, &call);
    CHECK_STR("text", call.text, "RuntimeError('the fake says no')");
    CHECK_EQ("failed", kn_serving_counters(s.serving)->failed, 1);
    kn_buffer_done(&call.bytes);
    served_stop(&s);
}

/* f16 in, f32 out: what fits into a call need not fit back. */
static void a_reply_that_no_call_holds_is_refused(void **state)
{
    const uint32_t shape[] = { 1, 20000, WIDTH };
    struct kn_tensor like = { .dtype = KN_TENSOR_F16 };
    struct kn_buffer hidden = { 0 }, bytes = { 0 };
    struct kn_expert_request request = { .uid = kn_span_text("tiny-hf.0"), .tensor_count = 1 };
    struct served s;
    struct call call;

    (void)state;
    served_options(&s);
    s.options.limits.max_batch_tokens = 1 << 20;
    served_start(&s, 2);
    CHECK_EQ("shape", kn_tensor_set_shape(&like, 3, shape), KN_OK);
    put_tensor(&hidden, &like, 1);
    request.tensors[0] = kn_buffer_get(&hidden);
    kn_expert_request_encode(&request, &bytes);
    call_wait(&call, &s, "too large", HANDLER "rpc_forward", kn_buffer_get(&bytes));
    CHECK_HAS("text", call.text, "rpc_forward_stream");
    kn_buffer_done(&call.bytes);
    kn_buffer_done(&hidden);
    kn_buffer_done(&bytes);
    served_stop(&s);
}

static void a_caller_that_goes_cancels_its_forward(void **state)
{
    struct kn_buffer request = { 0 };
    struct kn_unary_call *started;
    struct served s;
    struct call call;

    (void)state;
    served_begin(&s);
    s.fake.hold_step = true;
    put_forward(&request, &plain_forward);
    started = call_start(&call, &s, HANDLER "rpc_forward", kn_buffer_get(&request));
    RUN_UNTIL(&s.net, "asked", s.fake.forwards == 1);
    kn_unary_cancel(started);
    RUN_UNTIL(&s.net, "cancelled", s.fake.cancelled == 1);
    kn_buffer_done(&request);
    served_stop(&s);
}

static unsigned drained;

/* Whoever asked has given up by then, and the computing is for nobody. */
static void a_forward_that_takes_too_long_is_given_up_with_a_text(void **state)
{
    struct kn_buffer request = { 0 };
    struct served s;
    struct call call;

    (void)state;
    served_options(&s);
    s.options.limits.request_ms = 50;
    served_start(&s, 2);
    s.fake.hold_step = true;
    put_forward(&request, &plain_forward);
    call_wait(&call, &s, "answered", HANDLER "rpc_forward", kn_buffer_get(&request));
    CHECK_EQ("code", call.code, KN_E_REFUSED);
    CHECK_HAS("text", call.text, "TimeoutError");
    CHECK_HAS("text", call.text, "this took too long");
    CHECK_EQ("cancelled", s.fake.cancelled, 1);
    CHECK_EQ("counted", kn_serving_counters(s.serving)->failed, 1);
    kn_buffer_done(&call.bytes);
    kn_buffer_done(&request);
    served_stop(&s);
}

static void on_drained(void *arg)
{
    (void)arg;
    drained++;
}

static void a_server_that_leaves_ends_its_forwards_first(void **state)
{
    struct kn_buffer request = { 0 };
    struct served s;
    struct call call, late;

    (void)state;
    served_begin(&s);
    s.fake.hold_step = true;
    drained = 0;
    put_forward(&request, &plain_forward);
    (void)call_start(&call, &s, HANDLER "rpc_forward", kn_buffer_get(&request));
    RUN_UNTIL(&s.net, "asked", s.fake.forwards == 1);
    kn_serving_drain(s.serving, on_drained, NULL);
    call_wait(&late, &s, "late", HANDLER "rpc_forward", kn_buffer_get(&request));
    CHECK_HAS("late", late.text, "this server is leaving");
    CHECK_EQ("not yet", drained, 0);
    fake_compute_go(&s.fake);
    RUN_UNTIL(&s.net, "answered", call.answers == 1 && drained == 1);
    CHECK_EQ("answer", call.code, KN_OK);
    kn_buffer_done(&call.bytes);
    kn_buffer_done(&late.bytes);
    kn_buffer_done(&request);
    served_stop(&s);
}

static void a_server_that_goes_answers_who_still_waits(void **state)
{
    struct kn_buffer request = { 0 };
    struct served s;
    struct call call;

    (void)state;
    served_begin(&s);
    s.fake.hold_step = true;
    put_forward(&request, &plain_forward);
    (void)call_start(&call, &s, HANDLER "rpc_forward", kn_buffer_get(&request));
    RUN_UNTIL(&s.net, "asked", s.fake.forwards == 1);
    kn_serving_free(s.serving);
    s.serving = NULL;
    RUN_UNTIL(&s.net, "answered", call.answers == 1);
    CHECK_HAS("text", call.text, "this server is going away");
    kn_buffer_done(&call.bytes);
    kn_buffer_done(&request);
    served_stop(&s);
}

/* ---- rpc_forward_stream ---- */

static void send_frame(struct client *client, const struct kn_expert_request *request)
{
    struct kn_buffer body = { 0 }, frame = { 0 };

    kn_expert_request_encode(request, &body);
    kn_rpc_frame_head(KN_RPC_MESSAGE, body.n, &frame);
    kn_buffer_add_span(&frame, kn_buffer_get(&body));
    client_send(client, kn_buffer_get(&frame));
    kn_buffer_done(&body);
    kn_buffer_done(&frame);
}

/* A tensor of 6 MiB: the reply comes in two parts of 4 MiB at most. */
static void a_large_forward_comes_and_goes_in_parts(void **state)
{
    const uint32_t shape[] = { 3, 8192, WIDTH };
    struct kn_tensor like = { .dtype = KN_TENSOR_F32 };
    struct kn_tensor_parts parts = { .max = 16 << 20 };
    struct kn_buffer data = { 0 };
    struct client client;
    struct served s;
    float *numbers;

    (void)state;
    served_options(&s);
    s.options.limits.max_batch_tokens = 1 << 20;
    served_start(&s, 2);
    CHECK_EQ("shape", kn_tensor_set_shape(&like, 3, shape), KN_OK);
    numbers = kn_alloc(like.numbers * sizeof(*numbers));
    for (size_t i = 0; i < like.numbers; i++)
        numbers[i] = (float)i;
    CHECK_EQ("encode", kn_tensor_encode_buffer(&like, numbers, &data), KN_OK);
    client_open(&client, &s, rpc_forward_stream);
    for (uint32_t i = 0; i < kn_tensor_part_count(data.n, 1 << 20); i++) {
        struct kn_expert_request request = { .uid = kn_span_text("tiny-hf.1"), .tensor_count = 1 };
        struct kn_buffer part = { 0 };

        kn_tensor_part_encode(&like, kn_buffer_get(&data), 1 << 20, i, &part);
        request.tensors[0] = kn_buffer_get(&part);
        send_frame(&client, &request);
        kn_buffer_done(&part);
        RUN_UNTIL(&s.net, "sent", kn_stream_pending(client.stream) == 0);
    }
    client_send_hex(&client, "010000000000000000");
    for (unsigned i = 0; i < 2; i++) {
        struct kn_rpc_frame frame = client_wait(&client, &s, "reply");
        struct kn_expert_request reply;

        CHECK_EQ("message", frame.kind, KN_RPC_MESSAGE);
        CHECK_EQ("reply", kn_expert_request_decode(frame.body, &reply, NULL), KN_OK);
        CHECK("4 MiB", reply.tensors[0].n < KN_SERVING_CHUNK + 100);
        CHECK_EQ("part", kn_tensor_parts_add(&parts, reply.tensors[0], NULL), KN_OK);
        client_take(&client);
    }
    RUN_UNTIL(&s.net, "the end", client.finished);
    CHECK_EQ("nothing else", client.heard.n, 0);
    CHECK_EQ("whole", kn_tensor_parts_end(&parts, NULL), KN_OK);
    CHECK_EQ("chunks", parts.tensors[0].chunks, 2);
    CHECK_EQ("floats", kn_tensor_floats(&parts.tensors[0], numbers), KN_OK);
    for (size_t i = 0; i < like.numbers; i++)
        CHECK("one more", numbers[i] == (float)i + 1);
    kn_free(numbers);
    kn_buffer_done(&data);
    kn_tensor_parts_done(&parts);
    client_close(&client);
    served_stop(&s);
}

static void a_stream_that_contradicts_itself_is_refused(void **state)
{
    static const struct {
        const char *name, *uids[2], *text;
    } rows[] = {
        { "not served", { "tiny-hf.7", NULL }, "Remote peer does not serve tiny-hf.7" },
        { "other blocks", { "tiny-hf.0", "tiny-hf.1" }, "other blocks in the same stream" },
        { "nothing", { NULL, NULL }, "at least one block" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct client client;
        struct served s;

        served_begin(&s);
        client_open(&client, &s, rpc_forward_stream);
        for (size_t k = 0; k < 2 && rows[i].uids[k] != NULL; k++) {
            const struct kn_expert_request request = { .uid = kn_span_text(rows[i].uids[k]) };

            send_frame(&client, &request);
        }
        client_send_hex(&client, "010000000000000000");
        client_wait_error(&client, &s, rows[i].name, rows[i].text);
        client_close(&client);
        served_stop(&s);
    }
}

static void a_forward_in_parts_has_no_more_time_than_that(void **state)
{
    static const char *const rows[] = { "never sent", "never computed" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_buffer body = { 0 };
        struct kn_expert_request request;
        struct client client;
        struct served s;

        served_options(&s);
        s.options.limits.request_ms = 50;
        served_start(&s, 2);
        s.fake.hold_step = true;
        put_forward(&body, &plain_forward);
        CHECK_EQ("request", kn_expert_request_decode(kn_buffer_get(&body), &request, NULL), KN_OK);
        client_open(&client, &s, rpc_forward_stream);
        send_frame(&client, &request);
        if (i == 1)
            client_send_hex(&client, "010000000000000000");
        client_wait_error(&client, &s, rows[i], "this took too long");
        CHECK_EQ(rows[i], s.fake.cancelled, i);
        client_close(&client);
        kn_buffer_done(&body);
        served_stop(&s);
    }
}

static void a_stream_that_goes_cancels_its_forward(void **state)
{
    struct kn_buffer body = { 0 };
    struct kn_expert_request request;
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    s.fake.hold_step = true;
    put_forward(&body, &plain_forward);
    CHECK_EQ("request", kn_expert_request_decode(kn_buffer_get(&body), &request, NULL), KN_OK);
    client_open(&client, &s, rpc_forward_stream);
    send_frame(&client, &request);
    client_send_hex(&client, "010000000000000000");
    RUN_UNTIL(&s.net, "asked", s.fake.forwards == 1);
    kn_stream_reset(client.stream);
    client.stream = NULL;
    RUN_UNTIL(&s.net, "cancelled", s.fake.cancelled == 1);
    client_close(&client);
    kn_buffer_done(&body);
    served_stop(&s);
}

/* ---- rpc_backward ---- */

static void training_is_refused_in_both_forms(void **state)
{
    struct client client;
    struct served s;
    struct call call;

    (void)state;
    served_begin(&s);
    call_wait(&call, &s, "call", HANDLER "rpc_backward", kn_span(NULL, 0));
    CHECK_EQ("refused", call.code, KN_E_REFUSED);
    CHECK_HAS("text", call.text, "does not train");
    kn_buffer_done(&call.bytes);
    client_open(&client, &s, rpc_backward_stream);
    client_send_hex(&client, "000000000000000000");
    client_wait_error(&client, &s, "stream", "does not train");
    client_close(&client);
    served_stop(&s);
}

/* ---- texts ---- */

static void an_error_that_repeats_what_was_asked_is_text_of_python(void **state)
{
    static const struct {
        const char *name, *uid, *text;
    } rows[] = {
        { "plain", "other.1", "KeyError('other.1')" },
        { "UTF-8", "\xc3\xa4.0", "KeyError('\xc3\xa4.0')" },
        { "no UTF-8", "\xff.0\xe2", "KeyError('?.0?')" },
        { "a quote", "it's", "KeyError(\"it's\")" },
        { "both quotes", "'\"", "KeyError('\\'\"')" },
        { "what moves a cursor", "a\n\x1b[2J\x7f\\", "KeyError('a\\x0a\\x1b[2J\\x7f\\\\')" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_buffer request = { 0 };
        struct served s;
        struct call call;

        served_begin(&s);
        kn_expert_info_encode(kn_span_text(rows[i].uid), &request); /* of the same form */
        call_wait(&call, &s, rows[i].name, HANDLER "rpc_info", kn_buffer_get(&request));
        CHECK_EQ(rows[i].name, call.code, KN_E_REFUSED);
        CHECK_STR(rows[i].name, call.text, rows[i].text);
        kn_buffer_done(&call.bytes);
        kn_buffer_done(&request);
        served_stop(&s);
    }
}

/* ---- rpc_push ---- */

static void push(struct served *s, struct call *call, const struct wish *wish)
{
    struct kn_buffer request = { 0 };

    put_request(&request, wish);
    call_wait(call, s, "push", HANDLER "rpc_push", kn_buffer_get(&request));
    kn_buffer_done(&request);
}

static void of_a_step_that_is_pushed_and_sent_the_first_counts(void **state)
{
    (void)state;
    for (int pushed_first = 0; pushed_first < 2; pushed_first++) {
        struct wish wish = plain_wish;
        struct client client;
        struct served s;
        struct call call;

        served_begin(&s);
        wish.session = "session";
        wish.step = "1";
        client_open(&client, &s, rpc_inference);
        client_ask(&client, &wish);
        client_wait_reply(&client, &s, "1", 1, 1, 6);
        wish.step = "2";
        if (!pushed_first) {
            client_ask(&client, &wish);
            client_wait_reply(&client, &s, "2", 1, 1, 6);
        }
        wish.number = 70;
        push(&s, &call, &wish);
        CHECK_EQ("taken", call.code, KN_OK);
        CHECK_EQ("an empty answer", call.bytes.n, 0);
        kn_buffer_done(&call.bytes);
        if (pushed_first) {
            client_wait_reply(&client, &s, "2", 1, 1, 71);
            client_ask(&client, &wish);
        }
        wish.step = "3";
        client_ask(&client, &wish);
        client_wait_reply(&client, &s, "3", 1, 1, 71);
        CHECK_EQ("steps", s.fake.steps, 3);
        CHECK_EQ("pushed", kn_serving_counters(s.serving)->pushed, pushed_first);
        CHECK_EQ("nothing else", client.heard.n, 0);
        client_close(&client);
        served_stop(&s);
    }
}

static void pushed_steps_wait_but_not_without_end(void **state)
{
    struct wish wish = plain_wish;
    struct client client;
    struct served s;
    struct call call;

    (void)state;
    served_begin(&s);
    s.fake.hold_step = true;
    wish.session = "session";
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &wish);
    RUN_UNTIL(&s.net, "busy", s.fake.steps == 1);
    for (int i = 0; i <= KN_SERVING_AHEAD_MAX; i++) {
        wish.number = (float)i;
        push(&s, &call, &wish);
        CHECK_EQ("push", call.code, i < KN_SERVING_AHEAD_MAX ? KN_OK : KN_E_REFUSED);
        kn_buffer_done(&call.bytes);
    }
    fake_compute_go(&s.fake);
    client_wait_reply(&client, &s, "the client's", 1, 1, 6);
    for (int i = 0; i < KN_SERVING_AHEAD_MAX; i++)
        client_wait_reply(&client, &s, "pushed", 1, 1, (float)i + 1);
    client_close(&client);
    served_stop(&s);
}

static void a_push_to_nobody_is_dropped_and_a_wrong_one_refused(void **state)
{
    struct wish wish = plain_wish;
    struct served s;
    struct call call;

    (void)state;
    served_begin(&s);
    wish.session = "nobody";
    push(&s, &call, &wish);
    CHECK_EQ("dropped", call.code, KN_OK);
    kn_buffer_done(&call.bytes);
    wish.uid = "tiny-hf.5";
    push(&s, &call, &wish);
    CHECK_STR("not served", call.text, "RuntimeError('Remote peer does not serve tiny-hf.5')");
    kn_buffer_done(&call.bytes);
    served_stop(&s);
}

/* ---- handing on ---- */

struct next_server {
    struct kn_unary_handler handler;
    struct kn_buffer request;
    unsigned asked;
    bool refuses;
};

static void next_asked(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                       struct kn_unary_serving *serving)
{
    struct next_server *next = arg;

    (void)peer;
    next->asked++;
    kn_buffer_clear(&next->request);
    kn_buffer_add_span(&next->request, request);
    kn_unary_answer(serving, next->refuses ? KN_E_REFUSED : KN_OK, kn_span(NULL, 0));
}

static void next_given_up(void *arg, struct kn_unary_serving *serving)
{
    (void)arg;
    (void)serving;
}

struct onward {
    const struct kn_peer_id *to;
    const char *session, *step;
    uint32_t tokens;
};

/* A step with next_servers: [[peer id, "theirs", 2, 4]]. */
static void step_for(struct served *s, struct client *client, const struct onward *onward)
{
    struct wish wish = plain_wish;
    struct kn_buffer list = { 0 };
    char id[KN_PEER_ID_TEXT_SIZE], hex[512] = "";

    kn_peer_id_print(onward->to, id);
    kn_msgpack_write_array(&list, 1);
    kn_msgpack_write_array(&list, 4);
    put_key(&list, id);
    put_key(&list, "theirs");
    kn_msgpack_write_int(&list, 2);
    kn_msgpack_write_int(&list, 4);
    for (size_t i = 0; i < list.n; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", kn_buffer_get(&list).at[i]);
    wish.session = onward->session;
    wish.next = hex;
    wish.step = onward->step;
    wish.tokens = onward->tokens;
    client_ask(client, &wish);
    client_wait_reply(client, s, "reply", 1, onward->tokens, 6);
    kn_buffer_done(&list);
}

static void ask_to_hand_on(struct served *s, struct client *client)
{
    const struct onward onward = { net_id(&s->net, 2), "ours", "1", 1 };

    client_open(client, s, rpc_inference);
    step_for(s, client, &onward);
}

static void a_step_goes_on_to_the_next_server(void **state)
{
    (void)state;
    for (int refuses = 0; refuses < 2; refuses++) {
        struct next_server next = { .refuses = refuses == 1 };
        struct kn_expert_request request;
        struct kn_rpc_metadata metadata;
        struct kn_tensor tensor;
        struct client client;
        struct served s;
        float numbers[WIDTH];

        served_options(&s);
        served_start(&s, 3);
        next.handler =
            (struct kn_unary_handler){ HANDLER "rpc_push", &next, next_asked, next_given_up };
        CHECK_EQ("serve", kn_unary_serve(s.net.at[2].host, &next.handler), KN_OK);
        net_learn(&s.net, 1, 2);
        ask_to_hand_on(&s, &client);
        RUN_UNTIL(&s.net, "pushed", next.asked == 1);
        CHECK_EQ("request", kn_expert_request_decode(kn_buffer_get(&next.request), &request, NULL),
                 KN_OK);
        CHECK("uid", kn_span_equal(request.uid, kn_span_text("tiny-hf.2 tiny-hf.3")));
        CHECK_EQ("tensors", request.tensor_count, 3);
        CHECK_EQ("tensor", kn_tensor_decode(request.tensors[0], &tensor, NULL), KN_OK);
        CHECK_EQ("floats", kn_tensor_floats(&tensor, numbers), KN_OK);
        CHECK("our output", numbers[0] == 6);
        CHECK_EQ("metadata", kn_rpc_metadata_decode(request.metadata, "rpc_push", &metadata, NULL),
                 KN_OK);
        CHECK("theirs", kn_span_equal(metadata.session_id, kn_span_text("theirs")));
        CHECK("the same step", kn_span_equal(metadata.step_id, kn_span_text("1")));
        CHECK("pushed", metadata.pushed);
        RUN_UNTIL(&s.net, "counted",
                  kn_serving_counters(s.serving)->push_failures == (unsigned)refuses);
        CHECK_EQ("handed on", kn_serving_counters(s.serving)->pushes, 1);
        kn_buffer_done(&next.request);
        client_close(&client);
        served_stop(&s);
    }
}

/* Nobody knows where it is: the session goes on, and so does the end. */
static void a_next_server_that_cannot_be_reached_does_no_harm(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_options(&s);
    served_start(&s, 3);
    ask_to_hand_on(&s, &client);
    RUN_UNTIL(&s.net, "counted", kn_serving_counters(s.serving)->push_failures == 1);
    client_ask(&client, &plain_wish);
    client_wait_reply(&client, &s, "it goes on", 1, 1, 6);
    client_close(&client);
    ask_to_hand_on(&s, &client);
    client_close(&client);
    served_stop(&s);
}

/* Somebody of whom nobody has heard. */
static struct kn_peer_id stranger(struct net *net)
{
    struct kn_key *key = NULL;
    struct kn_peer_id id;

    CHECK_EQ("key", kn_key_new(&net->random, &key), KN_OK);
    id = *kn_key_peer_id(key);
    kn_key_free(key);
    return id;
}

static void *search_on(void *arg, const struct kn_peer_id *peer, int timeout_ms,
                       void (*done)(void *done_arg, enum kn_code code), void *done_arg)
{
    (void)peer;
    (void)timeout_ms;
    (void)done;
    (void)done_arg;
    return arg;
}

static void search_no_more(void *arg, void *search)
{
    (void)arg;
    (void)search;
}

/* Host 1 searches for whom it does not know, and that never ends. */
static void start_with_endless_searches(struct served *s, size_t hosts)
{
    const struct kn_host_finder finder = { s, search_on, search_no_more };

    served_options(s);
    served_start(s, hosts);
    kn_host_set_finder(s->net.at[1].host, &finder);
}

static void few_strangers_are_searched_for_one_client(void **state)
{
    const struct kn_serving_counters *counters;
    struct client client;
    struct served s;

    (void)state;
    start_with_endless_searches(&s, 3);
    counters = kn_serving_counters(s.serving);
    client_open(&client, &s, rpc_inference);
    for (unsigned i = 0; i < KN_SERVING_REACHES_PEER_MAX + 3; i++) {
        const struct kn_peer_id next = stranger(&s.net);
        const char step[2] = { (char)('a' + i), '\0' };
        const struct onward onward = { &next, "ours", step, 1 };

        step_for(&s, &client, &onward);
    }
    CHECK_EQ("handed on", counters->pushes, KN_SERVING_REACHES_PEER_MAX);
    CHECK_EQ("one too many, and more", counters->push_failures, 3);
    (void)net_join(&s.net, 1, 2);
    step_for(&s, &client, &(const struct onward){ net_id(&s.net, 2), "ours", "z", 1 });
    CHECK_EQ("who is connected", counters->pushes, KN_SERVING_REACHES_PEER_MAX + 1);
    client_close(&client);
    served_stop(&s);
}

static void few_strangers_are_searched_for_all_clients(void **state)
{
    enum { CLIENTS = KN_SERVING_REACHES_MAX / KN_SERVING_REACHES_PEER_MAX + 1 };
    const struct kn_serving_counters *counters;
    struct client clients[CLIENTS];
    struct served s;

    (void)state;
    start_with_endless_searches(&s, CLIENTS + 1);
    counters = kn_serving_counters(s.serving);
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct kn_peer_id first = stranger(&s.net), second = stranger(&s.net);
        const char session[2] = { (char)('a' + i), '\0' };

        client_open_from(&clients[i], &s, i == 0 ? 0 : i + 1, rpc_inference);
        step_for(&s, &clients[i], &(const struct onward){ &first, session, "1", 1 });
        step_for(&s, &clients[i], &(const struct onward){ &second, session, "2", 1 });
    }
    CHECK_EQ("handed on", counters->pushes, KN_SERVING_REACHES_MAX);
    CHECK_EQ("too many", counters->push_failures, KN_SERVING_REACHES_PEER_MAX);
    for (size_t i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    served_stop(&s);
}

static void a_step_of_no_tokens_goes_on_to_nobody(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_options(&s);
    served_start(&s, 3);
    (void)net_join(&s.net, 1, 2);
    client_open(&client, &s, rpc_inference);
    step_for(&s, &client, &(const struct onward){ net_id(&s.net, 2), "ours", "1", 0 });
    CHECK_EQ("not tried", kn_serving_counters(s.serving)->pushes, 0);
    CHECK_EQ("and no failure", kn_serving_counters(s.serving)->push_failures, 0);
    client_close(&client);
    served_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forward_is_computed_or_refused_with_a_text),
        cmocka_unit_test(a_number_that_16_bits_make_infinite_is_not_sent),
        cmocka_unit_test(a_forward_that_fails_says_why),
        cmocka_unit_test(a_reply_that_no_call_holds_is_refused),
        cmocka_unit_test(a_caller_that_goes_cancels_its_forward),
        cmocka_unit_test(a_forward_that_takes_too_long_is_given_up_with_a_text),
        cmocka_unit_test(a_forward_in_parts_has_no_more_time_than_that),
        cmocka_unit_test(a_server_that_leaves_ends_its_forwards_first),
        cmocka_unit_test(a_server_that_goes_answers_who_still_waits),
        cmocka_unit_test(a_large_forward_comes_and_goes_in_parts),
        cmocka_unit_test(a_stream_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_stream_that_goes_cancels_its_forward),
        cmocka_unit_test(training_is_refused_in_both_forms),
        cmocka_unit_test(an_error_that_repeats_what_was_asked_is_text_of_python),
        cmocka_unit_test(of_a_step_that_is_pushed_and_sent_the_first_counts),
        cmocka_unit_test(pushed_steps_wait_but_not_without_end),
        cmocka_unit_test(a_push_to_nobody_is_dropped_and_a_wrong_one_refused),
        cmocka_unit_test(a_step_goes_on_to_the_next_server),
        cmocka_unit_test(a_next_server_that_cannot_be_reached_does_no_harm),
        cmocka_unit_test(few_strangers_are_searched_for_one_client),
        cmocka_unit_test(few_strangers_are_searched_for_all_clients),
        cmocka_unit_test(a_step_of_no_tokens_goes_on_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
