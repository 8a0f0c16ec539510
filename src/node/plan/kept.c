#include "node/plan/kept.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/discovery/calibration.h"
#include "lib/base/attributes.h"

void kn_kept_read(const struct kn_snapshot *snapshot, struct kn_kept *out)
{
    const struct kn_model_config *model = &kn_snapshot_config(snapshot)->model;

    *out = (struct kn_kept){ .start = KN_FACT_UNKNOWN, .end = KN_FACT_UNKNOWN };
    if (model->start_block.is == KN_GIVEN && model->end_block.is == KN_GIVEN &&
        kn_snapshot_is_from(snapshot, "model.start_block", KN_LAYER_CACHE) &&
        kn_snapshot_is_from(snapshot, "model.end_block", KN_LAYER_CACHE)) {
        out->is_range = true;
        out->start = model->start_block.value;
        out->end = model->end_block.value;
        if (out->start < out->end)
            out->blocks = (uint32_t)(out->end - out->start);
    } else if (model->blocks.is == KN_GIVEN && model->name.is == KN_GIVEN &&
               kn_snapshot_is_from(snapshot, "model.blocks", KN_LAYER_CACHE)) {
        out->blocks = (uint32_t)model->blocks.value;
    }
}

KN_PRINTF(2, 3) static void say(struct kn_kept *kept, const char *format, ...)
{
    static const char begin[] = "Calibrated again: ";
    va_list args;

    memcpy(kept->changed, begin, sizeof(begin));
    va_start(args, format);
    (void)vsnprintf(kept->changed + sizeof(begin) - 1, sizeof(kept->changed) - sizeof(begin) + 1,
                    format, args);
    va_end(args);
}

const struct kn_measured *kn_kept_measured(const struct kn_snapshot *snapshot,
                                           const struct kn_hardware *hardware)
{
    const struct kn_calibrated *calibrated = kn_snapshot_calibrated(snapshot);
    char machine[KN_FINGERPRINT_SIZE];

    kn_fingerprint(hardware, machine);
    return calibrated->machine != NULL && strcmp(calibrated->machine, machine) == 0 &&
                   !calibrated->for_others && calibrated->measured.at_s > 0
               ? &calibrated->measured
               : NULL;
}

/* The blocks were counted by running them after they had been planned. */
static bool is_measured_since(const struct kn_kept *kept, const struct kn_kept_now *now)
{
    const struct kn_calibrated *calibrated = kn_snapshot_calibrated(now->snapshot);
    const struct kn_resolved *start =
        kn_snapshot_get(now->snapshot, kn_setting_find("model.start_block"));

    return kept->is_range && calibrated->measured_age_s < start->origin.age_s &&
           kn_kept_measured(now->snapshot, now->hardware) != NULL;
}

/* Why the plan of an earlier start counts no longer. */
static void find_change(struct kn_kept *kept, const struct kn_kept_now *now)
{
    const struct kn_calibrated *calibrated = kn_snapshot_calibrated(now->snapshot);
    uint32_t most = now->fit->profiles[KN_PRESET_MAX].blocks;
    char machine[KN_FINGERPRINT_SIZE];

    kn_fingerprint(now->hardware, machine);
    if (now->recalibrate && (kept->blocks > 0 || calibrated->machine != NULL))
        say(kept, "--calibrate asks for it");
    else if (kept->blocks == 0)
        return;
    else if (calibrated->machine != NULL && calibrated->machine[0] != '\0' &&
             strcmp(calibrated->machine, machine) != 0)
        say(kept, "this is not the machine that was calibrated");
    else if (calibrated->machine != NULL && calibrated->for_others)
        say(kept, "the settings are others than before");
    else if (calibrated->machine != NULL && calibrated->for_another_preset)
        say(kept, "the preset is another than before");
    else if (is_measured_since(kept, now))
        say(kept, "the blocks that fit were counted by running them");
    else if (kept->blocks > most)
        say(kept, "%u block%s were planned before, and at most %u fit now: %.150s", kept->blocks,
            kept->blocks == 1 ? "" : "s", most, now->fit->limit);
}

/* Fewer blocks begin where the others did, none nowhere. More are placed anew where coverage tells.
 */
static void resize(struct kn_kept *kept, const struct kn_kept_now *now)
{
    kept->resized = true;
    kept->end = KN_FACT_UNKNOWN;
    if (now->planned == 0 || (now->planned > kept->blocks && now->coverage_known))
        kept->start = KN_FACT_UNKNOWN;
}

uint32_t kn_kept_hold(struct kn_kept *kept, const struct kn_kept_now *now)
{
    find_change(kept, now);
    if (kept->blocks == 0)
        return now->planned;
    if (kept->changed[0] == '\0')
        return kept->blocks;
    /* With no block at all a start leaves the range, so that the plan is refused and made anew,
     * perhaps with another model. */
    if (kept->is_range && (now->planned > 0 || now->is_running) && now->planned != kept->blocks)
        resize(kept, now);
    return now->planned;
}

void kn_kept_lost(struct kn_kept *kept, const char *why)
{
    (void)snprintf(kept->changed, sizeof(kept->changed), "Planned anew: %.200s", why);
}
