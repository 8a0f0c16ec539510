/* What hosts say to each other: unary calls, pings, identify and kad. */
#include "lib/base/memory.h"
#include "lib/codec/writer.h"
#include "network/proto/relay.h"
#include "network/proto/rpc_envelope.h"
#include "network/swarm/host_parts.h"
#include "network/swarm/identify.h"
#include "network/swarm/kad.h"
#include "network/swarm/ping.h"
#include "network/swarm/relay_stop.h"
#include "network/swarm/unary.h"
#include "support/hosts.h"

enum answering { ANSWER, ERROR, HOLD, CLOSE, FILL };

/* Eight such answers may wait for one connection, with what is around them. */
enum { EIGHTH = KN_HOST_UNREAD_MAX / 8 - 1024 };

struct callee {
    struct kn_unary_handler handler;
    enum answering how;
    unsigned asked, given_up;
    size_t size; /* of the latest request */
    struct kn_peer_id caller;
    struct kn_unary_serving *serving; /* held */
};

static void on_asked(void *arg, const struct kn_peer_id *peer, struct kn_span request,
                     struct kn_unary_serving *serving)
{
    struct callee *callee = arg;

    static const uint8_t eighth[EIGHTH];

    callee->asked++;
    callee->size = request.n;
    callee->caller = *peer;
    if (callee->how == ANSWER)
        kn_unary_answer(serving, KN_OK, request);
    else if (callee->how == FILL)
        kn_unary_answer(serving, KN_OK, kn_span(eighth, sizeof(eighth)));
    else if (callee->how == ERROR)
        kn_unary_answer(serving, KN_E_INVALID, kn_span_text("that makes no sense"));
    else
        callee->serving = serving;
}

static void on_given_up(void *arg, struct kn_unary_serving *serving)
{
    struct callee *callee = arg;

    CHECK("the one", callee->serving == serving);
    callee->serving = NULL;
    callee->given_up++;
}

struct caller {
    struct kn_unary_call *call;
    unsigned calls;
    enum kn_code code;
    size_t size;
    char text[KN_ERROR_TEXT_SIZE];
};

static void on_answer(void *arg, enum kn_code code, struct kn_span bytes,
                      const struct kn_error *err)
{
    struct caller *caller = arg;

    caller->call = NULL;
    caller->calls++;
    caller->code = code;
    caller->size = bytes.n;
    (void)snprintf(caller->text, sizeof(caller->text), "%.*s",
                   err != NULL ? (int)strlen(err->text) : (int)(bytes.n < 99 ? bytes.n : 99),
                   err != NULL ? err->text : (const char *)bytes.at);
}

/* Two hosts; the second serves "Test.call". */
struct calls {
    struct net net;
    struct callee callee;
    struct caller caller;
};

static void calls_start(struct calls *c, enum answering how)
{
    *c = (struct calls){ .callee = { .how = how } };
    net_start(&c->net, 2, 0);
    c->callee.handler = (struct kn_unary_handler){ "Test.call", &c->callee, on_asked, on_given_up };
    CHECK_EQ("serve", kn_unary_serve(c->net.at[1].host, &c->callee.handler), KN_OK);
    net_learn(&c->net, 0, 1);
}

static void call(struct calls *c, const char *name, struct kn_span request, int timeout_ms)
{
    c->caller = (struct caller){ 0 };
    c->caller.call = kn_unary_start(c->net.at[0].host, net_id(&c->net, 1), name, request,
                                    timeout_ms, on_answer, &c->caller);
    CHECK("memory", c->caller.call != NULL);
}

static void a_call_ends_in_one_of_many_ways(void **state)
{
    static const struct {
        const char *name, *method;
        enum answering how;
        int timeout_ms;
        enum kn_code want;
        const char *text;
        unsigned asked, given_up;
    } rows[] = {
        { "answered", "Test.call", ANSWER, 5000, KN_OK, "hello", 1, 0 },
        { "an error", "Test.call", ERROR, 5000, KN_E_REFUSED, "that makes no sense", 1, 0 },
        { "no such handler", "Test.other", ANSWER, 5000, KN_E_UNSUPPORTED,
          "it does not serve this call", 0, 0 },
        { "never answered", "Test.call", HOLD, 1000, KN_E_TIMEOUT, "no answer to the call", 1, 1 },
        { "the callee goes", "Test.call", CLOSE, 5000, KN_E_CLOSED, "it broke off the call", 1, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct calls c;

        calls_start(&c, rows[i].how);
        call(&c, rows[i].method, kn_span_text("hello"), rows[i].timeout_ms);
        if (rows[i].how == CLOSE) {
            RUN_UNTIL(&c.net, rows[i].name, c.callee.asked == 1);
            kn_host_close(kn_host_connection(c.net.at[1].host, net_id(&c.net, 0)));
        }
        RUN_UNTIL(&c.net, rows[i].name,
                  c.caller.calls == 1 && c.callee.given_up == rows[i].given_up);
        CHECK_EQ(rows[i].name, c.caller.code, rows[i].want);
        CHECK_STR(rows[i].name, c.caller.text, rows[i].text);
        CHECK_EQ(rows[i].name, c.callee.asked, rows[i].asked);
        if (rows[i].asked > 0)
            CHECK(rows[i].name, kn_peer_id_equal(&c.callee.caller, net_id(&c.net, 0)));
        net_stop(&c.net);
    }
}

static void who_cannot_be_reached_is_told_why(void **state)
{
    struct calls c;

    (void)state;
    calls_start(&c, ANSWER);
    kn_host_free(c.net.at[1].host);
    c.net.at[1].host = NULL;
    call(&c, "Test.call", kn_span_text("hello"), 5000);
    RUN_UNTIL(&c.net, "refused", c.caller.calls == 1);
    CHECK_EQ("code", c.caller.code, KN_E_REFUSED);
    net_stop(&c.net);
}

static size_t streams_of(struct calls *c)
{
    return kn_connection_streams(kn_host_connection(c->net.at[0].host, net_id(&c->net, 1)));
}

/* No turn of the loop is spent on looking for a connection that is there. */
static void where_there_is_a_connection_a_call_begins_at_once(void **state)
{
    struct calls c;

    (void)state;
    calls_start(&c, ANSWER);
    call(&c, "Test.call", kn_span_text("hello"), 5000);
    RUN_UNTIL(&c.net, "answered", c.caller.calls == 1);
    RUN_UNTIL(&c.net, "the stream has ended", streams_of(&c) == 0);
    call(&c, "Test.call", kn_span_text("again"), 5000);
    CHECK_EQ("a stream", streams_of(&c), 1);
    CHECK_EQ("but no answer before the start returned", c.caller.calls, 0);
    RUN_UNTIL(&c.net, "answered", c.caller.calls == 1);
    CHECK_EQ("code", c.caller.code, KN_OK);
    CHECK_STR("answer", c.caller.text, "again");
    call(&c, "Test.call", kn_span_text("no"), 5000);
    kn_unary_cancel(c.caller.call);
    RUN_UNTIL(&c.net, "nothing is left", streams_of(&c) == 0);
    CHECK_EQ("no answer", c.caller.calls, 0);
    net_stop(&c.net);
}

static void a_call_can_be_cancelled_at_every_stage(void **state)
{
    (void)state;
    for (int stage = 0; stage < 3; stage++) {
        struct calls c;

        calls_start(&c, HOLD);
        if (stage > 0)
            (void)net_join(&c.net, 0, 1);
        call(&c, "Test.call", kn_span_text("hello"), 5000);
        if (stage == 2)
            RUN_UNTIL(&c.net, "asked", c.callee.asked == 1);
        kn_unary_cancel(c.caller.call);
        if (stage == 2)
            RUN_UNTIL(&c.net, "given up", c.callee.given_up == 1);
        net_turn(&c.net);
        CHECK_EQ("never", c.caller.calls, 0);
        net_stop(&c.net);
    }
}

static void a_held_call_is_answered_later(void **state)
{
    struct calls c;

    (void)state;
    calls_start(&c, HOLD);
    call(&c, "Test.call", kn_span_text("hello"), 5000);
    RUN_UNTIL(&c.net, "asked", c.callee.asked == 1);
    kn_unary_answer(c.callee.serving, KN_OK, kn_span_text("later"));
    RUN_UNTIL(&c.net, "answered", c.caller.calls == 1);
    CHECK_STR("text", c.caller.text, "later");
    net_stop(&c.net);
}

static void four_mebibytes_pass_and_one_byte_more_does_not(void **state)
{
    /* The data, behind an envelope with ids, the name and lengths. */
    static const struct {
        const char *name;
        size_t size;
        enum kn_code want;
    } rows[] = {
        { "more than a window", 300 * 1024, KN_OK },
        { "the largest", KN_RPC_ENVELOPE_MAX - 100, KN_OK },
        { "too large", KN_RPC_ENVELOPE_MAX, KN_E_CLOSED },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_buffer request = { 0 };
        struct calls c;

        calls_start(&c, ANSWER);
        CHECK("memory", kn_buffer_extend(&request, rows[i].size) != NULL);
        call(&c, "Test.call", kn_buffer_get(&request), 10000);
        kn_buffer_done(&request);
        RUN_UNTIL(&c.net, rows[i].name, c.caller.calls == 1);
        CHECK_EQ(rows[i].name, c.caller.code, rows[i].want);
        CHECK_EQ(rows[i].name, c.caller.size, rows[i].want == KN_OK ? rows[i].size : 0);
        CHECK_EQ(rows[i].name, kn_host_counters(c.net.at[1].host)->requests_malformed,
                 rows[i].want == KN_OK ? 0 : 1);
        net_stop(&c.net);
    }
}

/* ---- a caller by hand ---- */

struct hand {
    struct kn_buffer heard;
    unsigned finished, ended;
};

static void hand_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    struct hand *hand = arg;

    (void)stream;
    kn_buffer_add_span(&hand->heard, bytes);
}

static void hand_finished(void *arg, struct kn_stream *stream)
{
    struct hand *hand = arg;

    (void)stream;
    hand->finished++;
}

static void hand_ended(void *arg, enum kn_code code)
{
    struct hand *hand = arg;

    (void)code;
    hand->ended++;
}

static const struct kn_stream_events hand_events = { .data = hand_data,
                                                     .finished = hand_finished,
                                                     .ended = hand_ended };

static struct kn_stream *hand_open(struct calls *c, const char *const *names, struct hand *hand)
{
    struct kn_connection *connection = net_join(&c->net, 0, 1);
    struct kn_stream *stream;

    *hand = (struct hand){ 0 };
    CHECK_EQ("open", kn_stream_open(connection, names, &hand_events, hand, &stream), KN_OK);
    return stream;
}

static const char *const test_call[] = { "Test.call", NULL };

static void put_request(struct kn_buffer *out)
{
    const struct kn_rpc_call envelope = { .name = kn_span_text("Test.call"),
                                          .data = kn_span_text("hello") };
    struct kn_buffer message = { 0 };

    kn_rpc_call_encode(&envelope, &message);
    kn_write_prefixed(out, kn_buffer_get(&message));
    kn_buffer_done(&message);
}

/* Calls of host 0 whose answers it does not read. */
static void call_and_not_read(struct calls *c, struct kn_stream *streams[], struct hand *hands,
                              size_t n)
{
    struct kn_connection *connection = net_join(&c->net, 0, 1);
    struct kn_buffer request = { 0 };

    put_request(&request);
    for (size_t i = 0; i < n; i++) {
        unsigned before = c->callee.asked;

        hands[i] = (struct hand){ 0 };
        CHECK_EQ("open",
                 kn_stream_open(connection, test_call, &hand_events, &hands[i], &streams[i]),
                 KN_OK);
        kn_stream_pause(streams[i], true);
        CHECK_EQ("write", kn_stream_write(streams[i], kn_buffer_get(&request)), KN_OK);
        RUN_UNTIL(&c->net, "asked", c->callee.asked > before);
    }
    kn_buffer_done(&request);
}

static void answers_that_nobody_reads_are_bounded(void **state)
{
    enum { STREAMS = 8 };
    struct kn_stream *streams[STREAMS];
    struct hand hands[STREAMS];
    const struct kn_host_counters *counters;
    struct calls c;

    (void)state;
    calls_start(&c, FILL);
    counters = kn_host_counters(c.net.at[1].host);
    call_and_not_read(&c, streams, hands, STREAMS);
    CHECK_EQ("eight wait", counters->answers_unread, 0);
    call(&c, "Test.call", kn_span_text("one more"), 5000);
    RUN_UNTIL(&c.net, "refused", c.caller.calls == 1);
    CHECK_EQ("refused", c.caller.code, KN_E_REFUSED);
    CHECK_STR("why", c.caller.text, "too many bytes of answers wait to be read");
    CHECK_EQ("counted", counters->answers_unread, 1);
    kn_stream_reset(streams[0]);
    RUN_UNTIL(&c.net, "given up", c.net.at[1].host->answers.n < KN_HOST_UNREAD_MAX / 8 * 7);
    for (size_t i = 1; i < STREAMS; i++) {
        kn_stream_pause(streams[i], false);
        RUN_UNTIL(&c.net, "read", hands[i].finished == 1);
        CHECK("all of it", hands[i].heard.n > EIGHTH);
    }
    RUN_UNTIL(&c.net, "nothing waits", c.net.at[1].host->answers.n == 0);
    call(&c, "Test.call", kn_span_text("again"), 5000);
    RUN_UNTIL(&c.net, "answered", c.caller.calls == 1);
    CHECK_EQ("answered", c.caller.code, KN_OK);
    CHECK_EQ("whole", c.caller.size, EIGHTH);
    for (size_t i = 0; i < STREAMS; i++) {
        kn_stream_reset(i > 0 ? streams[i] : NULL);
        kn_buffer_done(&hands[i].heard);
    }
    net_stop(&c.net);
}

static void answers_that_nobody_reads_are_bounded_for_all(void **state)
{
    struct kn_outbox_book *all;
    struct calls c;

    (void)state;
    calls_start(&c, FILL);
    all = &c.net.at[1].host->answers;
    for (int one_more = 0; one_more < 2; one_more++) {
        size_t others = KN_HOST_UNREAD_ALL_MAX - EIGHTH + (size_t)one_more;

        all->n += others; /* of connections that are not there */
        call(&c, "Test.call", kn_span_text("hello"), 5000);
        RUN_UNTIL(&c.net, "told", c.caller.calls == 1);
        CHECK_EQ("told", c.caller.code, one_more ? KN_E_REFUSED : KN_OK);
        all->n -= others;
    }
    net_stop(&c.net);
}

/* Who reads may ask as much as it likes. */
static void answers_that_are_read_are_not_counted_any_more(void **state)
{
    struct calls c;

    (void)state;
    calls_start(&c, FILL);
    for (int i = 0; i < 20; i++) {
        call(&c, "Test.call", kn_span_text("hello"), 5000);
        RUN_UNTIL(&c.net, "answered", c.caller.calls == 1);
        CHECK_EQ("answered", c.caller.code, KN_OK);
    }
    net_stop(&c.net);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    struct kn_buffer request = { 0 };
    struct kn_stream *stream;
    struct hand hand;
    struct calls c;

    (void)state;
    calls_start(&c, ANSWER);
    stream = hand_open(&c, test_call, &hand);
    put_request(&request);
    for (size_t i = 0; i < request.n; i++) {
        CHECK_EQ("not yet", c.callee.asked, 0);
        CHECK_EQ("write", kn_stream_write(stream, kn_span(kn_buffer_get(&request).at + i, 1)),
                 KN_OK);
        net_turn(&c.net);
    }
    RUN_UNTIL(&c.net, "answered", hand.finished == 1);
    CHECK_EQ("asked", c.callee.size, 5);
    CHECK("an answer", hand.heard.n > 5);
    kn_stream_reset(stream);
    kn_buffer_done(&hand.heard);
    kn_buffer_done(&request);
    net_stop(&c.net);
}

static void what_a_caller_must_not_do_ends_its_call(void **state)
{
    enum sin { HALF_CLOSES, SAYS_MORE, NONSENSE, TOO_LONG };
    static const char *const names[] = { "closes its half", "says one byte more", "nonsense",
                                         "announces too much" };

    (void)state;
    for (int sin = HALF_CLOSES; sin <= TOO_LONG; sin++) {
        const struct kn_host_counters *counters;
        struct kn_buffer request = { 0 };
        struct kn_stream *stream;
        struct hand hand;
        struct calls c;

        calls_start(&c, HOLD);
        counters = kn_host_counters(c.net.at[1].host);
        stream = hand_open(&c, test_call, &hand);
        if (sin == TOO_LONG)
            kn_write_varint(&request, KN_RPC_ENVELOPE_MAX + 1);
        else if (sin == NONSENSE)
            kn_buffer_add(&request, "\x03xyz", 4);
        else
            put_request(&request);
        CHECK_EQ("write", kn_stream_write(stream, kn_buffer_get(&request)), KN_OK);
        if (sin <= SAYS_MORE)
            RUN_UNTIL(&c.net, names[sin], c.callee.asked == 1);
        if (sin == HALF_CLOSES)
            kn_stream_finish(stream);
        else if (sin == SAYS_MORE)
            CHECK_EQ("write", kn_stream_write(stream, kn_span("x", 1)), KN_OK);
        RUN_UNTIL(&c.net, names[sin], hand.ended == 1);
        CHECK_EQ(names[sin], c.callee.given_up, sin <= SAYS_MORE);
        CHECK_EQ(names[sin], counters->requests_malformed, sin > SAYS_MORE);
        CHECK_EQ(names[sin], counters->requests_abandoned, 1);
        CHECK_EQ(names[sin], kn_host_connection_count(c.net.at[1].host), 1);
        kn_buffer_done(&request);
        kn_buffer_done(&hand.heard);
        net_stop(&c.net);
    }
}

/* Many large requests that never end: what they hold has a limit. */
static void no_call_takes_longer_than_its_host_lets_it(void **state)
{
    const struct kn_host_times times = { .request_ms = 100 };
    struct kn_buffer request = { 0 };
    struct hand hand;
    struct calls c;

    (void)state;
    calls_start(&c, HOLD);
    kn_host_hurry(c.net.at[0].host, &times);
    call(&c, "Test.call", kn_span_text("hello"), 10 * NET_DEADLINE_MS);
    RUN_UNTIL(&c.net, "one of ours", c.caller.calls == 1);
    CHECK_EQ("ours", c.caller.code, KN_E_TIMEOUT);
    net_stop(&c.net);

    calls_start(&c, ANSWER);
    kn_host_hurry(c.net.at[1].host, &times);
    put_request(&request);
    CHECK_EQ("all but one byte",
             kn_stream_write(hand_open(&c, test_call, &hand),
                             kn_span(kn_buffer_get(&request).at, request.n - 1)),
             KN_OK);
    RUN_UNTIL(&c.net, "one of another", hand.ended == 1);
    CHECK_EQ("another's", kn_host_counters(c.net.at[1].host)->requests_abandoned, 1);
    CHECK_EQ("nobody was asked", c.callee.asked, 0);
    kn_buffer_done(&request);
    net_stop(&c.net);
}

static void unfinished_requests_hold_so_much(void **state)
{
    enum { CALLS = 8 };
    struct kn_connection *connection;
    struct kn_buffer part = { 0 };
    struct hand hands[CALLS];
    unsigned ended = 0;
    struct calls c;

    (void)state;
    calls_start(&c, HOLD);
    connection = net_join(&c.net, 0, 1);
    kn_write_varint(&part, KN_RPC_ENVELOPE_MAX);
    CHECK("memory", kn_buffer_extend(&part, KN_RPC_ENVELOPE_MAX - 100) != NULL);
    for (size_t i = 0; i < CALLS; i++) {
        struct kn_stream *stream;

        hands[i] = (struct hand){ 0 };
        CHECK_EQ("open", kn_stream_open(connection, test_call, &hand_events, &hands[i], &stream),
                 KN_OK);
        CHECK_EQ("write", kn_stream_write(stream, kn_buffer_get(&part)), KN_OK);
    }
    RUN_UNTIL(&c.net, "some are given up",
              kn_host_counters(c.net.at[1].host)->requests_too_large >= 2);
    for (size_t i = 0; i < CALLS; i++)
        ended += hands[i].ended;
    CHECK("not all", ended < CALLS);
    CHECK_EQ("asked", c.callee.asked, 0);
    kn_buffer_done(&part);
    net_stop(&c.net);
}

/* ---- ping ---- */

struct pinged {
    struct kn_ping *ping;
    unsigned calls;
    enum kn_code code;
    double ms;
};

static void on_pinged(void *arg, enum kn_code code, double ms)
{
    struct pinged *p = arg;

    p->ping = NULL;
    p->calls++;
    p->code = code;
    p->ms = ms;
}

static void a_ping_comes_back_or_says_why_not(void **state)
{
    struct kn_connection *connection;
    struct pinged p = { 0 };
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    connection = net_join(&net, 0, 1);
    p.ping = kn_ping_start(connection, 1000, on_pinged, &p);
    RUN_UNTIL(&net, "not served", p.calls == 1);
    CHECK_EQ("code", p.code, KN_E_UNSUPPORTED);
    CHECK_EQ("serve", kn_ping_serve(net.at[1].host), KN_OK);
    p.ping = kn_ping_start(connection, 1000, on_pinged, &p);
    RUN_UNTIL(&net, "served", p.calls == 2);
    CHECK_EQ("code", p.code, KN_OK);
    CHECK("time", p.ms > 0 && p.ms < 1000);
    p.ping = kn_ping_start(connection, 1000, on_pinged, &p);
    kn_ping_cancel(p.ping);
    net_turn(&net);
    CHECK_EQ("cancelled", p.calls, 2);
    p.ping = kn_ping_start(connection, 1000, on_pinged, &p);
    kn_host_close(connection);
    RUN_UNTIL(&net, "closed", p.calls == 3);
    CHECK("code", p.code == KN_E_CLOSED || p.code == KN_OK);
    net_stop(&net);
}

/* ---- identify ---- */

static void announce(void *arg, kn_add_address_fn *add, void *add_arg)
{
    static const struct kn_endpoint at[] = {
        { .ip = { 127, 0, 0, 1 }, .port = 4001 },
        { .ip = { 10, 1, 2, 3 }, .port = 4002 },
        { .ip = { 8, 8, 8, 8 }, .port = 4003 },
    };

    (void)arg;
    for (size_t i = 0; i < KN_COUNT(at); i++) {
        struct kn_buffer address = { 0 };

        kn_address_of_endpoint(&at[i], &address);
        add(add_arg, kn_buffer_get(&address));
        kn_buffer_done(&address);
    }
}

static void peers_tell_what_they_are_and_where(void **state)
{
    struct kn_identify_service *services[2];
    struct kn_span all[KN_HOST_ADDRESSES_MAX];
    const struct kn_peer_facts *facts;
    struct kn_protocol relay = { "/libp2p/circuit/relay/0.2.0/hop", NULL, NULL };
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    for (size_t i = 0; i < 2; i++) {
        services[i] = kn_identify_service_new(net.at[i].host, i == 0 ? "zero/1" : "one/1");
        CHECK("service", services[i] != NULL);
    }
    kn_host_set_announcer(net.at[0].host, announce, NULL);
    (void)net_join(&net, 0, 1);
    RUN_UNTIL(&net, "identified",
              (facts = kn_host_facts(net.at[1].host, net_id(&net, 0))) != NULL &&
                  facts->identified);
    CHECK_STR("agent", facts->agent, "zero/1");
    CHECK("no relay", !facts->serves_relay && !facts->serves_kad);
    CHECK_EQ("all scopes on this machine", kn_host_addresses(net.at[1].host, net_id(&net, 0), all),
             3);
    CHECK_EQ("serve", kn_host_serve(net.at[0].host, &relay), KN_OK);
    kn_identify_push(services[0]);
    RUN_UNTIL(&net, "pushed", facts->serves_relay);
    kn_host_forget(net.at[0].host, NULL);
    kn_identify_push(services[0]);
    RUN_UNTIL(&net, "and taken back", !facts->serves_relay);
    for (size_t i = 0; i < 2; i++)
        kn_identify_service_free(services[i]);
    net_turn(&net); /* nobody is left to be told */
    net_stop(&net);
}

static void questions_without_end_are_refused(void **state)
{
    static const char *const names[] = { "/ipfs/id/1.0.0", NULL };
    struct kn_identify_service *service;
    struct kn_connection *connection;
    struct hand hands[KN_HOST_ASKED_PER_S + 20];
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    service = kn_identify_service_new(net.at[1].host, "one/1");
    connection = net_join(&net, 0, 1);
    for (size_t i = 0; i < KN_COUNT(hands); i++) {
        struct kn_stream *stream;

        hands[i] = (struct hand){ 0 };
        CHECK_EQ("open", kn_stream_open(connection, names, &hand_events, &hands[i], &stream),
                 KN_OK);
    }
    RUN_UNTIL(&net, "refused", kn_host_counters(net.at[1].host)->requests_too_fast == 20);
    kn_identify_service_free(service);
    kn_host_free(net.at[0].host);
    net.at[0].host = NULL;
    for (size_t i = 0; i < KN_COUNT(hands); i++)
        kn_buffer_done(&hands[i].heard);
    net_stop(&net);
}

/* ---- a relay that brings callers who never speak ---- */

static bool everybody(void *arg, const struct kn_peer_id *relay)
{
    (void)arg;
    (void)relay;
    return true;
}

static void one_relay_brings_so_many_callers(void **state)
{
    static const char *const names[] = { "/libp2p/circuit/relay/0.2.0/stop", NULL };
    const struct kn_relay_limit limit = { 0 };
    struct kn_buffer message = { 0 }, wire = { 0 };
    struct hand hands[KN_HOST_PER_RELAY_MAX + 2];
    const struct kn_host_counters *counters;
    struct kn_relay_stop *stop;
    struct kn_connection *relay;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    counters = kn_host_counters(net.at[1].host);
    stop = kn_relay_stop_new(net.at[1].host, everybody, NULL);
    relay = net_join(&net, 0, 1);
    kn_stop_connect_encode(net_id(&net, 0), &limit, &message);
    kn_write_prefixed(&wire, kn_buffer_get(&message));
    for (size_t i = 0; i < KN_COUNT(hands); i++) {
        struct kn_stream *stream;

        hands[i] = (struct hand){ 0 };
        CHECK_EQ("open", kn_stream_open(relay, names, &hand_events, &hands[i], &stream), KN_OK);
        CHECK_EQ("write", kn_stream_write(stream, kn_buffer_get(&wire)), KN_OK);
        RUN_UNTIL(&net, "answered", hands[i].heard.n > 0);
    }
    CHECK_EQ("brought", counters->accepted, 1 + KN_HOST_PER_RELAY_MAX);
    CHECK_EQ("refused", counters->refused_place, 2);
    kn_relay_stop_free(stop);
    kn_host_free(net.at[0].host);
    net.at[0].host = NULL;
    for (size_t i = 0; i < KN_COUNT(hands); i++)
        kn_buffer_done(&hands[i].heard);
    kn_buffer_done(&message);
    kn_buffer_done(&wire);
    net_stop(&net);
}

/* ---- kad ---- */

struct node {
    struct kn_identify_service *identify;
    struct kn_kad *kad;
};

static void announce_listener(void *arg, kn_add_address_fn *add, void *add_arg)
{
    struct kn_buffer address = { 0 };
    struct kn_endpoint at;

    kn_host_listener(arg, 0, &at);
    kn_address_of_endpoint(&at, &address);
    add(add_arg, kn_buffer_get(&address));
    kn_buffer_done(&address);
}

static void nodes_start(struct net *net, struct node *nodes, size_t n)
{
    net_start(net, n, 0);
    for (size_t i = 0; i < n; i++) {
        nodes[i].kad = kn_kad_new(net->at[i].host, true);
        nodes[i].identify = kn_identify_service_new(net->at[i].host, "node/1");
        CHECK("node", nodes[i].kad != NULL && nodes[i].identify != NULL);
        kn_host_set_announcer(net->at[i].host, announce_listener, net->at[i].host);
    }
}

static void nodes_stop(struct net *net, struct node *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        kn_identify_service_free(nodes[i].identify);
        kn_kad_free(nodes[i].kad);
    }
    net_stop(net);
}

static bool knows(struct net *net, size_t who, size_t whom)
{
    const struct kn_peer_facts *facts = kn_host_facts(net->at[who].host, net_id(net, whom));

    return facts != NULL && facts->identified;
}

/* 0 knows 1; 2 knows 0, asks it where 1 is, and dials 1 by its id alone. */
static void a_peer_is_found_by_its_id_alone(void **state)
{
    struct node nodes[3];
    struct net_wait wait;
    struct net net;

    (void)state;
    nodes_start(&net, nodes, 3);
    (void)net_join(&net, 1, 0);
    (void)net_join(&net, 2, 0);
    RUN_UNTIL(&net, "identified", knows(&net, 0, 1) && knows(&net, 2, 0));
    net_connect(&net, 2, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "found", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    CHECK("the peer", kn_peer_id_equal(kn_connection_peer(wait.connection), net_id(&net, 1)));
    CHECK_EQ("found", kn_kad_counters(nodes[2].kad)->found, 1);
    CHECK("served", kn_kad_counters(nodes[0].kad)->served >= 1);
    nodes_stop(&net, nodes, 3);
}

/* It moved to another port: the address that is known fails, and is not what is looked for. */
static void a_peer_that_moved_is_found_again(void **state)
{
    struct node nodes[3];
    struct kn_endpoint old;
    struct net_wait wait;
    struct net net;

    (void)state;
    nodes_start(&net, nodes, 3);
    (void)net_join(&net, 1, 0);
    (void)net_join(&net, 2, 0);
    RUN_UNTIL(&net, "identified", knows(&net, 0, 1) && knows(&net, 2, 0));
    net_nowhere(&net, &old);
    net_learn_endpoint(&net, 2, net_id(&net, 1), &old);
    net_connect(&net, 2, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "found", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    nodes_stop(&net, nodes, 3);
}

static void nobody_is_found_where_nobody_is(void **state)
{
    struct node nodes[2];
    struct kn_peer_id stranger;
    struct net_wait wait;
    struct net net;

    (void)state;
    nodes_start(&net, nodes, 2);
    (void)net_join(&net, 1, 0);
    RUN_UNTIL(&net, "identified", knows(&net, 1, 0));
    stranger = *net_id(&net, 0);
    stranger.bytes[stranger.n - 1] ^= 1;
    net_connect(&net, 1, &stranger, 5000, &wait);
    RUN_UNTIL(&net, "told", wait.calls == 1);
    CHECK_EQ("code", wait.code, KN_E_NOT_FOUND);
    CHECK_STR("text", wait.err.text, "nobody knows an address of this peer");
    kn_kad_refresh(nodes[1].kad);
    RUN_UNTIL(&net, "asked", kn_kad_counters(nodes[1].kad)->asked >= 2);
    net_connect(&net, 1, &stranger, 5000, &wait);
    net_turn(&net);
    kn_connect_cancel(wait.connect);
    nodes_stop(&net, nodes, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_ends_in_one_of_many_ways),
        cmocka_unit_test(who_cannot_be_reached_is_told_why),
        cmocka_unit_test(where_there_is_a_connection_a_call_begins_at_once),
        cmocka_unit_test(a_call_can_be_cancelled_at_every_stage),
        cmocka_unit_test(a_held_call_is_answered_later),
        cmocka_unit_test(four_mebibytes_pass_and_one_byte_more_does_not),
        cmocka_unit_test(answers_that_nobody_reads_are_bounded),
        cmocka_unit_test(answers_that_nobody_reads_are_bounded_for_all),
        cmocka_unit_test(answers_that_are_read_are_not_counted_any_more),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(what_a_caller_must_not_do_ends_its_call),
        cmocka_unit_test(no_call_takes_longer_than_its_host_lets_it),
        cmocka_unit_test(unfinished_requests_hold_so_much),
        cmocka_unit_test(a_ping_comes_back_or_says_why_not),
        cmocka_unit_test(peers_tell_what_they_are_and_where),
        cmocka_unit_test(questions_without_end_are_refused),
        cmocka_unit_test(one_relay_brings_so_many_callers),
        cmocka_unit_test(a_peer_is_found_by_its_id_alone),
        cmocka_unit_test(a_peer_that_moved_is_found_again),
        cmocka_unit_test(nobody_is_found_where_nobody_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
