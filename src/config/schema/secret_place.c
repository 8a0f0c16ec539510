#include "config/schema/secret_place.h"

#include <stdint.h>
#include <string.h>

#include "config/schema/setting.h"
#include "lib/yaml/yaml.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_word(char byte)
{
    byte = lower(byte);
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           byte == '-' || byte == '.' || byte == '\\';
}

static bool begins_with(const char *at, const char *end, const char *word, size_t n)
{
    if ((size_t)(end - at) < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (lower(at[i]) != word[i])
            return false;
    }
    return true;
}

/* Behind the first word in [at, end) that begins as `leaf` does, in any case; NULL without one. */
static const char *behind_word(const char *at, const char *end, const char *leaf)
{
    size_t n = strcspn(leaf, "_"); /* "webhook-url" and "webhook\x5furl" are meant too */

    while (at < end && !begins_with(at, end, leaf, n))
        at++;
    if (at == end)
        return NULL;
    while (at < end && is_word(*at))
        at++;
    while (at < end && strchr("\"' :=", *at) != NULL)
        at++;
    return at;
}

/* Behind the key of a secret in bytes [from, to); SIZE_MAX without one. */
static size_t behind_key(const struct kn_yaml_document *doc, size_t from, size_t to)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *found = kn_settings[i].secret ? behind_word(doc->bytes + from, doc->bytes + to,
                                                                kn_setting_leaf(&kn_settings[i]))
                                                  : NULL;

        if (found != NULL)
            return (size_t)(found - doc->bytes);
    }
    return SIZE_MAX;
}

static size_t indent_of(const char *line, const char *end)
{
    const char *at = line;

    while (at < end && is_blank(*at))
        at++;
    return (size_t)(at - line);
}

/* "key: value", "key:", "\"key\":1": the line begins a pair of its own, it continues no value. */
static bool begins_pair(const char *at, const char *end)
{
    bool quoted;

    at += indent_of(at, end);
    quoted = at < end && (*at == '"' || *at == '\'');
    at += quoted;
    while (at < end && is_word(*at))
        at++;
    if (quoted && (at == end || (*at != '"' && *at != '\'')))
        return false;
    at += quoted;
    while (at < end && is_blank(*at))
        at++;
    return at < end && *at == ':' && (quoted || at + 1 == end || is_blank(at[1]));
}

/*
 * Does the value of a secret reach down to the line at `from`? Upwards from there, until a pair
 * that is no deeper than the secret's key shows that its value has ended.
 */
static bool reaches(const struct kn_yaml_document *doc, size_t from, size_t to)
{
    size_t least = SIZE_MAX, lowest = from > KN_SECRET_REACH ? from - KN_SECRET_REACH : 0;

    for (;;) {
        const char *line = doc->bytes + from, *end = doc->bytes + to;
        size_t indent = indent_of(line, end);

        if (begins_pair(line, end) && indent < least)
            least = indent;
        if (least == 0 || from <= lowest)
            return false;
        to = from - 1;
        from = kn_yaml_locate(doc, to).line_start;
        line = doc->bytes + from;
        indent = indent_of(line, doc->bytes + to);
        if (from + indent < to && line[indent] != '#' && indent < least &&
            behind_key(doc, from, to) != SIZE_MAX)
            return true;
    }
}

size_t kn_secret_begin(const struct kn_yaml_document *doc, size_t from, size_t to, size_t at)
{
    size_t near = at - from > KN_SECRET_REACH ? at - KN_SECRET_REACH : from;
    size_t far = to - at > KN_SECRET_REACH ? at + KN_SECRET_REACH : to;
    size_t behind = behind_key(doc, near, far);

    if (reaches(doc, from, to))
        return from;
    return behind != SIZE_MAX ? behind : to;
}

bool kn_secret_touches(const struct kn_yaml_document *doc, size_t start, size_t end)
{
    struct kn_yaml_position line = kn_yaml_locate(doc, start);
    size_t begin = kn_secret_begin(doc, line.line_start, line.line_end,
                                   start < line.line_end ? start : line.line_end);

    return begin < line.line_end && end > begin;
}
