#include "config/edit/place.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

enum { BOM_SIZE = 3, STEP = 2 };

unsigned char kn_place_byte(const struct kn_yaml_document *doc, uint32_t at)
{
    return at < doc->size ? (unsigned char)doc->bytes[at] : 0;
}

static bool is_break(unsigned char byte)
{
    return byte == '\n' || byte == '\r';
}

uint32_t kn_place_first(const struct kn_yaml_document *doc)
{
    return doc->size >= BOM_SIZE && memcmp(doc->bytes, "\xef\xbb\xbf", BOM_SIZE) == 0 ? BOM_SIZE
                                                                                      : 0;
}

uint32_t kn_place_line_start(const struct kn_yaml_document *doc, uint32_t at)
{
    uint32_t first = kn_place_first(doc);

    while (at > first && !is_break(kn_place_byte(doc, at - 1)))
        at--;
    return at;
}

uint32_t kn_place_line_end(const struct kn_yaml_document *doc, uint32_t at)
{
    while (at < doc->size && !is_break(kn_place_byte(doc, at)))
        at++;
    return at;
}

uint32_t kn_place_next_line(const struct kn_yaml_document *doc, uint32_t at)
{
    at = kn_place_line_end(doc, at);
    if (kn_place_byte(doc, at) == '\r' && kn_place_byte(doc, at + 1) == '\n')
        return at + 2;
    return at < doc->size ? at + 1 : at;
}

uint32_t kn_place_before_break(const struct kn_yaml_document *doc, uint32_t at)
{
    if (at > 1 && doc->bytes[at - 1] == '\n' && doc->bytes[at - 2] == '\r')
        return at - 2;
    return at > 0 && is_break(kn_place_byte(doc, at - 1)) ? at - 1 : at;
}

uint32_t kn_place_skip_blanks(const struct kn_yaml_document *doc, uint32_t at)
{
    while (kn_place_byte(doc, at) == ' ' || kn_place_byte(doc, at) == '\t')
        at++;
    return at;
}

uint32_t kn_place_skip_space(const struct kn_yaml_document *doc, uint32_t at)
{
    for (;;) {
        at = kn_place_skip_blanks(doc, at);
        if (kn_place_byte(doc, at) == '#')
            at = kn_place_line_end(doc, at);
        else if (is_break(kn_place_byte(doc, at)))
            at++;
        else
            return at;
    }
}

bool kn_place_same_line(const struct kn_yaml_document *doc, uint32_t a, uint32_t b)
{
    return kn_place_line_start(doc, a) == kn_place_line_start(doc, b);
}

bool kn_place_begins_line(const struct kn_yaml_document *doc, uint32_t at)
{
    return kn_place_skip_blanks(doc, kn_place_line_start(doc, at)) == at;
}

bool kn_place_ends_line(const struct kn_yaml_document *doc, uint32_t at)
{
    at = kn_place_skip_blanks(doc, at);
    return at >= doc->size || is_break(kn_place_byte(doc, at)) || kn_place_byte(doc, at) == '#';
}

bool kn_place_column(const struct kn_yaml_document *doc, uint32_t at, uint32_t *out)
{
    uint32_t line = kn_place_line_start(doc, at);

    *out = at - line;
    while (line < at && kn_place_byte(doc, line) == ' ')
        line++;
    return line == at;
}

bool kn_place_entry(const struct kn_yaml_document *doc, uint32_t key, uint32_t *start,
                    uint32_t *column)
{
    uint32_t mark = kn_place_skip_blanks(doc, kn_place_line_start(doc, key));

    *start = mark;
    if (mark < key &&
        (kn_place_byte(doc, mark) != '?' || kn_place_skip_blanks(doc, mark + 1) != key))
        return false;
    return kn_place_column(doc, mark, column);
}

bool kn_place_is_comment(const struct kn_yaml_document *doc, uint32_t line)
{
    return kn_place_byte(doc, kn_place_skip_blanks(doc, line)) == '#';
}

bool kn_place_is_blank(const struct kn_yaml_document *doc, uint32_t line)
{
    line = kn_place_skip_blanks(doc, line);
    return line < doc->size && is_break(kn_place_byte(doc, line));
}

bool kn_place_has_comment(const struct kn_yaml_document *doc, uint32_t start, uint32_t end)
{
    for (; start < end; start = kn_place_next_line(doc, start)) {
        if (kn_place_is_comment(doc, start))
            return true;
    }
    return false;
}

/* A comment that is indented deeper than the key above it speaks about what that key holds. */
uint32_t kn_place_entry_end(const struct kn_yaml_document *doc, uint32_t end, uint32_t column)
{
    uint32_t line = kn_place_next_line(doc, end), found = kn_place_line_end(doc, end);

    for (; line < doc->size; line = kn_place_next_line(doc, line)) {
        if (kn_place_is_blank(doc, line))
            continue;
        if (!kn_place_is_comment(doc, line) || kn_place_skip_blanks(doc, line) - line <= column)
            break;
        found = kn_place_line_end(doc, line);
    }
    return found;
}

static const char *break_at(const struct kn_yaml_document *doc, uint32_t at)
{
    if (kn_place_byte(doc, at) == '\n')
        return "\n";
    if (kn_place_byte(doc, at) != '\r')
        return NULL;
    return kn_place_byte(doc, at + 1) == '\n' ? "\r\n" : "\r";
}

const char *kn_place_break(const struct kn_yaml_document *doc, uint32_t at)
{
    uint32_t before = kn_place_before_break(doc, kn_place_line_start(doc, at));
    const char *found = break_at(doc, kn_place_line_end(doc, at));

    if (found == NULL)
        found = break_at(doc, before);
    return found != NULL ? found : "\n";
}

/* Columns between the line of `outer` and `inner`, which begins a line; 0 when it does not. */
static uint32_t deeper(const struct kn_yaml_document *doc, uint32_t outer, uint32_t inner)
{
    uint32_t line = kn_place_line_start(doc, outer), column;
    uint32_t base = kn_place_skip_blanks(doc, line) - line;

    return kn_place_column(doc, inner, &column) && column > base ? column - base : 0;
}

uint32_t kn_place_step(const struct kn_yaml_document *doc)
{
    const struct kn_yaml_node *root = doc->root;
    uint32_t step = 0;

    if (root == NULL || root->kind != KN_YAML_MAPPING)
        return STEP;
    for (const struct kn_yaml_node *key = root->first; key != NULL && step == 0; key = key->next) {
        if (key->value->kind == KN_YAML_MAPPING && key->value->first != NULL)
            step = deeper(doc, key->start, key->value->first->start);
    }
    if (step == 0 && root->style == KN_YAML_FLOW && root->first != NULL)
        step = deeper(doc, root->start, root->first->start);
    return step > 0 ? step : STEP;
}

void kn_place_copy(const struct kn_yaml_document *doc, uint32_t start, uint32_t end,
                   struct kn_text *out)
{
    if (start < end)
        kn_text_add_n(out, doc->bytes + start, end - start);
}
