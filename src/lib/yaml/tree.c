#include "lib/yaml/yaml.h"

#include <string.h>

#include "lib/base/attributes.h"

struct kn_yaml_node *kn_yaml_find(const struct kn_yaml_node *mapping, const char *name)
{
    size_t length = strlen(name);

    if (mapping == NULL || mapping->kind != KN_YAML_MAPPING)
        return NULL;
    for (struct kn_yaml_node *key = mapping->first; key != NULL; key = key->next) {
        if (key->length == length && memcmp(key->text, name, length) == 0)
            return key;
    }
    return NULL;
}

bool kn_yaml_is_absent(const struct kn_yaml_node *node)
{
    return node->kind == KN_YAML_SCALAR && node->style == KN_YAML_PLAIN && node->length == 0;
}

bool kn_yaml_is_null(const struct kn_yaml_node *node)
{
    static const char *const nulls[] = { "~", "null", "Null", "NULL" };

    if (node->kind != KN_YAML_SCALAR || node->style != KN_YAML_PLAIN)
        return false;
    if (node->length != 1 && node->length != 4) /* the usual case, at once */
        return node->length == 0;
    for (size_t i = 0; i < KN_COUNT(nulls); i++) {
        if (strcmp(node->text, nulls[i]) == 0)
            return true;
    }
    return false;
}

static bool equal_scalars(const struct kn_yaml_node *a, const struct kn_yaml_node *b)
{
    if (kn_yaml_is_null(a) || kn_yaml_is_null(b))
        return kn_yaml_is_null(a) && kn_yaml_is_null(b);
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* Recursion: at most KN_YAML_DEPTH_MAX deep, because the parser builds no deeper tree. */
bool kn_yaml_equal(const struct kn_yaml_node *a, const struct kn_yaml_node *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == KN_YAML_SCALAR)
        return equal_scalars(a, b);
    a = a->first;
    b = b->first;
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (!kn_yaml_equal(a, b) || !kn_yaml_equal(a->value, b->value))
            return false;
    }
    return a == b;
}

struct kn_yaml_node kn_yaml_word(const char *text)
{
    return (struct kn_yaml_node){ .kind = KN_YAML_SCALAR,
                                  .style = KN_YAML_WORD,
                                  .length = (uint32_t)strlen(text),
                                  .text = text };
}
