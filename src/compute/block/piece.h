/*
 * piece — the tokens that go through the blocks together, and where their numbers lie. Inside only.
 *
 * A pass of many tokens is cut into pieces that follow each other, so that scratch has a bound. Few
 * tokens lie as vectors, many in the lanes of panels, those of all rows behind each other.
 */
#ifndef KN_BLOCK_PIECE_H
#define KN_BLOCK_PIECE_H

#include "compute/block/loops.h"
#include "compute/block/pass.h"

enum {
    KN_PIECE_PANELS = 5,
    KN_PIECE_TOKENS = KN_PIECE_PANELS * KN_LANES,
};

/* How tokens lie: `count` vectors or panels. */
struct kn_form {
    bool panels;
    size_t tokens, count;
};

struct kn_form kn_form_of(size_t tokens);

/* Numbers of all tokens of a form, `width` each; `stride` floats from a vector or panel to the
 * next. */
struct kn_numbers {
    float *at;
    size_t width, stride;
};

/* Those of one token: features are `step` floats apart. */
struct kn_lane {
    float *at;
    size_t step;
};

static inline struct kn_lane kn_lane(const struct kn_form *form, const struct kn_numbers *numbers,
                                     size_t token)
{
    if (!form->panels)
        return (struct kn_lane){ .at = numbers->at + token * numbers->stride, .step = 1 };
    return (struct kn_lane){
        .at = numbers->at + token / KN_LANES * numbers->stride + token % KN_LANES,
        .step = KN_LANES,
    };
}

/* `width` numbers a token as a product writes them, and as it reads them. */
struct kn_numbers kn_numbers_out(const struct kn_form *form, float *at, size_t width);
struct kn_numbers kn_numbers_in(const struct kn_form *form, float *at, size_t width);
size_t kn_numbers_room(const struct kn_form *form, size_t width); /* floats, of either */

struct kn_token {
    const struct kn_pass_row *row;
    uint32_t index; /* in the row */
};

/* Tokens of one row that follow each other in the piece. */
struct kn_segment {
    const struct kn_pass_row *row;
    uint32_t first, tokens; /* of the row */
    uint32_t at;            /* in the piece */
    unsigned task;          /* the first of attention */
};

/* Places in the scratch. What is not used at the same time shares one. */
struct kn_room {
    float *x, *input, *shared, *angles;
    float *router, *gathered, *mixed; /* with experts */
};

/* Set the places; the floats that it takes. `base` NULL: only count. */
size_t kn_room_lay_out(const struct kn_decoder *decoder, size_t tokens, float *base,
                       struct kn_room *out);

struct kn_piece {
    const struct kn_decoder *decoder;
    const struct kn_loops *loops;
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
    const float *frequencies;
    uint32_t from, to; /* blocks */
    struct kn_form form;
    struct kn_room room;
    struct kn_token tokens[KN_PIECE_TOKENS];
    struct kn_segment segments[KN_PIECE_TOKENS];
    size_t segment_count;
};

/* The numbers of the rows into room.x, the angles of their positions; and back again, with `delta`
 * added. */
void kn_piece_enter(struct kn_piece *piece);
void kn_piece_leave(struct kn_piece *piece, const struct kn_numbers *delta);

/* x += delta (at NULL: nothing), room.input = norm(x). */
void kn_piece_norm(struct kn_piece *piece, const float *delta, const float *weight);

void kn_piece_multiply(const struct kn_piece *piece, const struct kn_form *form,
                       const struct kn_product *products, size_t n, const float *x);

/* Each token's attention to itself and what came before; `query`, `key` and `value` into
 * room.input. Writes the cache. */
struct kn_attention {
    struct kn_numbers query, key, value, out;
    uint32_t cache_block;
};
void kn_piece_attend(struct kn_piece *piece, const struct kn_attention *attention);

/* What the feed-forward part makes of room.input; it lies in the scratch. */
struct kn_numbers kn_piece_feed_forward(struct kn_piece *piece,
                                        const struct kn_block_weights *weights);

#endif
