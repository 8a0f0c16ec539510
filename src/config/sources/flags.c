#include "config/sources/flags.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/nearest.h"

const struct kn_flag_info kn_flag_infos[] = {
    { "--config", "PATH", "Read this file instead of ./node_config.yaml." },
    { "--home", "PATH", "Keep keys and caches here instead of ~/.kwaainet." },
    { "--set", "KEY=VALUE", "Set any setting by its key." },
    { NULL, NULL, NULL },
};

static struct kn_flag wrong(const char *name, size_t used)
{
    return (struct kn_flag){ .kind = KN_FLAG_WRONG, .name = name, .used = used };
}

/* "KEY=VALUE" behind --set. */
static struct kn_flag match_set(struct kn_arena *arena, struct kn_flag flag, struct kn_error *err)
{
    const char *equals = strchr(flag.value, '=');
    /* "node.port=" is shown as it is. */
    int shown = kn_key_shown(flag.value) + (equals != NULL && equals != flag.value);
    struct kn_nearest nearest;
    char *key;

    if (equals == NULL || equals == flag.value || equals[1] == '\0') {
        (void)kn_fail(err, KN_E_SYNTAX, "--set %.*s%s: not KEY=VALUE", shown, flag.value,
                      flag.value[shown] != '\0' ? "…" : "");
        kn_hint(err, "Write for example --set node.port=8080; null takes a value away.");
        return wrong(flag.name, flag.used);
    }
    key = kn_arena_dup_n(arena, flag.value, (size_t)(equals - flag.value));
    flag.setting = key != NULL ? kn_setting_find(key) : NULL;
    if (key == NULL)
        return wrong(flag.name, flag.used);
    if (flag.setting == NULL) {
        nearest = kn_nearest_to(key);
        for (size_t i = 0; i < kn_setting_count; i++)
            kn_nearest_offer(&nearest, kn_settings[i].key);
        (void)kn_fail(err, KN_E_NOT_FOUND, "--set %.100s: unknown key", key);
        if (nearest.best != NULL)
            kn_hint(err, "Did you mean %s?", nearest.best);
        return wrong(flag.name, flag.used);
    }
    flag.name = kn_arena_printf(arena, "--set %s", key);
    flag.value = equals + 1;
    return flag;
}

/* The row or the kind that a name such as "--port" stands for. */
static struct kn_flag lookup(const char *name)
{
    struct kn_flag flag = { .kind = KN_FLAG_SETTING, .name = name };

    if (strcmp(name, "--config") == 0)
        flag.kind = KN_FLAG_CONFIG;
    else if (strcmp(name, "--home") == 0)
        flag.kind = KN_FLAG_HOME;
    else if (strcmp(name, "--version") == 0)
        flag.setting = kn_setting_find("node.version");
    else if (strcmp(name, "--set") != 0)
        flag.kind = KN_FLAG_UNKNOWN;
    for (size_t i = 0; flag.kind == KN_FLAG_UNKNOWN && i < kn_setting_count; i++) {
        if (kn_settings[i].flag == NULL || strcmp(kn_settings[i].flag, name) != 0)
            continue;
        flag.kind = KN_FLAG_SETTING;
        flag.setting = &kn_settings[i];
        flag.append = flag.setting->type->shape == KN_SHAPE_LIST;
    }
    return flag;
}

struct kn_flag kn_flag_match(struct kn_arena *arena, const char *const *words, size_t n,
                             struct kn_error *err)
{
    const char *equals = strchr(words[0], '=');
    size_t length = equals != NULL ? (size_t)(equals - words[0]) : strlen(words[0]);
    const char *name = kn_arena_dup_n(arena, words[0], length);
    struct kn_flag flag;

    if (name == NULL) {
        (void)kn_fail_no_memory(err);
        return wrong(words[0], 1);
    }
    flag = lookup(name);
    if (flag.kind == KN_FLAG_UNKNOWN) {
        (void)kn_fail(err, KN_E_NOT_FOUND, "unknown flag %.100s", name);
        return flag;
    }
    flag.used = equals != NULL ? 1 : 2;
    flag.value = equals != NULL ? equals + 1 : n > 1 ? words[1] : NULL;
    /* A forgotten value must not swallow the next flag; a value may begin with one dash (-1). */
    if (flag.value == NULL || flag.value[0] == '\0' ||
        (equals == NULL && strncmp(flag.value, "--", 2) == 0)) {
        (void)kn_fail(err, KN_E_SYNTAX, "%.100s has no value", name);
        kn_hint(err, "Write %.60s VALUE.", name);
        return wrong(name, 1);
    }
    return flag.kind == KN_FLAG_SETTING && flag.setting == NULL ? match_set(arena, flag, err)
                                                                : flag;
}

void kn_flag_take(const struct kn_source *source, const struct kn_flag *flag)
{
    struct kn_origin origin = { .layer = KN_LAYER_CLI, .age_s = -1 };

    origin.name = kn_arena_dup(source->layers->arena, flag->name); /* the flag may die first */
    if (origin.name == NULL)
        return;
    kn_layer_read_word(source, flag->setting, flag->value, &origin, flag->append);
}

void kn_flag_offer_all(struct kn_nearest *nearest)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].flag != NULL)
            kn_nearest_offer(nearest, kn_settings[i].flag);
    }
    for (const struct kn_flag_info *info = kn_flag_infos; info->name != NULL; info++)
        kn_nearest_offer(nearest, info->name);
}
