#include "compute/block/piece.h"

#include "compute/block/rope.h"
#include "compute/kernels/pool.h"

enum { GROUPS = KN_LANES / KN_LOOP_LANES }; /* of a panel */

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

struct kn_form kn_form_of(size_t tokens)
{
    if (tokens <= KN_VECTORS_MAX)
        return (struct kn_form){ .panels = false, .tokens = tokens, .count = tokens };
    return (struct kn_form){ .panels = true,
                             .tokens = tokens,
                             .count = (tokens + KN_LANES - 1) / KN_LANES };
}

struct kn_numbers kn_numbers_out(const struct kn_form *form, float *at, size_t width)
{
    return (struct kn_numbers){ .at = at,
                                .width = width,
                                .stride = form->panels ? width * KN_LANES : width };
}

struct kn_numbers kn_numbers_in(const struct kn_form *form, float *at, size_t width)
{
    return (struct kn_numbers){ .at = at,
                                .width = width,
                                .stride = form->panels ? width * KN_LANES : width + KN_KERNEL_PAD };
}

/* A multiple of a cache line, as all places are. */
size_t kn_numbers_room(const struct kn_form *form, size_t width)
{
    size_t line = KN_LOOP_LANES, stride = kn_numbers_in(form, NULL, width).stride;

    return (form->count * stride + KN_KERNEL_PAD + line - 1) / line * line;
}

static float *take(float *base, size_t *used, size_t floats)
{
    float *at = base != NULL ? base + *used : NULL;

    *used += floats;
    return at;
}

size_t kn_room_lay_out(const struct kn_decoder *decoder, size_t tokens, float *base,
                       struct kn_room *out)
{
    struct kn_form form = kn_form_of(tokens);
    size_t hidden = kn_numbers_room(&form, decoder->hidden), used = 0;
    size_t queries = kn_numbers_room(&form, (size_t)decoder->heads * decoder->head_dim);
    size_t keys = kn_numbers_room(&form, (size_t)decoder->kv_heads * decoder->head_dim);
    size_t inner = kn_numbers_room(&form, decoder->ffn);

    *out = (struct kn_room){ 0 };
    out->x = take(base, &used, hidden);
    out->input = take(base, &used, most(hidden, queries));
    out->shared =
        take(base, &used, most(most(queries, hidden) + 2 * keys, inner + most(inner, hidden)));
    out->angles = take(base, &used, form.tokens * decoder->head_dim);
    if (decoder->experts > 0) {
        out->router = take(base, &used, kn_numbers_room(&form, decoder->experts));
        out->gathered = take(base, &used, hidden);
        out->mixed = take(base, &used, hidden);
    }
    return used;
}

/* Tokens [first, first + KN_LOOP_LANES) of the piece, or fewer at its end. */
static size_t tokens_from(const struct kn_piece *piece, size_t first)
{
    size_t left = first < piece->form.tokens ? piece->form.tokens - first : 0;

    return left < KN_LOOP_LANES ? left : KN_LOOP_LANES;
}

static float *hidden_of(const struct kn_piece *piece, size_t token)
{
    const struct kn_token *at = &piece->tokens[token];

    return at->row->hidden + (size_t)at->index * piece->decoder->hidden;
}

/* Of one group of lanes, the empty ones with zeros; or of one vector. */
static void enter_some(void *arg, unsigned chunk, unsigned thread)
{
    struct kn_piece *piece = arg;
    size_t hidden = piece->decoder->hidden, half = piece->decoder->head_dim / 2;
    size_t first = piece->form.panels ? (size_t)chunk * KN_LOOP_LANES : 0;
    size_t n = tokens_from(piece, first);
    size_t lanes = piece->form.panels ? KN_LOOP_LANES : n;
    struct kn_numbers x = kn_numbers_out(&piece->form, piece->room.x, hidden);

    (void)thread;
    for (size_t i = 0; i < lanes; i++) {
        struct kn_lane lane = kn_lane(&piece->form, &x, first + i);
        const float *from = i < n ? hidden_of(piece, first + i) : NULL;

        for (size_t k = 0; k < hidden; k++)
            lane.at[k * lane.step] = from != NULL ? from[k] : 0;
    }
    for (size_t i = first; i < first + n; i++)
        kn_rope_angles(piece->frequencies, half,
                       piece->tokens[i].row->position + piece->tokens[i].index,
                       piece->room.angles + i * 2 * half);
}

/* Groups of lanes in all panels; all vectors are one. */
static unsigned group_count(const struct kn_form *form)
{
    return form->panels ? (unsigned)(form->count * GROUPS) : 1;
}

void kn_piece_enter(struct kn_piece *piece)
{
    kn_pool_run(piece->pool, group_count(&piece->form), enter_some, piece);
}

struct leaving {
    struct kn_piece *piece;
    const struct kn_numbers *delta;
};

static void leave_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct leaving *leaving = arg;
    const struct kn_piece *piece = leaving->piece;
    size_t hidden = piece->decoder->hidden, first = (size_t)chunk * KN_LOOP_LANES;
    size_t n = tokens_from(piece, first);
    struct kn_numbers x = kn_numbers_out(&piece->form, piece->room.x, hidden);

    (void)thread;
    for (size_t i = first; i < first + n; i++) {
        struct kn_lane lane = kn_lane(&piece->form, &x, i);
        struct kn_lane delta = kn_lane(&piece->form, leaving->delta, i);
        float *to = hidden_of(piece, i);

        for (size_t k = 0; k < hidden; k++)
            to[k] = lane.at[k * lane.step] + delta.at[k * delta.step];
    }
}

void kn_piece_leave(struct kn_piece *piece, const struct kn_numbers *delta)
{
    struct leaving leaving = { .piece = piece, .delta = delta };

    kn_pool_run(piece->pool, group_count(&piece->form), leave_some, &leaving);
}

struct norming {
    struct kn_piece *piece;
    const float *delta, *weight;
};

static void norm_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct norming *norming = arg;
    const struct kn_piece *piece = norming->piece;
    size_t hidden = piece->decoder->hidden;
    size_t at = chunk / GROUPS * hidden * KN_LANES + chunk % GROUPS * KN_LOOP_LANES;
    struct kn_norm norm = {
        .x = piece->room.x + at,
        .delta = norming->delta != NULL ? norming->delta + at : NULL,
        .weight = norming->weight,
        .out = piece->room.input + at,
        .n = hidden,
        .epsilon = piece->decoder->norm_epsilon,
    };

    (void)thread;
    piece->loops->norm_lanes(&norm);
}

void kn_piece_norm(struct kn_piece *piece, const float *delta, const float *weight)
{
    size_t hidden = piece->decoder->hidden;
    struct norming norming = { .piece = piece, .delta = delta, .weight = weight };

    if (piece->form.panels) {
        kn_pool_run(piece->pool, group_count(&piece->form), norm_some, &norming);
        return;
    }
    for (size_t i = 0; i < piece->form.count; i++) {
        struct kn_norm norm = {
            .x = piece->room.x + i * hidden,
            .delta = delta != NULL ? delta + i * hidden : NULL,
            .weight = weight,
            .out = piece->room.input + i * (hidden + KN_KERNEL_PAD),
            .n = hidden,
            .epsilon = piece->decoder->norm_epsilon,
        };

        piece->loops->norm(&norm);
    }
}

void kn_piece_multiply(const struct kn_piece *piece, const struct kn_form *form,
                       const struct kn_product *products, size_t n, const float *x)
{
    if (form->panels)
        kn_multiply_panels(piece->kernels, piece->pool, products, n, x, form->count);
    else
        kn_multiply_vectors(piece->kernels, piece->pool, products, n, x, form->count);
}
