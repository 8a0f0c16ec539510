#include "network/petals/server_field.h"

static void write_index(struct kn_buffer *out, const int64_t *value)
{
    if (*value == KN_NOT_GIVEN)
        kn_msgpack_write_nil(out);
    else
        kn_msgpack_write_int(out, *value);
}

static void write_flag(struct kn_buffer *out, const int64_t *value)
{
    if (*value == KN_NOT_GIVEN)
        kn_msgpack_write_nil(out);
    else
        kn_msgpack_write_bool(out, *value != 0);
}

static void write_rate(struct kn_buffer *out, const double *value)
{
    if (*value < 0)
        kn_msgpack_write_nil(out);
    else
        kn_msgpack_write_float(out, *value);
}

static void write_text(struct kn_buffer *out, const struct kn_server_text *value)
{
    if (value->given)
        kn_msgpack_write_text(out, kn_span(value->at, value->n));
    else
        kn_msgpack_write_nil(out);
}

/* Takes what `payload` holds and releases it. */
static void write_tuple(struct kn_buffer *out, struct kn_buffer *payload)
{
    if (payload->failed)
        kn_buffer_fail(out);
    else
        kn_msgpack_write_ext(out, KN_MSGPACK_TUPLE, kn_buffer_get(payload));
    kn_buffer_done(payload);
}

static void write_names(struct kn_buffer *out, const struct kn_server_list *value)
{
    struct kn_buffer payload = { 0 };

    kn_msgpack_write_array(&payload, value->count);
    kn_buffer_add_span(&payload, value->members);
    write_tuple(out, &payload);
}

static void write_pings(struct kn_buffer *out, const struct kn_server_list *value)
{
    if (value->given) {
        kn_msgpack_write_map(out, value->count);
        kn_buffer_add_span(out, value->members);
    } else {
        kn_msgpack_write_nil(out);
    }
}

static void write_field(struct kn_buffer *out, const struct kn_server_field *field,
                        const struct kn_server_info *info)
{
    const void *member = (const char *)info + field->offset;

    kn_msgpack_write_text(out, kn_span_text(field->name));
    switch (field->kind) {
    case SERVER_FIELD_INDEX:
        write_index(out, member);
        break;
    case SERVER_FIELD_FLAG:
        write_flag(out, member);
        break;
    case SERVER_FIELD_RATE:
        write_rate(out, member);
        break;
    case SERVER_FIELD_TEXT:
        write_text(out, member);
        break;
    case SERVER_FIELD_NAMES:
        write_names(out, member);
        break;
    case SERVER_FIELD_PINGS:
        write_pings(out, member);
        break;
    }
}

void kn_server_info_encode(const struct kn_server_info *info, struct kn_buffer *out)
{
    struct kn_buffer payload = { 0 };

    kn_msgpack_write_array(&payload, 3);
    kn_msgpack_write_int(&payload, (int64_t)info->state);
    kn_msgpack_write_float(&payload, info->throughput);
    kn_msgpack_write_map(&payload, KN_SERVER_FIELDS);
    for (size_t i = 0; i < KN_SERVER_FIELDS; i++)
        write_field(&payload, &kn_server_fields[i], info);
    write_tuple(out, &payload);
}
