#include "demo/swarm.h"

#include "demo/population.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/crypto/key.h"
#include "lib/crypto/random.h"
#include "network/network.h"

#define ANY_PORT_OF_LOOPBACK "/ip4/127.0.0.1/tcp/0"

/* What the population looks like is the same each time; who the nodes are is not. */
enum { POPULATION_SEED = 2026 };

struct node {
    struct kn_demo_swarm *swarm;
    size_t index;
    struct kn_key *key;
    struct kn_network *network;
    struct kn_text address;
    struct kn_dht_id id;
    struct kn_join *join;
};

struct kn_demo_swarm {
    struct kn_demo_swarm_options options;
    struct kn_random random;
    struct node nodes[KN_DEMO_NODES];
    const char *addresses[KN_DEMO_NODES];
    size_t joined;
    struct kn_timer *report; /* so that `ready` comes from no callback of the network */
    enum kn_code code;
    struct kn_error err;
};

/* -- records, where they belong */

struct placing {
    const struct kn_demo_swarm *swarm;
    double now;
};

/* Move the KN_DHT_REPLICAS nearest to the front. */
static void sort_nearest(const struct kn_demo_swarm *swarm, const struct kn_dht_id *key,
                         const struct node *out[KN_DEMO_NODES])
{
    for (size_t i = 0; i < KN_DEMO_NODES; i++)
        out[i] = &swarm->nodes[i];
    for (size_t i = 0; i < KN_DHT_REPLICAS; i++) {
        for (size_t j = i + 1; j < KN_DEMO_NODES; j++) {
            const struct node *other = out[j];

            if (kn_dht_id_nearer(key, &other->id, &out[i]->id) >= 0)
                continue;
            out[j] = out[i];
            out[i] = other;
        }
    }
}

/* What has ended was alive when it was stored: a node drops it when the moment has come. */
static bool place(void *arg, const struct kn_demo_record *record)
{
    const struct placing *placing = arg;
    bool has_ended = record->expiration < placing->now;
    double now = has_ended ? record->expiration - 1 : placing->now;
    const struct node *nearest[KN_DEMO_NODES];
    struct kn_dht_id key;

    if (!kn_dht_id_of_text(kn_span_text(record->key), &key))
        return false;
    sort_nearest(placing->swarm, &key, nearest);
    for (size_t i = 0; i < KN_DHT_REPLICAS; i++) {
        struct kn_dht *dht = kn_network_dht(nearest[i]->network);

        if (kn_record_put(kn_dht_records(dht), &key, record->subkey, record->value,
                          record->expiration, NULL, now) != KN_STORED)
            return false;
    }
    return true;
}

static enum kn_code settle_in(struct kn_demo_swarm *swarm)
{
    uint64_t state = POPULATION_SEED;
    const struct kn_random seeded = kn_random_seeded(&state);
    struct placing placing = { swarm, kn_loop_unix_time() };
    enum kn_code rc = kn_demo_populate(&seeded, placing.now, place, &placing);

    if (rc == KN_E_CANCELLED || rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(&swarm->err);
    return rc != KN_OK ? kn_fail(&swarm->err, rc, "the records cannot be made") : KN_OK;
}

/* -- meeting each other */

static void on_report(void *arg)
{
    struct kn_demo_swarm *swarm = arg;

    if (swarm->code == KN_OK)
        swarm->code = settle_in(swarm);
    swarm->options.ready(swarm->options.arg, swarm->code, &swarm->err);
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    const struct node *node = arg;
    struct kn_demo_swarm *swarm = node->swarm;

    if (told->code == KN_OK || swarm->code != KN_OK)
        return;
    swarm->code = told->code;
    swarm->err = told->error;
    kn_wrap(&swarm->err, "node %zu of the swarm did not meet the others", node->index + 1);
}

static void on_joined(void *arg, size_t answered)
{
    const struct node *node = arg;
    struct kn_demo_swarm *swarm = node->swarm;

    (void)answered;
    if (++swarm->joined == KN_DEMO_NODES - 1)
        kn_timer_set(swarm->report, kn_loop_now(swarm->options.loop));
}

/* Everybody dials those before. */
static enum kn_code join(struct node *node, struct kn_error *err)
{
    const struct kn_join_events events = { node, NULL, on_settled, on_joined };

    if (node->index == 0)
        return KN_OK;
    return kn_join_start(node->network, node->swarm->addresses, node->index, KN_DEMO_JOIN_MS,
                         &events, &node->join, err);
}

/* -- making them */

static enum kn_code learn_address(struct node *node, struct kn_error *err)
{
    const struct kn_peer_id *self = kn_host_self(kn_network_host(node->network));
    char peer[KN_PEER_ID_TEXT_SIZE];
    struct kn_endpoint at;

    kn_host_listener(kn_network_host(node->network), 0, &at);
    kn_peer_id_print(self, peer);
    kn_text_addf(&node->address, "/ip4/127.0.0.1/tcp/%u/p2p/%s", at.port, peer);
    kn_dht_id_of_bytes(kn_span(self->bytes, self->n), &node->id);
    node->swarm->addresses[node->index] = kn_text_get(&node->address);
    return node->address.failed ? kn_fail_no_memory(err) : KN_OK;
}

static enum kn_code make_node(struct kn_demo_swarm *swarm, size_t index, struct kn_error *err)
{
    struct node *node = &swarm->nodes[index];
    struct kn_network_options options = {
        .loop = swarm->options.loop,
        .random = &swarm->random,
        .agent = swarm->options.agent,
    };
    enum kn_code rc;

    node->swarm = swarm;
    node->index = index;
    if (kn_key_new(&swarm->random, &node->key) != KN_OK)
        return kn_fail_no_memory(err);
    options.identity = node->key;
    rc = kn_network_new(&options, &node->network, err);
    if (rc == KN_OK)
        rc = kn_network_listen(node->network, ANY_PORT_OF_LOOPBACK, err);
    if (rc == KN_OK)
        rc = learn_address(node, err);
    return rc == KN_OK ? join(node, err) : rc;
}

enum kn_code kn_demo_swarm_new(const struct kn_demo_swarm_options *options,
                               struct kn_demo_swarm **out, struct kn_error *err)
{
    struct kn_demo_swarm *swarm = kn_try_alloc(sizeof(*swarm));
    enum kn_code rc = KN_OK;

    if (swarm == NULL)
        return kn_fail_no_memory(err);
    swarm->options = *options;
    swarm->random = kn_random_system();
    swarm->report = kn_timer_new(options->loop, on_report, swarm);
    if (swarm->report == NULL)
        rc = kn_fail_no_memory(err);
    for (size_t i = 0; rc == KN_OK && i < KN_DEMO_NODES; i++)
        rc = make_node(swarm, i, err);
    if (rc != KN_OK) {
        kn_demo_swarm_free(swarm);
        return rc;
    }
    *out = swarm;
    return KN_OK;
}

void kn_demo_swarm_free(struct kn_demo_swarm *swarm)
{
    if (swarm == NULL)
        return;
    for (size_t i = 0; i < KN_DEMO_NODES; i++)
        kn_join_free(swarm->nodes[i].join);
    for (size_t i = 0; i < KN_DEMO_NODES; i++) {
        kn_network_free(swarm->nodes[i].network);
        kn_key_free(swarm->nodes[i].key);
        kn_text_done(&swarm->nodes[i].address);
    }
    kn_timer_free(swarm->report);
    kn_free(swarm);
}

const char *kn_demo_swarm_address(const struct kn_demo_swarm *swarm, size_t i)
{
    return swarm->addresses[i];
}

struct kn_network *kn_demo_swarm_node(const struct kn_demo_swarm *swarm, size_t i)
{
    return swarm->nodes[i].network;
}
