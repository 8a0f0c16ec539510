#include "network/swarm/connection.h"

#include "network/yamux/yamux.h"
#include "support/connections.h"
#include "support/fuse.h"

static const char *const echo[] = { "/echo", NULL };
static const char *const unknown[] = { "/unknown", NULL };
static const char *const second[] = { "/unknown", "/echo", NULL };
static const char *const nobody[] = { "/nobody", NULL };

static void write_text(struct kn_stream *stream, const char *text)
{
    CHECK_EQ(text, kn_stream_write(stream, kn_span_text(text)), KN_OK);
}

/* One flight there, one back. */
static void a_request_travels_with_the_proposal(void **state)
{
    struct pair pair;
    struct kn_stream *stream;

    (void)state;
    pair_start(&pair);
    pair.b.echoes = true;
    stream = side_stream(&pair.a, echo);
    write_text(stream, "hello");
    CHECK("woken", pair.a.wakes > 0);
    kn_stream_finish(stream);
    (void)pass_on(&pair, &pair.a, &pair.b);
    CHECK_STR("b", pair.b.log, "open data:hello fin");
    (void)pass_on(&pair, &pair.b, &pair.a);
    CHECK_STR("a", pair.a.log, "ready:/echo data:hello fin end:KN_OK");
    CHECK_STR("b", pair.b.log, "open data:hello fin end:KN_OK");
    CHECK_EQ("a's", kn_connection_streams(pair.a.c), 0);
    CHECK_EQ("b's", kn_connection_streams(pair.b.c), 0);
    pair_stop(&pair);
}

static void what_the_peer_does_not_speak_is_said(void **state)
{
    static const struct {
        const char *name;
        const char *const *names;
        const char *a, *b;
    } rows[] = {
        { "one name", unknown, "end:KN_E_UNSUPPORTED", "" },
        { "the second name", second, "ready:/echo", "open" },
        { "spoken, but nobody serves it", nobody, "end:KN_E_CLOSED", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_connection_counters counters;
        struct pair pair;

        pair_start(&pair);
        (void)side_stream(&pair.a, rows[i].names);
        pair_settle(&pair);
        CHECK_HAS(rows[i].name, pair.a.log, rows[i].a);
        CHECK_STR(rows[i].name, pair.b.log, rows[i].b);
        kn_connection_counters(pair.b.c, &counters);
        CHECK_EQ(rows[i].name, counters.protocols_refused, rows[i].names == nobody ? 0 : 1);
        CHECK_EQ(rows[i].name, pair.b.code, KN_OK);
        pair_stop(&pair);
    }
}

/* The request is no name, but it must not cost the refusal. */
static void a_refusal_reaches_who_sent_its_request_along(void **state)
{
    struct kn_stream *stream;
    struct pair pair;

    (void)state;
    pair_start(&pair);
    stream = side_stream(&pair.a, unknown);
    write_text(stream, "what no name looks like");
    pair_settle(&pair);
    CHECK_STR("a", pair.a.log, "end:KN_E_UNSUPPORTED");
    CHECK_EQ("b", kn_connection_streams(pair.b.c), 0);
    CHECK_EQ("b", pair.b.code, KN_OK);
    pair_stop(&pair);
}

static void streams_end_in_many_ways(void **state)
{
    enum way { RESET, FINISH, FORGET, LOSE };
    static const struct {
        const char *name;
        enum way way;
        const char *a, *b;
        size_t left_a, left_b;
    } rows[] = {
        { "reset: the other is told, we hear nothing more", RESET, "ready:/echo",
          "open data:x end:KN_E_CLOSED", 0, 0 },
        { "finish: the other may go on", FINISH, "ready:/echo", "open data:x fin", 1, 1 },
        { "forget: as finish, and silent", FORGET, "ready:/echo", "open data:x fin", 1, 1 },
        { "the connection goes", LOSE, "ready:/echo end:KN_E_CLOSED", "open data:x", 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_stream *stream;
        struct pair pair;

        pair_start(&pair);
        stream = side_stream(&pair.a, echo);
        write_text(stream, "x");
        pair_settle(&pair);
        if (rows[i].way == RESET)
            kn_stream_reset(stream);
        else if (rows[i].way == FINISH)
            kn_stream_finish(stream);
        else if (rows[i].way == FORGET) {
            kn_stream_forget(stream);
            pair_wait(&pair, KN_YAMUX_LATE_MS); /* nobody waits for this end */
        }
        if (rows[i].way == LOSE) {
            kn_connection_free(pair.a.c);
            pair.a.c = NULL;
        } else {
            pair_settle(&pair);
            CHECK_EQ(rows[i].name, kn_connection_streams(pair.a.c), rows[i].left_a);
        }
        CHECK_STR(rows[i].name, pair.a.log, rows[i].a);
        CHECK_STR(rows[i].name, pair.b.log, rows[i].b);
        CHECK_EQ(rows[i].name, kn_connection_streams(pair.b.c), rows[i].left_b);
        pair_stop(&pair);
    }
}

/* What was written before still arrives, however long the connection had been quiet. */
static void a_forgotten_stream_lingers_and_then_ends(void **state)
{
    struct kn_stream *stream;
    struct pair pair;

    (void)state;
    pair_start(&pair);
    stream = side_stream(&pair.a, echo);
    pair_settle(&pair);
    pair.now += 25000; /* quiet: nobody has told it the time */
    write_text(stream, "late");
    kn_stream_forget(stream);
    pair_wait(&pair, KN_STREAM_LINGER_MS - 2000);
    CHECK_HAS("arrived", pair.b.log, "data:late fin");
    CHECK_EQ("still there", kn_connection_streams(pair.a.c), 1);
    pair_wait(&pair, 4000);
    CHECK_EQ("given up", kn_connection_streams(pair.a.c), 0);
    CHECK_HAS("told", pair.b.log, "end:KN_E_CLOSED");
    CHECK_STR("nothing is heard of it", pair.a.log, "ready:/echo");
    pair_stop(&pair);
}

static void an_expiry_moves_and_then_ends_the_stream(void **state)
{
    struct kn_connection_counters counters;
    struct kn_stream *stream;
    struct pair pair;

    (void)state;
    pair_start(&pair);
    stream = side_stream(&pair.a, echo);
    pair_settle(&pair);
    for (int i = 0; i < 3; i++) {
        kn_stream_expire_in(stream, 5000);
        pair_wait(&pair, 4000);
    }
    CHECK_STR("moved", pair.a.log, "ready:/echo");
    pair_wait(&pair, 3000);
    CHECK_STR("ended", pair.a.log, "ready:/echo end:KN_E_TIMEOUT");
    kn_connection_counters(pair.a.c, &counters);
    CHECK_EQ("counted", counters.streams_expired, 1);
    pair_stop(&pair);
}

/* What came stays unpaid for until it is wanted again. */
static void a_peer_of_a_paused_stream_gets_no_credit(void **state)
{
    struct kn_buffer much = { 0 };
    struct kn_stream *stream;
    struct pair pair;
    size_t left;

    (void)state;
    pair_start(&pair);
    stream = side_stream(&pair.a, echo);
    write_text(stream, "hello");
    pair_settle(&pair);
    pair.b.echoes = false;
    CHECK("memory", kn_buffer_extend(&much, 3 << 20) != NULL);
    kn_stream_pause(pair.b.streams[0].stream, true);
    CHECK_EQ("write", kn_stream_write(stream, kn_buffer_get(&much)), KN_OK);
    pair_settle(&pair);
    left = kn_stream_pending(stream);
    CHECK("at most a window left", left >= (2 << 20) && left < 3 << 20);
    kn_stream_pause(pair.b.streams[0].stream, false);
    pair_settle(&pair);
    CHECK_EQ("all of it", kn_stream_pending(stream), 0);
    kn_buffer_done(&much);
    pair_stop(&pair);
}

/* All streams expire in one tick, and the first of them takes the others along. */
static struct kn_stream *victims[4];
static unsigned ends;

static void end_of_all(void *arg, enum kn_code code)
{
    struct kn_stream **own = arg;

    CHECK_EQ("code", code, KN_E_TIMEOUT);
    ends++;
    *own = NULL;
    for (size_t i = 0; i < KN_COUNT(victims); i++) {
        kn_stream_reset(victims[i]);
        victims[i] = NULL;
    }
}

static void who_hears_of_an_end_may_end_the_others(void **state)
{
    static const struct kn_stream_events events = { .data = side_data,
                                                    .finished = side_finished,
                                                    .ended = end_of_all };
    struct kn_buffer lost = { 0 };
    struct pair pair;

    (void)state;
    ends = 0;
    pair_start(&pair);
    for (size_t i = 0; i < KN_COUNT(victims); i++) {
        CHECK_EQ("open", kn_stream_open(pair.a.c, echo, &events, &victims[i], &victims[i]), KN_OK);
        kn_stream_expire_in(victims[i], 1000);
    }
    CHECK_EQ("lost", kn_connection_output(pair.a.c, SIZE_MAX, &lost), KN_OK);
    pair_wait(&pair, 3000);
    CHECK_EQ("the first", ends, 1);
    CHECK_EQ("all gone", kn_connection_streams(pair.a.c), 0);
    kn_buffer_done(&lost);
    pair_stop(&pair);
}

static void pending_bytes_have_a_limit_over_all_streams(void **state)
{
    struct kn_buffer much = { 0 };
    struct pair pair;
    enum kn_code rc = KN_OK;
    size_t held = 0;

    (void)state;
    pair_start(&pair);
    CHECK("memory", kn_buffer_extend(&much, 4 << 20) != NULL);
    for (int i = 0; i < 9 && rc == KN_OK; i++) {
        struct kn_stream *stream = side_stream(&pair.a, echo);

        rc = kn_stream_write(stream, kn_buffer_get(&much));
        held += rc == KN_OK ? kn_stream_pending(stream) : 0;
    }
    CHECK_EQ("refused", rc, KN_E_LIMIT);
    CHECK("held", held <= KN_YAMUX_PENDING_ALL_MAX && held > 24 << 20);
    kn_buffer_done(&much);
    pair_stop(&pair);
}

/* A whole life, in which every allocation fails once. True: one has. */
static bool live(long fuse)
{
    struct pair pair;
    bool burnt;

    pair_keys(&pair);
    kn_fuse = fuse;
    pair.b.echoes = true;
    if (side_open(&pair.a, &pair, KN_ROLE_DIALER, NULL) &&
        side_open(&pair.b, &pair, KN_ROLE_LISTENER, NULL)) {
        struct side_stream *s = &pair.a.streams[SIDE_STREAMS - 1];

        pair_settle(&pair);
        s->side = &pair.a;
        if (pair.a.code == KN_OK && kn_connection_is_ready(pair.a.c) &&
            kn_stream_open(pair.a.c, echo, &side_events, s, &s->stream) == KN_OK &&
            kn_stream_write(s->stream, kn_span_text("hello")) == KN_OK)
            kn_stream_finish(s->stream);
        pair_settle(&pair);
        pair_wait(&pair, 2000);
    }
    burnt = kn_fuse < 0;
    kn_fuse = -1;
    if (!burnt)
        CHECK_STR("all is well", pair.a.log, "ready:/echo data:hello fin end:KN_OK");
    if (pair.a.code == KN_E_CLOSED) /* the other one said good-bye */
        CHECK_EQ("it was the other", pair.b.code, KN_E_NO_MEMORY);
    else if (pair.a.code != KN_OK)
        CHECK_EQ("no other failure", pair.a.code, KN_E_NO_MEMORY);
    pair_stop(&pair);
    return burnt;
}

static void whichever_allocation_fails_nothing_is_lost(void **state)
{
    long fuse = 0;

    (void)state;
    while (live(fuse))
        fuse++;
    CHECK("many", fuse > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_travels_with_the_proposal),
        cmocka_unit_test(what_the_peer_does_not_speak_is_said),
        cmocka_unit_test(a_refusal_reaches_who_sent_its_request_along),
        cmocka_unit_test(streams_end_in_many_ways),
        cmocka_unit_test(a_forgotten_stream_lingers_and_then_ends),
        cmocka_unit_test(an_expiry_moves_and_then_ends_the_stream),
        cmocka_unit_test(a_peer_of_a_paused_stream_gets_no_credit),
        cmocka_unit_test(who_hears_of_an_end_may_end_the_others),
        cmocka_unit_test(pending_bytes_have_a_limit_over_all_streams),
        cmocka_unit_test(whichever_allocation_fails_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
