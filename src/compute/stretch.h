/*
 * stretch — inside compute: the tokens of one step, in the order in which pieces take them.
 *
 * They count through the batch, row after row, so that a piece may end one row and begin the next.
 */
#ifndef KN_COMPUTE_STRETCH_H
#define KN_COMPUTE_STRETCH_H

#include "compute/block/pass.h"

struct kn_stretch {
    struct kn_cache *cache;
    uint32_t batch, tokens, position;
    uint32_t width; /* floats of one token */
    float *hidden;
    const float *prompts; /* of the step's first block; NULL: none */
    uint32_t prompt_batch, prompt_tokens;
};

uint64_t kn_stretch_tokens(const struct kn_stretch *stretch);

/*
 * The rows that hold tokens `at` to `at + n`, for a pass that begins at the step's block `block`.
 * Writes at most n rows; how many.
 */
size_t kn_stretch_rows(const struct kn_stretch *s, uint32_t block, uint64_t at, uint32_t n,
                       struct kn_pass_row *rows);

#endif
