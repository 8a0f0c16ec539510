/* What a client can make a server hold. */
#include "support/served.h"

/* However large: a client that waits for credit. */
static void send_all(struct client *client, struct served *s, struct kn_span bytes)
{
    for (size_t at = 0; at < bytes.n;) {
        size_t n = bytes.n - at < 65536 ? bytes.n - at : 65536;

        client_send(client, kn_span(bytes.at + at, n));
        at += n;
        RUN_UNTIL(&s->net, "sent", kn_stream_pending(client->stream) < 1 << 20);
    }
}

static void put_frame(struct kn_buffer *out, const struct wish *wish)
{
    struct kn_buffer body = { 0 };

    put_request(&body, wish);
    kn_rpc_frame_head(KN_RPC_MESSAGE, body.n, out);
    kn_buffer_add_span(out, kn_buffer_get(&body));
    kn_buffer_done(&body);
}

/* 24 MiB in one message, and as much back: more than a stream lets wait. */
static void a_long_prefill_passes_both_ways(void **state)
{
    struct wish wish = plain_wish;
    struct kn_buffer frame = { 0 };
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    wish.batch = 12;
    wish.tokens = 8192;
    wish.max_length = 8192;
    put_frame(&frame, &wish);
    CHECK("large", frame.n > 24 << 20);
    client_open(&client, &s, rpc_inference);
    send_all(&client, &s, kn_buffer_get(&frame));
    client_wait_reply(&client, &s, "prefill", 12, 8192, 6);
    client_send_close(&client);
    RUN_UNTIL(&s.net, "closed", client.finished);
    client_close(&client);
    kn_buffer_done(&frame);
    served_stop(&s);
}

/* What a client sends while its step is computed stays with it. */
static void a_client_that_runs_ahead_is_paused(void **state)
{
    struct wish wish = plain_wish;
    struct kn_buffer frame = { 0 };
    struct client client;
    struct served s;
    uint64_t before;
    size_t sent = 0;

    (void)state;
    served_begin(&s);
    s.fake.hold_step = true;
    wish.tokens = 128; /* 32 KiB */
    wish.max_length = 8192;
    put_frame(&frame, &wish);
    client_open(&client, &s, rpc_inference);
    while (sent < 60) {
        client_send(&client, kn_buffer_get(&frame));
        sent++;
    }
    before = kn_host_counters(s.net.at[1].host)->bytes_in;
    for (int i = 0; i < 20; i++)
        net_turn(&s.net);
    before = kn_host_counters(s.net.at[1].host)->bytes_in - before;
    CHECK_EQ("one step", s.fake.steps, 1);
    CHECK("most of it waits at the client", kn_stream_pending(client.stream) > frame.n * 20);
    CHECK("a window and what pauses", before < KN_SERVING_AHEAD_BYTES + (1 << 20));
    fake_compute_go(&s.fake);
    for (size_t i = 0; i < sent; i++)
        client_wait_reply(&client, &s, "all in their turn", 1, 128, 6);
    client_close(&client);
    kn_buffer_done(&frame);
    served_stop(&s);
}

/* A reader of nothing: the credit of its stream is used up, and stays so. */
static void deaf_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    (void)arg;
    (void)bytes;
    kn_stream_pause(stream, true);
}

static const struct kn_stream_events deaf_events = { .data = deaf_data,
                                                     .finished = client_finished,
                                                     .ended = client_ended };

static void a_client_that_never_reads_ends_its_session(void **state)
{
    struct wish wish = plain_wish;
    struct client client = { .frames = { .max = ANY_LENGTH } };
    struct kn_buffer frame = { 0 };
    struct kn_connection *connection;
    struct served s;

    (void)state;
    served_options(&s);
    s.options.limits.step_ms = 300;
    served_start(&s, 2);
    wish.batch = 8;
    wish.tokens = 1024; /* 2 MiB */
    wish.max_length = 8192;
    put_frame(&frame, &wish);
    connection = net_join(&s.net, 0, 1);
    CHECK_EQ("open",
             kn_stream_open(connection, rpc_inference, &deaf_events, &client, &client.stream),
             KN_OK);
    send_all(&client, &s, kn_buffer_get(&frame));
    client_send(&client, kn_buffer_get(&frame));
    RUN_UNTIL(&s.net, "closed", s.fake.closed == 1);
    CHECK_EQ("the second step was not begun", s.fake.steps, 1);
    client_close(&client);
    kn_buffer_done(&frame);
    served_stop(&s);
}

/* Messages that never become whole: each client has its share, and no more. */
static void unfinished_messages_of_one_client_are_bounded(void **state)
{
    enum { STREAMS = 3 };
    struct client clients[STREAMS];
    struct kn_buffer bytes = { 0 };
    struct served s;

    (void)state;
    served_begin(&s);
    CHECK("memory", kn_buffer_extend(&bytes, 100 << 20) != NULL);
    for (int i = 0; i < STREAMS; i++) {
        client_open(&clients[i], &s, rpc_inference);
        client_send_hex(&clients[i], "000000000007000000"); /* 112 MiB */
    }
    for (int i = 0; i < 2; i++)
        send_all(&clients[i], &s, kn_buffer_get(&bytes));
    for (size_t at = 0; at < bytes.n && !clients[2].finished; at += 1 << 20) {
        client_send(&clients[2], kn_span(kn_buffer_get(&bytes).at, 1 << 20));
        RUN_UNTIL(&s.net, "sent",
                  clients[2].finished || kn_stream_pending(clients[2].stream) < 1 << 20);
    }
    client_wait_error(&clients[2], &s, "the third", "this server holds too many bytes");
    for (int i = 0; i < STREAMS; i++)
        client_close(&clients[i]);
    kn_buffer_done(&bytes);
    served_stop(&s);
}

/* 1,024 of three clients, and one more of the third. */
static void open_from(struct served *s, size_t from, struct client *client)
{
    struct kn_connection *connection = kn_host_connection(s->net.at[from].host, net_id(&s->net, 1));

    if (connection == NULL)
        connection = net_join(&s->net, from, 1);
    *client = (struct client){ .frames = { .max = ANY_LENGTH } };
    CHECK_EQ("open",
             kn_stream_open(connection, rpc_inference, &client_events, client, &client->stream),
             KN_OK);
}

/* By the first hosts but the server's, one after the other. */
static void open_streams(struct served *s, struct client *clients, size_t n, size_t hosts)
{
    for (size_t i = 0; i < n; i++) {
        open_from(s, i % hosts > 0 ? i % hosts + 1 : 0, &clients[i]);
        if (i % 90 == 0)
            net_turn(&s->net);
    }
}

static void open_streams_are_counted(void **state)
{
    static struct client clients[KN_SERVING_STREAMS_MAX + 1], other;
    static const struct {
        const char *name;
        size_t hosts, open, refused;
    } cases[] = {
        { "of all", 9, KN_SERVING_STREAMS_MAX + 1, 1 },
        { "of few, who leave room to others", 3, 3 * KN_SERVING_STREAMS_SHARE + 32, 32 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct served s;

        served_options(&s);
        served_start(&s, cases[i].hosts + 2);
        open_streams(&s, clients, cases[i].open, cases[i].hosts);
        RUN_UNTIL(&s.net, cases[i].name,
                  kn_serving_counters(s.serving)->refused == cases[i].refused);
        if (cases[i].refused > 1) {
            open_from(&s, cases[i].hosts + 1, &other);
            for (int turn = 0; turn < 20; turn++)
                net_turn(&s.net);
            CHECK_EQ("another client", kn_serving_counters(s.serving)->refused, cases[i].refused);
            client_close(&other);
        }
        for (size_t j = 0; j < cases[i].open; j++) {
            if (clients[j].heard.n > 0)
                client_wait_error(&clients[j], &s, "too many", "as many streams open as it takes");
            client_close(&clients[j]);
        }
        served_stop(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_prefill_passes_both_ways),
        cmocka_unit_test(a_client_that_runs_ahead_is_paused),
        cmocka_unit_test(a_client_that_never_reads_ends_its_session),
        cmocka_unit_test(unfinished_messages_of_one_client_are_bounded),
        cmocka_unit_test(open_streams_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
