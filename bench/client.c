#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto/random.h"
#include "network/dht/message.h"

struct kn_dht_call {
    struct bench_client *client;
    struct kn_unary_call *unary;
    kn_dht_reply_fn *done;
    void *arg;
};

static void on_reply(void *arg, enum kn_code code, struct kn_span bytes, const struct kn_error *err)
{
    struct kn_dht_call *call = arg;
    kn_dht_reply_fn *done = call->done;
    void *done_arg = call->arg;

    (void)err;
    if (call->client->recording)
        call->client->answered++;
    free(call);
    done(done_arg, code, bytes);
}

static void record(struct bench_client *client, const struct kn_peer_id *peer,
                   enum kn_dht_method method, struct kn_span request)
{
    struct bench_call *call = &client->calls[client->call_count];

    if (client->call_count == BENCH_CALLS_MAX)
        bench_fail("more calls than can be recorded");
    client->call_count++;
    call->peer = *peer;
    call->method = method;
    call->after = client->answered;
    kn_buffer_clear(&call->request);
    kn_buffer_add_span(&call->request, request);
}

static struct kn_dht_call *link_call(void *arg, const struct kn_peer_id *peer,
                                     enum kn_dht_method method, struct kn_span request,
                                     int timeout_ms, kn_dht_reply_fn *done, void *done_arg)
{
    struct bench_client *client = arg;
    struct kn_dht_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    *call = (struct kn_dht_call){ .client = client, .done = done, .arg = done_arg };
    if (client->recording)
        record(client, peer, method, request);
    call->unary = kn_unary_start(kn_network_host(client->node.network), peer,
                                 kn_dht_method_name(method), request, timeout_ms, on_reply, call);
    if (call->unary == NULL)
        bench_fail("a call cannot be made");
    return call;
}

static void link_cancel(void *arg, struct kn_dht_call *call)
{
    (void)arg;
    kn_unary_cancel(call->unary);
    free(call);
}

static kn_time link_now(void *arg)
{
    const struct bench_client *client = arg;

    return kn_loop_now(client->loop);
}

static double link_dht_time(void *arg)
{
    (void)arg;
    return kn_loop_unix_time();
}

static void link_wake_at(void *arg, kn_time when)
{
    struct bench_client *client = arg;

    kn_timer_set(client->timer, when);
}

static void on_timer(void *arg)
{
    struct bench_client *client = arg;

    kn_dht_fire(client->dht);
}

/* As kn_dht_service does, with a link that records. */
static void make_dht(struct bench_client *client)
{
    struct kn_dht_options options;

    kn_dht_options_init(&options);
    options.peer = *kn_host_self(kn_network_host(client->node.network));
    kn_dht_id_of_bytes(kn_span(options.peer.bytes, options.peer.n), &options.id);
    options.client_mode = true;
    options.random = kn_random_system();
    options.link = (struct kn_dht_link){ client,   link_call,     link_cancel,
                                         link_now, link_dht_time, link_wake_at };
    client->timer = kn_timer_new(client->loop, on_timer, client);
    client->dht = kn_dht_new(&options);
    if (client->timer == NULL || client->dht == NULL)
        bench_fail("memory");
}

void bench_client_start(struct bench_client *client, struct kn_loop *loop,
                        const char *const *addresses, size_t n)
{
    struct kn_peer_id peers[KN_DHT_PEERS_MAX];

    *client = (struct bench_client){ .loop = loop };
    bench_node_start(&client->node, loop, true);
    make_dht(client);
    for (size_t i = 0; i < n && i < KN_COUNT(peers); i++)
        peers[i] = bench_learn(client->node.network, addresses[i]);
    bench_join(loop, client->dht, peers, n < KN_COUNT(peers) ? n : KN_COUNT(peers));
}

void bench_client_free(struct bench_client *client)
{
    kn_dht_free(client->dht);
    kn_timer_free(client->timer);
    bench_node_free(&client->node);
    for (size_t i = 0; i < BENCH_CALLS_MAX; i++)
        kn_buffer_done(&client->calls[i].request);
}

void bench_client_record(struct bench_client *client)
{
    client->recording = true;
    client->call_count = client->answered = 0;
}

static void replay_more(struct bench_client *client);

static void on_replayed(void *arg, enum kn_code code, struct kn_span bytes,
                        const struct kn_error *err)
{
    struct bench_client *client = *(struct bench_client **)arg;

    (void)bytes;
    (void)err;
    bench_must(code, "a bare call");
    client->replay_answers++;
    free(arg);
    if (client->replay_answers == client->replay_wanted)
        client->replay_us = bench_now_us() - client->replay_us;
    if (client->replay_answers == client->replay_n)
        kn_loop_stop(client->loop);
    else
        replay_more(client);
}

static void replay_more(struct bench_client *client)
{
    while (client->replay_next < client->replay_n) {
        const struct bench_call *call = &client->calls[client->replay_next];
        struct bench_client **arg;

        if (call->after > client->replay_answers)
            return;
        arg = malloc(sizeof(struct bench_client *));
        if (arg == NULL)
            bench_fail("memory");
        *arg = client;
        if (kn_unary_start(kn_network_host(client->node.network), &call->peer,
                           kn_dht_method_name(call->method), kn_buffer_get(&call->request),
                           KN_DHT_TIMEOUT_MS, on_replayed, arg) == NULL)
            bench_fail("a call cannot be made");
        client->replay_next++;
    }
}

double bench_client_replay(struct bench_client *client, size_t n, size_t answers)
{
    client->replay_next = client->replay_answers = 0;
    client->replay_n = n;
    client->replay_wanted = answers;
    client->replay_us = bench_now_us();
    replay_more(client);
    kn_loop_run(client->loop);
    return client->replay_us;
}

/* ---- who was asked for what ---- */

static bool is_asked(const struct bench_call *call, const struct kn_dht_id *key)
{
    struct kn_dht_find_request request;
    struct kn_dht_id other;
    size_t at = 0;

    if (kn_dht_find_request_decode(kn_buffer_get(&call->request), &request) != KN_OK)
        bench_fail("a question that cannot be read");
    while (kn_dht_find_key(&request, &at, &other)) {
        if (kn_dht_id_equal(&other, key))
            return true;
    }
    return false;
}

/* Keys of call `number` that its peer was asked for before. */
static size_t asked_again(const struct bench_client *client, size_t number)
{
    struct kn_dht_find_request request;
    struct kn_dht_id key;
    size_t at = 0, again = 0;

    if (kn_dht_find_request_decode(kn_buffer_get(&client->calls[number].request), &request) !=
        KN_OK)
        bench_fail("a question that cannot be read");
    while (kn_dht_find_key(&request, &at, &key)) {
        for (size_t i = 0; i < number; i++)
            again += kn_peer_id_equal(&client->calls[i].peer, &client->calls[number].peer) &&
                     is_asked(&client->calls[i], &key);
    }
    return again;
}

void bench_client_print_asked(const struct bench_client *client)
{
    size_t peers = 0, most = 0, again = 0;

    for (size_t i = 0; i < client->call_count; i++) {
        size_t same = 0, before = 0;

        for (size_t j = 0; j < client->call_count; j++) {
            bool is_same = kn_peer_id_equal(&client->calls[i].peer, &client->calls[j].peer);

            same += is_same;
            before += is_same && j < i;
        }
        peers += before == 0;
        most = same > most ? same : most;
        again += asked_again(client, i);
    }
    (void)printf("\"peers\": %zu, \"most_a_peer\": %zu, \"asked_again\": %zu}\n", peers, most,
                 again);
}
