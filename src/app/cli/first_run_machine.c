/* first_run: this machine, and how many blocks it can hold. */
#include "app/cli/first_run.h"
#include "node/advice.h"

static void add_memory(const struct kn_page *page, const struct kn_hardware *machine)
{
    char total[KN_MEMORY_TEXT_SIZE], available[KN_MEMORY_TEXT_SIZE];

    if (machine->memory_total < 0 || machine->memory_available < 0) {
        kn_page_item(page, "RAM: the system does not tell");
        return;
    }
    kn_memory_text(machine->memory_total, total);
    kn_memory_text(machine->memory_available, available);
    kn_page_item(page, "RAM: %s total, %s available", total, available);
    if (machine->memory_left >= 0 && machine->memory_left < machine->memory_available) {
        kn_memory_text(machine->memory_left, available);
        kn_page_item(page, "Limit: %s leaves %s", machine->memory_limit_by, available);
    }
}

static void add_gpus(const struct kn_page *page, const struct kn_hardware *machine)
{
    char free_bytes[KN_MEMORY_TEXT_SIZE];

    for (size_t i = 0; i < machine->gpu_count; i++) {
        const struct kn_gpu_facts *gpu = &machine->gpus[i];

        if (gpu->free_bytes < 0) {
            kn_page_item(page, "GPU: %s", gpu->name);
            continue;
        }
        kn_memory_text(gpu->free_bytes, free_bytes);
        kn_page_item(page, "GPU: %s (%s free)", gpu->name, free_bytes);
    }
    if (machine->gpu_count == 0)
        kn_page_item(page, "GPU: none found");
}

static void add_machine(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_hardware *machine = facts->machine;
    const struct kn_model_choice *model = &facts->plan->model;

    if (facts->machine_file != NULL)
        kn_page_line(page, "🔬",
                     "Taking the facts of the machine from %s; this one was not measured.",
                     facts->machine_file);
    else
        kn_page_line(page, "🔬", "Detecting system capabilities...");
    if (machine->platform[0] != '\0')
        kn_page_item(page, "Platform: %s", machine->platform);
    if (machine->cpu_name[0] != '\0' && machine->cores > 0)
        kn_page_item(page, "CPU: %s (%d core%s)", machine->cpu_name, machine->cores,
                     machine->cores == 1 ? "" : "s");
    add_memory(page, machine);
    add_gpus(page, machine);
    if (model->size.blocks > 0)
        kn_page_item(page, "Model size: %s has %u blocks%s", model->name, model->size.blocks,
                     model->size.source == KN_SIZE_GUESS ? " (guessed from its name)" : "");
}

static void add_estimate(const struct kn_page *page, const struct kn_start_facts *facts)
{
    const struct kn_model_choice *model = &facts->plan->model;
    uint32_t most = model->fit.profiles[KN_PRESET_MAX].blocks;
    char memory[KN_MEMORY_TEXT_SIZE];

    kn_page_gap(page);
    kn_page_line(page, "⚡", "Running quick calibration (estimating memory requirements)...");
    if (model->fit.block_bytes > 0) {
        kn_memory_text(model->fit.block_bytes, memory);
        kn_page_item(page, "Estimated: ~%s per block in %s%s", memory,
                     kn_words_dtype[model->format.dtype].name,
                     model->fit.is_guess ? ", a guess" : "");
    }
    if (facts->plan->place.by == KN_PLACED_NOWHERE) {
        kn_page_item(page, "No block is served: %s", kn_reason_no_block(facts->plan));
        kn_page_more(page, "%s", kn_advice_no_block(facts->plan));
        return;
    }
    kn_page_item(page, "Maximum: %u block%s (%s)", most, most == 1 ? "" : "s", model->fit.limit);
}

/* The preset that was taken; KN_PRESET_COUNT: somebody asked for a number of blocks. */
static int selected(const struct kn_node_config *config)
{
    if (config->model.blocks.is == KN_GIVEN)
        return KN_PRESET_COUNT;
    return config->calibration.preset.is == KN_GIVEN ? config->calibration.preset.value
                                                     : KN_PRESET_RECOMMENDED;
}

static void add_profiles(const struct kn_page *page, const struct kn_start_facts *facts)
{
    static const struct {
        const char *name, *what;
    } words[KN_PRESET_COUNT] = {
        { "Conservative (min)", "the least load" },
        { "Balanced (recommended)", "three quarters of what fits" },
        { "Aggressive (max)", "all that fits into 90 % of the memory" },
    };
    const char *arrow = kn_term_pick(page->term, " ← SELECTED", " <- SELECTED");

    kn_page_gap(page);
    kn_page_line(page, "📊", "Calibration Profiles:");
    for (int i = 0; i < KN_PRESET_COUNT; i++) {
        const struct kn_profile *profile = &facts->plan->model.fit.profiles[i];
        bool whole = profile->blocks == facts->plan->model.size.blocks;
        char memory[KN_MEMORY_TEXT_SIZE];

        kn_memory_text(profile->memory, memory);
        kn_page_item(page, "%s: %u block%s (~%s) - %s%s", words[i].name, profile->blocks,
                     profile->blocks == 1 ? "" : "s", memory,
                     whole ? "the whole model" : words[i].what,
                     selected(kn_facts_config(facts)) == i ? arrow : "");
    }
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
    add_profiles(page, facts);
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
