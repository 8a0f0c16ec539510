/* Three hosts on loopback: 0 is the relay, 1 is reached through it, 2 calls. */
#include "network/swarm/relay_client.h"

#include "lib/codec/multiaddr_bytes.h"
#include "network/proto/kad.h"
#include "network/swarm/exchange.h"
#include "network/swarm/kad.h"
#include "network/swarm/ping.h"
#include "support/hosts.h"
#include "support/relay_server.h"

enum { RELAY, HIDDEN, CALLER, OTHER };

struct place {
    struct net net;
    struct relay_server server;
    struct kn_relay_client *client;
    unsigned changes;
};

static void on_changed(void *arg)
{
    struct place *p = arg;

    p->changes++;
}

static void start(struct place *p)
{
    *p = (struct place){ .changes = 0 };
    net_start(&p->net, 4, 0);
    relay_serve(&p->server, p->net.at[RELAY].host);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ("ping", kn_ping_serve(p->net.at[i].host), KN_OK);
}

static void seek(struct place *p)
{
    const struct kn_relay_client_options options = { p->net.at[HIDDEN].host, 1, on_changed, p };

    p->client = kn_relay_client_new(&options);
    CHECK("client", p->client != NULL);
    net_learn(&p->net, HIDDEN, RELAY);
    kn_relay_client_add(p->client, net_id(&p->net, RELAY), KN_RELAY_TRUSTED);
}

static size_t held(const struct place *p, struct kn_relay_held *first)
{
    struct kn_relay_held all[KN_RELAY_WANTED_MAX] = { { .addresses = 0 } };
    size_t n = kn_relay_client_held(p->client, all);

    if (first != NULL)
        *first = all[0];
    return n;
}

static void reserve(struct place *p)
{
    start(p);
    seek(p);
    RUN_UNTIL(&p->net, "reserved", held(p, NULL) == 1);
}

static void stop(struct place *p)
{
    kn_relay_client_free(p->client);
    net_stop(&p->net);
    relay_done(&p->server);
}

/* Where `of` is through the relay, as `who` learns it. */
static void learn_relayed(struct place *p, size_t who, size_t of)
{
    struct kn_buffer address = { 0 };
    struct kn_endpoint at;

    kn_host_listener(p->net.at[RELAY].host, 0, &at);
    kn_address_of_endpoint(&at, &address);
    kn_address_add_peer(net_id(&p->net, RELAY), &address);
    kn_write_varint(&address, KN_PROTO_P2P_CIRCUIT);
    kn_host_learn(p->net.at[who].host, net_id(&p->net, of), kn_buffer_get(&address));
    kn_buffer_done(&address);
}

static struct kn_connection *call(struct place *p, size_t who, size_t of)
{
    struct net_wait wait;

    learn_relayed(p, who, of);
    net_connect(&p->net, who, net_id(&p->net, of), 5000, &wait);
    RUN_UNTIL(&p->net, "called", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    return wait.connection;
}

struct pinged {
    unsigned calls;
    enum kn_code code;
};

static void on_ping(void *arg, enum kn_code code, double ms)
{
    struct pinged *pinged = arg;

    (void)ms;
    pinged->calls++;
    pinged->code = code;
}

static void check_ping(struct place *p, struct kn_connection *connection)
{
    struct pinged pinged = { .calls = 0 };

    CHECK("ping", kn_ping_start(connection, 5000, on_ping, &pinged) != NULL);
    RUN_UNTIL(&p->net, "pinged", pinged.calls == 1);
    CHECK_EQ("pinged", pinged.code, KN_OK);
}

struct announced {
    struct kn_text text;
};

static void add_announced(void *arg, struct kn_span address)
{
    struct announced *a = arg;

    CHECK_EQ("text", kn_multiaddr_to_text(address, &a->text), KN_OK);
    kn_text_add_char(&a->text, '\n');
}

static void check_announced(const char *row, struct place *p, const char *want)
{
    struct announced a = { .text = { 0 } };

    kn_host_announced(p->net.at[HIDDEN].host, add_announced, &a);
    CHECK_STR(row, kn_text_get(&a.text), want);
    kn_text_done(&a.text);
}

static void a_place_is_held_and_announced(void **state)
{
    char want[256], id[KN_PEER_ID_TEXT_SIZE];
    struct kn_relay_held first;
    struct kn_endpoint at;
    struct place p;

    (void)state;
    reserve(&p);
    kn_peer_id_print(net_id(&p.net, RELAY), id);
    kn_host_listener(p.net.at[RELAY].host, 0, &at);
    (void)snprintf(want, sizeof(want), "/ip4/127.0.0.1/tcp/%u/p2p/%s/p2p-circuit\n",
                   (unsigned)at.port, id);
    check_announced("where it was reached", &p, want);
    CHECK_EQ("one", held(&p, &first), 1);
    CHECK_EQ("limit", first.relayed.duration_s, 120);
    CHECK_EQ("limit", first.relayed.bytes, 1 << 17);
    CHECK_EQ("told once", p.changes, 1);
    stop(&p);
}

static void the_addresses_that_a_relay_names_are_announced(void **state)
{
    static const char relay[] = "/ip4/198.51.100.7/tcp/4001";
    struct kn_buffer address = { 0 };
    char want[256], id[KN_PEER_ID_TEXT_SIZE];
    struct place p;

    (void)state;
    start(&p);
    CHECK_EQ("address", kn_multiaddr_to_bytes(kn_span_text(relay), &address, NULL), KN_OK);
    p.server.addr = kn_buffer_get(&address);
    seek(&p);
    RUN_UNTIL(&p.net, "reserved", held(&p, NULL) == 1);
    kn_peer_id_print(net_id(&p.net, RELAY), id);
    (void)snprintf(want, sizeof(want), "%s/p2p/%s/p2p-circuit\n", relay, id);
    check_announced("as it says", &p, want);
    stop(&p);
    kn_buffer_done(&address);
}

static void a_relay_that_came_to_us_is_announced_where_it_is_known(void **state)
{
    char want[256], id[KN_PEER_ID_TEXT_SIZE];
    struct kn_endpoint at;
    struct place p;

    (void)state;
    start(&p);
    (void)net_join(&p.net, RELAY, HIDDEN);
    seek(&p);
    RUN_UNTIL(&p.net, "reserved", held(&p, NULL) == 1);
    kn_peer_id_print(net_id(&p.net, RELAY), id);
    kn_host_listener(p.net.at[RELAY].host, 0, &at);
    (void)snprintf(want, sizeof(want), "/ip4/127.0.0.1/tcp/%u/p2p/%s/p2p-circuit\n",
                   (unsigned)at.port, id);
    check_announced("where it listens", &p, want);
    stop(&p);
}

static void a_caller_comes_through_the_relay(void **state)
{
    struct kn_connection *connection;
    const struct kn_relayed *relayed;
    struct kn_endpoint at;
    struct place p;

    (void)state;
    reserve(&p);
    connection = call(&p, CALLER, HIDDEN);
    CHECK("it is who it should be",
          kn_peer_id_equal(kn_connection_peer(connection), net_id(&p.net, HIDDEN)));
    relayed = kn_host_relayed(connection);
    CHECK("relayed", relayed != NULL);
    CHECK("by the relay", kn_peer_id_equal(&relayed->relay, net_id(&p.net, RELAY)));
    CHECK_EQ("within its limits", relayed->bytes, 1 << 17);
    CHECK("nowhere", !kn_host_remote(connection, &at));
    check_ping(&p, connection);
    connection = kn_host_connection(p.net.at[HIDDEN].host, net_id(&p.net, CALLER));
    CHECK("the other side", connection != NULL && kn_host_relayed(connection) != NULL);
    check_ping(&p, connection);
    stop(&p);
}

static void a_direct_connection_is_preferred(void **state)
{
    struct kn_connection *relayed, *direct;
    struct net_wait wait;
    struct place p;

    (void)state;
    reserve(&p);
    relayed = call(&p, CALLER, HIDDEN);
    CHECK("relayed", kn_host_relayed(relayed) != NULL);
    net_learn(&p.net, CALLER, HIDDEN);
    wait = (struct net_wait){ 0 };
    CHECK_EQ("direct",
             kn_connect_start(p.net.at[CALLER].host, net_id(&p.net, HIDDEN), KN_REACH_DIRECT, 5000,
                              net_done, &wait, &wait.connect),
             KN_OK);
    RUN_UNTIL(&p.net, "direct", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    CHECK("not the relayed one", kn_host_relayed(wait.connection) == NULL);
    direct = kn_host_connection(p.net.at[CALLER].host, net_id(&p.net, HIDDEN));
    CHECK("the one to use", direct == wait.connection);
    stop(&p);
}

static void who_wants_no_relay_is_told_apart(void **state)
{
    struct net_wait wait = { 0 };
    struct place p;

    (void)state;
    reserve(&p);
    learn_relayed(&p, CALLER, HIDDEN);
    CHECK_EQ("direct",
             kn_connect_start(p.net.at[CALLER].host, net_id(&p.net, HIDDEN), KN_REACH_DIRECT, 5000,
                              net_done, &wait, &wait.connect),
             KN_OK);
    RUN_UNTIL(&p.net, "told", wait.calls == 1);
    CHECK_EQ("no direct address", wait.code, KN_E_NOT_FOUND);
    CHECK_EQ("the relay was not asked", p.server.brought, 0);
    stop(&p);
}

static void a_direct_address_goes_first(void **state)
{
    struct net_wait wait;
    struct place p;

    (void)state;
    reserve(&p);
    learn_relayed(&p, CALLER, HIDDEN);
    net_learn(&p.net, CALLER, HIDDEN);
    net_connect(&p.net, CALLER, net_id(&p.net, HIDDEN), 5000, &wait);
    RUN_UNTIL(&p.net, "connected", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    CHECK("direct", kn_host_relayed(wait.connection) == NULL);
    CHECK_EQ("the relay was not asked", p.server.brought, 0);
    stop(&p);
}

static void a_silent_address_does_not_keep_the_relay_waiting(void **state)
{
    struct kn_endpoint silent;
    struct net_wait wait;
    struct place p;
    kn_time began;

    (void)state;
    reserve(&p);
    net_serve(&p.net, SERVER_SILENT, &silent);
    net_learn_endpoint(&p.net, CALLER, net_id(&p.net, HIDDEN), &silent);
    learn_relayed(&p, CALLER, HIDDEN);
    net_connect(&p.net, CALLER, net_id(&p.net, HIDDEN), 5000, &wait);
    began = kn_loop_now(p.net.loop);
    RUN_UNTIL(&p.net, "connected", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    CHECK("relayed", kn_host_relayed(wait.connection) != NULL);
    CHECK("later", kn_loop_now(p.net.loop) - began >= KN_HOST_RELAY_LATER_MS);
    stop(&p);
}

static void what_a_relay_says_no_to_is_told(void **state)
{
    static const struct {
        const char *name;
        enum kn_relay_status connect;
        size_t whom;
        const char *text;
    } cases[] = {
        { "no reservation", KN_RELAY_OK, OTHER, "no reservation" },
        { "permission denied", KN_RELAY_PERMISSION_DENIED, HIDDEN, "permission denied" },
        { "no room", KN_RELAY_RESOURCE_LIMIT_EXCEEDED, HIDDEN, "no room" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct net_wait wait;
        struct place p;

        reserve(&p);
        p.server.connect = cases[i].connect;
        learn_relayed(&p, CALLER, cases[i].whom);
        net_connect(&p.net, CALLER, net_id(&p.net, cases[i].whom), 5000, &wait);
        RUN_UNTIL(&p.net, cases[i].name, wait.calls == 1);
        CHECK_EQ(cases[i].name, wait.code, KN_E_UNREACHABLE);
        CHECK_HAS(cases[i].name, wait.err.text, cases[i].text);
        stop(&p);
    }
}

static void a_caller_of_a_relay_that_was_not_asked_is_refused(void **state)
{
    struct net_wait wait;
    struct place p;

    (void)state;
    start(&p);
    p.server.reserve = KN_RELAY_RESERVATION_REFUSED;
    seek(&p);
    RUN_UNTIL(&p.net, "refused", p.server.reserved == 1);
    learn_relayed(&p, CALLER, HIDDEN);
    net_connect(&p.net, CALLER, net_id(&p.net, HIDDEN), 5000, &wait);
    RUN_UNTIL(&p.net, "told", wait.calls == 1);
    CHECK("not connected", wait.code != KN_OK);
    CHECK_EQ("nobody was brought", p.server.brought, 0);
    CHECK_EQ("nothing held", held(&p, NULL), 0);
    check_announced("nothing announced", &p, "");
    stop(&p);
}

static void a_relay_is_never_reached_through_a_relay(void **state)
{
    struct net_wait wait;
    struct place p;

    (void)state;
    reserve(&p);
    /* 3 is said to be behind 1 as its relay, which itself is known behind 0 only. */
    learn_relayed(&p, CALLER, HIDDEN);
    {
        struct kn_buffer address = { 0 };
        struct kn_endpoint nowhere;

        net_nowhere(&p.net, &nowhere);
        kn_address_of_endpoint(&nowhere, &address);
        kn_address_add_peer(net_id(&p.net, HIDDEN), &address);
        kn_write_varint(&address, KN_PROTO_P2P_CIRCUIT);
        kn_host_learn(p.net.at[CALLER].host, net_id(&p.net, OTHER), kn_buffer_get(&address));
        kn_buffer_done(&address);
    }
    net_connect(&p.net, CALLER, net_id(&p.net, OTHER), 5000, &wait);
    RUN_UNTIL(&p.net, "told", wait.calls == 1);
    CHECK_EQ("refused there", wait.code, KN_E_REFUSED);
    CHECK_EQ("the relay was not asked", p.server.brought, 0);
    stop(&p);
}

static void what_goes_with_the_relay_is_noticed(void **state)
{
    struct kn_connection *connection;
    struct place p;
    unsigned lost;

    (void)state;
    reserve(&p);
    connection = call(&p, CALLER, HIDDEN);
    CHECK("relayed", kn_host_relayed(connection) != NULL);
    lost = p.net.at[CALLER].lost;
    p.server.reserve = KN_RELAY_RESERVATION_REFUSED;
    kn_host_close(kn_host_connection(p.net.at[HIDDEN].host, net_id(&p.net, RELAY)));
    RUN_UNTIL(&p.net, "the circuit ended", p.net.at[CALLER].lost > lost);
    RUN_UNTIL(&p.net, "it is sought again", p.server.reserved >= 2 && held(&p, NULL) == 0);
    check_announced("nothing announced", &p, "");
    stop(&p);
}

struct kad_answer {
    unsigned calls;
    enum kn_code code;
};

static void on_kad_answer(void *arg, enum kn_code code, struct kn_stream *stream,
                          struct kn_span answer, struct kn_span rest)
{
    struct kad_answer *got = arg;

    (void)answer;
    (void)rest;
    got->calls++;
    got->code = code;
    if (stream != NULL)
        kn_stream_forget(stream);
}

static enum kn_code ask_kad(struct place *p, struct kn_connection *connection)
{
    static const char *const names[] = { "/ipfs/kad/1.0.0", NULL };
    struct kn_buffer question = { 0 };
    struct kn_exchange_options options = {
        .names = names,
        .answer_max = KN_KAD_MESSAGE_MAX,
        .timeout_ms = 5000,
    };
    struct kad_answer got = { .calls = 0 };
    struct kn_exchange *exchange;

    kn_kad_ping_encode(&question);
    options.question = kn_buffer_get(&question);
    CHECK_EQ("ask", kn_exchange_start(connection, &options, on_kad_answer, &got, &exchange), KN_OK);
    RUN_UNTIL(&p->net, "answer", got.calls == 1);
    kn_buffer_done(&question);
    return got.code;
}

static void kad_is_not_spoken_through_a_relay(void **state)
{
    struct kn_connection *relayed;
    struct kn_kad *kad;
    struct place p;

    (void)state;
    reserve(&p);
    kad = kn_kad_new(p.net.at[HIDDEN].host, true);
    relayed = call(&p, CALLER, HIDDEN);
    CHECK_EQ("relayed", ask_kad(&p, relayed), KN_E_CLOSED);
    CHECK_EQ("direct", ask_kad(&p, net_join(&p.net, OTHER, HIDDEN)), KN_OK);
    kn_kad_free(kad);
    stop(&p);
}

static void much_goes_through_a_relay(void **state)
{
    struct kn_connection *connection;
    struct place p;

    (void)state;
    reserve(&p);
    connection = call(&p, CALLER, HIDDEN);
    for (int i = 0; i < 50; i++)
        check_ping(&p, connection);
    stop(&p);
}

static void a_host_ends_with_everything_open(void **state)
{
    struct net_wait wait;
    struct place p;

    (void)state;
    reserve(&p);
    (void)call(&p, CALLER, HIDDEN);
    (void)call(&p, OTHER, HIDDEN);
    p.server.silent = true;
    learn_relayed(&p, CALLER, OTHER);
    net_connect(&p.net, CALLER, net_id(&p.net, OTHER), 5000, &wait);
    net_turn(&p.net);
    kn_connect_cancel(wait.connect);
    stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_held_and_announced),
        cmocka_unit_test(the_addresses_that_a_relay_names_are_announced),
        cmocka_unit_test(a_relay_that_came_to_us_is_announced_where_it_is_known),
        cmocka_unit_test(a_caller_comes_through_the_relay),
        cmocka_unit_test(a_direct_connection_is_preferred),
        cmocka_unit_test(who_wants_no_relay_is_told_apart),
        cmocka_unit_test(a_direct_address_goes_first),
        cmocka_unit_test(a_silent_address_does_not_keep_the_relay_waiting),
        cmocka_unit_test(what_a_relay_says_no_to_is_told),
        cmocka_unit_test(a_caller_of_a_relay_that_was_not_asked_is_refused),
        cmocka_unit_test(a_relay_is_never_reached_through_a_relay),
        cmocka_unit_test(what_goes_with_the_relay_is_noticed),
        cmocka_unit_test(kad_is_not_spoken_through_a_relay),
        cmocka_unit_test(much_goes_through_a_relay),
        cmocka_unit_test(a_host_ends_with_everything_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
