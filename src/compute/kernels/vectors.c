#include "compute/kernels/isa.h"
#include "compute/kernels/pool.h"
#include "compute/kernels/shares.h"

/* Weights of the shortest chunks: below that taking one costs more than it saves. */
enum { CHUNK_LEAST = 64 << 10 };

/* The rows of all products, one behind the other. */
struct job {
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
    const float *x;
    size_t vectors, n;
    const struct kn_product *products;
    struct kn_shares shares; /* rows */
};

static void multiply(const struct job *job, const struct kn_product *product, uint32_t from,
                     uint32_t to, unsigned thread)
{
    const struct kn_matrix *weights = product->weights;
    struct kn_rows rows = {
        .weights = weights,
        .from = from,
        .to = to,
        .x = job->x,
        .bias = product->bias,
        .out = product->out,
        .vectors = job->vectors,
        .x_step = (size_t)weights->columns + KN_KERNEL_PAD,
        .out_step = weights->rows,
        .scratch = kn_pool_scratch(job->pool, thread),
        .scratch_bytes = KN_POOL_SCRATCH,
    };

    job->kernels->rows[weights->type](&rows);
}

static void work(void *arg, unsigned chunk, unsigned thread)
{
    const struct job *job = arg;
    struct kn_share share = kn_share_of(&job->shares, chunk);
    size_t first = 0;

    for (size_t i = 0; i < job->n && first < share.to; i++) {
        const struct kn_product *product = &job->products[i];
        size_t end = first + product->weights->rows;
        size_t from = share.from > first ? share.from : first, to = share.to < end ? share.to : end;

        if (from < to)
            multiply(job, product, (uint32_t)(from - first), (uint32_t)(to - first), thread);
        first = end;
    }
}

void kn_multiply_vectors(const struct kn_kernels *kernels, struct kn_pool *pool,
                         const struct kn_product *products, size_t n, const float *x,
                         size_t vectors)
{
    struct job job = { .kernels = kernels,
                       .pool = pool,
                       .x = x,
                       .vectors = vectors,
                       .n = n,
                       .products = products,
                       .shares = { .threads = kn_pool_threads(pool) } };
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        const struct kn_matrix *weights = products[i].weights;

        job.shares.all += weights->rows;
        bytes += kn_matrix_bytes(weights->type, weights->rows, weights->columns);
    }
    job.shares.least = bytes > CHUNK_LEAST ? CHUNK_LEAST * job.shares.all / bytes : job.shares.all;
    if (job.shares.least == 0)
        job.shares.least = 1;
    kn_pool_run(pool, kn_shares_count(&job.shares), work, &job);
}
