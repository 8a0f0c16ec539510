/*
 * small_model — the folder of a model with three small blocks, made for one test.
 *
 * Hidden 16, four heads of four with two of keys, feed-forward 24; Mixtral with four experts. Every
 * weight follows from its tensor's name and its place, so that a test can say what it must be.
 */
#ifndef KN_TESTS_SMALL_MODEL_H
#define KN_TESTS_SMALL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "support/home.h"

enum { SMALL_BLOCKS = 3, SMALL_EXPERTS = 4 };

/* Start from { 0 }: llama in F32, one file. */
struct small_model {
    const char *family; /* NULL: "llama" */
    const char *type;   /* of all tensors: NULL: "F32"; "BF16", "F16" */
    const char *config; /* more members of config.json: ", \"a\": 1" */
    unsigned shards;    /* 0: model.safetensors; else so many files and an index */
    unsigned ffn;       /* 0: 24 */
    bool biases;        /* of q, k and v */
    bool output_bias;
    unsigned skew;         /* bytes by which the data miss a multiple of eight */
    const char *left_out;  /* a tensor that is not written */
    const char *also;      /* one more tensor of four numbers */
    const char *misshapen; /* a tensor whose first dimension is one larger */
    const char *retyped;   /* a tensor that says F64, or, with `retype`, that */
    const char *retype;
    const char *lost; /* a tensor that the index sends to the wrong file */
};

void small_model_write(const struct kn_home *home, const struct small_model *model);

/* What the number `index` of a tensor is before it is rounded to the file's type. */
float small_model_weight(const char *tensor, uint64_t index);

#endif
