/* peers: who is known, and where they may be. */
#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"
#include "lib/crypto/hash.h"
#include "network/swarm/dnsaddr.h"
#include "network/swarm/host_parts.h"

enum { EVICT_LOOKS = 64 };

static size_t bucket_of(const struct kn_host *host, const struct kn_peer_id *id)
{
    return kn_host_hash(host, kn_span(id->bytes, id->n)) % KN_HOST_BUCKETS;
}

struct kn_peer *kn_peer_find(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = host->buckets[bucket_of(host, id)];

    while (peer != NULL && !kn_peer_id_equal(&peer->facts.id, id))
        peer = peer->next;
    return peer;
}

static bool is_needed(const struct kn_peer *peer)
{
    return peer->pipes != NULL || peer->waiting != NULL || peer->dialling != NULL ||
           peer->is_protected;
}

static struct kn_peer_line *line_of(struct kn_host *host, const struct kn_peer *peer)
{
    return &host->lines[peer->met];
}

static void leave_line(struct kn_host *host, struct kn_peer *peer)
{
    struct kn_peer_line *line = line_of(host, peer);

    *(peer->older != NULL ? &peer->older->newer : &line->oldest) = peer->newer;
    *(peer->newer != NULL ? &peer->newer->older : &line->newest) = peer->older;
}

static void stand_last(struct kn_host *host, struct kn_peer *peer)
{
    struct kn_peer_line *line = line_of(host, peer);

    peer->newer = NULL;
    peer->older = line->newest;
    *(line->newest != NULL ? &line->newest->newer : &line->oldest) = peer;
    line->newest = peer;
}

static void refresh(struct kn_host *host, struct kn_peer *peer)
{
    leave_line(host, peer);
    stand_last(host, peer);
}

void kn_peer_meet(struct kn_host *host, struct kn_peer *peer)
{
    leave_line(host, peer);
    peer->met = true;
    stand_last(host, peer);
}

static void free_peer(struct kn_host *host, struct kn_peer *peer)
{
    struct kn_peer **place = &host->buckets[bucket_of(host, &peer->facts.id)];

    while (*place != peer)
        place = &(*place)->next;
    *place = peer->next;
    leave_line(host, peer);
    for (size_t i = 0; i < peer->address_count; i++)
        kn_buffer_done(&peer->addresses[i].bytes);
    kn_free(peer);
    host->peer_count--;
}

/* The oldest that is not needed. Those that are go to the end, and so are not met again soon. */
static bool evict_from(struct kn_host *host, struct kn_peer_line *line)
{
    for (size_t i = 0; i < EVICT_LOOKS && line->oldest != NULL; i++) {
        struct kn_peer *peer = line->oldest;

        if (!is_needed(peer)) {
            host->counters.peers_evicted++;
            free_peer(host, peer);
            return true;
        }
        refresh(host, peer);
    }
    return false;
}

/* Room for one more: peers that were never met can be made up by anybody, so they go first. */
static bool make_room(struct kn_host *host)
{
    return host->peer_count < KN_HOST_PEERS_MAX || evict_from(host, &host->lines[false]) ||
           evict_from(host, &host->lines[true]);
}

static struct kn_peer *new_peer(struct kn_host *host, const struct kn_peer_id *id)
{
    size_t bucket = bucket_of(host, id);
    struct kn_peer *peer;

    if (!make_room(host))
        return NULL;
    peer = kn_try_alloc(sizeof(*peer));
    if (peer == NULL)
        return NULL;
    peer->facts.id = *id;
    kn_sha256(kn_span(id->bytes, id->n), peer->facts.kad_id);
    peer->waiting_end = &peer->waiting;
    peer->next = host->buckets[bucket];
    host->buckets[bucket] = peer;
    host->peer_count++;
    stand_last(host, peer);
    return peer;
}

struct kn_peer *kn_peer_make(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = kn_peer_find(host, id);

    if (peer == NULL)
        return new_peer(host, id);
    refresh(host, peer);
    return peer;
}

struct kn_pipe *kn_peer_pipe(const struct kn_peer *peer)
{
    struct kn_pipe *pipe = peer->pipes;

    while (pipe != NULL && pipe->closing)
        pipe = pipe->next_of_peer;
    return pipe;
}

void kn_peers_free(struct kn_host *host)
{
    for (size_t i = 0; i < KN_HOST_BUCKETS; i++) {
        while (host->buckets[i] != NULL)
            free_peer(host, host->buckets[i]);
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

/* Of two addresses, the one to lose: unproven, failed most often, longest not heard. */
static bool is_worse(const struct kn_address *a, const struct kn_address *b)
{
    if (a->proven != b->proven)
        return !a->proven;
    if (a->failures != b->failures)
        return a->failures > b->failures;
    return a->seen < b->seen;
}

static struct kn_address *slot_of(struct kn_peer *peer)
{
    struct kn_address *worst = &peer->addresses[0];

    if (peer->address_count < KN_HOST_ADDRESSES_MAX)
        return &peer->addresses[peer->address_count++];
    for (size_t i = 1; i < peer->address_count; i++) {
        if (is_worse(&peer->addresses[i], worst))
            worst = &peer->addresses[i];
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
    return (route->is_tcp && route->port != 0) || kn_dnsaddr_is(route);
}

static void drop_address(struct kn_peer *peer, struct kn_address *address)
{
    struct kn_address *last = &peer->addresses[--peer->address_count];

    kn_buffer_done(&address->bytes);
    if (address != last)
        *address = *last;
    *last = (struct kn_address){ 0 };
}

static void add_address(struct kn_host *host, struct kn_peer *peer,
                        const struct kn_multiaddr_route *route, enum kn_scope least)
{
    struct kn_address *known = kn_peer_address(peer, route->transport);

    if (known == NULL) {
        known = slot_of(peer);
        *known = (struct kn_address){ .is_relayed = route->is_relayed, .least = least };
        kn_buffer_add_span(&known->bytes, route->transport);
        if (known->bytes.failed) {
            drop_address(peer, known);
            return;
        }
    }
    if (least < known->least)
        known->least = least;
    known->seen = kn_loop_now(host->options.loop);
}

void kn_host_learn_from(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address,
                        enum kn_scope teller)
{
    struct kn_multiaddr_route route;
    struct kn_peer *peer;

    if (kn_multiaddr_route(address, &route) != KN_OK || !can_dial(&route, id) ||
        kn_multiaddr_scope(address) < teller || kn_peer_id_equal(id, kn_host_self(host)) ||
        (route.is_relayed && kn_peer_id_equal(&route.relay_peer, kn_host_self(host)))) {
        host->counters.addresses_refused++;
        return;
    }
    peer = kn_peer_make(host, id);
    if (peer != NULL)
        add_address(host, peer, &route, teller);
}

void kn_host_learn(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address)
{
    kn_host_learn_from(host, id, address, KN_SCOPE_LOOPBACK);
}

void kn_host_unlearn(struct kn_host *host, const struct kn_peer_id *id, struct kn_span address)
{
    struct kn_peer *peer = kn_peer_find(host, id);
    struct kn_address *known = peer != NULL ? kn_peer_address(peer, address) : NULL;

    if (known == NULL)
        return;
    drop_address(peer, known);
}

void kn_host_insist(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = kn_peer_find(host, id);

    for (size_t i = 0; peer != NULL && i < peer->address_count; i++)
        peer->addresses[i].retry_at = 0;
}

enum { RANKS = 6 };

/* Where it did answer, where nobody has tried, where it failed; through a relay after each but the
 * first, which comes after what nobody has tried too. */
static unsigned rank_of(const struct kn_address *address)
{
    if (address->failures > 0)
        return address->is_relayed ? 5 : 4;
    if (address->is_relayed)
        return address->proven ? 2 : 3;
    return address->proven ? 0 : 1;
}

size_t kn_host_addresses(struct kn_host *host, const struct kn_peer_id *id,
                         struct kn_span out[KN_HOST_ADDRESSES_MAX])
{
    const struct kn_peer *peer = kn_peer_find(host, id);
    size_t n = 0;

    if (peer == NULL)
        return 0;
    for (unsigned rank = 0; rank < RANKS; rank++) {
        for (size_t i = 0; i < peer->address_count; i++) {
            if (rank_of(&peer->addresses[i]) == rank)
                out[n++] = kn_buffer_get(&peer->addresses[i].bytes);
        }
    }
    return n;
}

bool kn_peer_has_fresh_address(struct kn_host *host, const struct kn_peer_id *id)
{
    const struct kn_peer *peer = kn_peer_find(host, id);

    for (size_t i = 0; peer != NULL && i < peer->address_count; i++) {
        if (peer->addresses[i].failures == 0)
            return true;
    }
    return false;
}

void kn_host_protect(struct kn_host *host, const struct kn_peer_id *id)
{
    struct kn_peer *peer = kn_peer_make(host, id);

    if (peer != NULL)
        peer->is_protected = true;
}

struct kn_connection *kn_host_connection(struct kn_host *host, const struct kn_peer_id *id)
{
    const struct kn_peer *peer = host->ending ? NULL : kn_peer_find(host, id);
    const struct kn_pipe *pipe = peer != NULL ? kn_peer_pipe(peer) : NULL;

    return pipe != NULL ? pipe->connection : NULL;
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
