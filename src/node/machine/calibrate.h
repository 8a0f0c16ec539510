/*
 * calibrate — the quick calibration: how many blocks of a model this machine can hold.
 *
 * Arithmetic over what the machine tells of itself: nothing is loaded, and no network is asked.
 * The first half is what a start needs of it too.
 */
#ifndef KN_NODE_MACHINE_CALIBRATE_H
#define KN_NODE_MACHINE_CALIBRATE_H

#include "config/config.h"
#include "config/discovery/calibration.h"
#include "config/discovery/choose_model.h"
#include "config/discovery/model_table.h"

/* What the settings ask for, and which preset holds. */
struct kn_fit_wish kn_fit_wish_of(const struct kn_snapshot *snapshot);
enum kn_preset kn_preset_of(const struct kn_node_config *config);

/* The values of kn_calibration_keys that somebody wrote, as text of the arena, else NULL. False
 * when memory is short. */
KN_MUST_USE bool kn_calibration_asked(const struct kn_snapshot *snapshot, struct kn_arena *arena,
                                      const char *asked[KN_CALIBRATION_KEYS]);

/* Write calibration.yaml, durably; its folder is there. The text of a failure names the file. */
KN_MUST_USE enum kn_code kn_calibration_write(const char *path,
                                              const struct kn_calibration *calibration,
                                              struct kn_error *err);

/* Who said which model is calibrated for. */
enum kn_calibrated_model { KN_MODEL_WRITTEN, KN_MODEL_OF_PATH, KN_MODEL_KEPT, KN_MODEL_FALLBACK };

/* `calibration` points into the rest and into what was handed in. */
struct kn_calibrated_machine {
    enum kn_calibrated_model whose;
    struct kn_model_choice model;
    struct kn_speed speed;
    const char *folder; /* of its config.json, on this machine; NULL: there is none */
    char nearest[KN_MODEL_NEAREST_SIZE]; /* of a model that only its name tells of; else "" */
    struct kn_calibration calibration;
};

/*
 * Calibrate `hardware` for the model of the configuration, else that of an earlier start, else
 * KN_FALLBACK_MODEL. Of a model that only the network could know the size in its name is taken, as
 * a guess. `environment` may say where models are kept; NULL: only model.path does.
 * KN_E_NOT_FOUND: no such model, with the nearest in the hint; KN_E_NO_MEMORY; and the codes of
 * kn_decoder_file_read() for model.path.
 */
KN_MUST_USE enum kn_code kn_calibrate(const struct kn_snapshot *snapshot,
                                      const struct kn_hardware *hardware,
                                      const char *const *environment, struct kn_arena *arena,
                                      int64_t now_s, struct kn_calibrated_machine *out,
                                      struct kn_error *err);

#endif
