#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/discovery/calibration.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "node/plan/plan_parts.h"

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

void kn_plan_write(const struct kn_plan_input *input, struct kn_plan *plan)
{
    explain_kept(input, plan);
    choose_name(input, plan);
    kn_speed_estimate(&plan->model.size, &plan->model.room, &plan->speed);
    use_measured_speed(plan);
    write_values(input, plan);
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

void kn_plan_write_place(struct kn_plan *plan)
{
    write_again(plan, "model.start_block", plan->place.start);
    write_again(plan, "model.end_block", plan->place.end);
}
