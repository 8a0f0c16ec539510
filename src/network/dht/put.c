/* put — keep records in the swarm: at the nodes nearest to their keys, and at those named. */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "network/dht/put_parts.h"

/*
 * So many of the nearest are asked whether they know nobody nearer; the others that are to keep a
 * record show with it whether they are there.
 * spec: go-libp2p-kad-dht, "resiliency" (beta) of a lookup: 3.
 */
enum { NEAR_MAX = 64, RESILIENCY = 3 };

/* ---- where an item belongs ---- */

static void keep_ourselves(struct kn_putting *putting, uint32_t item)
{
    struct kn_dht *dht = putting->op.dht;
    const struct kn_dht_item *it = &putting->items[item];

    if (!putting->outcomes[item].kept)
        putting->outcomes[item].kept =
            kn_record_put(dht->records, &it->key, it->subkey, it->value, it->expiration, NULL,
                          kn_dht_unix_time(dht)) == KN_STORED;
}

/*
 * Queue an item for as many of its nearest nodes that `replicas` keep it; those that failed are
 * passed over. We are one of them where we are near enough.
 * spec: hivemind/dht/node.py, store_many: a node that answers "no" counts, a silent one does not.
 */
static void place_item(struct kn_putting *putting, uint32_t item,
                       const struct kn_dht_neighbour *near, size_t n)
{
    struct kn_dht *dht = putting->op.dht;
    const struct kn_dht_id *key = &putting->items[item].key;
    size_t have = 0;
    bool ourselves = !dht->self.has_id;

    for (size_t i = 0; i < n && have < dht->options.replicas; i++) {
        int target;
        const struct kn_put_pair *pair;

        if (!ourselves && kn_dht_id_nearer(key, &dht->own.id, &near[i].id) < 0) {
            keep_ourselves(putting, item);
            ourselves = true;
            if (++have == dht->options.replicas)
                return;
        }
        target = kn_put_target_of(putting, &near[i].peer);
        if (target == KN_PUT_NONE)
            continue;
        pair = kn_put_find_pair(putting, item, target);
        if (pair == NULL) {
            kn_put_enqueue(putting, item, target);
            pair = kn_put_find_pair(putting, item, target);
        }
        have += pair != NULL && pair->fate != KN_PUT_FAILED;
    }
    if (!ourselves && have < dht->options.replicas)
        keep_ourselves(putting, item);
}

static size_t key_of(const struct kn_putting *putting, uint32_t item)
{
    size_t low = 0, high = putting->key_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (putting->first_of[middle] <= item)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void kn_put_place_again(struct kn_putting *putting, uint32_t item)
{
    struct kn_dht_neighbour near[NEAR_MAX];
    size_t key = key_of(putting, item), n;

    if (!kn_dht_lookup_is_settled(putting->search.lookup, key))
        return;
    n = kn_dht_lookup_takers(putting->search.lookup, key, near, NEAR_MAX);
    place_item(putting, item, near, n);
}

static void on_settled(struct kn_dht_op *op, size_t key)
{
    struct kn_putting *putting = (struct kn_putting *)op;
    struct kn_dht_neighbour near[NEAR_MAX];
    size_t n = kn_dht_lookup_takers(putting->search.lookup, key, near, NEAR_MAX);

    for (uint32_t i = putting->first_of[key]; i < putting->first_of[key + 1]; i++)
        place_item(putting, i, near, n);
}

static void finish(struct kn_putting *putting, enum kn_code code)
{
    bool any = false;

    for (size_t i = 0; i < putting->n; i++) {
        any |= putting->outcomes[i].acknowledged + putting->outcomes[i].refused > 0;
        putting->in_order[putting->place[i]] = putting->outcomes[i];
    }
    if (code == KN_OK && !any)
        code = putting->short_of_memory ? KN_E_NO_MEMORY : KN_E_UNREACHABLE;
    putting->op.over = true;
    putting->done(putting->arg, code, putting->in_order, putting->n);
}

void kn_put_step(struct kn_putting *putting)
{
    kn_put_send(putting);
    if (putting->open == 0 && kn_dht_lookup_left(putting->search.lookup) == 0)
        finish(putting, KN_OK);
}

static void on_moved(struct kn_dht_op *op)
{
    kn_put_step((struct kn_putting *)op);
}

/* ---- beginning and end ---- */

static void begin(struct kn_putting *putting)
{
    for (size_t i = 0; i < putting->also_n; i++) {
        int target = kn_put_target_of(putting, &putting->also[i]);

        for (uint32_t item = 0; target != KN_PUT_NONE && item < putting->n; item++)
            if (kn_put_find_pair(putting, item, target) == NULL)
                kn_put_enqueue(putting, item, target);
    }
    kn_dht_search_seed(&putting->search);
}

static void fire(struct kn_dht_op *op, bool late)
{
    struct kn_putting *putting = (struct kn_putting *)op;

    if (late) {
        finish(putting, KN_E_TIMEOUT);
        return;
    }
    if (!putting->begun)
        begin(putting);
    putting->begun = true;
    kn_dht_search_step(&putting->search);
}

static void destroy(struct kn_dht_op *op)
{
    struct kn_putting *putting = (struct kn_putting *)op;

    kn_dht_search_done(&putting->search);
    kn_put_free_targets(putting);
    kn_free(putting->items);
    kn_free(putting->outcomes);
    kn_free(putting->in_order);
    kn_free(putting->pairs_of);
    kn_free(putting->place);
    kn_free(putting->keys);
    kn_free(putting->first_of);
    kn_free(putting->data);
    kn_free(putting->also);
    kn_free(putting);
}

struct ordered {
    const struct kn_dht_item *item;
    uint32_t place;
};

static int by_key(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    int order = memcmp(x->item->key.bytes, y->item->key.bytes, KN_DHT_ID_SIZE);

    if (order != 0)
        return order;
    return x->place < y->place ? -1 : x->place > y->place;
}

static struct kn_span copy(uint8_t **at, struct kn_span bytes)
{
    struct kn_span copied = { *at, bytes.n };

    if (bytes.n > 0)
        memcpy(*at, bytes.at, bytes.n);
    *at += bytes.n;
    return copied;
}

static void copy_items(struct kn_putting *putting, const struct ordered *order)
{
    uint8_t *at = putting->data;

    for (size_t i = 0; i < putting->n; i++) {
        struct kn_dht_item *item = &putting->items[i];

        *item = *order[i].item;
        item->subkey = copy(&at, item->subkey);
        item->value = copy(&at, item->value);
        putting->place[i] = order[i].place;
        putting->pairs_of[i] = KN_PUT_NONE;
        if (i == 0 || !kn_dht_id_equal(&item->key, &putting->items[i - 1].key)) {
            putting->first_of[putting->key_count] = (uint32_t)i;
            putting->keys[putting->key_count++] = item->key;
        }
    }
    putting->first_of[putting->key_count] = (uint32_t)putting->n;
}

static bool allocate(struct kn_putting *putting, const struct kn_dht_put_options *options)
{
    size_t bytes = 1, n = options->n;

    for (size_t i = 0; i < n; i++)
        bytes += options->items[i].subkey.n + options->items[i].value.n;
    putting->items = kn_try_alloc(n * sizeof(*putting->items));
    putting->outcomes = kn_try_alloc(n * sizeof(*putting->outcomes));
    putting->in_order = kn_try_alloc(n * sizeof(*putting->in_order));
    putting->pairs_of = kn_try_alloc(n * sizeof(*putting->pairs_of));
    putting->place = kn_try_alloc(n * sizeof(*putting->place));
    putting->keys = kn_try_alloc(n * sizeof(*putting->keys));
    putting->first_of = kn_try_alloc((n + 1) * sizeof(*putting->first_of));
    putting->data = kn_try_alloc(bytes);
    putting->also = kn_try_alloc((options->also_n + 1) * sizeof(*putting->also));
    return putting->items != NULL && putting->outcomes != NULL && putting->in_order != NULL &&
           putting->pairs_of != NULL && putting->place != NULL && putting->keys != NULL &&
           putting->first_of != NULL && putting->data != NULL && putting->also != NULL;
}

static bool init(struct kn_putting *putting, const struct kn_dht_put_options *options)
{
    struct kn_dht_lookup_options how = { .beam = putting->op.dht->options.replicas };
    struct ordered *order = kn_try_alloc(options->n * sizeof(*order));

    if (order == NULL || !allocate(putting, options)) {
        kn_free(order);
        return false;
    }
    for (size_t i = 0; i < options->n; i++)
        order[i] = (struct ordered){ &options->items[i], (uint32_t)i };
    qsort(order, options->n, sizeof(*order), by_key);
    putting->n = options->n;
    copy_items(putting, order);
    kn_free(order);
    if (options->also_n > 0)
        memcpy(putting->also, options->also, options->also_n * sizeof(*putting->also));
    putting->also_n = options->also_n;
    putting->search = (struct kn_dht_search){ .op = &putting->op,
                                              .keys = putting->keys,
                                              .n = putting->key_count,
                                              .settled = on_settled,
                                              .moved = on_moved };
    if (how.beam > RESILIENCY)
        how.unasked = how.beam - RESILIENCY;
    return kn_dht_search_init(&putting->search, how);
}

enum kn_code kn_dht_put(struct kn_dht *dht, const struct kn_dht_put_options *options,
                        kn_dht_put_fn *done, void *arg, struct kn_dht_op **out)
{
    enum kn_code rc = kn_dht_op_admit(dht);
    struct kn_putting *putting;

    if (options->n == 0 || options->n > KN_DHT_ITEMS_MAX || options->also_n > KN_DHT_PEERS_MAX)
        return KN_E_LIMIT;
    putting = rc == KN_OK ? kn_try_alloc(sizeof(*putting)) : NULL;
    if (putting == NULL)
        return rc == KN_OK ? KN_E_NO_MEMORY : rc;
    putting->op = (struct kn_dht_op){ .dht = dht, .fire = fire, .destroy = destroy };
    putting->done = done;
    putting->arg = arg;
    if (!init(putting, options)) {
        destroy(&putting->op);
        return KN_E_NO_MEMORY;
    }
    kn_dht_op_start(dht, &putting->op, options->deadline);
    *out = &putting->op;
    return KN_OK;
}
