/* What a person reads of a calibration, for machines that are handed in. */
#include "app/cli/calibration_view.h"

#include "app/term/term.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "support/check.h"
#include "support/config_fixture.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const struct kn_hardware desktop = { .platform = "Linux 6.1 (x86_64)",
                                            .architecture = "x86_64",
                                            .cpu_name = "AMD Ryzen 7",
                                            .physical_cores = 8,
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

    CHECK_EQ(c->name, kn_calibrate(snapshot, c->hardware, arena, FIXTURE_NOW, &machine, &err),
             KN_OK);
    kn_calibration_view(&machine, &c->term, &text);
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
          "This machine:\n"
          "   • Platform: Linux 6.1 (x86_64)\n"
          "   • CPU: AMD Ryzen 7 (8 cores)\n"
          "   • RAM: 32 GiB (24 GiB available)\n"
          "   • GPU: none was found\n"
          "   • Model: Llama-3.3-70B-Instruct (the built-in one: no model is written and no\n"
          "   start has chosen one)\n"
          "   • Model size: 80 blocks\n"
          "\n"
          "Quick calibration (by arithmetic; nothing was loaded):\n"
          "   • Estimated: ~4 GiB per block, a fifth of it for the attention cache\n"
          "   • Data type: float32 (the CPU does not multiply 16-bit numbers)\n"
          "   • Maximum: 5 blocks (24 GiB of memory is available)\n"
          "   • Attention cache: 104450 tokens (a fifth of the memory of the blocks)\n"
          "   • Throughput: 10-30 tokens/s (estimate for a model of this size on a CPU,\n"
          "   until it is measured)\n"
          "\n"
          "Calibration profiles:\n"
          "   • Conservative (min): 1 block (~4 GiB), guaranteed stable\n"
          "   • Balanced (recommended): 3 blocks (~12 GiB), optimal ← SELECTED\n"
          "   • Aggressive (max): 5 blocks (~19.9 GiB), maximum contribution\n" },
        { "a container, narrow and plain",
          &container,
          WORDS("--model", "Qwen2.5-7B", "--preset", "max"),
          { .columns = 60 },
          "This machine:\n"
          "   * Platform: Linux 6.1 (x86_64)\n"
          "   * RAM: 64 GiB (60 GiB available)\n"
          "   * Limit: 512 MiB by cgroup /pod (480 MiB left)\n"
          "   * GPU: none was found\n"
          "   * Model: Qwen2.5-7B (as the settings say)\n"
          "   * Model size: 28 blocks\n"
          "\n"
          "Quick calibration (by arithmetic; nothing was loaded):\n"
          "   * Estimated: ~1.1 GiB per block, a fifth of it for the\n"
          "   attention cache\n"
          "   * Data type: float32 (the CPU does not multiply 16-bit\n"
          "   numbers)\n"
          "   * Maximum: 0 blocks (not one block fits: it needs 1.1 GiB\n"
          "   within 90 %, and cgroup /pod leaves 480 MiB)\n"
          "   * Warning: this version does not serve the family qwen2\n"
          "\n"
          "Calibration profiles:\n"
          "   * Conservative (min): no block\n"
          "   * Balanced (recommended): no block\n"
          "   * Aggressive (max): no block <- SELECTED\n" },
        { "cards and nothing else",
          &card,
          WORDS("--model", "gibt-es-nicht-7B", "--quant-type", "int8"),
          { .utf8 = true, .columns = 120 },
          "This machine:\n"
          "   • CPU: A?B\n"
          "   • RAM: the system does not tell\n"
          "   • GPU: NVIDIA H100 (80 GiB, 78 GiB free)\n"
          "   • GPU: one of AMD\n"
          "   • Model: gibt-es-nicht-7B (as the settings say)\n"
          "   • Model size: 32 blocks, guessed from the size in its name\n"
          "\n"
          "Quick calibration (by arithmetic; nothing was loaded):\n"
          "   • Estimated: ~261 MiB per block, a fifth of it for the attention cache (a guess)\n"
          "   • Data type: bfloat16 (the GPU is Ampere or newer (compute capability 9.0))\n"
          "   • Weights: int8\n"
          "   • Maximum: 32 blocks (the model has 32 blocks)\n"
          "   • Attention cache: 13351 tokens (a fifth of the memory of the blocks)\n"
          "   • Throughput: 200-400 tokens/s (estimate for a model of this size on a GPU, until it "
          "is measured)\n"
          "   • Warning: nobody knows its family, so nobody knows whether this version serves it\n"
          "\n"
          "Calibration profiles:\n"
          "   • Conservative (min): 2 blocks (~522 MiB), guaranteed stable\n"
          "   • Balanced (recommended): 32 blocks (~8.1 GiB), optimal ← SELECTED\n"
          "   • Aggressive (max): 32 blocks (~8.1 GiB), maximum contribution\n" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calibration_is_told_like_step_2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
