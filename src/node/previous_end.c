#include "node/previous_end.h"

#include "lib/json/json.h"
#include "lib/os/cgroup.h"
#include "node/control/run_folder.h"

int64_t kn_previous_end_kills(void)
{
    int64_t kills = kn_cgroup_oom_kills("");

    return kills > 0 ? kills : 0;
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
    kills = kn_previous_end_kills();
    out->oom_kills = kills > left->oom_kills ? kills - left->oom_kills : 0;
}

struct kn_json *kn_previous_end_json(const struct kn_previous_end *end)
{
    struct kn_json *json = end->is_known ? kn_json_object() : kn_json_null();

    if (json == NULL || !end->is_known)
        return json;
    if (kn_json_set(json, "pid", end->pid > 0 ? kn_json_int(end->pid) : kn_json_null()) &&
        kn_json_set(json, "at", kn_json_int(end->at_s)) &&
        kn_json_set(json, "killed_for_memory", kn_json_bool(end->oom_kills > 0)))
        return json;
    kn_json_free(json);
    return NULL;
}
