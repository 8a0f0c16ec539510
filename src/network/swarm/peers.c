/* peers: who is known, and where they may be. */
#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/crypto/hash.h"
#include "network/swarm/host_parts.h"

static size_t bucket_of(const struct kn_peer_id *id)
{
    /* The last bytes of an id are those of a key or of a hash: spread already. */
    size_t n = id->n;

    return ((size_t)id->bytes[n - 1] | (size_t)id->bytes[n - 2] << 8) % KN_HOST_BUCKETS;
}

struct kn_peer *kn_peer_find(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = host->buckets[bucket_of(id)];

    while (peer != NULL && !kn_peer_id_equal(&peer->facts.id, id))
        peer = peer->next;
    return peer;
}

static bool is_needed(const struct kn_peer *peer)
{
    return peer->pipes != NULL || peer->waiting != NULL || peer->dialling != NULL ||
           peer->is_protected;
}

static void free_peer(struct kn_host *host, struct kn_peer **place)
{
    struct kn_peer *peer = *place;

    *place = peer->next;
    for (size_t i = 0; i < peer->address_count; i++)
        kn_buffer_done(&peer->addresses[i].bytes);
    kn_free(peer);
    host->peer_count--;
}

/* Room for one more: whoever was seen least lately and is not needed goes. */
static void evict(struct kn_host *host)
{
    struct kn_peer **oldest = NULL;

    for (size_t i = 0; i < KN_HOST_BUCKETS; i++) {
        for (struct kn_peer **at = &host->buckets[i]; *at != NULL; at = &(*at)->next) {
            if (!is_needed(*at) && (oldest == NULL || (*at)->seen < (*oldest)->seen))
                oldest = at;
        }
    }
    if (oldest != NULL)
        free_peer(host, oldest);
}

struct kn_peer *kn_peer_make(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = kn_peer_find(host, id);
    size_t bucket = bucket_of(id);

    if (peer == NULL) {
        if (host->peer_count >= KN_HOST_PEERS_MAX)
            evict(host);
        peer = kn_try_alloc(sizeof(*peer));
        if (peer == NULL)
            return NULL;
        peer->facts.id = *id;
        kn_sha256(kn_span(id->bytes, id->n), peer->facts.kad_id);
        peer->next = host->buckets[bucket];
        host->buckets[bucket] = peer;
        host->peer_count++;
    }
    peer->seen = kn_loop_now(host->options.loop);
    return peer;
}

void kn_peers_free(struct kn_host *host)
{
    for (size_t i = 0; i < KN_HOST_BUCKETS; i++) {
        while (host->buckets[i] != NULL)
            free_peer(host, &host->buckets[i]);
    }
}

struct kn_address *kn_peer_address(struct kn_peer *peer, struct kn_span bytes)
{
    for (size_t i = 0; i < peer->address_count; i++) {
        if (kn_span_equal(kn_buffer_get(&peer->addresses[i].bytes), bytes))
            return &peer->addresses[i];
    }
    return NULL;
}

/* A slot for one more: a free one, or the one that failed most often, then the oldest. */
static struct kn_address *slot_of(struct kn_peer *peer)
{
    struct kn_address *worst = &peer->addresses[0];

    if (peer->address_count < KN_HOST_ADDRESSES_MAX)
        return &peer->addresses[peer->address_count++];
    for (size_t i = 1; i < peer->address_count; i++) {
        struct kn_address *at = &peer->addresses[i];

        if (at->failures > worst->failures ||
            (at->failures == worst->failures && at->seen < worst->seen))
            worst = at;
    }
    kn_buffer_done(&worst->bytes);
    return worst;
}

static bool can_dial(const struct kn_multiaddr_route *route, const struct kn_peer_id *peer)
{
    if (route->has_peer && !kn_peer_id_equal(&route->peer, peer))
        return false;
    if (route->is_relayed && (!route->has_relay_peer || kn_peer_id_equal(&route->relay_peer, peer)))
        return false;
    return route->is_tcp && route->port != 0;
}

void kn_host_learn(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address)
{
    struct kn_multiaddr_route route;
    struct kn_peer *peer;
    struct kn_address *known;

    if (kn_multiaddr_route(address, &route) != KN_OK || !can_dial(&route, id) ||
        kn_peer_id_equal(id, kn_host_self(host)) ||
        (route.is_relayed && kn_peer_id_equal(&route.relay_peer, kn_host_self(host))))
        return;
    peer = kn_peer_make(host, id);
    if (peer == NULL)
        return;
    known = kn_peer_address(peer, route.transport);
    if (known == NULL) {
        known = slot_of(peer);
        *known = (struct kn_address){ .is_relayed = route.is_relayed };
        kn_buffer_add_span(&known->bytes, route.transport);
    }
    known->seen = peer->seen;
}

void kn_host_unlearn(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address)
{
    struct kn_peer *peer = kn_peer_find(host, id);
    struct kn_address *known = peer != NULL ? kn_peer_address(peer, address) : NULL;

    if (known == NULL)
        return;
    kn_buffer_done(&known->bytes);
    *known = peer->addresses[--peer->address_count];
}

size_t kn_host_addresses(struct kn_host *host, const struct kn_peer_id *id,
                         struct kn_span out[KN_HOST_ADDRESSES_MAX])
{
    const struct kn_peer *peer = kn_peer_find(host, id);
    size_t n = 0;

    if (peer == NULL)
        return 0;
    /* direct, relayed; then those of both that failed when they were last tried */
    for (unsigned turn = 0; turn < 4; turn++) {
        for (size_t i = 0; i < peer->address_count; i++) {
            const struct kn_address *at = &peer->addresses[i];

            if ((at->failures > 0) * 2U + at->is_relayed == turn)
                out[n++] = kn_buffer_get(&at->bytes);
        }
    }
    return n;
}

void kn_host_protect(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = kn_peer_make(host, id);

    if (peer != NULL)
        peer->is_protected = true;
}

struct kn_connection *kn_host_connection(struct kn_host *host, const struct kn_peer_id *id)
{
    const struct kn_peer *peer = kn_peer_find(host, id);

    return peer != NULL && peer->pipes != NULL ? peer->pipes->connection : NULL;
}

struct kn_peer_facts *kn_host_facts(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = kn_peer_find(host, id);

    return peer != NULL ? &peer->facts : NULL;
}

void kn_host_each(struct kn_host *host,
                  void (*visit)(void *arg, const struct kn_peer_facts *facts, bool has_address),
                  void *arg)
{
    for (size_t i = 0; i < KN_HOST_BUCKETS; i++) {
        for (const struct kn_peer *peer = host->buckets[i]; peer != NULL; peer = peer->next)
            visit(arg, &peer->facts, peer->address_count > 0);
    }
}
