#include "app/cli/values.h"

#include <string.h>

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
