/* Recorded clients of Petals, replayed against the blocks of the small model: the same numbers. */
#include "compute/kernels/pool.h"
#include "network/petals/block_chain.h"
#include "support/served.h"
#include "support/tiny.h"

enum { CACHE_BYTES = 16 << 20 };

/* What computes, and what it needs. */
struct machine {
    struct tiny tiny;
    struct kn_pool *pool;
    struct kn_runner *runner;
    struct kn_compute *compute;
};

static struct kn_compute *compute_of(struct served *s)
{
    struct machine *m = s->arg;
    const struct kn_runner_options runner = {
        .decoder = &m->tiny.decoder,
        .weights = m->tiny.blocks + s->options.first,
        .count = s->options.end - s->options.first,
        .kernels = kn_kernels_best(),
        .pool = m->pool,
    };
    struct kn_compute_options options = {
        .loop = s->net.loop,
        .decoder = &m->tiny.decoder,
        .first = s->options.first,
        .count = s->options.end - s->options.first,
        .cache_bytes = CACHE_BYTES,
        .max_length = 8192,
    };

    CHECK_EQ("runner", kn_runner_new(&runner, &m->runner, NULL), KN_OK);
    options.runner = m->runner;
    m->compute = kn_compute_new(&options);
    CHECK("compute", m->compute != NULL);
    return m->compute;
}

static void begin(struct served *s, struct machine *m, uint32_t first)
{
    *m = (struct machine){ 0 };
    tiny_open(&m->tiny, KN_WEIGHT_F32);
    CHECK_EQ("pool", kn_pool_new(2, &m->pool, NULL), KN_OK);
    served_options(s);
    s->compute = compute_of;
    s->arg = m;
    s->options.first = first;
    s->options.end = first + 2;
}

static void end(struct served *s, struct machine *m)
{
    kn_serving_free(s->serving);
    s->serving = NULL;
    kn_compute_free(m->compute);
    served_stop(s);
    kn_runner_free(m->runner);
    kn_pool_free(m->pool);
    tiny_close(&m->tiny);
}

static float *numbers_of(const char *row, struct kn_span reply, size_t *n)
{
    struct kn_expert_request request;
    struct kn_tensor tensor;
    float *out;

    CHECK_EQ(row, kn_expert_request_decode(reply, &request, NULL), KN_OK);
    CHECK_EQ(row, kn_tensor_decode(request.tensors[0], &tensor, NULL), KN_OK);
    out = kn_alloc((tensor.numbers + 1) * sizeof(*out));
    CHECK_EQ(row, kn_tensor_floats(&tensor, out), KN_OK);
    *n = tensor.numbers;
    return out;
}

static void check_numbers(const char *row, struct kn_span got, struct kn_span want, double within)
{
    size_t n, m;
    float *a = numbers_of(row, got, &n), *b = numbers_of(row, want, &m);

    CHECK_EQ(row, n, m);
    if (n > 0 && !(tiny_off(a, b, n) <= within)) {
        (void)fprintf(stderr, "%s: off by %g\n", row, tiny_off(a, b, n));
        fail();
    }
    kn_free(a);
    kn_free(b);
}

static void check_reply(const char *row, struct client *client, struct served *s, const char *hex,
                        double within)
{
    struct kn_span want = hex_bytes(hex);
    struct kn_rpc_frame frame = client_wait(client, s, row);

    CHECK_EQ(row, frame.kind, want.at[0]);
    if (frame.kind == KN_RPC_MESSAGE)
        check_numbers(row, frame.body, kn_span(want.at + 9, want.n - 9), within);
    client_take(client);
    client->replies++;
    hex_done(want);
}

static bool is_from_client(const json_t *frame)
{
    return strcmp(vectors_text(frame, "dir"), "c2s") == 0;
}

static void replay(const char *row, struct served *s, const json_t *frames, const char *const *name,
                   double within)
{
    struct client client;
    const json_t *frame;
    size_t i;

    client_open(&client, s, name);
    json_array_foreach(frames, i, frame)
    {
        const char *hex = vectors_text(frame, "hex");

        if (hex != NULL && is_from_client(frame))
            client_send_hex(&client, hex);
        else if (hex != NULL)
            check_reply(row, &client, s, hex, within);
    }
    RUN_UNTIL(&s->net, row, client.finished);
    CHECK(row, client.replies > 0);
    client_close(&client);
}

static uint32_t first_block(const json_t *frames)
{
    struct kn_span bytes = hex_bytes(vectors_text(json_array_get(frames, 0), "hex") + 18);
    struct kn_expert_request request;
    struct kn_block_chain chain;

    CHECK_EQ("request", kn_expert_request_decode(bytes, &request, NULL), KN_OK);
    CHECK_EQ("blocks", kn_block_chain_parse(request.uid, &chain, NULL), KN_OK);
    hex_done(bytes);
    return chain.first < 2 ? 0 : 2;
}

static void sessions_get_the_numbers_of_petals(void **state)
{
    static const struct {
        const char *file;
        enum kn_tensor_dtype dtype;
        enum kn_tensor_compression compression;
        double within; /* of the largest number */
    } files[] = {
        { "petals/rpc_inference.json", KN_TENSOR_F32, KN_TENSOR_NONE, 2e-5 },
        { "petals/rpc_inference_more.json", KN_TENSOR_F32, KN_TENSOR_NONE, 2e-5 },
        { "petals/rpc_inference_bf16.json", KN_TENSOR_BF16, KN_TENSOR_NONE, 2e-2 },
        { "petals/rpc_inference_f16wire.json", KN_TENSOR_F32, KN_TENSOR_FLOAT16, 2e-2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(files); i++) {
        json_t *rows = vectors_list(files[i].file, "sessions"), *row;
        size_t k;

        json_array_foreach(rows, k, row)
        {
            const json_t *frames = json_object_get(row, "frames");
            struct machine machine;
            struct served s;

            begin(&s, &machine, first_block(frames));
            s.options.dtype = files[i].dtype;
            s.options.limits.compression = files[i].compression;
            served_start(&s, 2);
            replay(files[i].file, &s, frames, rpc_inference, files[i].within);
            CHECK_EQ(files[i].file, kn_serving_counters(s.serving)->failed, 0);
            end(&s, &machine);
        }
        vectors_done(rows);
    }
}

static void forwards_get_the_numbers_of_petals(void **state)
{
    json_t *rows = vectors_list("petals/rpc_forward.json", "cases"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "proto"), *request = vectors_text(row, "request");
        const char *const names[] = { name, NULL };
        const char *what = vectors_text(row, "what");
        double within = strstr(what, "FLOAT16") != NULL ? 2e-2 : 2e-5;
        struct machine machine;
        struct served s;

        if (strstr(name, "backward") != NULL)
            continue;
        begin(&s, &machine, 0);
        served_start(&s, 2);
        if (request == NULL) {
            replay(what, &s, json_object_get(row, "frames"), names, within);
        } else {
            struct kn_span bytes = hex_bytes(request), want = hex_bytes(vectors_text(row, "reply"));
            struct call call;

            call_wait(&call, &s, what, name, bytes);
            CHECK_EQ(call.text, call.code, KN_OK);
            check_numbers(what, kn_buffer_get(&call.bytes), want, within);
            kn_buffer_done(&call.bytes);
            hex_done(bytes);
            hex_done(want);
        }
        end(&s, &machine);
    }
    vectors_done(rows);
}

/* The client of the second server sent one step; the other came from the first server. */
static void a_pushed_step_gets_the_numbers_of_petals(void **state)
{
    json_t *clients = vectors_list("petals/rpc_push.json", "client");
    json_t *pushes = vectors_list("petals/rpc_push.json", "pushes");
    struct kn_span request = hex_bytes(vectors_text(json_array_get(pushes, 0), "request"));
    const json_t *frames;
    struct machine machine;
    struct client client;
    struct served s;
    struct call call;

    (void)state;
    for (uint32_t server = 0; server < 2; server++) {
        frames = json_object_get(json_array_get(clients, server), "frames");
        begin(&s, &machine, 2 * server);
        served_start(&s, 2);
        client_open(&client, &s, rpc_inference);
        client_send_hex(&client, vectors_text(json_array_get(frames, 0), "hex"));
        check_reply("first", &client, &s, vectors_text(json_array_get(frames, 1), "hex"), 2e-5);
        if (server == 0) {
            client_send_hex(&client, vectors_text(json_array_get(frames, 2), "hex"));
        } else {
            call_wait(&call, &s, "push", HANDLER "rpc_push", request);
            CHECK_EQ(call.text, call.code, KN_OK);
            kn_buffer_done(&call.bytes);
        }
        check_reply("second", &client, &s,
                    vectors_text(json_array_get(frames, server == 0 ? 3 : 2), "hex"), 2e-5);
        CHECK_EQ("pushed", kn_serving_counters(s.serving)->pushed, server);
        client_send_close(&client);
        RUN_UNTIL(&s.net, "closed", client.finished);
        client_close(&client);
        end(&s, &machine);
    }
    hex_done(request);
    vectors_done(clients);
    vectors_done(pushes);
}

/* Petals says of the same request how many bytes it lacks; here it is said for how many there is
 * room. */
static void a_cache_that_is_too_small_is_told_in_the_first_step(void **state)
{
    json_t *cases = vectors_list("petals/errors.json", "cases"), *row;
    size_t i, n = 0;

    (void)state;
    json_array_foreach(cases, i, row)
    {
        struct machine machine;
        struct client client;
        struct served s;

        if (strncmp(vectors_text(row, "what"), "KV cache", 8) != 0)
            continue;
        begin(&s, &machine, 0);
        served_start(&s, 2);
        client_open(&client, &s, rpc_inference);
        client_send_hex(&client,
                        vectors_text(json_array_get(json_object_get(row, "frames"), 0), "hex"));
        client_wait_error(&client, &s, "too small", "tokens");
        CHECK_EQ("refused", kn_serving_counters(s.serving)->refused, 1);
        client_close(&client);
        end(&s, &machine);
        n++;
    }
    CHECK_EQ("one", n, 1);
    vectors_done(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_get_the_numbers_of_petals),
        cmocka_unit_test(forwards_get_the_numbers_of_petals),
        cmocka_unit_test(a_pushed_step_gets_the_numbers_of_petals),
        cmocka_unit_test(a_cache_that_is_too_small_is_told_in_the_first_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
