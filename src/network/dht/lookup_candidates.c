/* lookup_candidates — the nearest peers heard of for one id. */
#include "lib/base/memory.h"
#include "network/dht/lookup_parts.h"

enum { LIST_FIRST = 24 };

static size_t place_of(const struct kn_dht_lookup *lookup, const struct kn_lookup_key *key,
                       const struct kn_dht_id *id)
{
    size_t low = 0, high = key->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct kn_heard *there = &lookup->peers[key->list[middle].peer];

        if (kn_dht_id_nearer(&key->id, &there->who.id, id) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct kn_candidate *kn_lookup_find(const struct kn_dht_lookup *lookup,
                                    const struct kn_lookup_key *key, uint16_t peer)
{
    /* It is among those of the same distance: two peers may call themselves the same. */
    for (size_t i = place_of(lookup, key, &lookup->peers[peer].who.id); i > 0; i--) {
        if (key->list[i - 1].peer == peer)
            return &key->list[i - 1];
        if (!kn_dht_id_equal(&lookup->peers[key->list[i - 1].peer].who.id,
                             &lookup->peers[peer].who.id))
            break;
    }
    return NULL;
}

void kn_lookup_remove_at(struct kn_lookup_key *key, size_t i)
{
    key->n--;
    memmove(&key->list[i], &key->list[i + 1], (key->n - i) * sizeof(*key->list));
}

/* Make a place in a full list: one that failed, else the farthest that was not asked. What was
 * asked stays, so that it is not asked again. */
static bool evict(const struct kn_dht_lookup *lookup, struct kn_lookup_key *key, size_t not_before)
{
    for (size_t i = key->n; i > 0; i--)
        if (lookup->peers[key->list[i - 1].peer].failed) {
            kn_lookup_remove_at(key, i - 1);
            return true;
        }
    for (size_t i = key->n; i > not_before; i--)
        if (key->list[i - 1].state == KN_UNASKED && !lookup->peers[key->list[i - 1].peer].must) {
            kn_lookup_remove_at(key, i - 1);
            return true;
        }
    return false;
}

static bool make_room(struct kn_lookup_key *key)
{
    size_t room = key->room == 0 ? LIST_FIRST : (size_t)key->room * 2;
    struct kn_candidate *list = kn_try_realloc(key->list, room * sizeof(*list));

    if (list == NULL)
        return false;
    key->list = list;
    key->room = (uint8_t)room;
    return true;
}

void kn_lookup_put(const struct kn_dht_lookup *lookup, struct kn_lookup_key *key,
                   struct kn_candidate candidate)
{
    const struct kn_dht_id *id = &lookup->peers[candidate.peer].who.id;
    size_t at = place_of(lookup, key, id);

    if (key->n == KN_DHT_CANDIDATES_MAX) {
        if (!evict(lookup, key, lookup->peers[candidate.peer].must ? 0 : at))
            return;
        at = place_of(lookup, key, id);
    } else if (key->n == key->room && !make_room(key)) {
        return;
    }
    memmove(&key->list[at + 1], &key->list[at], (key->n - at) * sizeof(*key->list));
    key->list[at] = candidate;
    key->n++;
}

void kn_lookup_offer(const struct kn_dht_lookup *lookup, struct kn_lookup_key *key, uint16_t peer)
{
    if (!key->settled && !lookup->peers[peer].failed && kn_lookup_find(lookup, key, peer) == NULL)
        kn_lookup_put(lookup, key, (struct kn_candidate){ peer, KN_UNASKED });
}

void kn_lookup_offer_to_all(struct kn_dht_lookup *lookup, uint16_t peer)
{
    for (size_t i = 0; i < lookup->n; i++)
        kn_lookup_offer(lookup, &lookup->keys[i], peer);
}
