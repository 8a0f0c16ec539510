/* Recorded clients of Petals, replayed: everything but the numbers must come back the same. */
#include <stdlib.h>

#include "network/petals/block_chain.h"
#include "support/served.h"
#include "support/vectors.h"

static bool is_from_client(const json_t *frame)
{
    return strcmp(vectors_text(frame, "dir"), "c2s") == 0;
}

/* Serve the blocks that the first request of these frames wants. */
static void serve_for(struct served *s, const json_t *frames, enum kn_tensor_dtype dtype,
                      enum kn_tensor_compression compression)
{
    struct kn_span bytes = hex_bytes(vectors_text(json_array_get(frames, 0), "hex") + 18);
    struct kn_expert_request request;
    struct kn_block_chain chain;

    served_options(s);
    CHECK_EQ("request", kn_expert_request_decode(bytes, &request, NULL), KN_OK);
    if (kn_block_chain_parse(request.uid, &chain, NULL) == KN_OK && chain.first >= 2) {
        s->options.first = 2;
        s->options.end = 4;
    }
    s->options.dtype = dtype;
    s->options.limits.compression = compression;
    served_start(s, 2);
    hex_done(bytes);
}

/* The messages of two tensors but for their numbers. */
static void check_alike(const char *row, struct kn_span got, struct kn_span want)
{
    struct kn_expert_request a, b;
    struct kn_tensor x, y;

    CHECK_EQ(row, got.n, want.n);
    CHECK_EQ(row, kn_expert_request_decode(got, &a, NULL), KN_OK);
    CHECK_EQ(row, kn_expert_request_decode(want, &b, NULL), KN_OK);
    CHECK_EQ(row, a.tensor_count, b.tensor_count);
    CHECK_EQ(row, kn_tensor_decode(a.tensors[0], &x, NULL), KN_OK);
    CHECK_EQ(row, kn_tensor_decode(b.tensors[0], &y, NULL), KN_OK);
    CHECK(row, x.dtype == y.dtype && x.compression == y.compression && x.rank == y.rank);
    CHECK(row, memcmp(x.size, y.size, sizeof(x.size)) == 0 && x.buffer.n == y.buffer.n);
    CHECK(row, x.requires_grad == y.requires_grad && x.chunks == y.chunks);
    if (y.buffer.n == 0) {
        CHECK_BYTES(row, got, want);
        return;
    }
    /* What stands around the numbers, byte for byte. */
    CHECK(row, memcmp(got.at, want.at, (size_t)(y.buffer.at - want.at)) == 0);
    CHECK_BYTES(
        row, kn_span(x.buffer.at + x.buffer.n, (size_t)(got.at + got.n - x.buffer.at) - x.buffer.n),
        kn_span(y.buffer.at + y.buffer.n, (size_t)(want.at + want.n - y.buffer.at) - y.buffer.n));
}

static void check_frame(const char *row, struct client *client, struct served *s, const char *hex)
{
    struct kn_span want = hex_bytes(hex);
    struct kn_rpc_frame frame = client_wait(client, s, row);

    CHECK_EQ(row, frame.kind, want.at[0]);
    if (frame.kind == KN_RPC_MESSAGE)
        check_alike(row, frame.body, kn_span(want.at + 9, want.n - 9));
    else
        CHECK_BYTES(row, frame.body, kn_span(want.at + 9, want.n - 9));
    client_take(client);
    hex_done(want);
}

static void replay(const char *row, struct served *s, const json_t *frames, const char *const *name)
{
    struct client client;
    const json_t *frame;
    bool ended = false;
    size_t i;

    client_open(&client, s, name);
    json_array_foreach(frames, i, frame)
    {
        const char *hex = vectors_text(frame, "hex");

        if (hex != NULL && is_from_client(frame))
            client_send_hex(&client, hex);
        else if (hex != NULL)
            check_frame(row, &client, s, hex);
        else if (!is_from_client(frame))
            ended = true;
    }
    if (ended)
        RUN_UNTIL(&s->net, row, client.finished);
    CHECK_EQ(row, client.heard.n, 0);
    client_close(&client);
}

static void recorded_sessions_are_answered_alike(void **state)
{
    static const struct {
        const char *file;
        enum kn_tensor_dtype dtype;
        enum kn_tensor_compression compression;
    } files[] = {
        { "petals/rpc_inference.json", KN_TENSOR_F32, KN_TENSOR_NONE },
        { "petals/rpc_inference_more.json", KN_TENSOR_F32, KN_TENSOR_NONE },
        { "petals/rpc_inference_bf16.json", KN_TENSOR_BF16, KN_TENSOR_NONE },
        { "petals/rpc_inference_f16wire.json", KN_TENSOR_F32, KN_TENSOR_FLOAT16 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        json_t *rows = vectors_list(files[i].file, "sessions"), *row;
        size_t k;

        json_array_foreach(rows, k, row)
        {
            const json_t *frames = json_object_get(row, "frames");
            struct served s;

            serve_for(&s, frames, files[i].dtype, files[i].compression);
            replay(files[i].file, &s, frames, rpc_inference);
            CHECK_EQ(files[i].file, kn_serving_counters(s.serving)->refused, 0);
            served_stop(&s);
        }
        vectors_done(rows);
    }
}

static void recorded_prompts_and_ids_reach_the_computer(void **state)
{
    json_t *rows = vectors_list("petals/rpc_inference_more.json", "sessions");
    const json_t *frames = json_object_get(json_array_get(rows, 0), "frames");
    struct client client;
    struct served s;

    (void)state;
    serve_for(&s, frames, KN_TENSOR_F32, KN_TENSOR_NONE);
    client_open(&client, &s, rpc_inference);
    for (size_t i = 0; i < 6; i += 2) {
        client_send_hex(&client, vectors_text(json_array_get(frames, i), "hex"));
        check_frame("step", &client, &s, vectors_text(json_array_get(frames, i + 1), "hex"));
    }
    CHECK_EQ("from the second block", s.fake.wish.from, 1);
    CHECK("swapped", s.fake.hypo[0] == 1 && s.fake.hypo[1] == 0);
    CHECK_EQ("position", s.fake.step.position, 3);
    client_close(&client);
    served_stop(&s);

    frames = json_object_get(json_array_get(rows, 1), "frames");
    serve_for(&s, frames, KN_TENSOR_F32, KN_TENSOR_NONE);
    client_open(&client, &s, rpc_inference);
    client_send_hex(&client, vectors_text(json_array_get(frames, 0), "hex"));
    check_frame("prompts", &client, &s, vectors_text(json_array_get(frames, 1), "hex"));
    CHECK_EQ("prompts", s.fake.step.prompt_batch, 1);
    CHECK_EQ("prompts", s.fake.step.prompt_tokens, 2);
    CHECK("prompts", s.fake.prompt != 0);
    client_close(&client);
    served_stop(&s);
    vectors_done(rows);
}

/* Petals' own words, but where it has none, or computes what it should not. */
static void recorded_errors_are_answered_alike(void **state)
{
    static const struct {
        const char *what, *text; /* NULL: as recorded */
    } ours[] = {
        { "wrong hidden size", "hidden states of 32 numbers, this model has 64" },
        { "KV cache too small: batch 16 x 8192", "the fake says no" },
        { "start_from_position beyond the prefix (accepted: reads cache never written)",
          "start_from_position 4 is outside 0..0" },
        { "metadata is not msgpack", "metadata is no MessagePack" },
    };
    json_t *rows = vectors_list("petals/errors.json", "cases"), *row;
    size_t i, alike = 0, otherwise = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const json_t *frames = json_object_get(row, "frames"), *frame;
        const char *what = vectors_text(row, "what"), *text = NULL;
        struct client client;
        struct served s;
        size_t k;

        if (frames == NULL)
            continue;
        for (k = 0; k < KN_COUNT(ours); k++)
            text = strcmp(ours[k].what, what) == 0 ? ours[k].text : text;
        served_begin(&s);
        s.fake.open_code = strncmp(what, "KV", 2) == 0 ? KN_E_LIMIT : KN_OK;
        if (text == NULL) {
            replay(what, &s, frames, rpc_inference);
            alike++;
        } else {
            client_open(&client, &s, rpc_inference);
            json_array_foreach(frames, k, frame)
            {
                if (vectors_text(frame, "hex") != NULL && is_from_client(frame))
                    client_send_hex(&client, vectors_text(frame, "hex"));
            }
            client_wait_error(&client, &s, what, text);
            client_close(&client);
            otherwise++;
        }
        served_stop(&s);
    }
    CHECK_EQ("alike", alike, 9);
    CHECK_EQ("otherwise", otherwise, KN_COUNT(ours));
    vectors_done(rows);
}

/* ---- calls ---- */

static void recorded_calls_are_answered_alike(void **state)
{
    json_t *rows = vectors_list("petals/rpc_forward.json", "cases"), *row;
    size_t i, calls = 0, streams = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "proto"), *request = vectors_text(row, "request");
        const char *const names[] = { name, NULL };
        const char *what = vectors_text(row, "what");
        struct served s;

        served_begin(&s);
        if (request == NULL) {
            replay(what, &s, json_object_get(row, "frames"), names);
            streams++;
        } else if (strstr(name, "backward") == NULL) {
            struct kn_span bytes = hex_bytes(request), want = hex_bytes(vectors_text(row, "reply"));
            struct call call;

            call_wait(&call, &s, what, name, bytes);
            CHECK_EQ(call.text, call.code, KN_OK);
            check_alike(what, kn_buffer_get(&call.bytes), want);
            kn_buffer_done(&call.bytes);
            hex_done(bytes);
            hex_done(want);
            calls++;
        }
        served_stop(&s);
    }
    CHECK_EQ("calls", calls, 3);
    CHECK_EQ("streams", streams, 1);
    vectors_done(rows);
}

static void recorded_calls_that_fail_do_so_here(void **state)
{
    static const struct {
        const char *what, *text;
    } rows[] = {
        { "unary: uid not served", "RuntimeError('Remote peer does not serve x.0')" },
        { "unary: two-dimensional hidden states",
          "RuntimeError('hidden states have 3 dimensions, got 2')" },
        { "unary: tensor shorter than its size",
          "RuntimeError(\"shape '[1, 2, 64]' is invalid for input of size 2\")" },
    };
    json_t *cases = vectors_list("petals/errors.json", "cases"), *row;
    size_t i, n = 0;

    (void)state;
    json_array_foreach(cases, i, row)
    {
        for (size_t k = 0; k < KN_COUNT(rows); k++) {
            struct kn_span bytes;
            struct served s;
            struct call call;

            if (strcmp(vectors_text(row, "what"), rows[k].what) != 0)
                continue;
            served_begin(&s);
            bytes = hex_bytes(vectors_text(row, "request"));
            call_wait(&call, &s, rows[k].what, vectors_text(row, "proto"), bytes);
            CHECK_EQ(rows[k].what, call.code, KN_E_REFUSED);
            CHECK_STR(rows[k].what, call.text, rows[k].text);
            kn_buffer_done(&call.bytes);
            hex_done(bytes);
            served_stop(&s);
            n++;
        }
    }
    CHECK_EQ("all", n, KN_COUNT(rows));
    vectors_done(cases);
}

static void recorded_questions_about_the_server_are_answered_alike(void **state)
{
    json_t *rows = vectors_list("petals/rpc_info.json", "cases"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        struct kn_span bytes = hex_bytes(vectors_text(row, "request"));
        const char *uid = vectors_text(row, "uid");
        struct served s;
        struct call call;

        served_begin(&s);
        call_wait(&call, &s, uid, HANDLER "rpc_info", bytes);
        if (vectors_text(row, "reply")[0] != '\0')
            CHECK_HEX(uid, kn_buffer_get(&call.bytes), vectors_text(row, "reply"));
        else
            CHECK_STR(uid, call.text, "KeyError('tiny-hf.9')");
        kn_buffer_done(&call.bytes);
        hex_done(bytes);
        served_stop(&s);
    }
    vectors_done(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_sessions_are_answered_alike),
        cmocka_unit_test(recorded_prompts_and_ids_reach_the_computer),
        cmocka_unit_test(recorded_errors_are_answered_alike),
        cmocka_unit_test(recorded_calls_are_answered_alike),
        cmocka_unit_test(recorded_calls_that_fail_do_so_here),
        cmocka_unit_test(recorded_questions_about_the_server_are_answered_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
