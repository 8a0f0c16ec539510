/*
 * msgpack — MessagePack as hivemind's serializer speaks it.
 *
 * Reading gives one item after another; an array or a map gives its count and its members follow.
 * Any legal width is taken; the shortest is written. Floats are written as 64 bits. Extension 0x40
 * is a Python tuple and 0x50 a dictionary with subkeys: their payload is MessagePack again, to be
 * read by a reader of its own.
 * spec: msgpack/spec.md; hivemind/utils/serializer.py.
 */
#ifndef KN_CODEC_MSGPACK_H
#define KN_CODEC_MSGPACK_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/codec/reader.h"
#include "lib/codec/writer.h"

enum {
    /* Arrays, maps, tuples and dictionaries inside each other; a tuple and its array are two. */
    KN_MSGPACK_DEPTH_MAX = 32,
    KN_MSGPACK_TUPLE = 0x40,
    KN_MSGPACK_DICTIONARY = 0x50,
};

enum kn_msgpack_kind {
    KN_MSGPACK_NIL,
    KN_MSGPACK_BOOL,
    KN_MSGPACK_INT,  /* fits int64_t */
    KN_MSGPACK_UINT, /* above INT64_MAX */
    KN_MSGPACK_FLOAT,
    KN_MSGPACK_TEXT, /* valid UTF-8, checked */
    KN_MSGPACK_BIN,
    KN_MSGPACK_ARRAY,
    KN_MSGPACK_MAP,
    KN_MSGPACK_EXT,
};

struct kn_msgpack {
    enum kn_msgpack_kind kind;
    bool truth;
    int64_t integer;
    uint64_t natural; /* of KN_MSGPACK_UINT, and of a KN_MSGPACK_INT that is not negative */
    double real;
    struct kn_span bytes; /* text, bin, payload of an extension; points into the input */
    uint8_t ext_code;
    uint32_t count; /* items of an array, pairs of a map */
};

/*
 * The next item. False at the end of the input or on a failure: ask reader->failed. A count that
 * the bytes left cannot hold fails (each member takes at least one byte).
 */
bool kn_msgpack_next(struct kn_reader *reader, struct kn_msgpack *out);

/* Step into the array or the tuple that is next: the reader to go on with, which is `reader` or
 * `inner`, and how many members it has. NULL: it is something else. */
struct kn_reader *kn_msgpack_enter(struct kn_reader *reader, struct kn_reader *inner,
                                   uint32_t *count);

/* Step over one whole value and give its bytes. Deeper than KN_MSGPACK_DEPTH_MAX fails. */
struct kn_span kn_msgpack_skip(struct kn_reader *reader);

/*
 * Is this exactly one value that hivemind's reader can decode? It also refuses text that is not
 * UTF-8, map keys that are neither text nor bytes, and what a tuple or a dictionary holds if that
 * is wrong. Keys of an unknown extension are bytes to hivemind, and to this.
 * KN_E_SYNTAX: no; KN_E_LIMIT: too deep.
 */
KN_MUST_USE enum kn_code kn_msgpack_check(struct kn_span bytes);

/* Text, bytes and payloads above UINT32_MAX fail the buffer. */
void kn_msgpack_write_nil(struct kn_buffer *out);
void kn_msgpack_write_bool(struct kn_buffer *out, bool value);
void kn_msgpack_write_int(struct kn_buffer *out, int64_t value);
void kn_msgpack_write_uint(struct kn_buffer *out, uint64_t value);
void kn_msgpack_write_float(struct kn_buffer *out, double value);
void kn_msgpack_write_text(struct kn_buffer *out, struct kn_span text);
void kn_msgpack_write_bin(struct kn_buffer *out, struct kn_span bytes);
void kn_msgpack_write_array(struct kn_buffer *out, uint32_t count);
void kn_msgpack_write_map(struct kn_buffer *out, uint32_t count);
void kn_msgpack_write_ext(struct kn_buffer *out, uint8_t code, struct kn_span payload);

#endif
