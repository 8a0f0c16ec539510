/*
 * calibration_view — a machine and what it can hold, as people read it: step 2 of a first run, and
 * the answer of kwaainet calibrate. Appends to a page.
 */
#ifndef KN_CLI_CALIBRATION_VIEW_H
#define KN_CLI_CALIBRATION_VIEW_H

#include "app/term/page.h"
#include "config/discovery/choose_model.h"

/* Platform, processors, memory and its limit, GPUs; what nobody tells is left out. */
void kn_calibration_machine(const struct kn_page *page, const struct kn_hardware *machine);

/* How many blocks the model has; nothing while nobody knows. */
void kn_calibration_model_size(const struct kn_page *page, const struct kn_model_choice *model);

/* The arithmetic: memory of a block, and how many fit. */
void kn_calibration_estimate(const struct kn_page *page, const struct kn_model_choice *model,
                             bool measured);

/* What that means while it runs: the attention cache and the speed that is expected. */
void kn_calibration_notes(const struct kn_page *page, const struct kn_model_choice *model,
                          const struct kn_speed *speed);

/* The three presets; `selected`: one of them, or KN_PRESET_COUNT for none; `measured`: by the full
 * calibration. */
void kn_calibration_profiles(const struct kn_page *page, const struct kn_model_choice *model,
                             int selected, bool measured);

#endif
