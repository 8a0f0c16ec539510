#include "node/plan/decision.h"

#include "lib/base/arena.h"
#include "lib/base/memory.h"

static void free_file(struct kn_bytes *file)
{
    if (file != NULL)
        kn_bytes_done(file);
    kn_free(file);
}

/* What cannot be read is left to the load, which says why. */
static enum kn_code copy_file(struct kn_decision *d, struct kn_error *others, struct kn_error *err)
{
    struct kn_config_paths paths;
    struct kn_arena *arena = kn_arena_new();
    struct kn_bytes *file = kn_try_alloc(sizeof(*file));
    enum kn_code rc = KN_E_NO_MEMORY;
    bool is_read = false;

    if (arena != NULL && file != NULL)
        rc = kn_config_locate(&d->request, arena, &paths, err);
    else
        (void)kn_fail_no_memory(err);
    if (rc == KN_OK)
        is_read = paths.config_exists && kn_config_read(paths.config, file, others, NULL) == KN_OK;
    if (is_read)
        d->copy.then = d->copy.now = file;
    else
        free_file(file);
    if (rc == KN_OK && (is_read || (!paths.config_exists && !paths.config_named)))
        d->request.copy = &d->copy;
    kn_arena_free(arena);
    return rc;
}

enum kn_code kn_decision_load(struct kn_decision *d, const struct kn_config_request *request,
                              struct kn_error *err)
{
    struct kn_error others = { 0 };
    enum kn_code rc;

    *d = (struct kn_decision){ .request = *request };
    rc = copy_file(d, &others, err);
    d->copy.others = &others;
    if (rc == KN_OK)
        rc = kn_config_load(&d->request, &d->sources, err);
    d->copy.others = NULL;
    if (rc == KN_OK)
        d->snapshot = kn_snapshot_ref(d->sources);
    return rc;
}

static void drop_plan(struct kn_decision *d)
{
    kn_plan_done(&d->plan);
    kn_snapshot_unref(d->planned_from);
    d->planned_from = NULL;
    d->is_planned = false;
}

void kn_decision_done(struct kn_decision *d)
{
    drop_plan(d);
    kn_snapshot_unref(d->snapshot);
    kn_snapshot_unref(d->sources);
    if (d->copy.now != d->copy.then)
        free_file(d->copy.now);
    free_file(d->copy.then);
    *d = (struct kn_decision){ 0 };
}

bool kn_decision_is_kept(const struct kn_decision *d)
{
    return kn_snapshot_is_from(d->sources, "model.start_block", KN_LAYER_CACHE);
}

bool kn_decision_is_later(const struct kn_decision *d)
{
    static const char *const kept[] = { "model.name", "model.start_block", "node.name",
                                        "node.port" };

    for (size_t i = 0; i < KN_COUNT(kept); i++) {
        if (kn_snapshot_is_from(d->sources, kept[i], KN_LAYER_CACHE))
            return true;
    }
    return false;
}

int64_t kn_decision_age_s(const struct kn_decision *d)
{
    const struct kn_setting *start = kn_setting_find("model.start_block");

    return kn_decision_is_kept(d) ? kn_snapshot_get(d->sources, start)->origin.age_s : -1;
}

/* Is every value that the caches gave still the one that was planned? */
static bool agrees_with_caches(const struct kn_plan_input *input, const struct kn_plan *plan)
{
    const struct kn_node_config *config = input->config;

    return config->model.start_block.value == plan->place.start &&
           config->model.end_block.value == plan->place.end &&
           (config->node.port.is != KN_GIVEN || config->node.port.value == input->port);
}

/*
 * The same sources with what was found out. What the caches say is older than that, but while it
 * still holds it stands with its age.
 */
static enum kn_code resolve(const struct kn_decision *d, const struct kn_plan *plan,
                            bool caches_hold, struct kn_snapshot **out, struct kn_error *err)
{
    struct kn_config_request request = d->request;
    enum kn_code rc;

    request.discovered = plan->values;
    request.discovered_count = plan->value_count;
    request.without_caches = request.without_caches || !caches_hold;
    rc = kn_config_load(&request, out, err);
    if (rc == KN_OK && !kn_snapshot_is_valid(*out)) {
        kn_snapshot_unref(*out);
        rc = kn_fail(err, KN_E_INVALID, "what was found out does not fit the configuration");
    }
    return rc;
}

static void use(struct kn_decision *d, struct kn_snapshot *snapshot)
{
    kn_snapshot_unref(d->snapshot);
    d->snapshot = snapshot;
}

enum kn_code kn_decision_plan(struct kn_decision *d, const struct kn_plan_input *facts,
                              struct kn_error *err)
{
    struct kn_plan_input input = *facts;
    struct kn_plan plan;
    struct kn_snapshot *snapshot;
    bool caches_hold;
    enum kn_code rc;

    input.snapshot = d->sources;
    input.config = kn_snapshot_config(d->sources);
    rc = kn_plan_make(&input, &plan, err);
    if (rc != KN_OK)
        return rc;
    caches_hold = kn_decision_is_kept(d) && agrees_with_caches(&input, &plan);
    rc = resolve(d, &plan, caches_hold, &snapshot, err);
    if (rc != KN_OK) {
        kn_plan_done(&plan);
        return rc;
    }
    drop_plan(d);
    d->plan = plan;
    d->planned_from = kn_snapshot_ref(d->sources);
    d->is_planned = true;
    use(d, snapshot);
    return KN_OK;
}

/* What is made aside takes the place of what stands. */
static void replace(struct kn_decision *d, struct kn_decision *next, bool is_planned_anew)
{
    if (is_planned_anew) {
        drop_plan(d);
        d->plan = next->plan;
        d->planned_from = next->planned_from;
        d->is_planned = true;
    }
    if (d->copy.now != d->copy.then && d->copy.now != next->copy.now)
        free_file(d->copy.now);
    d->copy.now = next->copy.now;
    d->request.without_caches = next->request.without_caches;
    kn_snapshot_unref(d->sources);
    d->sources = next->sources;
    use(d, next->snapshot);
}

enum kn_code kn_decision_amend(struct kn_decision *d, struct kn_bytes *file, bool without_caches,
                               const struct kn_plan_input *facts, struct kn_error *err)
{
    struct kn_decision next = { .request = d->request, .copy = { d->copy.then, file, NULL } };
    enum kn_code rc;

    next.request.copy = &next.copy;
    next.request.without_caches = without_caches;
    rc = kn_config_load(&next.request, &next.sources, err);
    if (rc != KN_OK)
        return rc;
    next.snapshot = kn_snapshot_ref(next.sources);
    if (facts != NULL) {
        struct kn_plan_input running = *facts;

        running.is_running = true;
        rc = kn_decision_plan(&next, &running, err);
    } else if (d->is_planned) {
        kn_snapshot_unref(next.snapshot);
        next.snapshot = NULL;
        rc = resolve(&next, &d->plan, false, &next.snapshot, err);
    }
    if (rc == KN_OK) {
        replace(d, &next, facts != NULL);
        return KN_OK;
    }
    kn_snapshot_unref(next.snapshot);
    kn_snapshot_unref(next.sources);
    return rc;
}

enum kn_code kn_decision_plan_anew(struct kn_decision *d, const struct kn_plan_input *facts,
                                   struct kn_error *err)
{
    const struct kn_error why = *err;
    struct kn_config_request request = d->request;
    struct kn_snapshot *sources;
    enum kn_code rc;

    request.without_caches = true;
    rc = kn_config_load(&request, &sources, err);
    if (rc != KN_OK)
        return rc;
    drop_plan(d);
    kn_snapshot_unref(d->sources);
    d->sources = sources;
    d->request.without_caches = true;
    rc = kn_decision_plan(d, facts, err);
    if (rc == KN_OK)
        kn_kept_lost(&d->plan.kept, why.text);
    return rc;
}

bool kn_decision_reconsider(struct kn_decision *d, const struct kn_plan_input *facts,
                            uint32_t round)
{
    struct kn_plan_input input = *facts;
    struct kn_snapshot *snapshot;
    struct kn_error err = { 0 };

    input.snapshot = d->snapshot;
    input.config = kn_snapshot_config(d->snapshot);
    /* The first choice stands in the configuration by now: it is no pin. */
    if (!kn_plan_reconsider(&input, round, &d->plan) ||
        resolve(d, &d->plan, false, &snapshot, &err) != KN_OK)
        return false;
    use(d, snapshot);
    return true;
}

bool kn_decision_is_pinned(const struct kn_decision *d)
{
    static const char *const ends[] = { "model.start_block", "model.end_block" };

    const struct kn_model_config *model = &kn_snapshot_config(d->sources)->model;
    const enum kn_presence given[] = { model->start_block.is, model->end_block.is };

    for (size_t i = 0; i < KN_COUNT(ends); i++) { /* a written `auto` is no pin */
        const struct kn_setting *setting = kn_setting_find(ends[i]);

        if (given[i] == KN_GIVEN && kn_resolved_is_explicit(kn_snapshot_get(d->sources, setting)))
            return true;
    }
    return false;
}

bool kn_decision_move(struct kn_decision *d, const struct kn_plan_input *facts,
                      const struct kn_placement *place)
{
    struct kn_plan_input input = *facts;
    const struct kn_placement before = d->plan.place;
    struct kn_snapshot *snapshot;
    struct kn_error err = { 0 };

    input.snapshot = d->snapshot;
    input.config = kn_snapshot_config(d->snapshot);
    if (kn_plan_place(&input, place, &d->plan) &&
        resolve(d, &d->plan, false, &snapshot, &err) == KN_OK) {
        use(d, snapshot);
        return true;
    }
    (void)!kn_plan_place(&input, &before, &d->plan);
    return false;
}
