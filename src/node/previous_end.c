#include "node/previous_end.h"

#include <stdio.h>
#include <string.h>

#include "lib/json/json.h"
#include "lib/os/cgroup.h"

static const char killed[] = "oom-kill"; /* spec: systemd.exec(5), SERVICE_RESULT */

int64_t kn_previous_end_kills(void)
{
    int64_t kills = kn_cgroup_oom_kills("");

    return kills > 0 ? kills : 0;
}

/* Whoever was killed for memory did not end by itself, nor by systemd. Groups may have others. */
static bool may_be_memory(const char *result)
{
    return result[0] == '\0' || strcmp(result, "signal") == 0 || strcmp(result, killed) == 0;
}

void kn_previous_end_find(const struct kn_run_folder *folder, struct kn_previous_end *out)
{
    const struct kn_run_left *left = kn_run_folder_left(folder);
    int64_t kills;

    *out = (struct kn_previous_end){ .is_known = left->is_there };
    if (!left->is_there)
        return;
    out->pid = left->pid;
    out->at_s = left->at_s;
    kills = left->end.is_noted ? left->end.oom_kills : kn_previous_end_kills();
    out->oom_kills = kills > left->oom_kills ? kills - left->oom_kills : 0;
    (void)snprintf(out->result, sizeof(out->result), "%s", left->end.result);
    if (!may_be_memory(out->result))
        out->oom_kills = 0;
    else if (strcmp(out->result, killed) == 0 && out->oom_kills == 0)
        out->oom_kills = 1;
}

enum kn_code kn_previous_end_note(const char *home, const char *result, bool *noted,
                                  struct kn_error *err)
{
    return kn_run_end_note(home, kn_previous_end_kills(), result, noted, err);
}

const char *kn_previous_end_reason(const struct kn_previous_end *end)
{
    if (end->oom_kills > 0)
        return ", and was killed for want of memory";
    if (strcmp(end->result, "watchdog") == 0)
        return ", and was ended because it gave no sign of life";
    return "";
}

struct kn_json *kn_previous_end_json(const struct kn_previous_end *end)
{
    struct kn_json *json = end->is_known ? kn_json_object() : kn_json_null();

    if (json == NULL || !end->is_known)
        return json;
    if (kn_json_set(json, "pid", end->pid > 0 ? kn_json_int(end->pid) : kn_json_null()) &&
        kn_json_set(json, "at", kn_json_int(end->at_s)) &&
        kn_json_set(json, "killed_for_memory", kn_json_bool(end->oom_kills > 0)) &&
        kn_json_set(json, "result",
                    end->result[0] != '\0' ? kn_json_string(end->result) : kn_json_null()))
        return json;
    kn_json_free(json);
    return NULL;
}
