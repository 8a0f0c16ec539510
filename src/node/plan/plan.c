#include "node/plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "node/machine/calibrate.h"
#include "node/plan/plan_parts.h"

static bool is_given(enum kn_presence is)
{
    return is == KN_GIVEN;
}

/* What model.path points to is what is meant, whatever it is called. */
static const char *named_model(const struct kn_plan_input *input, const struct kn_plan *plan)
{
    if (is_given(input->config->model.name.is))
        return input->config->model.name.text;
    return is_given(input->config->model.path.is) ? plan->local.models[0].repository : NULL;
}

static void find_folder(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_model_choice *model = &plan->model;

    if (is_given(input->config->model.path.is))
        plan->folder = plan->local.folders[0];
    else
        plan->folder = kn_local_folder(&plan->local,
                                       model->repository != NULL ? model->repository : model->name);
}

/* Of this model, on this machine, for these settings, and nobody asks for an estimate. */
static const struct kn_measured *find_measured(const struct kn_plan_input *input)
{
    return input->recalibrate ? NULL : kn_kept_measured(input->snapshot, input->hardware);
}

/* What an earlier run found out by doing it, instead of the estimate. */
static void use_measured(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_measured *measured = find_measured(input);
    struct kn_model_choice *model = &plan->model;

    if (measured == NULL || model->room.is_gpu || model->kind == KN_CHOICE_NOTHING)
        return;
    plan->measured = *measured;
    if (!is_given(input->config->model.dtype.is))
        kn_measured_format(measured, &model->format);
    kn_fit_use(measured, &model->size, &model->room, &model->fit);
}

/* What an earlier start found out is asked anew. */
static uint32_t written_total(const struct kn_plan_input *input)
{
    const struct kn_int *total = &input->config->model.total_blocks;

    return is_given(total->is) &&
                   !kn_snapshot_is_from(input->snapshot, "model.total_blocks", KN_LAYER_CACHE) &&
                   !kn_snapshot_is_from(input->snapshot, "model.total_blocks", KN_LAYER_DISCOVERY)
               ? (uint32_t)total->value
               : 0;
}

static enum kn_code choose_model(const struct kn_plan_input *input, struct kn_plan *plan,
                                 struct kn_error *err)
{
    const struct kn_fit_wish wish = kn_fit_wish_of(input->snapshot);
    const struct kn_model_question question = {
        .named = named_model(input, plan),
        .blocks = written_total(input),
        .swarm = &plan->swarm,
        .local = plan->local.models,
        .local_count = plan->local.n,
        .hardware = input->hardware,
        .wish = &wish,
        .families = KN_PLAN_FAMILIES,
    };

    enum kn_code rc = kn_model_choose(&question, plan->arena, &plan->model, err);

    if (rc == KN_OK && plan->model.kind == KN_CHOICE_FALLBACK &&
        input->config->network.new_swarm.value)
        plan->model.reason = "built-in: a swarm of its own begins with it";
    if (rc != KN_OK)
        return rc;
    if (is_given(input->config->model.repository.is) && plan->model.kind == KN_CHOICE_NAMED)
        plan->model.repository = input->config->model.repository.text;
    find_folder(input, plan);
    use_measured(input, plan);
    return KN_OK;
}

static struct kn_fetch_question fetch_question(const struct kn_plan_input *input,
                                               const struct kn_plan *plan)
{
    return (struct kn_fetch_question){
        .snapshot = input->snapshot,
        .config = input->config,
        .model = &plan->model,
        .folder = plan->folder,
        .environment = input->environment,
        .is_stand_in = input->is_stand_in,
    };
}

static enum kn_code choose_fetch(const struct kn_plan_input *input, struct kn_plan *plan,
                                 struct kn_error *err)
{
    const struct kn_fetch_question question = fetch_question(input, plan);

    return kn_fetch_choose(&question, plan->arena, &plan->fetch, err);
}

static void check_fetch(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_fetch_question question = fetch_question(input, plan);

    if (plan->place.by != KN_PLACED_NOWHERE)
        kn_fetch_choose_range(&question, plan->place.start, plan->place.end, &plan->fetch);
}

/* spec: decisions D3; the registered spelling, else Petals'. */
static enum kn_code choose_prefix(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_model_choice *model = &plan->model;
    const char *given = is_given(input->config->model.dht_prefix.is)
                            ? input->config->model.dht_prefix.text
                            : model->prefix;
    const char *name = model->repository != NULL ? model->repository : model->name;
    struct kn_prefix plain;

    if (given == NULL)
        return kn_prefix_of_model(name, kn_prefix_family_of(kn_family_word(model->size.family)),
                                  &plan->prefix, &plain);
    if (strlen(given) > KN_PREFIX_MAX)
        return KN_E_LIMIT;
    memcpy(plan->prefix.text, given, strlen(given) + 1);
    return KN_OK;
}

static bool is_count_written(const struct kn_plan_input *input)
{
    return is_given(input->config->model.blocks.is) &&
           !kn_snapshot_is_from(input->snapshot, "model.blocks", KN_LAYER_CACHE);
}

/* What has to be fetched needs a place on the disk; where not even one block has, that is said. */
static uint32_t limit_to_disk(struct kn_plan *plan, uint32_t blocks)
{
    uint32_t most = plan->fetch.blocks_most;

    if (!plan->fetch.is_allowed || most == 0 || most >= blocks || plan->kept.is_range)
        return blocks;
    (void)snprintf(plan->fetch.limit, sizeof(plan->fetch.limit),
                   "%u of %u blocks: there is no room on the disk for the files of more", most,
                   blocks);
    return most;
}

/* As many as somebody asks for, else as an earlier start had while they fit, else the preset's. */
static uint32_t plan_blocks(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_int *blocks = &input->config->model.blocks;
    const struct kn_fit *fit = &plan->model.fit;
    const struct kn_kept_now now = {
        .snapshot = input->snapshot,
        .hardware = input->hardware,
        .fit = fit,
        .planned = fit->profiles[kn_preset_of(input->config)].blocks,
        .recalibrate = input->recalibrate,
        .is_running = input->is_running,
        .coverage_known = plan->blocks != NULL,
    };

    kn_kept_read(input->snapshot, &plan->kept);
    if (is_count_written(input))
        return (uint32_t)blocks->value;
    return limit_to_disk(plan, kn_kept_hold(&plan->kept, &now));
}

static int64_t pinned(const struct kn_int *value)
{
    return is_given(value->is) ? value->value : KN_FACT_UNKNOWN;
}

static struct kn_placement_request request_of(const struct kn_plan_input *input,
                                              const struct kn_plan *plan)
{
    const struct kn_fit *fit = &plan->model.fit;

    return (struct kn_placement_request){
        .num_blocks = plan->model.size.blocks,
        .blocks = plan->blocks,
        .servers = plan->servers,
        .server_count = plan->server_count,
        .planned = plan->planned,
        .max = fit->profiles[KN_PRESET_MAX].blocks,
        .start = plan->kept.is_range ? plan->kept.start : pinned(&input->config->model.start_block),
        .end = plan->kept.is_range ? plan->kept.end : pinned(&input->config->model.end_block),
        .seed = kn_placement_seed(input->own_bytes),
    };
}

/* spec: decisions D26, of a range; a count is as long. */
static enum kn_code refuse_count(const struct kn_plan *plan, struct kn_error *err)
{
    const struct kn_fit *fit = &plan->model.fit;
    uint32_t max = fit->profiles[KN_PRESET_MAX].blocks;
    enum kn_code rc = kn_fail(err, KN_E_LIMIT,
                              "model.blocks: %u are asked for, and at most %u fit this machine: %s",
                              plan->planned, max, max > 0 ? fit->limit : fit->reason);

    if (max > 0)
        kn_hint(err, "Set at most %u, or leave it automatic.", max);
    else
        kn_hint(err, "Choose a smaller model, or leave it automatic: then this node joins without "
                     "blocks.");
    return rc;
}

static enum kn_code choose_place(const struct kn_plan_input *input, struct kn_plan *plan,
                                 struct kn_error *err)
{
    const struct kn_placement_request request = request_of(input, plan);

    if (request.num_blocks == 0 || plan->model.kind == KN_CHOICE_NOTHING) {
        plan->place = (struct kn_placement){ .by = KN_PLACED_NOWHERE };
        return KN_OK;
    }
    if (request.planned > request.max && is_count_written(input))
        return refuse_count(plan, err);
    return kn_placement_choose(&request, &plan->place, err);
}

enum kn_code kn_plan_make(const struct kn_plan_input *input, struct kn_plan *out,
                          struct kn_error *err)
{
    enum kn_code rc;

    *out = (struct kn_plan){ .arena = kn_arena_new() };
    if (out->arena == NULL)
        return kn_fail_no_memory(err);
    rc = kn_plan_take_facts(input, out, err);
    if (rc == KN_OK)
        rc = choose_model(input, out, err);
    if (rc == KN_OK)
        rc = choose_fetch(input, out, err);
    if (rc == KN_OK)
        rc = choose_prefix(input, out);
    if (rc == KN_OK)
        rc = kn_plan_take_coverage(input, out);
    if (rc == KN_OK) {
        out->planned = plan_blocks(input, out);
        rc = choose_place(input, out, err);
    }
    if (rc != KN_OK) {
        if (err->code != rc)
            (void)kn_fail(err, rc, "no plan can be made");
        kn_plan_done(out);
        return rc;
    }
    check_fetch(input, out);
    kn_plan_write(input, out);
    return kn_arena_failed(out->arena) ? kn_fail_no_memory(err) : KN_OK;
}

static bool write_place(const struct kn_plan_input *input, struct kn_plan *plan)
{
    kn_plan_write_place(plan);
    check_fetch(input, plan);
    return !kn_arena_failed(plan->arena);
}

bool kn_plan_place(const struct kn_plan_input *input, const struct kn_placement *place,
                   struct kn_plan *plan)
{
    plan->place = *place;
    return write_place(input, plan);
}

bool kn_plan_reconsider(const struct kn_plan_input *input, uint32_t round, struct kn_plan *plan)
{
    struct kn_placement_request request;

    if (kn_plan_take_coverage(input, plan) != KN_OK)
        return false;
    request = request_of(input, plan);
    request.start = request.end = KN_FACT_UNKNOWN; /* our own first choice is no pin */
    return kn_placement_reconsider(&request, round, &plan->place) && write_place(input, plan);
}

void kn_plan_done(struct kn_plan *plan)
{
    kn_arena_free(plan->arena);
    *plan = (struct kn_plan){ 0 };
}
