/* rpc_inference: sessions, steps, and how they end. */
#include <math.h>

#include "support/served.h"

static void start_session(struct client *client, struct served *s, const char *session)
{
    struct wish wish = plain_wish;

    wish.session = session;
    wish.step = "step-1";
    client_open(client, s, rpc_inference);
    client_ask(client, &wish);
    client_wait_reply(client, s, "first step", 1, 1, 6);
}

static void a_session_is_opened_stepped_and_closed(void **state)
{
    struct wish wish = plain_wish;
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    start_session(&client, &s, "session");
    CHECK_EQ("blocks", s.fake.wish.from, 0);
    CHECK_EQ("blocks", s.fake.wish.to, 2);
    CHECK_EQ("length", s.fake.wish.max_length, 16);
    CHECK_EQ("no waiting that nobody asked for", s.fake.wish.wait_ms, 0);
    CHECK_EQ("open", kn_serving_counters(s.serving)->open, 1);
    for (unsigned i = 1; i < 16; i++) {
        wish.number = (float)i;
        client_ask(&client, &wish);
        client_wait_reply(&client, &s, "step", 1, 1, (float)i + 1);
        CHECK_EQ("position", s.fake.step.position, i);
    }
    client_send_close(&client);
    RUN_UNTIL(&s.net, "closed", client.finished);
    CHECK_EQ("no more frames", client.heard.n, 0);
    CHECK_EQ("closed", s.fake.closed, 1);
    CHECK_EQ("steps", kn_serving_counters(s.serving)->steps, 16);
    CHECK_EQ("sessions", kn_serving_counters(s.serving)->sessions, 1);
    CHECK_EQ("none open", kn_serving_counters(s.serving)->open, 0);
    client_close(&client);
    served_stop(&s);
}

static void hear(void *arg, const struct kn_serving_news *news)
{
    struct kn_text *heard = arg;

    if (news->event == KN_SERVING_OPENED)
        kn_text_addf(heard, "opened %u-%u for %lld;", news->from, news->to,
                     (long long)news->max_length);
    else if (news->event == KN_SERVING_CLOSED)
        kn_text_addf(heard, "closed after %lld;", (long long)news->tokens);
    else
        kn_text_addf(heard, "refused: %.20s;", news->refusal);
    CHECK("whom", news->peer->n > 0);
}

static void what_happens_to_sessions_is_told(void **state)
{
    struct wish wish = plain_wish;
    struct kn_text heard = { 0 };
    struct client client;
    struct served s;

    (void)state;
    served_options(&s);
    s.options.arg = &heard;
    s.options.news = hear;
    served_start(&s, 2);
    start_session(&client, &s, "session");
    CHECK_STR("opened", heard.at, "opened 0-2 for 16;");
    client_ask(&client, &wish);
    client_wait_reply(&client, &s, "step", 1, 1, wish.number + 1);
    client_send_close(&client);
    RUN_UNTIL(&s.net, "closed", client.finished);
    CHECK_STR("closed", heard.at, "opened 0-2 for 16;closed after 2;");
    client_close(&client);
    kn_text_cut(&heard, 0);
    start_session(&client, &s, "session");
    client_close(&client); /* without a word */
    RUN_UNTIL(&s.net, "closed", s.fake.closed == 2);
    CHECK_STR("gone", heard.at, "opened 0-2 for 16;closed after 1;");
    kn_text_cut(&heard, 0);
    wish.max_length = 1 << 20;
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &wish);
    client_wait_error(&client, &s, "too long", "Cannot allocate");
    CHECK_STR("refused", heard.at, "refused: Cannot allocate KV c;");
    client_close(&client);
    served_stop(&s);
    kn_text_done(&heard);
}

/* An early end breaks the pipe of a client that is still writing its last frame. */
static void the_end_of_the_stream_is_awaited_before_closing(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    start_session(&client, &s, "session");
    client_send_hex(&client, "000000000000000000");
    RUN_UNTIL(&s.net, "the cache is free at once", s.fake.closed == 1);
    for (int i = 0; i < 10; i++)
        net_turn(&s.net);
    CHECK("not finished", !client.finished);
    client_send_hex(&client, "010000000000000000");
    RUN_UNTIL(&s.net, "finished", client.finished);
    client_close(&client);

    start_session(&client, &s, "session");
    client_send_hex(&client, "000000000000000000");
    RUN_UNTIL(&s.net, "nor for ever", client.finished);
    client_close(&client);
    served_stop(&s);
}

static void a_stream_may_be_silent_and_then_is_told_so(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_options(&s);
    s.options.limits.step_ms = 50;
    served_start(&s, 2);
    client_open(&client, &s, rpc_inference);
    client_wait_error(&client, &s, "silent", "nothing was asked for");
    client_close(&client);
    start_session(&client, &s, "session");
    client_wait_error(&client, &s, "after a step", "nothing was asked for");
    CHECK_EQ("the cache is free", s.fake.closed, 1);
    client_close(&client);
    served_stop(&s);
}

static void a_stream_that_says_nothing_is_not_kept_for_as_long_as_a_session(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_options(&s);
    s.options.limits.step_ms = 3600 * 1000;
    s.options.limits.silent_ms = 50;
    served_start(&s, 2);
    client_open(&client, &s, rpc_inference);
    client_wait_error(&client, &s, "silent", "nothing was asked for 0 s");
    client_close(&client);
    served_stop(&s);
}

static void a_session_has_a_longest_life(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_options(&s);
    s.options.limits.session_ms = 100;
    s.fake.hold_step = true;
    served_start(&s, 2);
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &plain_wish);
    client_wait_error(&client, &s, "session", "a session lasts at most");
    CHECK_EQ("while a step was computed", s.fake.steps, 1);
    client_close(&client);
    served_stop(&s);
}

static void the_first_request_is_refused_with_a_text(void **state)
{
    static const struct {
        const char *name;
        struct wish wish;
        const char *text;
    } rows[] = {
        { "no length",
          { "tiny-hf.0", NULL, NULL, 1, 1, -1, 0, false, 0, NULL, NULL },
          "rpc_inference metadata must contain int max_length, got None" },
        { "too long",
          { "tiny-hf.0", NULL, NULL, 1, 1, 8193, 0, false, 0, NULL, NULL },
          "Cannot allocate KV cache for 8193 tokens, max = 8192" },
        { "another block",
          { "tiny-hf.1 tiny-hf.2", NULL, NULL, 1, 1, 8, 0, false, 0, NULL, NULL },
          "Remote peer does not serve tiny-hf.2" },
        { "another model",
          { "other.0", NULL, NULL, 1, 1, 8, 0, false, 0, NULL, NULL },
          "Remote peer does not serve other.0" },
        { "no blocks",
          { "", NULL, NULL, 1, 1, 8, 0, false, 0, NULL, NULL },
          "User must specify at least one block for inference, but got none" },
        { "no batch",
          { "tiny-hf.0", NULL, NULL, 0, 1, 8, 0, false, 0, NULL, NULL },
          "a batch of 0" },
        { "more tokens than the length",
          { "tiny-hf.0", NULL, NULL, 1, 9, 8, 0, false, 0, NULL, NULL },
          "Maximum length exceeded: prefix 0 + current 9 exceeds pre-allocated maximum 8" },
        { "not a number",
          { "tiny-hf.0", NULL, NULL, 1, 1, 8, 0, false, (float)NAN, NULL, NULL },
          "not finite" },
        { "infinite",
          { "tiny-hf.0", NULL, NULL, 1, 1, 8, 0, false, (float)INFINITY, NULL, NULL },
          "not finite" },
        { "a start ahead",
          { "tiny-hf.0", NULL, NULL, 1, 1, 8, 1, true, 0, NULL, NULL },
          "start_from_position 1 is outside 0..0" },
        { "a start before",
          { "tiny-hf.0", NULL, NULL, 1, 1, 8, -1, true, 0, NULL, NULL },
          "start_from_position -1 is outside 0..0" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct client client;
        struct served s;

        served_begin(&s);
        client_open(&client, &s, rpc_inference);
        client_ask(&client, &rows[i].wish);
        client_wait_error(&client, &s, rows[i].name, rows[i].text);
        CHECK_EQ(rows[i].name, kn_serving_counters(s.serving)->refused, 1);
        CHECK_EQ(rows[i].name, s.fake.steps, 0);
        CHECK_EQ(rows[i].name, client.heard.n, 0);
        client_close(&client);
        served_stop(&s);
    }
}

static void what_the_computer_says_is_told(void **state)
{
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    s.fake.open_code = KN_E_LIMIT;
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &plain_wish);
    client_wait_error(&client, &s, "no room", "the fake says no");
    CHECK_EQ("refused", kn_serving_counters(s.serving)->refused, 1);
    client_close(&client);
    s.fake.open_code = KN_OK;
    s.fake.step_code = KN_E_INVALID;
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &plain_wish);
    client_wait_error(&client, &s, "not finite", "the fake says no");
    CHECK_EQ("failed", kn_serving_counters(s.serving)->failed, 1);
    client_close(&client);
    served_stop(&s);
}

static void a_later_step_may_go_back_but_not_ahead(void **state)
{
    static const struct {
        int start;
        bool good;
    } rows[] = { { 0, true }, { 1, true }, { 3, true }, { 4, false } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct wish wish = plain_wish;
        struct client client;
        struct served s;

        served_begin(&s);
        wish.tokens = 3;
        client_open(&client, &s, rpc_inference);
        client_ask(&client, &wish);
        client_wait_reply(&client, &s, "three", 1, 3, 6);
        wish.tokens = 2;
        wish.starts = true;
        wish.start = rows[i].start;
        client_ask(&client, &wish);
        if (!rows[i].good) {
            client_wait_error(&client, &s, "ahead", "start_from_position 4 is outside 0..3");
        } else {
            client_wait_reply(&client, &s, "two", 1, 2, 6);
            CHECK_EQ("position", s.fake.step.position, rows[i].start);
            wish.starts = false;
            client_ask(&client, &wish);
            client_wait_reply(&client, &s, "two more", 1, 2, 6);
            CHECK_EQ("it goes on from there", s.fake.step.position, rows[i].start + 2);
        }
        client_close(&client);
        served_stop(&s);
    }
}

static void a_batch_is_permuted_and_keeps_its_size(void **state)
{
    static const int64_t swapped[] = { 1, 0 }, beyond[] = { 0, 2 };
    struct wish wish = plain_wish;
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    wish.batch = 2;
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &wish);
    client_wait_reply(&client, &s, "two rows", 2, 1, 6);
    CHECK_EQ("batch", s.fake.wish.batch, 2);
    wish.hypo = swapped;
    client_ask(&client, &wish);
    client_wait_reply(&client, &s, "swapped", 2, 1, 6);
    CHECK("ids", s.fake.hypo[0] == 1 && s.fake.hypo[1] == 0);
    wish.hypo = beyond;
    client_ask(&client, &wish);
    client_wait_error(&client, &s, "no such row", "hypo id 2 is outside 0..1");
    client_close(&client);

    client_open(&client, &s, rpc_inference);
    client_ask(&client, &plain_wish);
    client_wait_reply(&client, &s, "one row", 1, 1, 6);
    wish.hypo = NULL;
    client_ask(&client, &wish);
    client_wait_error(&client, &s, "two", "a batch of 2, the session has 1");
    client_close(&client);
    served_stop(&s);
}

static void no_tokens_are_a_step_too(void **state)
{
    struct wish wish = plain_wish;
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    wish.tokens = 0;
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &wish);
    client_wait_reply(&client, &s, "none", 1, 0, 0);
    CHECK_EQ("step", s.fake.step.tokens, 0);
    client_close(&client);
    served_stop(&s);
}

static void a_step_that_comes_twice_is_done_once(void **state)
{
    struct wish wish = plain_wish;
    struct client client;
    struct served s;

    (void)state;
    served_begin(&s);
    wish.step = "a";
    client_open(&client, &s, rpc_inference);
    client_ask(&client, &wish);
    client_ask(&client, &wish);
    wish.step = "b";
    client_ask(&client, &wish);
    client_wait_reply(&client, &s, "a", 1, 1, 6);
    client_wait_reply(&client, &s, "b", 1, 1, 6);
    client_send_close(&client);
    RUN_UNTIL(&s.net, "closed", client.finished);
    CHECK_EQ("steps", s.fake.steps, 2);
    CHECK_EQ("nothing else", client.heard.n, 0);
    client_close(&client);
    served_stop(&s);
}

static void a_session_id_is_used_once_at_a_time(void **state)
{
    struct wish wish = plain_wish;
    struct client first, second;
    struct served s;

    (void)state;
    served_begin(&s);
    start_session(&first, &s, "the-one");
    wish.session = "the-one";
    client_open(&second, &s, rpc_inference);
    client_ask(&second, &wish);
    client_wait_error(&second, &s, "again", "session id the-one is not unique");
    client_close(&second);
    client_send_close(&first);
    RUN_UNTIL(&s.net, "closed", first.finished);
    client_close(&first);
    start_session(&first, &s, "the-one");
    client_close(&first);
    served_stop(&s);
}

/* What the client leaves, the cache is given back at once. */
static void a_client_that_goes_frees_its_cache(void **state)
{
    enum way { HALF_CLOSES, RESETS, CONNECTION_LOST, WAYS };

    (void)state;
    for (enum way way = HALF_CLOSES; way < WAYS; way++) {
        for (int stage = 0; stage < 3; stage++) {
            struct client client;
            struct served s;

            served_begin(&s);
            s.fake.hold_open = stage == 0;
            s.fake.hold_step = stage == 1;
            client_open(&client, &s, rpc_inference);
            client_ask(&client, &plain_wish);
            if (stage == 2)
                client_wait_reply(&client, &s, "step", 1, 1, 6);
            RUN_UNTIL(&s.net, "asked", stage == 0 ? s.fake.sessions == 1 : s.fake.steps == 1);
            if (way == HALF_CLOSES) {
                kn_stream_finish(client.stream);
            } else if (way == RESETS) {
                kn_stream_reset(client.stream);
                client.stream = NULL;
            } else {
                kn_host_close(kn_host_connection(s.net.at[0].host, net_id(&s.net, 1)));
            }
            RUN_UNTIL(&s.net, "closed", s.fake.closed == 1);
            CHECK_EQ("none open", kn_serving_counters(s.serving)->open, 0);
            client_close(&client);
            served_stop(&s);
        }
    }
}

static void what_is_no_request_is_refused(void **state)
{
    static const struct {
        const char *name, *hex, *text;
    } rows[] = {
        { "no marker", "02", "neither a message nor an error" },
        { "no protobuf", "0000000000000000020a05", "no message of protocol buffers" },
        { "128 MiB and a byte", "000000000008000001", "a message of 134217729 bytes" },
        { "metadata", "00000000000000000f0a0974696e792d68662e301a02c1ff", "no MessagePack" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct client client;
        struct served s;

        served_begin(&s);
        client_open(&client, &s, rpc_inference);
        client_send_hex(&client, rows[i].hex);
        client_wait_error(&client, &s, rows[i].name, rows[i].text);
        client_close(&client);
        served_stop(&s);
    }
}

static unsigned drained;

static void on_drained(void *arg)
{
    (void)arg;
    drained++;
}

static void a_server_that_leaves_lets_sessions_end(void **state)
{
    struct client client, late;
    struct served s;

    (void)state;
    served_begin(&s);
    drained = 0;
    start_session(&client, &s, "session");
    client_open(&late, &s, rpc_inference);
    kn_serving_drain(s.serving, on_drained, NULL);
    client_ask(&late, &plain_wish);
    client_wait_error(&late, &s, "a new one", "this server is leaving");
    client_close(&late);
    client_ask(&client, &plain_wish);
    client_wait_reply(&client, &s, "an old one", 1, 1, 6);
    CHECK_EQ("not yet", drained, 0);
    client_send_close(&client);
    RUN_UNTIL(&s.net, "drained", drained == 1);
    client_close(&client);
    served_stop(&s);
}

static void a_server_without_sessions_is_drained_later(void **state)
{
    struct served s;

    (void)state;
    served_begin(&s);
    drained = 0;
    kn_serving_drain(s.serving, on_drained, NULL);
    CHECK_EQ("later", drained, 0);
    RUN_UNTIL(&s.net, "drained", drained == 1);
    served_stop(&s);
}

static void a_server_that_goes_says_so_to_its_sessions(void **state)
{
    struct client idle, busy, waiting;
    struct served s;

    (void)state;
    served_begin(&s);
    start_session(&idle, &s, "idle");
    s.fake.hold_step = true;
    client_open(&busy, &s, rpc_inference);
    client_ask(&busy, &plain_wish);
    RUN_UNTIL(&s.net, "busy", s.fake.steps == 2);
    s.fake.hold_open = true;
    client_open(&waiting, &s, rpc_inference);
    client_ask(&waiting, &plain_wish);
    RUN_UNTIL(&s.net, "waiting", s.fake.sessions == 3);
    kn_serving_free(s.serving);
    s.serving = NULL;
    client_wait_error(&idle, &s, "idle", "this server is going away");
    client_wait_error(&busy, &s, "busy", "this server is going away");
    client_wait_error(&waiting, &s, "waiting", "this server is going away");
    client_close(&idle);
    client_close(&busy);
    client_close(&waiting);
    client_open(&idle, &s, rpc_inference);
    RUN_UNTIL(&s.net, "nobody serves it any more", idle.ended);
    client_close(&idle);
    served_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_opened_stepped_and_closed),
        cmocka_unit_test(what_happens_to_sessions_is_told),
        cmocka_unit_test(the_end_of_the_stream_is_awaited_before_closing),
        cmocka_unit_test(a_stream_may_be_silent_and_then_is_told_so),
        cmocka_unit_test(a_stream_that_says_nothing_is_not_kept_for_as_long_as_a_session),
        cmocka_unit_test(a_session_has_a_longest_life),
        cmocka_unit_test(the_first_request_is_refused_with_a_text),
        cmocka_unit_test(what_the_computer_says_is_told),
        cmocka_unit_test(a_later_step_may_go_back_but_not_ahead),
        cmocka_unit_test(a_batch_is_permuted_and_keeps_its_size),
        cmocka_unit_test(no_tokens_are_a_step_too),
        cmocka_unit_test(a_step_that_comes_twice_is_done_once),
        cmocka_unit_test(a_session_id_is_used_once_at_a_time),
        cmocka_unit_test(a_client_that_goes_frees_its_cache),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(a_server_that_leaves_lets_sessions_end),
        cmocka_unit_test(a_server_without_sessions_is_drained_later),
        cmocka_unit_test(a_server_that_goes_says_so_to_its_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
