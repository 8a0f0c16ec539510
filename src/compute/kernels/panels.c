#include "compute/kernels/isa.h"
#include "compute/kernels/pool.h"

/*
 * A piece of all rows at a time, so long that its activations stay in the cache of a processor.
 * Rows are widened with some room between them, or all would want the same lines of it.
 */
enum {
    PIECE_BYTES = 1200 << 10, /* of activations */
    PIECE_MIN = 256,
    PIECE_MAX = 2048, /* columns; multiples of every group */
    WIDE_ROWS = 8,
    WIDE_GAP = 16,
    CHUNK_ROWS = 32,
};

_Static_assert(PIECE_MIN % KN_NF4_GROUP == 0 && PIECE_MAX % KN_NF4_GROUP == 0, "groups are whole");
_Static_assert(sizeof(float) * WIDE_ROWS * (PIECE_MAX + WIDE_GAP) <= KN_POOL_SCRATCH, "it fits");

struct part {
    const struct kn_product *product;
    unsigned first; /* chunk */
};

struct job {
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
    const float *x;
    size_t panels, n;
    uint32_t at, columns; /* the piece */
    struct part parts[KN_PRODUCTS_MAX];
};

static uint32_t piece_columns(uint32_t columns, size_t panels)
{
    size_t most = PIECE_BYTES / (panels * KN_LANES * sizeof(float)) / KN_NF4_GROUP * KN_NF4_GROUP;
    size_t pieces, piece;

    most = most < PIECE_MIN ? PIECE_MIN : most > PIECE_MAX ? PIECE_MAX : most;
    pieces = (columns + most - 1) / most;
    piece = (columns + pieces - 1) / pieces;
    return (uint32_t)((piece + KN_NF4_GROUP - 1) / KN_NF4_GROUP * KN_NF4_GROUP);
}

static void fill(float *at, size_t rows, const float *bias)
{
    for (size_t row = 0; row < rows; row++) {
        float value = bias != NULL ? bias[row] : 0;

        for (size_t lane = 0; lane < KN_LANES; lane++)
            at[row * KN_LANES + lane] = value;
    }
}

/* A few widened rows with the activations of each panel. */
static void multiply(const struct job *job, const struct kn_product *product, const float *wide,
                     uint32_t row, uint32_t rows)
{
    const struct kn_matrix *weights = product->weights;

    for (size_t panel = 0; panel < job->panels; panel++) {
        struct kn_tile tile = {
            .a = wide,
            .b = job->x + (panel * weights->columns + job->at) * KN_LANES,
            .sum = product->out + (panel * weights->rows + row) * KN_LANES,
            .rows = rows,
            .depth = job->columns,
            .lanes = KN_LANES,
            .a_row = PIECE_MAX + WIDE_GAP,
            .a_step = 1,
            .b_row = KN_LANES,
            .sum_row = KN_LANES,
        };

        if (job->at == 0)
            fill(tile.sum, rows, product->bias != NULL ? product->bias + row : NULL);
        job->kernels->tile(&tile);
    }
}

static void work(void *arg, unsigned chunk, unsigned thread)
{
    const struct job *job = arg;
    const struct part *part = &job->parts[job->n - 1];
    float *wide = kn_pool_scratch(job->pool, thread);
    const struct kn_matrix *weights;
    uint32_t row, end;

    while (part->first > chunk)
        part--;
    weights = part->product->weights;
    row = (chunk - part->first) * CHUNK_ROWS;
    end = weights->rows - row < CHUNK_ROWS ? weights->rows : row + CHUNK_ROWS;
    for (; row < end; row += WIDE_ROWS) {
        uint32_t rows = end - row < WIDE_ROWS ? end - row : WIDE_ROWS;

        for (uint32_t i = 0; i < rows; i++)
            job->kernels->widen[weights->type](weights, row + i, job->at, job->columns,
                                               wide + (size_t)i * (PIECE_MAX + WIDE_GAP));
        multiply(job, part->product, wide, row, rows);
    }
}

void kn_multiply_panels(const struct kn_kernels *kernels, struct kn_pool *pool,
                        const struct kn_product *products, size_t n, const float *x, size_t panels)
{
    struct job job = { .kernels = kernels, .pool = pool, .x = x, .panels = panels };
    uint32_t columns = products[0].weights->columns, piece = piece_columns(columns, panels);
    unsigned chunks = 0;

    for (size_t i = 0; i < n; i++) {
        if (products[i].weights->rows == 0)
            continue;
        job.parts[job.n++] = (struct part){ &products[i], chunks };
        chunks += (products[i].weights->rows - 1) / CHUNK_ROWS + 1;
    }
    for (job.at = 0; job.at < columns; job.at += piece) {
        job.columns = columns - job.at < piece ? columns - job.at : piece;
        kn_pool_run(pool, chunks, work, &job);
    }
}
