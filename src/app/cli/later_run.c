#include "app/cli/later_run.h"

#include <string.h>

#include "app/cli/fetch_view.h"
#include "app/cli/values.h"
#include "node/plan/advice.h"

static const struct kn_origin *cached(const struct kn_start_facts *facts, const char *key)
{
    const struct kn_resolved *then = kn_snapshot_get(facts->loaded, kn_setting_find(key));

    return then->origin.layer == KN_LAYER_CACHE ? &then->origin : NULL;
}

void kn_later_run_begin(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_origin *model = cached(facts, "model.name");
    struct kn_text age = { 0 };

    if (facts->file_exists)
        kn_page_line(page, "📋", "Loading configuration from: %s", facts->file);
    else
        kn_page_line(page, "📋", "No configuration file: everything is automatic");
    if (model == NULL || model->age_s <= KN_CACHE_FRESH_S)
        return;
    kn_age_words(model->age_s, &age);
    kn_page_line(page, "❗",
                 "What is known of the network is %s old, older than 24 h: it is used, and found "
                 "out anew while the node runs; kwaainet --rediscover does that first",
                 kn_text_get(&age));
    kn_text_done(&age);
}

static void add(const struct kn_page *page, const struct kn_start_facts *facts, const char *label,
                const char *key, const char *value)
{
    struct kn_text source = { 0 };

    kn_facts_source(facts, key, true, &source);
    kn_page_item(page, "%s: %s (%s)", label, value, kn_text_get(&source));
    kn_text_done(&source);
}

/* spec: REQ-0.1.7 */
static void add_discovered(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_plan *plan = facts->plan;
    size_t n = plan->swarm.model_count;

    if (kn_facts_config(facts)->network.new_swarm.value)
        kn_page_line(page, "🔍", "A swarm of its own, selected %s", plan->model.name);
    else if (!plan->swarm.is_known)
        kn_page_line(page, "🔍", "Nobody answered, selected %s: %s", plan->model.name,
                     plan->model.reason);
    else
        kn_page_line(page, "🔍", "Discovered %zu model%s, selected %s (%s)", n, n == 1 ? "" : "s",
                     plan->model.name, plan->model.reason);
    if (facts->nobody != NULL)
        kn_page_more(page, "%s", facts->nobody);
    kn_facts_passed_over(page, facts);
    if (plan->model.warning != NULL)
        kn_page_line(page, "❗", "%s", plan->model.warning);
}

void kn_later_run_loaded(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_plan *plan = facts->plan;
    struct kn_text text = { 0 };

    if (cached(facts, "model.name") == NULL)
        add_discovered(page, facts);
    if (plan->kept.changed[0] != '\0') /* an earlier plan that counts no longer: decisions D18 */
        kn_page_line(page, "🔁", "%s", plan->kept.changed);
    kn_page_line(page, "📋", "Configuration loaded:");
    add(page, facts, "Model", "model.name", plan->model.name);
    kn_facts_blocks(facts, &text);
    if (plan->place.by == KN_PLACED_NOWHERE) {
        kn_page_item(page, "Blocks: none (%s)", kn_reason_no_block(plan));
        kn_page_more(page, "%s", kn_advice_no_block(plan));
    } else {
        add(page, facts, "Blocks", "model.start_block", kn_text_get(&text));
    }
    kn_text_cut(&text, 0);
    kn_text_addf(&text, "%u", facts->port);
    add(page, facts, "Port", "node.port", kn_text_get(&text));
    add(page, facts, "Name", "node.name", kn_facts_config(facts)->node.name.text);
    add(page, facts, "Data type", "model.dtype", kn_words_dtype[plan->model.format.dtype].name);
    kn_text_cut(&text, 0);
    kn_fetch_intent(facts, &text);
    if (text.n > 0)
        kn_page_item(page, "Files: %s", text.at);
    kn_text_done(&text);
}
