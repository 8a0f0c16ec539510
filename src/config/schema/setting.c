#include "config/schema/setting.h"

#include <string.h>

#include "lib/base/attributes.h"
#include "lib/base/utf8.h"

const struct kn_setting *kn_setting_find_next(const char *key, size_t *at)
{
    size_t n = strlen(key), i = *at;

    for (size_t left = kn_setting_count; left > 0; left--, i++) {
        if (i >= kn_setting_count)
            i = 0;
        if (kn_settings[i].key_length == n && memcmp(kn_settings[i].key, key, n) == 0) {
            *at = i + 1;
            return &kn_settings[i];
        }
    }
    return NULL;
}

const struct kn_setting *kn_setting_find(const char *key)
{
    size_t at = 0;

    return kn_setting_find_next(key, &at);
}

size_t kn_setting_index(const struct kn_setting *setting)
{
    return (size_t)(setting - kn_settings);
}

bool kn_setting_is_section(const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < kn_setting_count; i++) {
        if (kn_settings[i].key_length > n && kn_settings[i].key[n] == '.' &&
            memcmp(kn_settings[i].key, path, n) == 0)
            return true;
    }
    return false;
}

int kn_key_shown(const char *word)
{
    size_t n = strcspn(word, "=: \t\r\n/?@");

    return (int)(n < 100 ? n : kn_utf8_cut(word, 100));
}

const char *kn_setting_leaf(const struct kn_setting *setting)
{
    const char *dot = strrchr(setting->key, '.');

    return dot != NULL ? dot + 1 : setting->key;
}

void kn_setting_variable(const struct kn_setting *setting, char out[KN_SETTING_VARIABLE_SIZE])
{
    static const char prefix[] = "KWAAINET_";
    size_t n = sizeof(prefix) - 1;

    memcpy(out, prefix, n);
    for (const char *c = setting->key; *c != '\0' && n + 1 < KN_SETTING_VARIABLE_SIZE; c++) {
        if (*c >= 'a' && *c <= 'z')
            out[n++] = (char)(*c - 'a' + 'A');
        else
            out[n++] = *c == '.' ? '_' : *c;
    }
    out[n] = '\0';
}

const char *kn_apply_word(enum kn_apply apply)
{
    static const char *const words[] = { "live", "reconnect", "restart" };

    return words[apply];
}
