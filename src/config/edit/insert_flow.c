/* A key that is missing in a mapping with braces, of YAML or JSON. */
#include "config/edit/editing.h"
#include "config/edit/place.h"

/* How the neighbours are written. */
struct manner {
    enum kn_yaml_style keys;
    const char *colon, *comma; /* ": " or ":"; ", " or "," */
    uint32_t margin, first;    /* bytes [margin, first) stand before the keys of this mapping */
    bool deeper;               /* and `step` spaces more */
    bool lines;                /* each key has a line */
    uint32_t step;
    const char *end;
};

static void new_line(const struct kn_editing *editing, const struct manner *manner, size_t depth,
                     struct kn_text *out)
{
    kn_text_add(out, manner->end);
    kn_place_copy(&editing->doc, manner->margin, manner->first, out);
    kn_text_fill(out, ' ', manner->step * (depth + manner->deeper));
}

/* The missing part of the path; where keys have lines, so have those of new sections. */
static void spell_pair(const struct kn_editing *editing, const struct manner *manner,
                       struct kn_text *out)
{
    enum kn_spell how = editing->json ? KN_SPELL_JSON : KN_SPELL_FLOW;
    size_t depth = 0;

    for (size_t i = editing->found; i < editing->count; i++) {
        if (i > editing->found) {
            kn_text_add_char(out, '{');
            depth++;
            if (manner->lines)
                new_line(editing, manner, depth, out);
        }
        kn_spell_text(editing->parts[i], manner->keys, how, out);
        kn_text_add(out, manner->colon);
    }
    kn_spell_value(editing->wanted, KN_YAML_PLAIN, how, out);
    while (depth-- > 0) {
        if (manner->lines)
            new_line(editing, manner, depth, out);
        kn_text_add_char(out, '}');
    }
}

static bool has_own_line(const struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;

    return kn_place_begins_line(doc, key->start) &&
           !kn_place_same_line(doc, key->start, key->parent->start);
}

static struct manner manner_of(const struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    struct manner manner = { .keys = key->style, .colon = ": ", .comma = ", " };
    const struct kn_yaml_node *other = key->parent->first;
    uint32_t after;

    manner.margin = kn_place_line_start(doc, key->start);
    manner.first = kn_place_skip_blanks(doc, manner.margin);
    manner.lines = has_own_line(editing, key);
    manner.step = kn_place_step(doc);
    manner.end = kn_place_break(doc, key->start);
    if (key->style == KN_YAML_PLAIN || kn_place_byte(doc, key->end) != ':' ||
        key->value->start != key->end + 1 || kn_yaml_is_absent(key->value))
        return manner;
    manner.colon = ":";
    after = kn_place_skip_space(doc, kn_editing_pair_end(other));
    if (kn_place_byte(doc, after) != ',' || kn_place_skip_blanks(doc, after + 1) == after + 1)
        manner.comma = ",";
    return manner;
}

/* After `key`, on its line. */
static void insert_beside(struct kn_editing *editing, const struct kn_yaml_node *key,
                          const struct manner *manner)
{
    uint32_t at = kn_editing_pair_end(key);
    struct kn_text *out;

    if (kn_yaml_is_absent(key->value))
        at = kn_place_skip_blanks(&editing->doc, at);
    out = kn_editing_splice(editing, at, at);
    kn_text_add(out, manner->comma);
    spell_pair(editing, manner, out);
}

static void insert_after(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    struct manner manner = manner_of(editing, key);
    uint32_t from = kn_editing_pair_end(key), comma = kn_place_skip_space(doc, from), line;
    bool before_comma = kn_place_byte(doc, comma) == ',';
    struct kn_text *out;

    if (!manner.lines ||
        (before_comma ? !kn_place_same_line(doc, from, comma) || !kn_place_ends_line(doc, comma + 1)
                      : !kn_place_ends_line(doc, from))) {
        manner.lines = false;
        insert_beside(editing, key, &manner);
        return;
    }
    line = kn_place_line_end(doc, from);
    out = kn_editing_splice(editing, before_comma ? line : from, line);
    if (!before_comma) {
        kn_text_add_char(out, ',');
        kn_place_copy(doc, from, line, out);
    }
    new_line(editing, &manner, 0, out);
    spell_pair(editing, &manner, out);
    if (before_comma)
        kn_text_add_char(out, ',');
}

static void insert_before(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    struct manner manner = manner_of(editing, key);
    uint32_t line = kn_place_line_end(doc, key->parent->start);
    struct kn_text *out;

    if (!manner.lines) {
        out = kn_editing_splice(editing, key->start, key->start);
        spell_pair(editing, &manner, out);
        kn_text_add(out, manner.comma);
        return;
    }
    out = kn_editing_splice(editing, line, line);
    new_line(editing, &manner, 0, out);
    spell_pair(editing, &manner, out);
    kn_text_add_char(out, ',');
}

/* "{}", "{ }", and braces on two lines. */
static void insert_only(struct kn_editing *editing, const struct kn_yaml_node *map)
{
    const struct kn_yaml_document *doc = &editing->doc;
    uint32_t inner = map->start + 1, last = map->end - 1, line = kn_place_line_start(doc, last);
    struct manner manner = { .colon = ": ", .deeper = true };
    struct kn_text *out;

    manner.keys = editing->json ? KN_YAML_DOUBLE_QUOTED : KN_YAML_PLAIN;
    manner.lines = !kn_place_same_line(doc, map->start, last);
    manner.step = kn_place_step(doc);
    manner.end = kn_place_break(doc, map->start);
    manner.margin = kn_place_line_start(doc, map->start);
    manner.first = kn_place_skip_blanks(doc, manner.margin);
    if (manner.lines) {
        line = kn_place_before_break(doc, line);
        out = kn_editing_splice(editing, line, line);
        new_line(editing, &manner, 0, out);
        spell_pair(editing, &manner, out);
        return;
    }
    out = kn_editing_splice(editing, inner, inner);
    kn_place_copy(doc, inner, last, out);
    spell_pair(editing, &manner, out);
}

/* A section that is null: braces take its place. */
static void insert_braces(struct kn_editing *editing)
{
    const struct kn_yaml_node *key = editing->keys[editing->found - 1], *null = key->value;
    struct manner manner = manner_of(editing, key);
    struct kn_text *out = kn_editing_splice(editing, null->start, null->end);

    manner.lines = false;
    if (kn_yaml_is_absent(null))
        kn_text_add(out, null->start == key->end ? ": " : " ");
    kn_text_add_char(out, '{');
    spell_pair(editing, &manner, out);
    kn_text_add_char(out, '}');
}

enum kn_code kn_splice_insert_flow(struct kn_editing *editing, const struct kn_yaml_node *map)
{
    const struct kn_yaml_node *before;

    if (map == NULL) {
        insert_braces(editing);
    } else if (map->count == 0) {
        insert_only(editing, map);
    } else {
        before = kn_editing_predecessor(editing, map);
        if (before != NULL)
            insert_after(editing, before);
        else
            insert_before(editing, map->first);
    }
    return KN_OK;
}
