#include "network/dht/operations.h"

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "net.h"
#include "support/check.h"

static const struct net_options quick = { .seed = 7, .delay_min_ms = 20, .delay_max_ms = 30 };

static struct kn_dht_id id_of(const char *name)
{
    struct kn_dht_id id;

    kn_dht_id_of_text(kn_span_text(name), &id);
    return id;
}

/* What the callbacks of an operation said. */
struct heard {
    struct kn_dht_op *op;
    size_t pongs, good, values, found, done;
    enum kn_code code;
    struct kn_dht_pong last;
    unsigned acknowledged, refused, kept, answers;
    struct kn_dht_get_totals totals;
    struct kn_buffer value; /* of the last key that was found */
    bool is_dictionary;
    size_t nearest;
    struct kn_dht_neighbour first;
    kn_time at;
    struct net *net;
};

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    struct heard *heard = arg;

    CHECK_EQ("before done", heard->done, 0);
    heard->pongs++;
    heard->good += pong->code == KN_OK;
    heard->last = *pong;
}

static void on_done(void *arg, enum kn_code code)
{
    struct heard *heard = arg;

    heard->done++;
    heard->code = code;
    heard->at = net_now(heard->net);
}

static void on_nearest(void *arg, enum kn_code code, const struct kn_dht_neighbour *nodes, size_t n)
{
    struct heard *heard = arg;

    on_done(arg, code);
    heard->nearest = n;
    if (n > 0)
        heard->first = nodes[0];
}

static void on_value(void *arg, const struct kn_dht_value *value)
{
    struct heard *heard = arg;

    CHECK_EQ("before done", heard->done, 0);
    heard->values++;
    heard->found += value->found;
    heard->answers = value->answers;
    if (!value->found)
        return;
    kn_buffer_clear(&heard->value);
    kn_buffer_add_span(&heard->value, value->record.value);
    heard->is_dictionary = value->record.is_dictionary;
}

static void on_got(void *arg, const struct kn_dht_get_totals *totals)
{
    struct heard *heard = arg;

    on_done(arg, totals->code);
    heard->totals = *totals;
}

static void on_put(void *arg, enum kn_code code, const struct kn_dht_put_outcome *outcomes,
                   size_t n)
{
    struct heard *heard = arg;

    on_done(arg, code);
    CHECK("items", n > 0);
    heard->acknowledged = outcomes[0].acknowledged;
    heard->refused = outcomes[0].refused;
    heard->kept = outcomes[0].kept;
}

static void wait_for(struct net *net, struct heard *heard)
{
    while (heard->done == 0 && net_step(net))
        ;
    CHECK_EQ("done", heard->done, 1);
}

static void bootstrap(struct net_node *node, const struct kn_peer_id *peers, size_t n,
                      struct heard *heard)
{
    *heard = (struct heard){ .net = node->net };
    CHECK_EQ("start",
             kn_dht_bootstrap(node->dht, peers, n, net_now(node->net) + 10000, on_pong, on_done,
                              heard, &heard->op),
             KN_OK);
    CHECK_EQ("not before start returned", heard->pongs, 0);
    wait_for(node->net, heard);
}

/* Nodes that joined one after another through the first. */
static struct net *swarm_of(size_t n, const struct net_options *options)
{
    struct net *net = net_new(options);

    for (size_t i = 0; i < n; i++) {
        struct net_node *node = net_add(net, NET_HONEST, NULL);
        struct heard heard;

        if (i == 0)
            continue;
        bootstrap(node, &net_at(net, 0)->who.peer, 1, &heard);
        CHECK_EQ("joined", heard.code, KN_OK);
    }
    return net;
}

static void put_one(struct net_node *node, const char *key, const char *subkey, int64_t number,
                    double lifetime_s, const struct kn_peer_id *also, size_t also_n,
                    struct heard *heard)
{
    struct kn_buffer value = { 0 }, under = { 0 };
    struct kn_dht_item item = { .key = id_of(key) };
    struct kn_dht_put_options options = { &item, 1, also, also_n, net_now(node->net) + 20000 };

    kn_msgpack_write_int(&value, number);
    if (subkey != NULL)
        kn_msgpack_write_text(&under, kn_span_text(subkey));
    item.value = kn_buffer_get(&value);
    item.subkey = kn_buffer_get(&under);
    item.expiration = net_true_time(node->net) + lifetime_s;
    *heard = (struct heard){ .net = node->net };
    CHECK_EQ("put", kn_dht_put(node->dht, &options, on_put, heard, &heard->op), KN_OK);
    kn_buffer_done(&value);
    kn_buffer_done(&under);
    wait_for(node->net, heard);
}

static void get(struct net_node *node, const struct kn_dht_id *keys, size_t n,
                enum kn_dht_get_mode mode, struct heard *heard)
{
    struct kn_dht_get_options options = {
        .keys = keys, .n = n, .mode = mode, .deadline = net_now(node->net) + 20000
    };

    *heard = (struct heard){ .net = node->net };
    CHECK_EQ("get", kn_dht_get(node->dht, &options, on_value, on_got, heard, &heard->op), KN_OK);
    wait_for(node->net, heard);
    CHECK_EQ("each key once", heard->values, n);
    CHECK_EQ("totals", heard->totals.found, heard->found);
}

static void get_one(struct net_node *node, const char *key, enum kn_dht_get_mode mode,
                    struct heard *heard)
{
    struct kn_dht_id id = id_of(key);

    get(node, &id, 1, mode, heard);
}

static size_t entries_of(const struct heard *heard)
{
    struct kn_dht_dictionary dictionary;

    CHECK("dictionary", heard->is_dictionary);
    CHECK_EQ("dictionary", kn_dht_dictionary_open(kn_buffer_get(&heard->value), &dictionary),
             KN_OK);
    return dictionary.count;
}

static void pings_tell_who_is_there(void **state)
{
    struct net_options options = quick;
    struct net *net;
    struct net_node *a, *b, *gone;
    struct heard heard = { 0 };

    (void)state;
    options.skew_s = 2;
    net = net_new(&options);
    a = net_add(net, NET_HONEST, NULL);
    b = net_add(net, NET_HONEST, NULL);
    gone = net_add(net, NET_HONEST, NULL);
    CHECK_EQ("start", kn_dht_ping(a->dht, &b->who.peer, 10000, on_pong, &heard, &heard.op), KN_OK);
    while (heard.pongs == 0 && net_step(net))
        ;
    CHECK_EQ("answers", heard.last.code, KN_OK);
    CHECK("its id", kn_dht_id_equal(&heard.last.id, &b->who.id));
    CHECK("called back", heard.last.available);
    CHECK("there, back and there again", heard.last.ms >= 80 && heard.last.ms <= 120);
    CHECK("its clock", heard.last.tells_time &&
                           heard.last.ahead_s - (b->skew_s - a->skew_s) < 0.1 &&
                           heard.last.ahead_s - (b->skew_s - a->skew_s) > -0.1);
    CHECK("knows it", kn_dht_table_find(kn_dht_table(a->dht), &b->who.peer) != NULL);
    CHECK("known", kn_dht_table_find(kn_dht_table(b->dht), &a->who.peer) != NULL);
    net_remove(gone);
    CHECK_EQ("start", kn_dht_ping(a->dht, &gone->who.peer, KN_NEVER, on_pong, &heard, &heard.op),
             KN_OK);
    while (heard.pongs == 1 && net_step(net))
        ;
    CHECK_EQ("silent", heard.last.code, KN_E_TIMEOUT);
    CHECK_EQ("after", heard.last.ms, KN_DHT_TIMEOUT_MS);
    net_free(net);
}

static void joining_tells_of_each_and_fills_the_table(void **state)
{
    struct net *net = swarm_of(30, &quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct kn_peer_id peers[3] = { net_at(net, 0)->who.peer, net_at(net, 1)->who.peer,
                                   net_at(net, 2)->who.peer };
    struct heard heard;

    (void)state;
    net_remove(net_at(net, 1));
    bootstrap(node, peers, 3, &heard);
    CHECK_EQ("done", heard.code, KN_OK);
    CHECK_EQ("each", heard.pongs, 3);
    CHECK_EQ("good", heard.good, 2);
    CHECK("table", kn_dht_table_count(kn_dht_table(node->dht)) >= KN_DHT_BUCKET_SIZE);
    bootstrap(node, &peers[1], 1, &heard);
    CHECK_EQ("none answers", heard.code, KN_E_UNREACHABLE);
    bootstrap(node, NULL, 0, &heard);
    CHECK_EQ("nobody", heard.code, KN_E_UNREACHABLE);
    net_free(net);
}

static void the_deadline_ends_a_bootstrap(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *a = net_add(net, NET_HONEST, NULL), *b = net_add(net, NET_HONEST, NULL);
    struct heard heard = { .net = net };

    (void)state;
    net_remove(b);
    CHECK_EQ("start",
             kn_dht_bootstrap(a->dht, &b->who.peer, 1, 500, on_pong, on_done, &heard, &heard.op),
             KN_OK);
    wait_for(net, &heard);
    CHECK_EQ("code", heard.code, KN_E_TIMEOUT);
    CHECK_EQ("told", heard.pongs, 1);
    CHECK_EQ("of it", heard.last.code, KN_E_TIMEOUT);
    CHECK_EQ("at", heard.at, 500);
    net_free(net);
}

static void the_nearest_are_found(void **state)
{
    struct net *net = swarm_of(60, &quick);
    struct kn_dht_id id = id_of("somewhere");
    struct net_node *nearest = net_at(net, 1);
    struct heard heard = { .net = net };

    (void)state;
    for (size_t i = 1; i < 60; i++)
        if (kn_dht_id_nearer(&id, &net_at(net, i)->who.id, &nearest->who.id) < 0)
            nearest = net_at(net, i);
    CHECK_EQ(
        "start",
        kn_dht_find_nearest(net_at(net, 0)->dht, &id, 7, KN_NEVER, on_nearest, &heard, &heard.op),
        KN_OK);
    wait_for(net, &heard);
    CHECK_EQ("code", heard.code, KN_OK);
    CHECK_EQ("count", heard.nearest, 7);
    CHECK("first", kn_peer_id_equal(&heard.first.peer, &nearest->who.peer));
    net_free(net);
}

static void what_is_put_is_found_by_all(void **state)
{
    struct net *net = swarm_of(40, &quick);
    struct heard heard;

    (void)state;
    put_one(net_at(net, 3), "k", NULL, 42, 100, NULL, 0, &heard);
    CHECK_EQ("code", heard.code, KN_OK);
    CHECK_EQ("replicas", heard.acknowledged + heard.kept, KN_DHT_REPLICAS);
    for (size_t i = 0; i < 40; i += 5)
        for (int mode = KN_DHT_GET_FIRST; mode <= KN_DHT_GET_COVERAGE; mode++) {
            get_one(net_at(net, i), "k", (enum kn_dht_get_mode)mode, &heard);
            CHECK_EQ("found", heard.found, 1);
            CHECK("regular", !heard.is_dictionary);
            CHECK_EQ("the whole beam", heard.totals.questions >= KN_DHT_BUCKET_SIZE,
                     mode == KN_DHT_GET_LATEST);
            CHECK_EQ("its value", kn_buffer_get(&heard.value).at[0], 42);
            kn_buffer_done(&heard.value);
        }
    get_one(net_at(net, 0), "no such key", KN_DHT_GET_LATEST, &heard);
    CHECK_EQ("done", heard.code, KN_OK);
    CHECK_EQ("not found", heard.found, 0);
    CHECK("all were asked", heard.answers >= KN_DHT_BUCKET_SIZE);
    net_free(net);
}

static void subkeys_are_merged_and_the_newest_wins(void **state)
{
    struct net *net = swarm_of(40, &quick);
    struct kn_buffer expected = { 0 };
    struct kn_dht_dictionary dictionary;
    struct kn_dht_entry entry;
    struct heard heard;

    (void)state;
    put_one(net_at(net, 1), "k", "a", 1, 100, NULL, 0, &heard);
    put_one(net_at(net, 2), "k", "b", 2, 100, NULL, 0, &heard);
    put_one(net_at(net, 3), "k", "a", 3, 200, NULL, 0, &heard);
    put_one(net_at(net, 4), "k", "a", 4, 150, NULL, 0, &heard);
    CHECK("older is refused", heard.acknowledged == 0 && heard.refused > 0);
    CHECK_EQ("and that is no failure", heard.code, KN_OK);
    get_one(net_at(net, 9), "k", KN_DHT_GET_LATEST, &heard);
    CHECK_EQ("entries", entries_of(&heard), 2);
    CHECK_EQ("opens", kn_dht_dictionary_open(kn_buffer_get(&heard.value), &dictionary), KN_OK);
    kn_msgpack_write_text(&expected, kn_span_text("a"));
    while (kn_dht_dictionary_next(&dictionary, &entry, NULL))
        if (kn_span_equal(entry.subkey, kn_buffer_get(&expected)))
            CHECK_EQ("newest", entry.value.at[0], 3);
    kn_buffer_done(&expected);
    kn_buffer_done(&heard.value);
    net_run_until(net, net_now(net) + 120000);
    get_one(net_at(net, 9), "k", KN_DHT_GET_LATEST, &heard);
    CHECK_EQ("one has ended", entries_of(&heard), 1);
    kn_buffer_done(&heard.value);
    net_run_until(net, net_now(net) + 120000);
    get_one(net_at(net, 9), "k", KN_DHT_GET_LATEST, &heard);
    CHECK_EQ("both have", heard.found, 0);
    net_free(net);
}

static void those_named_get_it_at_once(void **state)
{
    struct net *net = swarm_of(40, &quick);
    struct kn_peer_id also[2] = { net_at(net, 0)->who.peer, net_at(net, 1)->who.peer };
    struct kn_dht_id id = id_of("k");
    struct kn_dht_get_options options = {
        .keys = &id, .n = 1, .mode = KN_DHT_GET_LATEST, .also = also, .also_n = 2
    };
    struct heard heard;

    (void)state;
    put_one(net_at(net, 7), "k", NULL, 1, 100, also, 2, &heard);
    CHECK("as many, and they", heard.acknowledged + heard.kept >= KN_DHT_REPLICAS &&
                                   heard.acknowledged + heard.kept <= KN_DHT_REPLICAS + 2);
    for (size_t i = 0; i < 2; i++) {
        struct kn_record record;
        struct kn_buffer scratch = { 0 };

        CHECK("has it", kn_record_get(kn_dht_records(net_at(net, i)->dht), &id, net_true_time(net),
                                      &scratch, &record));
        net_at(net, i)->asked[KN_DHT_FIND] = 0;
        kn_buffer_done(&scratch);
    }
    options.deadline = net_now(net) + 10000;
    heard = (struct heard){ .net = net };
    CHECK_EQ("get", kn_dht_get(net_at(net, 8)->dht, &options, on_value, on_got, &heard, &heard.op),
             KN_OK);
    wait_for(net, &heard);
    for (size_t i = 0; i < 2; i++)
        CHECK_EQ("asked", net_at(net, i)->asked[KN_DHT_FIND], 1);
    kn_buffer_done(&heard.value);
    net_free(net);
}

enum { KEYS = 80 };

static void name_keys(struct kn_dht_id keys[KEYS])
{
    for (size_t i = 0; i < KEYS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "model.%zu", i);
        keys[i] = id_of(name);
    }
}

static void put_all(struct net_node *node, struct heard *heard)
{
    struct kn_dht_item items[KEYS];
    struct kn_dht_put_options options = { items, KEYS, NULL, 0, net_now(node->net) + 20000 };
    struct kn_dht_id keys[KEYS];
    uint8_t one = 1;

    name_keys(keys);
    for (size_t i = 0; i < KEYS; i++)
        items[i] = (struct kn_dht_item){ keys[i], kn_span(&one, 1), kn_span(&one, 1),
                                         net_true_time(node->net) + 1000 };
    *heard = (struct heard){ .net = node->net };
    CHECK_EQ("put", kn_dht_put(node->dht, &options, on_put, heard, &heard->op), KN_OK);
    wait_for(node->net, heard);
    CHECK_EQ("all", heard->code, KN_OK);
}

static void coverage_of_many_keys_takes_few_questions(void **state)
{
    enum { NODES = 12 };
    struct net *net = swarm_of(NODES, &quick);
    struct kn_dht_id keys[KEYS];
    struct heard heard;
    kn_time one;

    (void)state;
    name_keys(keys);
    put_all(net_at(net, 5), &heard);
    one = net_now(net);
    get(net_at(net, 9), keys, 1, KN_DHT_GET_COVERAGE, &heard);
    one = heard.at - one;
    kn_buffer_done(&heard.value);
    for (size_t i = 0; i < NODES; i++)
        net_at(net, i)->asked[KN_DHT_FIND] = 0;
    kn_time began = net_now(net);

    get(net_at(net, 9), keys, KEYS, KN_DHT_GET_COVERAGE, &heard);
    CHECK_EQ("all found", heard.found, KEYS);
    CHECK("questions", heard.totals.questions <= 2 * NODES);
    for (size_t i = 0; i < NODES; i++)
        CHECK("of one node", net_at(net, i)->asked[KN_DHT_FIND] <= KEYS / KN_DHT_BATCH_MAX);
    CHECK("time", heard.at - began <= 4 * one);
    kn_buffer_done(&heard.value);
    net_free(net);
}

static void be_a_client(struct kn_dht_options *options)
{
    options->client_mode = true;
}

static size_t operations_of(const struct net_node *node)
{
    struct kn_dht_counters counters;

    kn_dht_counters(node->dht, &counters);
    return counters.operations;
}

/* They all began with the same node and nobody has looked for anything yet: whoever knows only
 * those around it, and asks such ones, never hears of who is near a key elsewhere. */
static void what_is_far_away_is_found_in_a_swarm_that_just_began(void **state)
{
    struct net *net = swarm_of(250, &quick);
    struct kn_dht_id keys[KEYS];
    struct heard heard;

    (void)state;
    name_keys(keys);
    put_all(net_at(net, 125), &heard);
    for (size_t i = 0; i < 6; i++) {
        struct net_node *node = net_add(net, NET_HONEST, be_a_client);

        bootstrap(node, &net_at(net, 0)->who.peer, 1, &heard);
        get(node, keys, KEYS, KN_DHT_GET_COVERAGE, &heard);
        CHECK_EQ("found", heard.found, KEYS);
        kn_buffer_done(&heard.value);
        get(node, &keys[i], 1, KN_DHT_GET_FIRST, &heard);
        CHECK_EQ("the first", heard.found, 1);
        kn_buffer_done(&heard.value);
    }
    net_free(net);
}

static void who_joins_gets_to_know_all_parts_where_there_are_more(void **state)
{
    static const struct {
        const char *story;
        size_t nodes;
        net_adjust_fn *adjust;
        bool spreads;
    } rows[] = {
        { "all are neighbours", KN_DHT_BUCKET_SIZE - 1, NULL, false },
        { "there may be more", KN_DHT_BUCKET_SIZE, NULL, true },
        { "there are more", 60, NULL, true },
        { "nobody needs to know a client", 60, be_a_client, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct net *net = swarm_of(rows[i].nodes, &quick);
        struct net_node *node = net_add(net, NET_HONEST, rows[i].adjust);
        struct heard heard;
        size_t known;

        bootstrap(node, &net_at(net, 0)->who.peer, 1, &heard);
        CHECK_EQ(rows[i].story, operations_of(node), rows[i].spreads);
        known = kn_dht_table_count(kn_dht_table(node->dht));
        while (operations_of(node) > 0 && net_step(net))
            ;
        CHECK_EQ("ends", operations_of(node), 0);
        CHECK_EQ(rows[i].story, kn_dht_table_count(kn_dht_table(node->dht)) > known,
                 rows[i].nodes == 60 && rows[i].spreads);
        net_free(net);
    }
}

static void many_items_travel_together(void **state)
{
    enum { NODES = 12 };
    struct net *net = swarm_of(NODES, &quick);
    struct heard heard;
    uint64_t stores = 0;

    (void)state;
    for (size_t i = 0; i < NODES; i++)
        net_at(net, i)->asked[KN_DHT_STORE] = 0;
    put_all(net_at(net, 5), &heard);
    for (size_t i = 0; i < NODES; i++)
        stores += net_at(net, i)->asked[KN_DHT_STORE];
    CHECK("messages", stores <= 10 * NODES);
    net_free(net);
}

/* All twelve are known, so that the three nearest are enough to learn that nobody is nearer. */
static void one_item_is_looked_for_at_three_and_given_to_five(void **state)
{
    enum { NODES = 12 };
    struct net *net = swarm_of(NODES, &quick);
    uint64_t finds = 0, stores = 0;
    struct heard heard;

    (void)state;
    for (size_t i = 0; i < NODES; i++)
        memset(net_at(net, i)->asked, 0, sizeof(net_at(net, i)->asked));
    put_one(net_at(net, 3), "k", NULL, 42, 100, NULL, 0, &heard);
    for (size_t i = 0; i < NODES; i++) {
        finds += net_at(net, i)->asked[KN_DHT_FIND];
        stores += net_at(net, i)->asked[KN_DHT_STORE];
    }
    CHECK_EQ("questions", finds, 3);
    CHECK_EQ("stores", stores + heard.kept, KN_DHT_REPLICAS);
    net_free(net);
}

static void every_item_gets_its_replicas_wherever_we_stand(void **state)
{
    struct net *net = swarm_of(30, &quick);
    bool some_kept = false;

    (void)state;
    for (int i = 0; i < 200; i++) {
        char name[32];
        struct heard heard;

        (void)snprintf(name, sizeof(name), "key %d", i);
        put_one(net_at(net, (size_t)i % 30), name, NULL, i, 100, NULL, 0, &heard);
        CHECK_EQ(name, heard.acknowledged + heard.kept, KN_DHT_REPLICAS);
        some_kept |= heard.kept != 0;
    }
    CHECK("some at ourselves", some_kept);
    net_free(net);
}

static void who_does_not_answer_a_store_is_replaced(void **state)
{
    struct net *net = swarm_of(12, &quick);
    struct net_node *busy = net_at(net, 7);
    struct heard heard;

    (void)state;
    busy->manner = NET_BUSY;
    busy->asked[KN_DHT_STORE] = 0;
    put_all(net_at(net, 3), &heard);
    CHECK_EQ("others have it", heard.acknowledged + heard.kept, KN_DHT_REPLICAS);
    CHECK_EQ("tried once", busy->asked[KN_DHT_STORE], 1);
    net_free(net);
}

static void malice_neither_ends_nor_spoils_a_lookup(void **state)
{
    static const struct {
        const char *name;
        enum net_manner manner;
    } cases[] = {
        { "deaf", NET_DEAF },
        { "garbage", NET_GARBAGE },
        { "liars", NET_LIAR },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct net *net = swarm_of(40, &quick);
        struct heard heard;

        for (size_t j = 0; j < 6; j++) {
            struct net_node *bad = net_add(net, cases[i].manner, NULL);

            bootstrap(bad, &net_at(net, 0)->who.peer, 1, &heard);
            /* Those who answer no ping are taken in when they ask something. */
            heard.done = 0;
            CHECK_EQ("find",
                     kn_dht_find_nearest(bad->dht, &bad->who.id, 20, net_now(net) + 9000,
                                         on_nearest, &heard, &heard.op),
                     KN_OK);
            wait_for(net, &heard);
        }
        put_one(net_at(net, 3), "k", "s", 42, 1000, NULL, 0, &heard);
        CHECK(cases[i].name, heard.acknowledged >= KN_DHT_REPLICAS - 1);
        for (int mode = KN_DHT_GET_FIRST; mode <= KN_DHT_GET_LATEST; mode++)
            for (size_t j = 0; j < 40; j += 8) {
                get_one(net_at(net, j), "k", (enum kn_dht_get_mode)mode, &heard);
                CHECK_EQ(cases[i].name, heard.found, 1);
                CHECK_EQ(cases[i].name, entries_of(&heard), 1);
                kn_buffer_done(&heard.value);
            }
        net_free(net);
    }
}

static void who_does_not_answer_is_left_alone_for_a_while(void **state)
{
    struct net *net = swarm_of(3, &quick);
    struct net_node *a = net_at(net, 0), *bad = net_at(net, 1);
    struct kn_dht_counters counters;
    struct heard heard;

    (void)state;
    bad->manner = NET_DEAF;
    get_one(a, "k", KN_DHT_GET_LATEST, &heard);
    kn_dht_counters(a->dht, &counters);
    CHECK_EQ("banned", counters.blacklisted, 1);
    CHECK_EQ("timeouts", counters.timeouts, 1);
    CHECK("out of the table", kn_dht_table_find(kn_dht_table(a->dht), &bad->who.peer) == NULL);
    bad->asked[KN_DHT_FIND] = 0;
    get_one(a, "k", KN_DHT_GET_LATEST, &heard); /* the third still names it */
    CHECK_EQ("left alone", bad->asked[KN_DHT_FIND], 0);
    net_run_until(net, net_now(net) + KN_DHT_BLACKLIST_MS);
    bad->manner = NET_HONEST;
    get_one(a, "k", KN_DHT_GET_LATEST, &heard);
    CHECK_EQ("asked again", bad->asked[KN_DHT_FIND], 1);
    net_free(net);
}

/* ---- ends ---- */

static void on_never(void *arg, const struct kn_dht_value *value)
{
    (void)arg;
    (void)value;
    fail_msg("called after cancel");
}

static void on_never_got(void *arg, const struct kn_dht_get_totals *totals)
{
    (void)arg;
    (void)totals;
    fail_msg("called after cancel");
}

static void after_cancel_nothing_comes(void **state)
{
    struct net *net = swarm_of(20, &quick);
    struct kn_dht_id id = id_of("k");
    struct kn_dht_get_options options = { .keys = &id, .n = 1, .mode = KN_DHT_GET_LATEST };

    (void)state;
    options.deadline = net_now(net) + 10000;
    for (kn_time wait = 0; wait < 120; wait += 7) {
        struct kn_dht_counters counters;
        struct kn_dht_op *op;

        CHECK_EQ("start",
                 kn_dht_get(net_at(net, 4)->dht, &options, on_never, on_never_got, NULL, &op),
                 KN_OK);
        if (wait > 0)
            net_run_until(net, net_now(net) + wait - 1);
        kn_dht_cancel(op);
        kn_dht_counters(net_at(net, 4)->dht, &counters);
        CHECK_EQ("gone", counters.operations, 0);
    }
    net_run_until(net, net_now(net) + 20000);
    kn_dht_cancel(NULL);
    net_free(net);
}

struct chain {
    struct kn_dht_op *self, *other;
    unsigned called;
};

static void cancel_both(void *arg, const struct kn_dht_value *value)
{
    struct chain *chain = arg;

    (void)value;
    chain->called++;
    kn_dht_cancel(chain->other);
    kn_dht_cancel(chain->self);
}

static void a_callback_may_cancel_itself_and_others(void **state)
{
    struct net *net = swarm_of(10, &quick);
    struct net_node *node = net_at(net, 4);
    struct kn_dht_id ids[2] = { id_of("k"), id_of("l") };
    struct kn_dht_get_options options = { .keys = ids, .n = 2, .mode = KN_DHT_GET_LATEST };
    struct chain chain = { 0 };
    struct kn_dht_counters counters;

    (void)state;
    options.deadline = net_now(net) + 10000;
    CHECK_EQ("other", kn_dht_get(node->dht, &options, on_never, on_never_got, NULL, &chain.other),
             KN_OK);
    options.mode = KN_DHT_GET_COVERAGE;
    CHECK_EQ("self",
             kn_dht_get(node->dht, &options, cancel_both, on_never_got, &chain, &chain.self),
             KN_OK);
    net_run_until(net, net_now(net) + 20000);
    CHECK_EQ("once", chain.called, 1);
    kn_dht_counters(node->dht, &counters);
    CHECK_EQ("gone", counters.operations, 0);
    net_free(net);
}

static void a_node_may_end_in_the_middle(void **state)
{
    struct net *net = swarm_of(20, &quick);
    struct kn_dht_id id = id_of("k");
    struct kn_dht_get_options options = {
        .keys = &id, .n = 1, .mode = KN_DHT_GET_LATEST, .deadline = KN_NEVER
    };
    struct kn_dht_op *op;

    (void)state;
    CHECK_EQ("start", kn_dht_get(net_at(net, 4)->dht, &options, on_never, on_never_got, NULL, &op),
             KN_OK);
    net_run_until(net, net_now(net) + 40);
    net_remove(net_at(net, 4));
    net_run_until(net, net_now(net) + 20000);
    net_free(net);
}

static void the_deadline_tells_what_there_is(void **state)
{
    struct net *net = swarm_of(20, &quick);
    struct kn_dht_id ids[3] = { id_of("k"), id_of("l"), id_of("m") };
    struct kn_dht_get_options options = { .keys = ids, .n = 3, .mode = KN_DHT_GET_LATEST };
    struct heard heard;
    size_t with_it = 0;

    (void)state;
    put_one(net_at(net, 4), "l", NULL, 9, 1000, NULL, 0, &heard);
    for (size_t i = 0; i < 20; i++) {
        struct kn_buffer scratch = { 0 };
        struct kn_record record;

        if (kn_record_get(kn_dht_records(net_at(net, i)->dht), &ids[1], net_true_time(net),
                          &scratch, &record))
            with_it = i;
        else
            net_at(net, i)->manner = NET_DEAF;
        kn_buffer_done(&scratch);
    }
    options.deadline = net_now(net) + 700;
    heard = (struct heard){ .net = net };
    CHECK_EQ("get",
             kn_dht_get(net_at(net, with_it)->dht, &options, on_value, on_got, &heard, &heard.op),
             KN_OK);
    wait_for(net, &heard);
    CHECK_EQ("code", heard.code, KN_E_TIMEOUT);
    CHECK_EQ("at", heard.at, options.deadline);
    CHECK_EQ("each key", heard.values, 3);
    CHECK_EQ("found", heard.found, 1);
    kn_buffer_done(&heard.value);
    net_free(net);
}

static void too_much_is_refused(void **state)
{
    struct net *net = net_new(&quick);
    struct kn_dht *dht = net_add(net, NET_HONEST, NULL)->dht;
    struct kn_dht_id id = id_of("k");
    struct kn_dht_item item = { .key = id };
    struct kn_peer_id peers[KN_DHT_PEERS_MAX + 1] = { 0 };
    struct kn_dht_get_options get_options = { .keys = &id, .n = KN_DHT_LOOKUP_KEYS_MAX + 1 };
    struct kn_dht_put_options put_options = { .items = &item, .n = KN_DHT_ITEMS_MAX + 1 };
    struct kn_dht_op *op;

    (void)state;
    CHECK_EQ("keys", kn_dht_get(dht, &get_options, on_never, on_never_got, NULL, &op), KN_E_LIMIT);
    get_options.n = 0;
    CHECK_EQ("no keys", kn_dht_get(dht, &get_options, on_never, on_never_got, NULL, &op),
             KN_E_LIMIT);
    get_options = (struct kn_dht_get_options){ .keys = &id, .n = 1, .also = peers };
    get_options.also_n = KN_DHT_PEERS_MAX + 1;
    CHECK_EQ("peers", kn_dht_get(dht, &get_options, on_never, on_never_got, NULL, &op), KN_E_LIMIT);
    CHECK_EQ("items", kn_dht_put(dht, &put_options, on_put, NULL, &op), KN_E_LIMIT);
    CHECK_EQ("bootstraps",
             kn_dht_bootstrap(dht, peers, KN_DHT_PEERS_MAX + 1, 1, on_pong, on_done, NULL, &op),
             KN_E_LIMIT);
    get_options.also_n = 0;
    for (size_t i = 0; i < KN_DHT_OPERATIONS_MAX; i++)
        CHECK_EQ("fits", kn_dht_get(dht, &get_options, on_never, on_never_got, NULL, &op), KN_OK);
    CHECK_EQ("operations", kn_dht_get(dht, &get_options, on_never, on_never_got, NULL, &op),
             KN_E_LIMIT);
    net_free(net);
}

static void alone_there_is_nobody_to_store_at(void **state)
{
    struct net *net = net_new(&quick);
    struct net_node *node = net_add(net, NET_HONEST, NULL);
    struct heard heard;

    (void)state;
    put_one(node, "k", NULL, 5, 100, NULL, 0, &heard);
    CHECK_EQ("code", heard.code, KN_E_UNREACHABLE);
    CHECK("but we keep it", heard.kept);
    get_one(node, "k", KN_DHT_GET_FIRST, &heard);
    CHECK_EQ("and find it", heard.found, 1);
    kn_buffer_done(&heard.value);
    net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pings_tell_who_is_there),
        cmocka_unit_test(joining_tells_of_each_and_fills_the_table),
        cmocka_unit_test(the_deadline_ends_a_bootstrap),
        cmocka_unit_test(the_nearest_are_found),
        cmocka_unit_test(what_is_put_is_found_by_all),
        cmocka_unit_test(subkeys_are_merged_and_the_newest_wins),
        cmocka_unit_test(those_named_get_it_at_once),
        cmocka_unit_test(coverage_of_many_keys_takes_few_questions),
        cmocka_unit_test(what_is_far_away_is_found_in_a_swarm_that_just_began),
        cmocka_unit_test(who_joins_gets_to_know_all_parts_where_there_are_more),
        cmocka_unit_test(many_items_travel_together),
        cmocka_unit_test(one_item_is_looked_for_at_three_and_given_to_five),
        cmocka_unit_test(every_item_gets_its_replicas_wherever_we_stand),
        cmocka_unit_test(who_does_not_answer_a_store_is_replaced),
        cmocka_unit_test(malice_neither_ends_nor_spoils_a_lookup),
        cmocka_unit_test(who_does_not_answer_is_left_alone_for_a_while),
        cmocka_unit_test(after_cancel_nothing_comes),
        cmocka_unit_test(a_callback_may_cancel_itself_and_others),
        cmocka_unit_test(a_node_may_end_in_the_middle),
        cmocka_unit_test(the_deadline_tells_what_there_is),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(alone_there_is_nobody_to_store_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
