/* A key goes, with its value and the sections that it leaves empty. */
#include "config/edit/editing.h"
#include "config/edit/place.h"

/* Comment lines of their own stand inside the mapping that is the value of `key`. */
static bool holds_comments(const struct kn_yaml_document *doc, const struct kn_yaml_node *key)
{
    const struct kn_yaml_node *map = key->value, *only = map->first;
    uint32_t end = kn_editing_pair_end(key), start, column;

    if (map->style == KN_YAML_FLOW)
        return kn_place_has_comment(doc, kn_place_next_line(doc, map->start),
                                    kn_place_line_start(doc, only->start)) ||
               kn_place_has_comment(doc, kn_place_next_line(doc, kn_editing_pair_end(only)),
                                    kn_place_line_start(doc, end));
    if (!kn_place_entry(doc, key->start, &start, &column))
        return true;
    return kn_place_has_comment(doc, kn_place_next_line(doc, key->end),
                                kn_place_line_start(doc, only->start)) ||
           kn_place_entry_end(doc, end, column) > kn_place_line_end(doc, end);
}

/* The level of the outermost key that can go with the one asked for. */
static size_t level_to_remove(const struct kn_editing *editing)
{
    size_t level = editing->found - 1;

    while (level > 0 && editing->keys[level]->parent->count == 1 &&
           !holds_comments(&editing->doc, editing->keys[level - 1]))
        level--;
    return level;
}

static enum kn_code remove_lines(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    uint32_t start, column;

    if (!kn_place_entry(doc, key->start, &start, &column))
        return kn_editing_refuse(editing, key->start, "the key is written in an unusual way");
    (void)kn_editing_splice(editing, kn_place_line_start(doc, start),
                            kn_place_next_line(doc, kn_editing_pair_end(key)));
    return KN_OK;
}

static const struct kn_yaml_node *previous(const struct kn_yaml_node *key)
{
    const struct kn_yaml_node *before = NULL;

    for (const struct kn_yaml_node *k = key->parent->first; k != key; k = k->next)
        before = k;
    return before;
}

/*
 * The last pair takes the comma before it along. What stands between that comma and `keep` are
 * comments, and stays.
 */
static void remove_last(struct kn_editing *editing, const struct kn_yaml_node *before,
                        uint32_t keep, uint32_t end)
{
    const struct kn_yaml_document *doc = &editing->doc;
    uint32_t comma = kn_place_skip_space(doc, kn_editing_pair_end(before));
    struct kn_text *out = kn_editing_splice(editing, comma, end);

    kn_place_copy(doc, comma + 1, keep, out);
}

static void remove_own_line(struct kn_editing *editing, const struct kn_yaml_node *key, bool comma)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *before = previous(key);
    uint32_t line = kn_place_line_start(doc, key->start);
    uint32_t next = kn_place_next_line(doc, kn_editing_pair_end(key));

    if (comma || before == NULL)
        (void)kn_editing_splice(editing, line, next);
    else
        remove_last(editing, before, line, next);
}

static void remove_beside(struct kn_editing *editing, const struct kn_yaml_node *key, bool comma,
                          uint32_t after)
{
    const struct kn_yaml_document *doc = &editing->doc;
    const struct kn_yaml_node *before = previous(key);
    uint32_t end = kn_editing_pair_end(key);

    if (key->next != NULL && kn_place_skip_blanks(doc, after + 1) == key->next->start)
        (void)kn_editing_splice(editing, key->start, key->next->start);
    else if (key->next != NULL || (before == NULL && comma))
        (void)kn_editing_splice(editing, key->start, after + 1);
    else if (before == NULL)
        (void)kn_editing_splice(editing, key->start, end);
    else if (kn_place_has_comment(doc, kn_place_skip_space(doc, kn_editing_pair_end(before)) + 1,
                                  key->start))
        remove_last(editing, before, key->start, end);
    else
        remove_last(editing, before, 0, end);
}

static enum kn_code remove_flow(struct kn_editing *editing, const struct kn_yaml_node *key)
{
    const struct kn_yaml_document *doc = &editing->doc;
    uint32_t end = kn_editing_pair_end(key), after = kn_place_skip_space(doc, end);
    bool comma = kn_place_byte(doc, after) == ',';
    bool beside = comma && kn_place_same_line(doc, end, after);

    if (kn_place_begins_line(doc, key->start) &&
        !kn_place_same_line(doc, key->start, key->parent->start) &&
        (comma ? beside && kn_place_ends_line(doc, after + 1) : kn_place_ends_line(doc, end)))
        remove_own_line(editing, key, comma);
    else
        remove_beside(editing, key, comma, after);
    return KN_OK;
}

enum kn_code kn_splice_remove(struct kn_editing *editing)
{
    const struct kn_yaml_node *key = editing->keys[level_to_remove(editing)];

    if (key->parent->style == KN_YAML_FLOW)
        return remove_flow(editing, key);
    return remove_lines(editing, key);
}
