/*
 * protobuf — the few messages that libp2p and hivemind exchange, field by field.
 *
 * Reading walks the fields of one message in the order in which they stand; messages inside are
 * spans, to be walked by a reader of their own. Nothing is allocated and no depth is followed.
 * spec: protocol buffers, "Encoding"; groups (wire types 3 and 4) are refused.
 */
#ifndef KN_CODEC_PROTOBUF_H
#define KN_CODEC_PROTOBUF_H

#include "lib/codec/reader.h"
#include "lib/codec/writer.h"

enum kn_pb_wire { KN_PB_VARINT = 0, KN_PB_FIXED64 = 1, KN_PB_BYTES = 2, KN_PB_FIXED32 = 5 };

struct kn_pb_field {
    uint32_t number;
    enum kn_pb_wire wire;
    uint64_t value;       /* of a varint, a fixed64 or a fixed32 */
    struct kn_span bytes; /* of KN_PB_BYTES; points into the input */
};

/*
 * The next field. False at the end and after a failure: ask reader->failed. Field number 0 or
 * above 2^29 - 1, a group, a length beyond the end and a varint that is too long fail.
 */
bool kn_pb_next(struct kn_reader *reader, struct kn_pb_field *out);

/* Does the field have this number and this wire type? */
bool kn_pb_is(const struct kn_pb_field *field, uint32_t number, enum kn_pb_wire wire);

double kn_pb_double(const struct kn_pb_field *field); /* of a KN_PB_FIXED64 */

/*
 * Repeated numbers come packed (one KN_PB_BYTES field) or one field each; both may be mixed.
 * Call with each field of that number and `*at` at { 0 } to begin: gives the numbers of that field
 * one by one, false when there are no more. `element` is how one is encoded. A wrong wire type or
 * a cut element sets at->failed.
 */
struct kn_pb_packed {
    bool begun, failed;
    struct kn_reader rest;
};

bool kn_pb_packed_next(const struct kn_pb_field *field, enum kn_pb_wire element,
                       struct kn_pb_packed *at, uint64_t *out);

void kn_pb_write_varint(struct kn_buffer *out, uint32_t number, uint64_t value);
void kn_pb_write_double(struct kn_buffer *out, uint32_t number, double value);
void kn_pb_write_bytes(struct kn_buffer *out, uint32_t number, struct kn_span bytes);

/*
 * A message inside: begin, write its fields, end with what begin returned. The length is put in
 * front at the end.
 */
size_t kn_pb_begin(struct kn_buffer *out, uint32_t number);
void kn_pb_end(struct kn_buffer *out, size_t mark);

#endif
