#include "compute/block/feed_forward.h"

#include <string.h>

#include "compute/kernels/pool.h"

enum { CHUNK = 256 }; /* inner features */

struct silu {
    const struct kn_piece *piece;
    const struct kn_form *form;
    float *gate;
    const float *up;
};

/* Some features of one panel, without the lanes that nobody is in. */
static void silu_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct silu *silu = arg;
    const struct kn_loops *loops = silu->piece->loops;
    size_t ffn = silu->piece->decoder->ffn, chunks = (ffn + CHUNK - 1) / CHUNK;
    size_t panel = chunk / chunks, feature = chunk % chunks * CHUNK;
    size_t n = ffn - feature < CHUNK ? ffn - feature : CHUNK;
    size_t at = (panel * ffn + feature) * KN_LANES, lanes = kn_panel_lanes(silu->form, panel);

    (void)thread;
    if (lanes == KN_LANES) {
        loops->silu(silu->gate + at, silu->up + at, n * KN_LANES);
        return;
    }
    for (size_t end = at + n * KN_LANES; at < end; at += KN_LANES)
        loops->silu(silu->gate + at, silu->up + at, lanes);
}

/* Vectors as a product writes them, moved apart as the next one reads them. */
static void spread(const struct kn_numbers *from, const struct kn_numbers *to, size_t count)
{
    for (size_t i = count; i-- > 1;)
        memmove(to->at + i * to->stride, from->at + i * from->stride, from->width * sizeof(float));
}

struct kn_numbers kn_piece_gated(struct kn_piece *piece, const struct kn_form *form,
                                 const struct kn_feed_forward *weights, const float *x)
{
    size_t ffn = piece->decoder->ffn;
    float *behind = piece->room.shared + kn_numbers_room(form, ffn);
    struct kn_numbers gate = kn_numbers_out(form, piece->room.shared, ffn);
    struct kn_numbers inner = kn_numbers_in(form, piece->room.shared, ffn);
    struct kn_numbers out = kn_numbers_out(form, behind, piece->decoder->hidden);
    const struct kn_product in[] = {
        { .weights = &weights->gate, .out = gate.at },
        { .weights = &weights->up, .out = behind },
    };
    const struct kn_product down = { .weights = &weights->down, .out = out.at };
    struct silu silu = { .piece = piece, .form = form, .gate = gate.at, .up = behind };

    kn_piece_multiply(piece, form, in, KN_COUNT(in), x);
    if (form->panels) {
        kn_pool_run(piece->pool, (unsigned)(form->count * ((ffn + CHUNK - 1) / CHUNK)), silu_some,
                    &silu);
    } else {
        piece->loops->silu(gate.at, behind, form->count * ffn);
        spread(&gate, &inner, form->count);
    }
    kn_piece_multiply(piece, form, &down, 1, inner.at);
    return out;
}

struct kn_numbers kn_piece_feed_forward(struct kn_piece *piece,
                                        const struct kn_block_weights *weights)
{
    if (piece->decoder->experts > 0)
        return kn_piece_mixed(piece, weights);
    return kn_piece_gated(piece, &piece->form, &weights->feed_forward, piece->room.input);
}
