#include "network/yamux/yamux.h"

#include "support/yamux.h"

/* The peer opens `count` streams, from the number `from` on. */
static enum kn_code open_many(struct yamux_side *side, unsigned from, unsigned count)
{
    enum kn_code rc = KN_OK;

    for (unsigned i = 0; i < count && rc == KN_OK; i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "W%u.s:0", from + 2 * i);
        rc = yamux_feed(side, text, 0);
    }
    return rc;
}

static void drop_output(struct yamux_side *side)
{
    struct kn_buffer wire = { 0 };

    kn_yamux_output(side->y, SIZE_MAX, &wire);
    kn_buffer_done(&wire);
}

static void the_stream_too_many_is_reset_and_the_session_goes_on(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    struct kn_yamux_stream *none;

    (void)state;
    CHECK_EQ("512", open_many(side, 1, KN_YAMUX_STREAMS_MAX), KN_OK);
    CHECK_EQ("512", kn_yamux_stream_count(side->y), KN_YAMUX_STREAMS_MAX);
    drop_output(side);
    CHECK_EQ("513", yamux_feed(side, "D2001.s:abc D2001:more P0.s:1", 0), KN_OK);
    CHECK_STR("refused", yamux_sends(side), "W2001.r:0 P0.a:1");
    CHECK_EQ("counted", kn_yamux_counters(side->y)->streams_refused, 1);
    CHECK_EQ("ours too", kn_yamux_open(side->y, NULL, &none), KN_E_LIMIT);
    kn_yamux_reset(side->users[7].stream);
    CHECK_EQ("one left", yamux_feed(side, "W2001.s:0", 0), KN_OK);
    CHECK_STR("taken", yamux_sends(side), "W15.r:0 W2001.a:0");
    yamux_stop(side);
}

static void so_many_of_ours_may_wait_for_their_ack(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *stream;

    (void)state;
    for (int i = 0; i < KN_YAMUX_UNACKED_MAX; i++)
        (void)yamux_open(side);
    CHECK_EQ("one more", kn_yamux_open(side->y, NULL, &stream), KN_E_LIMIT);
    CHECK_EQ("ack twice", yamux_feed(side, "W1.a:0 W1.a:0", 0), KN_OK);
    (void)yamux_open(side);
    CHECK_EQ("one more", kn_yamux_open(side->y, NULL, &stream), KN_E_LIMIT);
    CHECK_EQ("a reset is an answer", yamux_feed(side, "W3.r:0 W1.r:0", 0), KN_OK);
    (void)yamux_open(side);
    CHECK_EQ("one more", kn_yamux_open(side->y, NULL, &stream), KN_E_LIMIT);
    kn_yamux_reset(side->users[3].stream);
    (void)yamux_open(side);
    yamux_stop(side);
}

static void bytes_without_credit_wait_and_more_are_refused(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *stream = yamux_open(side);
    uint8_t *many = calloc(1, KN_YAMUX_PENDING_MAX + 1);
    struct kn_buffer wire = { 0 };

    (void)state;
    assert_non_null(many);
    memset(many, 'z', KN_YAMUX_PENDING_MAX);
    CHECK_EQ("too many", kn_yamux_write(stream, kn_span(many, KN_YAMUX_PENDING_MAX + 1)),
             KN_E_LIMIT);
    CHECK_EQ("all", kn_yamux_write(stream, kn_span(many, KN_YAMUX_PENDING_MAX)), KN_OK);
    CHECK_EQ("one more", kn_yamux_write(stream, kn_span(many, 1)), KN_E_LIMIT);
    kn_yamux_output(side->y, SIZE_MAX, &wire);
    CHECK_EQ("262144 bytes leave in frames of 16 KiB", wire.n, 16 * (12 + 16384));
    CHECK("the rest waits", !kn_yamux_has_output(side->y));
    CHECK_EQ("now", kn_yamux_write(stream, kn_span(many, KN_YAMUX_WINDOW)), KN_OK);
    CHECK_EQ("one more", kn_yamux_write(stream, kn_span(many, 1)), KN_E_LIMIT);
    CHECK_EQ("credit", yamux_feed(side, "W1:5", 0), KN_OK);
    CHECK_STR("five more", yamux_sends(side), "D1:zzzzz");
    CHECK_EQ("credit", yamux_feed(side, "W1:4294967295 W1:4294967295", 0), KN_OK);
    kn_buffer_clear(&wire);
    kn_yamux_output(side->y, SIZE_MAX, &wire);
    CHECK_EQ("all leave", wire.n, KN_YAMUX_PENDING_MAX - 5 + 512 * 12);
    CHECK_STR("told once", side->events, "drain1");
    kn_buffer_done(&wire);
    free(many);
    yamux_stop(side);
}

static void output_stops_after_the_frame_that_reaches_what_was_asked(void **state)
{
    static const struct {
        const char *name;
        size_t most;
        const char *want;
    } cases[] = {
        { "nothing", 0, "" },
        { "one byte", 1, "P0.a:1" },
        { "one frame", 12, "P0.a:1 P0.a:2" },
        { "beyond the answers", 25, "P0.a:1 P0.a:2 P0.a:3" },
        { "into the data", 37, "P0.a:1 P0.a:2 P0.a:3 D1.s:ab" },
        { "everything", 1000, "P0.a:1 P0.a:2 P0.a:3 D1.s:ab D3.s:c" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
        struct kn_buffer wire = { 0 };
        char text[YAMUX_TEXT];

        yamux_write(yamux_open(side), "ab");
        yamux_write(yamux_open(side), "c");
        CHECK_EQ("in", yamux_feed(side, "P0.s:1 P0.s:2 P0.s:3", 0), KN_OK);
        kn_yamux_output(side->y, cases[i].most, &wire);
        yamux_text(kn_buffer_get(&wire), text);
        CHECK_STR(cases[i].name, text, cases[i].want);
        kn_buffer_done(&wire);
        yamux_stop(side);
    }
}

static void streams_take_turns(void **state)
{
    static const uint8_t many[40000];
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *big = yamux_open(side), *other = yamux_open(side);

    (void)state;
    CHECK_EQ("big", kn_yamux_write(big, kn_span(many, sizeof(many))), KN_OK);
    CHECK_EQ("other", kn_yamux_write(other, kn_span(many, 20000)), KN_OK);
    yamux_write(yamux_open(side), "small");
    CHECK_EQ("ping", yamux_feed(side, "P0.s:1", 0), KN_OK);
    CHECK_STR("in turn", yamux_sends(side),
              "P0.a:1 D1.s:<16384> D3.s:<16384> D5.s:small D1:<16384> D3:<3616> D1:<7232>");
    yamux_stop(side);
}

static void answers_that_nobody_takes_end_the_session(void **state)
{
    const unsigned most = KN_YAMUX_CONTROL_MAX / KN_YAMUX_HEADER_SIZE;
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    struct kn_buffer in = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    for (unsigned i = 0; i < most; i++)
        yamux_frames("P0.s:1", &in);
    CHECK_EQ("as many as fit", kn_yamux_input(side->y, kn_buffer_get(&in), 0, NULL), KN_OK);
    drop_output(side);
    CHECK_EQ("again", kn_yamux_input(side->y, kn_buffer_get(&in), 0, NULL), KN_OK);
    CHECK_EQ("one more", yamux_feed(side, "P0.s:1", 0), KN_E_PROTOCOL);
    CHECK_EQ("why", kn_yamux_input(side->y, kn_span(NULL, 0), 0, &err), KN_E_PROTOCOL);
    CHECK_STR("why", err.text,
              "yamux: the peer asks for more than 65536 bytes of answers and takes none");
    CHECK_STR("only this", yamux_sends(side), "G0:1");
    CHECK_EQ("counted", kn_yamux_counters(side->y)->pings_in, 2 * most + 1);
    kn_buffer_done(&in);
    yamux_stop(side);
}

static void streams_opened_and_reset_without_end_end_the_session(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    const struct kn_yamux_counters *counters = kn_yamux_counters(side->y);
    enum kn_code rc = KN_OK;
    struct kn_buffer in = { 0 };

    (void)state;
    yamux_frames("W1.s:0 W1.r:0", &in);
    while (rc == KN_OK && counters->resets_in < 100000) {
        side->count = 0;
        side->events[0] = '\0';
        rc = kn_yamux_input(side->y, kn_buffer_get(&in), 0, NULL);
    }
    CHECK_EQ("stopped", rc, KN_E_PROTOCOL);
    CHECK_EQ("at", counters->resets_in, KN_YAMUX_CONTROL_MAX / KN_YAMUX_HEADER_SIZE);
    CHECK_EQ("counted", counters->frames_in, 2 * counters->resets_in + 1);
    kn_buffer_done(&in);
    yamux_stop(side);
}

static void credit_comes_back_when_half_the_window_was_consumed(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    struct kn_yamux_stream *stream;

    (void)state;
    CHECK_EQ("in", yamux_feed(side, "D1.s:<262144>", 0), KN_OK);
    stream = side->users[0].stream;
    (void)yamux_sends(side);
    kn_yamux_consumed(stream, 131071);
    CHECK_STR("not yet", yamux_sends(side), "");
    kn_yamux_consumed(stream, 2);
    CHECK_STR("now", yamux_sends(side), "W1:131073");
    kn_yamux_consumed(stream, SIZE_MAX);
    CHECK_STR("no more than came, and less than half", yamux_sends(side), "");
    CHECK_EQ("what was given", yamux_feed(side, "D1:<131073>", 0), KN_OK);
    CHECK_EQ("and no more", yamux_feed(side, "D1:x", 0), KN_E_PROTOCOL);
    yamux_stop(side);
}

static void a_stream_that_ends_or_is_gone_gets_no_credit(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);

    (void)state;
    CHECK_EQ("in", yamux_feed(side, "D1.sf:<262144>", 0), KN_OK);
    kn_yamux_consumed(side->users[0].stream, 262144);
    CHECK_STR("ended", yamux_sends(side), "W1.a:0");
    yamux_stop(side);
}

/* The peer fills a window, we empty it `after_ms` later; how much credit that gives. */
static void fill_and_empty(struct yamux_side *side, size_t user, uint32_t n, kn_time now,
                           const char *want)
{
    char frame[64];

    (void)snprintf(frame, sizeof(frame), "D%u:<%u>", side->users[user].id, n);
    CHECK_EQ(want, yamux_feed(side, frame, now), KN_OK);
    kn_yamux_consumed(side->users[user].stream, n);
    CHECK_STR(want, yamux_sends(side), want);
}

static void a_window_that_is_emptied_fast_grows(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);

    (void)state;
    CHECK_EQ("ping", kn_yamux_tick(side->y, 0), KN_OK);
    CHECK_STR("ping", yamux_sends(side), "P0.s:1");
    CHECK_EQ("pong after 10 ms", yamux_feed(side, "P0.a:1 W1.s:0", 10), KN_OK);
    CHECK_EQ("round trip", kn_yamux_rtt_ms(side->y), 10);
    CHECK_STR("ack", yamux_sends(side), "W1.a:0");
    fill_and_empty(side, 0, 200000, 50, "W1:200000");
    fill_and_empty(side, 0, 200000, 89, "W1:462144");
    fill_and_empty(side, 0, 524288, 128, "W1:1048576");
    fill_and_empty(side, 0, 1048576, 129, "W1:1048576");
    fill_and_empty(side, 0, 524287, 130, "");
    yamux_stop(side);
}

static void without_a_round_trip_no_window_grows(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);

    (void)state;
    CHECK_EQ("in", yamux_feed(side, "W1.s:0", 0), KN_OK);
    (void)yamux_sends(side);
    fill_and_empty(side, 0, 262144, 0, "W1:262144");
    yamux_stop(side);
}

static void all_windows_together_grow_by_so_much(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    const unsigned whole = KN_YAMUX_GROWTH_MAX / (KN_YAMUX_WINDOW_MAX - KN_YAMUX_WINDOW);
    char want[64];

    (void)state;
    CHECK_EQ("ping", kn_yamux_tick(side->y, 0), KN_OK);
    CHECK_EQ("pong", yamux_feed(side, "P0.a:1", 10), KN_OK);
    CHECK_EQ("open", open_many(side, 1, whole + 2), KN_OK);
    (void)yamux_sends(side);
    for (unsigned i = 0; i < whole; i++) {
        (void)snprintf(want, sizeof(want), "W%u:524288", 2 * i + 1);
        fill_and_empty(side, i, 262144, 10, want);
        (void)snprintf(want, sizeof(want), "W%u:1048576", 2 * i + 1);
        fill_and_empty(side, i, 524288, 10, want);
    }
    (void)snprintf(want, sizeof(want), "W%u:524288", 2 * whole + 1);
    fill_and_empty(side, whole, 262144, 10, want);
    (void)snprintf(want, sizeof(want), "W%u:262144", 2 * whole + 3);
    fill_and_empty(side, whole + 1, 262144, 10, want);
    kn_yamux_reset(side->users[0].stream);
    (void)yamux_sends(side);
    (void)snprintf(want, sizeof(want), "W%u:524288", 2 * whole + 3);
    fill_and_empty(side, whole + 1, 262144, 10, want);
    yamux_stop(side);
}

static void pings_are_sent_and_must_be_answered(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);

    (void)state;
    CHECK_EQ("none yet", kn_yamux_rtt_ms(side->y), -1);
    CHECK_EQ("at once", kn_yamux_deadline(side->y), 0);
    CHECK_EQ("first", kn_yamux_tick(side->y, 3), KN_OK);
    CHECK_STR("first", yamux_sends(side), "P0.s:1");
    CHECK_EQ("its answer", kn_yamux_deadline(side->y), 3 + KN_YAMUX_PONG_MS);
    CHECK_EQ("too early", kn_yamux_tick(side->y, 2 + KN_YAMUX_PONG_MS), KN_OK);
    CHECK_EQ("of others", yamux_feed(side, "P0.a:0 P0.a:2", 20), KN_OK);
    CHECK_EQ("none yet", kn_yamux_rtt_ms(side->y), -1);
    CHECK_EQ("answer, twice", yamux_feed(side, "P0.a:1 P0.a:1", 45), KN_OK);
    CHECK_EQ("round trip", kn_yamux_rtt_ms(side->y), 42);
    CHECK_EQ("again", kn_yamux_deadline(side->y), 3 + KN_YAMUX_PING_MS);
    CHECK_EQ("not before", kn_yamux_tick(side->y, 2 + KN_YAMUX_PING_MS), KN_OK);
    CHECK_STR("nothing", yamux_sends(side), "");
    CHECK_EQ("again", kn_yamux_tick(side->y, 3 + KN_YAMUX_PING_MS), KN_OK);
    CHECK_STR("again", yamux_sends(side), "P0.s:2");
    CHECK_EQ("no answer", kn_yamux_tick(side->y, 3 + KN_YAMUX_PING_MS + KN_YAMUX_PONG_MS),
             KN_E_TIMEOUT);
    CHECK_EQ("nothing to do", kn_yamux_deadline(side->y), KN_NEVER);
    CHECK_EQ("for good", yamux_feed(side, "P0.a:2", 50000), KN_E_TIMEOUT);
    CHECK_STR("silent", yamux_sends(side), "");
    yamux_stop(side);
}

/* Our own call overfills the answers: the next tick says so, and is due. */
static void what_goes_wrong_between_inputs_is_told_by_a_tick(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    struct kn_buffer in = { 0 };

    (void)state;
    CHECK_EQ("open", yamux_feed(side, "W1.s:0", 0), KN_OK);
    for (unsigned k = 1; k < KN_YAMUX_CONTROL_MAX / KN_YAMUX_HEADER_SIZE; k++)
        yamux_frames("P0.s:1", &in);
    CHECK_EQ("full", kn_yamux_input(side->y, kn_buffer_get(&in), 7, NULL), KN_OK);
    CHECK_EQ("quiet", kn_yamux_deadline(side->y), 0);
    kn_yamux_reset(side->users[0].stream);
    CHECK_EQ("due", kn_yamux_deadline(side->y), 7);
    CHECK_EQ("told", kn_yamux_tick(side->y, 8), KN_E_PROTOCOL);
    CHECK_EQ("told", kn_yamux_deadline(side->y), KN_NEVER);
    kn_buffer_done(&in);
    yamux_stop(side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_too_many_is_reset_and_the_session_goes_on),
        cmocka_unit_test(so_many_of_ours_may_wait_for_their_ack),
        cmocka_unit_test(bytes_without_credit_wait_and_more_are_refused),
        cmocka_unit_test(output_stops_after_the_frame_that_reaches_what_was_asked),
        cmocka_unit_test(streams_take_turns),
        cmocka_unit_test(answers_that_nobody_takes_end_the_session),
        cmocka_unit_test(streams_opened_and_reset_without_end_end_the_session),
        cmocka_unit_test(credit_comes_back_when_half_the_window_was_consumed),
        cmocka_unit_test(a_stream_that_ends_or_is_gone_gets_no_credit),
        cmocka_unit_test(a_window_that_is_emptied_fast_grows),
        cmocka_unit_test(without_a_round_trip_no_window_grows),
        cmocka_unit_test(all_windows_together_grow_by_so_much),
        cmocka_unit_test(pings_are_sent_and_must_be_answered),
        cmocka_unit_test(what_goes_wrong_between_inputs_is_told_by_a_tick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
