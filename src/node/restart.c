#include "node/restart.h"

#include "config/report/report.h"
#include "lib/os/clock.h"
#include "node/course.h"

/* The errors; NULL when memory is short. */
static struct kn_json *errors_json(const struct kn_snapshot *snapshot)
{
    const struct kn_problems *problems = kn_snapshot_problems(snapshot);
    struct kn_json *list = kn_json_array();
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < problems->n; i++) {
        if (kn_problem_info(problems->at[i].kind)->severity == KN_ERROR)
            ok = kn_json_append(list, kn_problem_json(&problems->at[i]));
    }
    if (ok)
        return list;
    kn_json_free(list);
    return NULL;
}

static enum kn_code tell(bool restarts, const struct kn_snapshot *wrong, struct kn_json **out,
                         struct kn_error *err)
{
    bool ok;

    *out = kn_json_object();
    ok = kn_json_set(*out, "restarts", kn_json_bool(restarts)) &&
         (wrong == NULL || kn_json_set(*out, "problems", errors_json(wrong)));
    return ok ? KN_OK : kn_fail_no_memory(err);
}

static enum kn_code check_key(const struct kn_snapshot *snapshot, struct kn_error *err)
{
    const struct kn_identity_place where = kn_identity_place_of(snapshot);
    struct kn_identity identity = { 0 };
    enum kn_code rc = kn_identity_look(&where, &identity, err);

    kn_identity_done(&identity);
    return rc == KN_E_NOT_FOUND && !where.is_configured ? KN_OK : rc;
}

/* As the next start will read it. */
static enum kn_code load(const struct kn_node *node, struct kn_snapshot **out, struct kn_error *err)
{
    struct kn_config_request request = *node->options.request;

    (void)!kn_clock_now(&request.now_s);
    return kn_config_load(&request, out, err);
}

static enum kn_code check_and_leave(struct kn_node *node, struct kn_json **out,
                                    struct kn_error *err)
{
    struct kn_snapshot *snapshot = NULL;
    enum kn_code rc = load(node, &snapshot, err);

    if (rc == KN_OK && !kn_snapshot_is_valid(snapshot)) {
        rc = tell(false, snapshot, out, err);
    } else if (rc == KN_OK) {
        rc = check_key(snapshot, err);
        if (rc == KN_OK)
            rc = tell(true, NULL, out, err);
        if (rc == KN_OK) {
            node->restarts = true;
            kn_node_stop(node);
        }
    }
    kn_snapshot_unref(snapshot);
    return rc;
}

enum kn_code kn_restart_answer(void *arg, const struct kn_json *request, struct kn_json **out,
                               struct kn_error *err)
{
    struct kn_node *node = arg;
    enum kn_code rc;

    (void)request;
    if (node->leaving || node->over)
        return kn_fail(err, KN_E_BUSY, "the node is leaving the swarm already");
    if (node->options.may_restart == NULL)
        return kn_fail(err, KN_E_UNSUPPORTED,
                       "the node is part of another program, which alone can start it again");
    rc = node->options.may_restart(node->options.arg, err);
    return rc == KN_OK ? check_and_leave(node, out, err) : rc;
}

bool kn_node_restarts(const struct kn_node *node)
{
    return node->restarts && node->failure.code == KN_OK;
}
