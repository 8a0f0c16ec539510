#include "compute/block/pass.h"

#include <stdbool.h>
#include <stdint.h>

#include "compute/block/feed_forward.h"
#include "compute/block/piece.h"
#include "compute/block/rope.h"
#include "compute/kernels/pool.h"
#include "lib/base/memory.h"

enum { SCRATCH_ALIGN = 64 };

struct kn_runner {
    struct kn_runner_options options;
    float frequencies[KN_DECODER_HEAD_MAX / 2];
    struct kn_piece piece;
    void *scratch;
    size_t scratch_size;
};

/* What a model file may say and this cannot compute. */
static enum kn_code check(const struct kn_decoder *d, struct kn_error *err)
{
    if (d->head_dim % 2 != 0 || d->head_dim == 0 || d->head_dim > KN_DECODER_HEAD_MAX)
        return kn_fail(err, KN_E_UNSUPPORTED, "heads of %u features: even and at most %d",
                       d->head_dim, KN_DECODER_HEAD_MAX);
    if (d->kv_heads == 0 || d->heads == 0 || d->heads % d->kv_heads != 0 ||
        d->heads > KN_DECODER_HEADS_MAX)
        return kn_fail(err, KN_E_UNSUPPORTED,
                       "%u heads for %u of keys: a multiple of it and at most %d", d->heads,
                       d->kv_heads, KN_DECODER_HEADS_MAX);
    if (d->hidden == 0 || d->hidden > KN_DECODER_HIDDEN_MAX || d->ffn == 0 ||
        d->ffn > KN_DECODER_FFN_MAX)
        return kn_fail(err, KN_E_UNSUPPORTED,
                       "%u features and %u inner ones: at least 1, at most %d and %d", d->hidden,
                       d->ffn, KN_DECODER_HIDDEN_MAX, KN_DECODER_FFN_MAX);
    if (d->experts > KN_DECODER_EXPERTS_MAX ||
        (d->experts > 0 && (d->experts_active == 0 || d->experts_active > d->experts)))
        return kn_fail(err, KN_E_UNSUPPORTED, "%u of %u experts: at least 1, of at most %d",
                       d->experts_active, d->experts, KN_DECODER_EXPERTS_MAX);
    return KN_OK;
}

enum kn_code kn_runner_new(const struct kn_runner_options *options, struct kn_runner **out,
                           struct kn_error *err)
{
    struct kn_runner *runner;
    enum kn_code code = check(options->decoder, err);

    if (code != KN_OK)
        return code;
    runner = kn_try_alloc(sizeof(*runner));
    if (runner == NULL)
        return kn_fail_no_memory(err);
    runner->options = *options;
    runner->piece.decoder = options->decoder;
    runner->piece.kernels = options->kernels;
    /* here, as asking a virtual processor what it can takes it tens of microseconds */
    runner->piece.loops = kn_loops_for(options->kernels);
    runner->piece.pool = options->pool;
    runner->piece.frequencies = runner->frequencies;
    kn_rope_frequencies(&options->decoder->rope, options->decoder->head_dim, runner->frequencies);
    *out = runner;
    return KN_OK;
}

void kn_runner_free(struct kn_runner *runner)
{
    if (runner == NULL)
        return;
    kn_free(runner->scratch);
    kn_free(runner);
}

const struct kn_runner_options *kn_runner_options(const struct kn_runner *runner)
{
    return &runner->options;
}

int64_t kn_runner_scratch(const struct kn_decoder *decoder, uint32_t tokens)
{
    struct kn_room room;
    size_t most = tokens < KN_PIECE_TOKENS ? tokens : KN_PIECE_TOKENS;

    return (int64_t)(kn_room_lay_out(decoder, most, NULL, &room) * sizeof(float) + SCRATCH_ALIGN);
}

/* Scratch for a piece of so many tokens; what was there is lost. */
static bool make_room(struct kn_runner *runner, size_t tokens)
{
    size_t size = (size_t)kn_runner_scratch(runner->options.decoder, (uint32_t)tokens);
    uint8_t *at;

    if (size > runner->scratch_size) {
        kn_free(runner->scratch);
        runner->scratch = kn_try_alloc(size);
        runner->scratch_size = runner->scratch != NULL ? size : 0;
        if (runner->scratch == NULL)
            return false;
    }
    at = runner->scratch;
    at += (SCRATCH_ALIGN - (uintptr_t)at % SCRATCH_ALIGN) % SCRATCH_ALIGN;
    (void)kn_room_lay_out(runner->options.decoder, tokens, (float *)(void *)at,
                          &runner->piece.room);
    return true;
}

/* Prompts of the block are added to what goes into it: to `to`, which is x or its delta. */
static void add_prompts(struct kn_piece *piece, uint32_t block, float *to)
{
    size_t hidden = piece->decoder->hidden;
    struct kn_numbers numbers = kn_numbers_out(&piece->form, to, hidden);

    for (size_t i = 0; i < piece->form.tokens; i++) {
        const struct kn_pass_row *row = piece->tokens[i].row;
        struct kn_lane lane = kn_lane(&piece->form, &numbers, i);
        const float *prompt;

        if (row->prompts == NULL || piece->tokens[i].index >= row->prompt_tokens)
            continue;
        prompt = row->prompts + (block - piece->from) * row->prompt_stride +
                 (size_t)piece->tokens[i].index * hidden;
        for (size_t k = 0; k < hidden; k++)
            lane.at[k * lane.step] += prompt[k];
    }
}

static void attend(struct kn_piece *piece, const struct kn_block_weights *weights, uint32_t block)
{
    const struct kn_decoder *decoder = piece->decoder;
    size_t dim = decoder->head_dim, queries = decoder->heads * dim, keys = decoder->kv_heads * dim;
    float *key = piece->room.shared + kn_numbers_room(&piece->form, queries);
    float *value = key + kn_numbers_room(&piece->form, keys);
    struct kn_attention attention = {
        .query = kn_numbers_out(&piece->form, piece->room.shared, queries),
        .key = kn_numbers_out(&piece->form, key, keys),
        .value = kn_numbers_out(&piece->form, value, keys),
        .out = kn_numbers_in(&piece->form, piece->room.input, queries),
        .cache_block = block - piece->from,
    };
    const struct kn_product in[] = {
        { .weights = &weights->query, .bias = weights->query_bias, .out = attention.query.at },
        { .weights = &weights->key, .bias = weights->key_bias, .out = key },
        { .weights = &weights->value, .bias = weights->value_bias, .out = value },
    };
    const struct kn_product out = { .weights = &weights->output,
                                    .bias = weights->output_bias,
                                    .out = piece->room.shared };

    kn_piece_multiply(piece, &piece->form, in, KN_COUNT(in), piece->room.input);
    kn_piece_attend(piece, &attention);
    kn_piece_multiply(piece, &piece->form, &out, 1, piece->room.input);
}

/* What each part of a block makes is added to x when the next one begins. */
static void run_piece(struct kn_piece *piece, const struct kn_block_weights *all)
{
    struct kn_numbers delta = { 0 };

    kn_piece_enter(piece);
    for (uint32_t block = piece->from; block < piece->to; block++) {
        const struct kn_block_weights *weights = &all[block];

        add_prompts(piece, block, delta.at != NULL ? delta.at : piece->room.x);
        kn_piece_norm(piece, delta.at, weights->attention_norm);
        attend(piece, weights, block);
        kn_piece_norm(piece, piece->room.shared, weights->feed_forward_norm);
        delta = kn_piece_feed_forward(piece, weights);
    }
    kn_piece_leave(piece, &delta);
}

/* A place in the tokens of all rows. */
struct cursor {
    const struct kn_pass_row *rows;
    size_t row;
    uint32_t index;
};

static void fill_piece(struct kn_piece *piece, struct cursor *at, size_t tokens)
{
    size_t n = 0;

    piece->form = kn_form_of(tokens);
    piece->segment_count = 0;
    while (n < tokens) {
        const struct kn_pass_row *row = &at->rows[at->row];
        size_t left = row->tokens - at->index;
        struct kn_segment segment = { .row = row, .first = at->index, .at = (uint32_t)n };

        if (left == 0) {
            at->row++;
            at->index = 0;
            continue;
        }
        segment.tokens = (uint32_t)(left < tokens - n ? left : tokens - n);
        piece->segments[piece->segment_count++] = segment;
        for (uint32_t i = 0; i < segment.tokens; i++)
            piece->tokens[n++] = (struct kn_token){ .row = row, .index = at->index++ };
    }
}

/* Pieces of about the same number of panels, full but for the last. */
static size_t piece_tokens(size_t left)
{
    size_t panels = (left + KN_LANES - 1) / KN_LANES;
    size_t pieces = (panels + KN_PIECE_PANELS - 1) / KN_PIECE_PANELS;
    size_t tokens = (panels + pieces - 1) / pieces * KN_LANES;

    return tokens < left ? tokens : left;
}

static enum kn_code check_out(const struct kn_runner *runner, const struct kn_pass_row *rows,
                              size_t n, size_t *bad)
{
    for (size_t i = 0; i < n; i++)
        if (!kn_all_finite(rows[i].hidden,
                           (size_t)rows[i].tokens * runner->options.decoder->hidden)) {
            *bad = i;
            return KN_E_RANGE;
        }
    return KN_OK;
}

enum kn_code kn_pass_run(struct kn_runner *runner, uint32_t from, uint32_t to,
                         const struct kn_pass_row *rows, size_t n, size_t *bad)
{
    struct kn_piece *piece = &runner->piece;
    struct cursor at = { .rows = rows };
    size_t left = 0, tokens;

    for (size_t i = 0; i < n; i++)
        left += rows[i].tokens;
    if (left == 0 || from >= to)
        return KN_OK;
    piece->from = from;
    piece->to = to;
    for (; left > 0; left -= tokens) {
        tokens = piece_tokens(left);
        fill_piece(piece, &at, tokens);
        if (!make_room(runner, tokens))
            return KN_E_NO_MEMORY;
        run_piece(piece, runner->options.weights);
    }
    return check_out(runner, rows, n, bad);
}
