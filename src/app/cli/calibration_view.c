#include "app/cli/calibration_view.h"

#include "config/schema/words.h"

static void add_memory(const struct kn_page *page, const struct kn_hardware *machine)
{
    char total[KN_MEMORY_TEXT_SIZE], available[KN_MEMORY_TEXT_SIZE];

    if (machine->memory_total < 0 || machine->memory_available < 0) {
        kn_page_item(page, "RAM: the system does not tell");
    } else {
        kn_memory_text(machine->memory_total, total);
        kn_memory_text(machine->memory_available, available);
        kn_page_item(page, "RAM: %s total, %s available", total, available);
    }
    if (machine->memory_limit < 0)
        return;
    kn_memory_text(machine->memory_limit, total);
    kn_memory_text(machine->memory_left >= 0 ? machine->memory_left : machine->memory_limit,
                   available);
    kn_page_item(page, "Limit: %s by %s (%s left)", total, machine->memory_limit_by, available);
}

static void add_gpus(const struct kn_page *page, const struct kn_hardware *machine)
{
    char free_bytes[KN_MEMORY_TEXT_SIZE];

    for (size_t i = 0; i < machine->gpu_count; i++) {
        const struct kn_gpu_facts *gpu = &machine->gpus[i];
        const char *name = gpu->name[0] != '\0'         ? gpu->name
                           : gpu->kind == KN_GPU_NVIDIA ? "one of NVIDIA"
                                                        : "one of AMD";

        if (gpu->free_bytes < 0) {
            kn_page_item(page, "GPU: %s", name);
            continue;
        }
        kn_memory_text(gpu->free_bytes, free_bytes);
        kn_page_item(page, "GPU: %s (%s free)", name, free_bytes);
    }
    if (machine->gpu_count == 0)
        kn_page_item(page, "GPU: none found");
}

void kn_calibration_machine(const struct kn_page *page, const struct kn_hardware *machine)
{
    if (machine->platform[0] != '\0')
        kn_page_item(page, "Platform: %s", machine->platform);
    if (machine->cpu_name[0] != '\0' && machine->cores > 0)
        kn_page_item(page, "CPU: %s (%d core%s)", machine->cpu_name, machine->cores,
                     machine->cores == 1 ? "" : "s");
    else if (machine->cpu_name[0] != '\0')
        kn_page_item(page, "CPU: %s", machine->cpu_name);
    add_memory(page, machine);
    add_gpus(page, machine);
}

void kn_calibration_model_size(const struct kn_page *page, const struct kn_model_choice *model)
{
    if (model->size.blocks > 0)
        kn_page_item(page, "Model size: %s has %u blocks%s", model->name, model->size.blocks,
                     model->size.source == KN_SIZE_GUESS ? " (guessed from its name)" : "");
}

void kn_calibration_estimate(const struct kn_page *page, const struct kn_model_choice *model,
                             bool measured)
{
    uint32_t most = model->fit.profiles[KN_PRESET_MAX].blocks;
    char memory[KN_MEMORY_TEXT_SIZE];

    kn_page_line(page, "⚡", "%s",
                 measured ? "Taking what the full calibration measured..."
                          : "Running quick calibration (estimating memory requirements)...");
    if (model->fit.block_bytes > 0) {
        kn_memory_text(model->fit.block_bytes, memory);
        kn_page_item(page, "%s: ~%s per block in %s%s", measured ? "Measured" : "Estimated", memory,
                     model->format.quant != KN_QUANT_NONE
                         ? kn_words_quant_type[model->format.quant].name
                         : kn_words_dtype[model->format.dtype].name,
                     model->fit.is_guess ? ", a guess" : "");
    }
    if (most > 0)
        kn_page_item(page, "Maximum: %u block%s (%s)", most, most == 1 ? "" : "s",
                     model->fit.limit);
    else if (model->fit.reason[0] != '\0')
        kn_page_item(page, "Maximum: no block (%s)", model->fit.reason);
}

void kn_calibration_notes(const struct kn_page *page, const struct kn_model_choice *model,
                          const struct kn_speed *speed)
{
    if (model->fit.profiles[KN_PRESET_MAX].blocks == 0)
        return;
    if (model->fit.cache_tokens > 0)
        kn_page_item(page, "Attention cache: %lld tokens (a fifth of the memory of the blocks)",
                     (long long)model->fit.cache_tokens);
    kn_page_item(page, "Throughput: %.0f-%.0f tokens/s (%s)", speed->low, speed->high,
                 speed->reason);
}

void kn_calibration_profiles(const struct kn_page *page, const struct kn_model_choice *model,
                             int selected, bool measured)
{
    static const struct {
        const char *name, *what;
    } words[KN_PRESET_COUNT] = {
        { "Conservative (min)", "the least load" },
        { "Balanced (recommended)", "three quarters of what fits" },
        { "Aggressive (max)", "all that fits into 90 % of the memory" },
    };
    const char *arrow = kn_term_pick(page->term, " ← SELECTED", " <- SELECTED");

    kn_page_line(page, "📊", "Calibration Profiles:");
    for (int i = 0; i < KN_PRESET_COUNT; i++) {
        const struct kn_profile *profile = &model->fit.profiles[i];
        bool whole = profile->blocks == model->size.blocks;
        char memory[KN_MEMORY_TEXT_SIZE];

        if (profile->blocks == 0) {
            kn_page_item(page, "%s: no block%s", words[i].name, selected == i ? arrow : "");
            continue;
        }
        kn_memory_text(profile->memory, memory);
        kn_page_item(page, "%s: %u block%s (~%s) - %s%s", words[i].name, profile->blocks,
                     profile->blocks == 1 ? "" : "s", memory,
                     whole                            ? "the whole model"
                     : measured && i == KN_PRESET_MAX ? "all that ran a session of full length"
                                                      : words[i].what,
                     selected == i ? arrow : "");
    }
}
