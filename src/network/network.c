#include "network/network.h"

#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/io/interfaces.h"
#include "network/swarm/addresses.h"
#include "network/swarm/dht_service.h"
#include "network/swarm/identify.h"
#include "network/swarm/ping.h"

/* Addresses to tell instead of what is listened on. */
struct announced {
    struct kn_buffer at[KN_NETWORK_ANNOUNCE_MAX];
    size_t n;
};

struct kn_network {
    struct kn_loop *loop;
    struct kn_host *host;
    struct kn_kad *kad;
    struct kn_dht_service *dht;
    struct kn_identify_service *identify;
    struct kn_relay_client *relays;
    size_t relays_wanted;
    struct kn_autonat_client *autonat;
    struct kn_timer *doubt;
    bool is_hidden, is_dht_client;
    bool is_doubted; /* relays are wanted though nobody said that they are needed */
    void (*moved)(void *arg);
    void *moved_arg;
    struct announced announced;
    unsigned observers;
    int doubt_ms;
};

static void forget(struct announced *announced)
{
    for (size_t i = 0; i < announced->n; i++)
        kn_buffer_done(&announced->at[i]);
    announced->n = 0;
}

static bool is_wildcard(const struct kn_endpoint *at)
{
    static const uint8_t zeros[16];

    return memcmp(at->ip, zeros, at->is_ip6 ? 16 : 4) == 0;
}

static void add_endpoint(const struct kn_endpoint *at, kn_add_address_fn *add, void *add_arg)
{
    struct kn_buffer address = { 0 };

    kn_address_of_endpoint(at, &address);
    if (!address.failed)
        add(add_arg, kn_buffer_get(&address));
    kn_buffer_done(&address);
}

/* The addresses of this machine, asked for when the first listener needs them. */
struct here {
    bool is_known;
    size_t n;
    struct kn_endpoint at[KN_INTERFACES_MAX];
};

/* A listener on every address of this machine is told as the addresses that there are. */
static void add_listener(const struct kn_endpoint *at, struct here *here, kn_add_address_fn *add,
                         void *add_arg)
{
    if (!is_wildcard(at)) {
        add_endpoint(at, add, add_arg);
        return;
    }
    if (!here->is_known)
        here->n = kn_interfaces(here->at);
    here->is_known = true;
    for (size_t i = 0; i < here->n; i++) {
        here->at[i].port = at->port;
        if (here->at[i].is_ip6 == at->is_ip6)
            add_endpoint(&here->at[i], add, add_arg);
    }
}

static void announcer(void *arg, kn_add_address_fn *add, void *add_arg)
{
    const struct kn_network *network = arg;
    struct here here = { .is_known = false };

    for (size_t i = 0; i < network->announced.n; i++)
        add(add_arg, kn_buffer_get(&network->announced.at[i]));
    if (network->announced.n > 0 || network->is_hidden)
        return;
    for (size_t i = 0; i < kn_host_listeners(network->host); i++) {
        struct kn_endpoint at;

        kn_host_listener(network->host, i, &at);
        add_listener(&at, &here, add, add_arg);
    }
}

static enum kn_code read_announced(const struct kn_network_options *options, struct announced *out,
                                   struct kn_error *err)
{
    if (options->announce_count > KN_NETWORK_ANNOUNCE_MAX)
        return kn_fail(err, KN_E_LIMIT, "more than %d addresses to announce",
                       KN_NETWORK_ANNOUNCE_MAX);
    for (size_t i = 0; i < options->announce_count; i++) {
        enum kn_code rc =
            kn_multiaddr_to_bytes(kn_span_text(options->announce[i]), &out->at[i], err);

        out->n++;
        if (rc != KN_OK) {
            forget(out);
            return rc;
        }
    }
    return KN_OK;
}

static void tell_moved(struct kn_network *network)
{
    kn_network_announce(network);
    if (network->moved != NULL)
        network->moved(network->moved_arg);
}

static void on_announced_changed(void *arg)
{
    tell_moved(arg);
}

/* A client is not looked for. */
static bool build_relays(struct kn_network *network, const struct kn_network_options *options)
{
    const struct kn_relay_client_options relays = {
        .host = network->host,
        .wanted = options->asks_reachability && !options->is_hidden ? 0 : options->relays,
        .changed = on_announced_changed,
        .arg = network,
    };

    if (!options->is_client)
        network->relays = kn_relay_client_new(&relays);
    network->relays_wanted = options->relays;
    return options->is_client || network->relays != NULL;
}

/* spec: kad-dht, "Client and server mode": who is asked by others must be dialable. */
static void on_reachability(void *arg, enum kn_reachability reachability)
{
    struct kn_network *network = arg;
    bool is_private = reachability == KN_REACHABILITY_PRIVATE || network->is_hidden;

    if (reachability != KN_REACHABILITY_UNKNOWN) {
        network->is_doubted = false;
        kn_relay_client_want(network->relays, is_private ? network->relays_wanted : 0);
    }
    /* No room among the protocols: it stays a client, which is no harm. */
    (void)!kn_kad_set_serving(network->kad, !is_private && !network->is_dht_client);
    tell_moved(network);
}

/* Nobody can tell, and nobody has come: relays do no harm. */
static void on_doubt(void *arg)
{
    struct kn_network *network = arg;

    if (kn_network_reachability(network) != KN_REACHABILITY_UNKNOWN ||
        kn_host_counters(network->host)->accepted > 0)
        return;
    network->is_doubted = true;
    kn_relay_client_want(network->relays, network->relays_wanted);
}

static void stop_asking(struct kn_network *network)
{
    kn_timer_free(network->doubt);
    kn_autonat_client_free(network->autonat);
    network->doubt = NULL;
    network->autonat = NULL;
}

static void begin_to_doubt(struct kn_network *network, int doubt_ms)
{
    network->doubt_ms = doubt_ms;
    if (network->doubt != NULL)
        kn_timer_set(network->doubt,
                     kn_loop_now(network->loop) + (doubt_ms > 0 ? doubt_ms : KN_NETWORK_DOUBT_MS));
}

static bool start_asking(struct kn_network *network, const struct kn_network_options *options)
{
    const struct kn_autonat_client_options autonat = {
        .host = network->host,
        .observers = options->observers,
        .changed = on_reachability,
        .arg = network,
    };

    network->observers = options->observers;
    network->autonat = kn_autonat_client_new(&autonat);
    network->doubt = kn_timer_new(network->loop, on_doubt, network);
    begin_to_doubt(network, options->doubt_ms);
    if (network->autonat != NULL && network->doubt != NULL)
        return true;
    stop_asking(network);
    return false;
}

static bool build_autonat(struct kn_network *network, const struct kn_network_options *options)
{
    if (options->is_client || !options->asks_reachability)
        return true;
    return start_asking(network, options);
}

static bool build(struct kn_network *network, const struct kn_network_options *options)
{
    const struct kn_host_options host = {
        .loop = options->loop,
        .identity = options->identity,
        .random = options->random,
        .connections_max = options->connections_max,
        .times = options->times,
    };
    struct kn_dht_service_options dht = {
        .client_mode = options->is_client || options->is_dht_client,
        .replicas = options->replicas,
    };

    network->loop = options->loop;
    network->host = kn_host_new(&host);
    if (network->host == NULL)
        return false;
    kn_host_set_announcer(network->host, announcer, network);
    network->is_hidden = options->is_hidden;
    network->is_dht_client = options->is_client || options->is_dht_client;
    network->moved = options->moved;
    network->moved_arg = options->arg;
    network->kad = kn_kad_new(network->host, !network->is_dht_client && !options->is_hidden);
    dht.host = network->host;
    network->dht = kn_dht_service_new(&dht);
    network->identify = kn_identify_service_new(network->host, options->agent);
    return network->kad != NULL && network->dht != NULL && network->identify != NULL &&
           kn_ping_serve(network->host) == KN_OK && build_relays(network, options) &&
           build_autonat(network, options);
}

enum kn_code kn_network_new(const struct kn_network_options *options, struct kn_network **out,
                            struct kn_error *err)
{
    struct kn_network *network = kn_try_alloc(sizeof(*network));
    enum kn_code rc;

    if (network == NULL)
        return kn_fail_no_memory(err);
    rc = read_announced(options, &network->announced, err);
    if (rc == KN_OK && !build(network, options))
        rc = kn_fail_no_memory(err);
    if (rc != KN_OK) {
        kn_network_free(network);
        return rc;
    }
    *out = network;
    return KN_OK;
}

void kn_network_free(struct kn_network *network)
{
    if (network == NULL)
        return;
    network->moved = NULL;
    stop_asking(network);
    kn_relay_client_free(network->relays);
    kn_dht_service_free(network->dht);
    kn_identify_service_free(network->identify);
    kn_kad_free(network->kad);
    kn_host_free(network->host);
    forget(&network->announced);
    kn_free(network);
}

/* Others are asked, as they were, or asked no more. */
static bool change_asking(struct kn_network *network, const struct kn_network_options *options)
{
    bool asks = network->autonat != NULL;

    if (asks == options->asks_reachability && (!asks || network->observers == options->observers)) {
        if (network->doubt_ms != options->doubt_ms)
            begin_to_doubt(network, options->doubt_ms);
        return true;
    }
    stop_asking(network);
    return !options->asks_reachability || start_asking(network, options);
}

/* Where nobody is asked, or asked in vain, whoever wants relays has them at once. */
static void change_reach(struct kn_network *network, const struct kn_network_options *options)
{
    enum kn_reachability verdict = kn_network_reachability(network);
    bool is_private = verdict == KN_REACHABILITY_PRIVATE || options->is_hidden;
    bool waits = network->autonat != NULL && !is_private && !network->is_doubted;

    network->is_hidden = options->is_hidden;
    network->relays_wanted = options->relays;
    kn_relay_client_want(network->relays, waits ? 0 : options->relays);
    /* No room among the protocols: it stays a client, which is no harm. */
    (void)!kn_kad_set_serving(network->kad, !is_private && !network->is_dht_client);
}

enum kn_code kn_network_change(struct kn_network *network, const struct kn_network_options *options,
                               struct kn_error *err)
{
    struct announced announced = { 0 };
    enum kn_code rc = read_announced(options, &announced, err);

    if (rc == KN_OK && !change_asking(network, options)) {
        forget(&announced);
        rc = kn_fail_no_memory(err);
    }
    if (rc != KN_OK)
        return rc;
    forget(&network->announced);
    network->announced = announced;
    kn_host_allow(network->host, options->connections_max);
    kn_host_hurry(network->host, &options->times);
    change_reach(network, options);
    tell_moved(network);
    return KN_OK;
}

struct kn_host *kn_network_host(const struct kn_network *network)
{
    return network->host;
}

struct kn_dht *kn_network_dht(const struct kn_network *network)
{
    return kn_dht_service_dht(network->dht);
}

struct kn_relay_client *kn_network_relays(const struct kn_network *network)
{
    return network->relays;
}

struct kn_kad *kn_network_kad(const struct kn_network *network)
{
    return network->kad;
}

enum kn_reachability kn_network_reachability(const struct kn_network *network)
{
    return network->autonat != NULL ? kn_autonat_client_verdict(network->autonat)->now
                                    : KN_REACHABILITY_UNKNOWN;
}

bool kn_network_is_relayed(const struct kn_network *network)
{
    struct kn_relay_held held[KN_RELAY_WANTED_MAX];

    return network->relays != NULL && kn_relay_client_held(network->relays, held) > 0 &&
           (network->is_hidden || kn_network_reachability(network) != KN_REACHABILITY_PUBLIC);
}

void kn_network_moved(struct kn_network *network, const struct kn_stale *stale)
{
    struct kn_endpoint here[KN_INTERFACES_MAX];
    struct kn_stale whole = *stale;

    whole.here = here;
    whole.here_count = kn_interfaces(here);
    (void)kn_host_drop_stale(network->host, &whole);
    if (network->autonat != NULL)
        kn_autonat_client_ask(network->autonat);
    kn_network_announce(network);
}

void kn_network_announce(struct kn_network *network)
{
    kn_identify_push(network->identify);
}

enum kn_code kn_network_listen(struct kn_network *network, const char *address,
                               struct kn_error *err)
{
    struct kn_buffer bytes = { 0 };
    struct kn_endpoint at;
    enum kn_code rc = kn_multiaddr_to_bytes(kn_span_text(address), &bytes, err);

    if (rc == KN_OK && !kn_address_endpoint(kn_buffer_get(&bytes), &at))
        rc =
            kn_fail(err, KN_E_INVALID, "%s is no address of this machine with a TCP port", address);
    kn_buffer_done(&bytes);
    return rc == KN_OK ? kn_host_listen(network->host, &at, err) : rc;
}
