#include "lib/json/json.h"
#include "node/health/health.h"

static bool set_text(struct kn_json *object, const char *name, const char *text)
{
    return kn_json_set(object, name, kn_json_string(text));
}

static struct kn_json *check_json(enum kn_health_id id, const struct kn_health_state *state)
{
    struct kn_json *json = kn_json_object();

    if (set_text(json, "name", kn_health_checks[id].name) &&
        set_text(json, "looks_at", kn_health_checks[id].looks_at) &&
        set_text(json, "verdict", kn_health_word(state->told.verdict)) &&
        set_text(json, "reason", state->looked ? state->told.reason : "not looked at yet") &&
        set_text(json, "hint", state->told.hint) &&
        kn_json_set(json, "doubts", kn_json_int(state->differ)))
        return json;
    kn_json_free(json);
    return NULL;
}

static struct kn_json *checks_json(const struct kn_health_state *states)
{
    struct kn_json *json = kn_json_array();

    for (unsigned i = 0; states != NULL && json != NULL && i < KN_HEALTH_CHECKS; i++) {
        if (!kn_json_append(json, check_json((enum kn_health_id)i, &states[i]))) {
            kn_json_free(json);
            json = NULL;
        }
    }
    return json;
}

/* What is done about being cut off; null while it is not. */
static struct kn_json *reconnect_json(const struct kn_health_report *report)
{
    struct kn_json *json, *again;

    if (!report->is_lost)
        return kn_json_null();
    json = kn_json_object();
    again = report->again_ms < 0 ? kn_json_null() : kn_json_number((double)report->again_ms / 1000);
    if (kn_json_set(json, "again_s", again) &&
        kn_json_set(json, "enabled", kn_json_bool(report->reconnects)) &&
        kn_json_set(json, "attempts", kn_json_int(report->attempts)) &&
        kn_json_set(json, "gave_up", kn_json_bool(report->gave_up)))
        return json;
    kn_json_free(json);
    return NULL;
}

struct kn_json *kn_health_json(const struct kn_health_report *report)
{
    struct kn_json *json = kn_json_object();

    if (set_text(json, "verdict", kn_health_word(report->verdict)) &&
        set_text(json, "reason", report->reason) && set_text(json, "hint", report->hint) &&
        kn_json_set(json, "checks", checks_json(report->states)) &&
        kn_json_set(json, "reconnect", reconnect_json(report)))
        return json;
    kn_json_free(json);
    return NULL;
}
