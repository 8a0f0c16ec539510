/*
 * decoder_file — the config.json of a model, as far as its blocks need it.
 *
 * Every number is checked against its bounds and the others; what would change the result and is
 * not computed here (a family, a rope scaling, an activation, quantised weights) is refused by
 * name. Defaults are those of the family.
 * spec: transformers, configuration_llama, configuration_mistral, configuration_mixtral,
 * configuration_qwen2, modeling_rope_utils; both the layout before version 5 and the one since.
 */
#ifndef KN_MODEL_DECODER_FILE_H
#define KN_MODEL_DECODER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "compute/block/decoder.h"
#include "lib/base/attributes.h"
#include "lib/base/error.h"

enum {
    KN_DECODER_FILE_MAX = 1 << 20, /* bytes of config.json */
    KN_DECODER_FAMILY_SIZE = 16,
};

struct kn_decoder_file {
    struct kn_decoder decoder;
    char family[KN_DECODER_FAMILY_SIZE]; /* "llama", "mistral", "mixtral", "qwen2" */
    bool qkv_bias, output_bias;
};

/* Pure. KN_E_SYNTAX; KN_E_INVALID: a number is missing or contradicts another; KN_E_RANGE;
 * KN_E_UNSUPPORTED; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_decoder_file_decode(const char *text, size_t n,
                                                struct kn_decoder_file *out, struct kn_error *err);

/* FOLDER/config.json. As above, and the codes of kn_file_read(); texts begin with its path. */
KN_MUST_USE enum kn_code kn_decoder_file_read(const char *folder, struct kn_decoder_file *out,
                                              struct kn_error *err);

#endif
