/* first_run: this machine, and how many blocks it can hold. */
#include "app/cli/calibration_view.h"
#include "app/cli/first_run.h"
#include "node/plan/advice.h"

static void add_machine(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_model_choice *model = &facts->plan->model;

    if (facts->machine_file != NULL)
        kn_page_line(page, "🔬",
                     "Taking the facts of the machine from %s; this one was not measured.",
                     facts->machine_file);
    else
        kn_page_line(page, "🔬", "Detecting system capabilities...");
    kn_calibration_machine(page, facts->machine);
    kn_calibration_model_size(page, model);
}

static void add_estimate(const struct kn_page *page, const struct kn_start_facts *facts)
{
    kn_page_gap(page);
    kn_calibration_estimate(page, &facts->plan->model, facts->plan->measured.at_s > 0);
    if (facts->plan->place.by != KN_PLACED_NOWHERE)
        return;
    kn_page_item(page, "No block is served: %s", kn_reason_no_block(facts->plan));
    kn_page_more(page, "%s", kn_advice_no_block(facts->plan));
}

/* The preset that was taken; KN_PRESET_COUNT: somebody asked for a number of blocks. */
static int selected(const struct kn_node_config *config)
{
    if (config->model.blocks.is == KN_GIVEN)
        return KN_PRESET_COUNT;
    return config->calibration.preset.is == KN_GIVEN ? config->calibration.preset.value
                                                     : KN_PRESET_RECOMMENDED;
}

void kn_first_run_machine(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_placement *place = &facts->plan->place;
    int preset = selected(kn_facts_config(facts));
    struct kn_text blocks = { 0 };

    kn_page_rule(page, "Step 2/4: Calibrating Hardware");
    add_machine(page, facts);
    add_estimate(page, facts);
    if (place->by == KN_PLACED_NOWHERE)
        return;
    kn_page_gap(page);
    kn_calibration_profiles(page, &facts->plan->model, preset, facts->plan->measured.at_s > 0);
    kn_page_gap(page);
    kn_facts_count(facts->plan->planned, "block", &blocks);
    if (preset < KN_PRESET_COUNT)
        kn_page_line(page, "✅", "Calibration complete! Using %s preset (%s)",
                     kn_words_preset[preset].name, kn_text_get(&blocks));
    else
        kn_page_line(page, "✅", "Calibration complete! Using %s, as asked for",
                     kn_text_get(&blocks));
    if (facts->calibration_cache != NULL)
        kn_page_more(page, "To be cached in: %s", facts->calibration_cache);
    kn_text_done(&blocks);
}
