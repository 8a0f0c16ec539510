#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "node/plan/plan_parts.h"

static bool is_given(enum kn_presence is)
{
    return is == KN_GIVEN;
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

enum kn_code kn_plan_take_facts(const struct kn_plan_input *input, struct kn_plan *plan,
                                struct kn_error *err)
{
    enum kn_code rc = input->survey != NULL ? take_models(input, plan) : KN_OK;

    if (rc == KN_OK && input->survey != NULL)
        rc = take_names(input, plan);
    return rc == KN_OK ? look_for_files(input, plan, err) : rc;
}

enum kn_code kn_plan_take_coverage(const struct kn_plan_input *input, struct kn_plan *plan)
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
