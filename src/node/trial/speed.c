#include "node/trial/speed.h"

#include "compute/kernels/reading.h"
#include "lib/base/memory.h"
#include "lib/io/loop.h"
#include "node/trial/made_up.h"

enum {
    ATTENTION = 4, /* matrices */
    READS_MAX = 50,
    FEW_BLOCKS = 4,
    FEW_BYTES = 1 << 30, /* of their weights */
};

/* -- reading alone: what no decode can beat */

/* What one token reads: of experts as many as it goes through, whichever they are. */
static size_t spans_of(const struct kn_hold *hold, uint32_t blocks, struct kn_span *out)
{
    const struct kn_decoder *decoder = kn_hold_options(hold)->decoder;
    uint32_t matrices = ATTENTION + 3 * (decoder->experts > 0 ? decoder->experts_active : 1);
    const struct kn_matrix *matrix;
    size_t n = 0;

    for (uint32_t b = 0; b < blocks; b++)
        for (uint32_t i = 0; i < matrices && kn_hold_matrix(hold, b, i, &matrix); i++, n++)
            if (out != NULL)
                out[n] = kn_span(matrix->at,
                                 kn_matrix_bytes(matrix->type, matrix->rows, matrix->columns));
    return n;
}

struct reading {
    struct kn_span *spans;
    size_t n, bytes;
    double best; /* bytes a second */
};

static enum kn_code prepare_reading(struct reading *reading, const struct kn_hold *hold,
                                    uint32_t blocks, struct kn_error *err)
{
    *reading = (struct reading){ .n = spans_of(hold, blocks, NULL) };
    reading->spans = kn_try_alloc(reading->n * sizeof(*reading->spans));
    if (reading->spans == NULL)
        return kn_fail_no_memory(err);
    (void)spans_of(hold, blocks, reading->spans);
    for (size_t i = 0; i < reading->n; i++)
        reading->bytes += reading->spans[i].n;
    return KN_OK;
}

/* The best of several times: what disturbs one makes it slower, never faster. */
static void read_weights(struct reading *reading, const struct kn_hold *hold, int budget_ms)
{
    int64_t begin = kn_loop_clock_us(), last = begin;

    for (int i = 0; i < READS_MAX && (i < 3 || last - begin < (int64_t)budget_ms * 1000); i++) {
        int64_t now;
        double speed;

        (void)kn_read_spans(kn_kernels_best(), kn_hold_pool(hold), reading->spans, reading->n);
        now = kn_loop_clock_us();
        speed = (double)reading->bytes * 1e6 / (double)(now > last ? now - last : 1);
        reading->best = speed > reading->best ? speed : reading->best;
        last = now;
    }
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

static enum kn_code measure(struct kn_hold *hold, uint32_t blocks, uint32_t sessions, int budget_ms,
                            struct kn_speed_measured *out, struct kn_error *err)
{
    struct kn_speed_wish wish = {
        .runner = kn_hold_runner(hold, err), .to = blocks, .batch = sessions, .budget_ms = budget_ms
    };

    if (wish.runner == NULL)
        return err->code;
    wish.decoder = kn_runner_options(wish.runner)->decoder;
    return kn_speed_measure(&wish, out, err);
}

enum kn_code kn_trial_speed(struct kn_hold *hold, uint32_t blocks, uint32_t sessions, int budget_ms,
                            struct kn_trial_speed *out, struct kn_error *err)
{
    struct kn_speed_measured measured = { 0 };
    struct reading reading = { 0 };
    enum kn_code rc = kn_hold_resize(hold, blocks, err);

    *out = (struct kn_trial_speed){ .sessions = sessions };
    if (rc == KN_OK)
        rc = prepare_reading(&reading, hold, blocks, err);
    if (rc != KN_OK)
        return rc;
    read_weights(&reading, hold, budget_ms / 8);
    rc = measure(hold, blocks, sessions, budget_ms * 3 / 4, &measured, err);
    if (rc == KN_OK) { /* before and after: a machine may be faster at one time than at another */
        read_weights(&reading, hold, budget_ms / 8);
        out->read = reading.best;
        out->decode = measured.decode_tokens_per_s * (double)reading.bytes;
        out->one = measured.decode_tokens_per_s * blocks;
        out->all = measured.batch_tokens_per_s * blocks;
        out->prompt = measured.forward_tokens_per_s * blocks;
    }
    kn_free(reading.spans);
    return rc;
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
    if (p.cache == NULL || p.hidden == NULL) {
        kn_cache_free(p.cache);
        kn_free(p.hidden);
        return kn_fail_no_memory(err);
    }
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
