#include "network/dht/message.h"

#include <stdlib.h>

#include "support/dht_again.h"
#include "support/hex.h"
#include "support/vectors.h"

/* Requests of which we say something else than hivemind, or which are written in another way than
 * ours. All others are read and written again as they are. */
static const struct {
    const char *name;
    enum kn_code code;
    const char *again; /* NULL: not looked at */
} odd_requests[] = {
    { "ping with nothing at all", KN_OK, "1200" },
    { "store unpacked repeated scalars", KN_OK, NULL },
    { "BAD store: no expiration, no in_cache", KN_E_INVALID, NULL },
    { "BAD store: in_cache shorter than keys", KN_E_INVALID, NULL },
    { "BAD store: subkeys shorter than keys", KN_OK, NULL },
    { "BAD find: 21 B key", KN_E_INVALID, NULL },
    { "find: 5 B key", KN_E_INVALID, NULL }, /* hivemind takes it as a small number */
    { "BAD find: node_id of 38 B (a peer id)", KN_E_INVALID, NULL },
    { "BAD ping: node_id of 38 B", KN_E_INVALID, NULL },
    { "BAD: undecodable protobuf", KN_E_SYNTAX, NULL },
};

static size_t again_index(const char *method)
{
    for (size_t i = 0; i < KN_COUNT(dht_again); i++) {
        if (strcmp(dht_again[i].method, method) == 0)
            return i;
    }
    fail_msg("no method %s", method);
    return 0;
}

static void check_request(const char *name, dht_again_fn *again, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_buffer out = { 0 };
    enum kn_code want = KN_OK;

    for (size_t i = 0; i < KN_COUNT(odd_requests); i++) {
        if (strcmp(odd_requests[i].name, name) == 0) {
            want = odd_requests[i].code;
            hex = odd_requests[i].again;
        }
    }
    CHECK_EQ(name, again(bytes, &out), want);
    if (hex != NULL)
        CHECK_HEX(name, kn_buffer_get(&out), hex);
    kn_buffer_done(&out);
    hex_done(bytes);
}

static void check_answer(const char *name, dht_again_fn *again, const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_buffer out = { 0 };
    bool is_nan = strcmp(name, "find of the NaN key") == 0;

    CHECK_EQ(name, again(bytes, &out), is_nan ? KN_E_INVALID : KN_OK);
    if (!is_nan)
        CHECK_HEX(name, kn_buffer_get(&out), hex);
    kn_buffer_done(&out);
    hex_done(bytes);
}

static void check_recorded(const char *list)
{
    json_t *rows = vectors_list("rpc.json", list), *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name"), *method = vectors_text(row, "method");
        const char *reply = vectors_text(row, "reply_pb");
        size_t k = again_index(method != NULL ? method : name);

        check_request(name, dht_again[k].request, vectors_text(row, "request_pb"));
        if (reply != NULL)
            check_answer(name, dht_again[k].answer, reply);
    }
    vectors_done(rows);
}

static void calls_of_hivemind_are_read_and_written_again(void **state)
{
    (void)state;
    check_recorded("calls");
    check_recorded("inbound");
}

#define KEY "0101010101010101010101010101010101010101"
#define NODE "1a160a14" KEY

static void requests_to_find_are_bounded(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        size_t keys;
    } cases[] = {
        { "nothing", "", KN_OK, 0 },
        { "one key", "1214" KEY NODE, KN_OK, 1 },
        { "unknown fields between", "1214" KEY "7801" NODE "1214" KEY "8a0103616263", KN_OK, 2 },
        { "a key as a number", "1001" NODE, KN_OK, 0 },
        { "an empty key", "1200", KN_E_INVALID, 0 },
        { "19 bytes of key", "12130101010101010101010101010101010101010101", KN_E_INVALID, 0 },
        { "21 bytes of node", "1a170a15" KEY "01", KN_E_INVALID, 0 },
        { "cut in the key", "12140101", KN_E_SYNTAX, 0 },
        { "cut in the node", "1a020a14", KN_E_SYNTAX, 0 },
        { "a group", "0b0c", KN_E_SYNTAX, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_find_request request = { .key_count = 0 };

        CHECK_EQ(cases[i].name, kn_dht_find_request_decode(bytes, &request), cases[i].code);
        CHECK_EQ(cases[i].name, request.key_count, cases[i].keys);
        hex_done(bytes);
    }
}

static void a_short_node_id_is_a_small_number(void **state)
{
    static const struct {
        const char *name, *hex;
        bool has_id;
        const char *id;
    } cases[] = {
        { "two bytes", "12040a020102", true, "0000000000000000000000000000000000000102" },
        { "a client", "1200", false, NULL },
        { "an empty id", "12020a00", false, NULL },
        { "told twice, the second counts", "12030a010112030a0102", true,
          "0000000000000000000000000000000000000002" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_ping_request request;

        CHECK_EQ(cases[i].name, kn_dht_ping_request_decode(bytes, &request), KN_OK);
        CHECK_EQ(cases[i].name, request.node.has_id, cases[i].has_id);
        if (cases[i].has_id)
            CHECK_HEX(cases[i].name, kn_span(request.node.id.bytes, KN_DHT_ID_SIZE), cases[i].id);
        hex_done(bytes);
    }
}

static void a_clock_that_is_no_number_is_refused(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        bool available;
    } cases[] = {
        { "NaN",
          "1200"
          "21000000000000f87f",
          KN_E_INVALID, false },
        { "infinite", "21000000000000f07f", KN_E_INVALID, false },
        { "a time", "2100002040fc54d9412801", KN_OK, true },
        { "field 3 is not ours", "1801", KN_OK, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_ping_answer answer = { .available = false };

        CHECK_EQ(cases[i].name, kn_dht_ping_answer_decode(bytes, &answer), cases[i].code);
        CHECK_EQ(cases[i].name, answer.available, cases[i].available);
        hex_done(bytes);
    }
}

static void messages_and_their_lists_have_an_end(void **state)
{
    static uint8_t large[KN_DHT_MESSAGE_MAX + 1];
    static struct kn_dht_id keys[KN_DHT_KEYS_MAX + 1];
    static struct kn_dht_store_item items[KN_DHT_KEYS_MAX + 1];
    static bool ok[KN_DHT_KEYS_MAX + 1];
    struct kn_dht_node node = { 0 };
    struct kn_dht_find_request find;
    struct kn_dht_find_answer found;
    struct kn_dht_store_request store;
    struct kn_dht_store_answer stored;
    struct kn_dht_ping_request ping;
    struct kn_dht_ping_answer pong;
    struct kn_buffer out = { 0 };
    size_t n = 0;

    (void)state;
    CHECK_EQ("find", kn_dht_find_request_decode(kn_span(large, sizeof(large)), &find), KN_E_LIMIT);
    CHECK_EQ("found", kn_dht_find_answer_decode(kn_span(large, sizeof(large)), &found), KN_E_LIMIT);
    CHECK_EQ("store", kn_dht_store_request_decode(kn_span(large, sizeof(large)), &store),
             KN_E_LIMIT);
    CHECK_EQ("stored", kn_dht_store_answer_decode(kn_span(large, sizeof(large)), &stored),
             KN_E_LIMIT);
    CHECK_EQ("ping", kn_dht_ping_request_decode(kn_span(large, sizeof(large)), &ping), KN_E_LIMIT);
    CHECK_EQ("pong", kn_dht_ping_answer_decode(kn_span(large, sizeof(large)), &pong), KN_E_LIMIT);

    kn_dht_find_request_encode(&node, keys, KN_DHT_KEYS_MAX, &out);
    CHECK_EQ("all keys", kn_dht_find_request_decode(kn_buffer_get(&out), &find), KN_OK);
    CHECK_EQ("all keys", find.key_count, KN_DHT_KEYS_MAX);
    kn_buffer_clear(&out);
    kn_dht_find_request_encode(&node, keys, KN_DHT_KEYS_MAX + 1, &out);
    CHECK_EQ("one key more", kn_dht_find_request_decode(kn_buffer_get(&out), &find), KN_E_LIMIT);

    kn_buffer_clear(&out);
    kn_dht_store_request_encode(&node, items, KN_DHT_KEYS_MAX + 1, &out);
    CHECK_EQ("one item more", kn_dht_store_request_decode(kn_buffer_get(&out), &store), KN_OK);
    CHECK_EQ("one item more", store.count, KN_DHT_KEYS_MAX);
    CHECK_EQ("one item more", store.offered, KN_DHT_KEYS_MAX + 1);
    for (struct kn_dht_store_cursor at = { 0 }; kn_dht_store_next(&store, &at, items); n++)
        continue;
    CHECK_EQ("one item more", n, KN_DHT_KEYS_MAX);

    ok[KN_DHT_KEYS_MAX - 1] = ok[KN_DHT_KEYS_MAX] = true;
    kn_buffer_clear(&out);
    kn_dht_store_answer_encode(&node, ok, KN_DHT_KEYS_MAX + 1, &out);
    CHECK_EQ("one verdict more", kn_dht_store_answer_decode(kn_buffer_get(&out), &stored), KN_OK);
    CHECK_EQ("one verdict more", stored.count, KN_DHT_KEYS_MAX);
    CHECK("the last", kn_dht_store_answer_ok(&stored, KN_DHT_KEYS_MAX - 1));
    CHECK("before it", !kn_dht_store_answer_ok(&stored, KN_DHT_KEYS_MAX - 2));
    CHECK("beyond", !kn_dht_store_answer_ok(&stored, KN_DHT_KEYS_MAX));
    kn_buffer_done(&out);
}

#define PEER_A                                                                   \
    "00240801122001010101010101010101010101010101010101010101010101010101010101" \
    "01"

static void neighbours_that_are_nonsense_are_passed_over(void **state)
{
    static const struct {
        const char *name, *hex;
        size_t good, nonsense;
    } cases[] = {
        { "one pair", "2214" KEY "2a26" PEER_A, 1, 0 },
        { "peers before ids", "2a26" PEER_A "2214" KEY, 1, 0 },
        { "an id without a peer", "2214" KEY "2214" KEY "2a26" PEER_A, 1, 0 },
        { "a peer without an id", "2a26" PEER_A, 0, 0 },
        { "an id of 21 bytes", "2215" KEY "012214" KEY "2a26" PEER_A "2a26" PEER_A, 1, 1 },
        { "an empty id",
          "2200"
          "2a26" PEER_A,
          0, 1 },
        { "a peer that is none", "2214" KEY "2a03616263", 0, 1 },
        { "an empty peer", "2214" KEY "2a00", 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_find_result result = { .bytes = bytes };
        struct kn_dht_neighbour neighbour;
        struct kn_dht_neighbour_cursor at = { 0 };
        size_t good = 0, nonsense = 0;

        while (kn_dht_find_neighbour(&result, &at, &neighbour, &nonsense))
            good++;
        CHECK_EQ(cases[i].name, good, cases[i].good);
        CHECK_EQ(cases[i].name, nonsense, cases[i].nonsense);
        hex_done(bytes);
    }
}

/* An answer with one result that has `n` neighbours, and three fields more when
 * something was found. */
static void write_answer(enum kn_dht_found found, size_t n, struct kn_buffer *out)
{
    static struct kn_dht_neighbour neighbours[KN_DHT_RESULT_FIELDS_MAX];
    struct kn_dht_find_result result = { .found = found };
    struct kn_dht_node node = { 0 };
    struct kn_span peer = hex_bytes(PEER_A);

    for (size_t i = 0; i < n; i++)
        CHECK_EQ("peer", kn_peer_id_from_bytes(peer.at, peer.n, &neighbours[i].peer, NULL), KN_OK);
    hex_done(peer);
    kn_buffer_clear(out);
    kn_dht_find_result_encode(&result, neighbours, n, out);
    kn_dht_find_answer_end(&node, out);
}

static void the_size_of_a_result_is_known_beforehand(void **state)
{
    static const uint8_t zeros[70000];
    static const struct {
        const char *name;
        enum kn_dht_found found;
        size_t value_n, n;
    } cases[] = {
        { "nothing", KN_DHT_NOT_FOUND, 0, 0 },
        { "neighbours", KN_DHT_NOT_FOUND, 0, 20 },
        { "a byte", KN_DHT_FOUND_REGULAR, 1, 0 },
        { "as much as a byte of length tells", KN_DHT_FOUND_REGULAR, 127, 0 },
        { "one more", KN_DHT_FOUND_REGULAR, 128, 0 },
        { "a dictionary", KN_DHT_FOUND_DICTIONARY, 16383, 1 },
        { "a longer one", KN_DHT_FOUND_DICTIONARY, 16384, 1 },
        { "all", KN_DHT_FOUND_DICTIONARY, sizeof(zeros), 20 },
    };
    struct kn_span peer = hex_bytes(PEER_A);
    struct kn_dht_neighbour near[20] = { 0 };
    struct kn_buffer out = { 0 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(near); i++)
        CHECK_EQ("peer", kn_peer_id_from_bytes(peer.at, peer.n, &near[i].peer, NULL), KN_OK);
    hex_done(peer);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_dht_find_result result = { .found = cases[i].found,
                                             .value = kn_span(zeros, cases[i].value_n) };

        kn_buffer_clear(&out);
        kn_dht_find_result_encode(&result, near, cases[i].n, &out);
        CHECK_EQ(cases[i].name,
                 kn_dht_find_result_size(cases[i].found, cases[i].value_n, near, cases[i].n),
                 kn_buffer_get(&out).n);
    }
    kn_buffer_done(&out);
}

static void the_first_neighbours_of_many_are_taken(void **state)
{
    struct kn_buffer out = { 0 };
    struct kn_dht_find_answer answer;
    struct kn_dht_find_result result;
    struct kn_dht_neighbour_cursor pair = { 0 };
    struct kn_dht_neighbour neighbour;
    size_t at = 0, n = 0;
    bool failed = false;

    (void)state;
    write_answer(KN_DHT_NOT_FOUND, KN_DHT_RESULT_FIELDS_MAX / 2, &out);
    CHECK_EQ("many", kn_dht_find_answer_decode(kn_buffer_get(&out), &answer), KN_OK);
    CHECK("many", kn_dht_find_result_next(&answer, &at, &result, &failed));
    while (kn_dht_find_neighbour(&result, &pair, &neighbour, NULL))
        n++;
    CHECK_EQ("many", n, KN_DHT_NEAREST_MAX);
    CHECK("end", !kn_dht_find_result_next(&answer, &at, &result, &failed) && !failed);

    write_answer(KN_DHT_FOUND_REGULAR, KN_DHT_RESULT_FIELDS_MAX / 2 - 1, &out);
    CHECK_EQ("too many", kn_dht_find_answer_decode(kn_buffer_get(&out), &answer), KN_OK);
    at = 0;
    CHECK("too many", !kn_dht_find_result_next(&answer, &at, &result, &failed) && failed);
    kn_buffer_done(&out);
}

static void broken_results_end_the_walk(void **state)
{
    static const struct {
        const char *name, *hex;
        bool failed;
    } cases[] = {
        { "not found", "1200", false },
        { "regular", "120e0801120101190000c0c0d873df41", false },
        { "NaN", "120e080112010119000000000000f87f", true },
        { "infinite, of nothing", "120919000000000000f07f", true },
        { "a kind that nobody knows", "12020803", true },
        { "cut", "12020a05", true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_find_answer answer;
        struct kn_dht_find_result result;
        size_t at = 0;
        bool failed = false;

        CHECK_EQ(cases[i].name, kn_dht_find_answer_decode(bytes, &answer), KN_OK);
        CHECK_EQ(cases[i].name, answer.result_count, 1);
        CHECK_EQ(cases[i].name, kn_dht_find_result_next(&answer, &at, &result, &failed),
                 !cases[i].failed);
        CHECK_EQ(cases[i].name, failed, cases[i].failed);
        CHECK(cases[i].name, !kn_dht_find_result_next(&answer, &at, &result, &failed));
        hex_done(bytes);
    }
}

#define TIME "0000c0c0d873df41"

static void lists_of_a_store_request_go_together(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
        size_t count, cached; /* cached: bits of the items' flags */
    } cases[] = {
        { "nothing", "", KN_OK, 0, 0 },
        { "no flags are false", "1214" KEY "1a01c022010129" TIME, KN_OK, 1, 0 },
        { "two packed, in pieces",
          "1214" KEY "1214" KEY "1a00"
          "1a01a1"
          "220101"
          "220102"
          "2a08" TIME "320100"
          "2a08" TIME "3001",
          KN_OK, 2, 2 },
        { "packed with nothing in it",
          "1214" KEY "1a01c02201012a003200"
          "2a08" TIME "320101",
          KN_OK, 1, 1 },
        { "more subkeys than keys", "1a01c0", KN_E_INVALID, 0, 0 },
        { "more values than keys", "220101", KN_E_INVALID, 0, 0 },
        { "more ends than keys", "2a08" TIME, KN_E_INVALID, 0, 0 },
        { "more flags than keys", "320101", KN_E_INVALID, 0, 0 },
        { "half an end", "1214" KEY "1a01c02201012a0400000000", KN_E_SYNTAX, 0, 0 },
        { "half a flag", "1214" KEY "1a01c02201012a08" TIME "320180", KN_E_SYNTAX, 0, 0 },
        { "a short key", "120101", KN_E_INVALID, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_store_request request = { .count = 0 };
        struct kn_dht_store_cursor at = { 0 };
        struct kn_dht_store_item item;
        size_t count = 0, cached = 0;

        CHECK_EQ(cases[i].name, kn_dht_store_request_decode(bytes, &request), cases[i].code);
        while (request.count > 0 && kn_dht_store_next(&request, &at, &item))
            cached |= (size_t)item.in_cache << count++;
        CHECK_EQ(cases[i].name, count, cases[i].count);
        CHECK_EQ(cases[i].name, cached, cases[i].cached);
        hex_done(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_hivemind_are_read_and_written_again),
        cmocka_unit_test(requests_to_find_are_bounded),
        cmocka_unit_test(a_short_node_id_is_a_small_number),
        cmocka_unit_test(a_clock_that_is_no_number_is_refused),
        cmocka_unit_test(messages_and_their_lists_have_an_end),
        cmocka_unit_test(neighbours_that_are_nonsense_are_passed_over),
        cmocka_unit_test(the_size_of_a_result_is_known_beforehand),
        cmocka_unit_test(the_first_neighbours_of_many_are_taken),
        cmocka_unit_test(broken_results_end_the_walk),
        cmocka_unit_test(lists_of_a_store_request_go_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
