#include "network/petals/server_field.h"

#include <math.h>

#define FIELD(member, kind)                                    \
    {                                                          \
#member, kind, offsetof(struct kn_server_info, member) \
    }

const struct kn_server_field kn_server_fields[KN_SERVER_FIELDS] = {
    FIELD(start_block, SERVER_FIELD_INDEX),  FIELD(end_block, SERVER_FIELD_INDEX),
    FIELD(public_name, SERVER_FIELD_TEXT),   FIELD(version, SERVER_FIELD_TEXT),
    FIELD(network_rps, SERVER_FIELD_RATE),   FIELD(forward_rps, SERVER_FIELD_RATE),
    FIELD(inference_rps, SERVER_FIELD_RATE), FIELD(adapters, SERVER_FIELD_NAMES),
    FIELD(torch_dtype, SERVER_FIELD_TEXT),   FIELD(quant_type, SERVER_FIELD_TEXT),
    FIELD(using_relay, SERVER_FIELD_FLAG),   FIELD(cache_tokens_left, SERVER_FIELD_INDEX),
    FIELD(next_pings, SERVER_FIELD_PINGS),
};

/* A whole number: a float is none, and true is none. */
static bool read_index(struct kn_reader *reader, int64_t *out)
{
    struct kn_msgpack item;

    *out = KN_NOT_GIVEN;
    if (!kn_msgpack_next(reader, &item))
        return false;
    if (item.kind == KN_MSGPACK_NIL)
        return true;
    *out = item.kind == KN_MSGPACK_UINT ? INT64_MAX : item.integer;
    return item.kind == KN_MSGPACK_UINT || (item.kind == KN_MSGPACK_INT && item.integer >= 0);
}

/* A float: a whole number is none. */
static bool read_rate(struct kn_reader *reader, double *out)
{
    struct kn_msgpack item;

    *out = KN_NOT_GIVEN;
    if (!kn_msgpack_next(reader, &item))
        return false;
    if (item.kind == KN_MSGPACK_NIL)
        return true;
    *out = item.real;
    return item.kind == KN_MSGPACK_FLOAT && isfinite(item.real) && item.real >= 0;
}

static bool is_word(struct kn_span text, const char *word)
{
    if (text.n != strlen(word))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char wanted = (unsigned char)word[i];

        if ((text.at[i] | 0x20) != wanted && text.at[i] != wanted)
            return false;
    }
    return true;
}

/* spec: pydantic v1, BOOL_TRUE and BOOL_FALSE. */
static bool read_flag_text(struct kn_span text, int64_t *out)
{
    static const char *const words[][2] = {
        { "0", "1" },        { "off", "on" }, { "f", "t" },
        { "false", "true" }, { "n", "y" },    { "no", "yes" },
    };

    for (size_t i = 0; i < KN_COUNT(words); i++) {
        for (int64_t truth = 0; truth <= 1; truth++) {
            *out = truth;
            if (is_word(text, words[i][truth]))
                return true;
        }
    }
    return false;
}

static bool read_flag(struct kn_reader *reader, int64_t *out)
{
    struct kn_msgpack item;

    *out = KN_NOT_GIVEN;
    if (!kn_msgpack_next(reader, &item))
        return false;
    switch (item.kind) {
    case KN_MSGPACK_NIL:
        return true;
    case KN_MSGPACK_BOOL:
        *out = item.truth ? 1 : 0;
        return true;
    case KN_MSGPACK_INT:
        *out = item.integer;
        return item.integer == 0 || item.integer == 1;
    case KN_MSGPACK_FLOAT:
        *out = item.real > 0 ? 1 : 0;
        return item.real == 0.0 || item.real == 1.0;
    case KN_MSGPACK_TEXT:
    case KN_MSGPACK_BIN:
        return read_flag_text(item.bytes, out);
    case KN_MSGPACK_UINT:
    case KN_MSGPACK_ARRAY:
    case KN_MSGPACK_MAP:
    case KN_MSGPACK_EXT:
        break;
    }
    return false;
}

static void keep_members(struct kn_server_list *out, uint32_t count, const uint8_t *start,
                         const struct kn_reader *end)
{
    out->given = true;
    out->count = count;
    out->members = kn_span(start, (size_t)(end->at - start));
}

/* nil is refused, which is Petals' way too. */
static bool read_names(struct kn_reader *reader, struct kn_server_list *out)
{
    struct kn_reader inner, *list;
    struct kn_server_text ignored;
    const uint8_t *start;
    uint32_t count;

    list = kn_msgpack_enter(reader, &inner, &count);
    if (list == NULL)
        return false;
    start = list->at;
    for (uint32_t i = 0; i < count; i++) {
        if (!kn_server_text_read(list, &ignored) || !ignored.given)
            return false;
    }
    keep_members(out, count, start, list);
    return list == reader || kn_reader_at_end(list);
}

static bool read_ping(struct kn_reader *reader)
{
    struct kn_server_text peer;
    struct kn_msgpack item;

    return kn_server_text_read(reader, &peer) && peer.given && kn_msgpack_next(reader, &item) &&
           item.kind == KN_MSGPACK_FLOAT && item.real >= 0;
}

/* Some peer that never answered is infinitely far. Python makes a map of an empty list. */
static bool read_pings(struct kn_reader *reader, struct kn_server_list *out)
{
    struct kn_reader ahead = *reader, inner, *list;
    const uint8_t *start;
    struct kn_msgpack item;
    uint32_t count;

    *out = (struct kn_server_list){ 0 };
    if (!kn_msgpack_next(&ahead, &item))
        return false;
    if (item.kind != KN_MSGPACK_MAP && item.kind != KN_MSGPACK_NIL) {
        list = kn_msgpack_enter(reader, &inner, &count);
        if (list == NULL || count > 0 || (list == &inner && !kn_reader_at_end(list)))
            return false;
        keep_members(out, 0, list->at, list);
        return true;
    }
    *reader = ahead;
    if (item.kind == KN_MSGPACK_NIL)
        return true;
    start = reader->at;
    for (uint32_t i = 0; i < item.count; i++) {
        if (!read_ping(reader))
            return false;
    }
    keep_members(out, item.count, start, reader);
    return true;
}

bool kn_server_field_read(struct kn_reader *reader, const struct kn_server_field *field,
                          struct kn_server_info *out)
{
    void *member = (char *)out + field->offset;

    switch (field->kind) {
    case SERVER_FIELD_INDEX:
        return read_index(reader, member);
    case SERVER_FIELD_FLAG:
        return read_flag(reader, member);
    case SERVER_FIELD_RATE:
        return read_rate(reader, member);
    case SERVER_FIELD_TEXT:
        return kn_server_text_read(reader, member);
    case SERVER_FIELD_NAMES:
        return read_names(reader, member);
    case SERVER_FIELD_PINGS:
        return read_pings(reader, member);
    }
    return false;
}
