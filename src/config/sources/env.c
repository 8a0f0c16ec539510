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

/* The row that a variable sets; `*alias` says whether by its older name. */
static const struct kn_setting *find(const char *name, bool *alias)
{
    for (size_t i = 0; i < kn_setting_count; i++) {
        char variable[KN_SETTING_VARIABLE_SIZE];

        *alias = kn_settings[i].alias != NULL && strcmp(kn_settings[i].alias, name) == 0;
        if (*alias)
            return &kn_settings[i];
        if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
            continue;
        kn_setting_variable(&kn_settings[i], variable);
        if (strcmp(variable, name) == 0)
            return &kn_settings[i];
    }
    return NULL;
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

static void take(const struct kn_source *source, const char *entry, bool aliases)
{
    const char *equals = strchr(entry, '=');
    const struct kn_setting *setting;
    struct kn_origin origin = { .layer = KN_LAYER_ENV, .age_s = -1 };
    bool alias = false;

    if (equals == NULL || equals[1] == '\0')
        return;
    origin.name = kn_arena_dup_n(source->layers->arena, entry, (size_t)(equals - entry));
    if (origin.name == NULL)
        return;
    setting = find(origin.name, &alias);
    if (setting == NULL) {
        if (!aliases && strncmp(entry, prefix, sizeof(prefix) - 1) == 0 &&
            !kn_env_is_reserved(origin.name))
            warn_unknown(source, origin.name);
    } else if (alias == aliases) {
        kn_layer_read_word(source, setting, equals + 1, &origin, false);
    }
}

/* Could this variable be one of ours? Saves the copy of all others. */
static bool is_candidate(const char *entry)
{
    if (strncmp(entry, prefix, sizeof(prefix) - 1) == 0)
        return true;
    for (size_t i = 0; i < kn_setting_count; i++) {
        const char *alias = kn_settings[i].alias;

        if (alias != NULL && strncmp(entry, alias, strlen(alias)) == 0 &&
            entry[strlen(alias)] == '=')
            return true;
    }
    return false;
}

void kn_env_take(const struct kn_source *source, const char *const *environment)
{
    /* Older names first: a later entry is the stronger one. */
    for (int aliases = 1; aliases >= 0; aliases--) {
        for (const char *const *entry = environment; entry != NULL && *entry != NULL; entry++) {
            if (is_candidate(*entry))
                take(source, *entry, aliases == 1);
        }
    }
}
