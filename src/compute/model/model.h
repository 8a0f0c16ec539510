/*
 * model — the files of a Hugging Face model, opened for a range of its blocks.
 *
 * config.json and one safetensors file or an index of shards. Tensors stay where they are in the
 * mapped file where their type can be computed with as it is; else they are converted once into
 * memory of our own. Every header, offset, shape and type is checked before a weight is used, and a
 * tensor that is missing, wrong or unknown is an error that names file and tensor. Blocking, and
 * long where weights are converted; one thread at a time.
 * spec: safetensors, README "Format"; transformers, modeling_llama and the like.
 */
#ifndef KN_MODEL_H
#define KN_MODEL_H

#include <stdbool.h>

#include "compute/model/decoder_file.h"

/* In which format the weights are to be computed with. Weights of 16 bits stay as they are for
 * the first three. The router of experts is never quantised. */
enum kn_weights_as {
    KN_WEIGHTS_EXACT, /* as they are in the file: computing with them is computing in float32 */
    KN_WEIGHTS_BF16,  /* float32 becomes bfloat16 */
    KN_WEIGHTS_F16,
    KN_WEIGHTS_INT8,
    KN_WEIGHTS_NF4,
};

struct kn_model;

struct kn_model_options {
    const char *folder; /* of config.json */
    uint32_t from, to;  /* blocks; to exclusive */
    enum kn_weights_as as;
    bool (*is_wanted)(void *arg); /* still? Asked before each block, on this thread; NULL: it is */
    void *arg;
};

/*
 * As kn_decoder_file_read(), kn_shards_open(), and KN_E_RANGE: blocks that the model does not have,
 * or a weight beyond float16; KN_E_INVALID: a tensor of another shape; KN_E_UNSUPPORTED: of a type
 * that is not computed with; KN_E_CHANGED: a file was cut meanwhile; KN_E_CANCELLED: not wanted.
 */
KN_MUST_USE enum kn_code kn_model_open(const struct kn_model_options *options,
                                       struct kn_model **out, struct kn_error *err);
void kn_model_close(struct kn_model *model);

const struct kn_decoder *kn_model_decoder(const struct kn_model *model);
const char *kn_model_family(const struct kn_model *model);
const struct kn_block_weights *kn_model_blocks(const struct kn_model *model); /* to - from */

/* Bytes of the weights that are computed with; of them in mapped files; `mapped` may be NULL. */
int64_t kn_model_bytes(const struct kn_model *model, int64_t *mapped);

/*
 * Copy the next large page of what is mapped into memory of our own, which takes its place: read
 * faster than pages of files, but the system cannot take it back. Passes may go on meanwhile. At
 * most KN_LARGE_PAGE bytes, about a millisecond. False: nothing is left to copy, or memory is
 * short.
 */
bool kn_model_settle(struct kn_model *model);

/* The path of a mapped file that was cut, written into or could not be read since it was opened;
 * NULL: all are as they were. What was computed since they were is void. From any thread. */
const char *kn_model_changed_file(const struct kn_model *model);
bool kn_model_is_intact(const struct kn_model *model);

#endif
