#include "node/trial/bench.h"

#include "compute/compute.h"

enum { PARTS = 3 };

struct run {
    const struct kn_bench_options *options;
    struct kn_watch watch;
    int part_ms;
};

static const struct {
    enum kn_weights_as as;
    enum kn_weight_type type;
} types[KN_BENCH_ROWS] = {
    { KN_WEIGHTS_EXACT, KN_WEIGHT_F32 }, { KN_WEIGHTS_BF16, KN_WEIGHT_BF16 },
    { KN_WEIGHTS_F16, KN_WEIGHT_F16 },   { KN_WEIGHTS_INT8, KN_WEIGHT_INT8 },
    { KN_WEIGHTS_NF4, KN_WEIGHT_NF4 },
};

static enum kn_code measure(const struct run *run, struct kn_hold *held, struct kn_bench_row *row,
                            struct kn_error *err)
{
    enum kn_code rc = kn_trial_hold_few(held, &row->blocks, err);

    if (rc != KN_OK)
        return rc == KN_E_LIMIT ? KN_OK : rc;
    row->block_bytes = kn_hold_sizes(held).weight_bytes;
    rc = kn_trial_speed(held, row->blocks, run->options->sessions, run->part_ms, &row->speed, err);
    if (rc == KN_OK)
        rc = kn_trial_prompt(held, 1, KN_BENCH_SHORT, KN_COMPUTE_PIECE, run->part_ms / 2,
                             &row->prompt_short, err);
    if (rc == KN_OK)
        rc = kn_trial_prompt(held, 1, KN_BENCH_LONG, KN_COMPUTE_PIECE, run->part_ms / 2,
                             &row->prompt_long, err);
    return rc;
}

static enum kn_code run_row(struct run *run, size_t i, struct kn_bench_row *row,
                            struct kn_error *err)
{
    const struct kn_hold_options options = {
        .decoder = run->options->decoder,
        .as = types[i].as,
        .most = run->options->decoder->blocks,
        .threads = run->options->threads,
        .length = KN_BENCH_LONG,
        .watch = &run->watch,
    };
    struct kn_hold *held;
    enum kn_code rc = kn_hold_new(&options, &held, err);

    *row = (struct kn_bench_row){ .type = types[i].type };
    if (rc != KN_OK)
        return rc;
    rc = measure(run, held, row, err);
    kn_hold_free(held);
    return rc;
}

static enum kn_code fail(enum kn_code rc, struct kn_error *err)
{
    if (rc == KN_E_CANCELLED)
        return kn_fail(err, rc, "the measurement was ended");
    return rc == KN_E_NO_MEMORY ? kn_fail_no_memory(err) : rc;
}

enum kn_code kn_bench_run(const struct kn_bench_options *options,
                          struct kn_bench_row rows[KN_BENCH_ROWS], struct kn_error *err)
{
    struct run run = { .options = options,
                       .watch = { .root = options->root,
                                  .most = options->most_memory,
                                  .cancelled = &options->live->cancelled },
                       .part_ms = options->budget_ms / (KN_BENCH_ROWS * PARTS) };
    enum kn_code rc = kn_watch_begin(&run.watch, err);
    bool any = false;

    for (size_t i = 0; rc == KN_OK && i < KN_BENCH_ROWS; i++) {
        rc = run_row(&run, i, &rows[i], err);
        any = any || rows[i].blocks > 0;
        atomic_store(&options->live->done, (int)((i + 1) * 100 / KN_BENCH_ROWS));
        if (rc == KN_OK && atomic_load(&options->live->cancelled))
            rc = KN_E_CANCELLED;
    }
    if (rc == KN_OK && !any)
        return kn_fail(err, KN_E_LIMIT,
                       "there is no room for one block: %lld MiB of memory are left",
                       (long long)(run.watch.begin >> 20));
    return rc == KN_OK ? KN_OK : fail(rc, err);
}
