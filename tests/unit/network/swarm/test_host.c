#include "network/swarm/host.h"

#include "lib/io/interfaces.h"
#include "network/swarm/host_parts.h"
#include "support/hosts.h"

static void a_peer_is_connected_at_its_address(void **state)
{
    struct kn_connection *connection;
    struct kn_endpoint at, remote;
    struct net_wait again;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    connection = net_join(&net, 0, 1);
    CHECK("the peer", kn_peer_id_equal(kn_connection_peer(connection), net_id(&net, 1)));
    CHECK("found by id", kn_host_connection(net.at[0].host, net_id(&net, 1)) == connection);
    CHECK("its host", kn_host_of(connection) == net.at[0].host);
    kn_host_listener(net.at[1].host, 0, &at);
    CHECK("where", kn_host_remote(connection, &remote) && remote.port == at.port);
    net_connect(&net, 0, net_id(&net, 1), 1000, &again);
    RUN_UNTIL(&net, "again", again.calls == 1);
    CHECK("the same", again.connection == connection);
    CHECK_EQ("one", kn_host_connection_count(net.at[0].host), 1);
    CHECK_EQ("one", kn_host_connection_count(net.at[1].host), 1);
    CHECK_EQ("dialled", kn_host_counters(net.at[0].host)->dialled, 1);
    CHECK_EQ("accepted", kn_host_counters(net.at[1].host)->accepted, 1);
    kn_host_close(connection);
    RUN_UNTIL(&net, "lost", net.at[0].lost == 1 && net.at[1].lost == 1);
    net_stop(&net);
}

static void each_failure_has_its_words(void **state)
{
    enum { NOWHERE = 100, ANOTHER, OURSELVES, UNKNOWN, OWN_ID };
    static const struct {
        const char *name;
        int server;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "nobody listens", NOWHERE, KN_E_REFUSED, "nothing listens at 127.0.0.1:" },
        { "silent", SERVER_SILENT, KN_E_TIMEOUT, "takes connections and then stays silent" },
        { "a web server", SERVER_HTTP, KN_E_PROTOCOL, "what answers there does not speak libp2p" },
        { "a mail server", SERVER_GREETS, KN_E_PROTOCOL,
          "what answers there does not speak libp2p" },
        { "closed at once", SERVER_CLOSES, KN_E_CLOSED, "closed without a word" },
        { "another peer", ANOTHER, KN_E_IDENTITY, "another peer answers there: 12D3" },
        { "our own address", OURSELVES, KN_E_IDENTITY, "this is our own address" },
        { "no address", UNKNOWN, KN_E_NOT_FOUND, "nobody knows an address of this peer" },
        { "our own id", OWN_ID, KN_E_IDENTITY, "this is our own peer id" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_host_counters *counters;
        struct kn_span left[KN_HOST_ADDRESSES_MAX];
        struct kn_endpoint at;
        struct net_wait wait;
        struct net net;

        net_start(&net, 3, 0);
        counters = kn_host_counters(net.at[0].host);
        if (rows[i].server == NOWHERE)
            net_nowhere(&net, &at);
        else if (rows[i].server == ANOTHER || rows[i].server == OURSELVES)
            kn_host_listener(net.at[rows[i].server == ANOTHER ? 2 : 0].host, 0, &at);
        else if (rows[i].server < NOWHERE)
            net_serve(&net, (enum net_server)rows[i].server, &at);
        if (rows[i].server < UNKNOWN)
            net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
        net_connect(&net, 0, net_id(&net, rows[i].server == OWN_ID ? 0 : 1),
                    rows[i].server == SERVER_SILENT ? 700 : 5000, &wait);
        RUN_UNTIL(&net, rows[i].name, wait.calls == 1);
        CHECK_EQ(rows[i].name, wait.code, rows[i].want);
        CHECK_HAS(rows[i].name, wait.err.text, rows[i].text);
        CHECK_EQ(rows[i].name, wait.err.code, rows[i].want);
        CHECK_EQ(rows[i].name, kn_host_connection_count(net.at[0].host), 0);
        CHECK_EQ(rows[i].name, kn_host_addresses(net.at[0].host, net_id(&net, 1), left),
                 rows[i].want == KN_E_IDENTITY || rows[i].server == UNKNOWN ? 0 : 1);
        CHECK_EQ(rows[i].name, counters->self_dials,
                 rows[i].server == OURSELVES || rows[i].server == OWN_ID);
        net_stop(&net);
    }
}

static void a_handshake_has_no_more_time_than_the_whole_connection(void **state)
{
    struct kn_endpoint at;
    struct net_wait wait;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    kn_host_hurry(net.at[0].host, &(struct kn_host_times){ .connect_ms = 200 });
    net_serve(&net, SERVER_SILENT, &at);
    net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    net_connect(&net, 0, net_id(&net, 1), NET_DEADLINE_MS, &wait);
    RUN_UNTIL(&net, "given up", wait.calls == 1);
    CHECK_EQ("code", wait.code, KN_E_TIMEOUT);
    CHECK_HAS("why", wait.err.text, "the peer did not finish the handshake within 0.");
    net_stop(&net);
}

static void an_address_that_failed_rests(void **state)
{
    struct kn_endpoint at;
    struct net_wait wait;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    net_nowhere(&net, &at);
    net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "refused", wait.calls == 1);
    net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "again", wait.calls == 1);
    CHECK_STR("text", wait.err.text, "its addresses have just failed");
    CHECK_EQ("one dial", kn_host_counters(net.at[0].host)->dialled, 1);
    net_stop(&net);
}

/* The good address is the last of several bad ones. */
static void all_addresses_of_a_peer_are_tried(void **state)
{
    struct kn_span all[KN_HOST_ADDRESSES_MAX];
    struct kn_buffer good = { 0 };
    struct kn_endpoint at;
    struct net_wait wait;
    struct net net;

    (void)state;
    net_start(&net, 3, 0);
    net_nowhere(&net, &at);
    net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    net_serve(&net, SERVER_HTTP, &at);
    net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    kn_host_listener(net.at[2].host, 0, &at);
    net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    net_learn(&net, 0, 1);
    net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "connected", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    kn_host_listener(net.at[1].host, 0, &at);
    kn_address_of_endpoint(&at, &good);
    CHECK_EQ("the wrong peer's is gone", kn_host_addresses(net.at[0].host, net_id(&net, 1), all),
             3);
    CHECK("the proven one is first", kn_span_equal(all[0], kn_buffer_get(&good)));
    kn_buffer_done(&good);
    net_stop(&net);
}

static void rumours_do_not_push_out_what_was_proven(void **state)
{
    struct kn_span all[KN_HOST_ADDRESSES_MAX];
    struct kn_buffer good = { 0 };
    struct kn_endpoint at;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    (void)net_join(&net, 0, 1);
    kn_host_listener(net.at[1].host, 0, &at);
    kn_address_of_endpoint(&at, &good);
    for (uint16_t port = 1; port < 100; port++) {
        at.port = port;
        net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    }
    CHECK_EQ("limit", kn_host_addresses(net.at[0].host, net_id(&net, 1), all),
             KN_HOST_ADDRESSES_MAX);
    CHECK("still first", kn_span_equal(all[0], kn_buffer_get(&good)));
    kn_buffer_done(&good);
    net_stop(&net);
}

static void two_who_wait_share_one_dial(void **state)
{
    struct net_wait one, two, three;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    net_learn(&net, 0, 1);
    net_connect(&net, 0, net_id(&net, 1), 5000, &one);
    net_connect(&net, 0, net_id(&net, 1), 5000, &two);
    net_connect(&net, 0, net_id(&net, 1), 5000, &three);
    kn_connect_cancel(two.connect);
    RUN_UNTIL(&net, "both", one.calls == 1 && three.calls == 1);
    CHECK_EQ("never", two.calls, 0);
    CHECK("the same", one.connection == three.connection && one.connection != NULL);
    CHECK_EQ("one dial", kn_host_counters(net.at[0].host)->dialled, 1);
    net_stop(&net);
}

/* A callback may begin to wait anew, and cancel another who waits. */
struct chain {
    struct net *net;
    struct net_wait other;
    unsigned calls;
    struct kn_connect *connect;
};

static void wait_again(void *arg, enum kn_code code, struct kn_connection *connection,
                       const struct kn_error *err)
{
    struct chain *chain = arg;

    (void)code;
    (void)connection;
    (void)err;
    chain->connect = NULL;
    kn_connect_cancel(chain->other.connect);
    chain->other.connect = NULL;
    if (++chain->calls < 3)
        CHECK_EQ("again",
                 kn_connect_start(chain->net->at[0].host, net_id(chain->net, 1), KN_REACH_KNOWN,
                                  5000, wait_again, chain, &chain->connect),
                 KN_OK);
}

static void who_is_told_may_wait_again_and_cancel_others(void **state)
{
    struct chain chain = { 0 };
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    chain.net = &net;
    net_learn(&net, 0, 1);
    CHECK_EQ("first",
             kn_connect_start(net.at[0].host, net_id(&net, 1), KN_REACH_KNOWN, 5000, wait_again,
                              &chain, &chain.connect),
             KN_OK);
    net_connect(&net, 0, net_id(&net, 1), 5000, &chain.other);
    RUN_UNTIL(&net, "three times", chain.calls == 3);
    CHECK_EQ("cancelled", chain.other.calls, 0);
    net_stop(&net);
}

/* A finder that asks a peer who is looked for itself, as a search does in a swarm with gaps. */
struct crossed_search {
    struct net_wait wait;
    bool is_begun;
};

struct crossed {
    struct net *net;
    struct crossed_search of[2];
};

static void *ask_the_other(void *arg, const struct kn_peer_id *peer, int timeout_ms,
                           void (*done)(void *done_arg, enum kn_code code), void *done_arg)
{
    struct crossed *crossed = arg;
    size_t i = kn_peer_id_equal(peer, net_id(crossed->net, 1)) ? 0 : 1;

    (void)timeout_ms;
    (void)done;
    (void)done_arg;
    crossed->of[i].is_begun = true;
    net_connect(crossed->net, 0, net_id(crossed->net, 2 - i), 5000, &crossed->of[i].wait);
    return &crossed->of[i];
}

static void ask_no_more(void *arg, void *search)
{
    struct crossed_search *s = search;

    (void)arg;
    CHECK("once", s->is_begun);
    s->is_begun = false;
    kn_connect_cancel(s->wait.connect);
    s->wait.connect = NULL;
}

static void searches_that_wait_for_each_other_end(void **state)
{
    static const int milliseconds[] = { 5000, 50 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(milliseconds); i++) {
        struct net net;
        struct crossed crossed = { .net = &net };
        const struct kn_host_finder finder = { &crossed, ask_the_other, ask_no_more };
        struct net_wait one, two;

        net_start(&net, 3, 0);
        kn_host_set_finder(net.at[0].host, &finder);
        net_connect(&net, 0, net_id(&net, 1), milliseconds[i], &one);
        net_connect(&net, 0, net_id(&net, 2), milliseconds[i], &two);
        RUN_UNTIL(&net, "both", crossed.of[0].is_begun && crossed.of[1].is_begun);
        if (i == 0) {
            kn_connect_cancel(one.connect);
            kn_connect_cancel(two.connect);
        } else {
            RUN_UNTIL(&net, "given up", one.calls == 1 && two.calls == 1);
        }
        net_stop(&net);
        CHECK("ended", !crossed.of[0].is_begun && !crossed.of[1].is_begun);
    }
}

static void a_finder_takes_its_searches_with_it(void **state)
{
    const struct kn_host_finder none = { 0 };
    struct net net;
    struct crossed crossed = { .net = &net };
    const struct kn_host_finder finder = { &crossed, ask_the_other, ask_no_more };
    struct net_wait wait;

    (void)state;
    net_start(&net, 3, 0);
    kn_host_set_finder(net.at[0].host, &finder);
    net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "both", crossed.of[0].is_begun && crossed.of[1].is_begun);
    kn_host_set_finder(net.at[0].host, &none);
    for (size_t i = 0; i < KN_COUNT(crossed.of); i++)
        kn_connect_cancel(crossed.of[i].wait.connect);
    kn_connect_cancel(wait.connect);
    net_stop(&net);
    CHECK("not asked", crossed.of[0].is_begun && crossed.of[1].is_begun);
}

static void a_wait_can_be_cancelled_at_every_stage(void **state)
{
    enum stage { AT_ONCE, CONNECTED, HANDSHAKE, READY };
    static const char *const names[] = { "at once", "tcp", "in the handshake", "ready" };

    (void)state;
    for (int stage = AT_ONCE; stage <= READY; stage++) {
        struct kn_endpoint at;
        struct net_wait wait;
        struct net net;

        net_start(&net, 2, 0);
        if (stage == READY)
            (void)net_join(&net, 0, 1);
        net_serve(&net, SERVER_SILENT, &at);
        if (stage == CONNECTED || stage == HANDSHAKE)
            net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
        else
            net_learn(&net, 0, 1);
        net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
        if (stage == CONNECTED || stage == HANDSHAKE)
            RUN_UNTIL(&net, names[stage], net.held_count == 1);
        if (stage == HANDSHAKE)
            RUN_UNTIL(&net, names[stage], kn_host_counters(net.at[0].host)->bytes_out > 0);
        kn_connect_cancel(wait.connect);
        net_turn(&net);
        net_turn(&net);
        CHECK_EQ(names[stage], wait.calls, 0);
        net_stop(&net);
    }
}

static void a_host_may_go_while_peers_wait_and_dial(void **state)
{
    struct kn_endpoint at;
    struct net_wait wait;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    net_serve(&net, SERVER_SILENT, &at);
    (void)net_join(&net, 0, 1);
    net_learn_endpoint(&net, 0, net_id(&net, 1), &at);
    net_connect(&net, 1, net_id(&net, 0), 5000, &wait);
    kn_connect_cancel(wait.connect);
    net_stop(&net);
}

/* Both dial at the same time: both are served, and both keep the same connection. */
static void of_two_that_crossed_one_stays(void **state)
{
    struct kn_connection *left[2];
    struct net_wait a, b;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    net_learn(&net, 0, 1);
    net_learn(&net, 1, 0);
    net_connect(&net, 0, net_id(&net, 1), 5000, &a);
    net_connect(&net, 1, net_id(&net, 0), 5000, &b);
    RUN_UNTIL(&net, "both", a.calls == 1 && b.calls == 1);
    CHECK_EQ(a.err.text, a.code, KN_OK);
    CHECK_EQ(b.err.text, b.code, KN_OK);
    RUN_UNTIL(&net, "two",
              kn_host_connection_count(net.at[0].host) == 2 &&
                  kn_host_connection_count(net.at[1].host) == 2);
    RUN_UNTIL(&net, "one",
              kn_host_connection_count(net.at[0].host) == 1 &&
                  kn_host_connection_count(net.at[1].host) == 1);
    left[0] = kn_host_connection(net.at[0].host, net_id(&net, 1));
    left[1] = kn_host_connection(net.at[1].host, net_id(&net, 0));
    CHECK("the same", kn_connection_role(left[0]) != kn_connection_role(left[1]));
    CHECK("counted",
          kn_host_counters(net.at[0].host)->spares + kn_host_counters(net.at[1].host)->spares >= 1);
    net_stop(&net);
}

static const char *const held_name[] = { "/held", NULL };

static void held_data(void *arg, struct kn_stream *stream, struct kn_span bytes)
{
    (void)arg;
    (void)stream;
    (void)bytes;
}

static void held_finished(void *arg, struct kn_stream *stream)
{
    (void)arg;
    (void)stream;
}

static void held_ended(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static const struct kn_stream_events held_events = { .data = held_data,
                                                     .finished = held_finished,
                                                     .ended = held_ended };

static void held_opened(void *arg, struct kn_stream *stream)
{
    unsigned *opened = arg;

    ++*opened;
    kn_stream_serve(stream, &held_events, NULL);
}

static void the_idlest_goes_for_a_newcomer(void **state)
{
    const struct kn_host_counters *counters;
    struct kn_protocol held;
    struct kn_connection *busy;
    struct kn_stream *stream;
    unsigned opened = 0;
    struct net_wait wait;
    struct net net;

    (void)state;
    net_start(&net, 7, 5); /* three of which are for those who come to us */
    counters = kn_host_counters(net.at[0].host);
    held = (struct kn_protocol){ held_name[0], held_opened, &opened };
    CHECK_EQ("serve", kn_host_serve(net.at[0].host, &held), KN_OK);
    kn_host_protect(net.at[0].host, net_id(&net, 1));
    (void)net_join(&net, 1, 0);
    busy = net_join(&net, 2, 0);
    CHECK_EQ("open", kn_stream_open(busy, held_name, &held_events, NULL, &stream), KN_OK);
    RUN_UNTIL(&net, "busy", opened == 1);
    (void)net_join(&net, 3, 0);
    (void)net_join(&net, 4, 0);
    RUN_UNTIL(&net, "3 is gone", net.at[3].lost == 1);
    (void)net_join(&net, 5, 0);
    RUN_UNTIL(&net, "4 is gone", net.at[4].lost == 1);
    CHECK_EQ("trimmed", counters->trimmed, 2);
    CHECK_EQ("protected", net.at[1].lost, 0);
    CHECK_EQ("busy", net.at[2].lost, 0);
    kn_host_protect(net.at[0].host, net_id(&net, 5));
    net_learn(&net, 6, 0);
    net_connect(&net, 6, net_id(&net, 0), 5000, &wait);
    RUN_UNTIL(&net, "no room", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_E_CLOSED);
    CHECK_EQ("refused", counters->refused_full, 1);
    for (size_t i = 3; i < 5; i++) {
        kn_host_protect(net.at[0].host, net_id(&net, i));
        (void)net_join(&net, 0, i);
    }
    net_learn(&net, 0, 6);
    net_connect(&net, 0, net_id(&net, 6), 5000, &wait);
    RUN_UNTIL(&net, "our own dials count too", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_E_LIMIT);
    net_stop(&net);
}

static void hold(void *arg, enum kn_code code, struct kn_tcp *tcp)
{
    struct net *net = arg;

    CHECK_EQ("dial", code, KN_OK);
    net_hold(net, tcp);
}

static void dial_raw(struct net *net, const struct kn_endpoint *to, size_t n)
{
    size_t want = net->held_count + n;

    for (size_t i = 0; i < n; i++) {
        struct kn_dial *dial;

        CHECK_EQ("dial", kn_dial_start(net->loop, to, 5000, hold, net, &dial), KN_OK);
        if (i % 64 == 63)
            net_turn(net);
    }
    RUN_UNTIL(net, "dialled", net->held_count == want);
}

static void who_comes_leaves_room_for_whom_we_dial(void **state)
{
    static const struct {
        size_t max, kept;
    } rows[] = { { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 7, 3 }, { 8, 4 }, { 16, 4 }, { 20, 5 } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_host_counters *counters;
        struct kn_endpoint to;
        char row[32];
        struct net net;

        (void)snprintf(row, sizeof(row), "%zu of %zu", rows[i].kept, rows[i].max);
        net_start(&net, 2, rows[i].max);
        counters = kn_host_counters(net.at[0].host);
        kn_host_listener(net.at[0].host, 0, &to);
        dial_raw(&net, &to, rows[i].max);
        RUN_UNTIL(&net, row, counters->accepted + counters->refused_full == rows[i].max);
        CHECK_EQ(row, counters->refused_full, rows[i].kept);
        if (rows[i].kept > 0)
            (void)net_join(&net, 0, 1);
        net_stop(&net);
    }
}

static void a_lower_limit_closes_what_is_idle_of_those_who_came(void **state)
{
    struct net net;

    (void)state;
    net_start(&net, 6, 0);
    for (size_t i = 1; i < 5; i++)
        (void)net_join(&net, i, 0);
    (void)net_join(&net, 0, 5);
    kn_host_allow(net.at[0].host, 6);
    RUN_UNTIL(&net, "the idlest of four", net.at[1].lost == 1);
    CHECK_EQ("one", kn_host_connection_count(net.at[0].host), 4);
    CHECK_EQ("not ours", net.at[5].lost, 0);
    net_stop(&net);
}

static void handshakes_that_dawdle_do_not_keep_others_out(void **state)
{
    const struct kn_host_counters *counters;
    struct kn_endpoint to;
    kn_time since;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    counters = kn_host_counters(net.at[0].host);
    kn_host_listener(net.at[0].host, 0, &to);
    dial_raw(&net, &to, KN_HOST_HALF_OPEN_MAX);
    RUN_UNTIL(&net, "accepted", counters->accepted == KN_HOST_HALF_OPEN_MAX);
    dial_raw(&net, &to, 1);
    RUN_UNTIL(&net, "one more", counters->refused_half_open + counters->pushed_out == 1);
    since = kn_loop_now(net.loop);
    RUN_UNTIL(&net, "time", kn_loop_now(net.loop) - since >= KN_HOST_HALF_OPEN_MS);
    (void)net_join(&net, 1, 0);
    CHECK_EQ("a peer comes in", kn_host_connection_count(net.at[0].host), 1);
    CHECK("for one that dawdled", counters->pushed_out >= 1);
    net_stop(&net);
}

static void one_place_has_so_many_connections(void **state)
{
    struct kn_endpoint all[KN_INTERFACES_MAX], at = { 0 };
    const struct kn_host_counters *counters;
    size_t n = kn_interfaces(all);
    struct net net;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        if (!all[i].is_ip6 && all[i].ip[0] != 127)
            at = all[i];
    }
    if (at.ip[0] == 0)
        skip(); /* a machine with loopback alone */
    net_start(&net, 2, 0);
    counters = kn_host_counters(net.at[0].host);
    CHECK_EQ("listen", kn_host_listen(net.at[0].host, &at, NULL), KN_OK);
    kn_host_listener(net.at[0].host, 1, &at);
    dial_raw(&net, &at, KN_HOST_PER_IP_MAX);
    RUN_UNTIL(&net, "accepted", counters->accepted == KN_HOST_PER_IP_MAX);
    dial_raw(&net, &at, 3);
    RUN_UNTIL(&net, "refused", counters->refused_place == 3);
    kn_tcp_free(net.held[--net.held_count]);
    kn_tcp_free(net.held[0]);
    net.held[0] = net.held[--net.held_count];
    RUN_UNTIL(&net, "ended", counters->handshake_failures >= 1);
    dial_raw(&net, &at, 1);
    RUN_UNTIL(&net, "a place is free again", counters->accepted == KN_HOST_PER_IP_MAX + 1);
    (void)net_join(&net, 1, 0); /* from loopback */
    net_stop(&net);
}

/* A door at which everybody seems to come from elsewhere. */
struct door {
    struct net *net;
    struct kn_listener *listener;
    struct kn_endpoint at, from;
};

static void through_the_door(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    const struct door *door = arg;

    (void)from;
    kn_host_accept(door->net->at[0].host, tcp, &door->from);
}

static void door_open(struct door *door, struct net *net)
{
    const struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };

    *door = (struct door){ .net = net };
    CHECK_EQ("listen", kn_listen(net->loop, &at, through_the_door, door, &door->listener, NULL),
             KN_OK);
    kn_listener_endpoint(door->listener, &door->at);
}

static struct kn_endpoint place(unsigned n)
{
    return (struct kn_endpoint){ .ip = { 203, 0, 113, (uint8_t)n } };
}

static size_t count_of_place(const struct kn_host *host, unsigned n)
{
    struct kn_endpoint at = place(n);
    size_t count = 0;

    for (const struct kn_pipe *pipe = host->pipes; pipe != NULL; pipe = pipe->next)
        count += memcmp(pipe->remote.ip, at.ip, 4) == 0;
    return count;
}

static void come_from(struct door *door, unsigned n, size_t count)
{
    const struct kn_host_counters *counters = kn_host_counters(door->net->at[0].host);
    uint64_t want = counters->accepted + counters->refused_full + count;

    door->from = place(n);
    dial_raw(door->net, &door->at, count);
    RUN_UNTIL(door->net, "came", counters->accepted + counters->refused_full == want);
}

static void a_newcomer_goes_before_one_of_the_place_with_most(void **state)
{
    enum { PLACES = 3, MAX = 16, MAX_ACCEPTED = 12 };
    static const struct {
        const char *name;
        size_t there[PLACES];
        unsigned newcomer;
        bool comes;
    } rows[] = {
        { "a new place", { 12 }, 1, true },       { "half as many", { 8, 4 }, 1, true },
        { "more than half", { 7, 5 }, 1, false }, { "four are no crowd", { 4, 4, 4 }, 3, false },
        { "five are", { 3, 5, 4 }, 3, true },     { "the crowd itself", { 12 }, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_host_counters *counters;
        size_t before, all = 0;
        struct door door;
        struct net net;

        net_start(&net, 1, MAX);
        door_open(&door, &net);
        counters = kn_host_counters(net.at[0].host);
        for (unsigned k = 0; k < PLACES; k++) {
            come_from(&door, k, rows[i].there[k]);
            all += rows[i].there[k];
        }
        CHECK_EQ(rows[i].name, all, MAX_ACCEPTED);
        CHECK_EQ(rows[i].name, counters->accepted, MAX_ACCEPTED);
        before = count_of_place(net.at[0].host, rows[i].newcomer);
        come_from(&door, rows[i].newcomer, 1);
        CHECK_EQ(rows[i].name, counters->crowded, rows[i].comes);
        CHECK_EQ(rows[i].name, counters->refused_full, !rows[i].comes);
        CHECK_EQ(rows[i].name, count_of_place(net.at[0].host, rows[i].newcomer),
                 before + rows[i].comes);
        CHECK_EQ(rows[i].name, net.at[0].host->pipe_count, MAX_ACCEPTED);
        kn_listener_free(door.listener);
        net_stop(&net);
    }
}

static void who_comes_from_this_machine_crowds_out_nobody(void **state)
{
    const struct kn_host_counters *counters;
    struct kn_endpoint to;
    struct door door;
    struct net net;

    (void)state;
    net_start(&net, 1, 16);
    door_open(&door, &net);
    counters = kn_host_counters(net.at[0].host);
    come_from(&door, 0, 12);
    kn_host_listener(net.at[0].host, 0, &to);
    dial_raw(&net, &to, 1);
    RUN_UNTIL(&net, "refused", counters->refused_full == 1);
    CHECK_EQ("nobody went", counters->crowded, 0);
    kn_listener_free(door.listener);
    net_stop(&net);
}

/* Peer `who` comes from place 0, and uses its connection. */
static void come_and_be_busy(struct door *door, size_t who, bool is_busy)
{
    struct net *net = door->net;
    unsigned before = net->at[0].connected;
    struct kn_stream *stream;
    struct net_wait wait;

    door->from = place(0);
    net_learn_endpoint(net, who, net_id(net, 0), &door->at);
    net_connect(net, who, net_id(net, 0), 5000, &wait);
    RUN_UNTIL(net, "came", wait.calls == 1 && net->at[0].connected > before);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    if (is_busy)
        CHECK_EQ("open", kn_stream_open(wait.connection, held_name, &held_events, NULL, &stream),
                 KN_OK);
}

static void of_a_crowd_the_idle_go_first_and_then_the_youngest(void **state)
{
    enum { IDLE = 2, YOUNGEST = 5, PROTECTED = 6 };
    struct kn_protocol held;
    unsigned opened = 0;
    struct door door;
    struct net net;

    (void)state;
    net_start(&net, 7, 10); /* six of which are for those who come to us */
    held = (struct kn_protocol){ held_name[0], held_opened, &opened };
    CHECK_EQ("serve", kn_host_serve(net.at[0].host, &held), KN_OK);
    kn_host_protect(net.at[0].host, net_id(&net, PROTECTED));
    door_open(&door, &net);
    for (size_t i = 1; i < 7; i++)
        come_and_be_busy(&door, i, i != IDLE);
    RUN_UNTIL(&net, "busy", opened == 5);
    come_from(&door, 1, 1);
    RUN_UNTIL(&net, "the idle one went", net.at[IDLE].lost == 1);
    come_from(&door, 2, 1);
    RUN_UNTIL(&net, "the youngest went", net.at[YOUNGEST].lost == 1);
    CHECK_EQ("for two", kn_host_counters(net.at[0].host)->crowded, 2);
    CHECK_EQ("and nobody else", kn_host_connection_count(net.at[0].host), 4);
    kn_listener_free(door.listener);
    net_stop(&net);
}

static void a_walk_meets_every_connection_once(void **state)
{
    struct kn_connection *connection;
    unsigned seen = 0;
    size_t at = 0;
    struct net net;

    (void)state;
    net_start(&net, 5, 0);
    for (size_t i = 1; i < 5; i++)
        (void)net_join(&net, i, 0);
    while ((connection = kn_host_next(net.at[0].host, &at)) != NULL) {
        for (size_t i = 1; i < 5; i++) {
            if (kn_peer_id_equal(kn_connection_peer(connection), net_id(&net, i)))
                seen |= 1U << i;
        }
        if (at == 2)
            kn_host_close(connection);
    }
    CHECK_EQ("all", seen, 2 + 4 + 8 + 16);
    at = 0;
    while (kn_host_next(net.at[0].host, &at) != NULL)
        seen++;
    CHECK_EQ("without the one that closes", seen, 2 + 4 + 8 + 16 + 3);
    RUN_UNTIL(&net, "closed", kn_host_connection_count(net.at[0].host) == 3);
    net_stop(&net);
}

static void peers_that_were_met_outlive_rumours(void **state)
{
    struct kn_endpoint at = { .ip = { 127, 0, 0, 1 }, .port = 9 };
    struct kn_connection *connection;
    struct net net;

    (void)state;
    net_start(&net, 2, 0);
    connection = net_join(&net, 0, 1);
    kn_host_close(connection);
    RUN_UNTIL(&net, "lost", net.at[0].lost == 1);
    for (unsigned i = 0; i < KN_HOST_PEERS_MAX + 100; i++) {
        struct kn_peer_id id = *net_id(&net, 1);

        memcpy(id.bytes + id.n - sizeof(i), &i, sizeof(i));
        net_learn_endpoint(&net, 0, &id, &at);
    }
    CHECK("known", kn_host_facts(net.at[0].host, net_id(&net, 1)) != NULL);
    CHECK("evicted", kn_host_counters(net.at[0].host)->peers_evicted > 90);
    net_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_connected_at_its_address),
        cmocka_unit_test(each_failure_has_its_words),
        cmocka_unit_test(a_handshake_has_no_more_time_than_the_whole_connection),
        cmocka_unit_test(an_address_that_failed_rests),
        cmocka_unit_test(all_addresses_of_a_peer_are_tried),
        cmocka_unit_test(rumours_do_not_push_out_what_was_proven),
        cmocka_unit_test(two_who_wait_share_one_dial),
        cmocka_unit_test(who_is_told_may_wait_again_and_cancel_others),
        cmocka_unit_test(searches_that_wait_for_each_other_end),
        cmocka_unit_test(a_finder_takes_its_searches_with_it),
        cmocka_unit_test(a_wait_can_be_cancelled_at_every_stage),
        cmocka_unit_test(a_host_may_go_while_peers_wait_and_dial),
        cmocka_unit_test(of_two_that_crossed_one_stays),
        cmocka_unit_test(the_idlest_goes_for_a_newcomer),
        cmocka_unit_test(who_comes_leaves_room_for_whom_we_dial),
        cmocka_unit_test(a_lower_limit_closes_what_is_idle_of_those_who_came),
        cmocka_unit_test(handshakes_that_dawdle_do_not_keep_others_out),
        cmocka_unit_test(one_place_has_so_many_connections),
        cmocka_unit_test(a_newcomer_goes_before_one_of_the_place_with_most),
        cmocka_unit_test(who_comes_from_this_machine_crowds_out_nobody),
        cmocka_unit_test(of_a_crowd_the_idle_go_first_and_then_the_youngest),
        cmocka_unit_test(a_walk_meets_every_connection_once),
        cmocka_unit_test(peers_that_were_met_outlive_rumours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
