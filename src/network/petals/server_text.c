#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "lib/base/number.h"
#include "lib/base/utf8.h"
#include "network/petals/server_field.h"

static void set(struct kn_server_text *text, struct kn_span value)
{
    size_t n = value.n;

    if (n > KN_SERVER_TEXT_MAX)
        n = kn_utf8_cut((const char *)value.at, KN_SERVER_TEXT_MAX);
    if (n > 0)
        memcpy(text->at, value.at, n);
    text->at[n] = '\0';
    text->n = (uint8_t)n;
    text->given = true;
}

void kn_server_text_set(struct kn_server_text *text, const char *value)
{
    set(text, kn_span_text(value));
}

static void set_number(struct kn_server_text *text, const struct kn_msgpack *item)
{
    char number[KN_DECIMAL_SIZE];

    if (item->kind == KN_MSGPACK_INT)
        (void)snprintf(number, sizeof(number), "%" PRId64, item->integer);
    else if (item->kind == KN_MSGPACK_UINT)
        (void)snprintf(number, sizeof(number), "%" PRIu64, item->natural);
    else if (isfinite(item->real))
        kn_print_decimal(item->real, number);
    else
        (void)snprintf(number, sizeof(number), "%s",
                       isnan(item->real) ? "nan"
                       : item->real > 0  ? "inf"
                                         : "-inf");
    kn_server_text_set(text, number);
}

/* spec: pydantic v1, str_validator: numbers and bytes become text. */
bool kn_server_text_read(struct kn_reader *reader, struct kn_server_text *out)
{
    struct kn_msgpack item;

    *out = (struct kn_server_text){ 0 };
    if (!kn_msgpack_next(reader, &item))
        return false;
    switch (item.kind) {
    case KN_MSGPACK_NIL:
        return true;
    case KN_MSGPACK_BOOL:
        kn_server_text_set(out, item.truth ? "True" : "False");
        return true;
    case KN_MSGPACK_INT:
    case KN_MSGPACK_UINT:
    case KN_MSGPACK_FLOAT:
        set_number(out, &item);
        return true;
    case KN_MSGPACK_TEXT:
    case KN_MSGPACK_BIN:
        if (!kn_utf8_is_valid(item.bytes.at, item.bytes.n))
            return false;
        set(out, item.bytes);
        return true;
    case KN_MSGPACK_ARRAY:
    case KN_MSGPACK_MAP:
    case KN_MSGPACK_EXT:
        break;
    }
    return false;
}
