/* The full calibration in memories that are made up: files below a folder stand for the system. */
#include "node/trial/trial.h"

#include "lib/base/memory.h"
#include "node/trial/bench.h"
#include "node/trial/made_up.h"
#include "support/check.h"
#include "support/home.h"
#include "support/machine.h"

#define MIB (INT64_C(1) << 20)

/* Blocks of 2.6 MB in float32, 0.65 MB of cache beside them. */
static const struct kn_decoder small = {
    .blocks = 60,
    .hidden = 256,
    .heads = 8,
    .kv_heads = 4,
    .head_dim = 32,
    .ffn = 576,
    .max_positions = 512,
    .norm_epsilon = 1e-5F,
    .rope = { .theta = 10000 },
};

/* A machine on which so much is available, whatever is taken. */
static const char *machine(struct kn_home *home, int64_t mib)
{
    char text[64];

    kn_home_make(home);
    (void)snprintf(text, sizeof(text), "MemTotal: 9999999 kB\nMemAvailable: %lld kB\n",
                   (long long)mib * 1024);
    kn_machine_write(home, "/proc/meminfo", text);
    return home->path;
}

static struct kn_trial_options options_for(const char *root)
{
    return (struct kn_trial_options){
        .root = root,
        .decoder = &small,
        .dtype = KN_DTYPE_FLOAT32,
        .threads = 1,
        .most_threads = 2,
        .session_tokens = 512,
        .most_memory = -1,
        .estimated = 7,
    };
}

static void watched_memory_is_counted_and_bounded(void **state)
{
    struct kn_home home;
    atomic_bool cancelled = false;
    struct kn_watch watch = { .root = machine(&home, 100),
                              .most = 60 * MIB,
                              .cancelled = &cancelled };
    uint8_t *pages = kn_alloc(48 * MIB);

    (void)state;
    CHECK_EQ("begin", kn_watch_begin(&watch, NULL), KN_OK);
    CHECK_EQ("the settings say less", watch.begin, 60 * MIB);
    CHECK_EQ("room", kn_watch_ask(&watch, 60 * MIB - KN_WATCH_MARGIN), KN_OK);
    CHECK_EQ("no room", kn_watch_ask(&watch, 60 * MIB - KN_WATCH_MARGIN + 1), KN_E_LIMIT);
    CHECK_EQ("fill", kn_watch_fill(&watch, pages, 48 * MIB, "ab", 2), KN_E_LIMIT);
    CHECK_EQ("whole pieces", watch.own, 32 * MIB);
    CHECK_EQ("pattern", memcmp(pages + 16 * MIB - 2, "abab", 4), 0);
    CHECK_EQ("left", kn_watch_left(&watch), 28 * MIB);
    watch.own = 0;
    CHECK_EQ("read", kn_watch_read(&watch, pages, 32 * MIB), KN_OK);
    CHECK_EQ("mapped", watch.mapped, 32 * MIB);
    CHECK_EQ("read", kn_watch_read(&watch, pages, 16 * MIB), KN_E_LIMIT);
    cancelled = true;
    CHECK_EQ("cancelled", kn_watch_ask(&watch, 0), KN_E_CANCELLED);
    kn_free(pages);
    kn_home_remove(&home);
}

static void without_a_word_of_the_system_nothing_is_tried(void **state)
{
    struct kn_home home;
    struct kn_error err = { 0 };
    struct kn_trial trial;
    struct kn_trial_options options;

    (void)state;
    kn_home_make(&home);
    options = options_for(home.path);
    CHECK_EQ("code", kn_trial_run(&options, &trial, &err), KN_E_UNKNOWN);
    CHECK_STR("text", err.text, "the available memory could not be read");
    kn_home_remove(&home);
}

/* proves: MS-3/1, MS-3/5, FR-0/0.6.2 */
static void as_many_blocks_as_the_settings_permit_are_held(void **state)
{
    struct kn_home home;
    struct kn_error err = { 0 };
    struct kn_trial trial;
    struct kn_trial_options options = options_for(machine(&home, 4000));
    const struct kn_measured *m = &trial.measured;
    int64_t block, most;

    (void)state;
    options.most_memory = 100 * MIB;
    CHECK_EQ("code", kn_trial_run(&options, &trial, &err), KN_OK);
    CHECK_EQ("weights", m->weight_bytes, (int64_t)kn_made_up_bytes(&small, KN_WEIGHTS_EXACT));
    block = m->block_bytes;
    CHECK("a fifth is cache",
          block - m->weight_bytes <= block / 5 && block - m->weight_bytes > block / 5 - 4096);
    most = (100 * MIB - KN_WATCH_MARGIN) / block;
    CHECK("near the most that fits", m->blocks <= most && m->blocks >= most * 95 / 100 - 1);
    CHECK_EQ("session", m->session_tokens, 512);
    CHECK("made up", m->made_up);
    CHECK_EQ("estimated", m->estimated, 7);
    CHECK("speeds", m->decode > 0 && m->together > 0 && m->prefill > 0 && m->read_bandwidth > 0);
    CHECK("a written type stays", m->dtype == KN_DTYPE_FLOAT32 && !m->dtype_chosen);
    CHECK("threads", m->threads == 1 || m->threads == 2);
    CHECK_EQ("tries: the usual threads, and all", trial.try_count, 2);
    kn_home_remove(&home);
}

/* proves: MS-3/4 */
static void types_are_tried_where_nobody_wrote_one(void **state)
{
    struct kn_home home;
    struct kn_error err = { 0 };
    struct kn_trial trial;
    struct kn_trial_options options = options_for(machine(&home, 4000));

    (void)state;
    options.dtype_is_open = true;
    options.most_threads = 1;
    CHECK_EQ("code", kn_trial_run(&options, &trial, &err), KN_OK);
    CHECK_EQ("tries", trial.try_count, 2);
    CHECK_EQ("usual", trial.tries[0].dtype, KN_DTYPE_FLOAT32);
    CHECK_EQ("other", trial.tries[1].dtype, KN_DTYPE_BFLOAT16);
    CHECK_EQ("chosen", trial.measured.dtype_chosen, trial.measured.dtype == KN_DTYPE_BFLOAT16);
    CHECK_EQ("the whole model", trial.measured.blocks, 60);
    kn_home_remove(&home);
}

static void quantised_blocks_are_held_as_such(void **state)
{
    static const enum kn_quant_type quants[] = { KN_QUANT_INT8, KN_QUANT_NF4 };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(quants); i++) {
        struct kn_home home;
        struct kn_error err = { 0 };
        struct kn_trial trial;
        struct kn_trial_options options = options_for(machine(&home, 4000));

        options.quant = quants[i];
        options.dtype_is_open = true;
        CHECK_EQ("code", kn_trial_run(&options, &trial, &err), KN_OK);
        CHECK_EQ("blocks", trial.measured.blocks, 60);
        CHECK("no other type", !trial.measured.dtype_chosen);
        CHECK_EQ("weights", trial.measured.weight_bytes,
                 (int64_t)kn_made_up_bytes(&small, kn_trial_weights(0, quants[i])));
        kn_home_remove(&home);
    }
}

static void a_memory_for_no_block_is_said(void **state)
{
    struct kn_home home;
    struct kn_error err = { 0 };
    struct kn_trial trial;
    struct kn_trial_options options = options_for(machine(&home, 25));

    (void)state;
    CHECK_EQ("code", kn_trial_run(&options, &trial, &err), KN_E_LIMIT);
    CHECK_HAS("text", err.text, "not one block can be held: 25 MiB of memory are left");
    kn_home_remove(&home);
}

static void a_cancelled_trial_ends(void **state)
{
    struct kn_home home;
    struct kn_error err = { 0 };
    struct kn_trial trial;
    struct kn_trial_live live = { .cancelled = true };
    struct kn_trial_options options = options_for(machine(&home, 4000));

    (void)state;
    options.live = &live;
    CHECK_EQ("code", kn_trial_run(&options, &trial, &err), KN_E_CANCELLED);
    CHECK_STR("text", err.text, "the calibration was ended");
    kn_home_remove(&home);
}

/* proves: MS-3/3 */
static void every_type_is_measured(void **state)
{
    struct kn_bench_row rows[KN_BENCH_ROWS];
    struct kn_home home;
    struct kn_error err = { 0 };
    struct kn_bench_live live = { 0 };
    struct kn_bench_options options = { .root = machine(&home, 4000),
                                        .decoder = &small,
                                        .threads = 1,
                                        .sessions = 2,
                                        .most_memory = -1,
                                        .budget_ms = 1500,
                                        .live = &live };

    (void)state;
    CHECK_EQ("code", kn_bench_run(&options, rows, &err), KN_OK);
    for (size_t i = 0; i < KN_BENCH_ROWS; i++) {
        CHECK_EQ("blocks", rows[i].blocks, 4);
        CHECK("speeds", rows[i].speed.one > 0 && rows[i].speed.all > 0 &&
                            rows[i].prompt_short > 0 && rows[i].prompt_long > 0);
    }
    CHECK_EQ("all", live.done, 100);
    options.most_memory = KN_WATCH_MARGIN + MIB; /* for nf4 alone */
    CHECK_EQ("code", kn_bench_run(&options, rows, &err), KN_OK);
    CHECK_EQ("float32", rows[0].blocks, 0);
    CHECK("nf4", rows[4].blocks > 0);
    options.most_memory = KN_WATCH_MARGIN;
    CHECK_EQ("code", kn_bench_run(&options, rows, &err), KN_E_LIMIT);
    kn_home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watched_memory_is_counted_and_bounded),
        cmocka_unit_test(without_a_word_of_the_system_nothing_is_tried),
        cmocka_unit_test(as_many_blocks_as_the_settings_permit_are_held),
        cmocka_unit_test(types_are_tried_where_nobody_wrote_one),
        cmocka_unit_test(quantised_blocks_are_held_as_such),
        cmocka_unit_test(a_memory_for_no_block_is_said),
        cmocka_unit_test(a_cancelled_trial_ends),
        cmocka_unit_test(every_type_is_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
