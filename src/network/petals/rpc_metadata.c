#include "network/petals/rpc_metadata.h"

#include <stdio.h>

#include "lib/base/number.h"
#include "lib/codec/msgpack.h"

enum { GOT_SIZE = 80 };

enum kind { NUMBER, WHOLE, TEXT, ID, FLAG, LIST, COMPRESSIONS, ANYTHING };

static const struct key {
    const char *name;
    enum kind kind;
    size_t offset;
} keys[] = {
#define KEY(name, kind)                                     \
    {                                                       \
#name, kind, offsetof(struct kn_rpc_metadata, name) \
    }
    KEY(session_id, ID),
    KEY(step_id, ID),
    KEY(max_length, WHOLE),
    KEY(points, NUMBER),
    KEY(active_adapter, TEXT),
    KEY(args_structure, ANYTHING),
    KEY(start_from_position, WHOLE),
    KEY(next_servers, LIST),
    KEY(pushed, FLAG),
    KEY(alloc_timeout, NUMBER),
    KEY(output_compression, COMPRESSIONS),
#undef KEY
};

static const char *const kind_words[] = {
    [NUMBER] = "float",         [WHOLE] = "int", [TEXT] = "str",  [ID] = "str", [FLAG] = "bool",
    [COMPRESSIONS] = "list of", [LIST] = "list", [ANYTHING] = "",
};

/* As Python would print it, and no list. */
static void describe(const struct kn_msgpack *item, char out[GOT_SIZE])
{
    char number[KN_DECIMAL_SIZE];

    switch (item->kind) {
    case KN_MSGPACK_NIL:
        (void)snprintf(out, GOT_SIZE, "None");
        break;
    case KN_MSGPACK_BOOL:
        (void)snprintf(out, GOT_SIZE, "%s", item->truth ? "True" : "False");
        break;
    case KN_MSGPACK_INT:
        (void)snprintf(out, GOT_SIZE, "%lld", (long long)item->integer);
        break;
    case KN_MSGPACK_UINT:
        (void)snprintf(out, GOT_SIZE, "%llu", (unsigned long long)item->natural);
        break;
    case KN_MSGPACK_FLOAT:
        kn_print_decimal(item->real, number);
        (void)snprintf(out, GOT_SIZE, "%s", number);
        break;
    case KN_MSGPACK_TEXT:
        (void)snprintf(out, GOT_SIZE, "%.*s", (int)(item->bytes.n < 64 ? item->bytes.n : 64),
                       item->bytes.n > 0 ? (const char *)item->bytes.at : "");
        break;
    case KN_MSGPACK_BIN:
    case KN_MSGPACK_ARRAY:
    case KN_MSGPACK_MAP:
    case KN_MSGPACK_EXT:
        (void)snprintf(out, GOT_SIZE, "something else");
        break;
    }
}

static enum kn_code fail_type(const struct key *key, const char *method,
                              const struct kn_msgpack *item, struct kn_error *err)
{
    char got[GOT_SIZE];

    describe(item, got);
    if (strcmp(key->name, "points") == 0)
        return kn_fail(err, KN_E_INVALID,
                       "%s should have number of points as a number or None, got %s", method, got);
    return kn_fail(err, KN_E_INVALID, "%s metadata must contain %s %s, got %s", method,
                   kind_words[key->kind], key->name, got);
}

static bool read_compressions(struct kn_span value, struct kn_rpc_metadata *out)
{
    struct kn_reader reader = kn_reader_of(value), inner, *list;
    struct kn_msgpack item;
    uint32_t count;

    list = kn_msgpack_enter(&reader, &inner, &count);
    if (list == NULL || count > KN_RPC_COMPRESSIONS_MAX)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!kn_msgpack_next(list, &item) || item.kind != KN_MSGPACK_INT)
            return false;
        out->output_compression[i] = item.integer;
    }
    out->output_compressions = count;
    return true;
}

static bool is_list(const struct kn_msgpack *item)
{
    return item->kind == KN_MSGPACK_ARRAY ||
           (item->kind == KN_MSGPACK_EXT && item->ext_code == KN_MSGPACK_TUPLE);
}

/* False: a wrong type. */
static bool put(const struct key *key, const struct kn_msgpack *item, struct kn_span value,
                struct kn_rpc_metadata *out)
{
    void *member = (char *)out + key->offset;

    switch (key->kind) {
    case NUMBER:
        *(double *)member = item->kind == KN_MSGPACK_INT ? (double)item->integer : item->real;
        return item->kind == KN_MSGPACK_INT || item->kind == KN_MSGPACK_FLOAT;
    case WHOLE:
        *(int64_t *)member = item->kind == KN_MSGPACK_UINT ? INT64_MAX : item->integer;
        return item->kind == KN_MSGPACK_INT || item->kind == KN_MSGPACK_UINT;
    case TEXT:
    case ID:
        *(struct kn_span *)member = item->bytes;
        return item->kind == KN_MSGPACK_TEXT;
    case FLAG:
        *(bool *)member = item->truth;
        return item->kind == KN_MSGPACK_BOOL;
    case LIST:
        *(struct kn_span *)member = value;
        return is_list(item);
    case COMPRESSIONS:
        return read_compressions(value, out);
    case ANYTHING:
        *(struct kn_span *)member = value;
        return true;
    }
    return false;
}

static const struct key *find_key(const struct kn_msgpack *name)
{
    for (size_t i = 0; i < KN_COUNT(keys) && name->kind == KN_MSGPACK_TEXT; i++) {
        if (kn_span_equal(name->bytes, kn_span_text(keys[i].name)))
            return &keys[i];
    }
    return NULL;
}

static enum kn_code take_pair(struct kn_reader *reader, const char *method,
                              struct kn_rpc_metadata *out, struct kn_error *err)
{
    struct kn_span name_bytes = kn_msgpack_skip(reader), value = kn_msgpack_skip(reader);
    struct kn_reader name_reader = kn_reader_of(name_bytes), value_reader = kn_reader_of(value);
    const struct key *key;
    struct kn_msgpack name, item;

    if (reader->failed || !kn_msgpack_next(&name_reader, &name) ||
        !kn_msgpack_next(&value_reader, &item))
        return kn_fail(err, KN_E_SYNTAX, "metadata is no MessagePack");
    key = find_key(&name);
    if (key == NULL || item.kind == KN_MSGPACK_NIL)
        return KN_OK;
    if (!put(key, &item, value, out))
        return fail_type(key, method, &item, err);
    if (key->kind == ID && item.bytes.n > KN_RPC_ID_MAX)
        return kn_fail(err, KN_E_LIMIT, "%s of %zu bytes, more than %d", key->name, item.bytes.n,
                       KN_RPC_ID_MAX);
    return KN_OK;
}

enum kn_code kn_rpc_metadata_decode(struct kn_span bytes, const char *method,
                                    struct kn_rpc_metadata *out, struct kn_error *err)
{
    struct kn_rpc_metadata metadata = { .max_length = KN_RPC_ABSENT,
                                        .start_from_position = KN_RPC_ABSENT };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_msgpack map = { .count = 0 };
    enum kn_code rc = KN_OK;

    if (bytes.n > 0 && !kn_msgpack_next(&reader, &map))
        return kn_fail(err, KN_E_SYNTAX, "metadata is no MessagePack");
    if (bytes.n > 0 && map.kind != KN_MSGPACK_MAP)
        return kn_fail(err, KN_E_SYNTAX, "metadata is no map");
    for (uint32_t i = 0; i < map.count && rc == KN_OK; i++)
        rc = take_pair(&reader, method, &metadata, err);
    if (rc == KN_OK && !kn_reader_at_end(&reader))
        rc = kn_fail(err, KN_E_SYNTAX, "metadata is no MessagePack");
    if (rc == KN_OK)
        *out = metadata;
    return rc;
}

/* spec: petals/utils/packaging.py, pack_args_kwargs: ((b"__T0", b"__T1", ...), {}). */
static void write_arguments(size_t tensors, struct kn_buffer *out)
{
    struct kn_buffer names = { 0 }, both = { 0 };
    char name[] = "__T0";

    kn_msgpack_write_array(&names, (uint32_t)tensors);
    for (size_t i = 0; i < tensors; i++) {
        name[sizeof(name) - 2] = (char)('0' + i);
        kn_msgpack_write_bin(&names, kn_span_text(name));
    }
    kn_msgpack_write_array(&both, 2);
    kn_msgpack_write_ext(&both, KN_MSGPACK_TUPLE, kn_buffer_get(&names));
    kn_msgpack_write_map(&both, 0);
    kn_msgpack_write_ext(out, KN_MSGPACK_TUPLE, kn_buffer_get(&both));
    kn_buffer_done(&names);
    kn_buffer_done(&both);
}

enum kn_code kn_rpc_check_arguments(const struct kn_rpc_metadata *metadata, size_t tensors,
                                    struct kn_error *err)
{
    struct kn_buffer want = { 0 };
    bool same;

    if (metadata->args_structure.n == 0)
        return KN_OK;
    if (tensors <= 9)
        write_arguments(tensors, &want);
    same = kn_span_equal(kn_buffer_get(&want), metadata->args_structure);
    kn_buffer_done(&want);
    if (same)
        return KN_OK;
    return kn_fail(err, KN_E_UNSUPPORTED,
                   "args_structure other than the tensors in their order is not served");
}
