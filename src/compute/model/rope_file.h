/*
 * rope_file — how a config.json says that positions turn. Internal to compute/model.
 *
 * Before transformers 5: `rope_theta`, and `rope_scaling` with `type` or `rope_type`; since then
 * all of it in `rope_parameters`.
 * spec: transformers, modeling_rope_utils.
 */
#ifndef KN_MODEL_ROPE_FILE_H
#define KN_MODEL_ROPE_FILE_H

#include "compute/block/decoder.h"
#include "lib/base/attributes.h"
#include "lib/base/error.h"

struct kn_json;

/* `theta` is the family's own. KN_E_UNSUPPORTED: a scaling that is not computed here, by name;
 * KN_E_INVALID; KN_E_RANGE. */
KN_MUST_USE enum kn_code kn_rope_read(const struct kn_json *config, double theta,
                                      struct kn_rope *out, struct kn_error *err);

#endif
