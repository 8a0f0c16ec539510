#include "network/swarm/connection.h"

#include "network/yamux/header.h"
#include "support/connections.h"
#include "support/raw_peer.h"

static void two_ends_agree_however_the_bytes_are_cut(void **state)
{
    static const size_t pieces[] = { 1, 2, 3, 7, 100, 1 << 20 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(pieces); i++) {
        struct pair pair;

        pair_keys(&pair);
        pair.piece = pieces[i];
        pair_open(&pair);
        pair_settle(&pair);
        CHECK("a", kn_connection_is_ready(pair.a.c));
        CHECK("b", kn_connection_is_ready(pair.b.c));
        CHECK("a knows b",
              kn_peer_id_equal(kn_connection_peer(pair.a.c), kn_key_peer_id(pair.b.key)));
        CHECK("b knows a",
              kn_peer_id_equal(kn_connection_peer(pair.b.c), kn_key_peer_id(pair.a.key)));
        CHECK("a's key",
              kn_span_equal(kn_connection_peer_key(pair.b.c), kn_key_public(pair.a.key)));
        pair_stop(&pair);
    }
}

/* Both flights of the dialer cut in two at every byte. */
static void a_cut_anywhere_in_the_handshake_changes_nothing(void **state)
{
    size_t at = 0;
    bool more = true;

    (void)state;
    for (; more; at++) {
        struct pair pair;

        pair_keys(&pair);
        pair_open(&pair);
        pair.piece = at + 1;
        more = pass_on(&pair, &pair.a, &pair.b) > pair.piece;
        more |= pass_on(&pair, &pair.b, &pair.a) > pair.piece;
        more |= pass_on(&pair, &pair.a, &pair.b) > pair.piece;
        more |= pass_on(&pair, &pair.b, &pair.a) > pair.piece;
        pair_settle(&pair);
        CHECK("ready", kn_connection_is_ready(pair.a.c) && kn_connection_is_ready(pair.b.c));
        pair_stop(&pair);
    }
    CHECK("many", at > 100);
}

static void another_peer_than_expected_is_told_from_it(void **state)
{
    struct pair pair;

    (void)state;
    pair_keys(&pair);
    CHECK("a", side_open(&pair.a, &pair, KN_ROLE_DIALER, kn_key_peer_id(pair.a.key)));
    CHECK("b", side_open(&pair.b, &pair, KN_ROLE_LISTENER, NULL));
    pair_settle(&pair);
    CHECK_EQ("code", pair.a.code, KN_E_IDENTITY);
    CHECK("who it is", kn_peer_id_equal(kn_connection_peer(pair.a.c), kn_key_peer_id(pair.b.key)));
    CHECK("not ready", !kn_connection_is_ready(pair.b.c));
    CHECK_EQ("finished", kn_connection_input(pair.a.c, kn_span("x", 1), 1, NULL), KN_E_CLOSED);
    CHECK_EQ("finished", kn_connection_tick(pair.a.c, 1, NULL), KN_E_CLOSED);
    CHECK("no deadline", kn_connection_deadline(pair.a.c) == KN_NEVER);
    pair_stop(&pair);
}

#define HEADER "\x13/multistream/1.0.0\n"
#define NA "\x03na\n"

static void what_is_not_libp2p_is_refused_at_once(void **state)
{
    static const struct {
        const char *name, *bytes;
        enum kn_role role; /* ours */
        enum kn_code want;
        const char *text;
        bool spoken;
    } rows[] = {
        { "a web server", "HTTP/1.1 400 Bad Request\r\n", KN_ROLE_DIALER, KN_E_PROTOCOL,
          "does not begin with multistream's header", false },
        { "a greeting shorter than it announces", "SSH-2.0-x\r\n", KN_ROLE_DIALER, KN_E_PROTOCOL,
          "does not begin with multistream's header", false },
        { "one wrong byte", "H", KN_ROLE_DIALER, KN_E_PROTOCOL,
          "does not begin with multistream's header", false },
        { "a request", "GET / HTTP/1.0\r\n\r\n", KN_ROLE_LISTENER, KN_E_PROTOCOL,
          "does not begin with multistream's header", false },
        { "another version", "\x13/multistream/2.0.0\n", KN_ROLE_DIALER, KN_E_PROTOCOL,
          "multistream", false },
        { "a header that begins as ours", "\x13/multi", KN_ROLE_DIALER, KN_OK, NULL, false },
        { "no noise there", HEADER NA, KN_ROLE_DIALER, KN_E_UNSUPPORTED, "secure channels", true },
        { "an answer that is none", HEADER "\x05/tls\n", KN_ROLE_DIALER, KN_E_PROTOCOL,
          "multistream", true },
        { "tls is not spoken here", HEADER "\x05/tls\n", KN_ROLE_LISTENER, KN_OK, NULL, true },
        { "noise, then nonsense",
          HEADER "\x07/noise\n"
                 "\x00\x01x",
          KN_ROLE_LISTENER, KN_E_PROTOCOL, "noise", true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_span bytes = kn_span_text(rows[i].bytes);
        struct kn_error err = { 0 };
        struct pair pair;

        if (i == KN_COUNT(rows) - 1) /* holds a NUL */
            bytes.n = sizeof(HEADER "\x07/noise\n"
                                    "\x00\x01x") -
                      1;
        pair_keys(&pair);
        CHECK(rows[i].name, side_open(&pair.a, &pair, rows[i].role, NULL));
        CHECK_EQ(rows[i].name, kn_connection_input(pair.a.c, bytes, 1, &err), rows[i].want);
        if (rows[i].text != NULL)
            CHECK_HAS(rows[i].name, err.text, rows[i].text);
        CHECK_EQ(rows[i].name, kn_connection_has_spoken(pair.a.c), rows[i].spoken);
        pair_stop(&pair);
    }
}

static void a_dialer_that_tries_names_without_end_is_refused(void **state)
{
    struct kn_buffer bytes = { 0 };
    struct pair pair;

    (void)state;
    pair_keys(&pair);
    CHECK("b", side_open(&pair.b, &pair, KN_ROLE_LISTENER, NULL));
    kn_buffer_add(&bytes, HEADER, sizeof(HEADER) - 1);
    for (int i = 0; i < 65; i++)
        kn_buffer_add(&bytes, "\x03/x\n", 4);
    CHECK_EQ("refused", kn_connection_input(pair.b.c, kn_buffer_get(&bytes), 1, NULL),
             KN_E_UNSUPPORTED);
    kn_buffer_done(&bytes);
    pair_stop(&pair);
}

/* Bytes now and then do not buy time. */
static void a_handshake_ends_in_time_or_not_at_all(void **state)
{
    static const char slow[] = HEADER "\x07/noise\n";
    struct kn_error err = { 0 };
    struct pair pair;

    (void)state;
    pair_keys(&pair);
    CHECK("b", side_open(&pair.b, &pair, KN_ROLE_LISTENER, NULL));
    CHECK_EQ("by", kn_connection_deadline(pair.b.c), pair.now + KN_UPGRADE_MS);
    for (int i = 0; i < 14; i++) {
        kn_time now = pair.now + 1000 * (i + 1);

        CHECK_EQ("byte", kn_connection_input(pair.b.c, kn_span(slow + i, 1), now, NULL), KN_OK);
        CHECK_EQ("tick", kn_connection_tick(pair.b.c, now, NULL), KN_OK);
    }
    CHECK_EQ("before", kn_connection_tick(pair.b.c, pair.now + KN_UPGRADE_MS - 1, &err), KN_OK);
    CHECK_EQ("at", kn_connection_tick(pair.b.c, pair.now + KN_UPGRADE_MS, &err), KN_E_TIMEOUT);
    CHECK_STR("text", err.text, "the peer did not finish the handshake within 15 s");
    pair_stop(&pair);
}

static void a_peer_that_answers_no_ping_is_given_up(void **state)
{
    struct kn_error err = { 0 };
    struct kn_buffer lost = { 0 };
    struct pair pair;
    kn_time at;

    (void)state;
    pair_start(&pair);
    at = kn_connection_deadline(pair.a.c);
    CHECK_EQ("ping", kn_connection_tick(pair.a.c, at, &err), KN_OK);
    CHECK_EQ("output", kn_connection_output(pair.a.c, SIZE_MAX, &lost), KN_OK);
    CHECK("a ping", lost.n > 0);
    CHECK("rtt", kn_connection_rtt_ms(pair.a.c) >= 0);
    CHECK_EQ("late", kn_connection_tick(pair.a.c, kn_connection_deadline(pair.a.c), &err),
             KN_E_TIMEOUT);
    CHECK_STR("text", err.text, "the peer did not answer a ping within 10 s");
    kn_buffer_done(&lost);
    pair_stop(&pair);
}

/* ---- a peer below whose handshake we can say anything ---- */

struct raw_pair {
    struct pair pair;
    struct raw_peer raw;
};

static enum kn_code raw_turn(struct raw_pair *r)
{
    struct side *a = &r->pair.a;
    struct kn_buffer wire = { 0 };
    size_t moved = 1;

    while (moved > 0 && a->code == KN_OK) {
        CHECK_EQ("output", kn_connection_output(a->c, SIZE_MAX, &wire), KN_OK);
        moved = wire.n + r->raw.wire.n;
        CHECK_EQ("raw", raw_hear(&r->raw, kn_buffer_get(&wire)), KN_OK);
        kn_buffer_clear(&wire);
        if (r->raw.wire.n > 0)
            a->code = kn_connection_input(a->c, kn_buffer_get(&r->raw.wire), r->pair.now, &a->err);
        kn_buffer_clear(&r->raw.wire);
    }
    kn_buffer_done(&wire);
    return a->code;
}

static void raw_pair_start(struct raw_pair *r, enum kn_role ours, bool early)
{
    *r = (struct raw_pair){ 0 };
    pair_keys(&r->pair);
    CHECK("a", side_open(&r->pair.a, &r->pair, ours, NULL));
    raw_start(&r->raw, ours == KN_ROLE_DIALER ? KN_ROLE_LISTENER : KN_ROLE_DIALER, r->pair.b.key,
              r->pair.random, early);
    CHECK_EQ("handshake", raw_turn(r), KN_OK);
    CHECK("handshake", raw_is_ready(&r->raw));
}

static void raw_pair_stop(struct raw_pair *r)
{
    raw_stop(&r->raw);
    pair_stop(&r->pair);
}

static void raw_pair_say(struct raw_pair *r, const void *bytes, size_t n)
{
    CHECK_EQ("say", raw_say(&r->raw, kn_span(bytes, n)), KN_OK);
    (void)raw_turn(r);
    if (r->pair.a.code == KN_OK)
        r->pair.a.code =
            kn_connection_input(r->pair.a.c, kn_span(NULL, 0), r->pair.now, &r->pair.a.err);
    (void)raw_turn(r);
}

#define MUXER "\x0d/yamux/1.0.0\n"

static void without_an_early_muxer_it_is_agreed_on_inside(void **state)
{
    static const struct {
        const char *name;
        enum kn_role ours;
        bool early;
        const char *said; /* by the peer, inside */
        enum kn_code want;
        bool ready;
    } rows[] = {
        { "early, we dial", KN_ROLE_DIALER, true, "", KN_OK, true },
        { "early, we listen", KN_ROLE_LISTENER, true, "", KN_OK, true },
        { "inside, we dial", KN_ROLE_DIALER, false, HEADER MUXER, KN_OK, true },
        { "inside, we listen", KN_ROLE_LISTENER, false, HEADER MUXER, KN_OK, true },
        { "the peer has no yamux", KN_ROLE_DIALER, false, HEADER NA, KN_E_UNSUPPORTED, false },
        { "the peer wants mplex", KN_ROLE_LISTENER, false, HEADER "\x0d/mplex/6.7.0\n", KN_OK,
          false },
        { "nonsense inside", KN_ROLE_LISTENER, false, "GET /", KN_E_PROTOCOL, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct raw_pair r;

        raw_pair_start(&r, rows[i].ours, rows[i].early);
        CHECK_EQ(rows[i].name, kn_connection_is_ready(r.pair.a.c), rows[i].early);
        if (rows[i].said[0] != '\0')
            raw_pair_say(&r, rows[i].said, strlen(rows[i].said));
        CHECK_EQ(rows[i].name, r.pair.a.code, rows[i].want);
        CHECK_EQ(rows[i].name, kn_connection_is_ready(r.pair.a.c), rows[i].ready);
        raw_pair_stop(&r);
    }
}

static void put(struct kn_buffer *out, enum kn_yamux_type type, unsigned flags, uint32_t id,
                const char *body)
{
    const struct kn_yamux_header header = { type, (uint16_t)flags, id, (uint32_t)strlen(body) };
    uint8_t bytes[KN_YAMUX_HEADER_SIZE];

    kn_yamux_header_encode(&header, bytes);
    kn_buffer_add(out, bytes, sizeof(bytes));
    kn_buffer_add(out, body, strlen(body));
}

/* The first stream comes in the same flight as the end of the handshake. */
static void nothing_is_served_before_the_owner_knows_the_peer(void **state)
{
    struct kn_buffer inside = { 0 };
    struct raw_pair r;

    (void)state;
    raw_pair_start(&r, KN_ROLE_LISTENER, false);
    kn_buffer_add(&inside, HEADER MUXER, sizeof(HEADER MUXER) - 1);
    put(&inside, KN_YAMUX_DATA, KN_YAMUX_SYN, 1, HEADER "\x06/echo\nhello");
    CHECK_EQ("say", raw_say(&r.raw, kn_buffer_get(&inside)), KN_OK);
    CHECK_EQ("input", kn_connection_input(r.pair.a.c, kn_buffer_get(&r.raw.wire), r.pair.now, NULL),
             KN_OK);
    kn_buffer_clear(&r.raw.wire);
    CHECK("ready", kn_connection_is_ready(r.pair.a.c));
    CHECK_STR("nothing yet", r.pair.a.log, "");
    CHECK_EQ("again", kn_connection_input(r.pair.a.c, kn_span(NULL, 0), r.pair.now, NULL), KN_OK);
    CHECK_STR("then", r.pair.a.log, "open data:hello");
    kn_buffer_done(&inside);
    raw_pair_stop(&r);
}

static void a_flood_of_streams_is_refused_and_counted(void **state)
{
    struct kn_connection_counters counters;
    struct kn_buffer flood = { 0 };
    struct raw_pair r;

    (void)state;
    raw_pair_start(&r, KN_ROLE_LISTENER, true);
    for (uint32_t id = 1; id < 2 * 600; id += 2)
        put(&flood, KN_YAMUX_CREDIT, KN_YAMUX_SYN, id, "");
    raw_pair_say(&r, kn_buffer_get(&flood).at, flood.n);
    kn_connection_counters(r.pair.a.c, &counters);
    CHECK_EQ("lives", r.pair.a.code, KN_OK);
    CHECK_EQ("open", kn_connection_streams(r.pair.a.c), 512);
    CHECK_EQ("refused", counters.streams_refused, 88);
    CHECK_EQ("tick", kn_connection_tick(r.pair.a.c, r.pair.now + KN_STREAM_SILENT_MS, NULL), KN_OK);
    CHECK_EQ("silent ones end", kn_connection_streams(r.pair.a.c), 0);
    kn_connection_counters(r.pair.a.c, &counters);
    CHECK_EQ("expired", counters.streams_expired, 512);
    kn_buffer_done(&flood);
    raw_pair_stop(&r);
}

static void a_stream_of_ours_that_nobody_answers_ends(void **state)
{
    static const char *const names[] = { "/echo", NULL };
    struct side *a;
    struct raw_pair r;
    kn_time begun;

    (void)state;
    raw_pair_start(&r, KN_ROLE_DIALER, true);
    a = &r.pair.a;
    (void)side_stream(a, names);
    begun = r.pair.now;
    CHECK("dated soon", kn_connection_deadline(a->c) <= begun);
    CHECK_EQ("dated", kn_connection_tick(a->c, begun, NULL), KN_OK);
    CHECK_STR("not yet", a->log, "");
    CHECK_EQ("no ping either", kn_connection_tick(a->c, begun + KN_STREAM_ANSWER_MS - 1, NULL),
             KN_E_TIMEOUT);
    CHECK_STR("not yet", a->log, "");
    raw_pair_stop(&r);

    raw_pair_start(&r, KN_ROLE_DIALER, true);
    a = &r.pair.a;
    (void)side_stream(a, names);
    CHECK_EQ("dated", kn_connection_tick(a->c, begun, NULL), KN_OK);
    CHECK_EQ("no ping either", kn_connection_tick(a->c, begun + KN_STREAM_ANSWER_MS, NULL),
             KN_E_TIMEOUT);
    CHECK_STR("then", a->log, "end:KN_E_TIMEOUT");
    raw_pair_stop(&r);
}

/* A peer has 10 s from its first byte on, and no more for each byte. */
static void a_negotiation_ends_in_time(void **state)
{
    struct kn_buffer bytes = { 0 };
    struct raw_pair r;
    kn_time begun;

    (void)state;
    raw_pair_start(&r, KN_ROLE_LISTENER, true);
    put(&bytes, KN_YAMUX_DATA, KN_YAMUX_SYN, 1, "\x13");
    raw_pair_say(&r, kn_buffer_get(&bytes).at, bytes.n);
    begun = r.pair.now;
    for (int i = 1; i < 10; i++) {
        const char one[2] = { HEADER[i], '\0' };

        r.pair.now = begun + 1000 * i;
        kn_buffer_clear(&bytes);
        put(&bytes, KN_YAMUX_DATA, 0, 1, one);
        raw_pair_say(&r, kn_buffer_get(&bytes).at, bytes.n);
        CHECK_EQ("open", kn_connection_streams(r.pair.a.c), 1);
    }
    CHECK_EQ("by", kn_connection_deadline(r.pair.a.c) <= begun + KN_STREAM_NEGOTIATE_MS, true);
    CHECK_EQ("at", kn_connection_tick(r.pair.a.c, begun + KN_STREAM_NEGOTIATE_MS, NULL), KN_OK);
    CHECK_EQ("gone", kn_connection_streams(r.pair.a.c), 0);
    kn_buffer_done(&bytes);
    raw_pair_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_agree_however_the_bytes_are_cut),
        cmocka_unit_test(a_cut_anywhere_in_the_handshake_changes_nothing),
        cmocka_unit_test(another_peer_than_expected_is_told_from_it),
        cmocka_unit_test(what_is_not_libp2p_is_refused_at_once),
        cmocka_unit_test(a_dialer_that_tries_names_without_end_is_refused),
        cmocka_unit_test(a_handshake_ends_in_time_or_not_at_all),
        cmocka_unit_test(a_peer_that_answers_no_ping_is_given_up),
        cmocka_unit_test(without_an_early_muxer_it_is_agreed_on_inside),
        cmocka_unit_test(nothing_is_served_before_the_owner_knows_the_peer),
        cmocka_unit_test(a_stream_of_ours_that_nobody_answers_ends),
        cmocka_unit_test(a_negotiation_ends_in_time),
        cmocka_unit_test(a_flood_of_streams_is_refused_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
