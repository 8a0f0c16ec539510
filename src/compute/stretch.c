#include "compute/stretch.h"

uint64_t kn_stretch_tokens(const struct kn_stretch *stretch)
{
    return (uint64_t)stretch->batch * stretch->tokens;
}

/* Only the step's first tokens have prompts; a row may begin behind them, or among them. */
static void add_prompts(const struct kn_stretch *s, uint32_t block, uint32_t offset,
                        struct kn_pass_row *row)
{
    size_t width = s->width;
    size_t of_row = s->prompt_tokens * width;
    size_t skipped = s->prompt_batch == 1 ? 0 : row->batch_row * of_row;

    if (s->prompts == NULL || offset >= s->prompt_tokens)
        return;
    row->prompt_stride = s->prompt_batch * of_row;
    row->prompts = s->prompts + block * row->prompt_stride + skipped + offset * width;
    row->prompt_tokens = s->prompt_tokens - offset;
    if (row->prompt_tokens > row->tokens)
        row->prompt_tokens = row->tokens;
}

size_t kn_stretch_rows(const struct kn_stretch *s, uint32_t block, uint64_t at, uint32_t n,
                       struct kn_pass_row *rows)
{
    size_t count = 0;

    while (n > 0) {
        uint32_t offset = (uint32_t)(at % s->tokens);
        uint32_t left = s->tokens - offset;
        uint32_t taken = n < left ? n : left;

        rows[count] = (struct kn_pass_row){
            .cache = s->cache,
            .batch_row = (uint32_t)(at / s->tokens),
            .position = s->position + offset,
            .tokens = taken,
            .hidden = s->hidden + at * s->width,
        };
        add_prompts(s, block, offset, &rows[count]);
        count++;
        at += taken;
        n -= taken;
    }
    return count;
}
