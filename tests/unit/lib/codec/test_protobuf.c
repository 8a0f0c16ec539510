#include "lib/codec/protobuf.h"

#include "support/fuse.h"
#include "support/hex.h"

/* The fields of a message as text: number:wire=value, bytes in brackets; "!" after a failure. */
static const char *walk(const char *hex, char *out, size_t room)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    size_t n = 0;

    out[0] = '\0';
    while (kn_pb_next(&reader, &field)) {
        if (field.wire == KN_PB_BYTES)
            n += (size_t)snprintf(out + n, room - n, "%u[%zu] ", field.number, field.bytes.n);
        else
            n += (size_t)snprintf(out + n, room - n, "%u:%d=%llu ", field.number, (int)field.wire,
                                  (unsigned long long)field.value);
    }
    CHECK(hex, !kn_pb_next(&reader, &field));
    CHECK_EQ(hex, reader.failed, !kn_reader_at_end(&reader));
    if (reader.failed)
        (void)snprintf(out + n, room - n, "!");
    hex_done(bytes);
    return out;
}

static void fields_are_walked_and_wrong_ones_refused(void **state)
{
    static const struct {
        const char *hex, *want;
    } cases[] = {
        { "", "" },
        { "0801", "1:0=1 " },
        { "089601", "1:0=150 " },
        { "088000", "1:0=0 " },
        { "08ffffffffffffffffff01", "1:0=18446744073709551615 " },
        { "08ffffffffffffffffff02", "!" },
        { "08ffffffffffffffffffff01", "!" },
        { "0880", "!" },
        { "08", "!" },
        { "1203616263", "2[3] " },
        { "12036162", "!" },
        { "1200", "2[0] " },
        { "12ffffffffffffffffff01", "!" },
        { "190100000000000080", "3:1=9223372036854775809 " },
        { "1901000000000000", "!" },
        { "25010000ff", "4:5=4278190081 " },
        { "25010000", "!" },
        { "0801120161080212020203", "1:0=1 2[1] 1:0=2 2[2] " },
        { "0b", "!" },   /* group */
        { "0c", "!" },   /* its end */
        { "0e00", "!" }, /* wire types 6 and 7 */
        { "0f00", "!" },
        { "0001", "!" }, /* field 0 */
        { "8000", "!" }, /* field 0 in two bytes */
        { "880001", "1:0=1 " } /* field 1 in two bytes */,
        { "f8ffffff0f01", "536870911:0=1 " },
        { "808080801001", "!" },
        { "f8ffffffffffffffff0101", "!" },
        { "08010b", "1:0=1 !" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char out[200];

        CHECK_STR(cases[i].hex, walk(cases[i].hex, out, sizeof(out)), cases[i].want);
    }
}

static void a_field_is_known_by_its_number_and_its_wire_type(void **state)
{
    struct kn_span bytes = hex_bytes("09000000000000f83f");
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    (void)state;
    CHECK("double", kn_pb_next(&reader, &field));
    CHECK("double", kn_pb_is(&field, 1, KN_PB_FIXED64) && kn_pb_double(&field) == 1.5);
    CHECK("wire", !kn_pb_is(&field, 1, KN_PB_VARINT));
    CHECK("number", !kn_pb_is(&field, 2, KN_PB_FIXED64));
    hex_done(bytes);
}

/* All numbers of the fields of a message, "!" after a failure of a field. */
static const char *unpack(const char *hex, enum kn_pb_wire element, char *out, size_t room)
{
    struct kn_span bytes = hex_bytes(hex);
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    size_t n = 0;

    out[0] = '\0';
    while (kn_pb_next(&reader, &field)) {
        struct kn_pb_packed at = { 0 };
        uint64_t number;

        while (kn_pb_packed_next(&field, element, &at, &number))
            n += (size_t)snprintf(out + n, room - n, "%llu ", (unsigned long long)number);
        CHECK(hex, !kn_pb_packed_next(&field, element, &at, &number));
        if (at.failed)
            n += (size_t)snprintf(out + n, room - n, "! ");
    }
    hex_done(bytes);
    return out;
}

static void repeated_numbers_come_packed_or_one_by_one(void **state)
{
    static const struct {
        const char *hex;
        enum kn_pb_wire element;
        const char *want;
    } cases[] = {
        { "0a0401029601", KN_PB_VARINT, "1 2 150 " },
        { "080108020803", KN_PB_VARINT, "1 2 3 " },
        { "08010a0202030804", KN_PB_VARINT, "1 2 3 4 " },
        { "0a00", KN_PB_VARINT, "" },
        { "0a020180", KN_PB_VARINT, "1 ! " },
        { "0a0801000000000000000d01000000", KN_PB_FIXED64, "1 ! " },
        { "0a080100000002000000", KN_PB_FIXED32, "1 2 " },
        { "0a0701000000020000", KN_PB_FIXED32, "1 ! " },
        { "0a0101", KN_PB_BYTES, "! " },
        { "0801", KN_PB_FIXED32, "! " },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char out[100];

        CHECK_STR(cases[i].hex, unpack(cases[i].hex, cases[i].element, out, sizeof(out)),
                  cases[i].want);
    }
}

static void messages_inside_each_other_get_their_lengths(void **state)
{
    struct kn_buffer out = { 0 };
    uint8_t long_bytes[128] = { 0 };
    size_t outer, inner;

    (void)state;
    kn_pb_write_varint(&out, 1, 150);
    outer = kn_pb_begin(&out, 2);
    kn_pb_write_double(&out, 1, 1.5);
    inner = kn_pb_begin(&out, 3);
    kn_pb_write_bytes(&out, 1, kn_span_text("ab"));
    kn_pb_end(&out, inner);
    inner = kn_pb_begin(&out, 4);
    kn_pb_end(&out, inner);
    kn_pb_end(&out, outer);
    kn_pb_write_varint(&out, 16, 0);
    CHECK_HEX("nested", kn_buffer_get(&out),
              "0896011211090000"
              "00000000f83f1a040a0261622200800100");
    kn_buffer_clear(&out);
    outer = kn_pb_begin(&out, 1);
    kn_buffer_add(&out, long_bytes, sizeof(long_bytes));
    kn_pb_end(&out, outer);
    CHECK_EQ("length of two bytes", out.n, 131);
    CHECK_EQ("length of two bytes", kn_buffer_get(&out).at[1], 0x80);
    CHECK_EQ("length of two bytes", kn_buffer_get(&out).at[2], 0x01);
    kn_buffer_done(&out);
}

static void a_message_that_gets_too_long_fails_its_buffer(void **state)
{
    (void)state;
    for (size_t max = 1; max <= 8; max++) {
        struct kn_buffer out = { .max = max };
        size_t mark = kn_pb_begin(&out, 1);

        kn_pb_write_bytes(&out, 1, kn_span_text("abcd"));
        kn_pb_end(&out, mark);
        CHECK_EQ("max", out.failed, max < 8);
        CHECK_EQ("max", out.n, max < 8 ? 0 : 8);
        kn_buffer_done(&out);
    }
}

static void running_out_of_memory_fails_the_buffer(void **state)
{
    uint8_t bytes[200] = { 0 };

    (void)state;
    for (long fuse = 0;; fuse++) {
        struct kn_buffer out = { 0 };
        size_t mark;
        bool burnt;

        kn_fuse = fuse;
        mark = kn_pb_begin(&out, 1);
        kn_pb_write_bytes(&out, 1, kn_span(bytes, sizeof(bytes)));
        kn_pb_end(&out, mark);
        burnt = kn_fuse < 0;
        kn_fuse = -1;
        CHECK_EQ("fuse", out.failed, burnt);
        CHECK_EQ("fuse", out.n, burnt ? 0 : 206);
        kn_buffer_done(&out);
        if (!burnt)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_walked_and_wrong_ones_refused),
        cmocka_unit_test(a_field_is_known_by_its_number_and_its_wire_type),
        cmocka_unit_test(repeated_numbers_come_packed_or_one_by_one),
        cmocka_unit_test(messages_inside_each_other_get_their_lengths),
        cmocka_unit_test(a_message_that_gets_too_long_fails_its_buffer),
        cmocka_unit_test(running_out_of_memory_fails_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
