#include "network/dht/search.h"

#include "lib/base/memory.h"

/* One question under way. */
struct kn_dht_asking {
    struct kn_dht_search *search;
    struct kn_dht_asking *next, *before;
    struct kn_dht_rpc *rpc;
    struct kn_dht_question question;
};

/* More keys are worth more calls at a time: each has its own neighbourhood. */
enum { KEYS_A_WORKER = 2 };

bool kn_dht_search_init(struct kn_dht_search *search, struct kn_dht_lookup_options options)
{
    struct kn_dht *dht = search->op->dht;

    options.batch = dht->options.batch;
    options.own = &dht->own;
    search->workers = dht->options.workers + (search->n - 1) / KEYS_A_WORKER;
    if (search->workers > KN_DHT_PARALLEL_MAX)
        search->workers = KN_DHT_PARALLEL_MAX;
    search->lookup = kn_dht_lookup_new(&options, search->keys, search->n);
    return search->lookup != NULL;
}

static void forget(struct kn_dht_asking *asking)
{
    struct kn_dht_search *search = asking->search;

    if (asking->before != NULL)
        asking->before->next = asking->next;
    else
        search->askings = asking->next;
    if (asking->next != NULL)
        asking->next->before = asking->before;
    search->open--;
    kn_free(asking);
}

void kn_dht_search_done(struct kn_dht_search *search)
{
    while (search->askings != NULL) {
        kn_dht_rpc_cancel(search->askings->rpc);
        forget(search->askings);
    }
    kn_dht_lookup_free(search->lookup);
    search->lookup = NULL;
}

void kn_dht_search_seed(struct kn_dht_search *search)
{
    struct kn_dht *dht = search->op->dht;
    struct kn_dht_neighbour near[KN_DHT_BUCKET_SIZE];

    for (size_t i = 0; i < search->n; i++) {
        size_t n =
            kn_dht_table_nearest(dht->table, &search->keys[i], NULL, near, KN_DHT_BUCKET_SIZE);

        for (size_t j = 0; j < n; j++)
            if (!kn_dht_is_banned(dht, &near[j].peer))
                kn_dht_lookup_seed(search->lookup, &near[j], false);
    }
}

void kn_dht_search_must(struct kn_dht_search *search, const struct kn_peer_id *peer)
{
    const struct kn_dht_neighbour *known = kn_dht_table_find(search->op->dht->table, peer);
    struct kn_dht_neighbour node = { .peer = *peer };

    if (known != NULL)
        node = *known;
    else /* until it tells its id: some derive it so, and any place will do */
        kn_dht_id_of_bytes(kn_span(peer->bytes, peer->n), &node.id);
    kn_dht_lookup_seed(search->lookup, &node, true);
}

/* Is every result whole? A broken one makes the whole answer worthless, as hivemind has it. */
static bool is_whole(const struct kn_dht_find_answer *answer, size_t n)
{
    struct kn_dht_find_result result;
    size_t at = 0, found = 0;
    bool failed = false;

    while (found < n && kn_dht_find_result_next(answer, &at, &result, &failed))
        found++;
    return found == n && answer->result_count == n && !failed;
}

static void read_neighbours(struct kn_dht_search *search, const struct kn_dht_question *question,
                            size_t key, const struct kn_dht_find_result *result)
{
    struct kn_dht *dht = search->op->dht;
    struct kn_dht_neighbour_cursor at = { 0 };
    struct kn_dht_neighbour node;
    size_t told = 0, nonsense = 0;

    while (told < KN_DHT_TOLD_MAX && kn_dht_find_neighbour(result, &at, &node, &nonsense)) {
        told++;
        if (!kn_dht_is_banned(dht, &node.peer))
            kn_dht_lookup_told(search->lookup, question, key, &node);
    }
    dht->counters.nonsense_neighbours += nonsense;
}

static bool read_answer(struct kn_dht_search *search, const struct kn_dht_question *question,
                        struct kn_span bytes)
{
    struct kn_dht_op *op = search->op;
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    const struct kn_dht_id *id;
    size_t at = 0;
    bool failed = false, believed;

    if (kn_dht_find_answer_decode(bytes, &answer) != KN_OK || !is_whole(&answer, question->n))
        return false;
    id = answer.node.has_id ? &answer.node.id : NULL;
    believed = kn_dht_lookup_believes(search->lookup, question, id);
    for (size_t i = 0; i < question->n; i++) {
        if (!kn_dht_find_result_next(&answer, &at, &result, &failed))
            break;
        if (believed)
            read_neighbours(search, question, question->keys[i], &result);
        if (search->result != NULL)
            search->result(op, question->keys[i], &question->node.peer, &result);
    }
    kn_dht_lookup_answered(search->lookup, question, id);
    kn_dht_heard(op->dht, &question->node.peer, &answer.node);
    return true;
}

static void on_answer(void *arg, const struct kn_dht_reply *reply)
{
    struct kn_dht_asking *asking = arg;
    struct kn_dht_search *search = asking->search;
    struct kn_dht_question question = asking->question;
    struct kn_dht_op *op = search->op;
    struct kn_dht *dht = op->dht;
    bool sense;

    forget(asking);
    kn_dht_op_enter(op);
    sense = reply->code == KN_OK && read_answer(search, &question, reply->bytes);
    if (sense) {
        kn_dht_pardon(dht, &reply->peer);
    } else {
        if (reply->code == KN_OK)
            kn_dht_misheard(dht, &reply->peer);
        kn_dht_ban(dht, &reply->peer);
        kn_dht_lookup_failed(search->lookup, &question);
    }
    kn_dht_search_step(search);
    kn_dht_op_leave(op);
}

static void ask(struct kn_dht_search *search, const struct kn_dht_question *question)
{
    struct kn_dht *dht = search->op->dht;
    struct kn_dht_asking *asking = kn_try_alloc(sizeof(*asking));
    struct kn_dht_id keys[KN_DHT_BATCH_MAX];
    struct kn_buffer bytes = { 0 };

    for (size_t i = 0; i < question->n; i++)
        keys[i] = search->keys[question->keys[i]];
    kn_dht_find_request_encode(&dht->self, keys, question->n, &bytes);
    if (asking != NULL) {
        asking->search = search;
        asking->question = *question;
        asking->rpc = kn_dht_rpc(dht, &question->node.peer, KN_DHT_FIND, &bytes, on_answer, asking);
    }
    kn_buffer_done(&bytes);
    if (asking == NULL || asking->rpc == NULL) {
        kn_free(asking);
        kn_dht_lookup_failed(search->lookup, question);
        return;
    }
    search->questions++;
    search->open++;
    asking->next = search->askings;
    if (search->askings != NULL)
        search->askings->before = asking;
    search->askings = asking;
}

static void tell_settled(struct kn_dht_search *search, kn_time now)
{
    size_t key;

    while (!search->op->over && kn_dht_lookup_take_settled(search->lookup, now, &key))
        if (search->settled != NULL)
            search->settled(search->op, key);
}

void kn_dht_search_step(struct kn_dht_search *search)
{
    struct kn_dht_op *op = search->op;
    struct kn_dht_question question;
    kn_time now = kn_dht_now(op->dht);

    tell_settled(search, now);
    while (!op->over && search->open < search->workers &&
           kn_dht_lookup_next(search->lookup, now, &question))
        ask(search, &question);
    /* A question that could not be sent may have been the last. */
    if (!op->over && search->open == 0)
        tell_settled(search, now);
    if (!op->over && search->moved != NULL)
        search->moved(op);
    if (!op->over)
        op->wake = kn_dht_lookup_slow_at(search->lookup, now);
}
