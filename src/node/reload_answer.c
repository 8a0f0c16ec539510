/* reload: what it brought, as the control socket, the status and start --json tell it. */
#include "config/report/report.h"
#include "node/reload.h"

static struct kn_json *whole(struct kn_json *json, bool ok)
{
    if (ok)
        return json;
    kn_json_free(json);
    return NULL;
}

static struct kn_json *amended_json(const struct kn_amended *amended)
{
    const struct kn_setting *setting = amended->setting;
    struct kn_json *json = kn_json_object();
    bool ok = json != NULL && kn_json_set(json, "key", kn_json_string(setting->key)) &&
              kn_json_set(json, "from", kn_value_json(setting, &amended->from)) &&
              kn_json_set(json, "to", kn_value_json(setting, &amended->to)) &&
              kn_json_set(json, "apply", kn_json_string(kn_apply_word(setting->apply)));

    return whole(json, ok);
}

static struct kn_json *changed_json(const struct kn_amendment *what)
{
    struct kn_json *list = kn_json_array();
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < what->changed_count; i++)
        ok = kn_json_append(list, amended_json(&what->changed[i]));
    return whole(list, ok);
}

struct kn_json *kn_reload_waiting(const struct kn_reload_report *report)
{
    const struct kn_amendment *from = report->err.code == KN_OK ? &report->what : &report->held;
    struct kn_json *list = kn_json_array();
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < from->waiting_count; i++)
        ok = kn_json_append(list, kn_json_string(from->waiting[i].setting->key));
    return whole(list, ok);
}

/* A failure without a place in the file, in the shape of those with one. */
static struct kn_json *failure_json(const struct kn_error *err, enum kn_problem_kind kind)
{
    const struct kn_problem problem = {
        .kind = kind,
        .origin = { .layer = KN_LAYER_FILE, .age_s = -1 },
        .message = err->text,
        .hint = err->hint[0] != '\0' ? err->hint : NULL,
    };

    return kn_problem_json(&problem);
}

static bool add_problems(const struct kn_snapshot *snapshot, struct kn_json *list)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < problems->n; i++)
        ok = kn_json_append(list, kn_problem_json(&problems->at[i]));
    return ok;
}

struct kn_json *kn_reload_problems(const struct kn_reload_report *report)
{
    struct kn_json *list = kn_json_array();
    bool ok = list != NULL;

    if (report->what.wrong != NULL)
        ok = add_problems(report->what.wrong, list);
    else if (report->err.code != KN_OK)
        ok = ok && kn_json_append(list, failure_json(&report->err, KN_P_UNREADABLE));
    return whole(list, ok);
}

/* Warnings too: the one who asked is there to read them. */
static struct kn_json *answered_problems(const struct kn_reload_report *report)
{
    struct kn_json *list;
    bool ok;

    if (report->err.code != KN_OK || report->what.next == NULL)
        return kn_reload_problems(report);
    list = kn_json_array();
    ok = add_problems(report->what.next, list);
    if (report->trouble.code != KN_OK)
        ok = ok && kn_json_append(list, failure_json(&report->trouble, KN_P_SUSPICIOUS));
    return whole(list, ok);
}

struct kn_json *kn_reload_json(const struct kn_reload_report *report)
{
    struct kn_json *json = kn_json_object();
    bool ok = json != NULL && kn_json_set(json, "ok", kn_json_bool(report->err.code == KN_OK)) &&
              kn_json_set(json, "path", kn_json_string(report->path)) &&
              kn_json_set(json, "exists", kn_json_bool(report->exists)) &&
              kn_json_set(json, "changed", changed_json(&report->what)) &&
              kn_json_set(json, "pending_restart", kn_reload_waiting(report)) &&
              kn_json_set(json, "problems", answered_problems(report));

    return whole(json, ok);
}
