/*
 * push — a node that is new to us gets the records that belong to it.
 * spec: hivemind/dht/protocol.py, update_routing_table, "send new node the keys".
 */
#include "lib/base/memory.h"
#include "network/dht/node.h"

enum {
    KEYS_A_STEP = 256, /* looked at before others get their turn */
    ITEMS_A_BATCH = 256,
};

struct kn_dht_push {
    struct kn_dht *dht;
    struct kn_dht_push *next;
    struct kn_dht_neighbour to;
    struct kn_dht_rpc *rpc; /* the batch under way */
    size_t at;              /* in the walk over our keys */
    size_t bytes;           /* given so far */
    bool ended;
};

/* What one message carries; the values lie in `data`, at offsets until it is complete. */
struct batch {
    struct kn_dht_store_item *items;
    size_t *offsets;
    size_t n;
    struct kn_buffer data;
};

static bool was_given(const struct kn_dht *dht, const struct kn_peer_id *peer)
{
    size_t n = dht->given_count < KN_DHT_GIVEN_MAX ? dht->given_count : KN_DHT_GIVEN_MAX;

    for (size_t i = 0; i < n; i++)
        if (kn_dht_now(dht) - dht->given[i].at < KN_DHT_GIVEN_MS &&
            kn_peer_id_equal(&dht->given[i].peer, peer))
            return true;
    return false;
}

void kn_dht_push_start(struct kn_dht *dht, const struct kn_dht_neighbour *node)
{
    struct kn_record_counters held;
    struct kn_dht_push *push;

    kn_record_counters(dht->records, &held);
    if (held.keys == 0 || dht->push_count >= KN_DHT_PUSHES_MAX || was_given(dht, &node->peer))
        return;
    push = kn_try_alloc(sizeof(*push));
    if (push == NULL)
        return; /* it gets them with the next announcement of their owners */
    *push = (struct kn_dht_push){ .dht = dht, .next = dht->pushes, .to = *node };
    dht->pushes = push;
    dht->push_count++;
    dht->given[dht->given_count++ % KN_DHT_GIVEN_MAX] =
        (struct kn_dht_given){ node->peer, kn_dht_now(dht) };
    kn_dht_retime(dht);
}

/* Does a record belong to the new node, and are we the one to give it? */
static bool is_ours_to_give(struct kn_dht_push *push, const struct kn_dht_id *key)
{
    const struct kn_dht *dht = push->dht;
    struct kn_dht_neighbour near[KN_DHT_REPLICAS_MAX];
    size_t n = kn_dht_table_nearest(dht->table, key, &push->to.peer, near, dht->options.replicas);

    if (n == 0)
        return true;
    return kn_dht_id_nearer(key, &push->to.id, &near[n - 1].id) < 0 &&
           kn_dht_id_nearer(key, &dht->own.id, &near[0].id) < 0;
}

static void add(struct batch *batch, const struct kn_dht_id *key, const struct kn_record *record)
{
    batch->offsets[batch->n] = kn_buffer_get(&batch->data).n;
    batch->items[batch->n] = (struct kn_dht_store_item){
        .key = *key,
        .kind = record->is_dictionary ? KN_DHT_STORE_DICTIONARY : KN_DHT_STORE_REGULAR,
        .value = { .n = record->value.n },
        .expiration = record->expiration,
    };
    kn_buffer_add_span(&batch->data, record->value);
    batch->n++;
}

/* Look at the next keys. False when there are no more. */
static bool collect(struct kn_dht_push *push, struct batch *batch)
{
    struct kn_dht *dht = push->dht;
    struct kn_buffer scratch = { 0 };
    double now = kn_dht_unix_time(dht);
    bool more = true;

    for (size_t i = 0; i < KEYS_A_STEP && batch->n < ITEMS_A_BATCH; i++) {
        struct kn_dht_id key;
        struct kn_record record;

        more = kn_record_next_key(dht->records, &push->at, now, &key);
        if (!more)
            break;
        if (!is_ours_to_give(push, &key) ||
            !kn_record_get(dht->records, &key, now, &scratch, &record))
            continue;
        if (push->bytes + record.value.n > KN_DHT_PUSH_MAX) {
            more = false;
            break;
        }
        push->bytes += record.value.n;
        add(batch, &key, &record);
        if (kn_buffer_get(&batch->data).n >= KN_DHT_STORE_BYTES_MAX)
            break;
    }
    kn_buffer_done(&scratch);
    return more;
}

static void on_stored(void *arg, const struct kn_dht_reply *reply)
{
    struct kn_dht_push *push = arg;
    struct kn_dht *dht = push->dht;
    struct kn_dht_store_answer answer;

    push->rpc = NULL;
    if (reply->code == KN_OK && kn_dht_store_answer_decode(reply->bytes, &answer) == KN_OK) {
        kn_dht_heard(dht, &reply->peer, &answer.node);
        return;
    }
    if (reply->code == KN_OK)
        kn_dht_misheard(dht, &reply->peer);
    push->ended = true;
}

static void send(struct kn_dht_push *push, struct batch *batch)
{
    struct kn_dht *dht = push->dht;
    struct kn_buffer request = { 0 };
    const uint8_t *data = kn_buffer_get(&batch->data).at;

    for (size_t i = 0; i < batch->n; i++)
        batch->items[i].value.at = data + batch->offsets[i];
    kn_dht_store_request_encode(&dht->self, batch->items, batch->n, &request);
    request.failed |= batch->data.failed;
    push->rpc = kn_dht_rpc(dht, &push->to.peer, KN_DHT_STORE, &request, on_stored, push);
    if (push->rpc != NULL)
        dht->counters.pushed += batch->n;
    else
        push->ended = true;
    kn_buffer_done(&request);
}

static void step(struct kn_dht_push *push)
{
    struct batch batch = { .items = kn_try_alloc(ITEMS_A_BATCH * sizeof(*batch.items)),
                           .offsets = kn_try_alloc(ITEMS_A_BATCH * sizeof(*batch.offsets)) };

    if (batch.items == NULL || batch.offsets == NULL || !collect(push, &batch))
        push->ended = true;
    if (batch.n > 0)
        send(push, &batch);
    kn_free(batch.items);
    kn_free(batch.offsets);
    kn_buffer_done(&batch.data);
}

static void drop(struct kn_dht *dht, struct kn_dht_push **at)
{
    struct kn_dht_push *push = *at;

    *at = push->next;
    dht->push_count--;
    kn_free(push);
}

void kn_dht_push_fire(struct kn_dht *dht)
{
    struct kn_dht_push **at = &dht->pushes;

    while (*at != NULL) {
        if ((*at)->rpc == NULL && !(*at)->ended)
            step(*at);
        if ((*at)->rpc == NULL && (*at)->ended)
            drop(dht, at);
        else
            at = &(*at)->next;
    }
}

kn_time kn_dht_push_deadline(const struct kn_dht *dht)
{
    for (const struct kn_dht_push *push = dht->pushes; push != NULL; push = push->next)
        if (push->rpc == NULL)
            return kn_dht_now(dht);
    return KN_NEVER;
}

void kn_dht_push_free_all(struct kn_dht *dht)
{
    while (dht->pushes != NULL) {
        kn_dht_rpc_cancel(dht->pushes->rpc);
        drop(dht, &dht->pushes);
    }
}
