#include "network/dht/record_store.h"

#include <math.h>

#include "lib/codec/msgpack.h"
#include "network/dht/message.h"
#include "support/fuse.h"
#include "support/hex.h"
#include "support/vectors.h"

#define NOW 1700000000.0
#define NOTHING kn_span(NULL, 0)

static const struct kn_record_limits wide = { 1000000, 1 << 30, 1000000, 1 << 30, 1e12, 1e12 };

static struct kn_dht_id key_of(uint32_t number)
{
    struct kn_dht_id key = { { 0 } };

    for (size_t i = 0; i < sizeof(number); i++)
        key.bytes[i] = (uint8_t)(number >> 8 * i);
    return key;
}

static struct kn_peer_id peer_of(uint8_t number)
{
    uint8_t bytes[34] = { 0x12, 0x20, number };
    struct kn_peer_id peer;

    CHECK_EQ("peer", kn_peer_id_from_bytes(bytes, sizeof(bytes), &peer, NULL), KN_OK);
    return peer;
}

/* Put a small number under a key, and under a subkey that is a number when it is not below 0. */
static enum kn_stored put(struct kn_record_store *store, uint32_t key, int subkey, double end,
                          const struct kn_peer_id *from)
{
    struct kn_dht_id id = key_of(key);
    uint8_t value = 1;
    struct kn_buffer out = { 0 };
    enum kn_stored result;

    if (subkey >= 0)
        kn_msgpack_write_int(&out, subkey);
    result = kn_record_put(store, &id, kn_buffer_get(&out), kn_span(&value, 1), end, from, NOW);
    kn_buffer_done(&out);
    return result;
}

static struct kn_record_counters counters_of(const struct kn_record_store *store)
{
    struct kn_record_counters counters;

    kn_record_counters(store, &counters);
    return counters;
}

/* Entries of the dictionary under a key, -1 for a regular value, 0 for nothing. */
static int look(struct kn_record_store *store, uint32_t key, double now)
{
    struct kn_dht_id id = key_of(key);
    struct kn_buffer scratch = { 0 };
    struct kn_dht_dictionary dictionary;
    struct kn_record record;
    int n = 0;

    if (!kn_record_get(store, &id, now, &scratch, &record)) {
        CHECK_EQ("size", kn_record_size(store, &id, now), 0);
    } else if (!record.is_dictionary) {
        n = -1;
    } else {
        CHECK_EQ("open", kn_dht_dictionary_open(record.value, &dictionary), KN_OK);
        n = (int)dictionary.count;
    }
    if (n != 0)
        CHECK_EQ("its size is known beforehand", kn_record_size(store, &id, now), record.value.n);
    kn_buffer_done(&scratch);
    return n;
}

/* Run one operation of the script; hivemind's answer and what it holds then stand beside. */
static void check_operation(struct kn_record_store *store, const json_t *row, const char *name)
{
    struct kn_span key = hex_bytes(vectors_text(row, "key"));
    struct kn_span value = hex_bytes(vectors_text(row, "value"));
    const char *subkey = vectors_text(row, "subkey");
    const json_t *after = json_object_get(row, "after");
    struct kn_buffer bytes = { 0 }, scratch = { 0 };
    struct kn_record record;
    struct kn_dht_id id;
    enum kn_stored got;

    memcpy(id.bytes, key.at, KN_DHT_ID_SIZE);
    if (subkey != NULL)
        kn_msgpack_write_text(&bytes, kn_span_text(subkey));
    got = kn_record_put(store, &id, kn_buffer_get(&bytes), value,
                        json_number_value(json_object_get(row, "expiration")), NULL, NOW);
    CHECK_EQ(name, got == KN_STORED, json_is_true(json_object_get(row, "stored")));
    CHECK(name, kn_record_get(store, &id, NOW, &scratch, &record));
    CHECK_HEX(name, record.value, vectors_text(after, "value"));
    CHECK_EQ(name, record.is_dictionary, json_is_true(json_object_get(after, "dictionary")));
    CHECK_EQ(name, record.expiration, json_number_value(json_object_get(after, "expiration")));
    kn_buffer_done(&bytes);
    kn_buffer_done(&scratch);
    hex_done(key);
    hex_done(value);
}

/* All of the script: none of its operations is one that a node here refuses on purpose (an end that
 * is not finite, a value that is no MessagePack, nil as a subkey). */
static void operations_end_as_in_hivemind(void **state)
{
    json_t *rows = vectors_list("dictionary.json", "operations"), *row;
    struct kn_record_store *store = kn_record_store_new(&wide);
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        char name[32];

        (void)snprintf(name, sizeof(name), "operation %zu", i);
        check_operation(store, row, name);
    }
    CHECK_EQ("keys", counters_of(store).keys, 2);
    CHECK_EQ("records", counters_of(store).records, 3);
    kn_record_store_free(store);
    vectors_done(rows);
}

static void what_hivemind_would_hang_on_is_not_stored(void **state)
{
    static const struct {
        const char *name, *subkey, *value;
        double end;
        enum kn_stored want;
    } cases[] = {
        { "good", "a161", "01", NOW + 1, KN_STORED },
        { "ends now", "", "01", NOW, KN_STORED },
        { "ended", "", "01", NOW - 0.001, KN_STORED_EXPIRED },
        { "NaN", "", "01", (double)NAN, KN_STORED_MALFORMED },
        { "infinite", "", "01", (double)INFINITY, KN_STORED_MALFORMED },
        { "minus infinite", "", "01", -(double)INFINITY, KN_STORED_MALFORMED },
        { "no MessagePack", "", "c1", NOW + 1, KN_STORED_MALFORMED },
        { "two values", "", "0101", NOW + 1, KN_STORED_MALFORMED },
        { "no value", "", "", NOW + 1, KN_STORED_MALFORMED },
        { "a list as subkey", "90", "01", NOW + 1, KN_STORED_MALFORMED },
        { "nil as subkey", "c0", "01", NOW + 1, KN_STORED_MALFORMED },
        { "a cut subkey", "a2", "01", NOW + 1, KN_STORED_MALFORMED },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_record_store *store = kn_record_store_new(&wide);
        struct kn_span subkey = hex_bytes(cases[i].subkey), value = hex_bytes(cases[i].value);
        struct kn_dht_id key = key_of(1);

        CHECK_EQ(cases[i].name, kn_record_put(store, &key, subkey, value, cases[i].end, NULL, NOW),
                 cases[i].want);
        CHECK_EQ(cases[i].name, counters_of(store).records, cases[i].want == KN_STORED);
        CHECK_EQ(cases[i].name, counters_of(store).refused_malformed,
                 cases[i].want == KN_STORED_MALFORMED);
        kn_record_store_free(store);
        hex_done(subkey);
        hex_done(value);
    }
}

static void values_have_a_largest_size(void **state)
{
    static uint8_t value[KN_DHT_RECORD_MAX + 1] = { 0xc6 };
    struct kn_record_store *store = kn_record_store_new(&wide);
    struct kn_dht_id key = key_of(1);

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t n = KN_DHT_RECORD_MAX + more;

        for (size_t i = 0; i < 4; i++)
            value[1 + i] = (uint8_t)((n - 5) >> 8 * (3 - i));
        CHECK_EQ("size",
                 kn_record_put(store, &key, NOTHING, kn_span(value, n), NOW + 1 + (double)more,
                               NULL, NOW),
                 more == 0 ? KN_STORED : KN_STORED_MALFORMED);
    }
    kn_record_store_free(store);
}

static void records_end_when_their_time_comes(void **state)
{
    struct kn_record_store *store = kn_record_store_new(&wide);

    (void)state;
    CHECK_EQ("value", put(store, 1, -1, NOW + 10, NULL), KN_STORED);
    CHECK_EQ("entry", put(store, 2, 1, NOW + 10, NULL), KN_STORED);
    CHECK_EQ("entry", put(store, 2, 2, NOW + 20, NULL), KN_STORED);
    CHECK_EQ("at its end", look(store, 1, NOW + 10), -1);
    CHECK_EQ("at its end", look(store, 2, NOW + 10), 2);
    CHECK_EQ("past it", look(store, 1, NOW + 10.5), 0);
    CHECK_EQ("one of two", look(store, 2, NOW + 10.5), 1);
    CHECK_EQ("all", look(store, 2, NOW + 21), 0);
    CHECK_EQ("nothing is left", counters_of(store).bytes, 0);
    kn_record_store_free(store);
}

static void an_end_far_away_is_cut(void **state)
{
    static const struct {
        const char *name;
        double end;
        bool is_ours;
        double there, gone;
    } cases[] = {
        { "ours", NOW + 1e9, true, 100, 101 },
        { "of another peer", NOW + 1e9, false, 10, 11 },
        { "ours, near enough", NOW + 50, true, 50, 51 },
        { "of another peer, near enough", NOW + 9, false, 9, 10 },
    };
    struct kn_record_limits limits = wide;
    struct kn_peer_id a = peer_of(1);

    (void)state;
    limits.longest_s = 100;
    limits.longest_others_s = 10;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_record_store *store = kn_record_store_new(&limits);

        CHECK_EQ(cases[i].name, put(store, 1, -1, cases[i].end, cases[i].is_ours ? NULL : &a),
                 KN_STORED);
        CHECK_EQ(cases[i].name, look(store, 1, NOW + cases[i].there), -1);
        CHECK_EQ(cases[i].name, look(store, 1, NOW + cases[i].gone), 0);
        kn_record_store_free(store);
    }
}

static void the_first_to_end_makes_room(void **state)
{
    struct kn_record_limits limits = wide;
    struct kn_record_store *store;

    (void)state;
    limits.records = 3;
    store = kn_record_store_new(&limits);
    CHECK_EQ("fill", put(store, 1, -1, NOW + 30, NULL), KN_STORED);
    CHECK_EQ("fill", put(store, 2, 1, NOW + 10, NULL), KN_STORED);
    CHECK_EQ("fill", put(store, 2, 2, NOW + 20, NULL), KN_STORED);
    CHECK_EQ("ends before all", put(store, 3, -1, NOW + 5, NULL), KN_STORED_FULL);
    CHECK_EQ("ends with the first", put(store, 3, -1, NOW + 10, NULL), KN_STORED_FULL);
    CHECK_EQ("replaces in place", put(store, 2, 1, NOW + 11, NULL), KN_STORED);
    CHECK_EQ("outlives one", put(store, 3, -1, NOW + 15, NULL), KN_STORED);
    CHECK_EQ("the other stays", look(store, 2, NOW), 1);
    CHECK_EQ("evicts the next", put(store, 3, -1, NOW + 25, NULL), KN_STORED);
    CHECK_EQ("a value becomes a dictionary", put(store, 1, 7, NOW + 40, NULL), KN_STORED);
    CHECK_EQ("records", counters_of(store).records, 2);
    CHECK_EQ("evicted", counters_of(store).evicted, 2);
    CHECK_EQ("refused", counters_of(store).refused_full, 2);
    kn_record_store_free(store);
}

static void bytes_are_counted(void **state)
{
    static const uint8_t value[] = { 0xc4, 100 };
    uint8_t large[102] = { 0 };
    struct kn_record_limits limits = wide;
    struct kn_record_store *store;
    struct kn_dht_id key = key_of(1);
    size_t one;

    (void)state;
    memcpy(large, value, sizeof(value));
    store = kn_record_store_new(&limits);
    CHECK_EQ("one", put(store, 1, -1, NOW + 10, NULL), KN_STORED);
    one = counters_of(store).bytes;
    CHECK("one", one > 20 + 1);
    CHECK_EQ(
        "larger",
        kn_record_put(store, &key, NOTHING, kn_span(large, sizeof(large)), NOW + 11, NULL, NOW),
        KN_STORED);
    CHECK_EQ("larger", counters_of(store).bytes, one + 101);
    CHECK_EQ("smaller", put(store, 1, -1, NOW + 12, NULL), KN_STORED);
    CHECK_EQ("smaller", counters_of(store).bytes, one);
    kn_record_store_free(store);

    limits.bytes = 4 * one;
    store = kn_record_store_new(&limits);
    for (uint32_t i = 0; i < 100; i++) {
        CHECK_EQ("each ends later", put(store, i, -1, NOW + i, NULL), KN_STORED);
        CHECK("bounded", counters_of(store).bytes <= limits.bytes);
    }
    CHECK("some are held", counters_of(store).records >= 2);
    CHECK_EQ("the last is", look(store, 99, NOW), -1);
    key = key_of(99);
    /* others make room for it */
    CHECK_EQ(
        "grows",
        kn_record_put(store, &key, NOTHING, kn_span(large, sizeof(large)), NOW + 200, NULL, NOW),
        KN_STORED);
    CHECK("bounded", counters_of(store).bytes <= limits.bytes);
    kn_record_store_free(store);

    limits.bytes = one - 1;
    store = kn_record_store_new(&limits);
    CHECK_EQ("nothing fits", put(store, 1, -1, NOW + 10, NULL), KN_STORED_FULL);
    kn_record_store_free(store);
}

static void a_record_that_cannot_grow_stays_as_it_was(void **state)
{
    uint8_t large[202] = { 0xc4, 200 };
    struct kn_record_limits limits = wide;
    struct kn_record_store *store = kn_record_store_new(&limits);
    struct kn_dht_id key = key_of(1);

    (void)state;
    CHECK_EQ("one", put(store, 1, -1, NOW + 10, NULL), KN_STORED);
    limits.bytes = counters_of(store).bytes + 200;
    kn_record_store_free(store);
    store = kn_record_store_new(&limits);
    CHECK_EQ("one", put(store, 1, -1, NOW + 10, NULL), KN_STORED);
    CHECK_EQ(
        "grows",
        kn_record_put(store, &key, NOTHING, kn_span(large, sizeof(large)), NOW + 20, NULL, NOW),
        KN_STORED_FULL);
    CHECK_EQ("its end is the old one", look(store, 1, NOW + 11), 0);
    kn_record_store_free(store);
}

static void one_peer_has_its_share(void **state)
{
    struct kn_peer_id a = peer_of(1), b = peer_of(2);
    struct kn_record_limits limits = wide;
    struct kn_record_store *store;

    (void)state;
    limits.records_a_peer = 2;
    store = kn_record_store_new(&limits);
    CHECK_EQ("first", put(store, 1, -1, NOW + 10, &a), KN_STORED);
    CHECK_EQ("second", put(store, 2, 1, NOW + 20, &a), KN_STORED);
    CHECK_EQ("third", put(store, 3, -1, NOW + 10, &a), KN_STORED_FULL);
    CHECK_EQ("its own again", put(store, 1, -1, NOW + 11, &a), KN_STORED);
    CHECK_EQ("another peer", put(store, 3, -1, NOW + 10, &b), KN_STORED);
    CHECK_EQ("ourselves", put(store, 4, -1, NOW + 10, NULL), KN_STORED);
    CHECK_EQ("not that of another", put(store, 3, -1, NOW + 20, &a), KN_STORED_FULL);
    CHECK_EQ("the other takes one over", put(store, 1, -1, NOW + 12, &b), KN_STORED);
    CHECK_EQ("so one is free", put(store, 5, -1, NOW + 20, &a), KN_STORED);
    CHECK_EQ("none of the other's", put(store, 6, -1, NOW + 20, &b), KN_STORED_FULL);
    CHECK_EQ("records end", look(store, 1, NOW + 15), 0);
    CHECK_EQ("and give way", put(store, 6, -1, NOW + 20, &b), KN_STORED);
    kn_record_store_free(store);
}

/* Put `n` bytes under a key, and under a subkey when it is not 0. */
static enum kn_stored put_large(struct kn_record_store *store, uint32_t key, uint8_t subkey,
                                size_t n, double end, const struct kn_peer_id *from)
{
    static const uint8_t zeros[1 << 20];
    struct kn_dht_id id = key_of(key);
    struct kn_buffer value = { 0 };
    enum kn_stored result;

    kn_msgpack_write_bin(&value, kn_span(zeros, n));
    result = kn_record_put(store, &id, kn_span(&subkey, subkey != 0), kn_buffer_get(&value), end,
                           from, NOW);
    kn_buffer_done(&value);
    return result;
}

static void bytes_of_a_peer_are_its_share_too(void **state)
{
    enum { SHARE = 10000 };
    struct kn_peer_id a = peer_of(1), b = peer_of(2);
    const struct {
        const char *name;
        uint32_t key;
        size_t n;
        double end;
        const struct kn_peer_id *from;
        enum kn_stored want;
    } steps[] = {
        { "more than a share", 1, SHARE, 10, &a, KN_STORED_FULL },
        { "half a share", 1, SHARE / 2, 10, &a, KN_STORED },
        { "the other half is too much", 2, SHARE / 2, 10, &a, KN_STORED_FULL },
        { "of another peer", 3, SHARE / 2, 10, &b, KN_STORED },
        { "our own", 4, 2 * SHARE, 10, NULL, KN_STORED },
        { "its own may grow", 1, SHARE - 1000, 11, &a, KN_STORED },
        { "but not past its share", 1, SHARE, 12, &a, KN_STORED_FULL },
        { "a small one beside it", 2, 100, 10, &a, KN_STORED },
        { "that of another is not for it", 3, SHARE / 2, 20, &a, KN_STORED_FULL },
        { "its own may shrink", 1, 10, 13, &a, KN_STORED },
        { "then there is room", 3, SHARE / 2, 20, &a, KN_STORED },
        { "for the other as well", 5, SHARE - 1000, 20, &b, KN_STORED },
    };
    struct kn_record_limits limits = wide;
    struct kn_record_store *store;

    (void)state;
    limits.bytes_a_peer = SHARE;
    store = kn_record_store_new(&limits);
    for (size_t i = 0; i < KN_COUNT(steps); i++)
        CHECK_EQ(steps[i].name,
                 put_large(store, steps[i].key, 0, steps[i].n, NOW + steps[i].end, steps[i].from),
                 steps[i].want);
    CHECK_EQ("records end", look(store, 1, NOW + 30), 0);
    CHECK_EQ("and give way", put_large(store, 6, 0, SHARE - 1000, NOW + 40, &a), KN_STORED);
    kn_record_store_free(store);
}

/* With the limits that a node has: all that one peer can do leaves the records of others alone. */
static void one_peer_does_not_drive_out_the_others(void **state)
{
    struct kn_record_store *store = kn_record_store_new(&kn_record_limits_default);
    struct kn_peer_id a = peer_of(1), b = peer_of(2);
    size_t taken = 0;

    (void)state;
    CHECK_EQ("for some minutes", put(store, 1000, 1, NOW + 300, &b), KN_STORED);
    for (uint32_t i = 0; i < 300; i++)
        taken += put_large(store, i, 0, 1 << 20, NOW + 1e9, &a) == KN_STORED;
    CHECK_EQ("its share", taken, 7);
    CHECK_EQ("is still there", look(store, 1000, NOW), 1);
    CHECK_EQ("evicted", counters_of(store).evicted, 0);
    CHECK_EQ("two days", look(store, 0, NOW + 2 * 86400), -1);
    CHECK_EQ("no more", look(store, 0, NOW + 2 * 86400 + 1), 0);
    kn_record_store_free(store);
}

/* Forty peers of one owner fill a store with what lives long. */
static void who_has_most_makes_room_for_who_has_little(void **state)
{
    enum { MANY = 40, EACH = 10, OLD = 1000, FRESH = 1001 };
    struct kn_peer_id few = peer_of(200), us[MANY];
    struct kn_record_limits limits = wide;
    struct kn_record_store *store;

    (void)state;
    limits.records = MANY * EACH;
    store = kn_record_store_new(&limits);
    CHECK_EQ("before all", put(store, OLD, 1, NOW + 300, &few), KN_STORED);
    for (uint32_t i = 0; i < MANY * EACH; i++) {
        us[i % MANY] = peer_of((uint8_t)(i % MANY));
        CHECK_EQ("fill", put(store, i, -1, NOW + 86400 + i, &us[i % MANY]), KN_STORED);
    }
    CHECK_EQ("full", counters_of(store).records, MANY * EACH);
    CHECK_EQ("its own, as it had as much as any", look(store, MANY - 1, NOW), 0);
    CHECK_EQ("not the first to end", look(store, OLD, NOW), 1);
    for (int i = 0; i < EACH - 2; i++)
        CHECK_EQ("one who has little", put(store, FRESH, i, NOW + 300, &few), KN_STORED);
    CHECK_EQ("all are there", look(store, FRESH, NOW), EACH - 2);
    CHECK_EQ("and what was", look(store, OLD, NOW), 1);
    CHECK_EQ("as much as any", put(store, FRESH, EACH, NOW + 300, &few), KN_STORED_FULL);
    CHECK_EQ("so its own goes", put(store, FRESH, EACH, NOW + 301, &few), KN_STORED);
    CHECK_EQ("the first of them", look(store, OLD, NOW), 0);
    CHECK_EQ("ours", put(store, FRESH + 1, -1, NOW + 1, NULL), KN_STORED);
    CHECK_EQ("renewed", put(store, OLD, 1, NOW + 600, &few), KN_STORED);
    CHECK_EQ("bounded", counters_of(store).records, MANY * EACH);
    kn_record_store_free(store);
}

/* Up to four entries, by whom and until when; then a value that outlives them. */
static void a_value_does_not_hide_what_several_brought(void **state)
{
    enum { ENTRIES = 4, US = -1 };
    static const struct {
        const char *name;
        struct {
            int subkey, from; /* from 0: no entry */
            double end;
        } entries[ENTRIES];
        double now;
        int left; /* entries, or -1: the value */
    } cases[] = {
        { "one entry", { { 1, 1, 10 } }, 0, -1 },
        { "several of one peer", { { 1, 1, 10 }, { 2, 1, 20 }, { 3, 1, 30 } }, 0, -1 },
        { "our own", { { 1, US, 10 }, { 2, US, 20 } }, 0, -1 },
        { "of two peers", { { 1, 1, 10 }, { 2, 2, 20 } }, 0, 2 },
        { "ours and another's", { { 1, US, 10 }, { 2, 2, 20 } }, 0, 2 },
        { "one in the middle", { { 1, 1, 10 }, { 2, 2, 20 }, { 3, 1, 30 } }, 0, 3 },
        { "the second has ended", { { 1, 1, 30 }, { 2, 2, 20 } }, 25, -1 },
        { "the first has ended", { { 1, 1, 10 }, { 2, 2, 20 } }, 15, -1 },
        { "one between two has ended", { { 1, 1, 30 }, { 2, 2, 10 }, { 3, 1, 30 } }, 15, -1 },
        { "between those of two", { { 1, 1, 30 }, { 2, 2, 10 }, { 3, 2, 30 } }, 15, 2 },
        { "another takes one over", { { 1, 1, 10 }, { 2, 1, 20 }, { 1, 2, 15 } }, 0, 2 },
        { "another takes both over",
          { { 1, 1, 10 }, { 2, 1, 20 }, { 1, 2, 15 }, { 2, 2, 25 } },
          0,
          -1 },
        { "it had both", { { 1, 1, 10 }, { 2, 2, 20 }, { 1, 2, 15 } }, 0, -1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_record_store *store = kn_record_store_new(&wide);
        struct kn_peer_id evil = peer_of(9);
        enum kn_stored want = cases[i].left < 0 ? KN_STORED : KN_STORED_OLDER;

        for (size_t j = 0; j < ENTRIES && cases[i].entries[j].from != 0; j++) {
            struct kn_peer_id peer = peer_of((uint8_t)cases[i].entries[j].from);
            bool ours = cases[i].entries[j].from == US;

            CHECK_EQ(cases[i].name,
                     put(store, 1, cases[i].entries[j].subkey, NOW + cases[i].entries[j].end,
                         ours ? NULL : &peer),
                     KN_STORED);
        }
        (void)look(store, 1, NOW + cases[i].now); /* what has ended goes */
        CHECK_EQ(cases[i].name, put(store, 1, -1, NOW + 1000, &evil), want);
        CHECK_EQ(cases[i].name, look(store, 1, NOW + cases[i].now), cases[i].left);
        kn_record_store_free(store);
    }
}

static void all_keys_are_walked(void **state)
{
    struct kn_record_store *store = kn_record_store_new(&wide);
    bool seen[200] = { false };
    struct kn_dht_id key;
    size_t at = 0, n = 0;

    (void)state;
    for (uint32_t i = 0; i < KN_COUNT(seen); i++)
        CHECK_EQ("put", put(store, i, i % 2 == 0 ? -1 : 1, NOW + i, NULL), KN_STORED);
    while (kn_record_next_key(store, &at, NOW + 100, &key)) {
        CHECK("in range", key.bytes[0] >= 100 && key.bytes[0] < KN_COUNT(seen));
        CHECK("once", !seen[key.bytes[0]]);
        seen[key.bytes[0]] = true;
        n++;
    }
    CHECK_EQ("those that live", n, 100);
    kn_record_store_free(store);
}

/* Linear, or this test does not end in its time. */
static void a_long_dictionary_is_told_in_part(void **state)
{
    struct kn_record_store *store = kn_record_store_new(&wide);
    const int n = 100000;

    (void)state;
    for (int i = 0; i < n; i++)
        CHECK_EQ("put", put(store, 1, i, NOW + n - i, NULL), KN_STORED);
    CHECK_EQ("held", counters_of(store).records, n);
    for (int i = 0; i < 10; i++)
        CHECK_EQ("told", look(store, 1, NOW), KN_DHT_DICTIONARY_MAX);
    CHECK_EQ("most have ended", look(store, 1, NOW + n - 99.5), 100);
    CHECK_EQ("a later value", put(store, 1, -1, NOW + n + 1, NULL), KN_STORED);
    CHECK_EQ("a later value", look(store, 1, NOW), -1);
    kn_record_store_free(store);
}

static void a_large_dictionary_is_told_in_part(void **state)
{
    enum { SIZE = 256 * 1024 };
    static uint8_t value[SIZE] = { 0xc6, 0, (SIZE - 5) >> 16, ((SIZE - 5) >> 8) & 0xff,
                                   (SIZE - 5) & 0xff };
    struct kn_record_store *store = kn_record_store_new(&wide);
    struct kn_dht_id key = key_of(1);

    (void)state;
    for (uint8_t i = 0; i < 10; i++)
        CHECK_EQ("put",
                 kn_record_put(store, &key, kn_span(&i, 1), kn_span(value, sizeof(value)), NOW + 1,
                               NULL, NOW),
                 KN_STORED);
    CHECK_EQ("told", look(store, 1, NOW), 7);
    kn_record_store_free(store);
}

/* look() compares the size with what is told, each time. */
static void what_is_told_follows_each_change(void **state)
{
    static const struct {
        const char *name;
        uint8_t subkey;
        size_t n;
        double end, now;
        int told;
    } steps[] = {
        { "one", 1, 10, NOW + 1, NOW, 1 },
        { "longer", 1, 300, NOW + 2, NOW, 1 },
        { "shorter", 1, 10, NOW + 3, NOW, 1 },
        { "a second", 2, 1 << 20, NOW + 10, NOW, 2 },
        { "a third that is too long", 3, 1 << 20, NOW + 20, NOW, 2 },
        { "a fourth behind it", 4, 10, NOW + 20, NOW, 2 },
        { "the first ends", 5, 10, NOW + 20, NOW + 4, 1 },
        { "the second ends", 6, 10, NOW + 20, NOW + 11, 4 },
        { "one of all grows", 4, 1 << 20, NOW + 30, NOW + 11, 1 },
        { "one of those told is short again", 3, 10, NOW + 31, NOW + 11, 4 },
        { "all but one end", 7, 10, NOW + 30, NOW + 30.5, 1 },
    };
    struct kn_record_store *store = kn_record_store_new(&wide);

    (void)state;
    for (size_t i = 0; i < KN_COUNT(steps); i++) {
        CHECK_EQ(steps[i].name,
                 put_large(store, 1, steps[i].subkey, steps[i].n, steps[i].end, NULL), KN_STORED);
        CHECK_EQ(steps[i].name, look(store, 1, steps[i].now), steps[i].told);
    }
    kn_record_store_free(store);
}

/* A script that reaches every place that allocates. Gives false when anything was refused. */
static bool run_short_of_memory(struct kn_record_store *store)
{
    struct kn_peer_id a = peer_of(1);
    struct kn_dht_id key = key_of(1);
    uint8_t value = 1, subkey[] = { 0xcc, 0 };
    bool all = true;

    for (uint8_t i = 0; i < 20; i++) {
        subkey[1] = i;
        all &= kn_record_put(store, &key, kn_span(subkey, 2), kn_span(&value, 1), NOW + 1 + i, &a,
                             NOW) == KN_STORED;
    }
    for (uint32_t i = 2; i < 100; i++) {
        key = key_of(i);
        all &= kn_record_put(store, &key, NOTHING, kn_span(&value, 1), NOW + 1, NULL, NOW) ==
               KN_STORED;
    }
    all &= kn_record_put(store, &key, NOTHING, kn_span(&value, 1), NOW + 2, &a, NOW) == KN_STORED;
    return all;
}

static void without_memory_nothing_breaks(void **state)
{
    bool all = false;
    long allocations = 0;

    (void)state;
    for (; !all; allocations++) {
        struct kn_record_store *store;
        long left;

        kn_fuse = allocations;
        store = kn_record_store_new(&wide);
        all = store != NULL && run_short_of_memory(store);
        left = kn_fuse;
        kn_fuse = -1;
        if (store != NULL) {
            CHECK("held or refused", counters_of(store).records + (all ? 0 : 1) >= 20);
            CHECK("sees what is held", look(store, 1, NOW) > 0 || counters_of(store).keys > 90);
        }
        CHECK("ends", allocations < 10000);
        all &= left >= 0;
        kn_record_store_free(store);
    }
    CHECK("many", allocations > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_end_as_in_hivemind),
        cmocka_unit_test(what_hivemind_would_hang_on_is_not_stored),
        cmocka_unit_test(values_have_a_largest_size),
        cmocka_unit_test(records_end_when_their_time_comes),
        cmocka_unit_test(an_end_far_away_is_cut),
        cmocka_unit_test(the_first_to_end_makes_room),
        cmocka_unit_test(bytes_are_counted),
        cmocka_unit_test(a_record_that_cannot_grow_stays_as_it_was),
        cmocka_unit_test(one_peer_has_its_share),
        cmocka_unit_test(bytes_of_a_peer_are_its_share_too),
        cmocka_unit_test(one_peer_does_not_drive_out_the_others),
        cmocka_unit_test(who_has_most_makes_room_for_who_has_little),
        cmocka_unit_test(a_value_does_not_hide_what_several_brought),
        cmocka_unit_test(all_keys_are_walked),
        cmocka_unit_test(a_long_dictionary_is_told_in_part),
        cmocka_unit_test(a_large_dictionary_is_told_in_part),
        cmocka_unit_test(what_is_told_follows_each_change),
        cmocka_unit_test(without_memory_nothing_breaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
