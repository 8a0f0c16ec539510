#include "node/trial/trial.h"

#include "compute/compute.h"
#include "node/trial/made_up.h"
#include "node/trial/search.h"

enum {
    SPEED_MS = 1200,               /* of one try */
    PROMPT = 2 * KN_COMPUTE_PIECE, /* tokens */
    PROMPT_MS = 500,
    STAGE_SPEEDS = 40, /* per cent, when the speeds are known */
};

#define WORTH_A_TYPE 1.2    /* times as fast, before another data type than the usual is taken */
#define WORTH_A_THREAD 1.03 /* and one thread more */

struct run {
    const struct kn_trial_options *options;
    struct kn_trial *out;
    struct kn_watch watch;
    struct kn_hold *hold;
    struct kn_error *err;
    uint32_t most, asked, held;
};

enum kn_weights_as kn_trial_weights(enum kn_dtype dtype, enum kn_quant_type quant)
{
    static const enum kn_weights_as quantised[] = {
        [KN_QUANT_NONE] = KN_WEIGHTS_EXACT,
        [KN_QUANT_INT8] = KN_WEIGHTS_INT8,
        [KN_QUANT_NF4] = KN_WEIGHTS_NF4,
    };
    static const enum kn_weights_as plain[] = {
        [KN_DTYPE_FLOAT16] = KN_WEIGHTS_F16,
        [KN_DTYPE_BFLOAT16] = KN_WEIGHTS_BF16,
        [KN_DTYPE_FLOAT32] = KN_WEIGHTS_EXACT,
    };

    return quant != KN_QUANT_NONE ? quantised[quant] : plain[dtype];
}

static void tell(const struct run *run, enum kn_trial_stage stage, unsigned done)
{
    struct kn_trial_live *live = run->options->live;

    if (live == NULL)
        return;
    atomic_store(&live->stage, (int)stage);
    atomic_store(&live->done, done);
    atomic_store(&live->blocks, run->held);
}

static enum kn_code check(const struct run *run)
{
    return kn_watch_ask(&run->watch, 0) == KN_E_CANCELLED ? KN_E_CANCELLED : KN_OK;
}

/* A hold of nothing yet; what an earlier one held is given back before. */
static enum kn_code hold_anew(struct run *run, enum kn_dtype dtype, unsigned threads,
                              bool with_cache)
{
    const struct kn_trial_options *o = run->options;
    const struct kn_hold_options options = {
        .decoder = o->decoder,
        .folder = o->folder,
        .as = kn_trial_weights(dtype, o->quant),
        .most = run->most,
        .threads = threads,
        .length = o->session_tokens,
        .with_cache = with_cache,
        .watch = &run->watch,
    };

    kn_hold_free(run->hold);
    run->hold = NULL;
    return kn_hold_new(&options, &run->hold, run->err);
}

/* -- speeds */

static enum kn_code try_speed(struct run *run, uint32_t blocks, enum kn_dtype dtype,
                              unsigned threads, struct kn_trial_speed *out)
{
    struct kn_trial *trial = run->out;
    enum kn_code rc = kn_hold_threads(run->hold, threads, run->err);

    if (rc == KN_OK)
        rc = kn_trial_speed(run->hold, blocks, KN_TRIAL_SESSIONS, SPEED_MS, out, run->err);
    if (rc != KN_OK)
        return rc;
    trial->tries[trial->try_count++] = (struct kn_trial_try){ dtype, threads, *out };
    tell(run, KN_TRIAL_SPEEDS, (unsigned)(trial->try_count * STAGE_SPEEDS / (KN_TRIAL_TRIES + 1)));
    return check(run);
}

/* The usual type, and the other one where nobody has written any. */
static enum kn_code choose_dtype(struct run *run, uint32_t *blocks, struct kn_trial_speed *speed)
{
    const struct kn_trial_options *o = run->options;
    struct kn_measured *m = &run->out->measured;
    enum kn_dtype other = o->dtype == KN_DTYPE_FLOAT32 ? KN_DTYPE_BFLOAT16 : KN_DTYPE_FLOAT32;
    struct kn_trial_speed usual;
    uint32_t others = 0;
    enum kn_code rc = hold_anew(run, o->dtype, o->threads, false);

    m->dtype = o->dtype;
    m->dtype_gain = 1;
    if (rc == KN_OK)
        rc = kn_trial_hold_few(run->hold, blocks, run->err);
    if (rc == KN_OK)
        rc = try_speed(run, *blocks, o->dtype, o->threads, &usual);
    if (rc != KN_OK)
        return rc;
    *speed = usual;
    if (!o->dtype_is_open || o->quant != KN_QUANT_NONE)
        return KN_OK;
    rc = hold_anew(run, other, o->threads, false);
    if (rc == KN_OK)
        rc = kn_trial_hold_few(run->hold, &others, run->err);
    if (rc == KN_E_LIMIT) /* too large; the usual one is not */
        return hold_anew(run, o->dtype, o->threads, false);
    if (rc == KN_OK)
        rc = try_speed(run, others, other, o->threads, speed);
    if (rc != KN_OK)
        return rc;
    if (speed->one > usual.one * WORTH_A_TYPE) {
        m->dtype = other;
        m->dtype_chosen = true;
        m->dtype_gain = speed->one / usual.one;
        return KN_OK;
    }
    *speed = usual;
    return hold_anew(run, o->dtype, o->threads, false);
}

/* One thread, the usual number, all that are permitted. */
static enum kn_code choose_threads(struct run *run, uint32_t blocks, struct kn_trial_speed *speed)
{
    const struct kn_trial_options *o = run->options;
    const unsigned candidates[] = { 1, o->most_threads };
    struct kn_measured *m = &run->out->measured;
    double single = o->threads == 1 ? speed->one : 0;
    enum kn_code rc = kn_hold_resize(run->hold, blocks, run->err);

    m->threads = o->threads;
    for (size_t i = 0; rc == KN_OK && i < KN_COUNT(candidates); i++) {
        unsigned n = candidates[i];
        struct kn_trial_speed now;

        if (n == o->threads || (i > 0 && n == candidates[0]))
            continue;
        rc = try_speed(run, blocks, m->dtype, n, &now);
        if (rc != KN_OK)
            break;
        if (n == 1)
            single = now.one;
        if (now.one > speed->one * (n > m->threads ? WORTH_A_THREAD : 1 / WORTH_A_THREAD)) {
            m->threads = n;
            *speed = now;
        }
    }
    m->threads_gain = single > 0 ? speed->one / single : 1;
    return rc == KN_OK ? kn_hold_threads(run->hold, m->threads, run->err) : rc;
}

/* The smallest pass that is nearly as fast as any: others wait for it to end. */
static enum kn_code choose_batch(struct run *run, double speed)
{
    static const uint32_t sizes[] = { KN_LANES, 2 * KN_LANES, KN_COMPUTE_PIECE,
                                      2 * KN_COMPUTE_PIECE };
    double speeds[KN_COUNT(sizes)] = { 0 }, best = 0;
    struct kn_measured *m = &run->out->measured;
    enum kn_code rc = KN_OK;

    m->batch_tokens = KN_COMPUTE_PIECE;
    m->batch_gain = 1;
    m->prefill = speed;
    if (speed * PROMPT_MS < 1000.0 * PROMPT) /* one prompt takes longer than all of them should */
        return KN_OK;
    for (size_t round = 0; rc == KN_OK && round < 2 * KN_COUNT(sizes); round++) {
        size_t i = round % KN_COUNT(sizes);
        double now = 0;

        rc = kn_trial_prompt(run->hold, 1, PROMPT, sizes[i], PROMPT_MS, &now, run->err);
        speeds[i] = now > speeds[i] ? now : speeds[i];
        best = speeds[i] > best ? speeds[i] : best;
        if (rc == KN_OK)
            rc = check(run);
    }
    for (size_t i = 0; rc == KN_OK && i < KN_COUNT(sizes); i++) {
        if (speeds[i] * WORTH_A_THREAD < best)
            continue;
        m->batch_tokens = sizes[i];
        m->batch_gain = speeds[i] / speeds[0];
        m->prefill = speeds[i];
        break;
    }
    return rc;
}

static enum kn_code measure(struct run *run)
{
    struct kn_measured *m = &run->out->measured;
    struct kn_trial_speed speed;
    uint32_t blocks = 0;
    enum kn_code rc = choose_dtype(run, &blocks, &speed);

    if (rc == KN_OK)
        rc = choose_threads(run, blocks, &speed);
    if (rc == KN_OK)
        rc = choose_batch(run, speed.prompt);
    if (rc != KN_OK)
        return rc;
    m->sessions = KN_TRIAL_SESSIONS;
    m->read_bandwidth = speed.read;
    m->decode = speed.one;
    m->together = speed.all;
    run->out->bytes_per_token = speed.decode / speed.one;
    return KN_OK;
}

/* -- how many */

static enum kn_code holds(void *arg, uint32_t n, bool *out)
{
    struct run *run = arg;
    enum kn_code rc;

    run->held = n;
    tell(run, KN_TRIAL_FILLS,
         STAGE_SPEEDS + run->asked * 7 < 95 ? STAGE_SPEEDS + run->asked * 7 : 95);
    run->asked++;
    rc = kn_hold_run(run->hold, n, run->err);
    *out = rc == KN_OK;
    return rc == KN_E_LIMIT ? KN_OK : rc;
}

static enum kn_code count_blocks(struct run *run)
{
    struct kn_measured *m = &run->out->measured;
    struct kn_search search = { .most = run->most, .arg = run, .holds = holds };
    struct kn_hold_sizes sizes;
    enum kn_code rc = hold_anew(run, m->dtype, m->threads, true);
    int64_t block;

    if (rc == KN_OK)
        rc = kn_hold_resize(run->hold, 1, run->err);
    if (rc != KN_OK)
        return rc;
    sizes = kn_hold_sizes(run->hold);
    block = sizes.weight_bytes + sizes.cache_bytes;
    search.first = (uint32_t)((run->watch.begin - KN_WATCH_MARGIN) / block);
    rc = kn_search_largest(&search, &m->blocks);
    m->weight_bytes = sizes.weight_bytes;
    m->block_bytes = block;
    m->cache_tokens = sizes.cache_tokens;
    m->session_tokens = sizes.session_tokens;
    m->made_up = run->options->folder == NULL;
    m->estimated = run->options->estimated;
    return rc == KN_OK && m->blocks == 0 ? KN_E_LIMIT : rc;
}

static enum kn_code fail(const struct run *run, enum kn_code rc)
{
    if (rc == KN_E_CANCELLED)
        return kn_fail(run->err, rc, "the calibration was ended");
    if (rc == KN_E_LIMIT)
        return kn_fail(run->err, rc,
                       "not one block can be held: %lld MiB of memory are left, and one needs %lld",
                       (long long)(run->watch.begin >> 20),
                       (long long)(kn_made_up_bytes(run->options->decoder,
                                                    kn_trial_weights(run->options->dtype,
                                                                     run->options->quant)) >>
                                   20) *
                           5 / 4);
    return rc == KN_E_NO_MEMORY ? kn_fail_no_memory(run->err) : rc;
}

enum kn_code kn_trial_run(const struct kn_trial_options *options, struct kn_trial *out,
                          struct kn_error *err)
{
    struct run run = {
        .options = options,
        .out = out,
        .watch = { .root = options->root,
                   .most = options->most_memory,
                   .cancelled = options->live != NULL ? &options->live->cancelled : NULL },
        .err = err,
        .most = options->decoder->blocks,
    };
    enum kn_code rc;

    *out = (struct kn_trial){ 0 };
    tell(&run, KN_TRIAL_STARTS, 0);
    rc = kn_watch_begin(&run.watch, err);
    if (rc == KN_OK)
        rc = measure(&run);
    if (rc == KN_OK)
        rc = count_blocks(&run);
    kn_hold_free(run.hold);
    return rc == KN_OK ? KN_OK : fail(&run, rc);
}
