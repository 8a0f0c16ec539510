/* A key that is missing, and the sections above it, in block style. */
#include <string.h>

#include "config/edit/editing.h"
#include "config/edit/place.h"

enum { ITEM_STEP = 2 };

static void spell_block_value(struct kn_editing *editing, uint32_t column, const char *end,
                              struct kn_text *out)
{
    const struct kn_yaml_node *wanted = editing->wanted;

    if (wanted->kind != KN_YAML_SEQUENCE || wanted->count == 0) {
        kn_text_add_char(out, ' ');
        kn_spell_value(wanted, KN_YAML_PLAIN, KN_SPELL_BLOCK, out);
        return;
    }
    for (const struct kn_yaml_node *item = wanted->first; item != NULL; item = item->next) {
        kn_text_add(out, end);
        kn_text_fill(out, ' ', column + ITEM_STEP);
        kn_text_add(out, "- ");
        kn_spell_value(item, KN_YAML_PLAIN, KN_SPELL_BLOCK, out);
    }
}

/* The missing part of the path, from `column` on; no indentation before and no break behind. */
static void spell_pair(struct kn_editing *editing, uint32_t column, enum kn_yaml_style like,
                       const char *end, struct kn_text *out)
{
    uint32_t step = kn_place_step(&editing->doc);

    for (size_t i = editing->found; i < editing->count; i++, column += step) {
        if (i > editing->found) {
            kn_text_add(out, end);
            kn_text_fill(out, ' ', column);
        }
        kn_spell_text(editing->parts[i], like, KN_SPELL_BLOCK, out);
        kn_text_add_char(out, ':');
    }
    spell_block_value(editing, column - step, end, out);
}

/* The first of the comment lines that touch the line at `line` from above. */
static uint32_t above_comments(const struct kn_yaml_document *doc, uint32_t line)
{
    uint32_t first = kn_place_first(doc);

    while (line > first) {
        uint32_t above = kn_place_line_start(doc, kn_place_before_break(doc, line));

        if (!kn_place_is_comment(doc, above))
            break;
        line = above;
    }
    return line;
}

static void insert_line_at(struct kn_editing *editing, uint32_t at, uint32_t column,
                           enum kn_yaml_style like)
{
    const char *end = kn_place_break(&editing->doc, at);
    struct kn_text *out = kn_editing_splice(editing, at, at);

    kn_text_add(out, end);
    kn_text_fill(out, ' ', column);
    spell_pair(editing, column, like, end, out);
}

static enum kn_code insert_block(struct kn_editing *editing, const struct kn_yaml_node *map)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *before = kn_editing_predecessor(editing, map);
    const struct kn_yaml_node *like = before != NULL ? before : map->first;
    uint32_t column, at;
    struct kn_text *out;

    if (!kn_place_entry(doc, like->start, &at, &column))
        return kn_editing_refuse(editing, like->start, "the keys are written in an unusual way");
    if (before != NULL) {
        at = kn_place_entry_end(doc, kn_editing_pair_end(before), column);
        insert_line_at(editing, at, column, like->style);
        return KN_OK;
    }
    if (editing->found > 0) {
        at = kn_place_line_end(doc, editing->keys[editing->found - 1]->end);
        insert_line_at(editing, at, column, like->style);
        return KN_OK;
    }
    at = above_comments(doc, kn_place_line_start(doc, like->start));
    out = kn_editing_splice(editing, at, at);
    kn_text_fill(out, ' ', column);
    spell_pair(editing, column, like->style, kn_place_break(doc, at), out);
    kn_text_add(out, kn_place_break(doc, at));
    return KN_OK;
}

/* "node:", "node: null # why" and a null on a line of its own. */
static enum kn_code fill_null(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *null = key->value;
    uint32_t colon = kn_place_skip_blanks(doc, key->end), rest = null->end, column;
    uint32_t line = kn_place_line_end(doc, null->end);
    const char *end = kn_place_break(doc, null->end);
    bool beside = kn_place_same_line(doc, colon, null->start);
    struct kn_text *out;

    if (!kn_place_column(doc, beside ? key->start : null->start, &column) ||
        kn_place_byte(doc, colon) != ':')
        return kn_editing_refuse(editing, key->start, "the section is written in an unusual way");
    if (!beside) {
        out = kn_editing_splice(editing, null->start, null->end);
        spell_pair(editing, column, key->style, end, out);
        return KN_OK;
    }
    column += kn_place_step(doc);
    if (kn_yaml_is_absent(null)) {
        insert_line_at(editing, line, column, key->style);
        return KN_OK;
    }
    out = kn_editing_splice(editing, colon + 1, line);
    if (kn_place_skip_blanks(doc, rest) < line)
        kn_place_copy(doc, rest, line, out);
    kn_text_add(out, end);
    kn_text_fill(out, ' ', column);
    spell_pair(editing, column, key->style, end, out);
    return KN_OK;
}

/* "..." alone on its line, or the end of the file. */
static uint32_t end_of_document(const struct kn_yaml_document *doc)
{
    uint32_t line = kn_place_first(doc);

    for (; line < doc->size; line = kn_place_next_line(doc, line)) {
        if (doc->size - line >= 3 && memcmp(doc->bytes + line, "...", 3) == 0 &&
            kn_place_ends_line(doc, line + 3))
            return line;
    }
    return line;
}

/* A file without a value: nothing, comments, "---". Its last line ends as it did. */
static enum kn_code insert_first(struct kn_editing *editing)
{
    const struct kn_yaml_document *doc = &editing->doc;
    uint32_t at = end_of_document(doc);
    bool hangs = at == doc->size && at > kn_place_line_start(doc, at);
    const char *end = kn_place_break(doc, at);
    struct kn_text *out = kn_editing_splice(editing, at, at);

    if (hangs)
        kn_text_add(out, end);
    spell_pair(editing, 0, KN_YAML_PLAIN, end, out);
    if (!hangs)
        kn_text_add(out, end);
    return KN_OK;
}

enum kn_code kn_splice_insert(struct kn_editing *editing)
{
    const struct kn_yaml_node *key, *at;

    if (editing->doc.root == NULL)
        return insert_first(editing);
    key = editing->found > 0 ? editing->keys[editing->found - 1] : NULL;
    at = key != NULL ? key->value : editing->doc.root;
    if (at->kind == KN_YAML_MAPPING && at->style == KN_YAML_BLOCK)
        return insert_block(editing, at);
    if (at->kind == KN_YAML_MAPPING)
        return kn_splice_insert_flow(editing, at);
    if (key == NULL || !kn_yaml_is_null(at))
        return kn_editing_refuse(editing, at->start, "a value stands where a section belongs");
    if (key->parent->style == KN_YAML_FLOW)
        return kn_splice_insert_flow(editing, NULL);
    return fill_null(editing, key);
}
