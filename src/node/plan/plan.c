#include "node/plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/base/number.h"
#include "node/machine/calibrate.h"

static bool is_given(enum kn_presence is)
{
    return is == KN_GIVEN;
}

static void add(struct kn_plan *plan, const char *key, const char *value, const char *reason)
{
    if (value == NULL || plan->value_count >= KN_PLAN_VALUES_MAX)
        return;
    /* Copies: a plan may be moved. */
    plan->values[plan->value_count++] =
        (struct kn_discovered){ key, kn_arena_dup(plan->arena, value),
                                reason != NULL ? kn_arena_dup(plan->arena, reason) : NULL };
}

static void add_number(struct kn_plan *plan, const char *key, int64_t value, const char *reason)
{
    add(plan, key, kn_arena_printf(plan->arena, "%lld", (long long)value), reason);
}

/* The survey as the facts that discovery knows. */
static enum kn_code take_models(const struct kn_plan_input *input, struct kn_plan *plan)
{
    uint32_t n = kn_survey_listed(input->survey);
    struct kn_model_facts *models = kn_arena_alloc(plan->arena, (n + 1) * sizeof(*models));

    if (models == NULL)
        return KN_E_NO_MEMORY;
    for (uint32_t i = 0; i < n; i++) {
        const struct kn_survey_model *seen = kn_survey_model(input->survey, i);

        models[i] = (struct kn_model_facts){
            .prefix = seen->prefix,
            .repository = seen->repository,
            .num_blocks = seen->num_blocks,
            .online = seen->online,
            .joining = seen->joining,
            .own_online = seen->own_online,
            .complete = seen->complete,
            .registered = seen->registered,
        };
    }
    plan->swarm.is_known = true;
    plan->swarm.models = models;
    plan->swarm.model_count = n;
    return KN_OK;
}

static enum kn_code take_names(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const char **names;
    size_t n;
    enum kn_code rc = kn_survey_public_names(input->survey, input->own, &names, &n);
    const char **kept;

    if (rc != KN_OK)
        return rc;
    kept = kn_arena_alloc(plan->arena, (n + 1) * sizeof(*kept));
    if (kept != NULL && n > 0)
        memcpy(kept, names, n * sizeof(*kept));
    kn_free(names);
    plan->swarm.names = kept;
    plan->swarm.name_count = kept != NULL ? n : 0;
    return kept != NULL ? KN_OK : KN_E_NO_MEMORY;
}

/* Which of the models that could be chosen have files here. */
static enum kn_code look_for_files(const struct kn_plan_input *input, struct kn_plan *plan,
                                   struct kn_error *err)
{
    const struct kn_model_config *model = &input->config->model;
    const struct kn_local_places places = {
        .path = is_given(model->path.is) ? model->path.text : NULL,
        .named = is_given(model->name.is) ? model->name.text : NULL,
        .repository = is_given(model->repository.is) ? model->repository.text : NULL,
        .revision = is_given(model->revision.is) ? model->revision.text : NULL,
        .cache_dir = is_given(input->config->resources.cache_dir.is)
                         ? input->config->resources.cache_dir.text
                         : NULL,
        .environment = input->environment,
    };
    size_t n = plan->swarm.model_count;
    const char **seen = kn_arena_alloc(plan->arena, (n + 1) * sizeof(*seen));

    for (size_t i = 0; seen != NULL && i < n; i++)
        seen[i] = plan->swarm.models[i].repository;
    return seen != NULL ? kn_local_look(&places, seen, n, plan->arena, &plan->local, err)
                        : kn_fail_no_memory(err);
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

static enum kn_code choose_model(const struct kn_plan_input *input, struct kn_plan *plan,
                                 struct kn_error *err)
{
    const struct kn_fit_wish wish = kn_fit_wish_of(input->config);
    const struct kn_model_question question = {
        .named = named_model(input, plan),
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

/* Who serves what of the chosen model, under the prefix that we use too. */
static enum kn_code take_coverage(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_survey_model *seen =
        input->survey != NULL ? kn_survey_find(input->survey, plan->prefix.text, NULL) : NULL;
    uint32_t blocks = plan->model.size.blocks;
    struct kn_survey_server *servers;
    size_t n;
    enum kn_code rc;

    if (seen == NULL || blocks == 0)
        return KN_OK;
    rc = kn_survey_servers(input->survey, seen, input->own, &servers, &n);
    if (rc != KN_OK)
        return rc;
    plan->servers = kn_arena_alloc(plan->arena, (n + 1) * sizeof(*plan->servers));
    plan->blocks = kn_arena_alloc(plan->arena, blocks * sizeof(*plan->blocks));
    for (size_t i = 0; plan->servers != NULL && i < n; i++) {
        plan->servers[i] = (struct kn_placement_server){ servers[i].start, servers[i].end,
                                                         servers[i].throughput, servers[i].online };
    }
    kn_free(servers);
    if (plan->servers == NULL || plan->blocks == NULL)
        return KN_E_NO_MEMORY;
    plan->server_count = n;
    rc = kn_placement_weigh(plan->servers, n, plan->blocks, blocks);
    plan->swarm.blocks = plan->blocks;
    plan->swarm.block_count = blocks;
    plan->range_count = kn_coverage_ranges(plan->blocks, blocks, plan->ranges);
    return rc;
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

/* Why the caches say so; NULL: this value is not theirs. */
static const char *reason_kept(const struct kn_plan_input *input, const char *key)
{
    const struct kn_resolved *resolved = kn_snapshot_get(input->snapshot, kn_setting_find(key));

    if (!kn_snapshot_is_from(input->snapshot, key, KN_LAYER_CACHE))
        return NULL;
    return resolved->origin.text != NULL ? resolved->origin.text : "kept from an earlier start";
}

/* What an earlier start chose is kept with its reason: nobody wrote it down. */
static void explain_kept(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const char *model = reason_kept(input, "model.name");
    const char *place = reason_kept(input, "model.start_block");

    if (model != NULL)
        plan->model.reason = model;
    if (plan->place.by == KN_PLACED_PINNED && plan->kept.resized)
        place = "from where an earlier start began";
    if (plan->place.by == KN_PLACED_PINNED && place != NULL)
        (void)snprintf(plan->place.reason, sizeof(plan->place.reason), "%s", place);
}

static void choose_name(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_node_name_facts facts = {
        .user = input->hardware->user_name,
        .host = input->hardware->host_name,
        .port = input->port,
        .seed = kn_placement_seed(input->own_bytes),
        .taken = plan->swarm.names,
        .taken_count = plan->swarm.name_count,
    };

    const struct kn_string *given = &input->config->node.name;
    const char *reason = reason_kept(input, "node.name");

    if (!is_given(given->is) || strlen(given->text) >= sizeof(plan->name.text)) {
        kn_node_name_choose(&facts, &plan->name);
        return;
    }
    memcpy(plan->name.text, given->text, strlen(given->text) + 1);
    (void)snprintf(plan->name.reason, sizeof(plan->name.reason), "%s",
                   reason != NULL ? reason : "as the settings say");
}

/* Nothing is announced of it before it was measured; a tenth is more than an estimate knows. */
static void add_speed(struct kn_plan *plan)
{
    char text[KN_DECIMAL_SIZE];

    kn_print_decimal(round(plan->speed.middle * 10) / 10, text);
    add(plan, "performance.throughput", kn_arena_dup(plan->arena, text), plan->speed.reason);
}

/* "measured on 2026-11-22: WHY" */
static const char *reason_measured(const struct kn_plan *plan, const char *why)
{
    char day[KN_DAY_SIZE];

    kn_day_print(plan->measured.at_s, day);
    return kn_arena_printf(plan->arena, "measured on %s: %s", day, why);
}

/* Of one session, and of several: a token goes through all the blocks that are served. */
static void use_measured_speed(struct kn_plan *plan)
{
    const struct kn_measured *m = &plan->measured;
    double blocks = (double)(plan->place.end - plan->place.start);
    char day[KN_DAY_SIZE];

    if (m->at_s <= 0 || plan->place.by == KN_PLACED_NOWHERE || blocks < 1)
        return;
    kn_day_print(m->at_s, day);
    plan->speed.low = m->decode / blocks;
    plan->speed.high = fmax(m->together, m->decode) / blocks;
    plan->speed.middle = plan->speed.low;
    (void)snprintf(plan->speed.reason, sizeof(plan->speed.reason),
                   "measured on %s: one session, and %u together", day, m->sessions);
}

/* What was chosen, as values that a configuration could hold. */
static void write_values(const struct kn_plan_input *input, struct kn_plan *plan)
{
    const struct kn_model_choice *model = &plan->model;
    const char *spelling = reason_kept(input, "model.dht_prefix");

    if (spelling == NULL)
        spelling = model->prefix != NULL ? "registered on the network" : "spelled as Petals does";
    add(plan, "node.name", plan->name.text, plan->name.reason);
    /* Addresses that somebody wrote are bound exactly, also several with a port each. */
    if (input->port != 0 && input->config->network.listen_addrs.is != KN_GIVEN)
        add_number(plan, "node.port", input->port, "the first free port of 8080-8100");
    add(plan, "model.name", model->name, model->reason);
    add(plan, "model.dht_prefix", plan->prefix.text, spelling);
    if (model->size.blocks > 0)
        add_number(plan, "model.total_blocks", model->size.blocks, "of the model's shape");
    if (plan->fetch.is_needed && !is_given(input->config->model.download.is))
        add(plan, "model.download", plan->fetch.is_allowed ? "true" : "false", plan->fetch.reason);
    add(plan, "model.dtype", kn_words_dtype[model->format.dtype].name, model->format.reason);
    if (plan->place.by == KN_PLACED_NOWHERE)
        return;
    add_number(plan, "model.start_block", plan->place.start, plan->place.reason);
    add_number(plan, "model.end_block", plan->place.end, plan->place.reason);
    add_number(plan, "performance.cache_tokens", model->fit.cache_tokens,
               "a fifth of the memory of the blocks");
    if (plan->measured.at_s > 0)
        add_number(plan, "performance.max_batch_tokens", plan->measured.batch_tokens,
                   reason_measured(plan, "more in one pass are hardly faster"));
    add_speed(plan);
}

enum kn_code kn_plan_make(const struct kn_plan_input *input, struct kn_plan *out,
                          struct kn_error *err)
{
    enum kn_code rc = KN_OK;

    *out = (struct kn_plan){ .arena = kn_arena_new() };
    if (out->arena == NULL)
        return kn_fail_no_memory(err);
    if (input->survey != NULL) {
        rc = take_models(input, out);
        if (rc == KN_OK)
            rc = take_names(input, out);
    }
    if (rc == KN_OK)
        rc = look_for_files(input, out, err);
    if (rc == KN_OK)
        rc = choose_model(input, out, err);
    if (rc == KN_OK)
        rc = choose_fetch(input, out, err);
    if (rc == KN_OK)
        rc = choose_prefix(input, out);
    if (rc == KN_OK)
        rc = take_coverage(input, out);
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
    explain_kept(input, out);
    choose_name(input, out);
    kn_speed_estimate(&out->model.size, &out->model.room, &out->speed);
    use_measured_speed(out);
    write_values(input, out);
    return kn_arena_failed(out->arena) ? kn_fail_no_memory(err) : KN_OK;
}

static void write_again(struct kn_plan *plan, const char *key, uint32_t number)
{
    const char *value = kn_arena_printf(plan->arena, "%u", number);
    const char *reason = kn_arena_dup(plan->arena, plan->place.reason);

    for (size_t i = 0; value != NULL && reason != NULL && i < plan->value_count; i++) {
        if (strcmp(plan->values[i].key, key) == 0)
            plan->values[i] = (struct kn_discovered){ plan->values[i].key, value, reason };
    }
}

static bool write_place(const struct kn_plan_input *input, struct kn_plan *plan)
{
    write_again(plan, "model.start_block", plan->place.start);
    write_again(plan, "model.end_block", plan->place.end);
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

    if (take_coverage(input, plan) != KN_OK)
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
