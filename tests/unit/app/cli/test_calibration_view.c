/* What a person reads of a calibration, for machines that are handed in. */
#include "app/cli/calibration_view.h"

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "node/machine/calibrate.h"
#include "support/check.h"
#include "support/config_fixture.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const struct kn_hardware desktop = { .platform = "Linux 6.1 (x86_64)",
                                            .architecture = "x86_64",
                                            .cpu_name = "AMD Ryzen 7",
                                            .cores = 8,
                                            .memory_total = 32 * GIB,
                                            .memory_available = 24 * GIB,
                                            .memory_limit = KN_FACT_UNKNOWN,
                                            .memory_left = KN_FACT_UNKNOWN };
static const struct kn_hardware container = { .platform = "Linux 6.1 (x86_64)",
                                              .memory_total = 64 * GIB,
                                              .memory_available = 60 * GIB,
                                              .memory_limit = 512 * MIB,
                                              .memory_left = 480 * MIB,
                                              .memory_limit_by = "cgroup /pod" };
static const struct kn_hardware card = {
    .cpu_name = "A\nB",
    .memory_total = KN_FACT_UNKNOWN,
    .memory_available = KN_FACT_UNKNOWN,
    .memory_limit = KN_FACT_UNKNOWN,
    .memory_left = KN_FACT_UNKNOWN,
    .gpus = { { KN_GPU_NVIDIA, "NVIDIA H100", 80 * GIB, 78 * GIB, 90 },
              { KN_GPU_AMD, "", KN_FACT_UNKNOWN, KN_FACT_UNKNOWN, KN_FACT_UNKNOWN } },
    .gpu_count = 2,
};

struct view_case {
    const char *name;
    const struct kn_hardware *hardware;
    const char *const *words;
    struct kn_term term;
    const char *want;
};

static void check_case(const struct view_case *c)
{
    struct kn_snapshot *snapshot = load_text(NULL, c->words, NULL);
    struct kn_arena *arena = kn_arena_new();
    struct kn_calibrated_machine machine;
    struct kn_error err = { 0 };
    struct kn_text text = { 0 };
    const struct kn_page page = { &c->term, &text };

    CHECK_EQ(c->name, kn_calibrate(snapshot, c->hardware, NULL, arena, FIXTURE_NOW, &machine, &err),
             KN_OK);
    kn_calibration_machine(&page, c->hardware);
    kn_calibration_estimate(&page, &machine.model, false);
    kn_calibration_notes(&page, &machine.model, &machine.speed);
    kn_calibration_profiles(&page, &machine.model, (int)machine.calibration.preset, false);
    CHECK_STR(c->name, kn_text_get(&text), c->want);
    kn_text_done(&text);
    kn_snapshot_unref(snapshot);
    kn_arena_free(arena);
}

/* proves: FR-0/0.2.7, FR-0/0.6.1, FR-0/0.6.2 */
static void a_calibration_is_told_like_step_2(void **state)
{
    const struct view_case cases[] = {
        { "the requirements' memory",
          &desktop,
          NO_WORDS,
          { .utf8 = true, .columns = 80 },
          "   • Platform: Linux 6.1 (x86_64)\n"
          "   • CPU: AMD Ryzen 7 (8 cores)\n"
          "   • RAM: 32 GiB total, 24 GiB available\n"
          "   • GPU: none found\n"
          "Running quick calibration (estimating memory requirements)...\n"
          "   • Estimated: ~4 GiB per block in float32\n"
          "   • Maximum: 5 blocks (24 GiB of memory is available)\n"
          "   • Attention cache: 104450 tokens (a fifth of the memory of the blocks)\n"
          "   • Throughput: 10-30 tokens/s (estimate for a model of this size on a CPU,\n"
          "     until it is measured)\n"
          "Calibration Profiles:\n"
          "   • Conservative (min): 1 block (~4 GiB) - the least load\n"
          "   • Balanced (recommended): 3 blocks (~12 GiB) - three quarters of what fits ←\n"
          "     SELECTED\n"
          "   • Aggressive (max): 5 blocks (~19.9 GiB) - all that fits into 90 % of the\n"
          "     memory\n" },
        { "a container, narrow and plain",
          &container,
          WORDS("--model", "Qwen2.5-7B", "--preset", "max"),
          { .columns = 60 },
          "   * Platform: Linux 6.1 (x86_64)\n"
          "   * RAM: 64 GiB total, 60 GiB available\n"
          "   * Limit: 512 MiB by cgroup /pod (480 MiB left)\n"
          "   * GPU: none found\n"
          "Running quick calibration (estimating memory\n"
          "requirements)...\n"
          "   * Estimated: ~1.1 GiB per block in float32\n"
          "   * Maximum: no block (not one block fits: it needs 1.1 GiB\n"
          "     within 90 %, and cgroup /pod leaves 480 MiB)\n"
          "Calibration Profiles:\n"
          "   * Conservative (min): no block\n"
          "   * Balanced (recommended): no block\n"
          "   * Aggressive (max): no block <- SELECTED\n" },
        { "cards and nothing else",
          &card,
          WORDS("--model", "gibt-es-nicht-7B", "--quant-type", "int8"),
          { .utf8 = true, .columns = 120 },
          "   • CPU: A?B\n"
          "   • RAM: the system does not tell\n"
          "   • GPU: NVIDIA H100 (78 GiB free)\n"
          "   • GPU: one of AMD\n"
          "Running quick calibration (estimating memory requirements)...\n"
          "   • Estimated: ~261 MiB per block in int8, a guess\n"
          "   • Maximum: 32 blocks (the model has 32 blocks)\n"
          "   • Attention cache: 6675 tokens (a fifth of the memory of the blocks)\n"
          "   • Throughput: 200-400 tokens/s (estimate for a model of this size on a GPU, until it "
          "is measured)\n"
          "Calibration Profiles:\n"
          "   • Conservative (min): 2 blocks (~522 MiB) - the least load\n"
          "   • Balanced (recommended): 32 blocks (~8.1 GiB) - the whole model ← SELECTED\n"
          "   • Aggressive (max): 32 blocks (~8.1 GiB) - the whole model\n" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check_case(&cases[i]);
}

static void what_was_measured_is_not_called_an_estimate(void **state)
{
    const struct kn_term term = { .columns = 80 };
    const struct kn_model_choice model = { .format = { .dtype = KN_DTYPE_BFLOAT16 },
                                           .fit = {
                                               .block_bytes = 3 << 20,
                                               .profiles = { [KN_PRESET_MAX] = { 2, 6 << 20 } },
                                               .limit = "so many ran" } };
    struct kn_text text = { 0 };
    const struct kn_page page = { &term, &text };

    (void)state;
    kn_calibration_estimate(&page, &model, true);
    CHECK_STR("measured", kn_text_get(&text),
              "Taking what the full calibration measured...\n"
              "   * Measured: ~3 MiB per block in bfloat16\n"
              "   * Maximum: 2 blocks (so many ran)\n");
    kn_text_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calibration_is_told_like_step_2),
        cmocka_unit_test(what_was_measured_is_not_called_an_estimate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
