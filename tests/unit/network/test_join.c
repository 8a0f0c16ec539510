#include "network/network.h"

#include "lib/codec/multiaddr_bytes.h"
#include "support/hosts.h"

enum { NODES = 3, ADDRESS_SIZE = 160 };

/* Nodes of a network, and a plain host that speaks no DHT. */
struct swarm {
    struct net net; /* host 0: plain; host 1: whose id nobody has */
    struct kn_key *keys[NODES];
    struct kn_network *nodes[NODES]; /* 0 joins, 1 serves, 2 is a client that listens */
};

static void swarm_start(struct swarm *s)
{
    const struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };

    *s = (struct swarm){ 0 };
    net_start(&s->net, 2, 0);
    for (size_t i = 0; i < NODES; i++) {
        CHECK_EQ("key", kn_key_new(&s->net.random, &s->keys[i]), KN_OK);
        const struct kn_network_options options = { .loop = s->net.loop,
                                                    .identity = s->keys[i],
                                                    .random = &s->net.random,
                                                    .agent = "test/1",
                                                    .is_client = i != 1 };
        CHECK_EQ("network", kn_network_new(&options, &s->nodes[i], NULL), KN_OK);
        if (i > 0)
            CHECK_EQ("listen", kn_host_listen(kn_network_host(s->nodes[i]), &at, NULL), KN_OK);
    }
}

static void swarm_stop(struct swarm *s)
{
    for (size_t i = 0; i < NODES; i++) {
        kn_network_free(s->nodes[i]);
        kn_key_free(s->keys[i]);
    }
    net_stop(&s->net);
}

static void write_address(char out[ADDRESS_SIZE], uint16_t port, const struct kn_peer_id *id)
{
    char text[KN_PEER_ID_TEXT_SIZE];

    kn_peer_id_print(id, text);
    (void)snprintf(out, ADDRESS_SIZE, "/ip4/127.0.0.1/tcp/%u/p2p/%s", port, text);
}

static uint16_t port_of(const struct kn_host *host)
{
    struct kn_endpoint at;

    kn_host_listener(host, 0, &at);
    return at.port;
}

struct joining {
    struct kn_join *join;
    unsigned settled, done;
    size_t answered;
    const char *first;
    bool frees; /* in the first event */
};

static void on_settled(void *arg, const struct kn_bootstrap *bootstrap)
{
    struct joining *j = arg;

    if (j->settled++ == 0)
        j->first = bootstrap->address;
    if (j->frees && j->settled == 1)
        kn_join_free(j->join);
}

static void on_done(void *arg, size_t answered)
{
    struct joining *j = arg;

    j->done++;
    j->answered = answered;
    if (j->frees)
        kn_join_free(j->join);
}

enum { GOOD, REFUSED, SILENT, WRONG_ID, NOT_LIBP2P, NO_DHT, ROWS };

static const struct {
    const char *name;
    enum kn_code want;
    const char *text;
} verdicts[ROWS] = {
    [GOOD] = { "a node", KN_OK, "" },
    [REFUSED] = { "nobody listens", KN_E_REFUSED, "nothing listens at 127.0.0.1:" },
    [SILENT] = { "silent", KN_E_TIMEOUT, "takes connections and then stays silent" },
    [WRONG_ID] = { "another peer", KN_E_IDENTITY, "another peer answers there: 12D3" },
    [NOT_LIBP2P] = { "a web server", KN_E_PROTOCOL, "does not speak libp2p" },
    [NO_DHT] = { "libp2p alone", KN_E_UNSUPPORTED,
                 "it speaks libp2p, but not the DHT of hivemind" },
};

/* A server that is silent or speaks something else; it lives as long as the swarm. */
static struct kn_listener *serve(struct swarm *s, enum net_server server, struct kn_endpoint *at)
{
    struct kn_listener *listener;

    net_serve(&s->net, server, at);
    listener = s->net.listener;
    s->net.listener = NULL;
    return listener;
}

static void address_of_row(struct swarm *s, int row, char out[ADDRESS_SIZE])
{
    struct kn_peer_id other = *net_id(&s->net, 1);
    struct kn_endpoint at;

    other.bytes[other.n - 1] = (uint8_t)row; /* each row waits for another peer */
    if (row == GOOD)
        write_address(out, port_of(kn_network_host(s->nodes[1])), kn_key_peer_id(s->keys[1]));
    else if (row == WRONG_ID)
        write_address(out, port_of(s->net.at[1].host), &other);
    else if (row == NO_DHT)
        write_address(out, port_of(s->net.at[0].host), net_id(&s->net, 0));
    else {
        net_nowhere(&s->net, &at);
        write_address(out, at.port, &other);
    }
}

static void each_bootstrap_has_its_verdict(void **state)
{
    static const int rows[] = { GOOD, REFUSED, WRONG_ID, NO_DHT };
    char text[KN_COUNT(rows)][ADDRESS_SIZE];
    const char *addresses[KN_COUNT(rows)];
    struct joining j = { 0 };
    const struct kn_join_events events = { &j, NULL, on_settled, on_done };
    struct kn_peer_id peers[4];
    struct swarm s;

    (void)state;
    swarm_start(&s);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        address_of_row(&s, rows[i], text[i]);
        addresses[i] = text[i];
    }
    CHECK_EQ("start",
             kn_join_start(s.nodes[0], addresses, KN_COUNT(rows), 4000, &events, &j.join, NULL),
             KN_OK);
    RUN_UNTIL(&s.net, "done", j.done == 1);
    CHECK_EQ("each", j.settled, KN_COUNT(rows));
    CHECK_EQ("answered", j.answered, 1);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_bootstrap *told = kn_join_get(j.join, i);

        CHECK_EQ(verdicts[rows[i]].name, told->code, verdicts[rows[i]].want);
        CHECK_HAS(verdicts[rows[i]].name, told->error.text, verdicts[rows[i]].text);
        CHECK(verdicts[rows[i]].name, told->settled && told->ms > 0);
    }
    CHECK_EQ("nodes", kn_join_peers(j.join, peers, 4), 1);
    CHECK("the node", kn_peer_id_equal(&peers[0], kn_key_peer_id(s.keys[1])));
    kn_join_free(j.join);
    swarm_stop(&s);
}

/* The good one is told long before the silent one is given up. */
static void who_answers_is_not_kept_waiting_for_who_does_not(void **state)
{
    static const struct {
        int row;
        enum net_server server;
    } rows[] = { { SILENT, SERVER_SILENT }, { NOT_LIBP2P, SERVER_HTTP } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char text[2][ADDRESS_SIZE];
        const char *const addresses[] = { text[0], text[1] };
        struct joining j = { 0 };
        const struct kn_join_events events = { &j, NULL, on_settled, on_done };
        struct kn_listener *listener;
        struct kn_endpoint at;
        struct swarm s;

        swarm_start(&s);
        listener = serve(&s, rows[i].server, &at);
        write_address(text[0], at.port, net_id(&s.net, 1));
        address_of_row(&s, GOOD, text[1]);
        CHECK_EQ("start", kn_join_start(s.nodes[0], addresses, 2, 1500, &events, &j.join, NULL),
                 KN_OK);
        s.net.server = rows[i].server;
        RUN_UNTIL(&s.net, "done", j.done == 1);
        if (rows[i].row == SILENT)
            CHECK_STR("first", j.first, text[1]);
        CHECK_EQ(verdicts[rows[i].row].name, kn_join_get(j.join, 0)->code,
                 verdicts[rows[i].row].want);
        CHECK_HAS(verdicts[rows[i].row].name, kn_join_get(j.join, 0)->error.text,
                  verdicts[rows[i].row].text);
        CHECK_EQ("the good one", kn_join_get(j.join, 1)->code, KN_OK);
        kn_join_free(j.join);
        kn_listener_free(listener);
        swarm_stop(&s);
    }
}

static void a_join_may_be_freed_by_its_events_and_at_any_time(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        char text[ADDRESS_SIZE];
        const char *const addresses[] = { text };
        struct joining j = { .frees = when == 0 };
        const struct kn_join_events events = { &j, NULL, on_settled, on_done };
        struct swarm s;
        size_t done;

        swarm_start(&s);
        address_of_row(&s, GOOD, text);
        CHECK_EQ("start", kn_join_start(s.nodes[0], addresses, 1, 4000, &events, &j.join, NULL),
                 KN_OK);
        if (when == 0)
            RUN_UNTIL(&s.net, "freed", j.settled == 1);
        if (when == 2)
            RUN_UNTIL(&s.net, "half-way",
                      kn_host_connection_count(kn_network_host(s.nodes[0])) == 1);
        done = j.done; /* half-way may be the end already, on a machine that is busy */
        if (when > 0)
            kn_join_free(j.join);
        net_turn(&s.net);
        CHECK_EQ("never", j.done, done);
        swarm_stop(&s);
    }
}

static void what_cannot_be_joined_is_refused_at_once(void **state)
{
    static const struct {
        const char *address;
        const char *text;
    } rows[] = {
        { NULL, "no bootstrap peer is named" },
        { "/ip4/127.0.0.1/tcp/4001", "does not say which peer is expected there" },
        { "127.0.0.1:4001", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct joining j = { 0 };
        const struct kn_join_events events = { &j, NULL, on_settled, on_done };
        struct kn_error err = { 0 };
        struct swarm s;

        swarm_start(&s);
        CHECK("refused", kn_join_start(s.nodes[0], &rows[i].address, rows[i].address != NULL, 1000,
                                       &events, &j.join, &err) != KN_OK);
        CHECK_HAS("text", err.text, rows[i].text);
        swarm_stop(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bootstrap_has_its_verdict),
        cmocka_unit_test(who_answers_is_not_kept_waiting_for_who_does_not),
        cmocka_unit_test(a_join_may_be_freed_by_its_events_and_at_any_time),
        cmocka_unit_test(what_cannot_be_joined_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
