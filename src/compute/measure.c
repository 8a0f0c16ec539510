#include "compute/measure.h"

#include <string.h>

#include "compute/compute.h"
#include "compute/stretch.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/io/loop.h"

#define RELAY_FACTOR 0.2

struct bench {
    const struct kn_speed_wish *wish;
    struct kn_cache *cache;
    float *input, *hidden;
    struct kn_pass_row rows[KN_MEASURE_BATCH_MAX];
    int64_t started_us;
};

static double seconds(const struct bench *b)
{
    return (double)(kn_loop_clock_us() - b->started_us) / 1e6;
}

/* Numbers such as norms leave: between -1 and 1. */
static void fill(float *at, size_t n)
{
    uint64_t seed = 1;
    struct kn_random random = kn_random_seeded(&seed);

    for (size_t i = 0; i < n; i++)
        at[i] = (float)kn_random_below(&random, 2001) / 1000.0F - 1.0F;
}

static enum kn_code prepare(struct bench *b, uint32_t batch, uint32_t length, uint32_t tokens)
{
    const struct kn_speed_wish *wish = b->wish;
    size_t floats = (size_t)tokens * wish->decoder->hidden;

    b->cache = kn_cache_new(wish->decoder, wish->to - wish->from, batch, length);
    b->input = kn_try_alloc(floats * sizeof(float));
    b->hidden = kn_try_alloc(floats * sizeof(float));
    if (b->cache == NULL || b->input == NULL || b->hidden == NULL)
        return KN_E_NO_MEMORY;
    fill(b->input, floats);
    return KN_OK;
}

static void clear(struct bench *b)
{
    kn_cache_free(b->cache);
    kn_free(b->input);
    kn_free(b->hidden);
    b->cache = NULL;
    b->input = b->hidden = NULL;
}

static enum kn_code pass(struct bench *b, size_t rows)
{
    size_t bad = 0;
    enum kn_code rc = kn_pass_run(b->wish->runner, b->wish->from, b->wish->to, b->rows, rows, &bad);

    return rc == KN_E_RANGE ? KN_E_INVALID : rc;
}

/* Token after token of `batch` sessions, whose caches grow; the first pass warms up. */
static enum kn_code run_steps(struct bench *b, uint32_t batch, double budget, double *out)
{
    uint32_t width = b->wish->decoder->hidden, done = 0;
    enum kn_code rc = prepare(b, batch, KN_MEASURE_STEPS, batch);

    for (uint32_t i = 0; rc == KN_OK && i < KN_MEASURE_STEPS; i++) {
        if (i == 1)
            b->started_us = kn_loop_clock_us();
        memcpy(b->hidden, b->input, (size_t)batch * width * sizeof(float));
        for (uint32_t row = 0; row < batch; row++)
            b->rows[row] = (struct kn_pass_row){ .cache = b->cache,
                                                 .batch_row = row,
                                                 .position = i,
                                                 .tokens = 1,
                                                 .hidden = b->hidden + (size_t)row * width };
        rc = pass(b, batch);
        done += i > 0;
        if (done > 0 && seconds(b) >= budget)
            break;
    }
    if (rc == KN_OK)
        *out = (double)done * batch / seconds(b);
    clear(b);
    return rc;
}

/* Long steps from position 0, cut as sessions' are, each piece of the same numbers; the time may
 * end one at any piece. */
static enum kn_code run_prompts(struct bench *b, double budget, double *out)
{
    size_t width = b->wish->decoder->hidden;
    uint64_t total = (uint64_t)KN_MEASURE_PROMPT * KN_MEASURE_PROMPTS, done = 0;
    enum kn_code rc = prepare(b, 1, KN_MEASURE_PROMPT, KN_COMPUTE_PIECE);

    b->started_us = kn_loop_clock_us();
    while (rc == KN_OK && done < total && (done == 0 || seconds(b) < budget)) {
        uint32_t at = (uint32_t)(done % KN_MEASURE_PROMPT);
        uint32_t left = KN_MEASURE_PROMPT - at;
        uint32_t n = left < KN_COMPUTE_PIECE ? left : KN_COMPUTE_PIECE;

        memcpy(b->hidden, b->input, n * width * sizeof(float));
        b->rows[0] = (struct kn_pass_row){
            .cache = b->cache, .position = at, .tokens = n, .hidden = b->hidden
        };
        rc = pass(b, 1);
        done += n;
    }
    if (rc == KN_OK)
        *out = (double)done / seconds(b);
    clear(b);
    return rc;
}

static enum kn_code measure(struct bench *b, struct kn_speed_measured *out)
{
    double budget = (double)b->wish->budget_ms / 1000 / (b->wish->batch > 0 ? 3 : 2);
    uint32_t batch = b->wish->batch < KN_MEASURE_BATCH_MAX ? b->wish->batch : KN_MEASURE_BATCH_MAX;
    enum kn_code rc = run_steps(b, 1, budget, &out->decode_tokens_per_s);

    if (rc == KN_OK && batch > 0)
        rc = run_steps(b, batch, budget, &out->batch_tokens_per_s);
    if (rc == KN_OK)
        rc = run_prompts(b, budget, &out->forward_tokens_per_s);
    return rc;
}

enum kn_code kn_speed_measure(const struct kn_speed_wish *wish, struct kn_speed_measured *out,
                              struct kn_error *err)
{
    struct kn_speed_measured measured = { 0 };
    struct bench *b = kn_try_alloc(sizeof(*b));
    enum kn_code rc;

    if (b == NULL)
        return kn_fail_no_memory(err);
    b->wish = wish;
    rc = measure(b, &measured);
    kn_free(b);
    if (rc == KN_OK)
        *out = measured;
    else if (rc == KN_E_NO_MEMORY)
        kn_fail_no_memory(err);
    else if (rc == KN_E_INVALID)
        kn_fail(err, rc, "blocks %u-%u gave a number that is not finite", wish->from, wish->to - 1);
    else
        kn_fail(err, rc, "blocks %u-%u could not be computed: %s", wish->from, wish->to - 1,
                kn_code_brief(rc));
    return rc;
}

double kn_speed_announced(double forward, uint32_t blocks, double network, bool is_relayed)
{
    double compute = forward / (((double)blocks + 1) / 2);

    if (is_relayed)
        network *= RELAY_FACTOR;
    return compute < network ? compute : network;
}

double kn_speed_network(double bits, uint32_t hidden)
{
    return bits / (16 * (double)hidden);
}
