/* The JSON Schema of the file: sections, defaults, schedules. Single values are schema_value.c. */
#include <stdio.h>
#include <string.h>

#include "app/docs/docs.h"
#include "app/docs/json_out.h"
#include "app/docs/parts.h"
#include "app/docs/schema_value.h"
#include "config/schema/cron.h"
#include "config/schema/form.h"
#include "config/schema/setting.h"
#include "config/schema/type.h"
#include "lib/base/text.h"

static const char about[] =
    "null stands only where the program accepts an explicit null. To a reader of YAML `key:` and "
    "`key: null` are the same; the program takes the first for a line that says nothing and "
    "refuses the second where null means nothing, so an editor that follows this schema marks a "
    "line whose value is still missing. Rules over several settings are not here: they need the "
    "other sources too.";

static void describe(struct kn_json_out *json, const struct kn_setting *setting)
{
    struct kn_text text = { 0 };

    kn_text_add(&text, setting->brief);
    if (setting->obeyed_by == NULL)
        kn_text_add(&text, " Accepted, has no effect yet.");
    kn_json_out_string(json, "description", kn_text_get(&text));
    json->text->failed = json->text->failed || text.failed;
    kn_text_done(&text);
}

static void add_default_items(struct kn_json_out *json, const char *fallback)
{
    const char *at = fallback, *item;
    size_t n;

    kn_json_out_open(json, "default", '[');
    if (fallback[0] != '[') {
        while ((n = kn_docs_item(&at, &item)) > 0)
            kn_json_out_string_n(json, NULL, item, n);
    }
    kn_json_out_close(json, '[');
}

static void add_default(struct kn_json_out *json, const struct kn_setting *setting)
{
    enum kn_shape shape = setting->type->shape;
    bool quantity = setting->type == &kn_type_size || setting->type == &kn_type_duration;
    struct kn_text text = { 0 };

    kn_docs_fallback(setting, &text);
    if (setting->fallback == NULL)
        kn_json_out_raw(json, "default", "null");
    else if (strcmp(setting->fallback, "auto") == 0 || shape == KN_SHAPE_TEXT || quantity)
        kn_json_out_string(json, "default", kn_text_get(&text));
    else if (shape == KN_SHAPE_LIST)
        add_default_items(json, setting->fallback);
    else
        kn_json_out_raw(json, "default", kn_text_get(&text));
    json->text->failed = json->text->failed || text.failed;
    kn_text_done(&text);
}

/* Keys of one entry of resources.schedules. spec: config/schema/type_schedule.c */
static void add_schedule_texts(struct kn_json_out *json)
{
    kn_json_out_open(json, "name", '{');
    kn_schema_types(json, true, true, true);
    kn_json_out_number(json, "minLength", 1);
    kn_json_out_number(json, "maxLength", 64);
    kn_json_out_string(json, "description", "What the window is called; 1 to 64 bytes.");
    kn_json_out_close(json, '{');

    kn_json_out_open(json, "cron", '{');
    kn_json_out_string(json, "type", "string");
    kn_json_out_string(json, "pattern",
                       "^[ \\t]*([0-9A-Za-z*,/-]+[ \\t]+){4}[0-9A-Za-z*,/-]+[ \\t]*$");
    kn_json_out_number(json, "maxLength", KN_CRON_TEXT_MAX);
    kn_json_out_string(json, "description",
                       "When it begins: minute, hour, day, month, weekday; such as "
                       "\"0 9 * * mon-fri\".");
    kn_json_out_close(json, '{');

    kn_json_out_open(json, "timezone", '{');
    kn_json_out_raw(json, "type", "[\"string\", \"integer\", \"boolean\", \"null\"]");
    kn_json_out_string(json, "pattern", "^[A-Za-z0-9_+-][A-Za-z0-9_+/-]*$");
    kn_json_out_string(json, "default", "local");
    kn_json_out_string(json, "description", "local, UTC, or a name such as Europe/Berlin.");
    kn_json_out_close(json, '{');
}

static void add_schedule(struct kn_json_out *json)
{
    static const struct {
        const char *name;
        bool pauses;
    } limits[] = { { "max_memory_gb", true },
                   { "max_gpu_memory_gb", false },
                   { "max_models", true },
                   { "max_cpu_percent", true },
                   { "max_disk_space_gb", false } };
    static const struct kn_setting duration = { .type = &kn_type_duration,
                                                .unit = "s",
                                                .range = { 1, 30 * 86400 } };
    char key[KN_SETTING_KEY_MAX];

    kn_json_out_open(json, "schedule", '{');
    kn_json_out_string(json, "type", "object");
    kn_json_out_raw(json, "additionalProperties", "false");
    kn_json_out_raw(json, "required", "[\"name\", \"cron\", \"duration\"]");
    kn_json_out_open(json, "properties", '{');
    add_schedule_texts(json);
    kn_json_out_open(json, "duration", '{');
    kn_json_out_string(json, "description", "How long it lasts, 1s..30d.");
    kn_schema_value(json, &duration);
    kn_json_out_close(json, '{');
    kn_json_out_open(json, "limits", '{');
    kn_json_out_string(json, "description", "Limits while the window is open; 0 pauses the node.");
    kn_json_out_raw(json, "type", "[\"object\", \"null\"]");
    kn_json_out_raw(json, "additionalProperties", "false");
    kn_json_out_open(json, "properties", '{');
    for (size_t i = 0; i < KN_COUNT(limits); i++) {
        struct kn_setting row;

        (void)snprintf(key, sizeof(key), "resources.%s", limits[i].name);
        row = *kn_setting_find(key);
        if (limits[i].pauses)
            row.range.min = 0;
        kn_json_out_open(json, limits[i].name, '{');
        kn_schema_value(json, &row);
        kn_json_out_close(json, '{');
    }
    for (int i = 0; i < 4; i++)
        kn_json_out_close(json, '{');
}

static void open(void *arg, const char *path, const char *name, int depth)
{
    struct kn_json_out *json = arg;
    const struct kn_section *section = kn_docs_section(path);

    (void)depth;
    kn_json_out_open(json, name, '{');
    if (section != NULL)
        kn_json_out_string(json, "description", section->brief);
    kn_json_out_raw(json, "type", "[\"object\", \"null\"]");
    kn_json_out_raw(json, "additionalProperties", "false");
    kn_json_out_open(json, "properties", '{');
}

static void close(void *arg, int depth)
{
    (void)depth;
    kn_json_out_close(arg, '{');
    kn_json_out_close(arg, '{');
}

static void row(void *arg, const struct kn_setting *setting, int depth)
{
    struct kn_json_out *json = arg;

    (void)depth;
    kn_json_out_open(json, kn_setting_leaf(setting), '{');
    describe(json, setting);
    add_default(json, setting);
    kn_schema_value(json, setting);
    kn_json_out_close(json, '{');
}

static void add_definitions(struct kn_json_out *json)
{
    kn_json_out_open(json, "$defs", '{');
    kn_schema_quantities(json);
    add_schedule(json);
    kn_json_out_close(json, '{');
}

void kn_docs_schema(struct kn_text *out)
{
    struct kn_json_out json = { .text = out };
    const struct kn_docs_walk walk = { open, row, close, &json };

    kn_json_out_open(&json, NULL, '{');
    kn_json_out_string(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    kn_json_out_string(&json, "$id", "urn:kwaainet:node_config:" KN_SCHEMA_VERSION);
    kn_json_out_string(&json, "title", "kwaainet node_config.yaml");
    kn_json_out_string(&json, "description", "Configuration of a kwaainet node.");
    kn_json_out_string(&json, "$comment", about);
    kn_json_out_raw(&json, "type", "[\"object\", \"null\"]");
    kn_json_out_raw(&json, "additionalProperties", "false");
    kn_json_out_raw(&json, "patternProperties", "{\"^x-\": true}");
    kn_json_out_open(&json, "properties", '{');
    kn_docs_outline(&walk);
    kn_json_out_close(&json, '{');
    add_definitions(&json);
    kn_json_out_close(&json, '{');
    kn_text_add_char(out, '\n');
}
