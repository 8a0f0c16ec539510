#include "compute/block/piece.h"

#include <math.h>
#include <string.h>

#include "compute/kernels/pool.h"

enum { SILU_CHUNK = 16 * 1024 }; /* numbers */

struct silu {
    const struct kn_loops *loops;
    float *gate;
    const float *up;
    size_t n;
};

static void silu_some(void *arg, unsigned chunk, unsigned thread)
{
    const struct silu *silu = arg;
    size_t at = (size_t)chunk * SILU_CHUNK, left = silu->n - at;

    (void)thread;
    silu->loops->silu(silu->gate + at, silu->up + at, left < SILU_CHUNK ? left : SILU_CHUNK);
}

/* Vectors as a product writes them, moved apart as the next one reads them. */
static void spread(const struct kn_numbers *from, const struct kn_numbers *to, size_t count)
{
    for (size_t i = count; i-- > 1;)
        memmove(to->at + i * to->stride, from->at + i * from->stride, from->width * sizeof(float));
}

/* down(silu(gate(x)) * up(x)) for tokens that lie in `form`, in piece->room.shared. */
static struct kn_numbers gated(struct kn_piece *piece, const struct kn_form *form,
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
    struct silu silu = { piece->loops, gate.at, behind, form->count * gate.stride };
    unsigned chunks = (unsigned)((silu.n + SILU_CHUNK - 1) / SILU_CHUNK);

    kn_piece_multiply(piece, form, in, KN_COUNT(in), x);
    kn_pool_run(piece->pool, chunks, silu_some, &silu);
    if (!form->panels)
        spread(&gate, &inner, form->count);
    kn_piece_multiply(piece, form, &down, 1, inner.at);
    return out;
}

struct kn_numbers kn_piece_feed_forward(struct kn_piece *piece,
                                        const struct kn_block_weights *weights)
{
    return gated(piece, &piece->form, &weights->feed_forward, piece->room.input);
}
