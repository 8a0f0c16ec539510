/* A value that is there becomes another one. */
#include <string.h>

#include "config/edit/editing.h"
#include "config/edit/place.h"
#include "config/edit/wanted.h"

static bool is_block_scalar(const struct kn_yaml_node *node)
{
    return node->style == KN_YAML_LITERAL || node->style == KN_YAML_FOLDED;
}

/* The style of the first text among the old value's. */
static enum kn_yaml_style style_of(const struct kn_yaml_node *old)
{
    while (old->kind == KN_YAML_SEQUENCE && old->first != NULL)
        old = old->first;
    return old->style;
}

/* The value takes the place of the old one. */
static enum kn_code replace_range(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_node *old = key->value;
    struct kn_text *out = kn_editing_splice(editing, old->start, old->end);

    if (kn_yaml_is_absent(old))
        kn_text_add(out, old->start == key->end ? ": " : " ");
    kn_spell_value(editing->wanted, style_of(old), kn_editing_spell(editing, key->parent), out);
    return KN_OK;
}

/* "key: | # why" keeps its comment. */
static enum kn_code replace_block_scalar(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *old = key->value;
    uint32_t header = old->start + 1, line = kn_place_line_end(doc, old->start);
    struct kn_text *out = kn_editing_splice(editing, old->start, old->end);

    kn_spell_value(editing->wanted, KN_YAML_PLAIN, KN_SPELL_BLOCK, out);
    while (header < line && strchr("+-0123456789", kn_place_byte(doc, header)) != NULL)
        header++;
    if (kn_place_byte(doc, kn_place_skip_blanks(doc, header)) == '#')
        kn_place_copy(doc, header, line < old->end ? line : old->end, out);
    return KN_OK;
}

/*
 * What stood below the key goes with its lines; the value comes behind the colon, and comments
 * between the two stay.
 */
static enum kn_code replace_block(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *old = key->value;
    uint32_t colon = kn_place_skip_blanks(doc, key->end);
    uint32_t above = kn_place_before_break(doc, kn_place_line_start(doc, old->start));
    struct kn_text *out;

    if (kn_place_byte(doc, colon) != ':' || kn_place_same_line(doc, colon, old->start))
        return kn_editing_refuse(editing, key->start, "the value is written in an unusual way");
    out = kn_editing_splice(editing, colon + 1, kn_place_line_end(doc, old->end));
    kn_text_add_char(out, ' ');
    kn_spell_value(editing->wanted, style_of(old), KN_SPELL_BLOCK, out);
    kn_place_copy(doc, colon + 1, above, out);
    return KN_OK;
}

/* The items of a list that differ: [from, from + n) of the old ones and of the new ones. */
struct change {
    const struct kn_yaml_node *before, *old, *new; /* the items before and at the change */
    uint32_t old_count, new_count;
};

static const struct kn_yaml_node *item_at(const struct kn_yaml_node *list, uint32_t i)
{
    const struct kn_yaml_node *item = list->first;

    for (; i > 0 && item != NULL; i--)
        item = item->next;
    return item;
}

static struct change compare_items(const struct kn_yaml_node *old, const struct kn_yaml_node *new)
{
    struct change change = { .old = old->first, .new = new->first };
    const struct kn_yaml_node *a, *b;
    uint32_t same = 0, tail = 0, most;

    while (change.old != NULL && change.new != NULL &&kn_wanted_is(change.new, change.old)) {
        change.before = change.old;
        change.old = change.old->next;
        change.new = change.new->next;
        same++;
    }
    most = (old->count < new->count ? old->count : new->count) - same;
    a = item_at(new, new->count - most);
    b = item_at(old, old->count - most);
    for (; a != NULL && b != NULL; a = a->next, b = b->next) /* one that differs ends the tail */
        tail = kn_wanted_is(a, b) ? tail + 1 : 0;
    change.old_count = old->count - same - tail;
    change.new_count = new->count - same - tail;
    return change;
}

static void spell_items(struct kn_editing *editing, const struct change *change, uint32_t column,
                        const struct kn_yaml_node *old, bool lead, struct kn_text *out)
{
    const struct kn_yaml_node *item = change->new;
    const char *end = kn_place_break(&editing->doc, old->start);

    for (uint32_t i = 0; i < change->new_count; i++, item = item->next) {
        if (i > 0 || lead) {
            kn_text_add(out, end);
            kn_text_fill(out, ' ', column);
            kn_text_add(out, "- ");
        }
        kn_spell_value(item, style_of(old), KN_SPELL_BLOCK, out);
    }
}

/* Each item stands on the line of its dash. */
static bool is_regular(const struct kn_yaml_document *doc, const struct kn_yaml_node *list)
{
    for (const struct kn_yaml_node *item = list->first; item != NULL; item = item->next) {
        uint32_t dash = kn_place_skip_blanks(doc, kn_place_line_start(doc, item->start));

        if (item->end == item->start || kn_place_byte(doc, dash) != '-' ||
            kn_place_skip_blanks(doc, dash + 1) != item->start)
            return false;
    }
    return true;
}

/* Nothing is alike, or all of it has to go. */
static void replace_all_items(struct kn_editing *editing, const struct kn_yaml_node *old,
                              uint32_t column)
{
    const struct change all = { .new = editing->wanted->first,
                                .new_count = editing->wanted->count };
    struct kn_text *out = kn_editing_splice(editing, old->start, old->end);

    kn_text_add(out, "- ");
    spell_items(editing, &all, column, old, false, out);
}

static void insert_items(struct kn_editing *editing, const struct change *change, uint32_t column,
                         const struct kn_yaml_node *old)
{
    const struct kn_yaml_document *doc = &editing->doc;
    uint32_t end;
    struct kn_text *out;

    if (change->before != NULL) {
        end = kn_place_line_end(doc, change->before->end);
        spell_items(editing, change, column, old, true, kn_editing_splice(editing, end, end));
        return;
    }
    out = kn_editing_splice(editing, old->start, old->start);
    kn_text_add(out, "- ");
    spell_items(editing, change, column, old, false, out);
    kn_text_add(out, kn_place_break(doc, old->start));
    kn_text_fill(out, ' ', column);
}

/* Only the items that differ are touched, so that comments beside the others stay. */
static enum kn_code replace_items(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *old = key->value, *last;
    struct change change = compare_items(old, editing->wanted);
    uint32_t column;

    if (!kn_place_column(doc, old->start, &column))
        return kn_editing_refuse(editing, key->start, "the list is written in an unusual way");
    if (!is_regular(doc, old)) {
        replace_all_items(editing, old, column);
        return KN_OK;
    }
    if (change.old_count == 0) {
        insert_items(editing, &change, column, old);
        return KN_OK;
    }
    last = change.old;
    for (uint32_t i = 1; i < change.old_count; i++)
        last = last->next;
    if (change.new_count == 0)
        (void)kn_editing_splice(editing, kn_place_line_start(doc, change.old->start),
                                kn_place_next_line(doc, last->end));
    else
        spell_items(editing, &change, column, old, false,
                    kn_editing_splice(editing, change.old->start, last->end));
    return KN_OK;
}

enum kn_code kn_splice_value(struct kn_editing *editing)
{
    const struct kn_yaml_node *key = editing->keys[editing->found - 1], *old = key->value;

    if (is_block_scalar(old))
        return replace_block_scalar(editing, key);
    if (old->kind == KN_YAML_SCALAR || old->style == KN_YAML_FLOW)
        return replace_range(editing, key);
    if (old->kind == KN_YAML_SEQUENCE && editing->wanted->kind == KN_YAML_SEQUENCE &&
        editing->wanted->count > 0)
        return replace_items(editing, key);
    return replace_block(editing, key);
}

enum kn_code kn_splice_rename(struct kn_editing *editing, const char *name)
{
    const struct kn_yaml_node *key = editing->keys[editing->found - 1];
    struct kn_text *out = kn_editing_splice(editing, key->start, key->end);

    kn_spell_text(name, key->style, kn_editing_spell(editing, key->parent), out);
    return KN_OK;
}
