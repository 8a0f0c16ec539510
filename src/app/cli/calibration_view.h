/*
 * calibration_view — a calibration as people read it: step 2 of the requirements' first run.
 */
#ifndef KN_CLI_CALIBRATION_VIEW_H
#define KN_CLI_CALIBRATION_VIEW_H

#include "node/calibrate.h"

struct kn_term;
struct kn_text;

/* The whole of it: the machine, the arithmetic, the three profiles. */
void kn_calibration_view(const struct kn_calibrated_machine *machine, const struct kn_term *term,
                         struct kn_text *out);

/*
 * What performs how, one line at a time: the attention cache, the speed that is expected, and a
 * family that is not served. Lines have no end, and words by others are as they were written.
 */
void kn_calibration_notes(const struct kn_model_choice *model, const struct kn_speed *speed,
                          void (*line)(void *arg, const char *text), void *arg);

#endif
