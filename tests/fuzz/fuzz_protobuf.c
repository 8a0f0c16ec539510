/*
 * Property: the fields of a message, written again, are the same fields; spans stay inside the
 * input; a message that was cut has the fields of the whole one before the cut; packed numbers
 * come at most one a byte; bytes written at once and between begin and end are the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 12 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void unpack(const struct kn_pb_field *field, enum kn_pb_wire element)
{
    struct kn_pb_packed at = { 0 };
    size_t count = 0;
    uint64_t number;

    while (kn_pb_packed_next(field, element, &at, &number))
        count++;
    require(count <= (field->wire == KN_PB_BYTES ? field->bytes.n : 1));
    require(!kn_pb_packed_next(field, element, &at, &number));
    if (field->wire != KN_PB_BYTES)
        require(at.failed == (field->wire != element));
}

static void write_inside(const struct kn_pb_field *field, struct kn_span at_once)
{
    struct kn_buffer out = { 0 };
    size_t mark = kn_pb_begin(&out, field->number);

    kn_buffer_add_span(&out, field->bytes);
    kn_pb_end(&out, mark);
    require(kn_span_equal(kn_buffer_get(&out), at_once));
    kn_buffer_done(&out);
}

/* Write one field and read it back. There is no writer for numbers of 32 bits: nobody sends one. */
static void write_again(const struct kn_pb_field *field)
{
    struct kn_buffer out = { 0 };
    struct kn_reader reader;
    struct kn_pb_field again;

    if (field->wire == KN_PB_VARINT)
        kn_pb_write_varint(&out, field->number, field->value);
    else if (field->wire == KN_PB_FIXED64)
        kn_pb_write_double(&out, field->number, kn_pb_double(field));
    else if (field->wire == KN_PB_BYTES)
        kn_pb_write_bytes(&out, field->number, field->bytes);
    else
        return;
    if (field->wire == KN_PB_BYTES)
        write_inside(field, kn_buffer_get(&out));
    reader = kn_reader_of(kn_buffer_get(&out));
    require(kn_pb_next(&reader, &again) && kn_pb_is(&again, field->number, field->wire));
    require(again.value == field->value && kn_span_equal(again.bytes, field->bytes));
    require(kn_reader_at_end(&reader));
    kn_buffer_done(&out);
}

static void check_field(const struct kn_pb_field *field, struct kn_span input)
{
    require(field->number >= 1 && field->number < 1u << 29);
    if (field->bytes.n > 0)
        require(field->wire == KN_PB_BYTES && field->bytes.at > input.at &&
                field->bytes.at + field->bytes.n <= input.at + input.n);
    unpack(field, KN_PB_VARINT);
    unpack(field, KN_PB_FIXED32);
    unpack(field, KN_PB_FIXED64);
    write_again(field);
}

/* Both read the same fields as long as the cut one reads any. */
static void check_cut(struct kn_span whole, size_t n)
{
    struct kn_reader a = kn_reader_of(whole), b = kn_reader_of(kn_span(whole.at, n));
    struct kn_pb_field in_whole, in_cut;

    while (kn_pb_next(&b, &in_cut)) {
        require(kn_pb_next(&a, &in_whole));
        require(kn_pb_is(&in_whole, in_cut.number, in_cut.wire));
        require(in_whole.value == in_cut.value && kn_span_equal(in_whole.bytes, in_cut.bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_span input = kn_span(data, size);
    struct kn_reader reader = kn_reader_of(input);
    struct kn_pb_field field;

    if (size > LONGEST)
        return 0;
    while (kn_pb_next(&reader, &field))
        check_field(&field, input);
    require(reader.failed || kn_reader_at_end(&reader));
    check_cut(input, size / 2);
    if (size > 0)
        check_cut(input, size - 1);
    return 0;
}
