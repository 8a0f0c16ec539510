#include "config/sources/env.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/nearest.h"

static const char prefix[] = "KWAAINET_";

/* Read by the program itself, not as settings. */
static const char *const reserved[] = { "KWAAINET_HOME", "KWAAINET_CONFIG" };

bool kn_env_is_reserved(const char *name)
{
    for (size_t i = 0; i < KN_COUNT(reserved); i++) {
        if (strcmp(reserved[i], name) == 0)
            return true;
    }
    return false;
}

/* Does `name` set this row by the rule KWAAINET_SECTION_KEY? */
static bool names(const char *name, const struct kn_setting *setting)
{
    char variable[KN_SETTING_VARIABLE_SIZE];

    if (strlen(name) != sizeof(prefix) - 1 + setting->key_length)
        return false;
    kn_setting_variable(setting, variable);
    return strcmp(variable, name) == 0;
}

static void warn_unknown(const struct kn_source *source, const char *name)
{
    struct kn_nearest nearest = kn_nearest_to(name);
    struct kn_arena *arena = source->layers->arena;
    struct kn_problem problem = { .kind = KN_P_UNKNOWN_VARIABLE,
                                  .origin = { .layer = KN_LAYER_ENV, .name = name, .age_s = -1 },
                                  .message = "the variable names no setting" };
    struct kn_error err = { 0 };

    for (size_t i = 0; i < kn_setting_count && !kn_problems_full(source->layers->problems); i++) {
        char variable[KN_SETTING_VARIABLE_SIZE];
        const char *kept;

        kn_setting_variable(&kn_settings[i], variable);
        kept = nearest.best;
        kn_nearest_offer(&nearest, variable);
        if (nearest.best != kept)
            nearest.best = kn_arena_dup(arena, variable);
        if (kn_settings[i].alias != NULL)
            kn_nearest_offer(&nearest, kn_settings[i].alias);
    }
    if (nearest.best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest.best);
    else
        kn_hint(&err, "Unset it; nothing reads it.");
    problem.hint = err.hint;
    kn_problems_add(source->layers->problems, &problem);
}

static void read_variable(const struct kn_source *source, const struct kn_setting *setting,
                          const char *name, const char *value)
{
    struct kn_origin origin = { .layer = KN_LAYER_ENV, .name = name, .age_s = -1 };

    kn_layer_read_word(source, setting, value, &origin, false);
}

static bool is_alias(const char *name)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].alias != NULL && strcmp(kn_settings[i].alias, name) == 0)
            return true;
    }
    return false;
}

/* One KWAAINET_ variable. */
static void take(const struct kn_source *source, const char *entry)
{
    const char *equals = strchr(entry, '=');
    const char *name;

    if (equals == NULL || equals[1] == '\0')
        return;
    name = kn_arena_dup_n(source->layers->arena, entry, (size_t)(equals - entry));
    if (name == NULL || kn_env_is_reserved(name) || is_alias(name))
        return;
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (names(name, &kn_settings[i])) {
            read_variable(source, &kn_settings[i], name, equals + 1);
            return;
        }
    }
    warn_unknown(source, name);
}

static void take_alias(const struct kn_source *source, const struct kn_setting *setting,
                       const char *const *environment)
{
    size_t n = strlen(setting->alias);

    for (const char *const *entry = environment; *entry != NULL; entry++) {
        if (strncmp(*entry, setting->alias, n) == 0 && (*entry)[n] == '=')
            read_variable(source, setting, setting->alias, *entry + n + 1);
    }
}

void kn_env_take(const struct kn_source *source, const char *const *environment)
{
    if (environment == NULL)
        return;
    /* Older names first: a later entry is the stronger one. */
    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].alias != NULL)
            take_alias(source, &kn_settings[i], environment);
    }
    for (const char *const *entry = environment; *entry != NULL; entry++) {
        if (strncmp(*entry, prefix, sizeof(prefix) - 1) == 0)
            take(source, *entry);
    }
}
