#include "network/dht/dht.h"

#include <math.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "net.h"
#include "support/hex.h"
#include "support/vectors.h"

static const struct net_options quick = { .seed = 3, .delay_min_ms = 20, .delay_max_ms = 30 };

/* What was answered. */
struct answered {
    unsigned times;
    char error[128];
    struct kn_buffer bytes;
};

static void on_answer(void *arg, const char *error, struct kn_span bytes)
{
    struct answered *answered = arg;

    answered->times++;
    (void)snprintf(answered->error, sizeof(answered->error), "%s", error != NULL ? error : "");
    kn_buffer_clear(&answered->bytes);
    kn_buffer_add_span(&answered->bytes, bytes);
}

static struct kn_dht_serving *serve(struct net_node *node, const struct kn_peer_id *caller,
                                    enum kn_dht_method method, struct kn_buffer *request,
                                    struct answered *answered)
{
    struct kn_dht_serving *serving;

    answered->times = 0;
    kn_dht_serve(node->dht, caller, method, kn_buffer_get(request), on_answer, answered, &serving);
    kn_buffer_clear(request);
    CHECK("at once or later", (serving == NULL) == (answered->times == 1));
    return serving;
}

static struct kn_dht_id id_of(uint32_t number)
{
    struct kn_dht_id id;

    kn_dht_id_of_bytes(kn_span(&number, sizeof(number)), &id);
    return id;
}

static struct kn_peer_id peer_of(uint32_t number)
{
    struct kn_peer_id peer = { .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };

    memset(peer.bytes + 2, 0xff, 4); /* nobody that the network has */
    memcpy(peer.bytes + 30, &number, sizeof(number));
    return peer;
}

static bool knows(const struct net_node *node, const struct kn_peer_id *peer)
{
    return kn_dht_table_find(kn_dht_table(node->dht), peer) != NULL;
}

static void done(struct net *net, struct kn_buffer *request, struct answered *answered)
{
    kn_buffer_done(request);
    kn_buffer_done(&answered->bytes);
    net_free(net);
}

static void a_ping_is_answered_and_its_caller_remembered(void **state)
{
    static const struct {
        const char *name;
        bool validate, has_id, same_id, reachable, available, known;
    } cases[] = {
        { "plain", false, true, true, true, false, true },
        { "plain, from nowhere", false, true, true, false, false, true },
        { "validated", true, true, true, true, true, true },
        { "validated, another id", true, true, false, true, false, false },
        { "validated, from nowhere", true, true, true, false, false, false },
        { "a client", true, false, true, true, false, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct net *net = net_new(&quick);
        struct net_node *node = net_add(net, NET_HONEST, NULL);
        struct net_node *caller = net_add(net, NET_HONEST, NULL);
        struct kn_peer_id peer = cases[i].reachable ? caller->who.peer : peer_of(1);
        struct kn_dht_ping_request ping = { .validate = cases[i].validate };
        struct kn_dht_ping_answer pong;
        struct kn_buffer request = { 0 };
        struct answered answered = { 0 };

        ping.node =
            (struct kn_dht_node){ cases[i].has_id, cases[i].same_id ? caller->who.id : id_of(9) };
        kn_dht_ping_request_encode(&ping, &request);
        (void)serve(node, &peer, KN_DHT_PING, &request, &answered);
        net_run_until(net, KN_DHT_TIMEOUT_MS - 1);
        CHECK_EQ(cases[i].name, answered.times,
                 cases[i].reachable || !cases[i].validate || !cases[i].has_id);
        net_run_until(net, KN_DHT_TIMEOUT_MS + 100);
        CHECK_EQ(cases[i].name, answered.times, 1);
        CHECK_STR(cases[i].name, answered.error, "");
        CHECK_EQ(cases[i].name, kn_dht_ping_answer_decode(kn_buffer_get(&answered.bytes), &pong),
                 KN_OK);
        CHECK(cases[i].name, pong.node.has_id && kn_dht_id_equal(&pong.node.id, &node->who.id));
        CHECK(cases[i].name, pong.dht_time > 1.6e9);
        CHECK_EQ(cases[i].name, pong.available, cases[i].available);
        CHECK_EQ(cases[i].name, knows(node, &peer), cases[i].known);
        done(net, &request, &answered);
    }
}

static void a_cancelled_serving_is_never_answered(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id peer = peer_of(1);
    struct kn_dht_ping_request ping = { .node = { true, id_of(1) }, .validate = true };
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_serving *serving;

    (void)state;
    kn_dht_ping_request_encode(&ping, &request);
    serving = serve(node, &peer, KN_DHT_PING, &request, &answered);
    CHECK("waits", serving != NULL);
    kn_dht_serving_cancel(serving);
    net_run_until(net, 10000);
    CHECK_EQ("never", answered.times, 0);
    kn_dht_serving_cancel(NULL);
    for (size_t i = 0; i < KN_DHT_SERVINGS_MAX; i++) {
        kn_dht_ping_request_encode(&ping, &request);
        CHECK("waits", serve(node, &peer, KN_DHT_PING, &request, &answered) != NULL);
    }
    kn_dht_ping_request_encode(&ping, &request);
    CHECK("one more is not validated",
          serve(node, &peer, KN_DHT_PING, &request, &answered) == NULL);
    done(net, &request, &answered);
}

static void what_is_broken_is_refused_with_a_text(void **state)
{
    static const uint8_t broken[] = { 0x12, 0x7f, 0x01 }, long_id[] = { 0x1a, 0x17, 0x0a, 0x15 };
    static const struct {
        const char *name;
        enum kn_dht_method method;
        const uint8_t *bytes;
        size_t n, zeros;
        const char *error;
    } cases[] = {
        { "ping", KN_DHT_PING, broken, 3, 0, "the request is no message of the DHT protocol" },
        { "store", KN_DHT_STORE, broken, 3, 0, "the request is no message of the DHT protocol" },
        { "find", KN_DHT_FIND, broken, 3, 0, "the request is no message of the DHT protocol" },
        { "an id of 21 bytes", KN_DHT_FIND, long_id, 4, 21,
          "a node id or a key of another length, or lists of different lengths" },
        { "no method", KN_DHT_METHOD_COUNT, broken, 0, 0,
          "the request is no message of the DHT protocol" },
    };
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id peer = peer_of(1);
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_counters counters;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        kn_buffer_add(&request, cases[i].bytes, cases[i].n);
        (void)kn_buffer_extend(&request, cases[i].zeros);
        (void)serve(node, &peer, cases[i].method, &request, &answered);
        CHECK_STR(cases[i].name, answered.error, cases[i].error);
    }
    kn_dht_counters(node->dht, &counters);
    CHECK_EQ("counted", counters.refused_requests, KN_COUNT(cases));
    done(net, &request, &answered);
}

static void stores_are_judged_one_by_one(void **state)
{
    static const uint8_t one = 1, broken[] = { 0x93, 0x01 }, empty[] = { 0xa0 };
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id peer = peer_of(1);
    struct kn_dht_node caller = { true, id_of(1) };
    struct kn_buffer request = { 0 }, dictionary = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_store_answer answer;
    struct kn_dht_entry entries[2];
    double soon = net_true_time(net) + 100;
    struct kn_span good = kn_span(&one, 1), bad = kn_span(broken, 2), sub = kn_span(empty, 1);

    (void)state;
    entries[0] = (struct kn_dht_entry){ good, good, soon };
    entries[1] = (struct kn_dht_entry){ sub, good, soon };
    kn_dht_dictionary_encode(soon, entries, 2, &dictionary);
    const struct {
        const char *name;
        struct kn_dht_store_item item;
        bool ok;
    } cases[] = {
        { "regular", { id_of(1), KN_DHT_STORE_REGULAR, { 0 }, good, soon, false }, true },
        { "again", { id_of(1), KN_DHT_STORE_REGULAR, { 0 }, good, soon, false }, false },
        { "into the cache", { id_of(2), KN_DHT_STORE_REGULAR, { 0 }, good, soon, true }, true },
        { "subkey", { id_of(3), KN_DHT_STORE_SUBKEY, sub, good, soon, false }, true },
        { "dictionary",
          { id_of(4), KN_DHT_STORE_DICTIONARY, { 0 }, kn_buffer_get(&dictionary), 0, false },
          true },
        { "no dictionary", { id_of(5), KN_DHT_STORE_DICTIONARY, { 0 }, good, soon, false }, false },
        { "ended", { id_of(6), KN_DHT_STORE_REGULAR, { 0 }, good, soon - 200, false }, false },
        { "never ends", { id_of(7), KN_DHT_STORE_REGULAR, { 0 }, good, INFINITY, false }, false },
        { "NaN", { id_of(8), KN_DHT_STORE_REGULAR, { 0 }, good, NAN, false }, false },
        { "no MessagePack", { id_of(9), KN_DHT_STORE_REGULAR, { 0 }, bad, soon, false }, false },
        { "subkey none", { id_of(10), KN_DHT_STORE_SUBKEY, bad, good, soon, false }, false },
    };
    struct kn_dht_store_item items[KN_COUNT(cases)];

    for (size_t i = 0; i < KN_COUNT(cases); i++)
        items[i] = cases[i].item;
    kn_dht_store_request_encode(&caller, items, KN_COUNT(cases), &request);
    (void)serve(node, &peer, KN_DHT_STORE, &request, &answered);
    CHECK_STR("no error", answered.error, "");
    CHECK_EQ("answer", kn_dht_store_answer_decode(kn_buffer_get(&answered.bytes), &answer), KN_OK);
    CHECK_EQ("each", answer.count, KN_COUNT(cases));
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i].name, kn_dht_store_answer_ok(&answer, i), cases[i].ok);
    CHECK("known", knows(node, &peer));
    kn_buffer_done(&dictionary);
    done(net, &request, &answered);
}

static void stores_beyond_the_bound_are_false(void **state)
{
    enum { N = KN_DHT_KEYS_MAX + 3 };
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id peer = peer_of(1);
    struct kn_dht_node caller = { 0 };
    struct kn_dht_store_item *items = kn_alloc(N * sizeof(*items));
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_store_answer answer;
    struct kn_record_counters kept;
    uint8_t one = 1;

    (void)state;
    for (uint32_t i = 0; i < N; i++)
        items[i] = (struct kn_dht_store_item){ .key = id_of(i),
                                               .value = kn_span(&one, 1),
                                               .expiration = net_true_time(net) + 9 };
    kn_dht_store_request_encode(&caller, items, N, &request);
    (void)serve(node, &peer, KN_DHT_STORE, &request, &answered);
    CHECK_STR("no error", answered.error, "");
    CHECK_EQ("answer", kn_dht_store_answer_decode(kn_buffer_get(&answered.bytes), &answer), KN_OK);
    CHECK("the last that counts", kn_dht_store_answer_ok(&answer, KN_DHT_KEYS_MAX - 1));
    CHECK("one more", !kn_dht_store_answer_ok(&answer, KN_DHT_KEYS_MAX));
    kn_record_counters(kn_dht_records(node->dht), &kept);
    CHECK_EQ("kept", kept.keys, KN_DHT_KEYS_MAX);
    CHECK("a client is not known", !knows(node, &peer));
    kn_free(items);
    done(net, &request, &answered);
}

static void finds_name_the_nearest_without_the_caller(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id caller = peer_of(3);
    struct kn_dht_node who = { true, id_of(3) };
    struct kn_dht_id keys[2] = { id_of(3), id_of(77) };
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    struct kn_dht_neighbour near, before;
    size_t at = 0;
    bool failed = false;

    (void)state;
    for (uint32_t i = 0; i < 60; i++) {
        struct kn_dht_ping_request ping = { .node = { true, id_of(i) } };
        struct kn_peer_id peer = peer_of(i);

        kn_dht_ping_request_encode(&ping, &request);
        (void)serve(node, &peer, KN_DHT_PING, &request, &answered);
    }
    kn_dht_find_request_encode(&who, keys, 2, &request);
    (void)serve(node, &caller, KN_DHT_FIND, &request, &answered);
    CHECK_EQ("answer", kn_dht_find_answer_decode(kn_buffer_get(&answered.bytes), &answer), KN_OK);
    CHECK_EQ("results", answer.result_count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct kn_dht_neighbour_cursor place = { 0 };
        size_t n = 0;

        CHECK("result", kn_dht_find_result_next(&answer, &at, &result, &failed));
        CHECK_EQ("not found", result.found, KN_DHT_NOT_FOUND);
        while (kn_dht_find_neighbour(&result, &place, &near, NULL)) {
            CHECK("not the caller", !kn_peer_id_equal(&near.peer, &caller));
            CHECK("nearest first", n == 0 || kn_dht_id_nearer(&keys[i], &before.id, &near.id) < 0);
            before = near;
            n++;
        }
        CHECK_EQ("twenty", n, KN_DHT_BUCKET_SIZE);
    }
    done(net, &request, &answered);
}

static void keep_large(struct net_node *node, uint32_t number, size_t n)
{
    uint8_t *bytes = kn_alloc(n);
    struct kn_buffer value = { 0 };
    struct kn_dht_id id = id_of(number);

    kn_msgpack_write_bin(&value, kn_span(bytes, n));
    CHECK_EQ("kept",
             kn_record_put(kn_dht_records(node->dht), &id, kn_span(NULL, 0), kn_buffer_get(&value),
                           net_true_time(node->net) + 1000, NULL, net_true_time(node->net)),
             KN_STORED);
    kn_buffer_done(&value);
    kn_free(bytes);
}

static void an_answer_never_grows_past_its_limit(void **state)
{
    enum { LARGE = 256 * 1024 - 16 };
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id caller = peer_of(99);
    struct kn_dht_node who = { 0 };
    struct kn_dht_id *keys = kn_alloc(KN_DHT_KEYS_MAX * sizeof(*keys));
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    struct kn_dht_counters counters;
    size_t at = 0, found = 0, n = 0;
    bool failed = false;

    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        struct kn_dht_ping_request ping = { .node = { true, id_of(i) } };
        struct kn_peer_id peer = peer_of(i);

        kn_dht_ping_request_encode(&ping, &request);
        (void)serve(node, &peer, KN_DHT_PING, &request, &answered);
        keep_large(node, i, LARGE);
    }
    for (uint32_t i = 0; i < KN_DHT_KEYS_MAX; i++)
        keys[i] = id_of(i);
    kn_dht_find_request_encode(&who, keys, KN_DHT_KEYS_MAX, &request);
    (void)serve(node, &caller, KN_DHT_FIND, &request, &answered);
    CHECK_STR("no error", answered.error, "");
    CHECK("size", kn_buffer_get(&answered.bytes).n <= KN_DHT_MESSAGE_MAX);
    CHECK_EQ("answer", kn_dht_find_answer_decode(kn_buffer_get(&answered.bytes), &answer), KN_OK);
    while (kn_dht_find_result_next(&answer, &at, &result, &failed)) {
        found += result.found != KN_DHT_NOT_FOUND;
        n++;
    }
    CHECK_EQ("a result for each", n, KN_DHT_KEYS_MAX);
    CHECK("some values", found >= 8 && found < 40);
    kn_dht_counters(node->dht, &counters);
    CHECK_EQ("counted", counters.left_out + found, 40);
    kn_free(keys);
    done(net, &request, &answered);
}

static void keep_entries(struct net_node *node, const struct kn_dht_id *key, int n, double lifetime)
{
    double now = net_true_time(node->net);
    uint8_t value = 1;

    for (int i = 0; i < n; i++) {
        struct kn_buffer subkey = { 0 };

        kn_msgpack_write_int(&subkey, i);
        CHECK_EQ("kept",
                 kn_record_put(kn_dht_records(node->dht), key, kn_buffer_get(&subkey),
                               kn_span(&value, 1), now + lifetime, NULL, now),
                 KN_STORED);
        kn_buffer_done(&subkey);
    }
}

/* Or this test does not end in its time: an answer has room for three, a question asks for 1,024.
 */
static void what_does_not_fit_costs_nothing(void **state)
{
    enum { ENTRIES = 70000 /* more than are told at once */, QUESTIONS = 100 };
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id caller = peer_of(99);
    struct kn_dht_node who = { 0 };
    struct kn_dht_id *keys = kn_alloc(KN_DHT_KEYS_MAX * sizeof(*keys));
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_dht_counters counters;

    (void)state;
    for (uint32_t i = 0; i < KN_DHT_KEYS_MAX; i++)
        keys[i] = id_of(1);
    keep_entries(node, &keys[0], ENTRIES, 1000);
    for (size_t i = 0; i < QUESTIONS; i++) {
        kn_dht_find_request_encode(&who, keys, KN_DHT_KEYS_MAX, &request);
        (void)serve(node, &caller, KN_DHT_FIND, &request, &answered);
        CHECK_STR("no error", answered.error, "");
    }
    kn_dht_counters(node->dht, &counters);
    CHECK_EQ("left out", counters.left_out, QUESTIONS * (KN_DHT_KEYS_MAX - 3));
    kn_free(keys);
    done(net, &request, &answered);
}

static void be_client(struct kn_dht_options *options)
{
    options->client_mode = true;
}

static void on_nearest(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes, size_t n)
{
    (void)arg;
    (void)nodes;
    CHECK_EQ("code", code, KN_OK);
    CHECK_EQ("found", n, 1);
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    (void)arg;
    CHECK_EQ("answers", pong->code, KN_OK);
}

static void a_client_finds_others_and_is_in_no_table(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct net_node *client = net_add(net, NET_HONEST, be_client);
    struct kn_dht_op *op;

    (void)state;
    CHECK_EQ("ping", kn_dht_ping(client->dht, &node->who.peer, KN_NEVER, on_pong, NULL, &op),
             KN_OK);
    net_run_until(net, 1000);
    CHECK_EQ("find",
             kn_dht_find_nearest(client->dht, &node->who.id, 1, KN_NEVER, on_nearest, NULL, &op),
             KN_OK);
    net_run_until(net, 2000);
    CHECK("it knows", knows(client, &node->who.peer));
    CHECK("it is not known", !knows(node, &client->who.peer));
    net_free(net);
}

/* The records of a node that is alone belong to whoever comes. */
static void a_new_node_is_given_records_to_a_bound(void **state)
{
    enum { LARGE = 200 * 1024, MANY = 60 };
    struct net *net = net_new(&quick);
    struct net_node *old = net_add(net, NET_HONEST, NULL);
    struct net_node *fresh = net_add(net, NET_HONEST, NULL);
    struct kn_dht_ping_request ping = { .node = { true, fresh->who.id } };
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    struct kn_record_counters kept;
    struct kn_dht_counters counters;

    (void)state;
    for (uint32_t i = 0; i < MANY; i++)
        keep_large(old, i, LARGE);
    kn_dht_ping_request_encode(&ping, &request);
    (void)serve(old, &fresh->who.peer, KN_DHT_PING, &request, &answered);
    net_run_until(net, 10000);
    kn_record_counters(kn_dht_records(fresh->dht), &kept);
    CHECK_EQ("as many as the bound permits", kept.keys, KN_DHT_PUSH_MAX / LARGE);
    kn_dht_counters(old->dht, &counters);
    CHECK_EQ("counted", counters.pushed, kept.keys);
    CHECK("in messages of a bounded size",
          fresh->asked[KN_DHT_STORE] >= KN_DHT_PUSH_MAX / KN_DHT_STORE_BYTES_MAX / 2);
    kn_dht_ping_request_encode(&ping, &request);
    (void)serve(old, &fresh->who.peer, KN_DHT_PING, &request, &answered);
    net_run_until(net, 20000);
    kn_dht_counters(old->dht, &counters);
    CHECK_EQ("once", counters.pushed, kept.keys);
    done(net, &request, &answered);
}

/* So many that some belong to whoever comes, and one message holds them. */
static void keep_many(struct net_node *node)
{
    for (uint32_t i = 0; i < 200; i++) {
        struct kn_dht_id key = id_of(1000 + i);

        keep_entries(node, &key, 1, 1e6);
    }
}

/* A peer says who it is. One without an id leaves the table. */
static void hear(struct net_node *node, uint32_t number, bool has_id)
{
    struct kn_dht_ping_request ping = { .node = { has_id, id_of(number) } };
    struct kn_peer_id peer = peer_of(number);
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };

    kn_dht_ping_request_encode(&ping, &request);
    (void)serve(node, &peer, KN_DHT_PING, &request, &answered);
    CHECK_EQ("in the table", knows(node, &peer), has_id);
    kn_buffer_done(&request);
    kn_buffer_done(&answered.bytes);
}

/* How often it has tried to give its records. Nobody answers, so each try is one call. */
static uint64_t tries(struct net *net, const struct net_node *node)
{
    struct kn_dht_counters counters;

    net_run_until(net, net_now(net) + KN_DHT_TIMEOUT_MS + 100);
    kn_dht_counters(node->dht, &counters);
    return counters.calls[KN_DHT_STORE];
}

static void whoever_leaves_and_comes_back_is_given_nothing(void **state)
{
    static const struct {
        const char *name;
        uint32_t number;
        bool has_id;
        kn_time after_ms;
        uint64_t tries;
    } steps[] = {
        { "new", 1, true, 0, 1 },         { "a client now", 1, false, 0, 1 },
        { "back", 1, true, 0, 1 },        { "another", 2, true, 0, 2 },
        { "away again", 1, false, 0, 2 }, { "long after", 1, true, KN_DHT_GIVEN_MS, 3 },
        { "gone again", 1, false, 0, 3 }, { "not so long after", 1, true, KN_DHT_GIVEN_MS / 2, 3 },
    };
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);

    (void)state;
    keep_many(node);
    for (size_t i = 0; i < KN_COUNT(steps); i++) {
        net_run_until(net, net_now(net) + steps[i].after_ms);
        hear(node, steps[i].number, steps[i].has_id);
        CHECK_EQ(steps[i].name, tries(net, node), steps[i].tries);
    }
    net_free(net);
}

static void those_given_last_are_remembered(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);

    (void)state;
    keep_many(node);
    for (uint32_t i = 0; i < KN_DHT_GIVEN_MAX; i++) {
        hear(node, i, true);
        CHECK_EQ("new", tries(net, node), i + 1);
    }
    hear(node, 0, true);
    CHECK_EQ("the first of as many", tries(net, node), KN_DHT_GIVEN_MAX);
    hear(node, KN_DHT_GIVEN_MAX, true);
    CHECK_EQ("one more", tries(net, node), KN_DHT_GIVEN_MAX + 1);
    hear(node, 0, false);
    hear(node, 0, true);
    CHECK_EQ("the first is forgotten", tries(net, node), KN_DHT_GIVEN_MAX + 2);
    net_free(net);
}

static void few_are_given_records_at_a_time(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);

    (void)state;
    keep_many(node);
    for (uint32_t i = 0; i < 5; i++)
        hear(node, i, true);
    CHECK_EQ("two", tries(net, node), KN_DHT_PUSHES_MAX);
    hear(node, 9, true);
    CHECK_EQ("the next", tries(net, node), KN_DHT_PUSHES_MAX + 1);
    net_free(net);
}

/* ---- as a hivemind node answered ---- */

static void be_the_recorded_node(struct kn_dht_options *options)
{
    hex_read("a12404f8fb1a2225fee4bca8ee04cfd18690c8bc", options->id.bytes, KN_DHT_ID_SIZE);
    options->records.longest_s = options->records.longest_others_s = 1e12; /* ten years, it kept */
}

/* What we do otherwise, on purpose: what hivemind's reader hangs on is not kept, and a key that is
 * no key is refused. An item without sense is refused alone and not with the whole request. */
static const char *const ours[] = {
    "store: expiration NaN",
    "find of the NaN key",
    "store: expiration +inf",
    "store: value that is not msgpack (the server does not look)",
    "find: 5 B key",
    "BAD store: subkey is bin where the others are str",
    "ping with validate (it calls back)",
};

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < KN_COUNT(ours); i++)
        if (strcmp(ours[i], name) == 0)
            return true;
    return false;
}

static enum kn_dht_method method_of(const char *name)
{
    enum kn_dht_method method = KN_DHT_PING;

    while (method < KN_DHT_METHOD_COUNT && strcmp(kn_dht_method_name(method), name) != 0)
        method++;
    return method;
}

static bool is_all_false(const struct answered *answered)
{
    struct kn_dht_store_answer answer;

    if (kn_dht_store_answer_decode(kn_buffer_get(&answered->bytes), &answer) != KN_OK)
        return false;
    for (size_t i = 0; i < answer.count; i++)
        if (kn_dht_store_answer_ok(&answer, i))
            return false;
    return true;
}

static void check_recorded(json_t *row, const struct answered *answered)
{
    const char *name = vectors_text(row, "name"), *want = vectors_text(row, "reply_pb");
    struct kn_dht_ping_answer got, recorded;
    struct kn_span bytes;

    if (want == NULL) {
        CHECK(name, answered->error[0] != '\0' || is_all_false(answered));
        return;
    }
    if (method_of(vectors_text(row, "method")) != KN_DHT_PING) {
        CHECK_HEX(name, kn_buffer_get(&answered->bytes), want);
        return;
    }
    bytes = hex_bytes(want);
    CHECK_EQ(name, kn_dht_ping_answer_decode(kn_buffer_get(&answered->bytes), &got), KN_OK);
    CHECK_EQ(name, kn_dht_ping_answer_decode(bytes, &recorded), KN_OK);
    CHECK(name, kn_dht_id_equal(&got.node.id, &recorded.node.id));
    CHECK_EQ(name, got.available, recorded.available);
    hex_done(bytes);
}

static void answers_are_those_that_hivemind_gave(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, be_the_recorded_node);
    json_t *rows = vectors_list("rpc.json", "calls"), *row;
    struct kn_peer_id caller = peer_of(1);
    struct kn_buffer request = { 0 };
    struct answered answered = { 0 };
    size_t i;

    (void)state;
    node->skew_s = 1795383299 - net_true_time(net); /* when it was recorded */
    json_array_foreach(rows, i, row)
    {
        hex_add(&request, vectors_text(row, "request_pb"));
        (void)serve(node, &caller, method_of(vectors_text(row, "method")), &request, &answered);
        if (!is_ours(vectors_text(row, "name")))
            check_recorded(row, &answered);
        net_run_until(net, net_now(net) + 100);
    }
    vectors_done(rows);
    done(net, &request, &answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ping_is_answered_and_its_caller_remembered),
        cmocka_unit_test(a_cancelled_serving_is_never_answered),
        cmocka_unit_test(what_is_broken_is_refused_with_a_text),
        cmocka_unit_test(stores_are_judged_one_by_one),
        cmocka_unit_test(stores_beyond_the_bound_are_false),
        cmocka_unit_test(finds_name_the_nearest_without_the_caller),
        cmocka_unit_test(an_answer_never_grows_past_its_limit),
        cmocka_unit_test(what_does_not_fit_costs_nothing),
        cmocka_unit_test(a_client_finds_others_and_is_in_no_table),
        cmocka_unit_test(a_new_node_is_given_records_to_a_bound),
        cmocka_unit_test(whoever_leaves_and_comes_back_is_given_nothing),
        cmocka_unit_test(those_given_last_are_remembered),
        cmocka_unit_test(few_are_given_records_at_a_time),
        cmocka_unit_test(answers_are_those_that_hivemind_gave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
