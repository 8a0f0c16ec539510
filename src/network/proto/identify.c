#include "network/proto/identify.h"

#include "lib/codec/multiaddr_bytes.h"

enum {
    PUBLIC_KEY = 1,
    LISTEN_ADDRS = 2,
    PROTOCOLS = 3,
    OBSERVED = 4,
    PROTOCOL_VERSION = 5,
    AGENT = 6,
    SIGNED_RECORD = 8,
};

static struct kn_span short_text(struct kn_span text)
{
    return text.n <= KN_IDENTIFY_TEXT_MAX ? text : kn_span(NULL, 0);
}

static void take_field(const struct kn_pb_field *field, struct kn_identify *identify)
{
    if (field->wire != KN_PB_BYTES)
        return;
    switch (field->number) {
    case PUBLIC_KEY:
        identify->public_key = field->bytes;
        break;
    case OBSERVED:
        identify->observed = field->bytes;
        break;
    case PROTOCOL_VERSION:
        identify->protocol_version = short_text(field->bytes);
        break;
    case AGENT:
        identify->agent = short_text(field->bytes);
        break;
    case SIGNED_RECORD:
        identify->signed_record = field->bytes;
        break;
    default: /* the lists, and fields of later versions */
        break;
    }
}

enum kn_code kn_identify_decode(struct kn_span bytes, struct kn_identify *out)
{
    struct kn_identify identify = { 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;

    if (bytes.n > KN_IDENTIFY_MAX)
        return KN_E_LIMIT;
    while (kn_pb_next(&reader, &field))
        take_field(&field, &identify);
    if (reader.failed)
        return KN_E_SYNTAX;
    identify.addrs =
        kn_field_list_of(bytes, LISTEN_ADDRS, KN_IDENTIFY_ADDRS_MAX, KN_MULTIADDR_BYTES_MAX);
    identify.protocols =
        kn_field_list_of(bytes, PROTOCOLS, KN_IDENTIFY_PROTOCOLS_MAX, KN_IDENTIFY_NAME_MAX);
    *out = identify;
    return KN_OK;
}

/* Of a field whose number takes one byte. */
static size_t field_size(struct kn_span bytes)
{
    return 1 + kn_varint_size(bytes.n) + bytes.n;
}

static size_t size_without_addrs(const struct kn_identify_content *content)
{
    size_t size = field_size(content->public_key) + field_size(content->observed) +
                  field_size(content->protocol_version) + field_size(content->agent);

    for (size_t i = 0; i < content->protocol_count; i++)
        size += field_size(content->protocols[i]);
    return size;
}

static void write_if_any(struct kn_buffer *out, uint32_t number, struct kn_span bytes)
{
    if (bytes.n > 0)
        kn_pb_write_bytes(out, number, bytes);
}

static void write_addrs(const struct kn_identify_content *content, size_t room,
                        struct kn_buffer *out)
{
    for (size_t i = 0; i < content->addr_count && i < KN_IDENTIFY_ADDRS_MAX; i++) {
        size_t size = field_size(content->addrs[i]);

        if (size > room)
            continue; /* a shorter one may still fit */
        kn_pb_write_bytes(out, LISTEN_ADDRS, content->addrs[i]);
        room -= size;
    }
}

enum kn_code kn_identify_encode(const struct kn_identify_content *content, struct kn_buffer *out)
{
    size_t size = size_without_addrs(content);

    if (size > KN_IDENTIFY_SEND_MAX)
        return KN_E_LIMIT;
    write_if_any(out, PUBLIC_KEY, content->public_key);
    write_addrs(content, KN_IDENTIFY_SEND_MAX - size, out);
    for (size_t i = 0; i < content->protocol_count; i++)
        kn_pb_write_bytes(out, PROTOCOLS, content->protocols[i]);
    write_if_any(out, OBSERVED, content->observed);
    write_if_any(out, PROTOCOL_VERSION, content->protocol_version);
    write_if_any(out, AGENT, content->agent);
    return out->failed ? KN_E_NO_MEMORY : KN_OK;
}
