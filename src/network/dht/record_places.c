#include "lib/base/memory.h"
#include "network/dht/record_parts.h"

enum { FIRST_ROOM = 64 };

static uint64_t hash_of(const struct kn_index_seed *seed, const struct kn_dht_id *key)
{
    return kn_index_hash(seed, kn_span(key->bytes, KN_DHT_ID_SIZE));
}

struct kn_record_place *kn_record_places_find(const struct kn_record_places *places,
                                              const struct kn_index_seed *seed,
                                              const struct kn_dht_id *key)
{
    for (struct kn_index_node *node = kn_index_first(&places->keys, hash_of(seed, key));
         node != NULL; node = kn_index_next(node)) {
        struct kn_record_place *place = (struct kn_record_place *)node; /* its first member */

        if (kn_dht_id_equal(&place->key, key))
            return place;
    }
    return NULL;
}

static bool reserve(struct kn_record_places *places)
{
    size_t room = places->room == 0 ? FIRST_ROOM : places->room * 2;
    struct kn_record_place **at;

    if (places->n < places->room)
        return true;
    if (places->room > SIZE_MAX / 2 / sizeof(struct kn_record_place *))
        return false;
    at = kn_try_realloc(places->at, room * sizeof(struct kn_record_place *));
    if (at == NULL)
        return false;
    places->at = at;
    places->room = room;
    return true;
}

struct kn_record_place *kn_record_places_new(struct kn_record_places *places,
                                             const struct kn_index_seed *seed,
                                             const struct kn_dht_id *key, bool is_dictionary)
{
    struct kn_record_place *place;

    if (!reserve(places))
        return NULL;
    place = kn_try_alloc(sizeof(*place));
    if (place == NULL)
        return NULL;
    place->key = *key;
    place->is_dictionary = is_dictionary;
    place->node.hash = hash_of(seed, key);
    if (!kn_index_add(&places->keys, &place->node)) {
        kn_free(place);
        return NULL;
    }
    place->at = places->n;
    places->at[places->n++] = place;
    return place;
}

void kn_record_places_drop(struct kn_record_places *places, struct kn_record_place *place)
{
    struct kn_record_place *last = places->at[--places->n];

    places->at[place->at] = last;
    last->at = place->at;
    kn_index_remove(&places->keys, &place->node);
    kn_index_done(&place->subkeys);
    kn_free(place);
}

void kn_record_places_done(struct kn_record_places *places)
{
    kn_index_done(&places->keys);
    kn_free(places->at);
    *places = (struct kn_record_places){ 0 };
}
