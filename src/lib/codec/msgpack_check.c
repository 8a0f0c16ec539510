/* What hivemind's reader makes of a value: Python's objects have their say in what can be one. */
#include "lib/codec/msgpack.h"

enum {
    TENSOR = 0x51,    /* hivemind's third extension describes a tensor: a map, not looked into */
    TIMESTAMP = 0xff, /* MessagePack's own extension, number -1 */
    NANOSECONDS = 1000000000,
};

/* What a value would be in Python. */
struct object {
    enum kn_msgpack_kind kind; /* an unknown extension is its bytes, KN_MSGPACK_BIN */
    uint8_t ext_code;
    bool hashable; /* can be a subkey */
    bool parts_hashable;
};

static enum kn_code check_value(struct kn_reader *reader, unsigned depth, struct object *out);

static enum kn_code check_items(struct kn_reader *reader, uint32_t count, unsigned depth,
                                bool *hashable)
{
    for (uint32_t i = 0; i < count; i++) {
        struct object item;
        enum kn_code rc = check_value(reader, depth, &item);

        if (rc != KN_OK)
            return rc;
        *hashable = *hashable && item.hashable;
    }
    return KN_OK;
}

static enum kn_code check_pairs(struct kn_reader *reader, uint32_t count, unsigned depth)
{
    for (uint32_t i = 0; i < count; i++) {
        struct object key, value;
        enum kn_code rc = check_value(reader, depth, &key);

        if (rc == KN_OK && key.kind != KN_MSGPACK_TEXT && key.kind != KN_MSGPACK_BIN)
            rc = KN_E_SYNTAX;
        if (rc == KN_OK)
            rc = check_value(reader, depth, &value);
        if (rc != KN_OK)
            return rc;
    }
    return KN_OK;
}

/* Python makes a tuple of whatever it can iterate over. */
static bool can_iterate(const struct object *object)
{
    switch (object->kind) {
    case KN_MSGPACK_TEXT:
    case KN_MSGPACK_BIN:
    case KN_MSGPACK_ARRAY:
    case KN_MSGPACK_MAP:
        return true;
    case KN_MSGPACK_EXT:
        return object->ext_code == KN_MSGPACK_TUPLE;
    case KN_MSGPACK_NIL:
    case KN_MSGPACK_BOOL:
    case KN_MSGPACK_INT:
    case KN_MSGPACK_UINT:
    case KN_MSGPACK_FLOAT:
        break;
    }
    return false;
}

static bool is_number(const struct object *object)
{
    return object->kind == KN_MSGPACK_INT || object->kind == KN_MSGPACK_UINT ||
           object->kind == KN_MSGPACK_FLOAT || object->kind == KN_MSGPACK_BOOL;
}

static enum kn_code open_array(struct kn_reader *reader, uint32_t *count)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item) || item.kind != KN_MSGPACK_ARRAY)
        return KN_E_SYNTAX;
    *count = item.count;
    return KN_OK;
}

/* [subkey, value, expiration]: the subkey becomes a key, expirations are compared. */
static enum kn_code check_entry(struct kn_reader *reader, unsigned depth)
{
    struct object subkey, value, expiration;
    uint32_t count = 0;
    enum kn_code rc = open_array(reader, &count);

    if (rc == KN_OK && count != 3)
        rc = KN_E_SYNTAX;
    if (rc == KN_OK)
        rc = check_value(reader, depth, &subkey);
    if (rc == KN_OK && !subkey.hashable)
        rc = KN_E_SYNTAX;
    if (rc == KN_OK)
        rc = check_value(reader, depth, &value);
    if (rc == KN_OK)
        rc = check_value(reader, depth, &expiration);
    if (rc == KN_OK && !is_number(&expiration))
        rc = KN_E_SYNTAX;
    return rc;
}

/* [how many at most, the latest expiration, entries]; hivemind does not look at the first two. */
static enum kn_code check_dictionary(struct kn_reader *reader, unsigned depth)
{
    uint32_t count = 0;
    bool hashable = true;
    enum kn_code rc = open_array(reader, &count);

    if (rc == KN_OK && count != 3)
        rc = KN_E_SYNTAX;
    if (rc == KN_OK)
        rc = check_items(reader, 2, depth, &hashable);
    if (rc == KN_OK)
        rc = open_array(reader, &count);
    for (uint32_t i = 0; rc == KN_OK && i < count; i++)
        rc = check_entry(reader, depth);
    return rc;
}

/* spec: msgpack/spec.md, "Timestamp extension type" */
static enum kn_code check_timestamp(struct kn_span payload)
{
    struct kn_reader reader = kn_reader_of(payload);
    uint64_t nanoseconds = 0;

    if (payload.n == 8)
        nanoseconds = kn_read_be64(&reader) >> 34;
    else if (payload.n == 12)
        nanoseconds = kn_read_be32(&reader);
    else if (payload.n != 4)
        return KN_E_SYNTAX;
    return nanoseconds < NANOSECONDS ? KN_OK : KN_E_SYNTAX;
}

static enum kn_code check_tuple(struct kn_reader *reader, unsigned depth, struct object *out)
{
    struct object inside;
    enum kn_code rc = check_value(reader, depth, &inside);

    if (rc != KN_OK)
        return rc;
    out->hashable = out->parts_hashable = inside.parts_hashable;
    return can_iterate(&inside) ? KN_OK : KN_E_SYNTAX;
}

static enum kn_code check_tensor(struct kn_reader *reader, unsigned depth)
{
    struct object inside;
    enum kn_code rc = check_value(reader, depth, &inside);

    return rc == KN_OK && inside.kind != KN_MSGPACK_MAP ? KN_E_SYNTAX : rc;
}

static enum kn_code check_ext(const struct kn_msgpack *item, unsigned depth, struct object *out)
{
    struct kn_reader reader = kn_reader_of(item->bytes);
    enum kn_code rc;

    switch (item->ext_code) {
    case KN_MSGPACK_TUPLE:
        rc = check_tuple(&reader, depth, out);
        break;
    case KN_MSGPACK_DICTIONARY:
        rc = check_dictionary(&reader, depth);
        break;
    case TENSOR:
        rc = check_tensor(&reader, depth);
        break;
    case TIMESTAMP:
        return check_timestamp(item->bytes);
    default:
        out->kind = KN_MSGPACK_BIN;
        return KN_OK;
    }
    return rc == KN_OK && !kn_reader_at_end(&reader) ? KN_E_SYNTAX : rc;
}

static bool is_nested(const struct kn_msgpack *item)
{
    if (item->kind == KN_MSGPACK_EXT)
        return item->ext_code == KN_MSGPACK_TUPLE || item->ext_code == KN_MSGPACK_DICTIONARY ||
               item->ext_code == TENSOR;
    return item->kind == KN_MSGPACK_ARRAY || item->kind == KN_MSGPACK_MAP;
}

/* Recursion ends at KN_MSGPACK_DEPTH_MAX. */
static enum kn_code check_value(struct kn_reader *reader, unsigned depth, struct object *out)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item))
        return KN_E_SYNTAX;
    *out = (struct object){ item.kind, item.ext_code, true, true };
    if (is_nested(&item) && depth == KN_MSGPACK_DEPTH_MAX)
        return KN_E_LIMIT;
    if (item.kind == KN_MSGPACK_EXT)
        return check_ext(&item, depth + 1, out);
    out->hashable = !is_nested(&item);
    if (item.kind == KN_MSGPACK_ARRAY)
        return check_items(reader, item.count, depth + 1, &out->parts_hashable);
    return check_pairs(reader, item.count, depth + 1); /* none, but of a map */
}

enum kn_code kn_msgpack_check(struct kn_span bytes)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct object value;
    enum kn_code rc = check_value(&reader, 0, &value);

    return rc == KN_OK && !kn_reader_at_end(&reader) ? KN_E_SYNTAX : rc;
}
