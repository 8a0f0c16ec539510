/* resources.schedules: windows of time with limits of their own. */
#include <stdio.h>
#include <string.h>

#include "config/schema/cron.h"
#include "config/schema/type_parts.h"
#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"
#include "lib/yaml/yaml.h"

/* The keys of one entry. A limit is read as the setting resources.NAME is. */
static const char *const entry_keys[] = { "name", "cron", "duration", "timezone", "limits" };
static const struct {
    const char *name;
    size_t offset;
    bool pauses; /* 0 is taken too: nothing can be served with it */
} limit_keys[] = {
    { "max_memory_gb", offsetof(struct kn_limits, max_memory_gb), true },
    { "max_gpu_memory_gb", offsetof(struct kn_limits, max_gpu_memory_gb), false },
    { "max_models", offsetof(struct kn_limits, max_models), true },
    { "max_cpu_percent", offsetof(struct kn_limits, max_cpu_percent), true },
    { "max_disk_space_gb", offsetof(struct kn_limits, max_disk_space_gb), false },
};

/* A stand-in for the row of one key of an entry. */
static const struct kn_setting duration_row = {
    .key = "resources.schedules[].duration",
    .type = &kn_type_duration,
    .unit = "s",
    .range = { 1, 30 * 86400 },
};

/* The row of the setting that is limited, with the bounds that a window has. */
static struct kn_setting limit_row(size_t i)
{
    char name[KN_SETTING_KEY_MAX];
    struct kn_setting row;

    (void)snprintf(name, sizeof(name), "resources.%s", limit_keys[i].name);
    row = *kn_setting_find(name);
    if (limit_keys[i].pauses)
        row.range.min = 0;
    return row;
}

static bool reject_key(const struct kn_reading *reading, const struct kn_yaml_node *key,
                       const struct kn_nearest *nearest)
{
    struct kn_error err;

    (void)kn_fail(&err, KN_E_NOT_FOUND, "unknown key \"%.60s\" in a schedule", key->text);
    if (nearest->best != NULL)
        kn_hint(&err, "Did you mean %s?", nearest->best);
    else
        kn_hint(&err, "A schedule has name, cron, duration, timezone and limits.");
    return kn_reject(reading, key, KN_P_UNKNOWN_KEY, &err);
}

static bool known_keys(const struct kn_reading *reading, const struct kn_yaml_node *map,
                       bool of_limits)
{
    bool ok = true;

    for (const struct kn_yaml_node *key = map->first; key != NULL; key = key->next) {
        struct kn_nearest nearest = kn_nearest_to(key->text);

        for (size_t i = 0; i < KN_COUNT(entry_keys); i++)
            kn_nearest_offer(&nearest, of_limits ? limit_keys[i].name : entry_keys[i]);
        if (nearest.best == NULL || strcmp(nearest.best, key->text) != 0)
            ok = reject_key(reading, key, &nearest);
    }
    return ok;
}

/* The text of a key that must be there, NULL after a rejection. */
static const char *need(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                        const char *name, const struct kn_yaml_node **node)
{
    struct kn_yaml_node *key = kn_yaml_find(entry, name);
    struct kn_error err;

    if (key != NULL && !kn_yaml_is_null(key->value)) {
        *node = key->value;
        return kn_read_text(reading, key->value, "a text", KN_ANY_QUOTES);
    }
    (void)kn_fail(&err, KN_E_NOT_FOUND, "a schedule has no %s", name);
    kn_hint(&err, "Add it, as the example file shows.");
    (void)kn_reject(reading, entry, KN_P_INVALID, &err);
    return NULL;
}

static bool read_timezone(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                          const char **out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_+-/";
    struct kn_yaml_node *key = kn_yaml_find(entry, "timezone");
    const char *text = "local";
    struct kn_error err;

    if (key != NULL && !kn_yaml_is_null(key->value)) {
        text = kn_read_text(reading, key->value, "a time zone", KN_ANY_QUOTES);
        if (text == NULL)
            return false;
        if (text[0] == '\0' || text[0] == '/' || text[strspn(text, allowed)] != '\0') {
            (void)kn_fail(&err, KN_E_INVALID, "\"%.60s\" is no time zone", text);
            kn_hint(&err, "Write local, UTC, or a name such as Europe/Berlin.");
            return kn_reject(reading, key->value, KN_P_INVALID, &err);
        }
    }
    *out = kn_arena_dup(reading->arena, text);
    return *out != NULL;
}

static bool read_limits(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                        struct kn_limits *limits)
{
    struct kn_yaml_node *map = kn_yaml_find(entry, "limits");
    bool ok;
    struct kn_error err;

    if (map == NULL || kn_yaml_is_null(map->value))
        return true;
    map = map->value;
    if (map->kind != KN_YAML_MAPPING) {
        (void)kn_fail(&err, KN_E_INVALID, "limits is not a map");
        kn_hint(&err, "Write for example limits: {max_memory_gb: 4}.");
        return kn_reject(reading, map, KN_P_WRONG_TYPE, &err);
    }
    ok = known_keys(reading, map, true);
    for (size_t i = 0; i < KN_COUNT(limit_keys); i++) {
        struct kn_yaml_node *key = kn_yaml_find(map, limit_keys[i].name);
        const struct kn_setting row = limit_row(i);
        struct kn_reading one = *reading;
        struct kn_value value;

        if (key == NULL)
            continue;
        one.setting = &row;
        if (kn_value_read(&one, key->value, &value))
            one.setting->type->store(&value, (char *)limits + limit_keys[i].offset);
        else
            ok = false;
    }
    return ok;
}

static bool read_duration(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                          int64_t *out)
{
    struct kn_reading one = *reading;
    const struct kn_yaml_node *node;
    struct kn_value value;

    one.setting = &duration_row;
    if (need(reading, entry, "duration", &node) == NULL ||
        !kn_type_duration.read(&one, node, &value))
        return false;
    *out = value.integer;
    return true;
}

static bool read_cron(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                      const char **out)
{
    const struct kn_yaml_node *node;
    const char *text = need(reading, entry, "cron", &node);
    struct kn_error err;

    if (text == NULL)
        return false;
    if (kn_cron_check(text, &err) != KN_OK)
        return kn_reject(reading, node, KN_P_INVALID, &err);
    *out = kn_arena_dup(reading->arena, text);
    return *out != NULL;
}

static bool read_name(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                      const char **out)
{
    const struct kn_yaml_node *node;
    const char *text = need(reading, entry, "name", &node);
    struct kn_error err;

    if (text == NULL)
        return false;
    if (text[0] == '\0' || strlen(text) > 64) {
        (void)kn_fail(&err, KN_E_INVALID, "the name of a schedule has 1 to 64 bytes");
        return kn_reject(reading, node, KN_P_INVALID, &err);
    }
    *out = kn_arena_dup(reading->arena, text);
    return *out != NULL;
}

static bool read_entry(const struct kn_reading *reading, const struct kn_yaml_node *entry,
                       struct kn_schedule *out)
{
    bool ok;
    struct kn_error err;

    if (entry->kind != KN_YAML_MAPPING) {
        (void)kn_fail(&err, KN_E_INVALID, "a schedule is a map with name, cron and duration");
        return kn_reject(reading, entry, KN_P_WRONG_TYPE, &err);
    }
    /* No short cut: each part reports what it finds. */
    ok = known_keys(reading, entry, false);
    ok = read_name(reading, entry, &out->name) && ok;
    ok = read_cron(reading, entry, &out->cron) && ok;
    ok = read_duration(reading, entry, &out->duration_ms) && ok;
    ok = read_timezone(reading, entry, &out->timezone) && ok;
    return read_limits(reading, entry, &out->limits) && ok;
}

static bool read_schedules(const struct kn_reading *reading, const struct kn_yaml_node *node,
                           struct kn_value *out)
{
    struct kn_schedule *schedules;
    struct kn_error err;
    size_t n = 0;
    bool ok = true;

    out->schedules = (struct kn_schedules){ 0 };
    if (node->style == KN_YAML_WORD) {
        if (strcmp(node->text, "[]") == 0)
            return true;
        node = kn_read_inline(reading, node);
        if (node == NULL)
            return false;
    }
    if (node->kind != KN_YAML_SEQUENCE || node->count > KN_SCHEDULES_MAX) {
        (void)kn_fail(&err, KN_E_INVALID, "schedules is a list of at most %d maps",
                      KN_SCHEDULES_MAX);
        return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
    }
    schedules = kn_arena_alloc(reading->arena, node->count * sizeof(*schedules));
    if (schedules == NULL)
        return false;
    for (const struct kn_yaml_node *entry = node->first; entry != NULL; entry = entry->next)
        ok = read_entry(reading, entry, &schedules[n++]) && ok;
    out->schedules = (struct kn_schedules){ n, schedules };
    return ok;
}

/* Characters that YAML allows in no file, or that end a line there. */
static bool needs_number(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           code == 0xfeff || code == 0xfffe || code == 0xffff;
}

/* A text in double quotes, as YAML and JSON both read it. */
static void print_quoted(const char *text, struct kn_text *out)
{
    size_t n = strlen(text), length;
    uint32_t code = 0;

    kn_text_add_char(out, '"');
    for (; n > 0; text += length, n -= length) {
        length = kn_utf8_decode(text, n, &code);
        if (length == 0)
            length = 1;
        else if (needs_number(code)) {
            kn_text_addf(out, "\\u%04x", (unsigned)code);
            continue;
        }
        if (*text == '"' || *text == '\\')
            kn_text_add_char(out, '\\');
        kn_text_add_n(out, text, length);
    }
    kn_text_add_char(out, '"');
}

/* A limit as a value of its setting; the members of kn_limits are sizes and ints. */
static struct kn_value limit_value(const struct kn_limits *limits, size_t i,
                                   const struct kn_setting **setting)
{
    const char *member = (const char *)limits + limit_keys[i].offset;
    char name[KN_SETTING_KEY_MAX];
    struct kn_value value = { 0 };

    (void)snprintf(name, sizeof(name), "resources.%s", limit_keys[i].name);
    *setting = kn_setting_find(name);
    if ((*setting)->type == &kn_type_size) {
        struct kn_size size;

        memcpy(&size, member, sizeof(size));
        value.is = size.is;
        value.integer = size.bytes;
    } else {
        struct kn_int number;

        memcpy(&number, member, sizeof(number));
        value.is = number.is;
        value.integer = number.value;
    }
    return value;
}

static void print_limits(const struct kn_limits *limits, struct kn_text *out)
{
    bool any = false;

    for (size_t i = 0; i < KN_COUNT(limit_keys); i++) {
        const struct kn_setting *setting;
        struct kn_value value = limit_value(limits, i, &setting);
        bool quoted = value.is == KN_GIVEN && setting->type == &kn_type_size;

        if (value.is == KN_ABSENT)
            continue;
        kn_text_add(out, any ? ", " : ", \"limits\": {");
        any = true;
        kn_text_addf(out, "\"%s\": %s", limit_keys[i].name, quoted ? "\"" : "");
        kn_value_print(setting, &value, out);
        kn_text_add(out, quoted ? "\"" : "");
    }
    if (any)
        kn_text_add(out, "}");
}

static void print_schedules(const struct kn_setting *setting, const struct kn_value *value,
                            struct kn_text *out)
{
    (void)setting;
    kn_text_add(out, "[");
    for (size_t i = 0; i < value->schedules.n; i++) {
        const struct kn_schedule *entry = &value->schedules.at[i];
        struct kn_value duration = { .is = KN_GIVEN };

        duration.integer = entry->duration_ms;
        kn_text_add(out, i > 0 ? ", {\"name\": " : "{\"name\": ");
        print_quoted(entry->name, out);
        kn_text_add(out, ", \"cron\": ");
        print_quoted(entry->cron, out);
        kn_text_add(out, ", \"duration\": \"");
        kn_type_duration.print(&duration_row, &duration, out);
        kn_text_add(out, "\", \"timezone\": ");
        print_quoted(entry->timezone, out);
        print_limits(&entry->limits, out);
        kn_text_add(out, "}");
    }
    kn_text_add(out, "]");
}

static bool equal_schedule(const struct kn_schedule *a, const struct kn_schedule *b)
{
    for (size_t i = 0; i < KN_COUNT(limit_keys); i++) {
        const struct kn_setting *setting;
        struct kn_value left = limit_value(&a->limits, i, &setting);
        struct kn_value right = limit_value(&b->limits, i, &setting);

        if (!kn_value_equal(setting, &left, &right))
            return false;
    }
    return a->duration_ms == b->duration_ms && strcmp(a->name, b->name) == 0 &&
           strcmp(a->cron, b->cron) == 0 && strcmp(a->timezone, b->timezone) == 0;
}

static bool equal_schedules(const struct kn_value *a, const struct kn_value *b)
{
    if (a->schedules.n != b->schedules.n)
        return false;
    for (size_t i = 0; i < a->schedules.n; i++) {
        if (!equal_schedule(&a->schedules.at[i], &b->schedules.at[i]))
            return false;
    }
    return true;
}

static void store_schedules(const struct kn_value *value, void *member)
{
    *(struct kn_schedule_list *)member = (struct kn_schedule_list){ value->is, value->schedules };
}

const struct kn_type kn_type_schedule_list = {
    "list of schedules", KN_SHAPE_LIST,   sizeof(struct kn_schedule_list),
    read_schedules,      print_schedules, equal_schedules,
    store_schedules
};
