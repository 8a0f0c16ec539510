#include "network/dht/dictionary.h"

#include <math.h>

#include "lib/codec/msgpack.h"
#include "network/dht/message.h"

enum { FIELDS = 3, ENTRY_FIELDS = 3 };

/* spec: MessagePack, "ext format family". Not one of the fixed sizes: the smallest dictionary has
 * 20 bytes. */
enum { EXT8 = 0xc7, EXT16 = 0xc8, EXT32 = 0xc9, EXT_HEAD_MAX = 6 };

enum { FLOAT_BYTES = 9, SHORT_ARRAY_MAX = 15 };

static bool is_hashable(struct kn_reader *reader, unsigned depth);

/* A tuple is hashed with what it holds. */
static bool is_hashable_tuple(struct kn_span payload, unsigned depth)
{
    struct kn_reader reader = kn_reader_of(payload);
    struct kn_msgpack list;

    if (depth >= KN_MSGPACK_DEPTH_MAX || !kn_msgpack_next(&reader, &list) ||
        list.kind != KN_MSGPACK_ARRAY)
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        if (!is_hashable(&reader, depth + 1))
            return false;
    }
    return kn_reader_at_end(&reader);
}

/* Can Python use the next value as a key? Goes KN_MSGPACK_DEPTH_MAX deep at most. */
static bool is_hashable(struct kn_reader *reader, unsigned depth)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item))
        return false;
    switch (item.kind) {
    case KN_MSGPACK_ARRAY:
    case KN_MSGPACK_MAP:
        return false;
    case KN_MSGPACK_EXT:
        if (item.ext_code == KN_MSGPACK_TUPLE)
            return is_hashable_tuple(item.bytes, depth);
        return item.ext_code != KN_MSGPACK_DICTIONARY;
    case KN_MSGPACK_NIL:
    case KN_MSGPACK_BOOL:
    case KN_MSGPACK_INT:
    case KN_MSGPACK_UINT:
    case KN_MSGPACK_FLOAT:
    case KN_MSGPACK_TEXT:
    case KN_MSGPACK_BIN:
        break;
    }
    return true;
}

static bool is_key(struct kn_span bytes)
{
    struct kn_reader reader = kn_reader_of(bytes);

    return is_hashable(&reader, 0) && kn_reader_at_end(&reader);
}

bool kn_dht_subkey_is_valid(struct kn_span subkey)
{
    static const uint8_t nil = 0xc0;

    return subkey.n <= KN_DHT_SUBKEY_MAX && !kn_span_equal(subkey, kn_span(&nil, 1)) &&
           is_key(subkey);
}

/* Python writes floats, others also whole numbers. */
static bool read_number(struct kn_reader *reader, double *out)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item))
        return false;
    if (item.kind == KN_MSGPACK_FLOAT)
        *out = item.real;
    else if (item.kind == KN_MSGPACK_INT)
        *out = (double)item.integer;
    else if (item.kind == KN_MSGPACK_UINT)
        *out = (double)item.natural;
    else
        return false;
    return true;
}

static bool read_array(struct kn_reader *reader, uint32_t *count)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item) || item.kind != KN_MSGPACK_ARRAY)
        return false;
    *count = item.count;
    return true;
}

/* How many entries a dictionary may hold: a number, or nil for any. Nobody here keeps to it. */
static bool skip_maxsize(struct kn_reader *reader)
{
    struct kn_reader start = *reader;
    struct kn_msgpack item;
    double ignored;

    if (kn_msgpack_next(reader, &item) && item.kind == KN_MSGPACK_NIL)
        return true;
    *reader = start;
    return read_number(reader, &ignored);
}

static bool read_entry(struct kn_reader *reader, struct kn_dht_entry *out)
{
    struct kn_msgpack value;
    uint32_t count;

    if (!read_array(reader, &count) || count != ENTRY_FIELDS)
        return false;
    out->subkey = kn_msgpack_skip(reader);
    if (!kn_msgpack_next(reader, &value) || value.kind != KN_MSGPACK_BIN)
        return false;
    out->value = value.bytes;
    return read_number(reader, &out->expiration);
}

static bool entries_are_sound(const struct kn_dht_dictionary *dictionary)
{
    struct kn_reader reader = dictionary->rest;
    struct kn_dht_entry entry;

    for (uint32_t i = 0; i < dictionary->count; i++) {
        if (!read_entry(&reader, &entry) || !is_key(entry.subkey))
            return false;
    }
    return kn_reader_at_end(&reader);
}

enum kn_code kn_dht_dictionary_open(struct kn_span bytes, struct kn_dht_dictionary *out)
{
    struct kn_reader outer = kn_reader_of(bytes);
    struct kn_dht_dictionary dictionary = { 0 };
    struct kn_msgpack ext;
    uint32_t count;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    if (!kn_msgpack_next(&outer, &ext) || ext.kind != KN_MSGPACK_EXT ||
        ext.ext_code != KN_MSGPACK_DICTIONARY || !kn_reader_at_end(&outer))
        return KN_E_SYNTAX;
    dictionary.rest = kn_reader_of(ext.bytes);
    if (!read_array(&dictionary.rest, &count) || count != FIELDS ||
        !skip_maxsize(&dictionary.rest) || !read_number(&dictionary.rest, &dictionary.latest) ||
        !read_array(&dictionary.rest, &dictionary.count))
        return KN_E_SYNTAX;
    if (dictionary.count > KN_DHT_DICTIONARY_MAX)
        return KN_E_LIMIT;
    if (!entries_are_sound(&dictionary))
        return KN_E_SYNTAX;
    *out = dictionary;
    return KN_OK;
}

bool kn_dht_dictionary_step(struct kn_dht_dictionary *dictionary, struct kn_dht_entry *out)
{
    if (dictionary->count == 0 || !read_entry(&dictionary->rest, out))
        return false;
    dictionary->count--;
    return true;
}

static bool is_usable(const struct kn_dht_entry *entry)
{
    return isfinite(entry->expiration) && entry->subkey.n <= KN_DHT_SUBKEY_MAX &&
           entry->value.n <= KN_DHT_RECORD_MAX && kn_msgpack_check(entry->value) == KN_OK;
}

bool kn_dht_dictionary_next(struct kn_dht_dictionary *dictionary, struct kn_dht_entry *out,
                            size_t *malformed)
{
    while (kn_dht_dictionary_step(dictionary, out)) {
        if (is_usable(out))
            return true;
        if (malformed != NULL)
            (*malformed)++;
    }
    return false;
}

size_t kn_dht_dictionary_begin(double latest, uint32_t count, struct kn_buffer *out)
{
    size_t mark = out->n;

    kn_msgpack_write_array(out, FIELDS);
    kn_msgpack_write_float(out, (double)INFINITY);
    kn_msgpack_write_float(out, latest);
    kn_msgpack_write_array(out, count);
    return mark;
}

void kn_dht_dictionary_add(const struct kn_dht_entry *entry, struct kn_buffer *out)
{
    kn_msgpack_write_array(out, ENTRY_FIELDS);
    kn_buffer_add_span(out, entry->subkey);
    kn_msgpack_write_bin(out, entry->value);
    kn_msgpack_write_float(out, entry->expiration);
}

/* Of a length in front of bytes. */
static size_t width_of(size_t n)
{
    return n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : 4;
}

void kn_dht_dictionary_end(size_t mark, struct kn_buffer *out)
{
    uint8_t head[EXT_HEAD_MAX];
    size_t n = out->n - mark, width = width_of(n);

    if (out->failed)
        return;
    head[0] = width == 1 ? EXT8 : width == 2 ? EXT16 : EXT32;
    for (size_t i = 0; i < width; i++)
        head[1 + i] = (uint8_t)(n >> 8 * (width - 1 - i));
    head[1 + width] = KN_MSGPACK_DICTIONARY;
    kn_buffer_insert(out, mark, head, 2 + width);
}

size_t kn_dht_dictionary_entry_size(size_t subkey_n, size_t value_n)
{
    return 1 + subkey_n + 1 + width_of(value_n) + value_n + FLOAT_BYTES;
}

size_t kn_dht_dictionary_size(uint32_t count, size_t bytes)
{
    size_t list = count <= SHORT_ARRAY_MAX ? 1 : count <= UINT16_MAX ? 3 : 5;
    size_t n = 1 + FLOAT_BYTES + FLOAT_BYTES + list + bytes;

    return 2 + width_of(n) + n;
}

void kn_dht_dictionary_encode(double latest, const struct kn_dht_entry *entries, size_t n,
                              struct kn_buffer *out)
{
    size_t mark = kn_dht_dictionary_begin(latest, (uint32_t)n, out);

    for (size_t i = 0; i < n; i++)
        kn_dht_dictionary_add(&entries[i], out);
    kn_dht_dictionary_end(mark, out);
}
