#include "network/dht/dictionary.h"

#include <math.h>

#include "lib/codec/msgpack.h"
#include "network/dht/message.h"
#include "support/hex.h"
#include "support/vectors.h"

/* Read all entries and write them again; gives how many were passed over. */
static size_t write_again(struct kn_dht_dictionary dictionary, struct kn_buffer *out)
{
    static struct kn_dht_entry entries[16];
    size_t n = 0, malformed = 0;

    while (n < KN_COUNT(entries) && kn_dht_dictionary_next(&dictionary, &entries[n], &malformed))
        n++;
    kn_dht_dictionary_encode(dictionary.latest, entries, n, out);
    return malformed;
}

static void dictionaries_of_hivemind_are_written_again(void **state)
{
    json_t *rows = vectors_list("dictionary.json", "encode"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name"), *hex = vectors_text(row, "hex");
        struct kn_span bytes = hex_bytes(hex);
        struct kn_dht_dictionary dictionary;
        struct kn_buffer out = { 0 };

        CHECK_EQ(name, kn_dht_dictionary_open(bytes, &dictionary), KN_OK);
        CHECK_EQ(name, write_again(dictionary, &out), 0);
        /* ours are never bounded */
        if (strncmp(name, "maxsize", 7) != 0)
            CHECK_HEX(name, kn_buffer_get(&out), hex);
        kn_buffer_done(&out);
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void what_hivemind_cannot_decode_is_refused(void **state)
{
    json_t *rows = vectors_list("dictionary.json", "decode"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *name = vectors_text(row, "name");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        struct kn_dht_dictionary dictionary;
        struct kn_dht_entry entry;
        bool good = vectors_text(row, "error") == NULL;

        CHECK_EQ(name, kn_dht_dictionary_open(bytes, &dictionary), good ? KN_OK : KN_E_SYNTAX);
        if (good)
            CHECK(name, kn_dht_dictionary_next(&dictionary, &entry, NULL));
        hex_done(bytes);
    }
    vectors_done(rows);
}

#define END "cb41ee90cae0000000"

static void entries_that_nobody_can_use_are_passed_over(void **state)
{
    static const struct {
        const char *name, *hex;
        size_t good, malformed;
        enum kn_code code;
    } cases[] = {
        { "NaN", "c71b5093c0" END "9193a161c40101cb7ff8000000000000", 0, 1, KN_OK },
        { "infinite", "c71b5093c0" END "9193a161c40101cb7ff0000000000000", 0, 1, KN_OK },
        { "no MessagePack", "c71b5093c0" END "9193a161c401c1" END, 0, 1, KN_OK },
        { "an empty value", "c71a5093c0" END "9193a161c400" END, 0, 1, KN_OK },
        { "one of two", "c72a5093c0" END "9293a161c401c1" END "93a162c40101" END, 1, 1, KN_OK },
        { "nil as subkey", "c71a5093c0" END "9193c0c40101" END, 1, 0, KN_OK },
        { "latest is NaN", "c70c5093c0cb7ff800000000000090", 0, 0, KN_OK },
        { "latest is text", "d65093c0a190", 0, 0, KN_E_SYNTAX },
        { "maxsize is text", "c70d5093a161" END "90", 0, 0, KN_E_SYNTAX },
        { "bytes behind", "c70c5093c0" END "9000", 0, 0, KN_E_SYNTAX },
        { "bytes behind the entries", "c70d5093c0" END "9000", 0, 0, KN_E_SYNTAX },
        { "fewer entries than said", "c70c5093c0" END "91", 0, 0, KN_E_SYNTAX },
        { "a map as subkey", "c71a5093c0" END "919380c40101" END, 0, 0, KN_E_SYNTAX },
        { "a list in a tuple", "c71d5093c0" END "9193d5409190c40101" END, 0, 0, KN_E_SYNTAX },
        { "a tuple, another extension", "c70c4093c0" END "90", 0, 0, KN_E_SYNTAX },
        { "a number", "01", 0, 0, KN_E_SYNTAX },
        { "nothing", "", 0, 0, KN_E_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);
        struct kn_dht_dictionary dictionary = { .count = 0 };
        struct kn_dht_entry entry;
        size_t good = 0, malformed = 0, all = 0;

        CHECK_EQ(cases[i].name, kn_dht_dictionary_open(bytes, &dictionary), cases[i].code);
        while (kn_dht_dictionary_next(&dictionary, &entry, &malformed))
            good++;
        CHECK_EQ(cases[i].name, good, cases[i].good);
        CHECK_EQ(cases[i].name, malformed, cases[i].malformed);
        if (kn_dht_dictionary_open(bytes, &dictionary) == KN_OK)
            while (kn_dht_dictionary_step(&dictionary, &entry))
                all++;
        CHECK_EQ(cases[i].name, all, cases[i].good + cases[i].malformed);
        hex_done(bytes);
    }
}

/* `n` entries with numbers as subkeys. */
static void write_many(uint32_t n, struct kn_buffer *out)
{
    static const uint8_t value = 0xc0;
    size_t mark = kn_dht_dictionary_begin(2.0, n, out);
    struct kn_buffer subkey = { 0 };

    for (uint32_t i = 0; i < n; i++) {
        struct kn_dht_entry entry = { .value = { &value, 1 }, .expiration = 2.0 };

        kn_buffer_clear(&subkey);
        kn_msgpack_write_uint(&subkey, i);
        entry.subkey = kn_buffer_get(&subkey);
        kn_dht_dictionary_add(&entry, out);
    }
    kn_dht_dictionary_end(mark, out);
    kn_buffer_done(&subkey);
}

static void dictionaries_of_every_size_are_read(void **state)
{
    static const struct {
        uint32_t n;
        enum kn_code code;
    } cases[] = {
        { 0, KN_OK },
        { 14, KN_OK },   /* the last length in one byte */
        { 15, KN_OK },   /* … in two */
        { 4000, KN_OK }, /* … in four */
        { KN_DHT_DICTIONARY_MAX, KN_OK },
        { KN_DHT_DICTIONARY_MAX + 1, KN_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer out = { 0 };
        struct kn_dht_dictionary dictionary = { .count = 0 };
        struct kn_dht_entry entry;
        uint32_t n = 0;

        write_many(cases[i].n, &out);
        CHECK_EQ("open", kn_dht_dictionary_open(kn_buffer_get(&out), &dictionary), cases[i].code);
        while (kn_dht_dictionary_next(&dictionary, &entry, NULL))
            n++;
        CHECK_EQ("entries", n, cases[i].code == KN_OK ? cases[i].n : 0);
        kn_buffer_done(&out);
    }
}

/* Of a dictionary with one entry, whose subkey takes one byte. */
static size_t payload_size(size_t value_n)
{
    size_t head = value_n <= UINT8_MAX ? 2 : value_n <= UINT16_MAX ? 3 : 5;

    return 1 + 9 + 9 + 1 + 1 + 1 + head + value_n + 9;
}

static void a_dictionary_of_any_length_has_the_right_head(void **state)
{
    /* The value's length moves that of the dictionary over the edges of its head. */
    static uint8_t value[256 * 1024];
    const uint8_t subkey = 1;

    (void)state;
    for (size_t n = 0; n <= sizeof(value);
         n = n < 300 || (n > 65400 && n < 65600) ? n + 1 : n + 50) {
        struct kn_dht_entry entry = { { &subkey, 1 }, { value, n }, 1.0 };
        struct kn_buffer out = { 0 }, want = { 0 };
        struct kn_dht_dictionary dictionary;
        struct kn_span payload;

        kn_dht_dictionary_encode(1.0, &entry, 1, &out);
        CHECK_EQ("open", kn_dht_dictionary_open(kn_buffer_get(&out), &dictionary), KN_OK);
        payload = kn_span(dictionary.rest.end - payload_size(n), payload_size(n));
        kn_msgpack_write_ext(&want, KN_MSGPACK_DICTIONARY, payload);
        CHECK("shortest", kn_span_equal(kn_buffer_get(&out), kn_buffer_get(&want)));
        kn_buffer_done(&out);
        kn_buffer_done(&want);
    }
}

static void subkeys_are_what_python_can_hash(void **state)
{
    static const struct {
        const char *name, *hex;
        bool valid;
    } cases[] = {
        { "text", "a161", true },
        { "a number", "07", true },
        { "bytes", "c403726177", true },
        { "a truth", "c3", true },
        { "a tuple", "d64092a17401", true },
        { "an empty tuple", "d44090", true },
        { "a tuple in a tuple", "c7044091d44090", true },
        { "nil", "c0", false },
        { "nothing", "", false },
        { "a list", "90", false },
        { "a map", "80", false },
        { "a list in a tuple", "d5409190", false },
        { "a dictionary", "c70c5093c0" END "90", false },
        { "two values", "0101", false },
        { "cut", "a2", false },
        { "text that is not UTF-8", "a1ff", false },
        { "a tuple of nothing", "c70040", false },
        { "a tuple with more behind", "d5409001", false },
    };
    static uint8_t large[3 + KN_DHT_SUBKEY_MAX] = { 0xc5 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);

        CHECK_EQ(cases[i].name, kn_dht_subkey_is_valid(bytes), cases[i].valid);
        hex_done(bytes);
    }
    large[1] = (KN_DHT_SUBKEY_MAX - 3) >> 8;
    large[2] = (KN_DHT_SUBKEY_MAX - 3) & 0xff;
    CHECK("longest", kn_dht_subkey_is_valid(kn_span(large, KN_DHT_SUBKEY_MAX)));
    large[2]++;
    CHECK("too long", !kn_dht_subkey_is_valid(kn_span(large, KN_DHT_SUBKEY_MAX + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dictionaries_of_hivemind_are_written_again),
        cmocka_unit_test(what_hivemind_cannot_decode_is_refused),
        cmocka_unit_test(entries_that_nobody_can_use_are_passed_over),
        cmocka_unit_test(dictionaries_of_every_size_are_read),
        cmocka_unit_test(a_dictionary_of_any_length_has_the_right_head),
        cmocka_unit_test(subkeys_are_what_python_can_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
