/*
 * Property: a store does what a short list of records does that is searched from end to end. The
 * input is a script: four bytes an operation (what, where, how long, by whom). When its first byte
 * is odd, bytes are limited too; then only the limits are looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network/dht/record_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 4, PEERS = 3, RECORDS = 24, SHARE = 9, STEPS_MAX = 1000, STEP = 4, NO_SUBKEY = 0 };

/* Few bytes: some ten records. */
enum { FEW_BYTES = 3000 };

#define LONGEST 64.0
#define LONGEST_OTHERS 48.0

struct row {
    uint8_t key, subkey, value; /* subkey 0: none */
    unsigned peer;              /* 0: ourselves */
    double end;
    uint64_t brought; /* when: a count */
};

struct model {
    struct row rows[RECORDS + 1];
    size_t n;
    uint64_t brought;
    double latest[KEYS]; /* of what is there, and of what was evicted there */
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void take_out(struct model *model, size_t at)
{
    model->n--;
    memmove(&model->rows[at], &model->rows[at + 1], (model->n - at) * sizeof(model->rows[0]));
}

static void model_drop_ended(struct model *model, double now)
{
    for (size_t i = model->n; i > 0; i--) {
        if (model->rows[i - 1].end < now)
            take_out(model, i - 1);
    }
}

static size_t model_share(const struct model *model, unsigned peer)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n; i++)
        n += model->rows[i].peer == peer;
    return n;
}

/* What a record costs: more than all the bytes of all records, and its bytes. */
static size_t cost_of(const struct row *row)
{
    return 1000 + (row->subkey != NO_SUBKEY) + 1;
}

static size_t model_bytes(const struct model *model, unsigned peer)
{
    size_t bytes = 0;

    for (size_t i = 0; i < model->n; i++)
        bytes += model->rows[i].peer == peer ? cost_of(&model->rows[i]) : 0;
    return bytes;
}

/* What that peer brought first; model->n: nothing. */
static size_t model_first_of(const struct model *model, unsigned peer)
{
    size_t first = model->n;

    for (size_t i = 0; i < model->n; i++) {
        if (model->rows[i].peer == peer &&
            (first == model->n || model->rows[i].brought < model->rows[first].brought))
            first = i;
    }
    return first;
}

/* No two records end at one moment, so there is one first. */
static size_t model_first_to_end(const struct model *model)
{
    size_t first = 0;

    for (size_t i = 1; i < model->n; i++) {
        if (model->rows[i].end < model->rows[first].end)
            first = i;
    }
    return first;
}

static bool model_make_room(struct model *model, const struct row *row)
{
    size_t own = row->peer != 0 ? model_bytes(model, row->peer) : 0, goes;
    unsigned most = 1;

    if (model->n < RECORDS)
        return true;
    for (unsigned peer = 2; peer <= PEERS; peer++) {
        if (model_bytes(model, peer) > model_bytes(model, most))
            most = peer;
    }
    if (model_bytes(model, most) > own + cost_of(row)) {
        take_out(model, model_first_of(model, most));
        return true;
    }
    goes = own > 0 ? model_first_of(model, row->peer) : model_first_to_end(model);
    if (model->rows[goes].end >= row->end)
        return false;
    take_out(model, goes);
    return true;
}

/* Before the row is there. */
static void add_latest(struct model *model, const struct row *row)
{
    bool any = false;

    for (size_t i = 0; i < model->n; i++)
        any |= model->rows[i].key == row->key;
    if (!any || model->latest[row->key] < row->end)
        model->latest[row->key] = row->end;
}

static enum kn_stored model_add(struct model *model, struct row row)
{
    if (row.peer != 0 && model_share(model, row.peer) >= SHARE)
        return KN_STORED_FULL;
    if (!model_make_room(model, &row))
        return KN_STORED_FULL;
    for (size_t i = model->n; i > 0; i--) {
        const struct row *other = &model->rows[i - 1];

        if (other->key == row.key && (other->subkey == NO_SUBKEY || row.subkey == NO_SUBKEY))
            take_out(model, i - 1);
    }
    row.brought = model->brought++;
    add_latest(model, &row);
    model->rows[model->n++] = row;
    return KN_STORED;
}

static enum kn_stored model_replace(struct model *model, size_t at, struct row row)
{
    if (row.peer != 0 && row.peer != model->rows[at].peer && model_share(model, row.peer) >= SHARE)
        return KN_STORED_FULL;
    row.brought = model->brought++;
    add_latest(model, &row);
    model->rows[at] = row;
    return KN_STORED;
}

/* Did several peers bring what is under that key? */
static bool model_is_shared(const struct model *model, uint8_t key)
{
    const struct row *first = NULL;

    for (size_t i = 0; i < model->n; i++) {
        if (model->rows[i].key != key)
            continue;
        if (first != NULL && first->peer != model->rows[i].peer)
            return true;
        first = &model->rows[i];
    }
    return false;
}

static enum kn_stored model_put(struct model *model, struct row row, double now)
{
    double longest = row.peer == 0 ? LONGEST : LONGEST_OTHERS;

    if (row.end > now + longest)
        row.end = now + longest;
    model_drop_ended(model, now);
    if (row.end < now)
        return KN_STORED_EXPIRED;
    for (size_t i = 0; i < model->n; i++) {
        const struct row *other = &model->rows[i];

        if (other->key != row.key)
            continue;
        if (other->subkey == row.subkey)
            return other->end < row.end ? model_replace(model, i, row) : KN_STORED_OLDER;
        if ((other->subkey == NO_SUBKEY || row.subkey == NO_SUBKEY) &&
            model->latest[row.key] >= row.end)
            return KN_STORED_OLDER;
    }
    if (row.subkey == NO_SUBKEY && model_is_shared(model, row.key))
        return KN_STORED_OLDER;
    return model_add(model, row);
}

static struct kn_dht_id key_of(uint8_t key)
{
    return (struct kn_dht_id){ { key } };
}

/* The next record of that key from `at` on; model->n when there is none. */
static size_t model_next(const struct model *model, uint8_t key, size_t at)
{
    while (at < model->n && model->rows[at].key != key)
        at++;
    return at;
}

static void compare_dictionary(const struct model *model, uint8_t key,
                               const struct kn_record *record)
{
    struct kn_dht_dictionary dictionary;
    struct kn_dht_entry entry;
    double latest = 0;
    size_t at = model_next(model, key, 0);

    require(kn_dht_dictionary_open(record->value, &dictionary) == KN_OK);
    require(dictionary.latest <= record->expiration && dictionary.latest >= record->expiration);
    while (kn_dht_dictionary_next(&dictionary, &entry, NULL)) {
        require(at < model->n);
        require(entry.subkey.n == 1 && entry.subkey.at[0] == model->rows[at].subkey);
        require(entry.value.n == 1 && entry.value.at[0] == model->rows[at].value);
        require(entry.expiration <= model->rows[at].end && entry.expiration >= model->rows[at].end);
        if (latest < entry.expiration)
            latest = entry.expiration;
        at = model_next(model, key, at + 1);
    }
    require(at == model->n && latest <= record->expiration);
    require(record->expiration <= model->latest[key] && record->expiration >= model->latest[key]);
}

static void compare(struct kn_record_store *store, const struct model *model, uint8_t key,
                    double now, struct kn_buffer *scratch)
{
    struct kn_dht_id id = key_of(key);
    struct kn_record record;
    size_t at = model_next(model, key, 0);

    require(kn_record_get(store, &id, now, scratch, &record) == (at < model->n));
    require(kn_record_size(store, &id, now) == (at < model->n ? record.value.n : 0));
    if (at == model->n)
        return;
    require(record.is_dictionary == (model->rows[at].subkey != NO_SUBKEY));
    if (record.is_dictionary)
        compare_dictionary(model, key, &record);
    else
        require(record.value.n == 1 && record.value.at[0] == model->rows[at].value &&
                model_next(model, key, at + 1) == model->n);
}

static void compare_all(struct kn_record_store *store, const struct model *model, double now,
                        struct kn_buffer *scratch)
{
    struct kn_record_counters counters;

    for (unsigned key = 0; key < KEYS; key++)
        compare(store, model, (uint8_t)key, now, scratch);
    kn_record_counters(store, &counters);
    require(counters.records == model->n);
}

static void check_limits(struct kn_record_store *store, double now)
{
    struct kn_record_counters counters;
    struct kn_dht_id key;
    size_t at = 0, keys = 0;

    kn_record_counters(store, &counters);
    require(counters.records <= RECORDS && counters.bytes <= FEW_BYTES);
    require(counters.keys <= counters.records && counters.keys <= KEYS);
    while (kn_record_next_key(store, &at, now, &key))
        keys++;
    require(keys <= counters.keys);
}

/* `op`: what (0: time passes; 1: the end of a record that may be there), where, how long, by whom
 */
static void step(struct kn_record_store *store, struct model *model, const uint8_t op[STEP],
                 double now, bool few_bytes)
{
    struct row row = {
        op[1] % KEYS, op[1] / KEYS % 16, op[3], op[0] / 2 % (PEERS + 1), now - 2 + op[2] % 80, 0
    };
    struct kn_dht_id key = key_of(row.key);
    uint8_t bytes[32] = { 0xc4, 30 }; /* a larger value, which the model does not know */
    struct kn_peer_id peer = { .n = 1, .bytes = { (uint8_t)row.peer } };
    struct kn_span value =
        few_bytes && op[3] % 2 == 1 ? kn_span(bytes, sizeof(bytes)) : kn_span(&row.value, 1);
    enum kn_stored got;

    row.value &= 0x7f; /* a small number */
    for (size_t i = 0; op[0] % 2 == 1 && i < model->n; i++) {
        if (model->rows[i].key == row.key && model->rows[i].subkey == row.subkey)
            row.end = model->rows[i].end;
    }
    got = kn_record_put(store, &key, kn_span(&row.subkey, row.subkey != NO_SUBKEY), value, row.end,
                        row.peer != 0 ? &peer : NULL, now);
    if (few_bytes)
        check_limits(store, now);
    else
        require(got == model_put(model, row, now));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool few_bytes = size > 0 && data[0] % 2 == 1;
    struct kn_record_limits limits = { .records = RECORDS,
                                       .bytes = few_bytes ? FEW_BYTES : 1 << 20,
                                       .records_a_peer = SHARE,
                                       .bytes_a_peer = few_bytes ? FEW_BYTES / 2 : 1 << 20,
                                       .longest_s = LONGEST,
                                       .longest_others_s = LONGEST_OTHERS };
    struct kn_record_store *store = kn_record_store_new(&limits);
    struct model model = { .n = 0 };
    struct kn_buffer scratch = { 0 };
    double now = 1000;

    require(store != NULL);
    for (size_t i = 0; i < STEPS_MAX && 1 + (i + 1) * STEP <= size; i++) {
        const uint8_t *op = data + 1 + i * STEP;

        /* so that no two ends are the same but those that the script asks for */
        now += 1.0 / STEPS_MAX / 2 + (op[0] == 0 ? op[2] % 16 : 0);
        step(store, &model, op, now, few_bytes);
        if (!few_bytes)
            compare(store, &model, op[1] % KEYS, now, &scratch);
    }
    if (!few_bytes)
        compare_all(store, &model, now, &scratch);
    kn_buffer_done(&scratch);
    kn_record_store_free(store);
    return 0;
}
