/* A place at a relay, and a call through it, while one allocation after another fails. */
#include "network/swarm/relay_client.h"

#include <limits.h>

#include "lib/codec/multiaddr_bytes.h"
#include "network/swarm/identify.h"
#include "support/fuse.h"
#include "support/hosts.h"
#include "support/relay_server.h"

enum { RELAY, HIDDEN, CALLER, TURNS = 150, STEP = 3 };

static void learn_relayed(struct net *net)
{
    struct kn_buffer address = { 0 };
    struct kn_endpoint at;

    kn_host_listener(net->at[RELAY].host, 0, &at);
    kn_address_of_endpoint(&at, &address);
    kn_address_add_peer(net_id(net, RELAY), &address);
    kn_write_varint(&address, KN_PROTO_P2P_CIRCUIT);
    kn_host_learn(net->at[CALLER].host, net_id(net, HIDDEN), kn_buffer_get(&address));
    kn_buffer_done(&address);
}

static void seek(struct net *net, struct kn_relay_client **client)
{
    const struct kn_relay_client_options options = { net->at[HIDDEN].host, 1, NULL, NULL };

    *client = kn_relay_client_new(&options);
    if (*client == NULL)
        return;
    net_learn(net, HIDDEN, RELAY);
    kn_relay_client_add(*client, net_id(net, RELAY), KN_RELAY_TRUSTED);
}

static bool holds(const struct kn_relay_client *client)
{
    struct kn_relay_held held[KN_RELAY_WANTED_MAX];

    return client != NULL && kn_relay_client_held(client, held) > 0;
}

/* With the allocation after `fuse` others failing. True: it was called through the relay. */
static bool run(long fuse)
{
    struct kn_relay_client *client = NULL;
    struct relay_server server;
    struct net_wait wait = { 0 };
    struct net net;

    net_start(&net, 3, 0);
    relay_serve(&server, net.at[RELAY].host);
    kn_fuse = fuse;
    seek(&net, &client);
    for (int i = 0; i < TURNS && !holds(client); i++)
        net_turn(&net);
    learn_relayed(&net);
    if (kn_connect_start(net.at[CALLER].host, net_id(&net, HIDDEN), KN_REACH_KNOWN, 300, net_done,
                         &wait, &wait.connect) == KN_OK)
        RUN_UNTIL(&net, "told", wait.calls == 1);
    CHECK("once", wait.calls <= 1);
    kn_relay_client_free(client);
    net_stop(&net);
    relay_done(&server);
    return wait.calls == 1 && wait.code == KN_OK;
}

static void a_lack_of_memory_is_survived(void **state)
{
    bool burnt = true;

    (void)state;
    CHECK("it works", run(LONG_MAX));
    for (long fuse = 0; burnt; fuse += STEP) {
        (void)run(fuse);
        burnt = kn_fuse < 0;
        kn_fuse = -1;
    }
    CHECK("it still works", run(LONG_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_lack_of_memory_is_survived) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
