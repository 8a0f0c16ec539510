/* first_run: the title, the models of the swarm, and who serves what of the chosen one. */
#include "app/cli/first_run.h"

#include <string.h>

enum { MODELS_SHOWN = 8 };

void kn_first_run_begin(const struct kn_page *page)
{
    kn_page_line(page, "🚀", "KwaaiNet Node - First-Time Setup");
    kn_page_gap(page);
    kn_page_line(page, "",
                 "First-time setup - auto-configuring your node: no configuration "
                 "was found, so everything is found out.");
    kn_page_rule(page, "Step 1/4: Discovering Network Models");
    kn_page_line(page, "🔍", "Querying the DHT for available models...");
}

/* Two spellings of one repository would read alike. */
static bool is_name_twice(const struct kn_swarm_facts *swarm, size_t at)
{
    const char *name = kn_facts_model_name(&swarm->models[at]);

    for (size_t i = 0; i < swarm->model_count; i++) {
        if (i != at && strcmp(kn_facts_model_name(&swarm->models[i]), name) == 0)
            return true;
    }
    return false;
}

static void add_found(const struct kn_page *page, const struct kn_swarm_facts *swarm, size_t at)
{
    const struct kn_model_facts *model = &swarm->models[at];
    struct kn_text more = { 0 };

    kn_facts_count(model->online, "provider", &more);
    if (model->joining > 0)
        kn_text_addf(&more, ", %u joining", model->joining);
    if (!model->complete)
        kn_text_add(&more, ", incomplete");
    kn_page_item(page, "Found: %s (%s)",
                 is_name_twice(swarm, at) ? model->prefix : kn_facts_model_name(model),
                 kn_text_get(&more));
    kn_text_done(&more);
}

static void add_nobody(const struct kn_page *page, const struct kn_start_facts *facts)
{
    kn_page_item(page, "Nobody answered");
    if (facts->nobody != NULL)
        kn_page_more(page, "%s", facts->nobody);
}

static void add_swarm(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_swarm_facts *swarm = &facts->plan->swarm;

    if (kn_facts_config(facts)->network.new_swarm.value)
        kn_page_item(page, "A swarm of its own: there is nobody to ask");
    else if (!swarm->is_known)
        add_nobody(page, facts);
    else if (swarm->model_count == 0)
        kn_page_item(page, "The registry of the swarm is empty");
    for (size_t i = 0; i < swarm->model_count && i < MODELS_SHOWN; i++)
        add_found(page, swarm, i);
    if (swarm->model_count > MODELS_SHOWN)
        kn_page_more(page, "... (%zu more)", swarm->model_count - MODELS_SHOWN);
    if (facts->malformed > 0)
        kn_page_item(page, "%llu record%s malformed, and counted nowhere",
                     (unsigned long long)facts->malformed, facts->malformed == 1 ? " is" : "s are");
}

void kn_first_run_models(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_model_choice *model = &facts->plan->model;

    add_swarm(page, facts);
    kn_page_gap(page);
    kn_facts_passed_over(page, facts);
    kn_page_line(page, "✅", "Selected: %s (%s)", model->name, model->reason);
    if (model->warning != NULL)
        kn_page_line(page, "❗", "%s", model->warning);
    if (facts->discovery_cache != NULL && facts->plan->swarm.is_known)
        kn_page_more(page, "To be cached in: %s (fresh for 24 h)", facts->discovery_cache);
}

static void add_range(const struct kn_page *page, const struct kn_coverage_range *range)
{
    const char *mark = range->level == KN_UNDER_SERVED ? kn_term_emoji(page->term, " ❗") : "";
    struct kn_text who = { 0 }, blocks = { 0 };

    if (range->least != range->most)
        kn_text_addf(&who, "%u-%u providers", range->least, range->most);
    else
        kn_facts_count(range->most, "provider", &who);
    kn_facts_range("Block", range->start, range->end, &blocks);
    kn_page_item(page, "%s: %s (%s)%s", kn_text_get(&blocks), kn_text_get(&who),
                 kn_coverage_level_name(range->level), mark);
    kn_text_done(&blocks);
    kn_text_done(&who);
}

/* How many of the blocks of this node stand in a range that few serve. */
static uint32_t under_served(const struct kn_plan *plan)
{
    uint32_t n = 0;

    for (size_t i = 0; i < plan->range_count; i++) {
        const struct kn_coverage_range *range = &plan->ranges[i];
        uint32_t start = range->start > plan->place.start ? range->start : plan->place.start;
        uint32_t end = range->end < plan->place.end ? range->end : plan->place.end;

        if (range->level == KN_UNDER_SERVED && end > start)
            n += end - start;
    }
    return n;
}

static void add_place(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_plan *plan = facts->plan;
    const struct kn_placement *place = &plan->place;
    uint32_t n = place->end - place->start, poor = under_served(plan);
    struct kn_text blocks = { 0 };

    kn_page_gap(page);
    kn_page_line(page, "🎯", "Assigning optimal block range...");
    kn_page_item(page, "Target: %u contiguous block%s", n, n == 1 ? "" : "s");
    kn_facts_range("Block", place->start, place->end, &blocks);
    kn_page_item(page, "Selected: %s (%s)", kn_text_get(&blocks), place->reason);
    kn_text_done(&blocks);
    if (plan->range_count > 0 && place->least == place->most)
        kn_page_item(page, "Current providers: %u per block", place->least);
    else if (plan->range_count > 0)
        kn_page_item(page, "Current providers: %u-%u per block", place->least, place->most);
    if (poor == 0)
        return;
    kn_page_gap(page);
    kn_page_line(page, "✅",
                 "%u of these blocks %s under-served: that is where the network needs "
                 "nodes most.",
                 poor, poor == 1 ? "is" : "are");
}

void kn_first_run_coverage(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_plan *plan = facts->plan;

    kn_page_rule(page, "Step 3/4: Analyzing Network Coverage");
    kn_page_line(page, "📊", "Building block coverage map for %s...", plan->model.name);
    for (size_t i = 0; i < plan->range_count; i++)
        add_range(page, &plan->ranges[i]);
    if (plan->range_count == 0 && plan->swarm.is_known && plan->model.facts == NULL)
        kn_page_item(page, "It is not in the registry: who serves it was not looked for");
    else if (plan->range_count == 0)
        kn_page_item(page, "Nobody is known who serves this model");
    if (plan->place.by != KN_PLACED_NOWHERE)
        add_place(page, facts);
}
