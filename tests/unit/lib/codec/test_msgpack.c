#include "lib/codec/msgpack.h"

#include <stdlib.h>

#include "support/hex.h"
#include "support/vectors.h"

static void write_value(struct kn_buffer *out, const json_t *value);

/* The one member of an object, its name in `*name`. */
static const json_t *member_of(const json_t *object, const char **name)
{
    void *at = json_object_iter((json_t *)(uintptr_t)object);

    *name = json_object_iter_key(at);
    return json_object_iter_value(at);
}

static void write_list(struct kn_buffer *out, const json_t *list)
{
    const json_t *item;
    size_t i;

    kn_msgpack_write_array(out, (uint32_t)json_array_size(list));
    json_array_foreach(list, i, item) write_value(out, item);
}

static void write_tuple(struct kn_buffer *out, const json_t *list)
{
    struct kn_buffer payload = { 0 };

    write_list(&payload, list);
    kn_msgpack_write_ext(out, KN_MSGPACK_TUPLE, kn_buffer_get(&payload));
    kn_buffer_done(&payload);
}

static void write_map(struct kn_buffer *out, const json_t *pairs)
{
    const json_t *pair;
    size_t i;

    kn_msgpack_write_map(out, (uint32_t)json_array_size(pairs));
    json_array_foreach(pairs, i, pair)
    {
        write_value(out, json_array_get(pair, 0));
        write_value(out, json_array_get(pair, 1));
    }
}

/* What JSON has no spelling for is an object with one member, which names the type. */
static void write_typed(struct kn_buffer *out, const json_t *object)
{
    const char *type, *text;
    const json_t *value = member_of(object, &type);

    text = json_string_value(value);
    if (strcmp(type, "int") == 0 && text[0] == '-') {
        kn_msgpack_write_int(out, strtoll(text, NULL, 10));
    } else if (strcmp(type, "int") == 0) {
        kn_msgpack_write_uint(out, strtoull(text, NULL, 10));
    } else if (strcmp(type, "float") == 0) {
        kn_msgpack_write_float(out, strtod(text, NULL));
    } else if (strcmp(type, "bytes") == 0) {
        struct kn_span bytes = hex_bytes(text);

        kn_msgpack_write_bin(out, bytes);
        hex_done(bytes);
    } else if (strcmp(type, "map") == 0) {
        write_map(out, value);
    } else {
        CHECK_STR("type", type, "tuple");
        write_tuple(out, value);
    }
}

static void write_value(struct kn_buffer *out, const json_t *value)
{
    if (json_is_array(value))
        write_list(out, value);
    else if (json_is_object(value))
        write_typed(out, value);
    else if (json_is_string(value))
        kn_msgpack_write_text(out, kn_span_text(json_string_value(value)));
    else if (json_is_integer(value))
        kn_msgpack_write_int(out, json_integer_value(value));
    else if (json_is_boolean(value))
        kn_msgpack_write_bool(out, json_is_true(value));
    else
        kn_msgpack_write_nil(out);
}

static void rewrite(struct kn_buffer *out, struct kn_span bytes);

static void rewrite_ext(struct kn_buffer *out, const struct kn_msgpack *item)
{
    struct kn_buffer payload = { 0 };

    if (item->ext_code == KN_MSGPACK_TUPLE) {
        rewrite(&payload, item->bytes);
        kn_msgpack_write_ext(out, KN_MSGPACK_TUPLE, kn_buffer_get(&payload));
    } else {
        kn_msgpack_write_bin(out, item->bytes);
    }
    kn_buffer_done(&payload);
}

static void rewrite_item(struct kn_buffer *out, const struct kn_msgpack *item)
{
    switch (item->kind) {
    case KN_MSGPACK_NIL:
        kn_msgpack_write_nil(out);
        break;
    case KN_MSGPACK_BOOL:
        kn_msgpack_write_bool(out, item->truth);
        break;
    case KN_MSGPACK_INT:
        kn_msgpack_write_int(out, item->integer);
        CHECK("natural", item->natural == (item->integer < 0 ? 0 : (uint64_t)item->integer));
        break;
    case KN_MSGPACK_UINT:
        kn_msgpack_write_uint(out, item->natural);
        break;
    case KN_MSGPACK_FLOAT:
        kn_msgpack_write_float(out, item->real);
        break;
    case KN_MSGPACK_TEXT:
        kn_msgpack_write_text(out, item->bytes);
        break;
    case KN_MSGPACK_BIN:
        kn_msgpack_write_bin(out, item->bytes);
        break;
    case KN_MSGPACK_ARRAY:
        kn_msgpack_write_array(out, item->count);
        break;
    case KN_MSGPACK_MAP:
        kn_msgpack_write_map(out, item->count);
        break;
    case KN_MSGPACK_EXT:
        rewrite_ext(out, item);
        break;
    }
}

/* Read items one by one and write each as short as it can be, an unknown extension as bytes. */
static void rewrite(struct kn_buffer *out, struct kn_span bytes)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_msgpack item;

    while (kn_msgpack_next(&reader, &item))
        rewrite_item(out, &item);
    CHECK("read to the end", kn_reader_at_end(&reader));
}

static void values_are_written_as_hivemind_writes_them_and_read_back(void **state)
{
    json_t *rows = vectors_list("msgpack.json", "encode"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *hex = vectors_text(row, "hex");
        struct kn_buffer out = { 0 }, again = { 0 };
        struct kn_reader reader;

        if (hex == NULL)
            continue;
        write_value(&out, json_object_get(row, "value"));
        CHECK_HEX(hex, kn_buffer_get(&out), hex);
        rewrite(&again, kn_buffer_get(&out));
        CHECK_HEX(hex, kn_buffer_get(&again), hex);
        CHECK_EQ(hex, kn_msgpack_check(kn_buffer_get(&out)), KN_OK);
        reader = kn_reader_of(kn_buffer_get(&out));
        CHECK_HEX(hex, kn_msgpack_skip(&reader), hex);
        CHECK(hex, kn_reader_at_end(&reader));
        kn_buffer_done(&out);
        kn_buffer_done(&again);
    }
    vectors_done(rows);
}

/* The bytes of a row: digits, or a byte that is repeated and what follows. */
static struct kn_buffer bytes_of(const json_t *hex)
{
    struct kn_buffer out = { 0 };
    json_int_t count = json_integer_value(json_object_get(hex, "count"));
    struct kn_span then, bytes = hex_bytes(json_is_string(hex) ? json_string_value(hex)
                                                               : vectors_text(hex, "repeat"));

    kn_buffer_add_span(&out, bytes);
    for (json_int_t i = 1; i < count; i++)
        kn_buffer_add_span(&out, bytes);
    if (count > 0) {
        then = hex_bytes(vectors_text(hex, "then"));
        kn_buffer_add_span(&out, then);
        hex_done(then);
    }
    hex_done(bytes);
    return out;
}

static void odd_input_is_taken_and_refused_as_hivemind_does(void **state)
{
    json_t *rows = vectors_list("msgpack.json", "decode"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        json_t *value = json_object_get(row, "value");
        char *name = json_dumps(json_object_get(row, "hex"), JSON_ENCODE_ANY);
        struct kn_buffer bytes = bytes_of(json_object_get(row, "hex")), want = { 0 }, got = { 0 };
        enum kn_code rc = kn_msgpack_check(kn_buffer_get(&bytes));

        CHECK_EQ(name, rc == KN_OK, value != NULL);
        if (strstr(name, "repeat") != NULL)
            CHECK_EQ(name, rc, KN_E_LIMIT);
        else if (value == NULL)
            CHECK_EQ(name, rc, KN_E_SYNTAX);
        else if (json_object_get(value, "dictionary") == NULL &&
                 json_object_get(value, "other") == NULL) {
            write_value(&want, value);
            rewrite(&got, kn_buffer_get(&bytes));
            CHECK(name, kn_span_equal(kn_buffer_get(&got), kn_buffer_get(&want)));
        }
        kn_buffer_done(&bytes);
        kn_buffer_done(&want);
        kn_buffer_done(&got);
        free(name);
    }
    vectors_done(rows);
}

static void what_extensions_hold_is_judged(void **state)
{
    static const struct {
        const char *name, *hex;
        enum kn_code code;
    } cases[] = {
        { "tuple with an item missing", "d64093a16100", KN_E_SYNTAX },
        { "tuple of a text", "d540a161", KN_OK },
        { "tuple of a map", "c7044081a16101", KN_OK },
        { "tuple of bytes", "c70340c40100", KN_OK },
        { "tuple of a tuple", "c70340d44090", KN_OK },
        { "tuple of a dictionary", "c70640d65093c0c090", KN_E_SYNTAX },
        { "tuple of nil", "d440c0", KN_E_SYNTAX },
        { "tuple of a float", "c70940cb0000000000000000", KN_E_SYNTAX },
        { "tuple and more", "d5409000", KN_E_SYNTAX },
        { "tensor", "d45180", KN_OK },
        { "tensor and more", "d5518000", KN_E_SYNTAX },
        { "time in 8 bytes", "d7ffee6b27fc00000000", KN_OK },
        { "time with too many nanoseconds", "d7ffee6b280000000000", KN_E_SYNTAX },
        { "time in 12 bytes", "c70cff3b9ac9ff0000000000000000", KN_OK },
        { "time in 12 bytes, nanoseconds", "c70cff3b9aca000000000000000000", KN_E_SYNTAX },
        { "time in 5 bytes", "c705ff0000000000", KN_E_SYNTAX },
        { "unknown extension as a key", "81d4020001", KN_OK },
        { "time as a key", "81d6ff0000000101", KN_E_SYNTAX },
        { "tuple as a key", "81d4409001", KN_E_SYNTAX },
        { "dictionary of a map", "d65081a16101", KN_E_SYNTAX },
        { "dictionary of two", "d55092c0c0", KN_E_SYNTAX },
        { "dictionary", "d65093c0c090", KN_OK },
        { "dictionary and more", "c7055093c0c09000", KN_E_SYNTAX },
        { "dictionary, four", "c7055094c0c09000", KN_E_SYNTAX },
        { "entry of two", "c7075093c0c09192a100", KN_E_SYNTAX },
        { "entry", "c7085093c0c09193a06101", KN_OK },
        { "entry, expiration nil", "c7085093c0c09193a061c0", KN_E_SYNTAX },
        { "entry, expiration a truth", "c7085093c0c09193a061c3", KN_OK },
        { "entry, subkey a list", "c7085093c0c09193906101", KN_E_SYNTAX },
        { "entry, subkey a map", "c7085093c0c09193806101", KN_E_SYNTAX },
        { "entry, subkey nil", "c7085093c0c09193c06101", KN_OK },
        { "entry, subkey a tuple", "c70a5093c0c09193d440906101", KN_OK },
        { "entry, subkey a tuple with a list", "c70b5093c0c09193d54091906101", KN_E_SYNTAX },
        { "entry, no list", "c7065093c0c091a06101", KN_E_SYNTAX },
        { "entry, value cut", "c7075093c0c09193a0c4", KN_E_SYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i].hex);

        CHECK_EQ(cases[i].name, kn_msgpack_check(bytes), cases[i].code);
        hex_done(bytes);
    }
}

static void broken_items_fail_the_reader(void **state)
{
    static const char *const cases[] = {
        "c1",           "c402ff",     "c5ff",     "c6ffffffffff", "c70140",     "c7",
        "c8ffff40",     "c9ffffffff", "ca000000", "cb00000000",   "cc",         "cdff",
        "d0",           "d3ffffffff", "d440",     "d8400000",     "d9",         "d9036162",
        "a1ff",         "a2c3",       "a3eda080", "a2c080",       "dc0001",     "dd00000001",
        "ddffffffffc0", "91",         "81",       "81c0",         "de000200c0", "dfffffffffc0c0",
        "df80000000",
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_span bytes = hex_bytes(cases[i]);
        struct kn_reader reader = kn_reader_of(bytes);
        struct kn_msgpack item;
        size_t count = 0;

        while (kn_msgpack_next(&reader, &item))
            count++;
        CHECK(cases[i], reader.failed && count <= 1);
        CHECK_EQ(cases[i], kn_msgpack_check(bytes), KN_E_SYNTAX);
        hex_done(bytes);
    }
}

/* `depth` times `head`, then a nil. */
static size_t nest(uint8_t *out, size_t depth, uint8_t head)
{
    memset(out, head, depth);
    out[depth] = 0xc0;
    return depth + 1;
}

static void depth_has_its_limit(void **state)
{
    uint8_t bytes[KN_MSGPACK_DEPTH_MAX + 2];

    (void)state;
    for (size_t depth = 30; depth <= KN_MSGPACK_DEPTH_MAX + 1; depth++) {
        struct kn_span span = kn_span(bytes, nest(bytes, depth, 0x91));
        struct kn_reader reader = kn_reader_of(span);
        bool fits = depth <= KN_MSGPACK_DEPTH_MAX;

        CHECK_EQ("check", kn_msgpack_check(span), fits ? KN_OK : KN_E_LIMIT);
        CHECK_EQ("skip", kn_msgpack_skip(&reader).n, fits ? span.n : 0);
        CHECK_EQ("skip", reader.failed, !fits);
        bytes[depth - 1] = 0x90;
        span.n = depth;
        reader = kn_reader_of(span);
        CHECK_EQ("empty one inside", kn_msgpack_check(span), fits ? KN_OK : KN_E_LIMIT);
        CHECK_EQ("empty one inside", kn_msgpack_skip(&reader).n, fits ? span.n : 0);
    }
}

static void tuples_inside_each_other_have_the_same_limit(void **state)
{
    struct kn_buffer value = { 0 };

    (void)state;
    kn_msgpack_write_array(&value, 0);
    for (unsigned depth = 1; depth <= KN_MSGPACK_DEPTH_MAX; depth++) {
        struct kn_buffer outer = { 0 };

        CHECK_EQ("depth", kn_msgpack_check(kn_buffer_get(&value)), KN_OK);
        kn_msgpack_write_ext(&outer, KN_MSGPACK_TUPLE, kn_buffer_get(&value));
        kn_buffer_done(&value);
        value = outer;
    }
    CHECK_EQ("one more", kn_msgpack_check(kn_buffer_get(&value)), KN_E_LIMIT);
    kn_buffer_done(&value);
}

static void skipping_gives_one_whole_value(void **state)
{
    struct kn_span bytes = hex_bytes("82a16192010281a1620390c0"
                                     "92c0");
    struct kn_reader reader = kn_reader_of(bytes);

    (void)state;
    /* A map is no key, but skipping does not mind. */
    CHECK_HEX("map", kn_msgpack_skip(&reader), "82a16192010281a1620390");
    CHECK_HEX("nil", kn_msgpack_skip(&reader), "c0");
    CHECK_EQ("cut", kn_msgpack_skip(&reader).n, 0);
    CHECK("cut", reader.failed);
    reader = kn_reader_of(kn_span(NULL, 0));
    CHECK("nothing", kn_msgpack_skip(&reader).n == 0 && reader.failed);
    hex_done(bytes);
}

/* The head of `n` bytes written as text, bytes and extension, and of as many members. */
static void lengths_have_their_widths(void **state)
{
    static const struct {
        size_t n;
        const char *text, *bin, *ext, *array, *map;
    } cases[] = {
        { 255, "d9ff", "c4ff", "c7ff07", "dc00ff", "de00ff" },
        { 256, "da0100", "c50100", "c8010007", "dc0100", "de0100" },
        { 65535, "daffff", "c5ffff", "c8ffff07", "dcffff", "deffff" },
        { 65536, "db00010000", "c600010000", "c90001000007", "dd00010000", "df00010000" },
    };
    static const uint8_t zeros[65536];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_buffer out[5] = { 0 };
        const char *want[] = { cases[i].text, cases[i].bin, cases[i].ext, cases[i].array,
                               cases[i].map };

        kn_msgpack_write_text(&out[0], kn_span(zeros, cases[i].n));
        kn_msgpack_write_bin(&out[1], kn_span(zeros, cases[i].n));
        kn_msgpack_write_ext(&out[2], 7, kn_span(zeros, cases[i].n));
        kn_msgpack_write_array(&out[3], (uint32_t)cases[i].n);
        kn_msgpack_write_map(&out[4], (uint32_t)cases[i].n);
        for (size_t j = 0; j < KN_COUNT(out); j++) {
            struct kn_span got = kn_buffer_get(&out[j]);

            CHECK_HEX(want[j], kn_span(got.at, strlen(want[j]) / 2), want[j]);
            if (j < 3) {
                CHECK_EQ(want[j], got.n, strlen(want[j]) / 2 + cases[i].n);
                CHECK_EQ(want[j], kn_msgpack_check(got), KN_OK);
            }
            kn_buffer_done(&out[j]);
        }
    }
}

#if SIZE_MAX > UINT32_MAX
static void what_is_too_long_for_its_length_fails_the_buffer(void **state)
{
    const struct kn_span huge = kn_span("", (size_t)UINT32_MAX + 1);
    struct kn_buffer out = { 0 };

    (void)state;
    kn_msgpack_write_text(&out, huge);
    CHECK("text", out.failed);
    kn_buffer_clear(&out);
    kn_msgpack_write_bin(&out, huge);
    CHECK("bin", out.failed);
    kn_buffer_clear(&out);
    kn_msgpack_write_ext(&out, 7, huge);
    CHECK("ext", out.failed && out.n == 0);
    kn_buffer_done(&out);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_written_as_hivemind_writes_them_and_read_back),
        cmocka_unit_test(odd_input_is_taken_and_refused_as_hivemind_does),
        cmocka_unit_test(what_extensions_hold_is_judged),
        cmocka_unit_test(broken_items_fail_the_reader),
        cmocka_unit_test(depth_has_its_limit),
        cmocka_unit_test(tuples_inside_each_other_have_the_same_limit),
        cmocka_unit_test(skipping_gives_one_whole_value),
        cmocka_unit_test(lengths_have_their_widths),
#if SIZE_MAX > UINT32_MAX
        cmocka_unit_test(what_is_too_long_for_its_length_fails_the_buffer),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
