#include "lib/codec/multiaddr_bytes.h"

#include "lib/codec/multiaddr_protocol.h"
#include "lib/codec/multiaddr_value.h"
#include "lib/codec/reader.h"
#include "lib/codec/writer.h"

enum { SHOWN = 96 };

/* A word as a message shows it: not too much of it, and nothing that a terminal would obey. */
static const char *shown(struct kn_span word, char out[SHOWN + 1])
{
    size_t n = word.n < SHOWN ? word.n : SHOWN;

    for (size_t i = 0; i < n; i++)
        out[i] = word.at[i] >= ' ' && word.at[i] <= '~' ? (char)word.at[i] : '?';
    if (n < word.n)
        memcpy(out + n - 3, "...", 3);
    out[n] = '\0';
    return out;
}

/* The word after the "/" at the start of `*rest`, which moves behind it. */
static struct kn_span next_word(struct kn_span *rest)
{
    struct kn_span word = kn_span(rest->at + 1, 0);

    while (word.n + 1 < rest->n && word.at[word.n] != '/')
        word.n++;
    *rest = kn_span(word.at + word.n, rest->n - 1 - word.n);
    return word;
}

static enum kn_code refuse_value(enum kn_code rc, struct kn_span name, struct kn_span value,
                                 struct kn_error *err)
{
    char name_text[SHOWN + 1], text[SHOWN + 1];

    (void)shown(name, name_text);
    (void)shown(value, text);
    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    if (rc == KN_E_RANGE)
        return kn_fail(err, rc, "\"/%s\": %s is outside 0..65535", name_text, text);
    if (rc == KN_E_UNSUPPORTED)
        return kn_fail(err, rc, "\"/%s\": \"%s\" is of a kind that is not supported", name_text,
                       text);
    return kn_fail(err, rc, "\"/%s\": \"%s\" is not a value of it", name_text, text);
}

/* One protocol with its value, from a `*rest` that begins with "/". */
static enum kn_code take_part(struct kn_span *rest, struct kn_buffer *out, struct kn_error *err)
{
    struct kn_span name = next_word(rest), value = { NULL, 0 };
    const struct kn_multiaddr_protocol *protocol = kn_multiaddr_protocol_named(name);
    char text[SHOWN + 1];
    enum kn_code rc;

    if (name.n == 0)
        return kn_fail(err, KN_E_SYNTAX, "nothing between two \"/\"");
    if (protocol == NULL)
        return kn_fail(err, KN_E_UNSUPPORTED, "unknown protocol \"%s\"", shown(name, text));
    kn_write_varint(out, protocol->code);
    if (protocol->value == KN_VALUE_NONE)
        return KN_OK;
    if (rest->n == 0)
        return kn_fail(err, KN_E_SYNTAX, "\"/%s\" has no value", shown(name, text));
    if (protocol->value == KN_VALUE_PATH) {
        value = *rest;
        *rest = kn_span(rest->at + rest->n, 0);
    } else {
        value = next_word(rest);
    }
    rc = kn_multiaddr_value_parse(protocol->value, value, out);
    return rc == KN_OK ? KN_OK : refuse_value(rc, name, value, err);
}

static enum kn_code take_parts(struct kn_span text, struct kn_buffer *out, struct kn_error *err)
{
    size_t before = out->n;

    while (text.n > 0) {
        enum kn_code rc = take_part(&text, out, err);

        if (rc != KN_OK)
            return rc;
        if (out->failed)
            return kn_fail_no_memory(err);
        if (out->n - before > KN_MULTIADDR_BYTES_MAX)
            return kn_fail(err, KN_E_LIMIT, "an address of more than %d bytes",
                           KN_MULTIADDR_BYTES_MAX);
    }
    return KN_OK;
}

enum kn_code kn_multiaddr_to_bytes(struct kn_span text, struct kn_buffer *out, struct kn_error *err)
{
    size_t before = out->n;
    enum kn_code rc;

    if (out->failed)
        return kn_fail_no_memory(err);
    if (text.n > KN_MULTIADDR_LONG_TEXT_MAX)
        return kn_fail(err, KN_E_LIMIT, "an address of %zu characters; the longest may have %d",
                       text.n, KN_MULTIADDR_LONG_TEXT_MAX);
    while (text.n > 0 && text.at[text.n - 1] == '/')
        text.n--;
    if (text.n == 0)
        return kn_fail(err, KN_E_SYNTAX, "the address is empty");
    if (text.at[0] != '/') {
        char word[SHOWN + 1];

        return kn_fail(err, KN_E_SYNTAX, "\"%s\" does not begin with \"/\"", shown(text, word));
    }
    rc = take_parts(text, out, err);
    if (rc != KN_OK)
        kn_buffer_cut(out, before);
    return rc;
}

/* An empty name has no "/" behind the protocol, a path brings its own: so go-multiaddr prints. */
static enum kn_code print_part(const struct kn_multiaddr_part *part,
                               const struct kn_multiaddr_protocol *protocol, struct kn_text *out)
{
    kn_text_add_char(out, '/');
    kn_text_add(out, protocol->name);
    if (part->value.n > 0 && (protocol->value != KN_VALUE_PATH || part->value.at[0] != '/'))
        kn_text_add_char(out, '/');
    return kn_multiaddr_value_print(protocol->value, part->value, out);
}

enum kn_code kn_multiaddr_to_text(struct kn_span bytes, struct kn_text *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    size_t before = out->n;
    enum kn_code rc = bytes.n == 0 ? KN_E_SYNTAX : KN_OK;

    if (bytes.n > KN_MULTIADDR_BYTES_MAX)
        return KN_E_LIMIT;
    while (rc == KN_OK && kn_reader_left(&reader) > 0) {
        const struct kn_multiaddr_protocol *protocol;
        struct kn_multiaddr_part part;

        rc = kn_multiaddr_read_part(&reader, &part, &protocol);
        if (rc == KN_OK)
            rc = print_part(&part, protocol, out);
    }
    if (out->failed)
        return KN_E_NO_MEMORY;
    if (rc != KN_OK)
        kn_text_cut(out, before);
    return rc;
}

bool kn_multiaddr_next(struct kn_span *rest, struct kn_multiaddr_part *out, bool *failed)
{
    struct kn_reader reader = kn_reader_of(*rest);
    const struct kn_multiaddr_protocol *protocol;

    *failed = rest->n > KN_MULTIADDR_BYTES_MAX;
    if (rest->n == 0 || *failed)
        return false;
    *failed = kn_multiaddr_read_part(&reader, out, &protocol) != KN_OK;
    if (!*failed)
        *rest = kn_span(reader.at, kn_reader_left(&reader));
    return !*failed;
}
