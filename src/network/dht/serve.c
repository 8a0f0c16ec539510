/*
 * serve — what we answer to the three calls of others.
 * spec: hivemind/dht/protocol.py, rpc_ping, rpc_store, rpc_find.
 */
#include "lib/base/memory.h"
#include "network/dht/node.h"

/* A ping whose caller is called back before it is answered. */
struct kn_dht_serving {
    struct kn_dht *dht;
    struct kn_dht_serving *next, *before;
    struct kn_dht_node caller;
    struct kn_dht_rpc *rpc;
    kn_dht_answer_fn *answer;
    void *arg;
};

/* What a result takes at least, and about at most with neighbours: kept free for the keys that
 * follow, so that an answer never grows past its limit. */
enum {
    RESULT_MIN = 8,
    NEIGHBOUR_BYTES = KN_DHT_ID_SIZE + KN_PEER_ID_MAX + 8,
    END_BYTES = 64,
};

static const char *text_of(enum kn_code code)
{
    if (code == KN_E_LIMIT)
        return "too many keys or bytes in one request";
    if (code == KN_E_INVALID)
        return "a node id or a key of another length, or lists of different lengths";
    return "the request is no message of the DHT protocol";
}

static void refuse(struct kn_dht *dht, enum kn_code code, kn_dht_answer_fn *answer, void *arg)
{
    dht->counters.refused_requests++;
    answer(arg, text_of(code), kn_span(NULL, 0));
}

static void send(struct kn_dht *dht, enum kn_dht_method method, struct kn_buffer *bytes,
                 kn_dht_answer_fn *answer, void *arg)
{
    if (bytes->failed || kn_buffer_get(bytes).n > KN_DHT_MESSAGE_MAX) {
        dht->counters.refused_requests++;
        answer(arg, "short of memory", kn_span(NULL, 0));
    } else {
        dht->counters.served[method]++;
        answer(arg, NULL, kn_buffer_get(bytes));
    }
    kn_buffer_done(bytes);
}

/* ---- rpc_ping ---- */

static void answer_ping(struct kn_dht *dht, bool available, kn_dht_answer_fn *answer, void *arg)
{
    struct kn_dht_ping_answer pong = { dht->self, kn_dht_unix_time(dht), available };
    struct kn_buffer bytes = { 0 };

    kn_dht_ping_answer_encode(&pong, &bytes);
    send(dht, KN_DHT_PING, &bytes, answer, arg);
}

static void forget(struct kn_dht_serving *serving)
{
    if (serving->before != NULL)
        serving->before->next = serving->next;
    else
        serving->dht->servings = serving->next;
    if (serving->next != NULL)
        serving->next->before = serving->before;
    serving->dht->serving_count--;
    kn_free(serving);
}

static void on_called_back(void *arg, const struct kn_dht_reply *reply)
{
    struct kn_dht_serving *serving = arg;
    struct kn_dht *dht = serving->dht;
    kn_dht_answer_fn *answer = serving->answer;
    void *answer_arg = serving->arg;
    struct kn_dht_ping_answer pong;
    bool available = reply->code == KN_OK &&
                     kn_dht_ping_answer_decode(reply->bytes, &pong) == KN_OK && pong.node.has_id &&
                     kn_dht_id_equal(&pong.node.id, &serving->caller.id);

    if (available)
        kn_dht_heard(dht, &reply->peer, &serving->caller);
    forget(serving);
    answer_ping(dht, available, answer, answer_arg);
}

/* Call back. False: that could not be begun. */
static bool validate(struct kn_dht *dht, const struct kn_peer_id *caller,
                     const struct kn_dht_node *node, kn_dht_answer_fn *answer, void *arg,
                     struct kn_dht_serving **out)
{
    struct kn_dht_ping_request request = { .node = dht->self };
    struct kn_dht_serving *serving;
    struct kn_buffer bytes = { 0 };

    if (dht->serving_count >= KN_DHT_SERVINGS_MAX)
        return false;
    serving = kn_try_alloc(sizeof(*serving));
    if (serving == NULL)
        return false;
    *serving = (struct kn_dht_serving){
        .dht = dht, .next = dht->servings, .caller = *node, .answer = answer, .arg = arg
    };
    if (dht->servings != NULL)
        dht->servings->before = serving;
    dht->servings = serving;
    dht->serving_count++;
    kn_dht_ping_request_encode(&request, &bytes);
    serving->rpc = kn_dht_rpc(dht, caller, KN_DHT_PING, &bytes, on_called_back, serving);
    kn_buffer_done(&bytes);
    if (serving->rpc == NULL) {
        forget(serving);
        return false;
    }
    *out = serving;
    return true;
}

static void serve_ping(struct kn_dht *dht, const struct kn_peer_id *caller, struct kn_span bytes,
                       kn_dht_answer_fn *answer, void *arg, struct kn_dht_serving **serving)
{
    struct kn_dht_ping_request request;
    enum kn_code rc = kn_dht_ping_request_decode(bytes, &request);

    if (rc != KN_OK) {
        refuse(dht, rc, answer, arg);
        return;
    }
    if (request.validate && request.node.has_id &&
        validate(dht, caller, &request.node, answer, arg, serving))
        return;
    if (!request.validate)
        kn_dht_heard(dht, caller, &request.node);
    answer_ping(dht, false, answer, arg);
}

/* ---- rpc_store ---- */

static bool keep(struct kn_dht *dht, const struct kn_dht_id *key, const struct kn_dht_entry *entry,
                 const struct kn_peer_id *caller)
{
    return kn_record_put(dht->records, key, entry->subkey, entry->value, entry->expiration, caller,
                         kn_dht_unix_time(dht)) == KN_STORED;
}

static bool keep_item(struct kn_dht *dht, const struct kn_dht_store_item *item,
                      const struct kn_peer_id *caller)
{
    struct kn_dht_entry entry = { item->subkey, item->value, item->expiration };
    struct kn_dht_dictionary dictionary;
    size_t malformed = 0;
    bool all = true;

    switch (item->kind) {
    case KN_DHT_STORE_REGULAR:
        entry.subkey = kn_span(NULL, 0);
        return keep(dht, &item->key, &entry, caller);
    case KN_DHT_STORE_SUBKEY:
        return keep(dht, &item->key, &entry, caller);
    case KN_DHT_STORE_DICTIONARY:
        break;
    }
    if (kn_dht_dictionary_open(item->value, &dictionary) != KN_OK)
        return false;
    while (kn_dht_dictionary_next(&dictionary, &entry, &malformed))
        all &= keep(dht, &item->key, &entry, caller);
    return all && malformed == 0;
}

static void serve_store(struct kn_dht *dht, const struct kn_peer_id *caller, struct kn_span bytes,
                        kn_dht_answer_fn *answer, void *arg)
{
    struct kn_dht_store_request request;
    struct kn_dht_store_cursor cursor = { 0 };
    struct kn_dht_store_item item;
    struct kn_buffer out = { 0 };
    enum kn_code rc = kn_dht_store_request_decode(bytes, &request);
    bool *ok;
    size_t n = 0;

    if (rc != KN_OK) {
        refuse(dht, rc, answer, arg);
        return;
    }
    /* What came beyond the bound is answered with false, one byte of the request each at least. */
    ok = kn_try_alloc(request.offered + 1);
    if (ok == NULL) {
        refuse(dht, KN_E_LIMIT, answer, arg);
        return;
    }
    while (n < request.count && kn_dht_store_next(&request, &cursor, &item)) {
        ok[n] = keep_item(dht, &item, caller);
        dht->counters.refused_records += !ok[n];
        n++;
    }
    dht->counters.refused_records += request.offered - n;
    kn_dht_heard(dht, caller, &request.node);
    kn_dht_store_answer_encode(&dht->self, ok, request.offered, &out);
    kn_free(ok);
    send(dht, KN_DHT_STORE, &out, answer, arg);
}

/* ---- rpc_find ---- */

/* Fits another result of that many bytes, when `left` of at least `each` follow? */
static bool fits(const struct kn_buffer *out, size_t bytes, size_t left, size_t each)
{
    return kn_buffer_get(out).n + bytes + left * each <= KN_DHT_MESSAGE_MAX - END_BYTES;
}

/* What we keep under a key, if there is room for it. Looked at before it is made: a question of a
 * few bytes may name the same long dictionary a thousand times. */
static void find_value(struct kn_dht *dht, const struct kn_dht_id *key,
                       const struct kn_dht_neighbour *near, size_t n, size_t left,
                       struct kn_buffer *scratch, const struct kn_buffer *out,
                       struct kn_dht_find_result *found)
{
    size_t with_neighbours = RESULT_MIN + dht->options.bucket_size * NEIGHBOUR_BYTES;
    double now = kn_dht_unix_time(dht);
    size_t size = kn_record_size(dht->records, key, now);
    struct kn_record record;

    if (size == 0)
        return;
    size = kn_dht_find_result_size(KN_DHT_FOUND_REGULAR, size, near, n);
    if (!fits(out, size, left, with_neighbours)) {
        dht->counters.left_out++;
        return;
    }
    if (!kn_record_get(dht->records, key, now, scratch, &record))
        return;
    found->found = record.is_dictionary ? KN_DHT_FOUND_DICTIONARY : KN_DHT_FOUND_REGULAR;
    found->value = record.value;
    found->expiration = record.expiration;
}

/* One result, with less in it if the whole does not fit: `left` keys follow. */
static void find_one(struct kn_dht *dht, const struct kn_peer_id *caller,
                     const struct kn_dht_id *key, size_t left, struct kn_buffer *scratch,
                     struct kn_buffer *out)
{
    struct kn_dht_find_result found = { .found = KN_DHT_NOT_FOUND };
    struct kn_dht_neighbour near[KN_DHT_BUCKET_SIZE];
    size_t k = dht->options.bucket_size < KN_DHT_BUCKET_SIZE ? dht->options.bucket_size
                                                             : KN_DHT_BUCKET_SIZE;
    size_t n = kn_dht_table_nearest(dht->table, key, caller, near, k);

    find_value(dht, key, near, n, left, scratch, out, &found);
    if (found.found == KN_DHT_NOT_FOUND &&
        !fits(out, kn_dht_find_result_size(KN_DHT_NOT_FOUND, 0, near, n), left, RESULT_MIN))
        n = 0;
    kn_dht_find_result_encode(&found, near, n, out);
}

static void serve_find(struct kn_dht *dht, const struct kn_peer_id *caller, struct kn_span bytes,
                       kn_dht_answer_fn *answer, void *arg)
{
    struct kn_dht_find_request request;
    struct kn_buffer scratch = { 0 }, out = { 0 };
    struct kn_dht_id key;
    enum kn_code rc = kn_dht_find_request_decode(bytes, &request);
    size_t at = 0, left;

    if (rc != KN_OK) {
        refuse(dht, rc, answer, arg);
        return;
    }
    left = request.key_count;
    while (kn_dht_find_key(&request, &at, &key))
        find_one(dht, caller, &key, --left, &scratch, &out);
    kn_dht_find_answer_end(&dht->self, &out);
    kn_buffer_done(&scratch);
    kn_dht_heard(dht, caller, &request.node);
    send(dht, KN_DHT_FIND, &out, answer, arg);
}

/* ---- all of them ---- */

void kn_dht_serve(struct kn_dht *dht, const struct kn_peer_id *caller, enum kn_dht_method method,
                  struct kn_span request, kn_dht_answer_fn *answer, void *arg,
                  struct kn_dht_serving **serving)
{
    *serving = NULL;
    switch (method) {
    case KN_DHT_PING:
        serve_ping(dht, caller, request, answer, arg, serving);
        break;
    case KN_DHT_STORE:
        serve_store(dht, caller, request, answer, arg);
        break;
    case KN_DHT_FIND:
        serve_find(dht, caller, request, answer, arg);
        break;
    case KN_DHT_METHOD_COUNT:
        refuse(dht, KN_E_UNSUPPORTED, answer, arg);
        break;
    }
    kn_dht_retime(dht);
}

void kn_dht_serving_cancel(struct kn_dht_serving *serving)
{
    if (serving == NULL)
        return;
    kn_dht_rpc_cancel(serving->rpc);
    forget(serving);
}

void kn_dht_serving_free_all(struct kn_dht *dht)
{
    while (dht->servings != NULL)
        kn_dht_serving_cancel(dht->servings);
}
