/* lookup_peers — everyone heard of in a lookup, and whose word it was. */
#include "lib/base/memory.h"
#include "network/dht/lookup_parts.h"

enum { PEERS_FIRST = 32 };

static size_t slot_of(const struct kn_dht_lookup *lookup, const struct kn_peer_id *peer)
{
    size_t mask = 2 * lookup->room - 1, slot = 0;

    for (size_t i = peer->n > 4 ? (size_t)peer->n - 4 : 0; i < peer->n; i++)
        slot = slot * 257 + peer->bytes[i];
    for (slot &= mask; lookup->index[slot] != KN_NOBODY; slot = (slot + 1) & mask)
        if (kn_peer_id_equal(&lookup->peers[lookup->index[slot]].who.peer, peer))
            break;
    return slot;
}

bool kn_lookup_grow(struct kn_dht_lookup *lookup)
{
    size_t room = lookup->room == 0 ? PEERS_FIRST : 2 * lookup->room;
    struct kn_heard *peers = kn_try_realloc(lookup->peers, room * sizeof(*peers));
    uint16_t *index, *wanted;

    if (peers == NULL)
        return false;
    lookup->peers = peers;
    wanted = kn_try_realloc(lookup->wanted, room * sizeof(*wanted));
    if (wanted == NULL)
        return false;
    lookup->wanted = wanted;
    index = kn_try_realloc(lookup->index, 2 * room * sizeof(*index));
    if (index == NULL)
        return false;
    lookup->index = index;
    lookup->room = room;
    memset(index, 0xff, 2 * room * sizeof(*index));
    for (size_t i = 0; i < lookup->peer_count; i++)
        index[slot_of(lookup, &peers[i].who.peer)] = (uint16_t)i;
    return true;
}

uint16_t kn_lookup_number(struct kn_dht_lookup *lookup, const struct kn_dht_neighbour *node,
                          bool *is_new)
{
    size_t slot = slot_of(lookup, &node->peer);

    *is_new = false;
    if (lookup->index[slot] != KN_NOBODY)
        return lookup->index[slot];
    if (kn_peer_id_equal(&node->peer, &lookup->own.peer) ||
        lookup->peer_count >= KN_DHT_LOOKUP_PEERS_MAX)
        return KN_NOBODY;
    if (lookup->peer_count == lookup->room) {
        if (!kn_lookup_grow(lookup))
            return KN_NOBODY;
        slot = slot_of(lookup, &node->peer);
    }
    lookup->peers[lookup->peer_count] = (struct kn_heard){ .who = *node,
                                                           .sources = { KN_NOBODY, KN_NOBODY },
                                                           .charged = { KN_NOBODY, KN_NOBODY } };
    lookup->index[slot] = (uint16_t)lookup->peer_count;
    *is_new = true;
    return (uint16_t)lookup->peer_count++;
}

bool kn_lookup_doubts(const struct kn_dht_lookup *lookup, uint16_t source)
{
    const struct kn_heard *peer = &lookup->peers[source];

    return peer->lies >= KN_DHT_LIES + peer->truths;
}

bool kn_lookup_tries(const struct kn_dht_lookup *lookup, uint16_t source)
{
    const struct kn_heard *peer = &lookup->peers[source];

    return peer->lies + peer->tried >= KN_DHT_LIES + peer->truths;
}

bool kn_lookup_denies(const struct kn_dht_lookup *lookup, uint16_t source)
{
    return kn_lookup_doubts(lookup, source) && lookup->peers[source].lies >= KN_DHT_LIES_MAX;
}

bool kn_lookup_all_sources(const struct kn_dht_lookup *lookup, const struct kn_heard *peer,
                           kn_source_is_fn *is)
{
    bool any = false;

    if (peer->ours || peer->has_answered)
        return false;
    for (size_t i = 0; i < KN_SOURCES; i++) {
        if (peer->sources[i] == KN_NOBODY)
            continue;
        if (!is(lookup, peer->sources[i]))
            return false;
        any = true;
    }
    return any;
}

void kn_lookup_name_source(const struct kn_dht_lookup *lookup, struct kn_heard *peer,
                           uint16_t source)
{
    for (size_t i = 0; i < KN_SOURCES; i++) {
        if (peer->sources[i] == source)
            return;
        if (peer->sources[i] == KN_NOBODY || kn_lookup_doubts(lookup, peer->sources[i])) {
            peer->sources[i] = source;
            return;
        }
    }
}
