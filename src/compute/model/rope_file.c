#include "compute/model/rope_file.h"

#include <math.h>
#include <string.h>

#include "lib/json/json.h"

static const struct kn_json *told(const struct kn_json *object, const char *name)
{
    const struct kn_json *value = kn_json_get(object, name);

    return kn_json_is_null(value) ? NULL : value;
}

/* A number of `min` to `max`; 0 for `fallback`: it must be told. */
static enum kn_code number(const struct kn_json *object, const char *name, double fallback,
                           double min, double max, double *out, struct kn_error *err)
{
    const struct kn_json *json = told(object, name);
    double value = fallback;

    if (json == NULL && fallback == 0)
        return kn_fail(err, KN_E_INVALID, "%s: missing", name);
    if (json != NULL && !kn_json_to_number(json, &value))
        return kn_fail(err, KN_E_INVALID, "%s: not a number", name);
    if (!(value >= min && value <= max))
        return kn_fail(err, KN_E_RANGE, "%s: %g is outside %g..%g", name, value, min, max);
    *out = value;
    return KN_OK;
}

/* spec: modeling_rope_utils, _compute_llama3_parameters */
static enum kn_code read_llama3(const struct kn_json *scaling, struct kn_rope *out,
                                struct kn_error *err)
{
    double original = 0;
    enum kn_code rc;

    rc = number(scaling, "factor", 0, 1, 1e4, &out->factor, err);
    if (rc == KN_OK)
        rc = number(scaling, "low_freq_factor", 0, 1e-3, 1e4, &out->low_frequency, err);
    if (rc == KN_OK)
        rc = number(scaling, "high_freq_factor", 0, 1e-3, 1e4, &out->high_frequency, err);
    if (rc == KN_OK)
        rc = number(scaling, "original_max_position_embeddings", 0, 1, KN_DECODER_POSITIONS_MAX,
                    &original, err);
    if (rc != KN_OK)
        return rc;
    if (out->high_frequency <= out->low_frequency)
        return kn_fail(err, KN_E_INVALID, "high_freq_factor: %g is not above low_freq_factor %g",
                       out->high_frequency, out->low_frequency);
    if (original != floor(original))
        return kn_fail(err, KN_E_INVALID, "original_max_position_embeddings: not a whole number");
    out->original_positions = (uint32_t)original;
    out->scaling = KN_ROPE_LLAMA3;
    return KN_OK;
}

static enum kn_code read_scaling(const struct kn_json *scaling, struct kn_rope *out,
                                 struct kn_error *err)
{
    const char *type = kn_json_to_text(told(scaling, "rope_type"));

    if (type == NULL)
        type = kn_json_to_text(told(scaling, "type"));
    if (type == NULL && kn_json_get(scaling, "rope_theta") != NULL && kn_json_members(scaling) == 1)
        return KN_OK; /* nothing but the base */
    if (type == NULL)
        return kn_fail(err, KN_E_INVALID, "rope_type: missing");
    if (strcmp(type, "default") == 0)
        return KN_OK;
    if (strcmp(type, "llama3") == 0)
        return read_llama3(scaling, out, err);
    if (strcmp(type, "linear") == 0) {
        out->scaling = KN_ROPE_LINEAR;
        return number(scaling, "factor", 0, 1, 1e4, &out->factor, err);
    }
    (void)kn_fail(err, KN_E_UNSUPPORTED, "a scaling of positions \"%.64s\" is not computed here",
                  type);
    kn_hint(err, "Computed are \"default\", \"linear\" and \"llama3\".");
    return KN_E_UNSUPPORTED;
}

enum kn_code kn_rope_read(const struct kn_json *config, double theta, struct kn_rope *out,
                          struct kn_error *err)
{
    const struct kn_json *parameters = told(config, "rope_parameters");
    const char *where = parameters != NULL ? "rope_parameters" : "rope_scaling";
    const struct kn_json *scaling = told(config, where);
    struct kn_rope rope = { .scaling = KN_ROPE_PLAIN };
    const struct kn_json *holder = told(parameters, "rope_theta") != NULL ? parameters : config;
    double part = 1;
    enum kn_code rc = number(holder, "rope_theta", theta, 1, 1e12, &rope.theta, err);

    if (rc == KN_OK)
        rc = number(told(parameters, "partial_rotary_factor") != NULL ? parameters : config,
                    "partial_rotary_factor", 1, 0, 1, &part, err);
    if (rc == KN_OK && part < 1)
        rc = kn_fail(err, KN_E_UNSUPPORTED, "partial_rotary_factor: %g is not computed here", part);
    if (rc == KN_OK && scaling != NULL && !kn_json_is_object(scaling))
        rc = kn_fail(err, KN_E_INVALID, "%s: no object", where);
    if (rc == KN_OK && scaling != NULL) {
        rc = read_scaling(scaling, &rope, err);
        if (rc != KN_OK)
            kn_wrap(err, "%s", where);
    }
    if (rc == KN_OK)
        *out = rope;
    return rc;
}
