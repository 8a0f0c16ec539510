#include "node/trial/made_up.h"

#include "compute/kernels/quantise.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/os/pages.h"

enum { PATTERN = 64 * 1024, SCALE_ROUND = 64 };

static enum kn_weight_type type_of(enum kn_weights_as as)
{
    static const enum kn_weight_type types[] = {
        [KN_WEIGHTS_EXACT] = KN_WEIGHT_F32, [KN_WEIGHTS_BF16] = KN_WEIGHT_BF16,
        [KN_WEIGHTS_F16] = KN_WEIGHT_F16,   [KN_WEIGHTS_INT8] = KN_WEIGHT_INT8,
        [KN_WEIGHTS_NF4] = KN_WEIGHT_NF4,
    };

    return types[as];
}

/* Where matrices are laid out, one behind the other; without pages they are only counted. */
struct layout {
    enum kn_weight_type type;
    uint8_t *pages;
    size_t used;
};

static struct kn_matrix take(struct layout *layout, uint32_t rows, uint32_t columns)
{
    struct kn_matrix matrix = { .type = layout->type, .rows = rows, .columns = columns };
    size_t scale = kn_matrix_scale_bytes(layout->type, rows, columns);

    if (layout->pages != NULL) {
        matrix.at = layout->pages + layout->used;
        matrix.scale = matrix.at;
    }
    layout->used += kn_matrix_bytes(layout->type, rows, columns);
    if (scale > 0) {
        layout->used = (layout->used + SCALE_ROUND - 1) / SCALE_ROUND * SCALE_ROUND;
        if (layout->pages != NULL)
            matrix.scale = layout->pages + layout->used;
        layout->used += (scale + SCALE_ROUND - 1) / SCALE_ROUND * SCALE_ROUND;
    }
    return matrix;
}

static void lay_out_feed_forward(struct layout *layout, const struct kn_decoder *d,
                                 struct kn_feed_forward *out)
{
    out->gate = take(layout, d->ffn, d->hidden);
    out->up = take(layout, d->ffn, d->hidden);
    out->down = take(layout, d->hidden, d->ffn);
}

/* `experts` has room for the decoder's, or there are none. */
static void lay_out(struct layout *layout, const struct kn_decoder *d,
                    struct kn_feed_forward *experts, struct kn_block_weights *out)
{
    enum kn_weight_type type = layout->type;

    out->query = take(layout, d->heads * d->head_dim, d->hidden);
    out->key = take(layout, d->kv_heads * d->head_dim, d->hidden);
    out->value = take(layout, d->kv_heads * d->head_dim, d->hidden);
    out->output = take(layout, d->hidden, d->heads * d->head_dim);
    if (d->experts == 0) {
        lay_out_feed_forward(layout, d, &out->feed_forward);
        return;
    }
    for (uint32_t i = 0; i < d->experts; i++)
        lay_out_feed_forward(layout, d, &experts[i]);
    layout->type = KN_WEIGHT_F32; /* the router is never quantised */
    out->router = take(layout, d->experts, d->hidden);
    layout->type = type;
    out->experts = experts;
}

size_t kn_made_up_bytes(const struct kn_decoder *decoder, enum kn_weights_as as)
{
    struct kn_feed_forward experts[KN_DECODER_EXPERTS_MAX];
    struct layout layout = { .type = type_of(as) };
    struct kn_block_weights weights;

    lay_out(&layout, decoder, experts, &weights);
    return layout.used;
}

/*
 * Numbers of about 0.01 to 0.02 either way: small enough that many blocks stay finite, and none is
 * zero or denormal. As float32 the upper half counts alone; int8 and nf4 take any byte.
 */
static void make_pattern(enum kn_weight_type type, uint16_t out[PATTERN / 2])
{
    uint64_t seed = 1;
    struct kn_random random = kn_random_seeded(&seed);
    uint16_t base = type == KN_WEIGHT_F16 ? 0x2100 : 0x3C23;

    kn_random_fill(&random, (uint8_t *)out, PATTERN);
    if (type == KN_WEIGHT_INT8 || type == KN_WEIGHT_NF4)
        return;
    for (size_t i = 0; i < PATTERN / 2; i++) {
        if (type != KN_WEIGHT_F32 || i % 2 == 1)
            out[i] = (uint16_t)(base + (out[i] & 0x803F));
    }
}

/* What was made here is lent to all others as const. */
static void *own(const void *at)
{
    return (void *)(uintptr_t)at; /* NOLINT(performance-no-int-to-ptr) */
}

static void set_scales(const struct kn_matrix *matrix)
{
    float *rows = own(matrix->scale);
    uint16_t *groups = own(matrix->scale);
    size_t n = kn_matrix_scale_bytes(matrix->type, matrix->rows, matrix->columns);

    if (matrix->type == KN_WEIGHT_INT8) {
        for (size_t i = 0; i < n / sizeof(float); i++)
            rows[i] = 2e-4F;
    } else if (matrix->type == KN_WEIGHT_NF4) {
        for (size_t i = 0; i < n / sizeof(uint16_t); i++)
            groups[i] = 0x2500; /* 0.0195 */
    }
}

static void set_all_scales(const struct kn_decoder *d, const struct kn_block_weights *w)
{
    const struct kn_feed_forward *one = d->experts > 0 ? w->experts : &w->feed_forward;

    set_scales(&w->query);
    set_scales(&w->key);
    set_scales(&w->value);
    set_scales(&w->output);
    for (uint32_t i = 0; i < (d->experts > 0 ? d->experts : 1); i++) {
        set_scales(&one[i].gate);
        set_scales(&one[i].up);
        set_scales(&one[i].down);
    }
}

/* A router of float32 must hold such numbers as well, whatever the others are. */
static void set_router(const struct kn_block_weights *w, const struct kn_decoder *d)
{
    float *at = own(w->router.at);

    for (size_t i = 0; d->experts > 0 && i < (size_t)d->experts * d->hidden; i++)
        at[i] = (float)(i % 7) * 0.01F - 0.03F;
}

static enum kn_code fill(const struct kn_decoder *decoder, enum kn_weights_as as,
                         struct kn_watch *watch, struct kn_made_up *block,
                         struct kn_block_weights *weights)
{
    struct layout layout = { .type = type_of(as), .pages = block->pages };
    uint16_t *pattern = kn_try_alloc(PATTERN);
    enum kn_code rc;

    if (pattern == NULL)
        return KN_E_LIMIT;
    make_pattern(layout.type, pattern);
    rc = kn_watch_fill(watch, block->pages, block->size, pattern, PATTERN);
    kn_free(pattern);
    if (rc != KN_OK)
        return rc;
    lay_out(&layout, decoder, block->experts, weights);
    set_all_scales(decoder, weights);
    set_router(weights, decoder);
    return KN_OK;
}

enum kn_code kn_made_up_block(const struct kn_decoder *decoder, enum kn_weights_as as,
                              const float *norm, struct kn_watch *watch, struct kn_made_up *out,
                              struct kn_block_weights *weights)
{
    *out = (struct kn_made_up){ .size = kn_made_up_bytes(decoder, as) };
    *weights = (struct kn_block_weights){ .attention_norm = norm, .feed_forward_norm = norm };
    if (decoder->experts > 0)
        out->experts = kn_try_alloc(decoder->experts * sizeof(*out->experts));
    out->pages = kn_pages_new(out->size);
    if (out->pages == NULL || (decoder->experts > 0 && out->experts == NULL))
        return KN_E_LIMIT; /* an ulimit, or the system itself, permits no more */
    return fill(decoder, as, watch, out, weights);
}

void kn_made_up_done(struct kn_made_up *block)
{
    kn_pages_free(block->pages, block->size);
    kn_free(block->experts);
    *block = (struct kn_made_up){ 0 };
}
