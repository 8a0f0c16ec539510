/* What all types share: auto, null, ranges, forms. */
#include "config/schema/type.h"

#include <string.h>

#include "config/schema/form.h"
#include "config/schema/type_parts.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/base/text.h"
#include "lib/yaml/yaml.h"

bool kn_reject(const struct kn_reading *reading, const struct kn_yaml_node *node,
               enum kn_problem_kind kind, const struct kn_error *err)
{
    reading->report(reading->report_arg, node, kind, err);
    return false;
}

const char *kn_read_text(const struct kn_reading *reading, const struct kn_yaml_node *node,
                         const char *wanted, enum kn_quotes quotes)
{
    struct kn_error err;

    if (node->kind != KN_YAML_SCALAR) {
        (void)kn_fail(&err, KN_E_INVALID, "a %s stands where %s belongs",
                      node->kind == KN_YAML_SEQUENCE ? "list" : "map", wanted);
        kn_hint(&err, "Write one value behind the colon.");
        (void)kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
        return NULL;
    }
    if (quotes == KN_UNQUOTED && node->style != KN_YAML_PLAIN && node->style != KN_YAML_WORD) {
        (void)kn_fail(&err, KN_E_INVALID, "\"%.100s\" is text, not %s", node->text, wanted);
        kn_hint(&err, "Write it without quotes.");
        (void)kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
        return NULL;
    }
    return node->text;
}

bool kn_read_range(const struct kn_reading *reading, const struct kn_yaml_node *node, double value,
                   const char *text)
{
    const struct kn_setting *setting = reading->setting;
    struct kn_text bounds = { 0 };
    struct kn_error err;

    if (setting->range.min == 0 && setting->range.max == 0)
        return true;
    if (value >= setting->range.min && value <= setting->range.max)
        return true;
    kn_setting_print_range(setting, &bounds);
    if (bounds.failed)
        kn_arena_fail(reading->arena);
    (void)kn_fail(&err, KN_E_RANGE, "%.100s is outside %s", text, kn_text_get(&bounds));
    kn_text_done(&bounds);
    return kn_reject(reading, node, KN_P_OUT_OF_RANGE, &err);
}

bool kn_read_form(const struct kn_reading *reading, const struct kn_yaml_node *node,
                  const char *text)
{
    enum kn_problem_kind kind = KN_P_INVALID;
    struct kn_error err;

    if (reading->built_in || reading->setting->form == NULL ||
        reading->setting->form->check(text, &kind, &err))
        return true;
    (void)kn_reject(reading, node, kind, &err);
    return kn_problem_info(kind)->severity == KN_WARNING;
}

const struct kn_yaml_node *kn_read_inline(const struct kn_reading *reading,
                                          const struct kn_yaml_node *node)
{
    struct kn_yaml_document doc;
    struct kn_error err;

    if (kn_yaml_parse(reading->arena, node->text, strlen(node->text), &doc) != KN_OK) {
        kn_arena_fail(reading->arena);
        return NULL;
    }
    if (doc.fault_count == 0 && doc.root != NULL)
        return doc.root;
    (void)kn_fail(&err, KN_E_SYNTAX, "%s",
                  doc.fault_count > 0 ? doc.faults[0].message : "the list is empty text");
    kn_hint(&err, "%s", doc.fault_count > 0 && doc.faults[0].hint ? doc.faults[0].hint : "");
    (void)kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
    return NULL;
}

static bool says(const struct kn_yaml_node *node, const char *word)
{
    return node->kind == KN_YAML_SCALAR && strcmp(node->text, word) == 0;
}

static bool reject_null(const struct kn_reading *reading, const struct kn_yaml_node *node)
{
    struct kn_error err;

    (void)kn_fail(&err, KN_E_INVALID, "null is no value of this setting");
    kn_hint(&err, "%s",
            reading->setting->accepts & KN_ACCEPTS_AUTO
                ? "Write auto, or leave the line out."
                : "Leave the line out to get the built-in value.");
    return kn_reject(reading, node, KN_P_WRONG_TYPE, &err);
}

bool kn_value_read(const struct kn_reading *reading, const struct kn_yaml_node *node,
                   struct kn_value *out)
{
    *out = (struct kn_value){ .is = KN_ABSENT };
    if (kn_yaml_is_absent(node) || (node->style == KN_YAML_WORD && says(node, "")))
        return true;
    if (kn_yaml_is_null(node) || (node->style == KN_YAML_WORD && says(node, "null"))) {
        if (!(reading->setting->accepts & KN_ACCEPTS_NULL))
            return reject_null(reading, node);
        out->is = KN_NONE;
        return true;
    }
    if ((reading->setting->accepts & KN_ACCEPTS_AUTO) && says(node, "auto")) {
        out->is = KN_AUTO;
        return true;
    }
    out->is = KN_GIVEN;
    return reading->setting->type->read(reading, node, out);
}

void kn_value_print(const struct kn_setting *setting, const struct kn_value *value,
                    struct kn_text *out)
{
    switch (value->is) {
    case KN_ABSENT:
        break;
    case KN_NONE:
        kn_text_add(out, "null");
        break;
    case KN_AUTO:
        kn_text_add(out, "auto");
        break;
    case KN_GIVEN:
        setting->type->print(setting, value, out);
        break;
    }
}

bool kn_value_equal(const struct kn_setting *setting, const struct kn_value *a,
                    const struct kn_value *b)
{
    return a->is == b->is && (a->is != KN_GIVEN || setting->type->equal(a, b));
}
