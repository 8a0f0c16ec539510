#include "compute/kernels/isa.h"
#include "compute/kernels/pool.h"

/* Weights of a chunk: long enough a stream, and enough chunks that nobody waits for the last. */
enum { CHUNK_MIN = 32 << 10, CHUNK_MAX = 384 << 10, CHUNKS_A_THREAD = 4 };

struct part {
    const struct kn_product *product;
    uint32_t chunk_rows;
    unsigned first; /* chunk */
};

struct job {
    const struct kn_kernels *kernels;
    const float *x;
    size_t vectors, n;
    struct part parts[KN_PRODUCTS_MAX];
};

static size_t bytes_of(const struct kn_matrix *weights)
{
    return kn_matrix_bytes(weights->type, weights->rows, weights->columns);
}

static size_t chunk_bytes(const struct kn_product *products, size_t n, unsigned threads)
{
    size_t all = 0, share;

    for (size_t i = 0; i < n; i++)
        all += bytes_of(products[i].weights);
    share = all / ((size_t)threads * CHUNKS_A_THREAD);
    if (share < CHUNK_MIN)
        return CHUNK_MIN;
    return share < CHUNK_MAX ? share : CHUNK_MAX;
}

static uint32_t rows_of_chunk(const struct kn_matrix *weights, size_t chunk)
{
    size_t row = kn_matrix_bytes(weights->type, 1, weights->columns);
    size_t rows = row != 0 ? chunk / row : 0;

    if (rows > weights->rows)
        return weights->rows;
    return rows != 0 ? (uint32_t)rows : 1;
}

static void work(void *arg, unsigned chunk, unsigned thread)
{
    const struct job *job = arg;
    const struct part *part = &job->parts[job->n - 1];
    const struct kn_matrix *weights;
    struct kn_rows rows;

    (void)thread;
    while (part->first > chunk)
        part--;
    weights = part->product->weights;
    rows = (struct kn_rows){
        .weights = weights,
        .from = (chunk - part->first) * part->chunk_rows,
        .x = job->x,
        .bias = part->product->bias,
        .out = part->product->out,
        .vectors = job->vectors,
        .x_step = (size_t)weights->columns + KN_KERNEL_PAD,
        .out_step = weights->rows,
    };
    rows.to =
        weights->rows - rows.from < part->chunk_rows ? weights->rows : rows.from + part->chunk_rows;
    job->kernels->rows[weights->type](&rows);
}

void kn_multiply_vectors(const struct kn_kernels *kernels, struct kn_pool *pool,
                         const struct kn_product *products, size_t n, const float *x,
                         size_t vectors)
{
    struct job job = { .kernels = kernels, .x = x, .vectors = vectors };
    size_t chunk = chunk_bytes(products, n, kn_pool_threads(pool));
    unsigned chunks = 0;

    for (size_t i = 0; i < n; i++) {
        const struct kn_matrix *weights = products[i].weights;
        struct part *part = &job.parts[job.n];

        if (weights->rows == 0)
            continue;
        *part = (struct part){ &products[i], rows_of_chunk(weights, chunk), chunks };
        chunks += (weights->rows - 1) / part->chunk_rows + 1;
        job.n++;
    }
    kn_pool_run(pool, chunks, work, &job);
}
