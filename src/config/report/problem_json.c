#include "config/report/report.h"

static bool set_text(struct kn_json *json, const char *name, const char *text)
{
    return kn_json_set(json, name, kn_json_string(text));
}

/* A line or column; null for 0. */
static bool set_place(struct kn_json *json, const char *name, uint32_t number)
{
    return kn_json_set(json, name, number > 0 ? kn_json_int(number) : kn_json_null());
}

static bool set_origin(struct kn_json *json, const struct kn_origin *origin)
{
    bool file = origin->layer == KN_LAYER_FILE || origin->layer == KN_LAYER_CACHE;

    return set_text(json, "layer", kn_layer_word(origin->layer)) &&
           set_text(json, "name", file ? NULL : origin->name) &&
           set_text(json, "file", file ? origin->name : NULL) &&
           set_place(json, "line", origin->line) && set_place(json, "column", origin->column);
}

static struct kn_json *whole(struct kn_json *json, bool ok)
{
    if (ok)
        return json;
    kn_json_free(json);
    return NULL;
}

struct kn_json *kn_origin_json(const struct kn_origin *origin)
{
    struct kn_json *json = kn_json_object();
    bool ok = json != NULL && set_origin(json, origin) && set_text(json, "text", origin->text) &&
              kn_json_set(json, "age_s",
                          origin->age_s >= 0 ? kn_json_int(origin->age_s) : kn_json_null());

    return whole(json, ok);
}

struct kn_json *kn_problem_json(const struct kn_problem *problem)
{
    const struct kn_problem_info *info = kn_problem_info(problem->kind);
    struct kn_json *json = kn_json_object();
    bool ok = json != NULL && set_text(json, "severity", kn_severity_word(info->severity)) &&
              set_text(json, "kind", info->word) && set_origin(json, &problem->origin) &&
              set_text(json, "key", problem->key) && set_text(json, "value", problem->value) &&
              set_text(json, "message", problem->message) && set_text(json, "hint", problem->hint);

    return whole(json, ok);
}
