/*
 * Property: a whole value, written again as it was read, is one value whose second writing is the
 * first one's bytes; what hivemind can decode can be skipped, and any start of it that is not all
 * of it cannot be decoded; counts are never more than the bytes that are left.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/codec/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 12 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static void write_item(struct kn_buffer *out, const struct kn_msgpack *item)
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
        kn_msgpack_write_ext(out, item->ext_code, item->bytes);
        break;
    }
}

/* Every item in a row. */
static bool rewrite(struct kn_span bytes, struct kn_buffer *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_msgpack item;

    while (kn_msgpack_next(&reader, &item)) {
        require(item.count <= kn_reader_left(&reader));
        require(item.bytes.n <= bytes.n);
        if (item.kind == KN_MSGPACK_INT && item.integer >= 0)
            require(item.natural == (uint64_t)item.integer);
        if (item.kind == KN_MSGPACK_UINT)
            require(item.natural > INT64_MAX);
        write_item(out, &item);
    }
    require(reader.failed || kn_reader_at_end(&reader));
    require(!out->failed);
    return !reader.failed;
}

static void check_rewriting(struct kn_span bytes)
{
    struct kn_buffer once = { 0 }, twice = { 0 };

    if (rewrite(bytes, &once)) {
        require(once.n <= 2 * bytes.n); /* a float of 32 bits grows */
        require(rewrite(kn_buffer_get(&once), &twice));
        require(kn_span_equal(kn_buffer_get(&once), kn_buffer_get(&twice)));
        require(kn_msgpack_check(bytes) != KN_OK ||
                kn_msgpack_check(kn_buffer_get(&once)) == KN_OK);
    }
    kn_buffer_done(&once);
    kn_buffer_done(&twice);
}

static void check_verdict(struct kn_span bytes)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_span whole = kn_msgpack_skip(&reader);
    enum kn_code rc = kn_msgpack_check(bytes);

    require(rc == KN_OK || rc == KN_E_SYNTAX || rc == KN_E_LIMIT);
    require(reader.failed ? whole.n == 0 : whole.n > 0 && whole.n <= bytes.n);
    if (rc != KN_OK)
        return;
    require(whole.n == bytes.n && kn_reader_at_end(&reader));
    for (size_t n = 0; n < bytes.n && n < 64; n++)
        require(kn_msgpack_check(kn_span(bytes.at, n)) != KN_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_reader reader = kn_reader_of(kn_span(data, size));
    struct kn_buffer out = { 0 };
    struct kn_span whole;

    if (size > LONGEST)
        return 0;
    check_verdict(kn_span(data, size));
    /* A value that is not whole may lack what its counts promise once it is written shorter. */
    whole = kn_msgpack_skip(&reader);
    if (whole.n > 0)
        check_rewriting(whole);
    else
        (void)rewrite(kn_span(data, size), &out);
    kn_buffer_done(&out);
    return 0;
}
