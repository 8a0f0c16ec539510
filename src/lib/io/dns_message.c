#include "lib/io/dns_message.h"

/* The C library's reader of messages is in a library of its own, loaded with every command. */
enum {
    HEADER_SIZE = 12,
    COUNT_SIZE = 2,    /* of each section, at the end of the header */
    QUESTION_SIZE = 4, /* behind its name, as the following */
    RECORD_SIZE = 10,
    NAME_MAX_SIZE = 255,
    LABEL_MAX = 63,
    TYPE_TXT = 16,
    CLASS_INTERNET = 1,
    IS_ANSWER = 0x80, /* of the first byte of flags */
    RCODE = 0x0f,     /* of the second */
    RCODE_NO_SUCH_NAME = 3
};

enum section { QUESTIONS, ANSWERS, AUTHORITIES, MORE, SECTIONS };

struct cursor {
    const uint8_t *start, *at, *end;
};

static unsigned be16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* NULL: there are less. */
static const uint8_t *take_bytes(struct cursor *cursor, size_t n)
{
    const uint8_t *at = cursor->at;

    if ((size_t)(cursor->end - at) < n)
        return NULL;
    cursor->at += n;
    return at;
}

/* Labels up to an empty one, or up to a pointer at what came before. Nobody asks what it says. */
static bool pass_name(struct cursor *cursor)
{
    const uint8_t *name = cursor->at;

    while (cursor->at < cursor->end && cursor->at - name < NAME_MAX_SIZE) {
        unsigned label = *cursor->at++;

        if (label == 0)
            return true;
        if (label >> 6 == 3) {
            const uint8_t *low = take_bytes(cursor, 1);
            size_t target = low != NULL ? (label & LABEL_MAX) << 8 | *low : 0;

            return target >= HEADER_SIZE && target < (size_t)(name - cursor->start);
        }
        if (label > LABEL_MAX || take_bytes(cursor, label) == NULL)
            return false;
    }
    return false;
}

/* One record's data: strings, each behind a byte of length. false: not whole. */
static bool join(const uint8_t *at, size_t n, char out[KN_RESOLVE_TXT_TEXT_MAX + 1], size_t *out_n)
{
    const uint8_t *end = at + n;

    *out_n = 0;
    while (at < end) {
        size_t length = *at++;

        if (length > (size_t)(end - at))
            return false;
        if (*out_n + length <= KN_RESOLVE_TXT_TEXT_MAX && length > 0)
            memcpy(out + *out_n, at, length);
        *out_n += length;
        at += length;
    }
    return true;
}

/* A record of another type, a name that points on for instance, is passed over. */
static bool take(struct cursor *cursor, struct kn_dns_texts *out)
{
    const uint8_t *record = pass_name(cursor) ? take_bytes(cursor, RECORD_SIZE) : NULL;
    const uint8_t *data = record != NULL ? take_bytes(cursor, be16(record + 8)) : NULL;
    char *text;
    size_t n;

    if (data == NULL)
        return false;
    if (out->n >= KN_RESOLVE_TXT_MAX || be16(record) != TYPE_TXT ||
        be16(record + 2) != CLASS_INTERNET)
        return true;
    text = out->text[out->n];
    if (!join(data, be16(record + 8), text, &n))
        return false;
    if (n > KN_RESOLVE_TXT_TEXT_MAX || memchr(text, '\0', n) != NULL)
        return true;
    text[n] = '\0';
    out->n++;
    return true;
}

static bool pass_record(struct cursor *cursor, enum section section)
{
    const uint8_t *fixed;

    if (!pass_name(cursor))
        return false;
    fixed = take_bytes(cursor, section == QUESTIONS ? QUESTION_SIZE : RECORD_SIZE);
    return fixed != NULL && (section == QUESTIONS || take_bytes(cursor, be16(fixed + 8)) != NULL);
}

/* All of it must be there, and nothing behind it. */
static bool read_sections(struct cursor *cursor, struct kn_dns_texts *out)
{
    const uint8_t *counts = cursor->start + HEADER_SIZE - (size_t)COUNT_SIZE * SECTIONS;

    for (enum section section = QUESTIONS; section < SECTIONS; section++) {
        for (unsigned left = be16(counts + (size_t)COUNT_SIZE * section); left > 0; left--) {
            if (section == ANSWERS ? !take(cursor, out) : !pass_record(cursor, section))
                return false;
        }
    }
    return cursor->at == cursor->end;
}

enum kn_code kn_dns_txt_read(struct kn_span message, struct kn_dns_texts *out)
{
    struct cursor cursor;
    enum kn_code rc = KN_E_IO;
    unsigned rcode;

    out->n = 0;
    if (message.n > KN_DNS_MESSAGE_MAX || message.n < HEADER_SIZE)
        return KN_E_SYNTAX;
    cursor = (struct cursor){ message.at, message.at + HEADER_SIZE, message.at + message.n };
    if ((message.at[2] & IS_ANSWER) == 0 || !read_sections(&cursor, out)) {
        out->n = 0;
        return KN_E_SYNTAX;
    }
    rcode = message.at[3] & RCODE;
    if (rcode == RCODE_NO_SUCH_NAME)
        rc = KN_E_NOT_FOUND;
    else if (rcode == 0)
        rc = out->n > 0 ? KN_OK : KN_E_NOT_FOUND;
    if (rc != KN_OK)
        out->n = 0;
    return rc;
}
