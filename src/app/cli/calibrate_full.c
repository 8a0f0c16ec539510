#include "app/cli/calibrate_full.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "app/cli/long_work.h"
#include "config/schema/words.h"

struct measuring {
    struct kn_full *full;
    enum kn_code code;
    struct kn_error err;
};

static void work(void *arg)
{
    struct measuring *m = arg;

    m->code = kn_full_run(m->full, &m->err);
}

static void progress(void *arg, struct kn_text *note, struct kn_progress *out)
{
    const struct measuring *m = arg;
    struct kn_trial_live *live = &m->full->live;
    unsigned blocks = atomic_load(&live->blocks);

    *out = (struct kn_progress){ "Calibrating hardware", atomic_load(&live->done), 100, NULL };
    if (atomic_load(&live->cancelled))
        kn_text_add(note, "ending");
    else if (atomic_load(&live->stage) == KN_TRIAL_FILLS && blocks > 0)
        kn_text_addf(note, "trying %u block%s", blocks, blocks == 1 ? "" : "s");
    else
        kn_text_add(note, "measuring speeds");
    out->note = kn_text_get(note);
}

static void cancel(void *arg)
{
    const struct measuring *m = arg;

    atomic_store(&m->full->live.cancelled, true);
}

enum kn_exit kn_calibrate_measure(struct kn_cli *cli, struct kn_full *full)
{
    struct measuring measuring = { .full = full };
    const struct kn_long_work long_work = { cli, &measuring, work, progress, cancel };
    struct kn_error err = { 0 };

    if (kn_long_work_run(&long_work, &err) != KN_OK)
        return kn_cli_fail(cli, KN_EXIT_FAILED, &err);
    if (measuring.code == KN_OK)
        return KN_EXIT_DONE;
    if (measuring.code == KN_E_CANCELLED)
        kn_hint(&measuring.err, "Nothing was written.");
    return kn_cli_fail(cli, KN_EXIT_FAILED, &measuring.err);
}

void kn_bandwidth_text(double bytes_per_s, char out[KN_BANDWIDTH_SIZE])
{
    (void)snprintf(out, KN_BANDWIDTH_SIZE, "%.1f GB/s", bytes_per_s / 1e9);
}

static void show_try(const struct kn_page *page, const struct kn_trial_try *one,
                     enum kn_quant_type quant)
{
    const struct kn_trial_speed *speed = &one->speed;
    char read[KN_BANDWIDTH_SIZE];

    kn_bandwidth_text(speed->read, read);
    kn_page_item(
        page,
        "%s, %u thread%s: one session %.0f tokens/s a block (%.0f %% of the %s "
        "that memory gives), %u sessions %.0f, prompts %.0f",
        quant != KN_QUANT_NONE ? kn_words_quant_type[quant].name : kn_words_dtype[one->dtype].name,
        one->threads, one->threads == 1 ? "" : "s", speed->one, 100 * speed->decode / speed->read,
        read, speed->sessions, speed->all, speed->prompt);
}

static void show_choices(const struct kn_page *page, const struct kn_measured *m)
{
    if (m->dtype_chosen)
        kn_page_item(page, "Chosen: %s, %.1f times as fast as the usual type",
                     kn_words_dtype[m->dtype].name, m->dtype_gain);
    if (m->threads > 1)
        kn_page_item(page, "Chosen: %u threads, %.1f times as fast as one", m->threads,
                     m->threads_gain);
    else
        kn_page_item(page, "Chosen: one thread");
    if (m->batch_gain >= 1.05)
        kn_page_item(page, "Chosen: passes of at most %u tokens, %.1f times as fast as short ones",
                     m->batch_tokens, m->batch_gain);
    else
        kn_page_item(page, "Chosen: passes of at most %u tokens", m->batch_tokens);
}

void kn_calibrate_show_full(const struct kn_page *page, const struct kn_full *full)
{
    const struct kn_measured *m = &full->trial.measured;
    char weights[KN_MEMORY_TEXT_SIZE], block[KN_MEMORY_TEXT_SIZE];

    kn_memory_text(m->weight_bytes, weights);
    kn_memory_text(m->block_bytes, block);
    kn_page_line(page, "⚡", "Full calibration (blocks were held and computed with):");
    kn_page_item(page, m->made_up ? "Weights: made up, of the model's shapes"
                                  : "Weights: the model's own files");
    for (size_t i = 0; i < full->trial.try_count; i++)
        show_try(page, &full->trial.tries[i], full->options.quant);
    show_choices(page, m);
    kn_page_item(page, "Measured: %s per block, %s with its attention cache of %lld tokens",
                 weights, block, (long long)m->cache_tokens);
    kn_page_item(page, "Maximum: %u block%s ran a session of %u tokens (estimated: %u)", m->blocks,
                 m->blocks == 1 ? "" : "s", m->session_tokens, m->estimated);
}
