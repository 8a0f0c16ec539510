#include "network/dht/signed_record.h"

#include "lib/codec/msgpack.h"
#include "lib/crypto/record_signature.h"

static const char owner_head[] = "[owner:", signature_head[] = "[signature:";

struct tag {
    struct kn_span whole, inside;
};

static bool begins(struct kn_span bytes, size_t at, const char *head, size_t head_n)
{
    return bytes.n - at >= head_n && memcmp(bytes.at + at, head, head_n) == 0;
}

/*
 * The first tag of `bytes`: `head`, at least one byte, the next "]", and no line end in between.
 * Steps over what it has looked at, so that bytes full of heads cost no more than others.
 */
static bool find_tag(struct kn_span bytes, const char *head, struct tag *out)
{
    const size_t head_n = strlen(head);
    size_t at = 0;

    while (at < bytes.n) {
        size_t from = at + head_n, end = from;

        if (!begins(bytes, at, head, head_n)) {
            at++;
            continue;
        }
        while (end < bytes.n && bytes.at[end] != '\n' && (end == from || bytes.at[end] != ']'))
            end++;
        if (end == bytes.n)
            return false;
        if (bytes.at[end] == ']') {
            out->inside = kn_span(bytes.at + from, end - from);
            out->whole = kn_span(bytes.at + at, end + 1 - at);
            return true;
        }
        at = end + 1;
    }
    return false;
}

/* What stands behind the tag. */
static struct kn_span behind(struct kn_span bytes, const struct tag *tag)
{
    size_t used = (size_t)(tag->whole.at - bytes.at) + tag->whole.n;

    return kn_span(bytes.at + used, bytes.n - used);
}

/* The owner that the subkey names, empty when it names none. Two different ones are refused. */
static enum kn_code find_owner(struct kn_span subkey, struct kn_span *owner)
{
    struct tag tag;

    *owner = kn_span(NULL, 0);
    while (find_tag(subkey, owner_head, &tag)) {
        if (owner->n > 0 && !kn_span_equal(*owner, tag.inside))
            return KN_E_INVALID;
        *owner = tag.inside;
        subkey = behind(subkey, &tag);
    }
    return KN_OK;
}

/* Append the value without its signatures. How many there were, and the last of them. */
static size_t strip(struct kn_span value, struct kn_buffer *bare, struct kn_span *signature)
{
    struct tag tag;
    size_t n = 0;

    while (find_tag(value, signature_head, &tag)) {
        kn_buffer_add(bare, value.at, (size_t)(tag.whole.at - value.at));
        value = behind(value, &tag);
        *signature = tag.inside;
        n++;
    }
    kn_buffer_add_span(bare, value);
    return n;
}

/* What is signed: the record as Python's serializer writes the tuple of its four fields. */
static void write_message(const struct kn_signed_record *record, struct kn_span bare,
                          struct kn_buffer *out)
{
    struct kn_buffer tuple = { 0 };

    kn_msgpack_write_array(&tuple, 4);
    kn_msgpack_write_bin(&tuple, kn_span(record->key.bytes, sizeof(record->key.bytes)));
    kn_msgpack_write_bin(&tuple, record->subkey);
    kn_msgpack_write_bin(&tuple, bare);
    kn_msgpack_write_float(&tuple, record->expiration);
    kn_msgpack_write_ext(out, KN_MSGPACK_TUPLE, kn_buffer_get(&tuple));
    out->failed = out->failed || tuple.failed;
    kn_buffer_done(&tuple);
}

static enum kn_code check_signature(const struct kn_signed_record *record, struct kn_span bare,
                                    struct kn_span owner, struct kn_span signature)
{
    struct kn_buffer message = { 0 };
    enum kn_code rc = KN_E_NO_MEMORY;

    write_message(record, bare, &message);
    if (!message.failed)
        rc = kn_record_signature_verify(owner, kn_buffer_get(&message), signature);
    kn_buffer_done(&message);
    return rc == KN_OK || rc == KN_E_NO_MEMORY ? rc : KN_E_INVALID;
}

enum kn_code kn_signed_record_check(const struct kn_signed_record *record, struct kn_buffer *bare)
{
    struct kn_span owner, signature = { NULL, 0 }, rest;
    const size_t before = bare->n;
    enum kn_code rc = find_owner(record->subkey, &owner);
    size_t signatures;

    if (rc != KN_OK)
        return rc;
    signatures = strip(record->value, bare, &signature);
    if (bare->failed)
        return KN_E_NO_MEMORY;
    if (owner.n == 0)
        return KN_OK;
    rest = kn_buffer_get(bare);
    rest = rest.n > 0 ? kn_span(rest.at + before, rest.n - before) : rest;
    rc = signatures == 1 ? check_signature(record, rest, owner, signature) : KN_E_INVALID;
    if (rc != KN_OK)
        kn_buffer_cut(bare, before);
    return rc;
}
