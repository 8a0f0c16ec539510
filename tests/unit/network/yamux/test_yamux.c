#include "network/yamux/yamux.h"

#include "support/yamux.h"

/* What the peer sends, what we are told and what we answer. Nobody consumes or writes. */
static const struct {
    const char *name;
    enum kn_role role;
    const char *in, *events, *out;
    enum kn_code code;
} frames[] = {
    { "nothing", KN_ROLE_LISTENER, "", "", "", KN_OK },
    { "open, as go does", KN_ROLE_LISTENER, "W1.s:0", "open1", "W1.a:0", KN_OK },
    { "open, as rust does", KN_ROLE_LISTENER, "D1.s:abc", "open1 data1", "W1.a:0", KN_OK },
    { "open, write, end", KN_ROLE_LISTENER, "W1.s:0 D1:abc D1:d W1.f:0", "open1 data1 fin1",
      "W1.a:0", KN_OK },
    { "all in one frame", KN_ROLE_LISTENER, "D1.sf:abc", "open1 data1 fin1", "W1.a:0", KN_OK },
    { "open and end with no byte", KN_ROLE_LISTENER, "D1.sf:", "open1 fin1", "W1.a:0", KN_OK },
    { "an empty data frame is no event", KN_ROLE_LISTENER, "W1.s:0 D1:", "open1", "W1.a:0", KN_OK },
    { "an end said twice", KN_ROLE_LISTENER, "W1.sf:0 D1.f:", "open1 fin1", "W1.a:0", KN_OK },
    { "reset, as go does", KN_ROLE_LISTENER, "W1.s:0 W1.r:0", "open1 reset1", "W1.a:0", KN_OK },
    { "reset, as rust does", KN_ROLE_LISTENER, "D1.s:a D1.r:", "open1 data1 reset1", "W1.a:0",
      KN_OK },
    { "the bytes of a reset are dropped", KN_ROLE_LISTENER, "W1.s:0 D1.r:abc D1:x", "open1 reset1",
      "W1.a:0", KN_OK },
    { "open and reset at once", KN_ROLE_LISTENER, "D1.sr:abc D1:x", "", "", KN_OK },
    { "reset after the end", KN_ROLE_LISTENER, "W1.sf:0 W1.r:0", "open1 fin1 reset1", "W1.a:0",
      KN_OK },
    { "the number comes again after a reset", KN_ROLE_LISTENER, "W1.s:0 W1.r:0 W1.s:0",
      "open1 reset1 open1", "W1.a:0 W1.a:0", KN_OK },
    { "streams side by side", KN_ROLE_LISTENER, "D1.s:a D3.s:b D1:c D3.f:d", //
      "open1 data1 open3 data3 data1 data3 fin3", "W1.a:0 W3.a:0", KN_OK },
    { "numbers that go down", KN_ROLE_LISTENER, "W9.s:0 W3.s:0", "open9 open3", "W9.a:0 W3.a:0",
      KN_OK },
    { "the largest number", KN_ROLE_LISTENER, "W4294967295.s:0", "open4294967295",
      "W4294967295.a:0", KN_OK },
    { "we dialed: the peer is even", KN_ROLE_DIALER, "W2.s:0", "open2", "W2.a:0", KN_OK },
    { "an unknown stream is skipped", KN_ROLE_LISTENER,
      "D77:abcd W77:4 W77.f:0 D77.r: W77.a:0 P0.s:1", "", "P0.a:1", KN_OK },
    { "data of the session is skipped", KN_ROLE_LISTENER, "D0:abcd W0:4 P0.s:1", "", "P0.a:1",
      KN_OK },
    { "an ack that nobody waits for", KN_ROLE_LISTENER, "W1.s:0 W1.a:0 D1.a:x", "open1 data1",
      "W1.a:0", KN_OK },
    { "ping", KN_ROLE_LISTENER, "P0.s:7 P0.s:4294967295", "", "P0.a:7 P0.a:4294967295", KN_OK },
    { "ping with syn and ack", KN_ROLE_LISTENER, "P0.sa:9", "", "P0.a:9", KN_OK },
    { "ping with neither", KN_ROLE_LISTENER, "P0:9", "", "", KN_OK },
    { "pong that nobody asked for", KN_ROLE_LISTENER, "P0.a:0 P0.a:1 P0.s:1", "", "P0.a:1", KN_OK },
    { "credit beyond 32 bits", KN_ROLE_LISTENER, "W1.s:4294967295 W1:4294967295", "open1", "W1.a:0",
      KN_OK },
    { "go-away 0 ends nothing", KN_ROLE_LISTENER, "W1.s:0 G0:0 D1:x W3.s:0", "open1 data1 open3",
      "W1.a:0 W3.a:0", KN_OK },
    { "go-away 1", KN_ROLE_LISTENER, "W1.s:0 G0:1 D1:x", "open1", "", KN_E_CLOSED },
    { "go-away 2", KN_ROLE_LISTENER, "G0:2", "", "", KN_E_CLOSED },
    { "go-away 7", KN_ROLE_LISTENER, "G0:7", "", "", KN_E_CLOSED },
    { "syn on a live stream", KN_ROLE_LISTENER, "W1.s:0 W1.s:0 P0.s:1", "open1", "G0:1",
      KN_E_PROTOCOL },
    { "a reset that opens a live stream", KN_ROLE_LISTENER, "W1.s:0 W1.sr:0", "open1", "G0:1",
      KN_E_PROTOCOL },
    { "an even number of a dialer", KN_ROLE_LISTENER, "W2.s:0", "", "G0:1", KN_E_PROTOCOL },
    { "an odd number of a listener", KN_ROLE_DIALER, "W1.s:0", "", "G0:1", KN_E_PROTOCOL },
    { "syn on the session", KN_ROLE_LISTENER, "W0.s:0", "", "G0:1", KN_E_PROTOCOL },
    { "syn on the session, dialed", KN_ROLE_DIALER, "D0.s:abc", "", "G0:1", KN_E_PROTOCOL },
    { "bytes after the end", KN_ROLE_LISTENER, "W1.sf:0 D1:x", "open1 fin1", "G0:1",
      KN_E_PROTOCOL },
    { "bytes after the end, in a frame that ends", KN_ROLE_LISTENER, "W1.sf:0 D1.f:x", "open1 fin1",
      "G0:1", KN_E_PROTOCOL },
    { "exactly the window", KN_ROLE_LISTENER, "D1.s:<262144> P0.s:1", "open1 data1",
      "W1.a:0 P0.a:1", KN_OK },
    { "one byte more", KN_ROLE_LISTENER, "W1.s:0 D1:<262145>", "open1", "G0:1", KN_E_PROTOCOL },
    { "one byte more, later", KN_ROLE_LISTENER, "D1.s:<262144> D1:x", "open1 data1", "G0:1",
      KN_E_PROTOCOL },
    { "one byte more, opening", KN_ROLE_LISTENER, "D1.s:<262145>", "open1", "G0:1", KN_E_PROTOCOL },
    { "the largest body, for nobody", KN_ROLE_LISTENER, "D7:<1048576> P0.s:1", "", "P0.a:1",
      KN_OK },
    { "one byte more, for nobody", KN_ROLE_LISTENER, "D7:<1048577>", "", "G0:1", KN_E_PROTOCOL },
};

static void check_row(size_t i, size_t cut)
{
    struct yamux_side *side = yamux_start(frames[i].role);
    struct kn_buffer in = { 0 };
    struct kn_span bytes;
    enum kn_code rc = KN_OK;
    struct kn_error err = { 0 };

    yamux_frames(frames[i].in, &in);
    bytes = kn_buffer_get(&in);
    while (bytes.n > 0) {
        size_t n = cut < bytes.n ? cut : bytes.n;

        rc = kn_yamux_input(side->y, kn_span(bytes.at, n), 5, &err);
        bytes = kn_span(bytes.at + n, bytes.n - n);
    }
    CHECK_EQ(frames[i].name, rc, frames[i].code);
    CHECK_EQ(frames[i].name, err.code, frames[i].code);
    CHECK(frames[i].name, (rc == KN_OK) == (err.text[0] == '\0'));
    CHECK_STR(frames[i].name, side->events, frames[i].events);
    CHECK_STR(frames[i].name, yamux_sends(side), frames[i].out);
    kn_buffer_done(&in);
    yamux_stop(side);
}

static void frames_of_a_peer_mean_what_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(frames); i++)
        check_row(i, SIZE_MAX);
}

static void however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(frames); i++)
        for (size_t cut = 1; cut < 40; cut++)
            if (strchr(frames[i].in, '<') == NULL)
                check_row(i, cut);
    for (size_t i = 0; i < KN_COUNT(frames); i++)
        check_row(i, 16385);
}

static void the_wrong_frame_is_named(void **state)
{
    static const struct {
        const char *in, *text;
    } cases[] = {
        { "W1.s:0 W1.s:0", "yamux: the peer opens stream 1, which is open" },
        { "W4.s:0", "yamux: the peer opens stream 4, which has a number of our side" },
        { "W0.s:0", "yamux: the peer opens stream 0, which is the session" },
        { "W3.s:0 D3:<300000>",
          "yamux: 300000 bytes came on stream 3, which had credit for 262144" },
        { "W3.sf:0 D3:abc", "yamux: 3 bytes came on stream 3 after its end" },
        { "D3:<1048577>", "yamux: a frame of 1048577 bytes; the largest window has 1048576" },
        { "G0:7", "yamux: the peer ended the session with the code 7" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
        struct kn_error err = { 0 };

        (void)yamux_feed(side, cases[i].in, 0);
        CHECK(cases[i].in, kn_yamux_input(side->y, kn_span(NULL, 0), 0, &err) != KN_OK);
        CHECK_STR(cases[i].in, err.text, cases[i].text);
        yamux_stop(side);
    }
}

static void a_request_opens_its_stream(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *silent = yamux_open(side), *lazy = yamux_open(side);

    (void)state;
    yamux_write(lazy, "ab");
    yamux_write(lazy, "c");
    CHECK_STR("opened", yamux_sends(side), "W1.s:0 D3.s:abc");
    CHECK_STR("told", side->events, "drain3");
    yamux_write(silent, "x");
    kn_yamux_finish(silent);
    kn_yamux_finish(lazy);
    kn_yamux_finish(lazy);
    CHECK_STR("ended", yamux_sends(side), "D1:x W3.f:0 W1.f:0");
    CHECK_EQ("closed", kn_yamux_write(lazy, kn_span_text("y")), KN_E_CLOSED);
    CHECK_EQ("both wait for the peer", kn_yamux_stream_count(side->y), 2);
    CHECK_EQ("answer", yamux_feed(side, "W1.a:0 D3.a:yes D3.f: W1.f:0", 0), KN_OK);
    CHECK_STR("told", side->events, "drain3 data3 fin3 ended3 fin1 ended1");
    CHECK_EQ("gone", kn_yamux_stream_count(side->y), 0);
    CHECK_STR("nothing more", yamux_sends(side), "");
    yamux_stop(side);
}

static void a_stream_that_the_peer_finished_first_ends_when_our_end_has_left(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);

    (void)state;
    CHECK_EQ("in", yamux_feed(side, "D1.sf:ask", 0), KN_OK);
    yamux_write(side->users[0].stream, "answer");
    kn_yamux_finish(side->users[0].stream);
    CHECK_STR("not yet", side->events, "open1 data1 fin1");
    CHECK_STR("out", yamux_sends(side), "W1.a:0 D1:answer W1.f:0");
    CHECK_STR("ended", side->events, "open1 data1 fin1 ended1");
    yamux_stop(side);
}

static void a_reset_is_told_once_and_late_frames_are_skipped(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *stream = yamux_open(side);

    (void)state;
    CHECK_STR("open", yamux_sends(side), "W1.s:0");
    yamux_write(stream, "never sent");
    kn_yamux_reset(stream);
    CHECK_STR("told", yamux_sends(side), "W1.r:0");
    CHECK_EQ("late", yamux_feed(side, "W1.a:0 D1:late W1:5 D1.f:x W1.r:0", 0), KN_OK);
    CHECK_STR("no answer", yamux_sends(side), "");
    CHECK_STR("no event", side->events, "");
    CHECK_EQ("nothing is kept", kn_yamux_stream_count(side->y), 0);

    stream = yamux_open(side);
    yamux_write(stream, "never sent");
    kn_yamux_reset(stream);
    CHECK_STR("nobody had heard of it", yamux_sends(side), "");
    (void)yamux_open(side);
    CHECK_STR("its number is not used again", yamux_sends(side), "W5.s:0");
    yamux_stop(side);
}

static void a_reset_in_the_middle_of_a_body_drops_the_rest(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    struct kn_buffer in = { 0 };
    struct kn_span bytes;

    (void)state;
    yamux_frames("D1.sf:abcdef P0.s:3", &in);
    bytes = kn_buffer_get(&in);
    CHECK_EQ("first", kn_yamux_input(side->y, kn_span(bytes.at, 15), 0, NULL), KN_OK);
    kn_yamux_reset(side->users[0].stream);
    CHECK_EQ("rest", kn_yamux_input(side->y, kn_span(bytes.at + 15, bytes.n - 15), 0, NULL), KN_OK);
    CHECK_STR("told", side->events, "open1 data1");
    CHECK_STR("out", yamux_sends(side), "W1.a:0 W1.r:0 P0.a:3");
    kn_buffer_done(&in);
    yamux_stop(side);
}

/* What `reset_in` does in the event `when`: reset its stream, then use the dead handle as a caller
 * that is not careful may within one event. */
static const char *reset_when;

static void reset_in(struct yamux_side *side, const char *event, struct kn_yamux_stream *stream)
{
    (void)side;
    if (strcmp(event, reset_when) != 0)
        return;
    kn_yamux_reset(stream);
    kn_yamux_reset(stream);
    kn_yamux_finish(stream);
    kn_yamux_consumed(stream, 1000000);
    CHECK_EQ("dead", kn_yamux_write(stream, kn_span_text("x")), KN_E_CLOSED);
}

static void an_event_may_reset_its_stream(void **state)
{
    static const struct {
        const char *when, *events, *out;
    } cases[] = {
        { "open", "open1 open3 open5", "W1.a:0 W1.r:0 W3.a:0 W3.r:0 W5.a:0 W5.r:0" },
        { "data", "open1 data1 open3 fin3 open5", "W1.a:0 W1.r:0 W3.a:0 W5.a:0" },
        { "fin", "open1 data1 fin1 open3 fin3 open5", "W1.a:0 W1.r:0 W3.a:0 W3.r:0 W5.a:0" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);

        reset_when = cases[i].when;
        side->on = reset_in;
        CHECK_EQ(reset_when, yamux_feed(side, "D1.sf:abc W3.s:0 W3.f:0 W5.s:0", 0), KN_OK);
        CHECK_STR(reset_when, side->events, cases[i].events);
        CHECK_STR(reset_when, yamux_sends(side), cases[i].out);
        yamux_stop(side);
    }
}

static void an_event_of_our_output_may_reset_its_stream(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *stream = yamux_open(side), *other = yamux_open(side);

    (void)state;
    reset_when = "drain";
    side->on = reset_in;
    yamux_write(stream, "a");
    yamux_write(other, "b");
    CHECK_STR("out", yamux_sends(side), "D1.s:a W1.r:0 D3.s:b W3.r:0");
    yamux_stop(side);
}

/* In a finished() that closes the stream, the reset has nobody to be told. */
static void a_reset_in_the_last_event_but_one_is_silent(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *stream = yamux_open(side);

    (void)state;
    kn_yamux_finish(stream);
    CHECK_STR("out", yamux_sends(side), "W1.s:0 W1.f:0");
    reset_when = "fin";
    side->on = reset_in;
    CHECK_EQ("in", yamux_feed(side, "W1.af:0", 0), KN_OK);
    CHECK_STR("told", side->events, "fin1");
    CHECK_STR("out", yamux_sends(side), "");
    CHECK_EQ("gone", kn_yamux_stream_count(side->y), 0);
    yamux_stop(side);
}

static void reset_all_others(struct yamux_side *side, const char *event,
                             struct kn_yamux_stream *stream)
{
    if (strcmp(event, "data") != 0)
        return;
    for (size_t i = 0; i < side->count; i++)
        if (side->users[i].stream != stream && side->users[i].stream != NULL) {
            kn_yamux_reset(side->users[i].stream);
            side->users[i].stream = NULL;
        }
    yamux_write(yamux_open(side), "new");
    yamux_write(stream, "still here");
    kn_yamux_finish(stream);
}

static void an_event_may_reset_others_and_open_new_ones(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);

    (void)state;
    side->on = reset_all_others;
    CHECK_EQ("in", yamux_feed(side, "W1.s:0 W3.s:0 D5.s:x D1:late", 0), KN_OK);
    CHECK_STR("told", side->events, "open1 open3 open5 data5");
    CHECK_STR("out", yamux_sends(side),
              "W1.a:0 W3.a:0 W5.a:0 W1.r:0 W3.r:0 D2.s:new D5:still here W5.f:0");
    yamux_stop(side);
}

static void when_the_session_goes_every_stream_is_lost(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_LISTENER);
    struct kn_yamux_stream *stream = yamux_open(side), *none = NULL;

    (void)state;
    CHECK_EQ("in", yamux_feed(side, "W1.s:0 W3.s:0 D1:x", 0), KN_OK);
    yamux_write(stream, "never sent");
    CHECK_EQ("wrong", yamux_feed(side, "W1.s:0", 0), KN_E_PROTOCOL);
    CHECK_EQ("closed", kn_yamux_write(stream, kn_span_text("y")), KN_E_CLOSED);
    CHECK_EQ("closed", kn_yamux_open(side->y, NULL, &none), KN_E_CLOSED);
    kn_yamux_consumed(side->users[1].stream, 1);
    kn_yamux_finish(stream);
    CHECK_STR("nothing but the go-away", yamux_sends(side), "G0:1");
    CHECK_EQ("still wrong", yamux_feed(side, "P0.s:0", 0), KN_E_PROTOCOL);
    CHECK_STR("no answer", yamux_sends(side), "");
    side->events[0] = '\0';
    kn_yamux_free(side->y);
    CHECK_STR("lost", side->events, "lost3 lost2 lost1");
    side->y = NULL;
    yamux_stop(side);
}

static void after_a_go_away_0_we_open_nothing_and_go_on(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *stream = yamux_open(side), *none = NULL;

    (void)state;
    CHECK_EQ("in", yamux_feed(side, "G0:0", 0), KN_OK);
    CHECK_EQ("refused", kn_yamux_open(side->y, NULL, &none), KN_E_CLOSED);
    yamux_write(stream, "x");
    CHECK_STR("goes on", yamux_sends(side), "D1.s:x");
    CHECK_EQ("in", yamux_feed(side, "D1.a:y W2.s:0", 0), KN_OK);
    CHECK_STR("told", side->events, "drain1 data1 open2");
    yamux_stop(side);
}

static void events_that_nobody_wants_may_be_left_out(void **state)
{
    static const struct kn_yamux_events none = { 0 };
    struct kn_yamux *y = kn_yamux_new(KN_ROLE_DIALER, &none, NULL, 0);
    struct yamux_side side = { .y = y };
    struct kn_yamux_stream *stream;

    (void)state;
    CHECK_EQ("open", kn_yamux_open(y, NULL, &stream), KN_OK);
    yamux_write(stream, "x");
    CHECK_EQ("in", yamux_feed(&side, "D2.s:x D1:<131072> D1.f:y", 0), KN_OK);
    CHECK_STR("out", yamux_sends(&side), "W2.a:0 W2.r:0 W1:131072 D1.s:x");
    kn_yamux_finish(stream);
    CHECK_STR("out", yamux_sends(&side), "W1.f:0");
    CHECK_EQ("none left", kn_yamux_stream_count(y), 0);
    kn_yamux_free(y);
    kn_yamux_free(NULL);
}

static void an_end_that_nobody_waits_for_goes_behind_the_next_frame(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *one = yamux_open(side), *other = yamux_open(side);

    (void)state;
    yamux_write(one, "a");
    yamux_write(other, "b");
    kn_yamux_finish_late(one);
    CHECK_STR("behind its own bytes", yamux_sends(side), "D1.s:a D3.s:b W1.f:0");
    kn_yamux_finish_late(other);
    CHECK("not alone", !kn_yamux_has_output(side->y));
    one = yamux_open(side);
    yamux_write(one, "c");
    CHECK_STR("behind another's", yamux_sends(side), "D5.s:c W3.f:0");
    kn_yamux_finish_late(one);
    CHECK_EQ("in", yamux_feed(side, "P0.s:1 W5.r:0", 0), KN_OK);
    CHECK_STR("a stream that is gone has none", yamux_sends(side), "P0.a:1");
    yamux_stop(side);
}

static void an_end_that_finds_no_company_goes_alone(void **state)
{
    struct yamux_side *side = yamux_start(KN_ROLE_DIALER);
    struct kn_yamux_stream *one = yamux_open(side), *other = yamux_open(side);

    (void)state;
    yamux_write(one, "a");
    yamux_write(other, "b");
    CHECK_EQ("the first ping", kn_yamux_tick(side->y, 0), KN_OK);
    CHECK_STR("out", yamux_sends(side), "P0.s:1 D1.s:a D3.s:b");
    CHECK_EQ("in", yamux_feed(side, "P0.a:1", 10), KN_OK);
    kn_yamux_finish_late(one);
    CHECK_EQ("due", kn_yamux_deadline(side->y), 10 + KN_YAMUX_LATE_MS);
    CHECK_EQ("in", yamux_feed(side, "D1:x", 50), KN_OK);
    kn_yamux_finish_late(other);
    CHECK_EQ("the first one says when", kn_yamux_deadline(side->y), 10 + KN_YAMUX_LATE_MS);
    CHECK_EQ("early", kn_yamux_tick(side->y, 9 + KN_YAMUX_LATE_MS), KN_OK);
    CHECK("waits", !kn_yamux_has_output(side->y));
    CHECK_EQ("in time", kn_yamux_tick(side->y, 10 + KN_YAMUX_LATE_MS), KN_OK);
    CHECK_STR("all of them", yamux_sends(side), "W1.f:0 W3.f:0");
    CHECK_EQ("the next ping", kn_yamux_deadline(side->y), KN_YAMUX_PING_MS);
    yamux_stop(side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_a_peer_mean_what_they_should),
        cmocka_unit_test(however_they_are_cut),
        cmocka_unit_test(the_wrong_frame_is_named),
        cmocka_unit_test(a_request_opens_its_stream),
        cmocka_unit_test(a_stream_that_the_peer_finished_first_ends_when_our_end_has_left),
        cmocka_unit_test(a_reset_is_told_once_and_late_frames_are_skipped),
        cmocka_unit_test(a_reset_in_the_middle_of_a_body_drops_the_rest),
        cmocka_unit_test(an_event_may_reset_its_stream),
        cmocka_unit_test(an_event_of_our_output_may_reset_its_stream),
        cmocka_unit_test(a_reset_in_the_last_event_but_one_is_silent),
        cmocka_unit_test(an_event_may_reset_others_and_open_new_ones),
        cmocka_unit_test(when_the_session_goes_every_stream_is_lost),
        cmocka_unit_test(after_a_go_away_0_we_open_nothing_and_go_on),
        cmocka_unit_test(events_that_nobody_wants_may_be_left_out),
        cmocka_unit_test(an_end_that_nobody_waits_for_goes_behind_the_next_frame),
        cmocka_unit_test(an_end_that_finds_no_company_goes_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
