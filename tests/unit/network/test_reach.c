/* What a node does with the verdict of others on whether they can dial it. */
#include "lib/base/memory.h"
#include "network/network.h"
#include "support/hosts.h"
#include "support/relay_server.h"

/* ---- those who judge are played by the test ---- */

struct kn_autonat_client {
    struct kn_autonat_client_options options;
    struct kn_verdict verdict;
    unsigned asked;
};

static struct kn_autonat_client judge;

struct kn_autonat_client *kn_autonat_client_new(const struct kn_autonat_client_options *options)
{
    judge = (struct kn_autonat_client){ .options = *options };
    return &judge;
}

void kn_autonat_client_free(struct kn_autonat_client *client)
{
    (void)client;
}

const struct kn_verdict *kn_autonat_client_verdict(const struct kn_autonat_client *client)
{
    return &client->verdict;
}

void kn_autonat_client_ask(struct kn_autonat_client *client)
{
    client->asked++;
}

static void find(enum kn_reachability reachability)
{
    judge.verdict.now = reachability;
    judge.options.changed(judge.options.arg, reachability);
}

/* ---- a node that asks, a peer that is connected to it, a relay ---- */

enum { NODE, PEER, NODES };

struct world {
    struct net net; /* host 0 is the relay */
    struct relay_server server;
    struct kn_key *keys[NODES];
    struct kn_network *at[NODES];
    unsigned moved;
};

static void on_moved(void *arg)
{
    struct world *w = arg;

    w->moved++;
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    (void)arg;
    (void)connection;
    CHECK_EQ(err != NULL ? err->text : "connected", code, KN_OK);
}

static void learn(struct kn_host *who, const struct kn_host *of)
{
    struct kn_buffer address = { 0 };
    struct kn_endpoint at;

    kn_host_listener(of, 0, &at);
    kn_address_of_endpoint(&at, &address);
    kn_host_learn(who, kn_host_self(of), kn_buffer_get(&address));
    kn_buffer_done(&address);
}

/* As the connected peer has it from the node's own words. */
static const struct kn_peer_facts *heard(const struct world *w)
{
    static const struct kn_peer_facts nothing;
    const struct kn_peer_facts *facts =
        kn_host_facts(kn_network_host(w->at[PEER]), kn_key_peer_id(w->keys[NODE]));

    return facts != NULL ? facts : &nothing;
}

/* Nobody has come to the node yet. */
static void begin_alone(struct world *w, bool hidden)
{
    const struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };

    *w = (struct world){ .moved = 0 };
    net_start(&w->net, 1, 0);
    relay_serve(&w->server, w->net.at[0].host);
    for (size_t i = 0; i < NODES; i++) {
        CHECK_EQ("key", kn_key_new(&w->net.random, &w->keys[i]), KN_OK);
        const struct kn_network_options options = {
            .loop = w->net.loop,
            .identity = w->keys[i],
            .random = &w->net.random,
            .agent = "test/1",
            .relays = i == NODE,
            .asks_reachability = i == NODE,
            .is_hidden = i == NODE && hidden,
            .moved = on_moved,
            .arg = w,
        };
        CHECK_EQ("network", kn_network_new(&options, &w->at[i], NULL), KN_OK);
        CHECK_EQ("listen", kn_host_listen(kn_network_host(w->at[i]), &at, NULL), KN_OK);
    }
    learn(kn_network_host(w->at[NODE]), w->net.at[0].host);
    kn_relay_client_add(kn_network_relays(w->at[NODE]), net_id(&w->net, 0), KN_RELAY_TRUSTED);
}

static void begin(struct world *w, bool hidden)
{
    struct kn_connect *connect;

    begin_alone(w, hidden);
    learn(kn_network_host(w->at[PEER]), kn_network_host(w->at[NODE]));
    CHECK_EQ("connect",
             kn_connect_start(kn_network_host(w->at[PEER]), kn_key_peer_id(w->keys[NODE]),
                              KN_REACH_KNOWN, 5000, on_connected, w, &connect),
             KN_OK);
    RUN_UNTIL(&w->net, "heard of", heard(w)->identified);
}

static void end(struct world *w)
{
    for (size_t i = 0; i < NODES; i++) {
        kn_network_free(w->at[i]);
        kn_key_free(w->keys[i]);
    }
    net_stop(&w->net);
    relay_done(&w->server);
}

static size_t held(const struct world *w)
{
    struct kn_relay_held all[KN_RELAY_WANTED_MAX];

    return kn_relay_client_held(kn_network_relays(w->at[NODE]), all);
}

static void count_address(void *arg, struct kn_span address)
{
    struct kn_multiaddr_route route;
    size_t *counts = arg;

    CHECK_EQ("route", kn_multiaddr_route(address, &route), KN_OK);
    counts[route.is_relayed]++;
}

static void a_verdict_is_followed_at_run_time(void **state)
{
    struct world w;

    (void)state;
    begin(&w, false);
    RUN_UNTIL(&w.net, "served while nobody knows", heard(&w)->serves_kad);
    CHECK_EQ("no relay yet", held(&w), 0);
    CHECK("not relayed", !kn_network_is_relayed(w.at[NODE]));

    find(KN_REACHABILITY_PRIVATE);
    RUN_UNTIL(&w.net, "given up, and told", !heard(&w)->serves_kad);
    CHECK("the DHT of hivemind goes on", heard(&w)->serves_dht);
    RUN_UNTIL(&w.net, "a place at the relay", held(&w) == 1);
    CHECK("relayed", kn_network_is_relayed(w.at[NODE]));
    CHECK("its owner hears of it", w.moved > 1);

    find(KN_REACHABILITY_PUBLIC);
    RUN_UNTIL(&w.net, "taken up again, and told", heard(&w)->serves_kad);
    CHECK("not relayed any more", !kn_network_is_relayed(w.at[NODE]));
    end(&w);
}

static void who_was_never_reached_waits_so_long_before_it_looks_for_relays(void **state)
{
    struct kn_network_options options = { .relays = 1, .asks_reachability = true, .doubt_ms = 50 };
    const struct kn_endpoint loopback = { .ip = { 127, 0, 0, 1 } };
    const struct kn_stale came = { .fresh = &loopback, .fresh_count = 1 };
    unsigned before;
    struct world w;

    (void)state;
    begin_alone(&w, false);
    for (int i = 0; i < 100; i++)
        net_turn(&w.net);
    CHECK_EQ("it waits for the usual time", held(&w), 0);
    CHECK_EQ("change", kn_network_change(w.at[NODE], &options, NULL), KN_OK);
    RUN_UNTIL(&w.net, "and then for a shorter one", held(&w) == 1);
    CHECK_EQ("nobody was asked anew", judge.asked, 0);
    before = w.server.reserved;
    options.times.request_ms = 1000;
    CHECK_EQ("change", kn_network_change(w.at[NODE], &options, NULL), KN_OK);
    kn_network_moved(w.at[NODE], &came); /* which ends the connection to the relay */
    RUN_UNTIL(&w.net, "other settings are no reason to want it no more",
              w.server.reserved > before);
    end(&w);
}

static void who_is_hidden_announces_relays_alone(void **state)
{
    size_t counts[2] = { 0, 0 }; /* [is_relayed] */
    struct world w;

    (void)state;
    begin(&w, true);
    RUN_UNTIL(&w.net, "a place, without a verdict", held(&w) == 1);
    kn_host_announced(kn_network_host(w.at[NODE]), count_address, counts);
    CHECK_EQ("direct", counts[false], 0);
    CHECK_EQ("relayed", counts[true], 1);
    CHECK("relayed", kn_network_is_relayed(w.at[NODE]));
    find(KN_REACHABILITY_PUBLIC);
    CHECK("still", kn_network_is_relayed(w.at[NODE]));
    CHECK("kad is not served, whoever says so", !kn_kad_is_serving(kn_network_kad(w.at[NODE])));
    end(&w);
}

static void who_moved_asks_anew_and_drops_what_is_dead(void **state)
{
    struct world w;

    (void)state;
    begin(&w, false);
    const struct kn_stale nothing = { .all = true };
    size_t before = kn_host_connection_count(kn_network_host(w.at[NODE]));
    const struct kn_endpoint loopback = { .ip = { 127, 0, 0, 1 } };
    const struct kn_stale came = { .fresh = &loopback, .fresh_count = 1 };

    kn_network_moved(w.at[NODE], &nothing);
    CHECK_EQ("asked", judge.asked, 1);
    for (int i = 0; i < 10; i++)
        net_turn(&w.net);
    CHECK_EQ("loopback outlives sleep", kn_host_connection_count(kn_network_host(w.at[NODE])),
             before);
    kn_network_moved(w.at[NODE], &came);
    RUN_UNTIL(&w.net, "older than its address",
              kn_host_connection_count(kn_network_host(w.at[NODE])) == 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_is_followed_at_run_time),
        cmocka_unit_test(who_was_never_reached_waits_so_long_before_it_looks_for_relays),
        cmocka_unit_test(who_is_hidden_announces_relays_alone),
        cmocka_unit_test(who_moved_asks_anew_and_drops_what_is_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
