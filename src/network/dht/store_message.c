#include "network/dht/message_parts.h"

/* spec: hivemind/proto/dht.proto, StoreRequest and StoreResponse */
enum {
    KEYS = 2,
    SUBKEYS = 3,
    VALUES = 4,
    EXPIRATIONS = 5,
    FLAGS = 6,
    PEER = 7,
    ANSWER_OK = 2,
    ANSWER_PEER = 3,
};

/* spec: hivemind/dht/protocol.py: instead of a subkey, the MessagePack of None */
static const uint8_t regular_tag[] = { 0xc0 };

static struct kn_span tag_of(const struct kn_dht_store_item *item)
{
    switch (item->kind) {
    case KN_DHT_STORE_REGULAR:
        return kn_span(regular_tag, sizeof(regular_tag));
    case KN_DHT_STORE_SUBKEY:
        return item->subkey;
    case KN_DHT_STORE_DICTIONARY:
        break;
    }
    return kn_span(NULL, 0);
}

static enum kn_dht_store_kind kind_of(struct kn_span tag)
{
    if (tag.n == 0)
        return KN_DHT_STORE_DICTIONARY;
    if (kn_span_equal(tag, kn_span(regular_tag, sizeof(regular_tag))))
        return KN_DHT_STORE_REGULAR;
    return KN_DHT_STORE_SUBKEY;
}

static void write_numbers(const struct kn_dht_store_item *items, size_t n, struct kn_buffer *out)
{
    size_t mark;

    if (n == 0)
        return;
    mark = kn_pb_begin(out, EXPIRATIONS);
    for (size_t i = 0; i < n; i++)
        kn_write_le_double(out, items[i].expiration);
    kn_pb_end(out, mark);
    mark = kn_pb_begin(out, FLAGS);
    for (size_t i = 0; i < n; i++)
        kn_buffer_add_byte(out, items[i].in_cache);
    kn_pb_end(out, mark);
}

void kn_dht_store_request_encode(const struct kn_dht_node *node,
                                 const struct kn_dht_store_item *items, size_t n,
                                 struct kn_buffer *out)
{
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, KEYS, kn_span(items[i].key.bytes, KN_DHT_ID_SIZE));
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, SUBKEYS, tag_of(&items[i]));
    for (size_t i = 0; i < n; i++)
        kn_pb_write_bytes(out, VALUES, items[i].value);
    write_numbers(items, n, out);
    kn_dht_write_node(out, PEER, node);
}

static bool is_numbers(const struct kn_pb_field *field, uint32_t number, enum kn_pb_wire element)
{
    return field->number == number && (field->wire == element || field->wire == KN_PB_BYTES);
}

/* How many numbers stand in one field. */
static enum kn_code count_numbers(const struct kn_pb_field *field, enum kn_pb_wire element,
                                  size_t *count)
{
    struct kn_pb_packed at = { 0 };
    uint64_t number;

    while (kn_pb_packed_next(field, element, &at, &number))
        (*count)++;
    return at.failed ? KN_E_SYNTAX : KN_OK;
}

struct counts {
    size_t keys, subkeys, values, expirations, flags;
};

static enum kn_code count_field(const struct kn_pb_field *field, struct counts *counts,
                                struct kn_dht_node *node)
{
    if (is_numbers(field, EXPIRATIONS, KN_PB_FIXED64))
        return count_numbers(field, KN_PB_FIXED64, &counts->expirations);
    if (is_numbers(field, FLAGS, KN_PB_VARINT))
        return count_numbers(field, KN_PB_VARINT, &counts->flags);
    if (field->wire != KN_PB_BYTES)
        return KN_OK;
    if (field->number == PEER)
        return kn_dht_read_node(field, node);
    if (field->number == KEYS) {
        counts->keys++;
        return field->bytes.n == KN_DHT_ID_SIZE ? KN_OK : KN_E_INVALID;
    }
    counts->subkeys += field->number == SUBKEYS;
    counts->values += field->number == VALUES;
    return KN_OK;
}

enum kn_code kn_dht_store_request_decode(struct kn_span bytes, struct kn_dht_store_request *out)
{
    struct kn_dht_store_request request = { .bytes = bytes };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    struct counts counts = { 0 };
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field))
        rc = count_field(&field, &counts, &request.node);
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    if (counts.values != counts.keys || counts.expirations != counts.keys ||
        (counts.flags != counts.keys && counts.flags != 0) || counts.subkeys > counts.keys)
        return KN_E_INVALID;
    request.offered = counts.subkeys;
    request.count = counts.subkeys < KN_DHT_KEYS_MAX ? counts.subkeys : KN_DHT_KEYS_MAX;
    *out = request;
    return KN_OK;
}

static struct kn_span next_bytes(struct kn_reader *reader, uint32_t number)
{
    struct kn_pb_field field;

    while (kn_pb_next(reader, &field)) {
        if (kn_pb_is(&field, number, KN_PB_BYTES))
            return field.bytes;
    }
    return kn_span(NULL, 0);
}

/* The next number of a list that goes over several fields; 0 when there are no more. */
static uint64_t next_number(struct kn_dht_numbers *numbers, uint32_t number,
                            enum kn_pb_wire element)
{
    uint64_t value;

    for (;;) {
        if (numbers->inside && kn_pb_packed_next(&numbers->field, element, &numbers->at, &value))
            return value;
        numbers->inside = false;
        if (!kn_pb_next(&numbers->message, &numbers->field))
            return 0;
        numbers->inside = is_numbers(&numbers->field, number, element);
        numbers->at = (struct kn_pb_packed){ 0 };
    }
}

static void begin(const struct kn_dht_store_request *request, struct kn_dht_store_cursor *at)
{
    struct kn_reader all = kn_reader_of(request->bytes);

    at->begun = true;
    at->keys = at->subkeys = at->values = all;
    at->expirations.message = at->flags.message = all;
}

bool kn_dht_store_next(const struct kn_dht_store_request *request, struct kn_dht_store_cursor *at,
                       struct kn_dht_store_item *out)
{
    struct kn_pb_field expiration = { 0 };
    struct kn_span tag;

    if (!at->begun)
        begin(request, at);
    if (at->index >= request->count)
        return false;
    at->index++;
    *out = (struct kn_dht_store_item){ 0 };
    if (kn_dht_read_id(next_bytes(&at->keys, KEYS), &out->key) != KN_OK)
        return false;
    tag = next_bytes(&at->subkeys, SUBKEYS);
    out->kind = kind_of(tag);
    if (out->kind == KN_DHT_STORE_SUBKEY)
        out->subkey = tag;
    out->value = next_bytes(&at->values, VALUES);
    expiration.value = next_number(&at->expirations, EXPIRATIONS, KN_PB_FIXED64);
    out->expiration = kn_pb_double(&expiration);
    out->in_cache = next_number(&at->flags, FLAGS, KN_PB_VARINT) != 0;
    return true;
}

void kn_dht_store_answer_encode(const struct kn_dht_node *node, const bool *ok, size_t n,
                                struct kn_buffer *out)
{
    if (n > 0) {
        size_t mark = kn_pb_begin(out, ANSWER_OK);

        for (size_t i = 0; i < n; i++)
            kn_buffer_add_byte(out, ok[i]);
        kn_pb_end(out, mark);
    }
    kn_dht_write_node(out, ANSWER_PEER, node);
}

static enum kn_code read_oks(const struct kn_pb_field *field, struct kn_dht_store_answer *answer)
{
    struct kn_pb_packed at = { 0 };
    uint64_t ok;

    while (kn_pb_packed_next(field, KN_PB_VARINT, &at, &ok)) {
        if (answer->count == KN_DHT_KEYS_MAX)
            break;
        if (ok != 0)
            answer->ok[answer->count / 8] |= (uint8_t)(1U << answer->count % 8);
        answer->count++;
    }
    return at.failed ? KN_E_SYNTAX : KN_OK;
}

enum kn_code kn_dht_store_answer_decode(struct kn_span bytes, struct kn_dht_store_answer *out)
{
    struct kn_dht_store_answer answer = { 0 };
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_pb_field field;
    enum kn_code rc = KN_OK;

    if (bytes.n > KN_DHT_MESSAGE_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_pb_next(&reader, &field)) {
        if (kn_pb_is(&field, ANSWER_PEER, KN_PB_BYTES))
            rc = kn_dht_read_node(&field, &answer.node);
        else if (is_numbers(&field, ANSWER_OK, KN_PB_VARINT))
            rc = read_oks(&field, &answer);
    }
    if (rc != KN_OK || reader.failed)
        return rc != KN_OK ? rc : KN_E_SYNTAX;
    *out = answer;
    return KN_OK;
}

bool kn_dht_store_answer_ok(const struct kn_dht_store_answer *answer, size_t index)
{
    return index < answer->count && (answer->ok[index / 8] >> index % 8 & 1) != 0;
}
