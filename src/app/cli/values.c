#include "app/cli/values.h"

#include <string.h>

#include "app/cli/tree.h"
#include "app/term/term.h"
#include "lib/base/text.h"

void kn_value_word(const struct kn_setting *setting, const struct kn_value *value,
                   struct kn_text *out)
{
    if (setting->secret && value->is == KN_GIVEN)
        kn_text_add(out, KN_SECRET_SHOWN);
    else if (setting->type == &kn_type_path && value->is == KN_GIVEN)
        kn_text_add(out, value->text); /* the word form doubles dollar signs */
    else
        kn_value_print(setting, value, out);
}

void kn_value_show(const struct kn_setting *setting, const struct kn_value *value,
                   struct kn_text *out)
{
    bool texts = setting->type->shape == KN_SHAPE_LIST && value->is == KN_GIVEN &&
                 setting->type != &kn_type_schedule_list && !setting->secret;
    struct kn_text word = { 0 };

    for (size_t i = 0; texts && i < value->texts.n; i++) {
        kn_text_add(out, i > 0 ? ", " : "");
        kn_term_add_safe(out, value->texts.at[i]);
    }
    if (texts && value->texts.n > 0)
        return;
    kn_value_word(setting, value, &word);
    kn_term_add_safe(out, kn_text_get(&word));
    kn_text_done(&word);
}

static struct kn_json *texts_json(const struct kn_texts *texts)
{
    struct kn_json *array = kn_json_array();

    for (size_t i = 0; i < texts->n; i++)
        kn_tree_append(array, kn_json_string(texts->at[i]));
    return array;
}

/* The word form of schedules is JSON already. */
static struct kn_json *word_json(const struct kn_setting *setting, const struct kn_value *value)
{
    struct kn_text word = { 0 };
    struct kn_json *json;

    kn_value_print(setting, value, &word);
    if (setting->type == &kn_type_schedule_list)
        json = kn_json_parse(kn_text_get(&word), word.n);
    else
        json = kn_json_string(kn_text_get(&word));
    kn_text_done(&word);
    return json;
}

static struct kn_json *number_json(const struct kn_setting *setting, const struct kn_value *value)
{
    if (setting->type == &kn_type_size || setting->type == &kn_type_duration)
        return kn_json_number(kn_value_in_unit(setting, value));
    return setting->type == &kn_type_int ? kn_json_int(value->integer)
                                         : kn_json_number(value->number);
}

struct kn_json *kn_value_json(const struct kn_setting *setting, const struct kn_value *value)
{
    if (value->is == KN_NONE || value->is == KN_ABSENT)
        return kn_json_null();
    if (value->is == KN_AUTO)
        return kn_json_string("auto");
    if (setting->secret)
        return kn_json_string(KN_SECRET_JSON);
    switch (setting->type->shape) {
    case KN_SHAPE_BOOL:
        return kn_json_bool(value->boolean);
    case KN_SHAPE_INT:
    case KN_SHAPE_NUMBER:
        return number_json(setting, value);
    case KN_SHAPE_TEXT:
        break;
    case KN_SHAPE_LIST:
        if (setting->type != &kn_type_schedule_list)
            return texts_json(&value->texts);
        break;
    }
    return setting->type == &kn_type_path ? kn_json_string(value->text) : word_json(setting, value);
}

void kn_origin_place(const struct kn_origin *origin, struct kn_text *out)
{
    if (origin->name == NULL) {
        kn_text_add(out, origin->layer == KN_LAYER_FALLBACK ? "built-in" : "discovered");
        return;
    }
    kn_term_add_safe(out, origin->name);
    if (origin->line > 0)
        kn_text_addf(out, ":%u:%u", origin->line, origin->column);
}

void kn_age_words(int64_t age_s, struct kn_text *out)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
    size_t i = 0;

    while (i + 1 < KN_COUNT(units) && age_s < 2 * units[i].seconds)
        i++;
    kn_text_addf(out, "%lld %s", (long long)(age_s / units[i].seconds), units[i].unit);
}

void kn_origin_words(const struct kn_origin *origin, struct kn_text *out)
{
    bool cached = origin->layer == KN_LAYER_CACHE || origin->layer == KN_LAYER_DISCOVERY;

    if (cached)
        kn_term_add_safe(out, origin->text != NULL ? origin->text : "discovered");
    else
        kn_origin_place(origin, out);
    if (!cached && origin->text != NULL) {
        kn_text_add(out, ", ");
        kn_term_add_safe(out, origin->text);
    }
    if (origin->age_s >= 0) {
        kn_text_add(out, ", ");
        kn_age_words(origin->age_s, out);
        kn_text_add(out, " old");
    }
}

void kn_origin_add_json(const struct kn_origin *origin, struct kn_json *json)
{
    bool file = origin->layer == KN_LAYER_FILE || origin->layer == KN_LAYER_CACHE;

    kn_tree_text(json, "layer", kn_layer_word(origin->layer));
    kn_tree_text(json, "name", file ? NULL : origin->name);
    kn_tree_text(json, "file", file ? origin->name : NULL);
    kn_tree_place(json, "line", origin->line);
    kn_tree_place(json, "column", origin->column);
}

struct kn_json *kn_origin_json(const struct kn_origin *origin)
{
    struct kn_json *json = kn_json_object();

    kn_origin_add_json(origin, json);
    kn_tree_text(json, "text", origin->text);
    kn_tree_set(json, "age_s", origin->age_s >= 0 ? kn_json_int(origin->age_s) : kn_json_null());
    return json;
}
