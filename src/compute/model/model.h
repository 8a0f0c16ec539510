/*
 * model — the files of a Hugging Face model, opened for a range of its blocks.
 *
 * config.json and one safetensors file or an index of shards. Tensors stay where they are in the
 * mapped file where their type can be computed with as it is; else they are converted once into
 * memory of our own. Every header, offset, shape and type is checked before a weight is used.
 * spec: safetensors, README "Format"; transformers, configuration_llama and the like.
 */
#ifndef KN_MODEL_H
#define KN_MODEL_H

#include <stdbool.h>

#include "compute/block/decoder.h"
#include "lib/base/attributes.h"
#include "lib/base/error.h"

enum {
    KN_MODEL_CONFIG_MAX = 1 << 20,         /* bytes of config.json */
    KN_MODEL_INDEX_MAX = 64 << 20,         /* bytes of the index */
    KN_SAFETENSORS_HEADER_MAX = 100000000, /* as the format says */
    KN_SAFETENSORS_RANK_MAX = 8,
    KN_MODEL_SHARDS_MAX = 1024, /* files that one range of blocks lies in */
    KN_MODEL_NAME_MAX = 256,    /* bytes of a tensor's or a file's name */
};

/* In which format the weights are to be computed with. */
enum kn_weights_as {
    KN_WEIGHTS_EXACT, /* as they are in the file: computing with them is computing in float32 */
    KN_WEIGHTS_BF16,  /* at most bfloat16 */
    KN_WEIGHTS_F16,
    KN_WEIGHTS_INT8,
    KN_WEIGHTS_NF4,
};

struct kn_model;

/* What config.json says of the blocks. KN_E_NOT_FOUND, KN_E_IO, KN_E_SYNTAX; KN_E_UNSUPPORTED: a
 * family or a rope scaling that is not computed here, by name; KN_E_RANGE. */
KN_MUST_USE enum kn_code kn_decoder_read(const char *folder, struct kn_decoder *out,
                                         char family[32], struct kn_error *err);

struct kn_model_options {
    const char *folder; /* of config.json */
    uint32_t from, to;  /* blocks; to exclusive */
    enum kn_weights_as as;
    bool copies; /* into memory of our own, for files on a network */
};

/* As above, and KN_E_NOT_FOUND: a file or a tensor that is not there, by name; KN_E_INVALID: a
 * file that contradicts itself or config.json; KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_model_open(const struct kn_model_options *options,
                                       struct kn_model **out, struct kn_error *err);
void kn_model_close(struct kn_model *model);

const struct kn_decoder *kn_model_decoder(const struct kn_model *model);
const struct kn_block_weights *kn_model_blocks(const struct kn_model *model); /* to - from */

/* Bytes of the weights that are computed with; of them in mapped files. */
int64_t kn_model_bytes(const struct kn_model *model, int64_t *mapped);

/* Have the files changed in length since they were opened? Reading a mapping beyond the end of its
 * file ends the process. */
bool kn_model_is_intact(const struct kn_model *model);

/*
 * The folder of a repository in the hub's cache at `root`: snapshots/COMMIT of its revision (NULL:
 * "main"). KN_E_NOT_FOUND. Takes memory of the arena.
 */
struct kn_arena;
KN_MUST_USE enum kn_code kn_hub_find(const char *root, const char *repository, const char *revision,
                                     struct kn_arena *arena, const char **out,
                                     struct kn_error *err);

#endif
