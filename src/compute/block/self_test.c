#include "compute/block/self_test.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"

enum {
    TOKENS = KN_VECTORS_MAX + 2, /* a panel of all but the last, which is a vector */
    SEED = 20231,
};

static const double allowed = 1e-3;   /* of the largest number */
static const double unchanged = 1e-6; /* a block that changes less does nothing */

/* Buffers of one test, in one allocation. */
struct numbers {
    float *in, *got, *want; /* [TOKENS][hidden] */
    size_t n;
};

static bool numbers_new(struct numbers *out, size_t hidden)
{
    uint32_t seed = SEED;

    out->n = TOKENS * hidden;
    out->in = kn_try_alloc(3 * out->n * sizeof(float));
    if (out->in == NULL)
        return false;
    out->got = out->in + out->n;
    out->want = out->got + out->n;
    for (size_t i = 0; i < out->n; i++) {
        seed = seed * 1664525U + 1013904223U;
        out->in[i] = (float)(int32_t)seed / 2147483648.0F;
    }
    memcpy(out->got, out->in, out->n * sizeof(float));
    memcpy(out->want, out->in, out->n * sizeof(float));
    return true;
}

/* The tokens through one block: `most` at once, in a cache of their own. */
static enum kn_code run(struct kn_runner *runner, uint32_t block, uint32_t most, float *hidden)
{
    const struct kn_decoder *decoder = kn_runner_options(runner)->decoder;
    struct kn_cache *cache = kn_cache_new(decoder, 1, 1, TOKENS);
    enum kn_code code = cache != NULL ? KN_OK : KN_E_NO_MEMORY;
    uint32_t at = 0;

    while (code == KN_OK && at < TOKENS) {
        struct kn_pass_row row = { .cache = cache, .position = at };
        size_t bad;

        row.tokens = TOKENS - at < most ? TOKENS - at : most;
        row.hidden = hidden + (size_t)at * decoder->hidden;
        at += row.tokens;
        code = kn_pass_run(runner, block, block + 1, &row, 1, &bad);
    }
    kn_cache_free(cache);
    return code;
}

static double largest(const float *at, const float *less, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)at[i] - (less != NULL ? (double)less[i] : 0)));
    return most;
}

static enum kn_code judge(const struct numbers *numbers, const char *kernels, double *off,
                          struct kn_error *err)
{
    double most = largest(numbers->want, NULL, numbers->n);
    double difference = largest(numbers->got, numbers->want, numbers->n) / most;

    if (off != NULL)
        *off = difference;
    if (largest(numbers->want, numbers->in, numbers->n) <= unchanged * most)
        return kn_fail(err, KN_E_INVALID, "what comes out is what went in");
    if (!(difference <= allowed))
        return kn_fail(err, KN_E_INVALID,
                       "the %s kernels are off by %.1e of the largest number, more than %.0e",
                       kernels, difference, allowed);
    return KN_OK;
}

static enum kn_code said(enum kn_code code, const char *kernels, struct kn_error *err)
{
    if (code == KN_E_RANGE)
        return kn_fail(err, KN_E_INVALID, "what the %s kernels make of it is not finite", kernels);
    if (code == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    return code;
}

/* The same tokens with both: cut differently, so that panels are held against vectors too. */
static enum kn_code compare(struct kn_runner *runner, struct kn_runner *plain, uint32_t block,
                            double *off, struct kn_error *err)
{
    const struct kn_runner_options *options = kn_runner_options(runner);
    const char *name = kn_kernels_name(options->kernels);
    struct numbers numbers;
    enum kn_code code;

    if (!numbers_new(&numbers, options->decoder->hidden))
        return kn_fail_no_memory(err);
    code = said(run(plain, block, KN_VECTORS_MAX, numbers.want), "plain", err);
    if (code == KN_OK)
        code = said(run(runner, block, TOKENS - 1, numbers.got), name, err);
    if (code == KN_OK)
        code = judge(&numbers, name, off, err);
    kn_free(numbers.in);
    return code;
}

enum kn_code kn_self_test_block(struct kn_runner *runner, uint32_t block, double *off,
                                struct kn_error *err)
{
    struct kn_runner_options options = *kn_runner_options(runner);
    struct kn_runner *plain = NULL;
    enum kn_code code;

    options.kernels = kn_kernels_of(KN_ISA_PLAIN);
    code = kn_runner_new(&options, &plain, err);
    if (code != KN_OK)
        return code;
    code = compare(runner, plain, block, off, err);
    kn_runner_free(plain);
    return code;
}

enum kn_code kn_self_test(struct kn_runner *runner, uint32_t *failed, struct kn_error *err)
{
    const struct kn_runner_options *options = kn_runner_options(runner);
    enum kn_code code;

    *failed = options->count;
    code = kn_self_test_known(options->kernels, options->pool, err);
    for (uint32_t block = 0; code == KN_OK && block < options->count; block++) {
        code = kn_self_test_block(runner, block, NULL, err);
        if (code != KN_OK)
            *failed = block;
    }
    return code;
}
