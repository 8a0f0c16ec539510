/*
 * pass — tokens of several sequences through a range of blocks at once.
 *
 * All tokens share each product; attention is each sequence's own. Blocking; one pass of a runner
 * at a time, on any thread.
 */
#ifndef KN_BLOCK_PASS_H
#define KN_BLOCK_PASS_H

#include "compute/block/cache.h"
#include "compute/kernels/kernels.h"
#include "lib/base/error.h"

struct kn_pool;
struct kn_runner;

enum {
    KN_PASS_TOKENS_MAX = 1024, /* of all rows; bounds the scratch */
    KN_PASS_ROWS_MAX = 1024,
};

struct kn_runner_options {
    const struct kn_decoder *decoder;       /* kept */
    const struct kn_block_weights *weights; /* of `count` blocks; kept */
    uint32_t count;
    const struct kn_kernels *kernels;
    struct kn_pool *pool; /* kept */
};

/* KN_E_NO_MEMORY; KN_E_UNSUPPORTED: a decoder that cannot be computed, and why. */
KN_MUST_USE enum kn_code kn_runner_new(const struct kn_runner_options *options,
                                       struct kn_runner **out, struct kn_error *err);
void kn_runner_free(struct kn_runner *runner);
const struct kn_runner_options *kn_runner_options(const struct kn_runner *runner);

/* Bytes of scratch that a pass of so many tokens takes; from KN_PIECE_TOKENS on they are the same.
 * A runner keeps them. */
int64_t kn_runner_scratch(const struct kn_decoder *decoder, uint32_t tokens);

/* Tokens of one sequence that follow each other. */
struct kn_pass_row {
    struct kn_cache *cache;    /* whose block 0 is the pass's first */
    uint32_t batch_row;        /* of the cache */
    uint32_t position, tokens; /* position + tokens <= the cache's max_length */
    float *hidden;             /* [tokens][hidden], in place */
    /* Added to the first `prompt_tokens` tokens before each block: [block of the pass][prompt
     * tokens][hidden], each block's `prompt_stride` floats after the one before. NULL: none. */
    const float *prompts;
    uint32_t prompt_tokens;
    size_t prompt_stride;
};

/*
 * Run blocks `from` to `to` (exclusive; of the runner's weights). Rows of one cache and batch row
 * must not repeat. KN_E_NO_MEMORY; KN_E_RANGE: something that came out is not a finite number:
 * `*bad` is the first such row, and the others are those in which there is one too. After a failure
 * the rows and what was to be written in their caches are void.
 */
KN_MUST_USE enum kn_code kn_pass_run(struct kn_runner *runner, uint32_t from, uint32_t to,
                                     const struct kn_pass_row *rows, size_t n, size_t *bad);

#endif
