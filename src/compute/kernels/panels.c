#include "compute/kernels/isa.h"
#include "compute/kernels/pool.h"

/*
 * A piece of all rows at a time, so long that its activations stay in the second cache of a
 * processor; of that a stretch at a time, whose activations of one panel stay in the first while
 * the rows of a chunk pass by. Rows are widened with some room between them, or all would want the
 * same lines of the cache.
 */
enum {
    PIECE_BYTES = 1200 << 10, /* of activations */
    STRETCH = 192,            /* columns */
    WIDE_ROW = STRETCH + 16,
    CHUNK_ROWS = 32,
    LANES_STEP = 16, /* of a tile */
};

_Static_assert(STRETCH % KN_NF4_GROUP == 0, "groups are whole");
_Static_assert(sizeof(float) * CHUNK_ROWS * WIDE_ROW <= KN_POOL_SCRATCH, "it fits");

struct part {
    const struct kn_product *product;
    unsigned first; /* chunk */
};

struct job {
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
    const float *x;
    size_t tokens, n;
    uint32_t at, end; /* the piece */
    struct part parts[KN_PRODUCTS_MAX];
};

static size_t panels_of(size_t tokens)
{
    return (tokens + KN_LANES - 1) / KN_LANES;
}

static uint32_t piece_columns(size_t tokens)
{
    size_t stretch = panels_of(tokens) * KN_LANES * sizeof(float) * STRETCH;
    size_t stretches = PIECE_BYTES / stretch;

    return stretches == 0 ? STRETCH : (uint32_t)stretches * STRETCH;
}

static void fill(float *at, size_t rows, size_t lanes, const float *bias)
{
    for (size_t row = 0; row < rows; row++) {
        float value = bias != NULL ? bias[row] : 0;

        for (size_t lane = 0; lane < lanes; lane++)
            at[row * KN_LANES + lane] = value;
    }
}

/* A few widened rows, `depth` columns from `at`, with the activations of each panel. */
static void multiply(const struct job *job, const struct kn_product *product, struct kn_tile *tile,
                     uint32_t row, uint32_t at)
{
    const struct kn_matrix *weights = product->weights;

    for (size_t panel = 0; panel < panels_of(job->tokens); panel++) {
        size_t rest = job->tokens - panel * KN_LANES;

        tile->b = job->x + (panel * weights->columns + at) * KN_LANES;
        tile->sum = product->out + (panel * weights->rows + row) * KN_LANES;
        tile->lanes =
            rest < KN_LANES ? (rest + LANES_STEP - 1) / LANES_STEP * LANES_STEP : KN_LANES;
        if (at == 0)
            fill(tile->sum, tile->rows, tile->lanes,
                 product->bias != NULL ? product->bias + row : NULL);
        job->kernels->tile(tile);
    }
}

static void work(void *arg, unsigned chunk, unsigned thread)
{
    const struct job *job = arg;
    const struct part *part = &job->parts[job->n - 1];
    float *wide = kn_pool_scratch(job->pool, thread);
    struct kn_tile tile = {
        .a = wide, .a_row = WIDE_ROW, .a_step = 1, .b_row = KN_LANES, .sum_row = KN_LANES
    };
    const struct kn_matrix *weights;
    uint32_t row;

    while (part->first > chunk)
        part--;
    weights = part->product->weights;
    row = (chunk - part->first) * CHUNK_ROWS;
    tile.rows = weights->rows - row < CHUNK_ROWS ? weights->rows - row : CHUNK_ROWS;
    for (uint32_t at = job->at; at < job->end; at += STRETCH) {
        uint32_t depth = job->end - at < STRETCH ? job->end - at : STRETCH;

        for (uint32_t i = 0; i < tile.rows; i++)
            job->kernels->widen[weights->type](weights, row + i, at, depth,
                                               wide + (size_t)i * WIDE_ROW);
        tile.depth = depth;
        multiply(job, part->product, &tile, row, at);
    }
}

void kn_multiply_tokens(const struct kn_kernels *kernels, struct kn_pool *pool,
                        const struct kn_product *products, size_t n, const float *x, size_t tokens)
{
    struct job job = { .kernels = kernels, .pool = pool, .x = x, .tokens = tokens };
    uint32_t columns = products[0].weights->columns, piece = piece_columns(tokens);
    unsigned chunks = 0;

    for (size_t i = 0; i < n; i++) {
        if (products[i].weights->rows == 0)
            continue;
        job.parts[job.n++] = (struct part){ &products[i], chunks };
        chunks += (products[i].weights->rows - 1) / CHUNK_ROWS + 1;
    }
    for (; job.at < columns; job.at = job.end) {
        job.end = columns - job.at < piece ? columns : job.at + piece;
        kn_pool_run(pool, chunks, work, &job);
    }
}

void kn_multiply_panels(const struct kn_kernels *kernels, struct kn_pool *pool,
                        const struct kn_product *products, size_t n, const float *x, size_t panels)
{
    kn_multiply_tokens(kernels, pool, products, n, x, panels * KN_LANES);
}
