#include "lib/yaml/ranges.h"

#include <string.h>

#include "lib/yaml/yaml.h"

uint32_t kn_yaml_skip_blanks(const struct kn_yaml_document *doc, uint32_t at)
{
    while (kn_yaml_is_blank(kn_yaml_at(doc, at)))
        at++;
    return at;
}

uint32_t kn_yaml_skip_space(const struct kn_yaml_document *doc, uint32_t at)
{
    for (;;) {
        unsigned char byte = kn_yaml_at(doc, at);

        if (byte == '#')
            at = kn_yaml_line_end(doc, at);
        else if (byte != 0 && kn_yaml_is_gap(byte))
            at++;
        else
            return at;
    }
}

uint32_t kn_yaml_line_start(const struct kn_yaml_document *doc, uint32_t at)
{
    while (at > 0 && !kn_yaml_is_break(kn_yaml_at(doc, at - 1)))
        at--;
    return at;
}

uint32_t kn_yaml_line_end(const struct kn_yaml_document *doc, uint32_t at)
{
    while (at < doc->size && !kn_yaml_is_break(kn_yaml_at(doc, at)))
        at++;
    return at;
}

static bool names_anchor(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_';
}

uint32_t kn_yaml_property_end(const struct kn_yaml_document *doc, uint32_t at)
{
    if (kn_yaml_at(doc, at) != '!') {
        do
            at++;
        while (names_anchor(kn_yaml_at(doc, at)));
        return at;
    }
    if (kn_yaml_at(doc, at + 1) == '<') {
        while (kn_yaml_at(doc, at) != '>' && kn_yaml_at(doc, at) != 0)
            at++;
        return kn_yaml_at(doc, at) != 0 ? at + 1 : at;
    }
    while (!kn_yaml_is_gap(kn_yaml_at(doc, at)) && kn_yaml_at(doc, at) != ',')
        at++;
    return at;
}

uint32_t kn_yaml_after_colon(const struct kn_yaml_document *doc, uint32_t key_end, bool flow)
{
    uint32_t at = kn_yaml_skip_space(doc, key_end);

    if (kn_yaml_at(doc, at) == ':' && (flow || kn_yaml_is_gap(kn_yaml_at(doc, at + 1))))
        return at + 1;
    return key_end;
}

/* `end` without the line break before it. */
static uint32_t before_break(const struct kn_yaml_document *doc, uint32_t end)
{
    if (end > 1 && doc->bytes[end - 1] == '\n' && doc->bytes[end - 2] == '\r')
        return end - 2;
    return end > 0 && kn_yaml_is_break(kn_yaml_at(doc, end - 1)) ? end - 1 : end;
}

/* The last line of the text is nothing but blanks, and not empty. */
static bool ends_in_blank_line(const char *text, size_t length)
{
    size_t start;

    while (length > 0 && text[length - 1] == '\n')
        length--;
    start = length;
    while (start > 0 && kn_yaml_is_blank((unsigned char)text[start - 1]))
        start--;
    return start < length && (start == 0 || text[start - 1] == '\n');
}

/*
 * libyaml ends a block scalar at the start of the line after it, behind blank lines. A line of
 * blanks is content when it is longer than the indentation; the text tells whether there is one.
 */
uint32_t kn_yaml_block_scalar_end(const struct kn_yaml_document *doc, uint32_t start, uint32_t end,
                                  const char *text, size_t length)
{
    uint32_t header = start + 1, header_line, line;
    bool keeps = false, blank_tail = ends_in_blank_line(text, length);

    while (kn_yaml_at(doc, header) != 0 && strchr("+-123456789", kn_yaml_at(doc, header)) != NULL)
        keeps |= kn_yaml_at(doc, header++) == '+';
    header_line = kn_yaml_line_end(doc, header);
    while (end > header_line) {
        end = before_break(doc, end);
        if (end <= header_line)
            break;
        line = kn_yaml_line_start(doc, end);
        if (keeps || kn_yaml_skip_blanks(doc, line) < end || (blank_tail && line < end))
            return end;
        end = line;
    }
    return header;
}

uint32_t kn_yaml_word_end(const struct kn_yaml_document *doc, uint32_t at)
{
    if (at >= doc->size)
        return (uint32_t)doc->size;
    do
        at++;
    while (!kn_yaml_is_gap(kn_yaml_at(doc, at)) && strchr(",[]{}", kn_yaml_at(doc, at)) == NULL);
    return at;
}

bool kn_yaml_is_document_mark(const struct kn_yaml_document *doc, uint32_t at)
{
    return (at == 0 || kn_yaml_is_break(kn_yaml_at(doc, at - 1))) && doc->size - at >= 3 &&
           (memcmp(doc->bytes + at, "---", 3) == 0 || memcmp(doc->bytes + at, "...", 3) == 0) &&
           kn_yaml_is_gap(kn_yaml_at(doc, at + 3));
}
