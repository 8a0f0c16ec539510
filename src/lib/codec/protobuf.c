#include "lib/codec/protobuf.h"

enum { NUMBER_MAX = (1 << 29) - 1 };

static uint64_t little(struct kn_span bytes)
{
    uint64_t number = 0;

    for (size_t i = bytes.n; i > 0; i--)
        number = number << 8 | bytes.at[i - 1];
    return number;
}

static uint64_t read_fixed(struct kn_reader *reader, size_t n)
{
    return little(kn_read_span(reader, n));
}

/* A span of a length that may not fit size_t; too long fails as any read beyond the end does. */
static struct kn_span read_bytes(struct kn_reader *reader)
{
    uint64_t n = kn_read_varint(reader);

    return kn_read_span(reader, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
}

static void read_value(struct kn_reader *reader, unsigned wire, struct kn_pb_field *out)
{
    switch (wire) {
    case KN_PB_VARINT:
        out->value = kn_read_varint(reader);
        break;
    case KN_PB_FIXED64:
        out->value = read_fixed(reader, sizeof(uint64_t));
        break;
    case KN_PB_BYTES:
        out->bytes = read_bytes(reader);
        break;
    case KN_PB_FIXED32:
        out->value = read_fixed(reader, sizeof(uint32_t));
        break;
    default: /* the groups, and two codes that nobody uses */
        kn_reader_fail(reader);
        return;
    }
    out->wire = (enum kn_pb_wire)wire;
}

bool kn_pb_next(struct kn_reader *reader, struct kn_pb_field *out)
{
    uint64_t tag;

    *out = (struct kn_pb_field){ 0 };
    if (reader->failed || kn_reader_left(reader) == 0)
        return false;
    /* spec: protocol buffers, "Message Structure": the number, and the wire type in three bits */
    tag = kn_read_varint(reader);
    if (reader->failed)
        return false;
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX) {
        kn_reader_fail(reader);
        return false;
    }
    out->number = (uint32_t)(tag >> 3);
    read_value(reader, (unsigned)(tag & 7), out);
    return !reader->failed;
}

bool kn_pb_is(const struct kn_pb_field *field, uint32_t number, enum kn_pb_wire wire)
{
    return field->number == number && field->wire == wire;
}

double kn_pb_double(const struct kn_pb_field *field)
{
    double number;

    memcpy(&number, &field->value, sizeof(number));
    return number;
}

/* One number of a packed row. Bytes cannot stand in one. */
static uint64_t read_element(struct kn_reader *reader, enum kn_pb_wire element)
{
    switch (element) {
    case KN_PB_VARINT:
        return kn_read_varint(reader);
    case KN_PB_FIXED64:
        return read_fixed(reader, sizeof(uint64_t));
    case KN_PB_FIXED32:
        return read_fixed(reader, sizeof(uint32_t));
    case KN_PB_BYTES:
        break;
    }
    kn_reader_fail(reader);
    return 0;
}

bool kn_pb_packed_next(const struct kn_pb_field *field, enum kn_pb_wire element,
                       struct kn_pb_packed *at, uint64_t *out)
{
    if (at->failed)
        return false;
    if (!at->begun) {
        at->begun = true;
        at->rest = kn_reader_of(field->bytes);
        if (field->wire != KN_PB_BYTES && field->wire == element) {
            *out = field->value;
            return true;
        }
        at->failed = field->wire != KN_PB_BYTES || element == KN_PB_BYTES;
    }
    if (at->failed || kn_reader_left(&at->rest) == 0)
        return false;
    *out = read_element(&at->rest, element);
    at->failed = at->rest.failed;
    return !at->failed;
}

static void write_tag(struct kn_buffer *out, uint32_t number, enum kn_pb_wire wire)
{
    kn_write_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

void kn_pb_write_varint(struct kn_buffer *out, uint32_t number, uint64_t value)
{
    write_tag(out, number, KN_PB_VARINT);
    kn_write_varint(out, value);
}

void kn_pb_write_double(struct kn_buffer *out, uint32_t number, double value)
{
    write_tag(out, number, KN_PB_FIXED64);
    kn_write_le_double(out, value);
}

void kn_pb_write_bytes(struct kn_buffer *out, uint32_t number, struct kn_span bytes)
{
    write_tag(out, number, KN_PB_BYTES);
    kn_write_prefixed(out, bytes);
}

size_t kn_pb_begin(struct kn_buffer *out, uint32_t number)
{
    write_tag(out, number, KN_PB_BYTES);
    return out->n;
}

void kn_pb_end(struct kn_buffer *out, size_t mark)
{
    uint8_t length[KN_VARINT_MAX];
    size_t n, size;

    if (out->failed || mark > out->n)
        return;
    n = out->n - mark;
    size = kn_varint_size(n);
    kn_write_varint(out, n);
    if (out->failed)
        return;
    memcpy(length, kn_buffer_get(out).at + mark + n, size);
    kn_buffer_cut(out, mark + n);
    kn_buffer_insert(out, mark, length, size);
}
