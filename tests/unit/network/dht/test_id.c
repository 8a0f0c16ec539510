#include "network/dht/id.h"

#include <stdlib.h>

#include "network/dht/link.h"
#include "support/hex.h"
#include "support/vectors.h"

static struct kn_dht_id id_of_hex(const char *hex)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_dht_id id;

    CHECK_EQ(hex, bytes.n, KN_DHT_ID_SIZE);
    memcpy(id.bytes, bytes.at, KN_DHT_ID_SIZE);
    hex_done(bytes);
    return id;
}

/* proves: TR-1/sha1 */
static void keys_have_the_ids_that_hivemind_gives_them(void **state)
{
    json_t *rows = vectors_list("dhtid.json", "keys"), *row;
    size_t i, texts = 0;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *text = vectors_text(row, "source"), *hex = vectors_text(row, "source_hex");
        const char *name = text != NULL ? text : hex;
        struct kn_dht_id id;

        if (text != NULL) {
            CHECK(name, kn_dht_id_of_text(kn_span_text(text), &id));
            texts++;
        } else if (hex != NULL) {
            struct kn_span bytes = hex_bytes(hex);

            kn_dht_id_of_bytes(bytes, &id);
            hex_done(bytes);
        } else {
            continue; /* keys of other types, which nobody uses */
        }
        CHECK_HEX(name, kn_span(id.bytes, sizeof(id.bytes)), vectors_text(row, "id"));
    }
    CHECK("texts", texts > 5);
    vectors_done(rows);
}

/* Each form of the head of a text, and what is too long for any. */
static void texts_of_every_length_have_an_id(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        const char *id;
    } cases[] = {
        { "empty", 0, "c7da1ff95a25c353f1319604703e8bfd287ee1a1" },
        { "the last short one", 31, "1f8e32d0e802a1de995bcb470554cf49ab3cebc2" },
        { "one more", 32, "8a6a31ea194ad11734a408143596da687e7c020f" },
        { "the last of one byte", 255, "e3bf80508130486390e10c5bc308f9760df4d23f" },
        { "the first of two", 256, "793dfd6973952c41d15633ce42262e02628ea6e9" },
        { "the longest", KN_DHT_KEY_TEXT_MAX, "3f29d65ff7f1142fbeacb5f7e344acb93d06d3f8" },
    };
    char text[KN_DHT_KEY_TEXT_MAX + 1];
    struct kn_dht_id id;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        CHECK(cases[i].name, kn_dht_id_of_text(kn_span(text, cases[i].n), &id));
        CHECK_HEX(cases[i].name, kn_span(id.bytes, sizeof(id.bytes)), cases[i].id);
    }
    CHECK("too long", !kn_dht_id_of_text(kn_span(text, sizeof(text)), &id));
    CHECK_HEX("too long", kn_span(id.bytes, sizeof(id.bytes)),
              "0000000000000000000000000000000000000000");
}

static void the_nearest_nodes_are_those_that_hivemind_names(void **state)
{
    json_t *rows = vectors_list("dhtid.json", "nearest"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        struct kn_dht_id target = id_of_hex(vectors_text(row, "query"));
        const json_t *nearest = json_object_get(row, "nearest");

        CHECK("list", json_array_size(nearest) > 1);
        for (size_t k = 1; k < json_array_size(nearest); k++) {
            const char *far = json_string_value(json_array_get(nearest, k));
            struct kn_dht_id a = id_of_hex(json_string_value(json_array_get(nearest, k - 1)));
            struct kn_dht_id b = id_of_hex(far);

            CHECK(far, kn_dht_id_nearer(&target, &a, &b) < 0);
            CHECK(far, kn_dht_id_nearer(&target, &b, &a) > 0);
            CHECK_EQ(far, kn_dht_id_nearer(&target, &b, &b), 0);
            CHECK(far, kn_dht_id_equal(&b, &b) && !kn_dht_id_equal(&a, &b));
        }
    }
    vectors_done(rows);
}

static void random_ids_come_from_what_is_handed_in(void **state)
{
    uint64_t a = 7, b = 7;
    struct kn_random first = kn_random_seeded(&a), second = kn_random_seeded(&b);
    struct kn_dht_id x, y;

    (void)state;
    kn_dht_id_random(&first, &x);
    kn_dht_id_random(&second, &y);
    CHECK("same seed", kn_dht_id_equal(&x, &y));
    kn_dht_id_random(&first, &y);
    CHECK("next", !kn_dht_id_equal(&x, &y));
}

static void methods_have_the_names_that_hivemind_serves(void **state)
{
    (void)state;
    CHECK_STR("ping", kn_dht_method_name(KN_DHT_PING), "DHTProtocol.rpc_ping");
    CHECK_STR("store", kn_dht_method_name(KN_DHT_STORE), "DHTProtocol.rpc_store");
    CHECK_STR("find", kn_dht_method_name(KN_DHT_FIND), "DHTProtocol.rpc_find");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_ids_that_hivemind_gives_them),
        cmocka_unit_test(texts_of_every_length_have_an_id),
        cmocka_unit_test(the_nearest_nodes_are_those_that_hivemind_names),
        cmocka_unit_test(random_ids_come_from_what_is_handed_in),
        cmocka_unit_test(methods_have_the_names_that_hivemind_serves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
