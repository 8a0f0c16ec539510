#include "network/proto/multistream.h"

#include "lib/codec/frame.h"
#include "lib/codec/writer.h"

static const char header[] = "/multistream/1.0.0";
static const char refusal[] = "na";

enum { LENGTH_MAX = 2 }; /* bytes of the varint of KN_MULTISTREAM_MESSAGE_MAX */

static void say(struct kn_buffer *wire, const char *text)
{
    size_t n = strlen(text);

    kn_write_varint(wire, n + 1);
    kn_buffer_add(wire, text, n);
    kn_buffer_add_byte(wire, '\n');
}

static void say_header(struct kn_multistream *m, struct kn_buffer *wire)
{
    if (!m->header_sent)
        say(wire, header);
    m->header_sent = true;
}

void kn_multistream_dial(struct kn_multistream *m, const char *const *wanted,
                         struct kn_buffer *wire)
{
    *m = (struct kn_multistream){ .role = KN_ROLE_DIALER, .wanted = wanted };
    say_header(m, wire);
    say(wire, wanted[0]);
}

void kn_multistream_listen(struct kn_multistream *m, kn_protocol_find_fn *find, void *arg)
{
    *m = (struct kn_multistream){ .role = KN_ROLE_LISTENER, .find = find, .arg = arg };
}

void kn_multistream_done(struct kn_multistream *m)
{
    kn_buffer_done(&m->partial);
}

static enum kn_code take_header(struct kn_multistream *m, struct kn_span text, struct kn_error *err)
{
    if (!kn_span_equal(text, kn_span_text(header)))
        return kn_fail(err, KN_E_PROTOCOL, "multistream: the peer does not begin with %s", header);
    m->header_seen = true;
    return KN_OK;
}

static enum kn_code take_proposal(struct kn_multistream *m, struct kn_span name,
                                  struct kn_buffer *wire, struct kn_error *err)
{
    if (m->refusals == KN_MULTISTREAM_REFUSALS_MAX)
        return kn_fail(err, KN_E_REFUSED, "multistream: %u proposed protocols are not known here",
                       m->refusals);
    m->agreed = m->find(m->arg, name);
    if (m->agreed == NULL)
        m->refusals++;
    say(wire, m->agreed != NULL ? m->agreed : refusal);
    return KN_OK;
}

static enum kn_code take_refusal(struct kn_multistream *m, struct kn_buffer *wire,
                                 struct kn_error *err)
{
    const char *next = m->wanted[++m->refusals];

    if (next == NULL && m->refusals == 1)
        return kn_fail(err, KN_E_REFUSED, "multistream: the peer does not speak %s", m->wanted[0]);
    if (next == NULL || m->refusals == KN_MULTISTREAM_REFUSALS_MAX)
        return kn_fail(err, KN_E_REFUSED,
                       "multistream: the peer speaks none of %u protocols, %s first", m->refusals,
                       m->wanted[0]);
    say(wire, next);
    return KN_OK;
}

static enum kn_code take_answer(struct kn_multistream *m, struct kn_span text,
                                struct kn_buffer *wire, struct kn_error *err)
{
    const char *proposed = m->wanted[m->refusals];

    if (kn_span_equal(text, kn_span_text(proposed))) {
        m->agreed = proposed;
        return KN_OK;
    }
    if (kn_span_equal(text, kn_span_text(refusal)))
        return take_refusal(m, wire, err);
    return kn_fail(err, KN_E_PROTOCOL, "multistream: the peer answers neither %s nor %s", proposed,
                   refusal);
}

/* spec: multistream-select 1.0.0, "Protocol": every message ends with a line feed. */
static enum kn_code take_message(struct kn_multistream *m, struct kn_span message,
                                 struct kn_buffer *wire, struct kn_error *err)
{
    struct kn_span text;

    if (message.n == 0 || message.at[message.n - 1] != '\n')
        return kn_fail(err, KN_E_PROTOCOL, "multistream: a message without its line feed");
    text = kn_span(message.at, message.n - 1);
    if (!m->header_seen)
        return take_header(m, text, err);
    if (m->role == KN_ROLE_LISTENER)
        return take_proposal(m, text, wire, err);
    return take_answer(m, text, wire, err);
}

/*
 * One whole message, from `bytes` alone or with what was kept of it before. Bytes behind it are
 * not ours to keep, so no more is kept than the longest message has.
 */
static enum kn_code next_message(struct kn_multistream *m, struct kn_span bytes,
                                 struct kn_span *message, size_t *used)
{
    size_t before = m->partial.n, more = LENGTH_MAX + KN_MULTISTREAM_MESSAGE_MAX - before;
    enum kn_code rc;

    if (before == 0) {
        rc = kn_frame_next(bytes, KN_MULTISTREAM_MESSAGE_MAX, message, used);
        if (rc != KN_E_TRUNCATED)
            return rc;
    }
    *used = bytes.n < more ? bytes.n : more;
    kn_buffer_add(&m->partial, bytes.at, *used);
    if (m->partial.failed)
        return KN_E_NO_MEMORY;
    if (before == 0)
        return KN_E_TRUNCATED;
    rc = kn_frame_next(kn_buffer_get(&m->partial), KN_MULTISTREAM_MESSAGE_MAX, message, used);
    if (rc == KN_OK)
        *used -= before;
    return rc;
}

static enum kn_code take_bytes(struct kn_multistream *m, struct kn_span bytes, size_t *used,
                               struct kn_buffer *wire, struct kn_error *err)
{
    while (*used < bytes.n && m->agreed == NULL) {
        struct kn_span rest = kn_span(bytes.at + *used, bytes.n - *used), message;
        size_t n = 0;
        enum kn_code rc = next_message(m, rest, &message, &n);

        if (rc == KN_E_NO_MEMORY)
            return kn_fail_no_memory(err);
        if (rc != KN_OK && rc != KN_E_TRUNCATED)
            return kn_fail(err, KN_E_PROTOCOL,
                           "multistream: a message with a wrong length, or longer than %d bytes",
                           KN_MULTISTREAM_MESSAGE_MAX);
        *used += n;
        if (rc == KN_E_TRUNCATED)
            break;
        rc = take_message(m, message, wire, err);
        kn_buffer_clear(&m->partial);
        if (rc != KN_OK)
            return rc;
    }
    return KN_OK;
}

enum kn_code kn_multistream_input(struct kn_multistream *m, struct kn_span bytes, size_t *used,
                                  struct kn_buffer *wire, struct kn_error *err)
{
    enum kn_code rc;

    *used = 0;
    say_header(m, wire);
    rc = take_bytes(m, bytes, used, wire, err);
    if (rc == KN_OK && wire->failed)
        rc = kn_fail_no_memory(err);
    if (rc != KN_OK || m->agreed != NULL)
        kn_buffer_done(&m->partial);
    return rc;
}
