/*
 * put_queue — items wait in a queue for each node. A node has one message under way; what gathers
 * meanwhile goes with its next, so that many keys that settle together travel together.
 */
#include "lib/base/memory.h"
#include "network/dht/put_parts.h"

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

int kn_put_target_of(struct kn_putting *putting, const struct kn_peer_id *peer)
{
    struct kn_put_target *target;
    void *list = putting->targets;

    for (size_t i = 0; i < putting->target_count; i++)
        if (kn_peer_id_equal(&putting->targets[i]->peer, peer))
            return (int)i;
    if (putting->target_count == putting->target_room) {
        if (!grow(&list, &putting->target_room, sizeof(struct kn_put_target *)))
            return KN_PUT_NONE;
        putting->targets = list;
    }
    target = kn_try_alloc(sizeof(*target));
    if (target == NULL)
        return KN_PUT_NONE;
    *target = (struct kn_put_target){
        .putting = putting, .peer = *peer, .first = KN_PUT_NONE, .last = KN_PUT_NONE
    };
    putting->targets[putting->target_count] = target;
    return (int)putting->target_count++;
}

struct kn_put_pair *kn_put_find_pair(struct kn_putting *putting, uint32_t item, int target)
{
    for (int i = putting->pairs_of[item]; i != KN_PUT_NONE; i = putting->pairs[i].next_of_item)
        if (putting->pairs[i].target == (uint32_t)target)
            return &putting->pairs[i];
    return NULL;
}

void kn_put_enqueue(struct kn_putting *putting, uint32_t item, int target)
{
    struct kn_put_target *to = putting->targets[target];
    int number = (int)putting->pair_count;
    void *list = putting->pairs;

    if (putting->pair_count == putting->pair_room) {
        if (!grow(&list, &putting->pair_room, sizeof(struct kn_put_pair))) {
            putting->short_of_memory = true;
            return;
        }
        putting->pairs = list;
    }
    putting->pairs[number] = (struct kn_put_pair){ item, (uint32_t)target, putting->pairs_of[item],
                                                   KN_PUT_NONE, KN_PUT_WAITING };
    putting->pairs_of[item] = number;
    putting->pair_count++;
    putting->open++;
    if (to->dead) {
        putting->pairs[number].fate = KN_PUT_FAILED;
        putting->open--;
        return;
    }
    if (to->last != KN_PUT_NONE)
        putting->pairs[to->last].next_of_target = number;
    else
        to->first = number;
    to->last = number;
}

/* ---- messages ---- */

static void fail_pair(struct kn_putting *putting, int number)
{
    uint32_t item = putting->pairs[number].item;

    putting->pairs[number].fate = KN_PUT_FAILED;
    putting->open--;
    kn_put_place_again(putting, item);
}

/* It does not answer: what it was to keep goes to others. */
static void give_up_target(struct kn_putting *putting, struct kn_put_target *target)
{
    int next;

    target->dead = true;
    for (size_t i = 0; i < target->sent_n; i++)
        fail_pair(putting, target->sent[i]);
    target->sent_n = 0;
    for (int i = target->first; i != KN_PUT_NONE; i = next) {
        next = putting->pairs[i].next_of_target;
        fail_pair(putting, i);
    }
    target->first = target->last = KN_PUT_NONE;
}

static void read_outcomes(struct kn_putting *putting, struct kn_put_target *target,
                          const struct kn_dht_store_answer *answer)
{
    for (size_t i = 0; i < target->sent_n; i++) {
        struct kn_put_pair *pair = &putting->pairs[target->sent[i]];
        bool ok = kn_dht_store_answer_ok(answer, i);

        pair->fate = ok ? KN_PUT_ACKNOWLEDGED : KN_PUT_REFUSED;
        putting->outcomes[pair->item].acknowledged += ok;
        putting->outcomes[pair->item].refused += !ok;
        putting->open--;
    }
    target->sent_n = 0;
}

static void on_stored(void *arg, const struct kn_dht_reply *reply)
{
    struct kn_put_target *target = arg;
    struct kn_putting *putting = target->putting;
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
    kn_put_step(putting);
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
static size_t take(struct kn_putting *putting, struct kn_put_target *target,
                   struct kn_dht_store_item *items)
{
    size_t bytes = 0, n = 0;

    while (target->first != KN_PUT_NONE && n < KN_DHT_KEYS_MAX) {
        struct kn_put_pair *pair = &putting->pairs[target->first];
        const struct kn_dht_item *item = &putting->items[pair->item];

        bytes += item->subkey.n + item->value.n + KN_DHT_ID_SIZE;
        if (n > 0 && bytes > KN_DHT_STORE_BYTES_MAX)
            break;
        items[n] = message_item(item);
        target->sent[n++] = target->first;
        pair->fate = KN_PUT_SENT;
        target->first = pair->next_of_target;
    }
    if (target->first == KN_PUT_NONE)
        target->last = KN_PUT_NONE;
    return n;
}

static size_t count_waiting(const struct kn_putting *putting, const struct kn_put_target *target)
{
    size_t n = 0;

    for (int i = target->first; i != KN_PUT_NONE && n < KN_DHT_KEYS_MAX;
         i = putting->pairs[i].next_of_target)
        n++;
    return n;
}

static void send(struct kn_putting *putting, struct kn_put_target *target)
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

void kn_put_send(struct kn_putting *putting)
{
    for (size_t i = 0; i < putting->target_count && putting->sending < putting->search.workers; i++)
        if (putting->targets[i]->rpc == NULL && putting->targets[i]->first != KN_PUT_NONE)
            send(putting, putting->targets[i]);
}

void kn_put_free_targets(struct kn_putting *putting)
{
    for (size_t i = 0; i < putting->target_count; i++) {
        kn_dht_rpc_cancel(putting->targets[i]->rpc);
        kn_free(putting->targets[i]->sent);
        kn_free(putting->targets[i]);
    }
    kn_free(putting->targets);
    kn_free(putting->pairs);
}
