/* libkwaai-config: the public functions over the same load that the program uses. */
#include "kwaainet/config.h"

#include <string.h>

#include "config/outside.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"

struct kwaai_config {
    struct kn_snapshot *snapshot;
    struct kn_arena *arena; /* of the path */
    const char *path;
};

static enum kwaai_config_result result_of(enum kn_code rc)
{
    return rc == KN_OK            ? KWAAI_CONFIG_OK
           : rc == KN_E_NO_MEMORY ? KWAAI_CONFIG_NO_MEMORY
                                  : KWAAI_CONFIG_BAD_PATH;
}

static enum kn_code load(const struct kwaai_config_options *options, struct kwaai_config *config)
{
    struct kn_config_request request;
    struct kn_config_paths paths;
    enum kn_code rc = kn_outside_request(options, config->arena, &request, NULL);

    if (rc == KN_OK)
        rc = kn_config_locate(&request, config->arena, &paths, NULL);
    if (rc != KN_OK)
        return rc;
    config->path = paths.config;
    return kn_config_load(&request, &config->snapshot, NULL);
}

enum kwaai_config_result kwaai_config_load(const struct kwaai_config_options *options,
                                           struct kwaai_config **out)
{
    struct kwaai_config_options known = KWAAI_CONFIG_OPTIONS;
    struct kwaai_config *config = kn_try_alloc(sizeof(*config));
    enum kn_code rc = KN_E_NO_MEMORY;

    if (config == NULL)
        return KWAAI_CONFIG_NO_MEMORY;
    /* A caller built against a smaller struct has defaults for what came later. */
    if (options != NULL)
        memcpy(&known, options, options->size < sizeof(known) ? options->size : sizeof(known));
    config->arena = kn_arena_new();
    if (config->arena != NULL)
        rc = load(&known, config);
    if (rc == KN_OK)
        *out = config;
    else
        kwaai_config_free(config);
    return result_of(rc);
}

void kwaai_config_free(struct kwaai_config *config)
{
    if (config == NULL)
        return;
    kn_snapshot_unref(config->snapshot);
    kn_arena_free(config->arena);
    kn_free(config);
}

bool kwaai_config_is_valid(const struct kwaai_config *config)
{
    return kn_snapshot_is_valid(config->snapshot);
}

const char *kwaai_config_path(const struct kwaai_config *config)
{
    return config->path;
}

static const struct kn_resolved *find(const struct kwaai_config *config, const char *key)
{
    const struct kn_setting *setting = kn_setting_find(key);

    return setting != NULL ? kn_snapshot_get(config->snapshot, setting) : NULL;
}

/* The value of a key whose type is one of the two. */
static enum kwaai_presence get(const struct kwaai_config *config, const char *key,
                               const struct kn_type *type, const struct kn_type *or_type,
                               const struct kn_value **out)
{
    static const enum kwaai_presence presences[] = {
        [KN_ABSENT] = KWAAI_NONE,
        [KN_NONE] = KWAAI_NONE,
        [KN_AUTO] = KWAAI_AUTO,
        [KN_GIVEN] = KWAAI_GIVEN,
    };
    const struct kn_resolved *resolved = find(config, key);

    if (resolved == NULL || (resolved->setting->type != type && resolved->setting->type != or_type))
        return KWAAI_NO_SUCH;
    *out = &resolved->value;
    return presences[resolved->value.is];
}

enum kwaai_presence kwaai_config_get_bool(const struct kwaai_config *config, const char *key,
                                          bool *out)
{
    const struct kn_value *value;
    enum kwaai_presence is = get(config, key, &kn_type_bool, NULL, &value);

    if (is == KWAAI_GIVEN)
        *out = value->boolean;
    return is;
}

static enum kwaai_presence get_integer(const struct kwaai_config *config, const char *key,
                                       const struct kn_type *type, int64_t *out)
{
    const struct kn_value *value;
    enum kwaai_presence is = get(config, key, type, NULL, &value);

    if (is == KWAAI_GIVEN)
        *out = value->integer;
    return is;
}

enum kwaai_presence kwaai_config_get_int(const struct kwaai_config *config, const char *key,
                                         int64_t *out)
{
    return get_integer(config, key, &kn_type_int, out);
}

enum kwaai_presence kwaai_config_get_bytes(const struct kwaai_config *config, const char *key,
                                           int64_t *out)
{
    return get_integer(config, key, &kn_type_size, out);
}

enum kwaai_presence kwaai_config_get_ms(const struct kwaai_config *config, const char *key,
                                        int64_t *out)
{
    return get_integer(config, key, &kn_type_duration, out);
}

enum kwaai_presence kwaai_config_get_number(const struct kwaai_config *config, const char *key,
                                            double *out)
{
    const struct kn_value *value;
    enum kwaai_presence is = get(config, key, &kn_type_number, NULL, &value);

    if (is == KWAAI_GIVEN)
        *out = value->number;
    return is;
}

enum kwaai_presence kwaai_config_get_text(const struct kwaai_config *config, const char *key,
                                          const char **out)
{
    const struct kn_value *value;
    enum kwaai_presence is = get(config, key, &kn_type_choice, NULL, &value);

    if (is == KWAAI_GIVEN)
        *out = kn_setting_find(key)->words[value->integer].name;
    if (is != KWAAI_NO_SUCH)
        return is;
    is = get(config, key, &kn_type_string, &kn_type_path, &value);
    if (is == KWAAI_GIVEN)
        *out = value->text;
    return is;
}

enum kwaai_presence kwaai_config_get_list(const struct kwaai_config *config, const char *key,
                                          const char *const **items, size_t *count)
{
    const struct kn_value *value;
    enum kwaai_presence is =
        get(config, key, &kn_type_string_list, &kn_type_multiaddr_list, &value);

    if (is == KWAAI_GIVEN) {
        *items = value->texts.at;
        *count = value->texts.n;
    }
    return is;
}

size_t kwaai_config_print(const struct kwaai_config *config, const char *key, char *out,
                          size_t size)
{
    const struct kn_resolved *resolved = find(config, key);
    struct kn_text text = { 0 };
    size_t n = 0;

    if (size > 0)
        out[0] = '\0';
    if (resolved == NULL)
        return 0;
    if (resolved->setting->secret && resolved->value.is == KN_GIVEN)
        kn_text_add(&text, "********");
    else
        kn_value_print(resolved->setting, &resolved->value, &text);
    if (!text.failed) {
        n = text.n;
        if (size > 0) {
            size_t kept = n < size ? n : size - 1;

            memcpy(out, kn_text_get(&text), kept);
            out[kept] = '\0';
        }
    }
    kn_text_done(&text);
    return n;
}

size_t kwaai_config_count(void)
{
    return kn_setting_count;
}

const char *kwaai_config_key(size_t index)
{
    return index < kn_setting_count ? kn_settings[index].key : NULL;
}

bool kwaai_config_origin(const struct kwaai_config *config, const char *key,
                         struct kwaai_origin *out)
{
    const struct kn_resolved *resolved = find(config, key);

    if (resolved != NULL)
        *out = kn_outside_origin(&resolved->origin);
    return resolved != NULL;
}

size_t kwaai_config_problem_count(const struct kwaai_config *config)
{
    return kn_snapshot_problems(config->snapshot)->n;
}

bool kwaai_config_problem(const struct kwaai_config *config, size_t index,
                          struct kwaai_problem *out)
{
    return kn_outside_problem(config->snapshot, index, out);
}
