#include "config/edit/editing.h"

#include <string.h>

#include "config/schema/setting.h"

enum { PATH_SIZE = 2 * KN_SETTING_KEY_MAX };

struct kn_yaml_node *kn_editing_map(const struct kn_editing *editing, size_t level)
{
    return level == 0 ? editing->doc.root : editing->keys[level - 1]->value;
}

enum kn_code kn_editing_refuse(struct kn_editing *editing, uint32_t at, const char *text)
{
    struct kn_yaml_position place = kn_yaml_locate(&editing->doc, at);

    (void)kn_fail(editing->err, KN_E_UNSUPPORTED, "%u:%u: %s", (unsigned)place.line,
                  (unsigned)place.column, text);
    kn_hint(editing->err, "Change %s in the file by hand: kwaainet config edit.",
            editing->edit->key);
    return KN_E_UNSUPPORTED;
}

struct kn_text *kn_editing_splice(struct kn_editing *editing, uint32_t start, uint32_t end)
{
    editing->splice.start = start;
    editing->splice.end = end;
    return &editing->splice.text;
}

enum kn_spell kn_editing_spell(const struct kn_editing *editing, const struct kn_yaml_node *map)
{
    if (editing->json)
        return KN_SPELL_JSON;
    return map->style == KN_YAML_FLOW ? KN_SPELL_FLOW : KN_SPELL_BLOCK;
}

uint32_t kn_editing_pair_end(const struct kn_yaml_node *key)
{
    return key->value->end > key->end ? key->value->end : key->end;
}

/* Place in the table of the first setting at or below `parts` and then `name`. */
static size_t rank(const struct kn_editing *editing, const char *name)
{
    char path[PATH_SIZE] = "";
    size_t n = 0;

    for (size_t i = 0; i <= editing->found; i++) {
        const char *part = i < editing->found ? editing->parts[i] : name;
        size_t length = strlen(part);

        if (n + length + 2 > sizeof(path))
            return kn_setting_count;
        memcpy(path + n, part, length);
        n += length;
        path[n++] = i < editing->found ? '.' : '\0';
    }
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (strncmp(kn_settings[i].key, path, n - 1) == 0 &&
            (kn_settings[i].key[n - 1] == '\0' || kn_settings[i].key[n - 1] == '.'))
            return i;
    }
    return kn_setting_count;
}

const struct kn_yaml_node *kn_editing_predecessor(const struct kn_editing *editing,
                                                  const struct kn_yaml_node *map)
{
    const struct kn_yaml_node *best = NULL;
    size_t own = rank(editing, editing->parts[editing->found]), best_rank = 0;

    for (const struct kn_yaml_node *key = map->first; key != NULL; key = key->next) {
        size_t other = rank(editing, key->text);

        if (other < own && (best == NULL || other > best_rank)) {
            best = key;
            best_rank = other;
        }
    }
    return best;
}
