#include "lib/codec/reader.h"

#include <stdlib.h>

#include "lib/codec/writer.h"
#include "support/hex.h"
#include "support/vectors.h"

static uint64_t natural(const char *text)
{
    return strtoull(text, NULL, 10);
}

/* Both ways of reading a varint, from the start of the bytes. */
static struct kn_reader read_one(struct kn_span bytes, bool minimal, uint64_t *out)
{
    struct kn_reader reader = kn_reader_of(bytes);

    *out = minimal ? kn_read_varint_minimal(&reader) : kn_read_varint(&reader);
    return reader;
}

static void varints_of_the_vectors_are_read_and_written(void **state)
{
    json_t *rows = vectors_list("varint.json", "valid"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *hex = vectors_text(row, "hex");
        uint64_t want = natural(vectors_text(row, "value")), got;
        struct kn_span bytes = hex_bytes(hex);
        struct kn_buffer out = { 0 };
        struct kn_reader reader = read_one(bytes, false, &got);

        CHECK(hex, got == want && kn_reader_at_end(&reader));
        reader = read_one(bytes, true, &got);
        CHECK(hex, got == want && kn_reader_at_end(&reader));
        kn_write_varint(&out, want);
        CHECK_HEX(hex, kn_buffer_get(&out), hex);
        CHECK_EQ(hex, kn_varint_size(want), bytes.n);
        kn_buffer_done(&out);
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void lengths_and_codes_have_to_be_minimal_and_of_63_bits(void **state)
{
    json_t *rows = vectors_list("varint.json", "edge"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note");
        json_t *go = json_object_get(row, "multiformats");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        uint64_t got;
        struct kn_reader reader = read_one(bytes, true, &got);

        CHECK_EQ(note, reader.failed, vectors_text(go, "err") != NULL);
        if (!reader.failed) {
            CHECK(note, got == natural(vectors_text(go, "value")));
            CHECK_EQ(note, bytes.n - kn_reader_left(&reader),
                     json_integer_value(json_object_get(go, "read")));
        } else {
            CHECK_EQ(note, got, 0);
        }
        hex_done(bytes);
    }
    vectors_done(rows);
}

/* Where Python drops the bits beyond 64, this one refuses: no peer writes such a number. */
static void fields_take_longer_spellings_up_to_64_bits(void **state)
{
    json_t *rows = vectors_list("varint.json", "edge"), *row;
    size_t i;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *note = vectors_text(row, "note");
        const char *want = vectors_text(json_object_get(row, "protobuf"), "value");
        struct kn_span bytes = hex_bytes(vectors_text(row, "hex"));
        uint64_t got;
        struct kn_reader reader = read_one(bytes, false, &got);

        if (strcmp(note, "overflows 64 bits") == 0)
            want = NULL;
        CHECK_EQ(note, kn_reader_at_end(&reader), want != NULL);
        if (want != NULL)
            CHECK(note, got == natural(want));
        hex_done(bytes);
    }
    vectors_done(rows);
}

static void numbers_are_read_as_they_are_written(void **state)
{
    static const char hex[] = "0102030405060708090a0b0c0d0e0f3ff80000000000000000005efc54d941ff";
    struct kn_span bytes = hex_bytes(hex);
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_buffer out = { 0 };

    (void)state;
    kn_buffer_add_byte(&out, kn_read_u8(&reader));
    kn_write_be16(&out, kn_read_be16(&reader));
    kn_write_be32(&out, kn_read_be32(&reader));
    kn_write_be64(&out, kn_read_be64(&reader));
    kn_write_be_double(&out, kn_read_be_double(&reader));
    kn_write_le_double(&out, kn_read_le_double(&reader));
    CHECK_EQ("left", kn_reader_left(&reader), 1);
    kn_buffer_add_span(&out, kn_read_span(&reader, 1));
    CHECK("all", kn_reader_at_end(&reader));
    CHECK_HEX("again", kn_buffer_get(&out), hex);
    kn_buffer_done(&out);
    hex_done(bytes);
}

static void doubles_have_their_bytes_in_the_order_that_is_asked_for(void **state)
{
    struct kn_span big = hex_bytes("41d954fc5e000000"), little = hex_bytes("0000005efc54d941");
    struct kn_reader reader = kn_reader_of(big);

    (void)state;
    CHECK("big", kn_read_be_double(&reader) == 1700000120.0);
    reader = kn_reader_of(little);
    CHECK("little", kn_read_le_double(&reader) == 1700000120.0);
    hex_done(big);
    hex_done(little);
}

static void a_reader_that_failed_stays_failed_and_gives_zeros(void **state)
{
    struct kn_span bytes = hex_bytes("ffffff");
    struct kn_reader reader = kn_reader_of(bytes);

    (void)state;
    CHECK_EQ("too much", kn_read_be32(&reader), 0);
    CHECK("too much", reader.failed && !kn_reader_at_end(&reader));
    CHECK_EQ("nothing is left", kn_reader_left(&reader), 0);
    CHECK_EQ("u8", kn_read_u8(&reader), 0);
    CHECK_EQ("be64", kn_read_be64(&reader), 0);
    CHECK_EQ("varint", kn_read_varint(&reader), 0);
    CHECK_EQ("minimal", kn_read_varint_minimal(&reader), 0);
    CHECK("doubles", kn_read_be_double(&reader) == 0.0 && kn_read_le_double(&reader) == 0.0);
    CHECK("span", kn_read_span(&reader, 0).at == NULL);
    CHECK("still", reader.failed);
    reader = kn_reader_of(bytes);
    kn_reader_fail(&reader);
    CHECK("told to", reader.failed && kn_reader_left(&reader) == 0);
    hex_done(bytes);
}

static void spans_reach_to_the_end_and_not_beyond(void **state)
{
    struct kn_span bytes = hex_bytes("010203");
    struct kn_reader reader = kn_reader_of(bytes);

    (void)state;
    CHECK_HEX("all", kn_read_span(&reader, 3), "010203");
    CHECK("all", kn_reader_at_end(&reader));
    CHECK_EQ("none of none", kn_read_span(&reader, 0).n, 0);
    CHECK("none of none", kn_reader_at_end(&reader));
    reader = kn_reader_of(bytes);
    CHECK_EQ("one more", kn_read_span(&reader, 4).n, 0);
    CHECK("one more", reader.failed);
    reader = kn_reader_of(bytes);
    CHECK_EQ("as long as can be", kn_read_span(&reader, SIZE_MAX).n, 0);
    CHECK("as long as can be", reader.failed);
    reader = kn_reader_of(kn_span(NULL, 0));
    CHECK("no input", kn_reader_at_end(&reader) && kn_read_u8(&reader) == 0 && reader.failed);
    hex_done(bytes);
}

static void prefixed_bytes_have_their_length_in_front(void **state)
{
    struct kn_buffer out = { 0 };
    uint8_t bytes[128] = { 0 };

    (void)state;
    kn_write_prefixed(&out, kn_span_text("abc"));
    CHECK_HEX("short", kn_buffer_get(&out), "03616263");
    kn_buffer_clear(&out);
    kn_write_prefixed(&out, kn_span(NULL, 0));
    CHECK_HEX("empty", kn_buffer_get(&out), "00");
    kn_buffer_clear(&out);
    kn_write_prefixed(&out, kn_span(bytes, sizeof(bytes)));
    CHECK_EQ("two bytes of length", kn_buffer_get(&out).n, 130);
    kn_buffer_done(&out);
    kn_write_varint(&out, UINT64_MAX);
    CHECK_HEX("largest", kn_buffer_get(&out), "ffffffffffffffffff01");
    CHECK_EQ("largest", kn_varint_size(UINT64_MAX), KN_VARINT_MAX);
    kn_buffer_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_of_the_vectors_are_read_and_written),
        cmocka_unit_test(lengths_and_codes_have_to_be_minimal_and_of_63_bits),
        cmocka_unit_test(fields_take_longer_spellings_up_to_64_bits),
        cmocka_unit_test(numbers_are_read_as_they_are_written),
        cmocka_unit_test(doubles_have_their_bytes_in_the_order_that_is_asked_for),
        cmocka_unit_test(a_reader_that_failed_stays_failed_and_gives_zeros),
        cmocka_unit_test(spans_reach_to_the_end_and_not_beyond),
        cmocka_unit_test(prefixed_bytes_have_their_length_in_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
