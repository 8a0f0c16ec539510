/*
 * put — keep records in the swarm: at the nodes nearest to their keys, and at those named.
 *
 * Items wait in a queue for each node. A node has one message under way; what gathers meanwhile
 * goes with its next, so that many keys that settle together travel together.
 */
#include <stdlib.h>

#include "lib/base/memory.h"
#include "network/dht/search.h"

enum { NONE = -1, NEAR_MAX = 64 };

/* One item for one node. */
enum fate { WAITING, SENT, ACKNOWLEDGED, REFUSED, FAILED };

struct pair {
    uint32_t item, target;
    int next_of_item, next_of_target; /* in the list of all pairs; NONE at the end */
    enum fate fate;
};

struct target {
    struct putting *putting;
    struct kn_peer_id peer;
    struct kn_dht_rpc *rpc;
    int first, last; /* waiting pairs */
    int *sent;       /* the pairs of the message under way */
    size_t sent_n;
    bool dead;
};

struct putting {
    struct kn_dht_op op;
    struct kn_dht_search search;
    struct kn_dht_item *items; /* sorted by key; bytes in `data` */
    struct kn_dht_put_outcome *outcomes, *in_order;
    int *pairs_of;          /* of each item */
    uint32_t *place;        /* where each item stood when it was handed in */
    struct kn_dht_id *keys; /* each once */
    uint32_t *first_of;     /* the items of a key are first_of[key] .. first_of[key + 1] - 1 */
    uint8_t *data;
    size_t n, key_count;
    struct target **targets;
    struct pair *pairs;
    size_t target_count, target_room, pair_count, pair_room, open, sending;
    struct kn_peer_id *also;
    size_t also_n;
    bool begun, short_of_memory;
    kn_dht_put_fn *done;
    void *arg;
};

/* ---- targets and pairs ---- */

static bool grow(void **list, size_t *room, size_t size)
{
    size_t more = *room == 0 ? 8 : 2 * *room;
    void *memory = kn_try_realloc(*list, more * size);

    if (memory == NULL)
        return false;
    *list = memory;
    *room = more;
    return true;
}

static int target_of(struct putting *putting, const struct kn_peer_id *peer)
{
    struct target *target;
    void *list = putting->targets;

    for (size_t i = 0; i < putting->target_count; i++)
        if (kn_peer_id_equal(&putting->targets[i]->peer, peer))
            return (int)i;
    if (putting->target_count == putting->target_room) {
        if (!grow(&list, &putting->target_room, sizeof(struct target *)))
            return NONE;
        putting->targets = list;
    }
    target = kn_try_alloc(sizeof(*target));
    if (target == NULL)
        return NONE;
    *target = (struct target){ .putting = putting, .peer = *peer, .first = NONE, .last = NONE };
    putting->targets[putting->target_count] = target;
    return (int)putting->target_count++;
}

static struct pair *find_pair(struct putting *putting, uint32_t item, int target)
{
    for (int i = putting->pairs_of[item]; i != NONE; i = putting->pairs[i].next_of_item)
        if (putting->pairs[i].target == (uint32_t)target)
            return &putting->pairs[i];
    return NULL;
}

static void enqueue(struct putting *putting, uint32_t item, int target)
{
    struct target *to = putting->targets[target];
    int number = (int)putting->pair_count;
    void *list = putting->pairs;

    if (putting->pair_count == putting->pair_room) {
        if (!grow(&list, &putting->pair_room, sizeof(struct pair))) {
            putting->short_of_memory = true;
            return;
        }
        putting->pairs = list;
    }
    putting->pairs[number] =
        (struct pair){ item, (uint32_t)target, putting->pairs_of[item], NONE, WAITING };
    putting->pairs_of[item] = number;
    putting->pair_count++;
    putting->open++;
    if (to->dead) {
        putting->pairs[number].fate = FAILED;
        putting->open--;
        return;
    }
    if (to->last != NONE)
        putting->pairs[to->last].next_of_target = number;
    else
        to->first = number;
    to->last = number;
}

/* ---- where an item belongs ---- */

static void keep_ourselves(struct putting *putting, uint32_t item)
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
static void place_item(struct putting *putting, uint32_t item, const struct kn_dht_neighbour *near,
                       size_t n)
{
    struct kn_dht *dht = putting->op.dht;
    const struct kn_dht_id *key = &putting->items[item].key;
    size_t have = 0;
    bool ourselves = !dht->self.has_id;

    for (size_t i = 0; i < n && have < dht->options.replicas; i++) {
        int target;
        const struct pair *pair;

        if (!ourselves && kn_dht_id_nearer(key, &dht->own.id, &near[i].id) < 0) {
            keep_ourselves(putting, item);
            ourselves = true;
            if (++have == dht->options.replicas)
                return;
        }
        target = target_of(putting, &near[i].peer);
        if (target == NONE)
            continue;
        pair = find_pair(putting, item, target);
        if (pair == NULL) {
            enqueue(putting, item, target);
            pair = find_pair(putting, item, target);
        }
        have += pair != NULL && pair->fate != FAILED;
    }
    if (!ourselves && have < dht->options.replicas)
        keep_ourselves(putting, item);
}

static size_t key_of(const struct putting *putting, uint32_t item)
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

static void place_again(struct putting *putting, uint32_t item)
{
    struct kn_dht_neighbour near[NEAR_MAX];
    size_t n = kn_dht_lookup_nearest(putting->search.lookup, key_of(putting, item), near, NEAR_MAX);

    place_item(putting, item, near, n);
}

static void on_settled(struct kn_dht_op *op, size_t key)
{
    struct putting *putting = (struct putting *)op;
    struct kn_dht_neighbour near[NEAR_MAX];
    size_t n = kn_dht_lookup_nearest(putting->search.lookup, key, near, NEAR_MAX);

    for (uint32_t i = putting->first_of[key]; i < putting->first_of[key + 1]; i++)
        place_item(putting, i, near, n);
}

/* ---- messages ---- */

static void fail_pair(struct putting *putting, int number)
{
    uint32_t item = putting->pairs[number].item;

    putting->pairs[number].fate = FAILED;
    putting->open--;
    if (kn_dht_lookup_is_settled(putting->search.lookup, key_of(putting, item)))
        place_again(putting, item);
}

/* It does not answer: what it was to keep goes to others. */
static void give_up_target(struct putting *putting, struct target *target)
{
    int next;

    target->dead = true;
    for (size_t i = 0; i < target->sent_n; i++)
        fail_pair(putting, target->sent[i]);
    target->sent_n = 0;
    for (int i = target->first; i != NONE; i = next) {
        next = putting->pairs[i].next_of_target;
        fail_pair(putting, i);
    }
    target->first = target->last = NONE;
}

static void read_outcomes(struct putting *putting, struct target *target,
                          const struct kn_dht_store_answer *answer)
{
    for (size_t i = 0; i < target->sent_n; i++) {
        struct pair *pair = &putting->pairs[target->sent[i]];
        bool ok = kn_dht_store_answer_ok(answer, i);

        pair->fate = ok ? ACKNOWLEDGED : REFUSED;
        putting->outcomes[pair->item].acknowledged += ok;
        putting->outcomes[pair->item].refused += !ok;
        putting->open--;
    }
    target->sent_n = 0;
}

static void step(struct putting *putting);

static void on_stored(void *arg, const struct kn_dht_reply *reply)
{
    struct target *target = arg;
    struct putting *putting = target->putting;
    struct kn_dht *dht = putting->op.dht;
    struct kn_dht_store_answer answer;

    target->rpc = NULL;
    putting->sending--;
    kn_dht_op_enter(&putting->op);
    if (reply->code == KN_OK && kn_dht_store_answer_decode(reply->bytes, &answer) == KN_OK) {
        read_outcomes(putting, target, &answer);
        kn_dht_heard(dht, &reply->peer, &answer.node);
    } else {
        if (reply->code == KN_OK)
            kn_dht_misheard(dht, &reply->peer);
        give_up_target(putting, target);
    }
    step(putting);
    kn_dht_op_leave(&putting->op);
}

static struct kn_dht_store_item message_item(const struct kn_dht_item *item)
{
    return (struct kn_dht_store_item){
        .key = item->key,
        .kind = item->subkey.n > 0 ? KN_DHT_STORE_SUBKEY : KN_DHT_STORE_REGULAR,
        .subkey = item->subkey,
        .value = item->value,
        .expiration = item->expiration,
    };
}

/* Take waiting pairs for one message: at least one, and no more than fit. */
static size_t take(struct putting *putting, struct target *target, struct kn_dht_store_item *items)
{
    size_t bytes = 0, n = 0;

    while (target->first != NONE && n < KN_DHT_KEYS_MAX) {
        struct pair *pair = &putting->pairs[target->first];
        const struct kn_dht_item *item = &putting->items[pair->item];

        bytes += item->subkey.n + item->value.n + KN_DHT_ID_SIZE;
        if (n > 0 && bytes > KN_DHT_STORE_BYTES_MAX)
            break;
        items[n] = message_item(item);
        target->sent[n++] = target->first;
        pair->fate = SENT;
        target->first = pair->next_of_target;
    }
    if (target->first == NONE)
        target->last = NONE;
    return n;
}

static size_t count_waiting(const struct putting *putting, const struct target *target)
{
    size_t n = 0;

    for (int i = target->first; i != NONE && n < KN_DHT_KEYS_MAX;
         i = putting->pairs[i].next_of_target)
        n++;
    return n;
}

static void send(struct putting *putting, struct target *target)
{
    struct kn_dht *dht = putting->op.dht;
    size_t room = count_waiting(putting, target);
    struct kn_dht_store_item *items = kn_try_alloc(room * sizeof(*items));
    int *sent = kn_try_realloc(target->sent, room * sizeof(*sent));
    struct kn_buffer request = { 0 };

    if (sent != NULL)
        target->sent = sent;
    if (items != NULL && sent != NULL) {
        target->sent_n = take(putting, target, items);
        kn_dht_store_request_encode(&dht->self, items, target->sent_n, &request);
        target->rpc = kn_dht_rpc(dht, &target->peer, KN_DHT_STORE, &request, on_stored, target);
    }
    kn_buffer_done(&request);
    kn_free(items);
    if (target->rpc != NULL)
        putting->sending++;
    else
        give_up_target(putting, target);
}

static void finish(struct putting *putting, enum kn_code code)
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

static void step(struct putting *putting)
{
    for (size_t i = 0; i < putting->target_count && putting->sending < putting->search.workers; i++)
        if (putting->targets[i]->rpc == NULL && putting->targets[i]->first != NONE)
            send(putting, putting->targets[i]);
    if (putting->open == 0 && kn_dht_lookup_left(putting->search.lookup) == 0)
        finish(putting, KN_OK);
}

static void on_moved(struct kn_dht_op *op)
{
    step((struct putting *)op);
}

/* ---- beginning and end ---- */

static void begin(struct putting *putting)
{
    for (size_t i = 0; i < putting->also_n; i++) {
        int target = target_of(putting, &putting->also[i]);

        for (uint32_t item = 0; target != NONE && item < putting->n; item++)
            if (find_pair(putting, item, target) == NULL)
                enqueue(putting, item, target);
    }
    kn_dht_search_seed(&putting->search);
}

static void fire(struct kn_dht_op *op, bool late)
{
    struct putting *putting = (struct putting *)op;

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
    struct putting *putting = (struct putting *)op;

    kn_dht_search_done(&putting->search);
    for (size_t i = 0; i < putting->target_count; i++) {
        kn_dht_rpc_cancel(putting->targets[i]->rpc);
        kn_free(putting->targets[i]->sent);
        kn_free(putting->targets[i]);
    }
    kn_free(putting->targets);
    kn_free(putting->pairs);
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

static void copy_items(struct putting *putting, const struct ordered *order)
{
    uint8_t *at = putting->data;

    for (size_t i = 0; i < putting->n; i++) {
        struct kn_dht_item *item = &putting->items[i];

        *item = *order[i].item;
        item->subkey = copy(&at, item->subkey);
        item->value = copy(&at, item->value);
        putting->place[i] = order[i].place;
        putting->pairs_of[i] = NONE;
        if (i == 0 || !kn_dht_id_equal(&item->key, &putting->items[i - 1].key)) {
            putting->first_of[putting->key_count] = (uint32_t)i;
            putting->keys[putting->key_count++] = item->key;
        }
    }
    putting->first_of[putting->key_count] = (uint32_t)putting->n;
}

static bool allocate(struct putting *putting, const struct kn_dht_put_options *options)
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

static bool init(struct putting *putting, const struct kn_dht_put_options *options)
{
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
    return kn_dht_search_init(&putting->search, putting->op.dht->options.replicas + KN_DHT_REACH, 0,
                              false);
}

enum kn_code kn_dht_put(struct kn_dht *dht, const struct kn_dht_put_options *options,
                        kn_dht_put_fn *done, void *arg, struct kn_dht_op **out)
{
    enum kn_code rc = kn_dht_op_admit(dht);
    struct putting *putting;

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
