#include "node/trial/speed.h"

#include "lib/base/memory.h"
#include "lib/io/loop.h"
#include "node/trial/made_up.h"

enum {
    READ_AHEAD = 4096,
    READ_STEP = 256,
    READS_MAX = 50,
    FEW_BLOCKS = 4,
    FEW_BYTES = 1 << 30, /* of their weights */
};

/* -- reading alone: what no decode can beat */

typedef uint64_t wide __attribute__((vector_size(32)));

struct reading {
    const uint8_t *at;
    size_t n, chunk;                       /* bytes; of one stream */
    uint64_t sums[KN_POOL_THREADS_MAX][8]; /* a line of the cache each; they keep the loop alive */
};

static inline __attribute__((always_inline)) void read_chunk(void *arg, unsigned chunk,
                                                             unsigned thread)
{
    struct reading *reading = arg;
    const uint8_t *at = reading->at + chunk * reading->chunk;
    size_t left = reading->n - chunk * reading->chunk;
    size_t n = left < reading->chunk ? left : reading->chunk;
    wide sums[4] = { { 0 } }, four[4];

    for (const uint8_t *end = at + n / READ_STEP * READ_STEP; at < end; at += sizeof(four)) {
        __builtin_prefetch(at + READ_AHEAD);
        __builtin_prefetch(at + READ_AHEAD + 64);
        __builtin_memcpy(four, at, sizeof(four)); /* a mapped tensor may begin anywhere */
        for (size_t i = 0; i < KN_COUNT(sums); i++)
            sums[i] += four[i];
    }
    sums[0] += sums[1] + (sums[2] + sums[3]);
    reading->sums[thread][0] += sums[0][0] + sums[0][1] + sums[0][2] + sums[0][3];
}

static void read_plain(void *arg, unsigned chunk, unsigned thread)
{
    read_chunk(arg, chunk, thread);
}

typedef void read_fn(void *arg, unsigned chunk, unsigned thread);

/* Loads as wide as those of the products: narrower ones do not ask memory for all that it has. */
#if defined(__x86_64__)
__attribute__((target("avx2"))) static void read_wide(void *arg, unsigned chunk, unsigned thread)
{
    read_chunk(arg, chunk, thread);
}

static read_fn *best_read(void)
{
    return __builtin_cpu_supports("avx2") ? read_wide : read_plain;
}
#else
static read_fn *best_read(void)
{
    return read_plain;
}
#endif

static size_t read_once(struct kn_hold *hold, uint32_t blocks, struct reading *reading)
{
    struct kn_pool *pool = kn_hold_pool(hold);
    size_t bytes = 0, streams = kn_pool_threads(pool);
    const struct kn_matrix *matrix;

    for (uint32_t b = 0; b < blocks; b++) {
        for (uint32_t i = 0; kn_hold_matrix(hold, b, i, &matrix); i++) {
            reading->at = matrix->at;
            reading->n = kn_matrix_bytes(matrix->type, matrix->rows, matrix->columns);
            reading->chunk = (reading->n / streams + READ_STEP) / READ_STEP * READ_STEP;
            kn_pool_run(pool, (unsigned)((reading->n + reading->chunk - 1) / reading->chunk),
                        best_read(), reading);
            bytes += reading->n;
        }
    }
    return bytes;
}

/* The best of several times; `*bytes` are those of all the weights. */
static enum kn_code read_all(struct kn_hold *hold, uint32_t blocks, int budget_ms, double *best,
                             size_t *bytes, struct kn_error *err)
{
    struct reading *reading = kn_try_alloc(sizeof(*reading));
    int64_t begin = kn_loop_clock_us(), last = begin;

    if (reading == NULL)
        return kn_fail_no_memory(err);
    *best = 0;
    for (int i = 0; i < READS_MAX && (i < 3 || last - begin < (int64_t)budget_ms * 1000); i++) {
        int64_t now;
        double speed;

        *bytes = read_once(hold, blocks, reading);
        now = kn_loop_clock_us();
        speed = (double)*bytes * 1e6 / (double)(now > last ? now - last : 1);
        *best = speed > *best ? speed : *best;
        last = now;
    }
    kn_free(reading);
    return KN_OK;
}

enum kn_code kn_trial_hold_few(struct kn_hold *hold, uint32_t *blocks, struct kn_error *err)
{
    const struct kn_hold_options *options = kn_hold_options(hold);
    size_t bytes = kn_made_up_bytes(options->decoder, options->as);
    uint32_t n = bytes < FEW_BYTES ? (uint32_t)(FEW_BYTES / bytes) : 1;
    enum kn_code rc;

    n = n < FEW_BLOCKS ? n : FEW_BLOCKS;
    n = n < options->most ? n : options->most;
    do
        rc = kn_hold_resize(hold, n, err);
    while (rc == KN_E_LIMIT && --n > 0);
    *blocks = n;
    return rc;
}

/* -- tokens */

enum kn_code kn_trial_speed(struct kn_hold *hold, uint32_t blocks, uint32_t sessions, int budget_ms,
                            struct kn_trial_speed *out, struct kn_error *err)
{
    struct kn_speed_measured measured;
    struct kn_speed_wish wish = { .from = 0, .to = blocks, .batch = sessions };
    size_t bytes = 0;
    enum kn_code rc = kn_hold_resize(hold, blocks, err);

    *out = (struct kn_trial_speed){ .sessions = sessions };
    if (rc == KN_OK)
        rc = read_all(hold, blocks, budget_ms / 4, &out->read, &bytes, err);
    if (rc != KN_OK)
        return rc;
    wish.runner = kn_hold_runner(hold, err);
    if (wish.runner == NULL)
        return err->code;
    wish.decoder = kn_runner_options(wish.runner)->decoder;
    wish.budget_ms = budget_ms * 3 / 4;
    rc = kn_speed_measure(&wish, &measured, err);
    if (rc != KN_OK)
        return rc;
    out->decode = measured.decode_tokens_per_s * (double)bytes;
    out->one = measured.decode_tokens_per_s * blocks;
    out->all = measured.batch_tokens_per_s * blocks;
    out->prompt = measured.forward_tokens_per_s * blocks;
    return KN_OK;
}

struct prompt {
    struct kn_runner *runner;
    struct kn_cache *cache;
    float *hidden;
    uint32_t blocks, length, piece;
};

static enum kn_code run_prompt(const struct prompt *p, uint32_t width, struct kn_error *err)
{
    enum kn_code rc = KN_OK;
    size_t bad;

    for (uint32_t at = 0; rc == KN_OK && at < p->length; at += p->piece) {
        uint32_t left = p->length - at;
        const struct kn_pass_row row = {
            .cache = p->cache,
            .position = at,
            .tokens = left < p->piece ? left : p->piece,
            .hidden = p->hidden,
        };

        for (size_t i = 0; i < (size_t)row.tokens * width; i++)
            p->hidden[i] = (float)(i % 61) / 61 - 0.5F;
        rc = kn_pass_run(p->runner, 0, p->blocks, &row, 1, &bad);
    }
    if (rc == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    return rc != KN_OK
               ? kn_fail(err, KN_E_INVALID, "a prompt could not be computed: %s", kn_code_brief(rc))
               : KN_OK;
}

enum kn_code kn_trial_prompt(struct kn_hold *hold, uint32_t blocks, uint32_t length, uint32_t piece,
                             int budget_ms, double *out, struct kn_error *err)
{
    struct prompt p = { .blocks = blocks, .length = length, .piece = piece };
    const struct kn_decoder *decoder;
    int64_t begin, took = 0, rounds = 0;
    enum kn_code rc = kn_hold_resize(hold, blocks, err);

    if (rc != KN_OK)
        return rc;
    p.runner = kn_hold_runner(hold, err);
    if (p.runner == NULL)
        return err->code;
    decoder = kn_runner_options(p.runner)->decoder;
    p.cache = kn_cache_new(decoder, blocks, 1, length);
    p.hidden = kn_try_alloc((size_t)piece * decoder->hidden * sizeof(float));
    if (p.cache == NULL || p.hidden == NULL)
        rc = kn_fail_no_memory(err);
    for (begin = kn_loop_clock_us(); rc == KN_OK && took < (int64_t)budget_ms * 1000; rounds++) {
        rc = run_prompt(&p, decoder->hidden, err);
        took = kn_loop_clock_us() - begin;
    }
    if (rc == KN_OK)
        *out = (double)length * blocks * (double)rounds * 1e6 / (double)(took > 0 ? took : 1);
    kn_cache_free(p.cache);
    kn_free(p.hidden);
    return rc;
}
