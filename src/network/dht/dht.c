#include "network/dht/dht.h"

#include "lib/base/memory.h"
#include "network/dht/node.h"

void kn_dht_options_init(struct kn_dht_options *options)
{
    *options = (struct kn_dht_options){
        .records = kn_record_limits_default,
        .timeout_ms = KN_DHT_TIMEOUT_MS,
        .workers = KN_DHT_WORKERS,
        .replicas = KN_DHT_REPLICAS,
        .bucket_size = KN_DHT_BUCKET_SIZE,
        .batch = KN_DHT_BATCH_MAX,
    };
}

static size_t within(size_t value, size_t max)
{
    if (value < 1)
        return 1;
    return value < max ? value : max;
}

struct kn_dht *kn_dht_new(const struct kn_dht_options *options)
{
    struct kn_dht *dht = kn_try_alloc(sizeof(*dht));

    if (dht == NULL)
        return NULL;
    dht->options = *options;
    dht->options.workers = within(options->workers, KN_DHT_PARALLEL_MAX);
    dht->options.replicas = within(options->replicas, KN_DHT_REPLICAS_MAX);
    dht->options.bucket_size = within(options->bucket_size, KN_DHT_BUCKET_SIZE_MAX);
    dht->options.batch = within(options->batch, KN_DHT_BATCH_MAX);
    dht->own = (struct kn_dht_neighbour){ options->id, options->peer };
    dht->self = (struct kn_dht_node){ !options->client_mode, options->id };
    dht->woken_at = KN_NEVER;
    dht->table = kn_dht_table_new(&options->id, dht->options.bucket_size);
    dht->records = kn_record_store_new(&options->records);
    if (dht->table == NULL || dht->records == NULL) {
        kn_dht_free(dht);
        return NULL;
    }
    return dht;
}

void kn_dht_free(struct kn_dht *dht)
{
    if (dht == NULL)
        return;
    while (dht->ops != NULL)
        kn_dht_cancel(dht->ops);
    kn_dht_push_free_all(dht);
    kn_dht_serving_free_all(dht);
    while (dht->rpcs != NULL)
        kn_dht_rpc_cancel(dht->rpcs);
    if (dht->woken_at != KN_NEVER)
        dht->options.link.wake_at(dht->options.link.arg, KN_NEVER);
    kn_dht_table_free(dht->table);
    kn_record_store_free(dht->records);
    kn_free(dht->banned);
    kn_free(dht);
}

kn_time kn_dht_now(const struct kn_dht *dht)
{
    return dht->options.link.now(dht->options.link.arg);
}

double kn_dht_unix_time(const struct kn_dht *dht)
{
    return dht->options.link.dht_time(dht->options.link.arg);
}

static kn_time deadline_of(const struct kn_dht *dht)
{
    kn_time when = kn_dht_push_deadline(dht);

    for (const struct kn_dht_op *op = dht->ops; op != NULL; op = op->next)
        when = kn_time_min(when, kn_time_min(op->wake, op->deadline));
    return when;
}

void kn_dht_retime(struct kn_dht *dht)
{
    kn_time when = deadline_of(dht);

    if (when == dht->woken_at)
        return;
    dht->woken_at = when;
    dht->options.link.wake_at(dht->options.link.arg, when);
}

static struct kn_dht_op *due(const struct kn_dht *dht, kn_time now)
{
    for (struct kn_dht_op *op = dht->ops; op != NULL; op = op->next)
        if (op->wake <= now || op->deadline <= now)
            return op;
    return NULL;
}

void kn_dht_fire(struct kn_dht *dht)
{
    kn_time now = kn_dht_now(dht);
    struct kn_dht_op *op;

    dht->woken_at = KN_NEVER;
    kn_dht_push_fire(dht);
    /* From the front each time: a callback may have ended any of them. */
    while ((op = due(dht, now)) != NULL) {
        bool late = op->deadline <= now;

        op->wake = KN_NEVER;
        if (late)
            op->deadline = KN_NEVER;
        kn_dht_op_enter(op);
        op->fire(op, late);
        kn_dht_op_leave(op);
    }
    kn_dht_retime(dht);
}

const struct kn_dht_table *kn_dht_table(const struct kn_dht *dht)
{
    return dht->table;
}

struct kn_record_store *kn_dht_records(struct kn_dht *dht)
{
    return dht->records;
}

void kn_dht_counters(const struct kn_dht *dht, struct kn_dht_counters *out)
{
    *out = dht->counters;
    out->operations = dht->op_count;
    out->peers = kn_dht_table_count(dht->table);
}
