#include "app/docs/schema_value.h"

#include <stdlib.h>
#include <string.h>

#include "config/schema/form.h"
#include "config/schema/problem.h"
#include "config/schema/type.h"
#include "lib/base/path.h"
#include "lib/base/text.h"

/* As lib/base/number.c reads it, but never below zero: no row's range reaches there. */
#define NUMBER "(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?"

void kn_schema_quantities(struct kn_json_out *json)
{
    kn_json_out_open(json, "size", '{');
    kn_json_out_string(json, "type", "string");
    kn_json_out_string(json, "pattern", "^" NUMBER " ?([PTGMK]iB|[PTGMkK]?B)?$");
    kn_json_out_close(json, '{');
    kn_json_out_open(json, "duration", '{');
    kn_json_out_string(json, "type", "string");
    kn_json_out_string(json, "pattern", "^" NUMBER " ?(ms|s|m|h|d)?$");
    kn_json_out_close(json, '{');
}

void kn_schema_types(struct kn_json_out *json, bool whole, bool number, bool boolean)
{
    if (!whole && !number && !boolean) {
        kn_json_out_string(json, "type", "string");
        return;
    }
    kn_json_out_open(json, "type", '[');
    kn_json_out_string(json, NULL, "string");
    if (whole || number)
        kn_json_out_string(json, NULL, number ? "number" : "integer");
    if (boolean)
        kn_json_out_string(json, NULL, "boolean");
    kn_json_out_close(json, '[');
}

/* Would the program take this text, perhaps with a warning? */
static bool fits(const struct kn_setting *setting, const char *text)
{
    enum kn_problem_kind kind = KN_P_INVALID;
    struct kn_error err;

    return setting->form == NULL || setting->form->check(text, &kind, &err) ||
           kn_problem_info(kind)->severity == KN_WARNING;
}

/*
 * A plain 12345 or true is text to the program where text belongs, and a number or boolean to
 * other readers of YAML. Whether a form lets such texts through is asked of the form itself.
 */
static void add_text_types(struct kn_json_out *json, const struct kn_setting *setting)
{
    static const char *const least[] = { "0", "1", "10", "100", "1000" };
    bool whole = fits(setting, "123456");

    kn_schema_types(json, whole, whole && fits(setting, "1.5"), fits(setting, "true"));
    if (!whole || fits(setting, "-123456"))
        return;
    for (size_t i = 0; i < KN_COUNT(least); i++) {
        if (fits(setting, least[i])) {
            kn_json_out_raw(json, "minimum", least[i]);
            return;
        }
    }
}

/* The pattern of schema_version: a newer major version is refused. */
static void add_version_pattern(struct kn_json_out *json, const struct kn_form *form)
{
    long major = strtol(KN_SCHEMA_VERSION, NULL, 10);
    const char *rest = strstr(form->pattern, ")\\.") + 1;
    struct kn_text text = { 0 };

    for (long i = 0; i <= major; i++)
        kn_text_addf(&text, "%s%ld", i == 0 ? "^(" : "|", i);
    kn_text_addf(&text, ")%s", rest);
    kn_json_out_string(json, "pattern", kn_text_get(&text));
    json->text->failed = json->text->failed || text.failed;
    kn_text_done(&text);
}

static void add_text(struct kn_json_out *json, const struct kn_setting *setting)
{
    bool path = setting->type == &kn_type_path, item = setting->type->shape == KN_SHAPE_LIST;

    add_text_types(json, setting);
    if (strcmp(setting->key, "schema_version") == 0)
        add_version_pattern(json, setting->form);
    else if (setting->form != NULL && setting->form->pattern != NULL)
        kn_json_out_string(json, "pattern", setting->form->pattern);
    if (path)
        kn_json_out_number(json, "minLength", 1);
    if (!item)
        kn_json_out_number(json, "maxLength", path ? KN_PATH_MAX : KN_STRING_MAX);
    if (!item && !path && fits(setting, "null"))
        kn_json_out_raw(json, "not", "{\"const\": \"null\"}");
}

static void add_number(struct kn_json_out *json, const struct kn_setting *setting)
{
    kn_json_out_string(json, "type", setting->type == &kn_type_int ? "integer" : "number");
    if (setting->range.min == 0 && setting->range.max == 0)
        return;
    kn_json_out_number(json, "minimum", setting->range.min);
    kn_json_out_number(json, "maximum", setting->range.max);
}

static void add_list(struct kn_json_out *json, const struct kn_setting *setting)
{
    bool schedules = setting->type == &kn_type_schedule_list;

    kn_json_out_string(json, "type", "array");
    kn_json_out_number(json, "maxItems", schedules ? KN_SCHEDULES_MAX : KN_LIST_MAX);
    kn_json_out_open(json, "items", '{');
    if (schedules)
        kn_json_out_string(json, "$ref", "#/$defs/schedule");
    else
        add_text(json, setting);
    kn_json_out_close(json, '{');
}

/* What the type itself accepts; of a quantity, the plain number. */
static void add_type(struct kn_json_out *json, const struct kn_setting *setting)
{
    switch (setting->type->shape) {
    case KN_SHAPE_BOOL:
        kn_json_out_string(json, "type", "boolean");
        break;
    case KN_SHAPE_INT:
    case KN_SHAPE_NUMBER:
        add_number(json, setting);
        break;
    case KN_SHAPE_TEXT:
        add_text(json, setting);
        break;
    case KN_SHAPE_LIST:
        add_list(json, setting);
        break;
    }
}

static void add_choices(struct kn_json_out *json, const struct kn_setting *setting)
{
    kn_json_out_open(json, "enum", '[');
    if (setting->accepts & KN_ACCEPTS_AUTO)
        kn_json_out_string(json, NULL, "auto");
    for (const struct kn_word *word = setting->words; word->name != NULL; word++)
        kn_json_out_string(json, NULL, word->name);
    if (setting->accepts & KN_ACCEPTS_NULL)
        kn_json_out_raw(json, NULL, "null");
    kn_json_out_close(json, '[');
}

void kn_schema_value(struct kn_json_out *json, const struct kn_setting *setting)
{
    const char *quantity = setting->type == &kn_type_size       ? "#/$defs/size"
                           : setting->type == &kn_type_duration ? "#/$defs/duration"
                                                                : NULL;

    if (setting->words != NULL) {
        add_choices(json, setting);
        return;
    }
    if (setting->accepts == 0 && quantity == NULL) {
        add_type(json, setting);
        return;
    }
    kn_json_out_open(json, "anyOf", '[');
    if (setting->accepts & KN_ACCEPTS_AUTO)
        kn_json_out_raw(json, NULL, "{\"const\": \"auto\"}");
    kn_json_out_open(json, NULL, '{');
    add_type(json, setting);
    kn_json_out_close(json, '{');
    if (quantity != NULL) {
        kn_json_out_open(json, NULL, '{');
        kn_json_out_string(json, "$ref", quantity);
        kn_json_out_close(json, '{');
    }
    if (setting->accepts & KN_ACCEPTS_NULL)
        kn_json_out_raw(json, NULL, "{\"type\": \"null\"}");
    kn_json_out_close(json, '[');
}
