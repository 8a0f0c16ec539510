#include "config/report/report.h"
#include "lib/base/text.h"

static struct kn_json *texts_json(const struct kn_texts *texts)
{
    struct kn_json *array = kn_json_array();

    for (size_t i = 0; array != NULL && i < texts->n; i++) {
        if (!kn_json_append(array, kn_json_string(texts->at[i]))) {
            kn_json_free(array);
            array = NULL;
        }
    }
    return array;
}

/* The word form of schedules is JSON already. */
static struct kn_json *word_json(const struct kn_setting *setting, const struct kn_value *value)
{
    struct kn_text word = { 0 };
    struct kn_json *json = NULL;

    kn_value_print(setting, value, &word);
    if (!word.failed && setting->type == &kn_type_schedule_list)
        json = kn_json_parse(kn_text_get(&word), word.n);
    else if (!word.failed)
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
