/* get — what the swarm keeps under keys. */
#include "lib/base/memory.h"
#include "network/dht/search.h"

/* Whoever is nearest most often has it; more are asked at once when one of them is slow. */
enum { COVERAGE_BEAM = 2, FIRST_WORKERS = 3 };

/* One peer may fill a share of what is merged, not all of it. */
enum { RECORDS_MAX = 1 << 18, RECORDS_A_PEER = 1 << 16 };

struct getting {
    struct kn_dht_op op;
    struct kn_dht_search search;
    struct kn_dht_id *keys;
    unsigned *answers; /* to each key */
    struct kn_peer_id *also;
    size_t n, also_n;
    enum kn_dht_get_mode mode;
    struct kn_record_store *merged; /* hivemind's rules of storing are those of merging */
    struct kn_buffer scratch;
    bool begun;
    struct kn_dht_get_totals totals;
    kn_dht_value_fn *value;
    kn_dht_got_fn *done;
    void *arg;
};

static bool merge_one(struct getting *getting, size_t key, const struct kn_dht_entry *entry,
                      const struct kn_peer_id *peer)
{
    switch (kn_record_put(getting->merged, &getting->keys[key], entry->subkey, entry->value,
                          entry->expiration, peer, kn_dht_unix_time(getting->op.dht))) {
    case KN_STORED:
        return true;
    case KN_STORED_EXPIRED:
        getting->totals.expired++;
        break;
    case KN_STORED_MALFORMED:
        getting->totals.malformed++;
        getting->op.dht->counters.malformed_records++;
        break;
    case KN_STORED_OLDER:
    case KN_STORED_FULL:
        break;
    }
    return false;
}

static bool merge_dictionary(struct getting *getting, size_t key, struct kn_span bytes,
                             const struct kn_peer_id *peer)
{
    struct kn_dht_dictionary dictionary;
    struct kn_dht_entry entry;
    bool any = false;

    if (kn_dht_dictionary_open(bytes, &dictionary) == KN_OK) {
        /* The store looks at the parts, and only at those that it does not have. */
        while (kn_dht_dictionary_step(&dictionary, &entry))
            any |= merge_one(getting, key, &entry, peer);
    } else {
        getting->totals.malformed++;
        getting->op.dht->counters.malformed_records++;
    }
    return any;
}

static void merge(struct getting *getting, size_t key, bool is_dictionary, struct kn_span value,
                  double expiration, const struct kn_peer_id *peer)
{
    struct kn_dht_entry regular = { .value = value, .expiration = expiration };
    bool any = is_dictionary ? merge_dictionary(getting, key, value, peer)
                             : merge_one(getting, key, &regular, peer);

    if (any && getting->mode == KN_DHT_GET_FIRST)
        kn_dht_lookup_settle(getting->search.lookup, key);
}

static void on_result(struct kn_dht_op *op, size_t key, const struct kn_peer_id *peer,
                      const struct kn_dht_find_result *result)
{
    struct getting *getting = (struct getting *)op;

    getting->answers[key]++;
    if (result->found != KN_DHT_NOT_FOUND)
        merge(getting, key, result->found == KN_DHT_FOUND_DICTIONARY, result->value,
              result->expiration, peer);
}

static void tell(struct getting *getting, size_t key, bool is_late)
{
    struct kn_dht_value value = { .key = key,
                                  .answers = getting->answers[key],
                                  .is_late = is_late };

    value.found =
        kn_record_get(getting->merged, &getting->keys[key], kn_dht_unix_time(getting->op.dht),
                      &getting->scratch, &value.record);
    getting->totals.found += value.found;
    getting->value(getting->arg, &value);
}

static void on_settled(struct kn_dht_op *op, size_t key)
{
    tell((struct getting *)op, key, false);
}

static void finish(struct getting *getting, enum kn_code code)
{
    getting->op.over = true;
    getting->totals.code = code;
    getting->totals.questions = getting->search.questions;
    getting->done(getting->arg, &getting->totals);
}

static void on_moved(struct kn_dht_op *op)
{
    struct getting *getting = (struct getting *)op;

    if (kn_dht_lookup_left(getting->search.lookup) == 0)
        finish(getting, KN_OK);
}

/* What we keep ourselves counts like an answer of one more node. */
static void begin(struct getting *getting)
{
    struct kn_dht *dht = getting->op.dht;
    struct kn_record own;

    kn_dht_search_seed(&getting->search);
    for (size_t i = 0; i < getting->also_n; i++)
        kn_dht_search_must(&getting->search, &getting->also[i]);
    for (size_t i = 0; i < getting->n; i++)
        if (kn_record_get(dht->records, &getting->keys[i], kn_dht_unix_time(dht), &getting->scratch,
                          &own))
            merge(getting, i, own.is_dictionary, own.value, own.expiration, NULL);
}

/* The deadline: the keys that are open are told with what there is. */
static void give_up(struct getting *getting)
{
    size_t key;

    for (size_t i = 0; i < getting->n; i++)
        kn_dht_lookup_settle(getting->search.lookup, i);
    while (!getting->op.over &&
           kn_dht_lookup_take_settled(getting->search.lookup, getting->op.wake, &key))
        tell(getting, key, true);
    if (!getting->op.over)
        finish(getting, KN_E_TIMEOUT);
}

static void fire(struct kn_dht_op *op, bool late)
{
    struct getting *getting = (struct getting *)op;

    if (late) {
        give_up(getting);
        return;
    }
    if (!getting->begun)
        begin(getting);
    else if (getting->search.workers < op->dht->options.workers)
        getting->search.workers = op->dht->options.workers; /* somebody is slow */
    getting->begun = true;
    kn_dht_search_step(&getting->search);
}

static void destroy(struct kn_dht_op *op)
{
    struct getting *getting = (struct getting *)op;

    kn_dht_search_done(&getting->search);
    kn_record_store_free(getting->merged);
    kn_buffer_done(&getting->scratch);
    kn_free(getting->keys);
    kn_free(getting->answers);
    kn_free(getting->also);
    kn_free(getting);
}

static bool init(struct getting *getting, const struct kn_dht_get_options *options)
{
    struct kn_record_limits limits = getting->op.dht->options.records;
    struct kn_dht_lookup_options how = { .beam = KN_DHT_BUCKET_SIZE };

    limits.records = RECORDS_MAX;
    limits.records_a_peer = RECORDS_A_PEER;
    limits.bytes = KN_DHT_GET_BYTES_MAX;
    /* In a small swarm one peer keeps all that is asked for, and tells it as it was announced. */
    limits.bytes_a_peer = KN_DHT_GET_BYTES_MAX;
    limits.longest_others_s = limits.longest_s;
    getting->keys = kn_try_alloc((options->n + 1) * sizeof(*getting->keys));
    getting->answers = kn_try_alloc((options->n + 1) * sizeof(*getting->answers));
    getting->also = kn_try_alloc((options->also_n + 1) * sizeof(*getting->also));
    getting->merged = kn_record_store_new(&limits);
    if (getting->keys == NULL || getting->answers == NULL || getting->also == NULL ||
        getting->merged == NULL)
        return false;
    memcpy(getting->keys, options->keys, options->n * sizeof(*getting->keys));
    if (options->also_n > 0)
        memcpy(getting->also, options->also, options->also_n * sizeof(*getting->also));
    getting->n = options->n;
    getting->also_n = options->also_n;
    getting->mode = options->mode;
    getting->search = (struct kn_dht_search){ .op = &getting->op,
                                              .keys = getting->keys,
                                              .n = getting->n,
                                              .result = on_result,
                                              .settled = on_settled,
                                              .moved = on_moved };
    if (options->mode == KN_DHT_GET_COVERAGE)
        how = (struct kn_dht_lookup_options){
            .beam = COVERAGE_BEAM,
            .peer_calls = (options->n + KN_DHT_BATCH_MAX - 1) / KN_DHT_BATCH_MAX,
            .leave_slow = true,
        };
    if (!kn_dht_search_init(&getting->search, how))
        return false;
    if (getting->mode == KN_DHT_GET_FIRST && getting->search.workers > FIRST_WORKERS)
        getting->search.workers = FIRST_WORKERS;
    return true;
}

enum kn_code kn_dht_get(struct kn_dht *dht, const struct kn_dht_get_options *options,
                        kn_dht_value_fn *value, kn_dht_got_fn *done, void *arg,
                        struct kn_dht_op **out)
{
    enum kn_code rc = kn_dht_op_admit(dht);
    struct getting *getting;

    if (options->n == 0 || options->n > KN_DHT_LOOKUP_KEYS_MAX ||
        options->also_n > KN_DHT_PEERS_MAX)
        return KN_E_LIMIT;
    getting = rc == KN_OK ? kn_try_alloc(sizeof(*getting)) : NULL;
    if (getting == NULL)
        return rc == KN_OK ? KN_E_NO_MEMORY : rc;
    getting->op = (struct kn_dht_op){ .dht = dht, .fire = fire, .destroy = destroy };
    getting->value = value;
    getting->done = done;
    getting->arg = arg;
    if (!init(getting, options)) {
        destroy(&getting->op);
        return KN_E_NO_MEMORY;
    }
    kn_dht_op_start(dht, &getting->op, options->deadline);
    *out = &getting->op;
    return KN_OK;
}
