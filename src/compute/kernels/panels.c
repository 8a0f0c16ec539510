#include "compute/kernels/isa.h"
#include "compute/kernels/pool.h"

/*
 * A piece of all rows at a time, so long that its activations stay in the second cache of a
 * processor, and no longer than a few widened rows stay in the first. Those are multiplied with all
 * panels while the next ones come from memory. Rows are widened with some room between them, or all
 * would want the same lines of the cache.
 */
enum {
    PIECE_BYTES = 1200 << 10, /* of activations */
    PIECE_COLUMNS = 1024,
    COLUMNS_STEP = KN_NF4_GROUP,
    WIDE_ROW = PIECE_COLUMNS + 16,
    GROUP_ROWS = 8,
    CHUNK_ROWS = 32,
    LANES_STEP = 16, /* of a tile */
    LINE = 64,
};

_Static_assert(PIECE_COLUMNS % COLUMNS_STEP == 0, "groups are whole");
_Static_assert(sizeof(float) * GROUP_ROWS * WIDE_ROW <= KN_POOL_SCRATCH, "it fits");

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

/* Pieces of about the same length. */
static uint32_t piece_columns(size_t tokens, uint32_t columns)
{
    size_t most = PIECE_BYTES / (panels_of(tokens) * KN_LANES * sizeof(float)), pieces, each;

    if (most > PIECE_COLUMNS)
        most = PIECE_COLUMNS;
    if (most < COLUMNS_STEP)
        most = COLUMNS_STEP;
    if (columns <= most)
        return columns;
    pieces = (columns + most - 1) / most;
    each = (columns + pieces - 1) / pieces;
    return (uint32_t)((each + COLUMNS_STEP - 1) / COLUMNS_STEP * COLUMNS_STEP);
}

static void fill(float *at, size_t rows, size_t lanes, const float *bias)
{
    for (size_t row = 0; row < rows; row++) {
        float value = bias != NULL ? bias[row] : 0;

        for (size_t lane = 0; lane < lanes; lane++)
            at[row * KN_LANES + lane] = value;
    }
}

/* Rows of weights that this thread is likely to widen next. */
static uint32_t rows_after(const struct job *job, uint32_t row)
{
    uint32_t next = row + GROUP_ROWS;

    return next % CHUNK_ROWS != 0 ? next : next + CHUNK_ROWS * (kn_pool_threads(job->pool) - 1);
}

/* Of those rows the share that comes nearer while a panel is multiplied. */
static void set_fetch(const struct job *job, const struct kn_matrix *weights, uint32_t row,
                      size_t panel, struct kn_tile *tile)
{
    size_t panels = panels_of(job->tokens);
    size_t bytes = kn_matrix_bytes(weights->type, 1, weights->columns);
    size_t from = GROUP_ROWS * panel / panels, to = GROUP_ROWS * (panel + 1) / panels;

    tile->fetch_rows = 0;
    if (row + to > weights->rows)
        return;
    tile->fetch_rows = to - from;
    tile->fetch_row = bytes;
    tile->fetch_step = bytes * KN_FETCH_DEPTH / weights->columns;
    tile->fetch = (const uint8_t *)weights->at + (row + from) * bytes +
                  job->at / KN_FETCH_DEPTH * tile->fetch_step;
}

static void fetch_sums(const float *at, size_t rows)
{
    for (size_t i = 0; i < rows * KN_LANES; i += LINE / sizeof(*at))
        __builtin_prefetch(at + i, 1, 3);
}

/* A few widened rows with the activations of each panel. */
static void multiply(const struct job *job, const struct kn_product *product, struct kn_tile *tile,
                     uint32_t row)
{
    const struct kn_matrix *weights = product->weights;
    uint32_t next = rows_after(job, row);

    for (size_t panel = 0; panel < panels_of(job->tokens); panel++) {
        size_t rest = job->tokens - panel * KN_LANES;

        tile->b = job->x + (panel * weights->columns + job->at) * KN_LANES;
        tile->sum = product->out + (panel * weights->rows + row) * KN_LANES;
        tile->lanes =
            rest < KN_LANES ? (rest + LANES_STEP - 1) / LANES_STEP * LANES_STEP : KN_LANES;
        if (job->at == 0)
            fill(tile->sum, tile->rows, tile->lanes,
                 product->bias != NULL ? product->bias + row : NULL);
        if (rest > KN_LANES)
            fetch_sums(tile->sum + (size_t)weights->rows * KN_LANES, tile->rows);
        set_fetch(job, weights, next, panel, tile);
        job->kernels->tile(tile);
    }
}

static void work_group(const struct job *job, const struct kn_product *product, uint32_t row,
                       uint32_t rows, float *wide)
{
    const struct kn_matrix *weights = product->weights;
    struct kn_tile tile = { .a = wide,
                            .rows = rows,
                            .depth = job->end - job->at,
                            .a_row = WIDE_ROW,
                            .a_step = 1,
                            .b_row = KN_LANES,
                            .sum_row = KN_LANES };

    for (uint32_t i = 0; i < rows; i++)
        job->kernels->widen[weights->type](weights, row + i, job->at, job->end - job->at,
                                           wide + (size_t)i * WIDE_ROW);
    multiply(job, product, &tile, row);
}

static void work(void *arg, unsigned chunk, unsigned thread)
{
    const struct job *job = arg;
    const struct part *part = &job->parts[job->n - 1];
    uint32_t rows, row, end;

    while (part->first > chunk)
        part--;
    rows = part->product->weights->rows;
    row = (chunk - part->first) * CHUNK_ROWS;
    end = rows - row < CHUNK_ROWS ? rows : row + CHUNK_ROWS;
    for (; row < end; row += GROUP_ROWS)
        work_group(job, part->product, row, end - row < GROUP_ROWS ? end - row : GROUP_ROWS,
                   kn_pool_scratch(job->pool, thread));
}

void kn_multiply_tokens(const struct kn_kernels *kernels, struct kn_pool *pool,
                        const struct kn_product *products, size_t n, const float *x, size_t tokens)
{
    struct job job = { .kernels = kernels, .pool = pool, .x = x, .tokens = tokens };
    uint32_t columns = products[0].weights->columns, piece = piece_columns(tokens, columns);
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
