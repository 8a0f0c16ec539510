/* Each allocation of a server fails in turn: who asked is told, or loses the stream, and nothing is
 * left behind. */
#include "support/fuse.h"
#include "support/served.h"

enum { TURNS = 300 };

/* What a client sends, made before memory is short. */
static void put_session(struct kn_buffer *out)
{
    struct wish wish = plain_wish;

    wish.session = "session";
    wish.next = "9194a150a1730204"; /* to a peer that is none */
    for (int i = 0; i < 2; i++) {
        struct kn_buffer body = { 0 };

        put_request(&body, &wish);
        kn_rpc_frame_head(KN_RPC_MESSAGE, body.n, out);
        kn_buffer_add_span(out, kn_buffer_get(&body));
        kn_buffer_done(&body);
    }
    hex_add(out, "000000000000000000"
                 "010000000000000000");
}

static bool is_over(const struct client *client)
{
    return client->finished || client->ended;
}

static void run_stream(const char *const *name, struct kn_span bytes)
{
    long fuse = 0;
    bool burnt;

    do {
        struct client client;
        struct served s;

        served_begin(&s);
        client_open(&client, &s, name);
        client_send(&client, bytes);
        kn_buffer_extend(&client.heard, 1 << 16); /* the client has memory */
        kn_buffer_clear(&client.heard);
        kn_fuse = fuse++;
        for (int i = 0; i < TURNS && !is_over(&client); i++)
            net_turn(&s.net);
        burnt = kn_fuse < 0;
        kn_fuse = -1;
        CHECK("not left waiting", is_over(&client));
        client_close(&client);
        served_stop(&s);
    } while (burnt);
    CHECK("some", fuse > 10);
}

static void a_session_survives_each_failure(void **state)
{
    struct kn_buffer bytes = { 0 };

    (void)state;
    put_session(&bytes);
    run_stream(rpc_inference, kn_buffer_get(&bytes));
    kn_buffer_done(&bytes);
}

static void a_forward_in_parts_survives_each_failure(void **state)
{
    static const char *const names[] = { HANDLER "rpc_forward_stream", NULL };
    struct wish wish = plain_wish;
    struct kn_buffer bytes = { 0 }, body = { 0 }, again = { 0 };
    struct kn_expert_request request;

    (void)state;
    put_request(&body, &wish);
    CHECK_EQ("request", kn_expert_request_decode(kn_buffer_get(&body), &request, NULL), KN_OK);
    request.tensor_count = 2;
    request.metadata = kn_span(NULL, 0);
    kn_expert_request_encode(&request, &again);
    kn_rpc_frame_head(KN_RPC_MESSAGE, again.n, &bytes);
    kn_buffer_add_span(&bytes, kn_buffer_get(&again));
    kn_buffer_done(&again);
    hex_add(&bytes, "010000000000000000");
    run_stream(names, kn_buffer_get(&bytes));
    kn_buffer_done(&bytes);
    kn_buffer_done(&body);
}

static void a_server_starts_whole_or_not_at_all(void **state)
{
    long fuse = 0;
    enum kn_code rc;

    (void)state;
    do {
        struct served s;

        served_options(&s);
        net_start(&s.net, 2, 0);
        s.options.host = s.net.at[1].host;
        s.options.compute = fake_compute_start(&s.fake, s.net.loop);
        kn_fuse = fuse++;
        rc = kn_serving_start(&s.options, &s.serving);
        kn_fuse = -1;
        CHECK("code", rc == KN_OK || rc == KN_E_NO_MEMORY);
        CHECK_EQ("handlers", kn_host_protocols(s.options.host)->n > 0, rc == KN_OK);
        served_stop(&s);
    } while (rc != KN_OK);
    CHECK("some", fuse > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_survives_each_failure),
        cmocka_unit_test(a_forward_in_parts_survives_each_failure),
        cmocka_unit_test(a_server_starts_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
