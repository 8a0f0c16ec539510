/* join: which bootstraps answer, and what is wrong with those that do not. */
#include <string.h>

#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "network/network.h"

struct entry {
    struct kn_join *join;
    struct kn_bootstrap told;
    struct kn_connect *connect;
    struct kn_dht_op *ping;
};

struct kn_join {
    struct kn_network *network;
    struct kn_join_events events;
    int64_t started_us;
    kn_time end_by;
    size_t n, settled, answered;
    unsigned telling; /* events that run: freed by one of them, it goes when they have returned */
    bool freed;
    char *addresses; /* the texts of all entries, one behind the other */
    struct entry entries[];
};

static void release(struct kn_join *join)
{
    kn_free(join->addresses);
    kn_free(join);
}

static void settle(struct entry *e)
{
    struct kn_join *join = e->join;

    e->told.settled = true;
    e->told.ms = (double)(kn_loop_clock_us() - join->started_us) / 1000.0;
    join->settled++;
    join->answered += e->told.code == KN_OK;
    join->telling++;
    join->events.settled(join->events.arg, &e->told);
    if (!join->freed && join->settled == join->n)
        join->events.done(join->events.arg, join->answered);
    if (--join->telling == 0 && join->freed)
        release(join);
}

/* What is wrong with this one alone; that nobody answers at all is for those who know of all. */
static void advise(struct entry *e)
{
    switch ((int)e->told.code) {
    case KN_E_IDENTITY:
        kn_hint(&e->told.error, "Ask who runs it for its present address and peer id, or take it "
                                "out of network.bootstrap_peers.");
        break;
    case KN_E_UNSUPPORTED:
    case KN_E_INVALID:
    case KN_E_PROTOCOL:
        kn_hint(&e->told.error, "Take it out of network.bootstrap_peers: nobody enters the swarm "
                                "there.");
        break;
    default:
        break;
    }
}

static void fail(struct entry *e, enum kn_code code, const char *text)
{
    e->told.code = kn_fail(&e->told.error, code, "%s", text);
    advise(e);
    settle(e);
}

static const char *why_not(const struct kn_dht_pong *pong)
{
    switch ((int)pong->code) {
    case KN_E_UNSUPPORTED:
        return "it speaks libp2p, but not the DHT of hivemind";
    case KN_E_TIMEOUT:
        return "it does not answer as a DHT node in time";
    case KN_E_INVALID:
        return "it takes part in the DHT as a client only";
    case KN_E_REFUSED:
        return "it refused to answer as a DHT node";
    default:
        return "its answer as a DHT node makes no sense";
    }
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    struct entry *e = arg;

    e->ping = NULL;
    if (pong->code != KN_OK) {
        fail(e, pong->code, why_not(pong));
        return;
    }
    if (kn_network_relays(e->join->network) != NULL)
        kn_relay_client_add(kn_network_relays(e->join->network), &e->told.peer, KN_RELAY_BOOTSTRAP);
    e->told.tells_time = pong->tells_time;
    e->told.ahead_s = pong->ahead_s;
    settle(e);
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct entry *e = arg;

    (void)connection;
    e->connect = NULL;
    if (code != KN_OK) {
        e->told.code = code;
        if (err != NULL)
            e->told.error = *err;
        advise(e);
        settle(e);
        return;
    }
    if (e->join->events.connected != NULL)
        e->join->events.connected(e->join->events.arg, &e->told.peer);
    code = kn_dht_ping(kn_network_dht(e->join->network), &e->told.peer, e->join->end_by, on_pong, e,
                       &e->ping);
    if (code != KN_OK)
        fail(e, code, "out of memory");
}

static enum kn_code read_address(struct kn_join *join, struct entry *e, struct kn_error *err)
{
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    enum kn_code rc = kn_multiaddr_to_bytes(kn_span_text(e->told.address), &bytes, err);

    if (rc == KN_OK)
        rc = kn_multiaddr_route(kn_buffer_get(&bytes), &route);
    if (rc == KN_OK && !route.has_peer) {
        rc = kn_fail(err, KN_E_INVALID, "%s does not say which peer is expected there",
                     e->told.address);
        kn_hint(err, "End the address with /p2p/ and the id of the peer.");
    } else if (rc == KN_OK) {
        e->told.peer = route.peer;
        kn_host_learn(kn_network_host(join->network), &route.peer, kn_buffer_get(&bytes));
        kn_host_protect(kn_network_host(join->network), &route.peer);
        /* Who joins again keeps its own pace: a bootstrap that comes late is met at once. */
        kn_host_insist(kn_network_host(join->network), &route.peer);
    }
    kn_buffer_done(&bytes);
    return rc;
}

static enum kn_code begin(struct kn_join *join, int timeout_ms, struct kn_error *err)
{
    for (size_t i = 0; i < join->n; i++) {
        struct entry *e = &join->entries[i];

        if (kn_connect_start(kn_network_host(join->network), &e->told.peer, KN_REACH_KNOWN,
                             timeout_ms, on_connected, e, &e->connect) != KN_OK)
            return kn_fail_no_memory(err);
    }
    return KN_OK;
}

/* Whoever named them may be gone before the join is. */
static enum kn_code copy_addresses(struct kn_join *join, const char *const *addresses, size_t n,
                                   struct kn_error *err)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += strlen(addresses[i]) + 1;
    join->addresses = kn_try_alloc(size);
    if (join->addresses == NULL)
        return kn_fail_no_memory(err);
    size = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(addresses[i]) + 1;

        join->entries[i].told.address = memcpy(join->addresses + size, addresses[i], length);
        size += length;
    }
    return KN_OK;
}

enum kn_code kn_join_start(struct kn_network *network, const char *const *addresses, size_t n,
                           int timeout_ms, const struct kn_join_events *events,
                           struct kn_join **out, struct kn_error *err)
{
    struct kn_join *join;
    enum kn_code rc;

    if (n == 0)
        return kn_fail(err, KN_E_INVALID, "no bootstrap peer is named");
    if (n > KN_NETWORK_BOOTSTRAPS_MAX)
        return kn_fail(err, KN_E_LIMIT, "more than %d bootstrap peers", KN_NETWORK_BOOTSTRAPS_MAX);
    join = kn_try_alloc(sizeof(*join) + n * sizeof(join->entries[0]));
    if (join == NULL)
        return kn_fail_no_memory(err);
    join->network = network;
    join->events = *events;
    join->started_us = kn_loop_clock_us();
    join->end_by = kn_loop_now(kn_host_loop(kn_network_host(network))) + timeout_ms;
    rc = copy_addresses(join, addresses, n, err);
    for (; rc == KN_OK && join->n < n; join->n++) {
        struct entry *e = &join->entries[join->n];

        e->join = join;
        rc = read_address(join, e, err);
    }
    if (rc == KN_OK)
        rc = begin(join, timeout_ms, err);
    if (rc != KN_OK) {
        kn_join_free(join);
        return rc;
    }
    *out = join;
    return KN_OK;
}

void kn_join_free(struct kn_join *join)
{
    if (join == NULL)
        return;
    for (size_t i = 0; i < join->n; i++) {
        kn_connect_cancel(join->entries[i].connect);
        kn_dht_cancel(join->entries[i].ping);
    }
    join->freed = true;
    if (join->telling == 0)
        release(join);
}

size_t kn_join_count(const struct kn_join *join)
{
    return join->n;
}

const struct kn_bootstrap *kn_join_get(const struct kn_join *join, size_t index)
{
    return &join->entries[index].told;
}

static bool is_among(const struct kn_peer_id *peer, const struct kn_peer_id *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (kn_peer_id_equal(peer, &all[i]))
            return true;
    }
    return false;
}

size_t kn_join_peers(const struct kn_join *join, struct kn_peer_id *out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < join->n && n < max; i++) {
        const struct kn_bootstrap *told = &join->entries[i].told;

        if (told->settled && told->code == KN_OK && !is_among(&told->peer, out, n))
            out[n++] = told->peer;
    }
    return n;
}
