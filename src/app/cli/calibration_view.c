#include "app/cli/calibration_view.h"

#include <stdarg.h>
#include <stdio.h>

#include "app/term/fold.h"
#include "app/term/term.h"
#include "config/discovery/model_table.h"
#include "config/schema/words.h"
#include "lib/base/memory.h"

enum { INDENT = 3, ITEM_SIZE = 1024 };

struct view {
    const struct kn_term *term;
    struct kn_text *out;
};

/* A line with an emoji in front, folded. */
static void say(const struct view *view, const char *emoji, const char *text)
{
    struct kn_text line = { 0 };

    kn_text_add(&line, kn_term_emoji(view->term, emoji));
    kn_term_add_safe(&line, text);
    kn_fold_paragraph(view->out, kn_text_get(&line), view->term->columns, 0);
    kn_text_done(&line);
}

static void item(void *arg, const char *text)
{
    const struct view *view = arg;
    struct kn_text line = { 0 };

    kn_text_add(&line, kn_term_pick(view->term, "• ", "* "));
    kn_term_add_safe(&line, text);
    kn_fold_paragraph(view->out, kn_text_get(&line), view->term->columns, INDENT);
    kn_text_done(&line);
}

KN_PRINTF(2, 3) static void item_of(struct view *view, const char *format, ...)
{
    char text[ITEM_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    item(view, text);
}

static void show_processor(struct view *view, const struct kn_hardware *machine)
{
    if (machine->platform[0] != '\0')
        item_of(view, "Platform: %s", machine->platform);
    if (machine->cpu_name[0] == '\0')
        return;
    if (machine->physical_cores > 0)
        item_of(view, "CPU: %s (%d core%s)", machine->cpu_name, machine->physical_cores,
                machine->physical_cores == 1 ? "" : "s");
    else
        item_of(view, "CPU: %s", machine->cpu_name);
}

static void show_memory(struct view *view, const struct kn_hardware *machine)
{
    char total[KN_MEMORY_TEXT_SIZE], available[KN_MEMORY_TEXT_SIZE], left[KN_MEMORY_TEXT_SIZE];

    if (machine->memory_total < 0 || machine->memory_available < 0) {
        item_of(view, "RAM: the system does not tell");
    } else {
        kn_memory_text(machine->memory_total, total);
        kn_memory_text(machine->memory_available, available);
        item_of(view, "RAM: %s (%s available)", total, available);
    }
    if (machine->memory_limit < 0)
        return;
    kn_memory_text(machine->memory_limit, total);
    kn_memory_text(machine->memory_left >= 0 ? machine->memory_left : machine->memory_limit, left);
    item_of(view, "Limit: %s by %s (%s left)", total, machine->memory_limit_by, left);
}

static void show_gpus(struct view *view, const struct kn_hardware *machine)
{
    char total[KN_MEMORY_TEXT_SIZE], left[KN_MEMORY_TEXT_SIZE];

    if (machine->gpu_count == 0)
        item_of(view, "GPU: none was found");
    for (size_t i = 0; i < machine->gpu_count; i++) {
        const struct kn_gpu_facts *gpu = &machine->gpus[i];
        const char *name = gpu->name[0] != '\0'         ? gpu->name
                           : gpu->kind == KN_GPU_NVIDIA ? "one of NVIDIA"
                                                        : "one of AMD";

        if (gpu->total_bytes < 0 || gpu->free_bytes < 0) {
            item_of(view, "GPU: %s", name);
            continue;
        }
        kn_memory_text(gpu->total_bytes, total);
        kn_memory_text(gpu->free_bytes, left);
        item_of(view, "GPU: %s (%s, %s free)", name, total, left);
    }
}

static void show_model(struct view *view, const struct kn_calibrated_machine *machine)
{
    static const char *const whose[] = {
        [KN_MODEL_WRITTEN] = "as the settings say",
        [KN_MODEL_KEPT] = "kept from an earlier start",
        [KN_MODEL_FALLBACK] = "the built-in one: no model is written and no start has chosen one",
    };
    const struct kn_model_size *size = &machine->model.size;

    item_of(view, "Model: %s (%s)", machine->model.name, whose[machine->whose]);
    if (size->blocks > 0)
        item_of(view, "Model size: %u block%s%s", size->blocks, size->blocks == 1 ? "" : "s",
                size->source == KN_SIZE_GUESS ? ", guessed from the size in its name" : "");
    if (machine->nearest[0] != '\0')
        item_of(view, "Nobody here knows this model. %s", machine->nearest);
}

static void show_estimate(struct view *view, const struct kn_model_choice *model)
{
    char block[KN_MEMORY_TEXT_SIZE];

    if (model->fit.block_bytes > 0) {
        kn_memory_text(model->fit.block_bytes, block);
        item_of(view, "Estimated: ~%s per block, a fifth of it for the attention cache%s", block,
                model->fit.is_guess ? " (a guess)" : "");
    }
    item_of(view, "Data type: %s (%s)", kn_words_dtype[model->format.dtype].name,
            model->format.reason);
    if (model->format.quant != KN_QUANT_NONE)
        item_of(view, "Weights: %s", kn_words_quant_type[model->format.quant].name);
    item_of(view, "Maximum: %u block%s (%s)", model->fit.profiles[KN_PRESET_MAX].blocks,
            model->fit.profiles[KN_PRESET_MAX].blocks == 1 ? "" : "s",
            model->fit.reason[0] != '\0' ? model->fit.reason : model->fit.limit);
}

static void show_profiles(struct view *view, const struct kn_calibration *calibration)
{
    static const struct {
        const char *name, *what;
    } words[KN_PRESET_COUNT] = {
        [KN_PRESET_MIN] = { "Conservative (min)", "guaranteed stable" },
        [KN_PRESET_RECOMMENDED] = { "Balanced (recommended)", "optimal" },
        [KN_PRESET_MAX] = { "Aggressive (max)", "maximum contribution" },
    };
    const char *selected = kn_term_pick(view->term, " ← SELECTED", " <- SELECTED");

    for (size_t i = 0; i < KN_PRESET_COUNT; i++) {
        const struct kn_profile *profile = &calibration->fit->profiles[i];
        const char *mark = i == (size_t)calibration->preset ? selected : "";
        char memory[KN_MEMORY_TEXT_SIZE];

        kn_memory_text(profile->memory, memory);
        if (profile->blocks == 0)
            item_of(view, "%s: no block%s", words[i].name, mark);
        else
            item_of(view, "%s: %u block%s (~%s), %s%s", words[i].name, profile->blocks,
                    profile->blocks == 1 ? "" : "s", memory, words[i].what, mark);
    }
}

void kn_calibration_notes(const struct kn_model_choice *model, const struct kn_speed *speed,
                          void (*line)(void *arg, const char *text), void *arg)
{
    bool fits = model->fit.profiles[KN_PRESET_MAX].blocks > 0;
    struct kn_text text = { 0 };

    if (fits && model->fit.cache_tokens > 0) {
        kn_text_addf(&text, "Attention cache: %lld tokens (a fifth of the memory of the blocks)",
                     (long long)model->fit.cache_tokens);
        line(arg, kn_text_get(&text));
        kn_text_cut(&text, 0);
    }
    if (fits) {
        kn_text_addf(&text, "Throughput: %.0f-%.0f tokens/s (%s)", speed->low, speed->high,
                     speed->reason);
        line(arg, kn_text_get(&text));
        kn_text_cut(&text, 0);
    }
    if (model->warning != NULL) {
        kn_text_addf(&text, "Warning: %s", model->warning);
        line(arg, kn_text_get(&text));
    }
    kn_text_done(&text);
}

void kn_calibration_view(const struct kn_calibrated_machine *machine, const struct kn_term *term,
                         struct kn_text *out)
{
    struct view view = { term, out };

    say(&view, "🔬 ", "This machine:");
    show_processor(&view, machine->calibration.hardware);
    show_memory(&view, machine->calibration.hardware);
    show_gpus(&view, machine->calibration.hardware);
    show_model(&view, machine);
    kn_text_add_char(out, '\n');
    say(&view, "⚡ ", "Quick calibration (by arithmetic; nothing was loaded):");
    show_estimate(&view, &machine->model);
    kn_calibration_notes(&machine->model, &machine->speed, item, &view);
    kn_text_add_char(out, '\n');
    say(&view, "📊 ", "Calibration profiles:");
    show_profiles(&view, &machine->calibration);
}
