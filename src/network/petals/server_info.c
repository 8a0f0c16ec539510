#include "network/petals/server_info.h"

#include <math.h>

#include "network/petals/server_field.h"

enum { STATE_GONE = -1, FIELDS_BEFORE_MAP = 2 };

void kn_server_info_init(struct kn_server_info *info)
{
    *info = (struct kn_server_info){
        .start_block = KN_NOT_GIVEN,
        .end_block = KN_NOT_GIVEN,
        .network_rps = KN_NOT_GIVEN,
        .forward_rps = KN_NOT_GIVEN,
        .inference_rps = KN_NOT_GIVEN,
        .using_relay = KN_NOT_GIVEN,
        .cache_tokens_left = KN_NOT_GIVEN,
    };
}

/* Python finds the state of 2.0 and of true, and so must we. */
static bool read_state(struct kn_reader *reader, int *out)
{
    struct kn_msgpack item;
    double number;

    if (!kn_msgpack_next(reader, &item))
        return false;
    if (item.kind == KN_MSGPACK_BOOL)
        number = item.truth ? 1 : 0;
    else if (item.kind == KN_MSGPACK_INT)
        number = (double)item.integer;
    else if (item.kind == KN_MSGPACK_FLOAT)
        number = item.real;
    else
        return false;
    for (*out = STATE_GONE; *out <= KN_SERVER_ONLINE; (*out)++) {
        if (number == *out)
            return true;
    }
    return false;
}

/* KwaaiNet's node says 0 while it loads and -1 when it leaves, Petals 0 when it leaves. */
static enum kn_server_state state_of(int number, const struct kn_server_text *version)
{
    static const char kwaai[] = "kwaai-";
    bool is_kwaai = strncmp(version->at, kwaai, sizeof(kwaai) - 1) == 0;

    if (number == STATE_GONE)
        return KN_SERVER_OFFLINE;
    if (number == 0 && is_kwaai)
        return KN_SERVER_JOINING;
    return (enum kn_server_state)number;
}

static bool read_throughput(struct kn_reader *reader, double *out)
{
    struct kn_msgpack item;

    if (!kn_msgpack_next(reader, &item))
        return false;
    *out = item.real;
    return item.kind == KN_MSGPACK_FLOAT && isfinite(item.real) && item.real >= 0;
}

/* Fields mostly come in Petals' order, so the search goes on where the last one ended. */
static const struct kn_server_field *find_field(struct kn_span name, size_t *next)
{
    for (size_t i = 0; i < KN_SERVER_FIELDS; i++) {
        const struct kn_server_field *field = &kn_server_fields[(*next + i) % KN_SERVER_FIELDS];

        if (kn_span_equal(name, kn_span_text(field->name))) {
            *next += i + 1;
            return field;
        }
    }
    return NULL;
}

/* spec: the map becomes keyword arguments beside `state` and `throughput`. */
static bool read_field(struct kn_reader *reader, size_t *next, struct kn_server_info *out)
{
    const struct kn_server_field *field;
    struct kn_msgpack name;

    if (!kn_msgpack_next(reader, &name) || name.kind != KN_MSGPACK_TEXT ||
        kn_span_equal(name.bytes, kn_span_text("state")) ||
        kn_span_equal(name.bytes, kn_span_text("throughput")))
        return false;
    field = find_field(name.bytes, next);
    if (field != NULL)
        return kn_server_field_read(reader, field, out);
    (void)kn_msgpack_skip(reader);
    return !reader->failed;
}

static enum kn_malformed read_map(struct kn_reader *reader, struct kn_server_info *out)
{
    struct kn_msgpack map;
    size_t next = 0;

    if (!kn_msgpack_next(reader, &map) || map.kind != KN_MSGPACK_MAP)
        return KN_MALFORMED_SHAPE;
    for (uint32_t i = 0; i < map.count; i++) {
        if (!read_field(reader, &next, out))
            return reader->failed ? KN_MALFORMED_SHAPE : KN_MALFORMED_FIELD;
    }
    return KN_MALFORMED_NOT;
}

static enum kn_malformed read_members(struct kn_reader *reader, uint32_t count, int *state,
                                      struct kn_server_info *out)
{
    enum kn_malformed kind = KN_MALFORMED_NOT;

    if (count < FIELDS_BEFORE_MAP)
        return KN_MALFORMED_SHAPE;
    if (!read_state(reader, state))
        return KN_MALFORMED_STATE;
    if (!read_throughput(reader, &out->throughput))
        return KN_MALFORMED_THROUGHPUT;
    if (count > FIELDS_BEFORE_MAP)
        kind = read_map(reader, out);
    for (uint32_t i = FIELDS_BEFORE_MAP + 1; kind == KN_MALFORMED_NOT && i < count; i++)
        (void)kn_msgpack_skip(reader);
    return kind;
}

enum kn_malformed kn_server_info_decode(struct kn_span bytes, struct kn_server_info *out)
{
    struct kn_reader reader = kn_reader_of(bytes), inner = kn_reader_of(bytes), *list;
    struct kn_server_info info;
    enum kn_malformed kind;
    uint32_t count;
    int state;

    if (bytes.n > KN_SERVER_INFO_MAX)
        return KN_MALFORMED_SHAPE;
    list = kn_msgpack_enter(&reader, &inner, &count);
    if (list == NULL)
        return KN_MALFORMED_SHAPE;
    kn_server_info_init(&info);
    kind = read_members(list, count, &state, &info);
    if (kind != KN_MALFORMED_NOT)
        return kind;
    if (!kn_reader_at_end(list) || !kn_reader_at_end(&reader))
        return KN_MALFORMED_SHAPE;
    info.state = state_of(state, &info.version);
    *out = info;
    return KN_MALFORMED_NOT;
}

bool kn_server_info_holds(const struct kn_server_info *info, uint32_t block)
{
    return (info->start_block == KN_NOT_GIVEN || info->start_block <= block) &&
           (info->end_block == KN_NOT_GIVEN || info->end_block > block);
}
