#include "network/dht/record_parts.h"

enum { LOOKED_THROUGH_MAX = 8 }; /* entries of a dictionary without an index */

struct kn_span kn_held_subkey(const struct kn_held *held)
{
    return kn_span(held->bytes, held->subkey_n);
}

struct kn_span kn_held_value(const struct kn_held *held)
{
    return kn_span(held->bytes + held->subkey_n, held->value_n);
}

/* The node is the first member. */
static struct kn_held *held_of(struct kn_index_node *node)
{
    return (struct kn_held *)node;
}

struct kn_held *kn_record_place_find(const struct kn_record_place *place,
                                     const struct kn_index_seed *seed, struct kn_span subkey)
{
    if (place->subkeys.size == 0) {
        for (struct kn_held *held = place->first; held != NULL; held = held->next) {
            if (kn_span_equal(kn_held_subkey(held), subkey))
                return held;
        }
        return NULL;
    }
    for (struct kn_index_node *node = kn_index_first(&place->subkeys, kn_index_hash(seed, subkey));
         node != NULL; node = kn_index_next(node)) {
        if (kn_span_equal(kn_held_subkey(held_of(node)), subkey))
            return held_of(node);
    }
    return NULL;
}

/* Index all entries. Without memory the place goes on being looked through. */
static void build_index(struct kn_record_place *place)
{
    for (struct kn_held *held = place->first; held != NULL; held = held->next) {
        if (!kn_index_add(&place->subkeys, &held->node))
            return; /* the first one, if any: see kn_index_add() */
    }
}

/* Counted where two records meet, so that nobody has to look at all of them. */
static size_t seam(const struct kn_held *a, const struct kn_held *b)
{
    return a != NULL && b != NULL && a->share != b->share;
}

void kn_record_place_add(struct kn_record_place *place, const struct kn_index_seed *seed,
                         struct kn_held *held)
{
    held->place = place;
    held->node.hash = kn_index_hash(seed, kn_held_subkey(held));
    held->previous = place->last;
    held->next = NULL;
    if (place->last != NULL)
        place->last->next = held;
    else
        place->first = held;
    place->last = held;
    place->count++;
    place->seams += seam(held->previous, held);
    kn_record_told_add(place, held);
    if (place->subkeys.size == 0 && place->count > LOOKED_THROUGH_MAX)
        build_index(place);
    else if (place->subkeys.size > 0)
        (void)!kn_index_add(&place->subkeys, &held->node); /* has buckets: cannot fail */
}

void kn_record_place_remove(struct kn_held *held)
{
    struct kn_record_place *place = held->place;

    kn_record_told_remove(place, held);
    place->seams -= seam(held->previous, held) + seam(held, held->next);
    place->seams += seam(held->previous, held->next);
    if (place->subkeys.size > 0)
        kn_index_remove(&place->subkeys, &held->node);
    if (held->previous != NULL)
        held->previous->next = held->next;
    else
        place->first = held->next;
    if (held->next != NULL)
        held->next->previous = held->previous;
    else
        place->last = held->previous;
    place->count--;
    held->place = NULL;
}

void kn_record_place_pass(struct kn_held *held, struct kn_record_share *share)
{
    held->place->seams -= seam(held->previous, held) + seam(held, held->next);
    held->share = share;
    held->place->seams += seam(held->previous, held) + seam(held, held->next);
}

bool kn_record_place_is_shared(const struct kn_record_place *place)
{
    return place->seams > 0;
}
