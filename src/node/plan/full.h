/*
 * full — the full calibration: what kn_calibrate() estimated, found out by doing it.
 *
 * With the model's files where they are on this machine, else with made-up weights of its shapes.
 */
#ifndef KN_NODE_PLAN_FULL_H
#define KN_NODE_PLAN_FULL_H

#include "node/machine/calibrate.h"
#include "node/trial/trial.h"

/* Not to be moved once it is prepared. */
struct kn_full {
    struct kn_decoder decoder;
    struct kn_trial_options options;
    struct kn_trial_live live;
    struct kn_trial trial;
};

/* The shape of the model, and `*folder` of its files, NULL where they are not here. KN_E_NOT_FOUND:
 * nobody knows its shape; KN_E_UNSUPPORTED: blocks of another family; else as
 * kn_decoder_file_read(). */
KN_MUST_USE enum kn_code kn_full_shape(const struct kn_calibrated_machine *machine,
                                       struct kn_decoder *out, const char **folder,
                                       struct kn_error *err);

/* `machine` as kn_calibrate() filled it; its folder is kept. Codes as above; KN_E_UNSUPPORTED: a
 * GPU is to compute them. */
KN_MUST_USE enum kn_code kn_full_prepare(const struct kn_snapshot *snapshot,
                                         const struct kn_hardware *hardware,
                                         const struct kn_calibrated_machine *machine,
                                         struct kn_full *out, struct kn_error *err);

/* As kn_trial_run(): for a worker. */
KN_MUST_USE enum kn_code kn_full_run(struct kn_full *full, struct kn_error *err);

/* What was measured becomes the calibration of `machine`; points into `full`. */
void kn_full_keep(struct kn_full *full, int64_t now_s, struct kn_calibrated_machine *machine);

#endif
