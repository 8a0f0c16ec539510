/* first_run: what else was chosen, and all of it once more before the question. */
#include "app/cli/first_run.h"

#include <string.h>

#include "app/cli/calibration_view.h"
#include "app/cli/fetch_view.h"

static void add_name(const struct kn_page *page, const struct kn_start_facts *facts)
{
    struct kn_text why = { 0 };

    kn_facts_source(facts, "node.name", true, &why);
    kn_page_line(page, "📛", "Node name: %s (%s)", kn_facts_config(facts)->node.name.text,
                 kn_text_get(&why));
    kn_text_done(&why);
}

static void add_port(const struct kn_page *page, const struct kn_start_facts *facts)
{
    struct kn_text why = { 0 };

    kn_facts_port_remark(facts, &why);
    kn_page_line(page, "🔌", "Port: %u (%s)", facts->port, why.n > 0 ? why.at : "available");
    kn_text_done(&why);
}

void kn_first_run_choices(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_plan *plan = facts->plan;

    kn_page_rule(page, "Step 4/4: Finalizing Configuration");
    add_name(page, facts);
    add_port(page, facts);
    kn_page_line(page, "💾", "Data type: %s (%s)", kn_words_dtype[plan->model.format.dtype].name,
                 plan->model.format.reason);
    if (plan->model.fit.profiles[KN_PRESET_MAX].blocks > 0)
        kn_page_line(page, "⚡", "Performance:");
    kn_calibration_notes(page, &plan->model, &plan->speed);
}

static void add_pair(const struct kn_page *page, const struct kn_start_facts *facts,
                     const char *label, const char *key, const char *value)
{
    struct kn_text source = { 0 };

    kn_facts_source(facts, key, false, &source);
    kn_page_pair(page, label, "%s (%s)", value, kn_text_get(&source));
    kn_text_done(&source);
}

static void add_bootstraps(const struct kn_page *page, const struct kn_node_config *config)
{
    const struct kn_texts *all = &config->network.bootstrap_peers.texts;
    struct kn_text hosts = { 0 }, one = { 0 };

    for (size_t i = 0; i < all->n && !config->network.new_swarm.value; i++) {
        kn_text_cut(&one, 0);
        kn_facts_host(all->at[i], &one);
        if (hosts.n > 0 && strstr(hosts.at, kn_text_get(&one)) != NULL)
            continue; /* one host, several addresses */
        kn_text_addf(&hosts, "%s%s", hosts.n > 0 ? ", " : "", kn_text_get(&one));
    }
    kn_page_pair(page, "Bootstrap", "%s", hosts.n > 0 ? hosts.at : "none, this node is one");
    kn_text_done(&hosts);
    kn_text_done(&one);
}

void kn_first_run_summary(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_node_config *config = kn_facts_config(facts);
    struct kn_text text = { 0 };

    kn_page_rule(page, "Configuration Summary");
    add_pair(page, facts, "Model", "model.name", facts->plan->model.name);
    kn_facts_blocks(facts, &text);
    if (facts->plan->place.by == KN_PLACED_NOWHERE)
        kn_page_pair(page, "Blocks", "none");
    else
        add_pair(page, facts, "Blocks", "model.start_block", kn_text_get(&text));
    kn_text_cut(&text, 0);
    kn_text_addf(&text, "%u", facts->port);
    add_pair(page, facts, "Port", "node.port", kn_text_get(&text));
    add_pair(page, facts, "Node Name", "node.name", config->node.name.text);
    add_pair(page, facts, "Data Type", "model.dtype",
             kn_words_dtype[facts->plan->model.format.dtype].name);
    if (facts->plan->model.format.quant != KN_QUANT_NONE)
        add_pair(page, facts, "Weights", "model.quant_type",
                 kn_words_quant_type[facts->plan->model.format.quant].name);
    kn_text_cut(&text, 0);
    kn_fetch_intent(facts, &text);
    if (text.n > 0)
        kn_page_pair(page, "Files", "%s", text.at);
    add_bootstraps(page, config);
    kn_text_done(&text);
}
