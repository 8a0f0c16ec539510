#include "network/dht/record_store.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "lib/crypto/random.h"
#include "network/dht/message.h"
#include "network/dht/record_parts.h"

/* What the C library and our lists add to each thing, about. */
enum {
    OVERHEAD = 32,
    PLACE_COST = sizeof(struct kn_record_place) + OVERHEAD,
    SHARE_COST = sizeof(struct kn_record_share) + OVERHEAD,
    HELD_COST = sizeof(struct kn_held) + OVERHEAD + OVERHEAD, /* and its bytes */
};

#define DAYS 86400.0
#define LONGEST_DAYS 30       /* what dht.expiration permits */
#define LONGEST_OTHERS_DAYS 2 /* records of Petals live minutes */

const struct kn_record_limits kn_record_limits_default = {
    .records = 1 << 20,
    .bytes = 256 << 20,
    .records_a_peer = 1 << 16,
    .bytes_a_peer = 8 << 20,
    .longest_s = LONGEST_DAYS * DAYS,
    .longest_others_s = LONGEST_OTHERS_DAYS * DAYS,
};

struct kn_record_store {
    struct kn_record_limits limits;
    struct kn_index_seed seed;
    struct kn_record_places places;
    struct kn_record_shares shares;
    struct kn_record_heap heap;
    size_t held_bytes;
    struct kn_record_counters counters;
};

/* What somebody wants stored. */
struct offer {
    const struct kn_dht_id *key;
    struct kn_span subkey, value;
    double expiration;
    const struct kn_peer_id *from;
};

/* The seed decides in which bucket a thing lies, which nothing outside can see; so it is not
 * handed in, and a simulation still runs the same way each time. */
struct kn_record_store *kn_record_store_new(const struct kn_record_limits *limits)
{
    struct kn_record_store *store = kn_try_alloc(sizeof(*store));
    struct kn_random random = kn_random_system();
    uint8_t seed[sizeof(struct kn_index_seed)];

    if (store == NULL)
        return NULL;
    store->limits = *limits;
    kn_random_fill(&random, seed, sizeof(seed));
    memcpy(&store->seed, seed, sizeof(seed));
    return store;
}

static size_t bytes_of(const struct kn_record_store *store)
{
    return store->held_bytes + store->places.n * PLACE_COST + store->shares.n * SHARE_COST;
}

static size_t cost_of(const struct kn_held *held)
{
    return HELD_COST + held->subkey_n + held->value_n;
}

static size_t cost_of_offer(const struct offer *offer)
{
    return HELD_COST + offer->subkey.n + offer->value.n;
}

/* Would its peer have too much, once it has taken the place of `replaced` (NULL: of none)? */
static bool share_is_used_up(const struct kn_record_store *store, const struct offer *offer,
                             const struct kn_held *replaced)
{
    const struct kn_record_share *share;
    size_t records = 1, bytes = cost_of_offer(offer);

    if (offer->from == NULL)
        return false;
    share = kn_record_share_find(&store->shares, &store->seed, offer->from);
    if (share != NULL) {
        records += share->records;
        bytes += share->bytes;
    }
    if (share != NULL && replaced != NULL && replaced->share == share) {
        records--;
        bytes -= cost_of(replaced);
    }
    return records > store->limits.records_a_peer || bytes > store->limits.bytes_a_peer;
}

static void drop(struct kn_record_store *store, struct kn_held *held)
{
    struct kn_record_place *place = held->place;

    kn_record_heap_remove(&store->heap, held);
    kn_record_place_remove(held);
    kn_record_share_unlink(held);
    kn_record_share_release(&store->shares, held->share, cost_of(held));
    store->held_bytes -= cost_of(held);
    kn_free(held->bytes);
    kn_free(held);
    if (place->count == 0)
        kn_record_places_drop(&store->places, place);
}

void kn_record_store_free(struct kn_record_store *store)
{
    if (store == NULL)
        return;
    while (store->heap.n > 0)
        drop(store, store->heap.at[store->heap.n - 1]);
    kn_record_places_done(&store->places);
    kn_record_shares_done(&store->shares);
    kn_free(store->heap.at);
    kn_free(store);
}

static void drop_all(struct kn_record_store *store, struct kn_record_place *place)
{
    for (size_t n = place->count; n > 0; n--)
        drop(store, place->first); /* the place goes with the last */
}

static void drop_ended(struct kn_record_store *store, double now)
{
    while (store->heap.n > 0 && store->heap.at[0]->expiration < now)
        drop(store, store->heap.at[0]);
}

/* Is it there, and would it end before what is offered? */
static struct kn_held *if_sooner(struct kn_held *held, const struct offer *offer)
{
    return held != NULL && held->expiration < offer->expiration ? held : NULL;
}

/* What a peer brought first, other than that; NULL: nothing. */
static struct kn_held *first_but(const struct kn_record_share *share, const struct kn_held *kept)
{
    struct kn_held *first = share->first;

    return first != NULL && first == kept ? first->later : first;
}

/* What goes next; not `kept`; NULL: nothing. What the peer with most brought first, so that many
 * peers of one owner do not drive out the others, however late their ends. Who would have most
 * itself is to be content with its own; if it has none yet, what ends first goes. */
static struct kn_held *next_to_go(const struct kn_record_store *store, const struct offer *offer,
                                  const struct kn_held *kept)
{
    const struct kn_record_share *own = NULL, *most = kn_record_share_largest(&store->shares);
    size_t bytes = cost_of_offer(offer);
    struct kn_held *first = store->heap.n > 0 ? store->heap.at[0] : NULL;

    if (offer->from != NULL)
        own = kn_record_share_find(&store->shares, &store->seed, offer->from);
    bytes += own != NULL ? own->bytes : 0;
    if (most != NULL && most->bytes > bytes)
        return first_but(most, kept);
    if (own != NULL)
        return if_sooner(first_but(own, kept), offer);
    return first != kept ? if_sooner(first, offer) : NULL;
}

/* Drop others, but not `kept`, until there is room. */
static bool make_room(struct kn_record_store *store, size_t records, size_t bytes,
                      const struct offer *offer, const struct kn_held *kept)
{
    while (store->heap.n + records > store->limits.records ||
           bytes_of(store) + bytes > store->limits.bytes) {
        struct kn_held *held = next_to_go(store, offer, kept);

        if (held == NULL)
            return false;
        drop(store, held);
        store->counters.evicted++;
    }
    return true;
}

static uint8_t *copy_bytes(const struct offer *offer)
{
    uint8_t *bytes = kn_try_alloc(offer->subkey.n + offer->value.n);

    if (bytes == NULL)
        return NULL;
    if (offer->subkey.n > 0)
        memcpy(bytes, offer->subkey.at, offer->subkey.n);
    memcpy(bytes + offer->subkey.n, offer->value.at, offer->value.n);
    return bytes;
}

/* A record that is nowhere yet, with its share. */
static struct kn_held *new_held(struct kn_record_store *store, const struct offer *offer)
{
    struct kn_held *held = kn_try_alloc(sizeof(*held));

    if (held == NULL)
        return NULL;
    held->bytes = copy_bytes(offer);
    if (held->bytes == NULL || !kn_record_share_take(&store->shares, &store->seed, offer->from,
                                                     cost_of_offer(offer), &held->share)) {
        kn_free(held->bytes);
        kn_free(held);
        return NULL;
    }
    held->expiration = offer->expiration;
    held->subkey_n = offer->subkey.n;
    held->value_n = offer->value.n;
    return held;
}

static enum kn_stored add(struct kn_record_store *store, const struct offer *offer)
{
    size_t cost = cost_of_offer(offer);
    struct kn_record_place *place;
    struct kn_held *held;

    if (share_is_used_up(store, offer, NULL) ||
        !make_room(store, 1, cost + PLACE_COST + SHARE_COST, offer, NULL) ||
        !kn_record_heap_reserve(&store->heap))
        return KN_STORED_FULL;
    held = new_held(store, offer);
    if (held == NULL)
        return KN_STORED_FULL;
    place = kn_record_places_find(&store->places, &store->seed, offer->key);
    if (place != NULL && (!place->is_dictionary || offer->subkey.n == 0)) {
        drop_all(store, place); /* a value gives way to a dictionary, or the other way round */
        place = NULL;
    }
    if (place == NULL)
        place = kn_record_places_new(&store->places, &store->seed, offer->key, offer->subkey.n > 0);
    if (place == NULL) {
        kn_record_share_release(&store->shares, held->share, cost);
        kn_free(held->bytes);
        kn_free(held);
        return KN_STORED_FULL;
    }
    kn_record_place_add(place, &store->seed, held);
    kn_record_heap_add(&store->heap, held);
    kn_record_share_link(held);
    if (place->count == 1 || place->latest < offer->expiration)
        place->latest = offer->expiration;
    store->held_bytes += cost;
    return KN_STORED;
}

static void move_end(struct kn_record_store *store, struct kn_held *held, double expiration)
{
    held->expiration = expiration;
    kn_record_heap_moved(&store->heap, held);
}

/* The end is moved first, so that the record itself is not the first to go when room is made. */
static enum kn_stored replace(struct kn_record_store *store, struct kn_held *held,
                              const struct offer *offer)
{
    size_t old = cost_of(held), fresh = cost_of_offer(offer);
    double expiration = held->expiration;
    struct kn_record_share *share = NULL, *before = held->share;
    uint8_t *bytes = NULL;

    if (share_is_used_up(store, offer, held))
        return KN_STORED_FULL;
    move_end(store, held, offer->expiration);
    if (make_room(store, 0, (fresh > old ? fresh - old : 0) + SHARE_COST, offer, held))
        bytes = copy_bytes(offer);
    if (bytes == NULL ||
        !kn_record_share_take(&store->shares, &store->seed, offer->from, fresh, &share)) {
        kn_free(bytes);
        move_end(store, held, expiration);
        return KN_STORED_FULL;
    }
    kn_record_share_unlink(held);
    kn_record_place_pass(held, share);
    kn_record_share_link(held);
    kn_record_share_release(&store->shares, before, old);
    kn_free(held->bytes);
    kn_record_told_remove(held->place, held);
    held->bytes = bytes;
    held->value_n = offer->value.n;
    kn_record_told_replace(held->place, held);
    store->held_bytes += fresh;
    store->held_bytes -= old;
    if (held->place->latest < offer->expiration)
        held->place->latest = offer->expiration;
    return KN_STORED;
}

static bool is_malformed(const struct offer *offer)
{
    return !isfinite(offer->expiration) || offer->value.n > KN_DHT_RECORD_MAX ||
           kn_msgpack_check(offer->value) != KN_OK ||
           (offer->subkey.n > 0 && !kn_dht_subkey_is_valid(offer->subkey));
}

static struct kn_held *find_held(const struct kn_record_store *store,
                                 const struct kn_record_place *place, const struct offer *offer)
{
    if (place == NULL || place->is_dictionary != (offer->subkey.n > 0))
        return NULL;
    return kn_record_place_find(place, &store->seed, offer->subkey);
}

/* To the byte what is held, as it is when several peers tell the same. */
static bool is_same(const struct kn_held *held, const struct offer *offer)
{
    return held->expiration >= offer->expiration && held->expiration <= offer->expiration &&
           kn_span_equal(kn_held_value(held), offer->value);
}

/* Would a value take the place of what several peers announce together? */
static bool hides_others(const struct kn_record_place *place, const struct offer *offer)
{
    return place != NULL && place->is_dictionary && offer->subkey.n == 0 &&
           kn_record_place_is_shared(place);
}

/* spec: hivemind/dht/storage.py, DHTLocalStorage.store and store_subkey */
static enum kn_stored store_offer(struct kn_record_store *store, struct kn_record_place *place,
                                  struct kn_held *held, const struct offer *offer)
{
    if (held != NULL)
        return held->expiration < offer->expiration ? replace(store, held, offer) : KN_STORED_OLDER;
    if (place != NULL && !(place->is_dictionary && offer->subkey.n > 0) &&
        place->latest >= offer->expiration)
        return KN_STORED_OLDER;
    if (hides_others(place, offer))
        return KN_STORED_OLDER;
    return add(store, offer);
}

static void count(struct kn_record_counters *counters, enum kn_stored result)
{
    switch (result) {
    case KN_STORED_OLDER:
        counters->refused_older++;
        break;
    case KN_STORED_MALFORMED:
        counters->refused_malformed++;
        break;
    case KN_STORED_FULL:
        counters->refused_full++;
        break;
    case KN_STORED:
    case KN_STORED_EXPIRED:
        break;
    }
}

enum kn_stored kn_record_put(struct kn_record_store *store, const struct kn_dht_id *key,
                             struct kn_span subkey, struct kn_span value, double expiration,
                             const struct kn_peer_id *from, double now)
{
    struct offer offer = { key, subkey, value, expiration, from };
    double longest_s = from == NULL ? store->limits.longest_s : store->limits.longest_others_s;
    struct kn_record_place *place;
    struct kn_held *held;
    enum kn_stored result;

    if (isfinite(expiration) && expiration > now + longest_s)
        offer.expiration = now + longest_s;
    drop_ended(store, now);
    place = kn_record_places_find(&store->places, &store->seed, key);
    held = find_held(store, place, &offer);
    if (held != NULL && is_same(held, &offer))
        result = KN_STORED_OLDER; /* and it is known to be well formed */
    else if (is_malformed(&offer))
        result = KN_STORED_MALFORMED;
    else if (offer.expiration < now)
        result = KN_STORED_EXPIRED;
    else
        result = store_offer(store, place, held, &offer);
    count(&store->counters, result);
    return result;
}

static void encode_dictionary(struct kn_record_place *place, struct kn_buffer *out)
{
    uint32_t n = kn_record_told(place)->n;
    size_t mark = kn_dht_dictionary_begin(place->latest, n, out);
    const struct kn_held *held = place->first;

    for (uint32_t i = 0; i < n; i++, held = held->next) {
        struct kn_dht_entry entry = { kn_held_subkey(held), kn_held_value(held), held->expiration };

        kn_dht_dictionary_add(&entry, out);
    }
    kn_dht_dictionary_end(mark, out);
}

size_t kn_record_size(struct kn_record_store *store, const struct kn_dht_id *key, double now)
{
    struct kn_record_place *place;
    const struct kn_told *told;

    drop_ended(store, now);
    place = kn_record_places_find(&store->places, &store->seed, key);
    if (place == NULL)
        return 0;
    if (!place->is_dictionary)
        return place->first->value_n;
    told = kn_record_told(place);
    return kn_dht_dictionary_size(told->n, told->bytes);
}

bool kn_record_get(struct kn_record_store *store, const struct kn_dht_id *key, double now,
                   struct kn_buffer *scratch, struct kn_record *out)
{
    struct kn_record_place *place;

    drop_ended(store, now);
    place = kn_record_places_find(&store->places, &store->seed, key);
    if (place == NULL)
        return false;
    *out = (struct kn_record){ place->is_dictionary, kn_held_value(place->first), place->latest };
    if (!place->is_dictionary)
        return true;
    kn_buffer_clear(scratch);
    encode_dictionary(place, scratch);
    out->value = kn_buffer_get(scratch);
    return !scratch->failed;
}

bool kn_record_next_key(struct kn_record_store *store, size_t *at, double now,
                        struct kn_dht_id *out)
{
    while (*at < store->places.n) {
        const struct kn_record_place *place = store->places.at[(*at)++];

        if (place->latest >= now) {
            *out = place->key;
            return true;
        }
    }
    return false;
}

void kn_record_counters(const struct kn_record_store *store, struct kn_record_counters *out)
{
    *out = store->counters;
    out->bytes = bytes_of(store);
    out->records = store->heap.n;
    out->keys = store->places.n;
}
