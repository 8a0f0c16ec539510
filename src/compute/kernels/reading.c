#include "compute/kernels/reading.h"

#include <stdatomic.h>

#include "compute/kernels/isa.h"
#include "compute/kernels/pool.h"
#include "compute/kernels/shares.h"

/* Chunks end between lines of a span, so that all threads see the same words. */
enum { LINE = 64, CHUNK_LEAST = (64 << 10) / LINE };

struct reading {
    const struct kn_kernels *kernels;
    const struct kn_span *spans;
    size_t n;
    struct kn_shares shares; /* lines of all spans, one behind the other */
    atomic_uint sum;
};

static size_t lines_of(const struct kn_span *span)
{
    return (span->n + LINE - 1) / LINE;
}

static uint32_t read_lines(const struct reading *reading, const struct kn_span *span, size_t from,
                           size_t to)
{
    size_t end = to * LINE < span->n ? to * LINE : span->n;

    return reading->kernels->read(span->at + from * LINE, end - from * LINE);
}

static void read_share(void *arg, unsigned chunk, unsigned thread)
{
    struct reading *reading = arg;
    struct kn_share share = kn_share_of(&reading->shares, chunk);
    size_t first = 0;
    uint32_t sum = 0;

    (void)thread;
    for (size_t i = 0; i < reading->n && first < share.to; i++) {
        size_t end = first + lines_of(&reading->spans[i]);
        size_t from = share.from > first ? share.from : first, to = share.to < end ? share.to : end;

        if (from < to)
            sum += read_lines(reading, &reading->spans[i], from - first, to - first);
        first = end;
    }
    (void)atomic_fetch_add_explicit(&reading->sum, sum, memory_order_relaxed);
}

uint32_t kn_read_spans(const struct kn_kernels *kernels, struct kn_pool *pool,
                       const struct kn_span *spans, size_t n)
{
    struct reading reading = { .kernels = kernels,
                               .spans = spans,
                               .n = n,
                               .shares = { .least = CHUNK_LEAST,
                                           .threads = kn_pool_threads(pool) } };

    for (size_t i = 0; i < n; i++)
        reading.shares.all += lines_of(&spans[i]);
    kn_pool_run(pool, kn_shares_count(&reading.shares), read_share, &reading);
    return atomic_load(&reading.sum);
}
