#include "network/dht/table.h"

#include "support/hex.h"
#include "support/vectors.h"

/* A peer whose id tells it apart from all others. */
static struct kn_peer_id peer_of(uint32_t number)
{
    struct kn_peer_id peer = { .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };

    memcpy(peer.bytes + 30, &number, sizeof(number));
    return peer;
}

static struct kn_dht_id id_of(const char *hex)
{
    struct kn_dht_id id;

    for (size_t i = 0; i < KN_DHT_ID_SIZE; i++) {
        unsigned byte = 0;

        CHECK_EQ(hex, sscanf(hex + 2 * i, "%2x", &byte), 1);
        id.bytes[i] = (uint8_t)byte;
    }
    return id;
}

/* An id whose first bits are `high` and whose last are `low`. */
static struct kn_dht_id near_id(uint8_t high, uint32_t low)
{
    struct kn_dht_id id = { .bytes = { high } };

    for (size_t i = 0; i < 4; i++)
        id.bytes[KN_DHT_ID_SIZE - 1 - i] = (uint8_t)(low >> 8 * i);
    return id;
}

static enum kn_dht_seen see(struct kn_dht_table *table, struct kn_dht_id id, uint32_t peer)
{
    struct kn_dht_neighbour node = { id, peer_of(peer) }, doubtful;
    bool ask;

    return kn_dht_table_seen(table, &node, &doubtful, &ask);
}

static void a_table_of_hivemind_gives_the_same_neighbours(void **state)
{
    json_t *root = json_load_file(KN_VECTORS "/dhtid.json", 0, NULL);
    json_t *routing = json_object_get(root, "routing"), *row;
    struct kn_dht_id own = id_of(vectors_text(routing, "own"));
    struct kn_dht_table *table = kn_dht_table_new(&own, KN_DHT_BUCKET_SIZE);
    size_t i, j;

    (void)state;
    json_array_foreach(json_object_get(routing, "added_in_order"), i, row)
        CHECK_EQ("added", see(table, id_of(json_string_value(row)), (uint32_t)i), KN_DHT_SEEN_NEW);
    CHECK_EQ("all of them", kn_dht_table_count(table),
             json_array_size(json_object_get(routing, "in_buckets_afterwards")));
    json_array_foreach(json_object_get(root, "nearest"), i, row)
    {
        struct kn_dht_id query = id_of(vectors_text(row, "query"));
        json_t *want = json_object_get(row, "nearest"), *id;
        struct kn_dht_neighbour out[KN_DHT_NEAREST_MAX];
        size_t k = (size_t)json_integer_value(json_object_get(row, "k"));

        struct kn_peer_id first;

        (void)kn_dht_table_nearest(table, &query, NULL, out, 1);
        first = out[0].peer;
        CHECK_EQ("k",
                 kn_dht_table_nearest(
                     table, &query,
                     json_is_true(json_object_get(row, "exclude_nearest")) ? &first : NULL, out, k),
                 json_array_size(want));
        json_array_foreach(want, j, id)
        {
            struct kn_dht_id wanted = id_of(json_string_value(id));

            CHECK(json_string_value(id), kn_dht_id_equal(&out[j].id, &wanted));
        }
    }
    kn_dht_table_free(table);
    json_decref(root);
}

static void a_peer_has_the_id_that_it_gave_last(void **state)
{
    struct kn_dht_id own = near_id(0, 0), target = near_id(0x40, 0);
    struct kn_dht_table *table = kn_dht_table_new(&own, KN_DHT_BUCKET_SIZE);
    struct kn_dht_neighbour out[4];
    struct kn_peer_id seven = peer_of(7);

    (void)state;
    CHECK_EQ("first", see(table, near_id(0x80, 1), 7), KN_DHT_SEEN_NEW);
    CHECK_EQ("again", see(table, near_id(0x80, 1), 7), KN_DHT_SEEN_AGAIN);
    CHECK_EQ("restarted", see(table, near_id(0x40, 2), 7), KN_DHT_SEEN_MOVED);
    CHECK_EQ("our own id", see(table, own, 8), KN_DHT_SEEN_NOT);
    CHECK_EQ("count", kn_dht_table_count(table), 1);
    CHECK_EQ("nearest", kn_dht_table_nearest(table, &target, NULL, out, 4), 1);
    CHECK_EQ("its id", out[0].id.bytes[0], 0x40);
    CHECK_EQ("except", kn_dht_table_nearest(table, &target, &seven, out, 4), 0);
    CHECK("found", kn_dht_table_find(table, &seven) != NULL);
    kn_dht_table_remove(table, &seven);
    CHECK("removed", kn_dht_table_find(table, &seven) == NULL);
    kn_dht_table_remove(table, &seven);
    CHECK_EQ("count", kn_dht_table_count(table), 0);
    kn_dht_table_free(table);
}

static void an_id_of_two_peers_does_not_displace_the_first(void **state)
{
    struct kn_dht_id own = near_id(0, 0), id = near_id(0x80, 1);
    struct kn_dht_table *table = kn_dht_table_new(&own, KN_DHT_BUCKET_SIZE);
    struct kn_dht_neighbour out[4];

    (void)state;
    (void)see(table, id, 1);
    CHECK_EQ("thief", see(table, id, 2), KN_DHT_SEEN_NEW);
    CHECK_EQ("both", kn_dht_table_nearest(table, &id, NULL, out, 4), 2);
    kn_dht_table_free(table);
}

/* Depth 5 is a multiple of five and far from our own id: that bucket is not cut. */
static void a_full_bucket_asks_for_its_most_silent_peer(void **state)
{
    struct kn_dht_id own = near_id(0, 0);
    struct kn_dht_table *table = kn_dht_table_new(&own, KN_DHT_BUCKET_SIZE);
    struct kn_dht_neighbour doubtful, node;
    bool ask;

    (void)state;
    for (uint32_t i = 0; i < KN_DHT_BUCKET_SIZE; i++)
        CHECK_EQ("fits", see(table, near_id(0xf8, i), i), KN_DHT_SEEN_NEW);
    CHECK_EQ("refreshed", see(table, near_id(0xf8, 0), 0), KN_DHT_SEEN_AGAIN);
    for (uint32_t i = 0; i < 3; i++) {
        node = (struct kn_dht_neighbour){ near_id(0xf8, 100 + i), peer_of(100 + i) };
        CHECK_EQ("spare", kn_dht_table_seen(table, &node, &doubtful, &ask), KN_DHT_SEEN_SPARE);
        CHECK("names one", ask);
        CHECK_EQ("the most silent", doubtful.id.bytes[KN_DHT_ID_SIZE - 1], i + 1);
    }
    kn_dht_table_remove(table, &doubtful.peer);
    CHECK_EQ("the newest spare took its place", kn_dht_table_count(table), KN_DHT_BUCKET_SIZE);
    CHECK_EQ("by now a member", see(table, near_id(0xf8, 102), 102), KN_DHT_SEEN_AGAIN);
    CHECK_EQ("still a spare", see(table, near_id(0xf8, 101), 101), KN_DHT_SEEN_SPARE);
    kn_dht_table_free(table);
}

static void the_table_never_grows_past_its_bound(void **state)
{
    struct kn_dht_id own = near_id(0, 0);
    struct kn_dht_table *table = kn_dht_table_new(&own, KN_DHT_BUCKET_SIZE);
    uint64_t seed = 1;
    struct kn_random random = kn_random_seeded(&seed);
    size_t at = 0, n = 0;

    (void)state;
    for (uint32_t i = 0; i < 4 * KN_DHT_TABLE_MAX; i++) {
        struct kn_dht_id id;

        kn_dht_id_random(&random, &id);
        memset(id.bytes, 0, i % 16); /* crowds around our own id make the deepest tables */
        (void)see(table, id, i);
    }
    while (kn_dht_table_next(table, &at) != NULL)
        n++;
    CHECK_EQ("walk", n, kn_dht_table_count(table));
    CHECK("bounded", n <= KN_DHT_TABLE_MAX && n > KN_DHT_TABLE_MAX / 4);
    kn_dht_table_free(table);
}

static void a_flood_of_one_id_ends(void **state)
{
    struct kn_dht_id own = near_id(0, 0);
    struct kn_dht_table *table = kn_dht_table_new(&own, KN_DHT_BUCKET_SIZE);

    (void)state;
    for (uint32_t i = 0; i < 100; i++)
        (void)see(table, near_id(0, 1), i);
    CHECK_EQ("one bucket", kn_dht_table_count(table), KN_DHT_BUCKET_SIZE);
    kn_dht_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_of_hivemind_gives_the_same_neighbours),
        cmocka_unit_test(a_peer_has_the_id_that_it_gave_last),
        cmocka_unit_test(an_id_of_two_peers_does_not_displace_the_first),
        cmocka_unit_test(a_full_bucket_asks_for_its_most_silent_peer),
        cmocka_unit_test(the_table_never_grows_past_its_bound),
        cmocka_unit_test(a_flood_of_one_id_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
