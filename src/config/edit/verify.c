#include "config/edit/verify.h"

#include <string.h>

#include "config/edit/wanted.h"
#include "lib/yaml/yaml.h"

static bool is_section(const struct kn_yaml_node *node)
{
    return node == NULL || node->kind == KN_YAML_MAPPING || kn_yaml_is_null(node);
}

static const struct kn_yaml_node *first_key(const struct kn_yaml_node *section)
{
    return section != NULL && section->kind == KN_YAML_MAPPING ? section->first : NULL;
}

static bool has_name(const struct kn_yaml_node *key, const char *name)
{
    return key != NULL && strcmp(key->text, name) == 0;
}

static bool same_pair(const struct kn_yaml_node *old, const struct kn_yaml_node *new)
{
    return old != NULL && new != NULL &&strcmp(old->text, new->text) == 0 &&
           kn_yaml_equal(old->value, new->value);
}

/* The last part of the path; `old` or `new` is NULL where the key is missing. */
static bool leaf_keeps(const struct kn_edit_promise *promise, const struct kn_yaml_node *old,
                       const struct kn_yaml_node *new)
{
    switch (promise->kind) {
    case KN_EDIT_SET:
        return new != NULL &&kn_wanted_is(promise->wanted, new->value);
    case KN_EDIT_UNSET:
        return old != NULL && new == NULL;
    case KN_EDIT_RENAME:
        break;
    }
    return old != NULL && new != NULL &&kn_yaml_equal(old->value, new->value);
}

static bool section_keeps(const struct kn_edit_promise *promise, size_t level,
                          const struct kn_yaml_node *old, const struct kn_yaml_node *new);

/* A key of the path, in the old file, the new one, or both. */
static bool part_keeps(const struct kn_edit_promise *promise, size_t level,
                       const struct kn_yaml_node *old, const struct kn_yaml_node *new)
{
    if (level + 1 == promise->count)
        return leaf_keeps(promise, old, new);
    if (promise->kind != KN_EDIT_SET && old == NULL)
        return false;
    if (promise->kind != KN_EDIT_UNSET && new == NULL)
        return false;
    return section_keeps(promise, level + 1, old != NULL ? old->value : NULL,
                         new != NULL ? new->value : NULL);
}

/*
 * Both sections have the same pairs in the same order but for the one on the path. Recursion: as
 * deep as the path, which is no deeper than the tree.
 */
static bool section_keeps(const struct kn_edit_promise *promise, size_t level,
                          const struct kn_yaml_node *old, const struct kn_yaml_node *new)
{
    const char *name = promise->parts[level], *renamed = name;
    const struct kn_yaml_node *a = first_key(old), *b = first_key(new);
    bool met = false;

    if (!is_section(old) || !is_section(new))
        return false;
    if (promise->kind == KN_EDIT_RENAME && level + 1 == promise->count)
        renamed = promise->name;
    while (a != NULL || b != NULL) {
        bool in_old = has_name(a, name), in_new = has_name(b, renamed);

        if (!in_old && !in_new) {
            if (!same_pair(a, b))
                return false;
        } else {
            if (met || !part_keeps(promise, level, in_old ? a : NULL, in_new ? b : NULL))
                return false;
            met = true;
        }
        a = a != NULL && (in_old || !in_new) ? a->next : a;
        b = b != NULL && (in_new || !in_old) ? b->next : b;
    }
    return met;
}

bool kn_edit_keeps(const struct kn_edit_promise *promise, const struct kn_yaml_node *old,
                   const struct kn_yaml_node *new)
{
    return section_keeps(promise, 0, old, new);
}
