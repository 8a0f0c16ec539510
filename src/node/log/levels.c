#include "node/log/levels.h"

#include <string.h>

/* The index of the word that `text` begins with, `end` behind it. False: it is none of them. */
static bool find(const struct kn_word *words, const char *text, char end, int *out)
{
    for (int i = 0; words[i].name != NULL; i++) {
        size_t n = strlen(words[i].name);

        if (strncmp(text, words[i].name, n) == 0 && text[n] == end) {
            *out = i;
            return true;
        }
    }
    return false;
}

void kn_log_levels_set(struct kn_log_levels *levels, enum kn_level all, const char *const *modules,
                       size_t n)
{
    int module, level;

    for (size_t i = 0; i < KN_LOG_MODULE_COUNT; i++)
        levels->of[i] = all;
    for (size_t i = 0; i < n; i++) {
        if (find(kn_words_log_module, modules[i], '=', &module) &&
            find(kn_words_level, strchr(modules[i], '=') + 1, '\0', &level))
            levels->of[module] = (enum kn_level)level;
    }
}

bool kn_log_levels_take(const struct kn_log_levels *levels, enum kn_level level,
                        enum kn_log_module module)
{
    return level <= levels->of[module];
}
