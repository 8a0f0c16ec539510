/* The quick calibration of machines that are handed in, and of what their files tell. */
#include "node/machine/calibrate.h"

#include <sys/stat.h>

#include "lib/base/arena.h"
#include "node/machine/hardware.h"
#include "support/check.h"
#include "support/config_fixture.h"
#include "support/fuse.h"
#include "support/home.h"
#include "support/machine.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static const struct kn_hardware desktop = { .architecture = "x86_64",
                                            .memory_total = 24 * GIB,
                                            .memory_available = 24 * GIB,
                                            .memory_limit = KN_FACT_UNKNOWN,
                                            .memory_left = KN_FACT_UNKNOWN,
                                            .cpu_quota = -1 };

/* ---- which model ---- */

struct choice_case {
    const char *name;
    const char *const *words;
    const char *kept; /* settings of a discovery cache; NULL: there is none */
    enum kn_calibrated_model whose;
    const char *model, *repository;
    uint32_t blocks, max;
    bool is_guess;
    const char *nearest;
};

#define CACHE(model)                          \
    "discovery:\n"                            \
    "  timestamp: \"2026-11-23T09:30:00Z\"\n" \
    "  bootstraps: [" ID "]\n"                \
    "  settings:\n"                           \
    "    model: " model "\n"
#define ID "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUBj2vj6vnc6iDp"
#define AT "--bootstrap", "/ip4/127.0.0.1/tcp/80/p2p/" ID

static void check_choice(const struct choice_case *c)
{
    struct kn_config_request request = { .now_s = FIXTURE_NOW };
    struct kn_arena *arena = kn_arena_new();
    struct kn_calibrated_machine machine;
    struct kn_snapshot *snapshot;
    struct kn_error err = { 0 };
    struct kn_home home;

    kn_home_make(&home);
    if (c->kept != NULL)
        kn_machine_write(&home, "discovery_cache.yaml", c->kept);
    request.home = request.working = home.path;
    snapshot = load_request(&request, NULL, c->words);
    CHECK(c->name, kn_snapshot_is_valid(snapshot));
    CHECK_EQ(c->name, kn_calibrate(snapshot, &desktop, NULL, arena, FIXTURE_NOW, &machine, &err),
             KN_OK);
    CHECK_EQ(c->name, machine.whose, c->whose);
    CHECK_STR(c->name, machine.model.name, c->model);
    CHECK_STR(c->name, machine.model.repository, c->repository);
    CHECK_EQ(c->name, machine.model.size.blocks, c->blocks);
    CHECK_EQ(c->name, machine.model.fit.profiles[KN_PRESET_MAX].blocks, c->max);
    CHECK_EQ(c->name, machine.model.fit.is_guess, c->is_guess);
    CHECK_STR(c->name, machine.nearest, c->nearest);
    CHECK_HAS(c->name, machine.speed.reason, "estimate");
    kn_snapshot_unref(snapshot);
    kn_arena_free(arena);
    kn_home_remove(&home);
}

#define NAME70 "Llama-3.3-70B-Instruct"
#define NAME8 "Llama-3.1-8B-Instruct"

/* proves: FR-0/0.2.1, P2/9.1 */
static void the_model_is_written_or_kept_or_the_built_in_one(void **state)
{
    const struct choice_case cases[] = {
        { "nobody says", WORDS(AT), NULL, KN_MODEL_FALLBACK, NAME70, "meta-llama/" NAME70, 80, 5,
          false, "" },
        { "a flag", WORDS(AT, "--model", "Llama-3.1-8B"), NULL, KN_MODEL_WRITTEN, "Llama-3.1-8B",
          "meta-llama/Llama-3.1-8B", 32, 21, false, "" },
        { "an earlier start", WORDS(AT), CACHE("{name: Llama-3.1-8B, total_blocks: 32}"),
          KN_MODEL_KEPT, "Llama-3.1-8B", "meta-llama/Llama-3.1-8B", 32, 21, false, "" },
        { "an earlier start, of a model that only the network knows", WORDS(AT),
          CACHE("{name: a-model-8B, total_blocks: 40}"), KN_MODEL_KEPT, "a-model-8B", NULL, 40, 23,
          true, "" },
        { "of no size at all", WORDS(AT), CACHE("{name: a-model, total_blocks: 40}"), KN_MODEL_KEPT,
          "a-model", NULL, 40, 1, true, "" },
        { "a flag before an earlier start", WORDS(AT, "--model", "Llama-2-7b"),
          CACHE("{name: Llama-3.1-8B, total_blocks: 32}"), KN_MODEL_WRITTEN, "Llama-2-7b",
          "meta-llama/Llama-2-7b", 32, 22, false, "" },
        { "a size in a name", WORDS(AT, "--model", "me/my-own-7B"), NULL, KN_MODEL_WRITTEN,
          "my-own-7B", "me/my-own-7B", 32, 21, true, "" },
        { "nearly a name", WORDS(AT, "--model", NAME8 "s"), NULL, KN_MODEL_WRITTEN, NAME8 "s", NULL,
          35, 20, true, "Did you mean " NAME8 "?" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        check_choice(&cases[i]);
}

/* proves: FR-4/4.4 */
static void a_model_that_nobody_knows_is_refused(void **state)
{
    struct kn_snapshot *snapshot = load_text(NULL, WORDS("--model", "gemma-2-9-it"), NULL);
    struct kn_arena *arena = kn_arena_new();
    struct kn_calibrated_machine machine;
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("code", kn_calibrate(snapshot, &desktop, NULL, arena, FIXTURE_NOW, &machine, &err),
             KN_E_NOT_FOUND);
    CHECK_HAS("text", err.text, "nobody knows a model \"gemma-2-9-it\"");
    CHECK_STR("hint", err.hint, "Did you mean gemma-2-9b-it, gemma-2b-it or gemma-2-2b-it?");
    kn_snapshot_unref(snapshot);
    kn_arena_free(arena);
}

/* ---- what the settings ask for ---- */

static void settings_reach_the_arithmetic(void **state)
{
    struct kn_hardware gpus = desktop;
    const struct {
        const char *name;
        const char *const *words;
        const struct kn_hardware *hardware;
        uint32_t max;
        const char *limit;
    } cases[] = {
        { "all GPUs of the kind with most memory", NO_WORDS, &gpus, 28,
          "64 GiB is free on 2 GPUs" },
        { "the memory", WORDS("--device", "cpu"), &gpus, 5, "24 GiB of memory is available" },
        { "all of a kind", WORDS("--device", "cuda"), &gpus, 28, "64 GiB is free on 2 GPUs" },
        { "the second", WORDS("--device", "cuda:1"), &gpus, 14, "32 GiB is free on B" },
        { "the other kind", WORDS("--device", "rocm:0"), &gpus, 7, "16 GiB is free on C" },
        { "a third", WORDS("--device", "cuda:2"), &gpus, 0, "no such GPU was found" },
        { "another system's", WORDS("--device", "mps"), &gpus, 0, "no such GPU was found" },
        { "none is there", WORDS("--device", "cuda"), &desktop, 0, "no GPU was found" },
        { "a limit", WORDS("--max-memory", "12GiB"), &desktop, 2,
          "resources.max_memory_gb is 12 GiB" },
        { "a limit of the GPU", WORDS("--set", "resources.max_gpu_memory_gb=8GiB"), &gpus, 3,
          "resources.max_gpu_memory_gb is 8 GiB" },
        { "a data type", WORDS("--dtype", "float16"), &desktop, 10,
          "24 GiB of memory is available" },
        { "a quantisation", WORDS("--quant-type", "int8"), &desktop, 21,
          "24 GiB of memory is available" },
    };

    (void)state;
    gpus.gpu_count = 3;
    gpus.gpus[0] = (struct kn_gpu_facts){ KN_GPU_NVIDIA, "A", 40 * GIB, 32 * GIB, 80 };
    gpus.gpus[1] = (struct kn_gpu_facts){ KN_GPU_NVIDIA, "B", 40 * GIB, 32 * GIB, 80 };
    gpus.gpus[2] = (struct kn_gpu_facts){ KN_GPU_AMD, "C", 16 * GIB, 16 * GIB, KN_FACT_UNKNOWN };
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_snapshot *snapshot = load_text(NULL, cases[i].words, NULL);
        struct kn_arena *arena = kn_arena_new();
        struct kn_calibrated_machine machine;
        struct kn_error err = { 0 };

        CHECK(cases[i].name, kn_snapshot_is_valid(snapshot));
        CHECK_EQ(
            cases[i].name,
            kn_calibrate(snapshot, cases[i].hardware, NULL, arena, FIXTURE_NOW, &machine, &err),
            KN_OK);
        CHECK_EQ(cases[i].name, machine.model.fit.profiles[KN_PRESET_MAX].blocks, cases[i].max);
        CHECK_STR(cases[i].name, machine.model.fit.limit, cases[i].limit);
        kn_snapshot_unref(snapshot);
        kn_arena_free(arena);
    }
}

/* proves: FR-0/0.2.5, MS-2.1/3, TR-2/cache */
static void what_is_kept_is_what_the_next_start_reads(void **state)
{
    struct kn_config_request request = { .now_s = FIXTURE_NOW };
    const char *const *words =
        WORDS("--model", "Llama-3.1-8B", "--max-memory", "8GiB", "--preset", "max");
    struct kn_arena *arena = kn_arena_new();
    struct kn_calibrated_machine machine;
    struct kn_snapshot *snapshot, *next;
    struct kn_error err = { 0 };
    char fingerprint[KN_FINGERPRINT_SIZE];
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    kn_fingerprint(&desktop, fingerprint);
    request.home = request.working = home.path;
    snapshot = load_request(&request, NULL, words);
    CHECK_EQ("make", kn_calibrate(snapshot, &desktop, NULL, arena, FIXTURE_NOW, &machine, &err),
             KN_OK);
    CHECK_EQ(
        "write",
        kn_calibration_write(kn_home_path(&home, "calibration.yaml"), &machine.calibration, &err),
        KN_OK);
    next = load_request(&request, NULL, words);
    CHECK_STR("blocks", got(next, "model.blocks"), "7");
    CHECK_STR("origin", origin(next, "model.blocks"), "cache");
    CHECK_STR("machine", kn_snapshot_calibrated(next)->machine, fingerprint);
    CHECK("settings", !kn_snapshot_calibrated(next)->for_others);
    CHECK("preset", !kn_snapshot_calibrated(next)->for_another_preset);
    CHECK_EQ("problems", kn_snapshot_problems(next)->n, 0);
    kn_snapshot_unref(next);
    next = load_request(&request, NULL, WORDS("--model", "Llama-3.1-8B"));
    CHECK("settings", kn_snapshot_calibrated(next)->for_others);
    CHECK("preset", kn_snapshot_calibrated(next)->for_another_preset);
    kn_snapshot_unref(next);
    next = load_request(&request, NULL, WORDS("--model", "Llama-3.1-70B"));
    CHECK("another model", kn_snapshot_calibrated(next)->machine == NULL);
    CHECK_STR("another model", got(next, "model.total_blocks"), "auto");
    kn_snapshot_unref(next);
    CHECK_EQ("elsewhere",
             kn_calibration_write(kn_home_path(&home, "no/calibration.yaml"), &machine.calibration,
                                  &err),
             KN_E_NOT_FOUND);
    CHECK_HAS("elsewhere", err.text, "no/calibration.yaml");
    kn_snapshot_unref(snapshot);
    kn_arena_free(arena);
    kn_home_remove(&home);
}

/* A calibration of one model says nothing of the model that an earlier start chose. */
static void the_calibration_of_another_model_is_not_mixed_in(void **state)
{
    struct kn_config_request request = { .now_s = FIXTURE_NOW };
    struct kn_snapshot *snapshot;
    struct kn_home home;

    (void)state;
    kn_home_make(&home);
    request.home = request.working = home.path;
    kn_machine_write(&home, "discovery_cache.yaml",
                     CACHE("{name: Llama-3.1-8B, total_blocks: 32, start_block: 3, end_block: 9}"));
    kn_machine_write(&home, "calibration.yaml",
                     "calibration:\n  model: bloom-7b1\n  total_blocks: 30\n"
                     "  profiles:\n    recommended: {blocks: 17}\n"
                     "  timestamp: \"2026-11-23T09:30:00Z\"\n");
    snapshot = load_request(&request, NULL, WORDS(AT));
    CHECK_STR("total", got(snapshot, "model.total_blocks"), "32");
    CHECK_STR("blocks", got(snapshot, "model.blocks"), "auto");
    CHECK("valid", kn_snapshot_is_valid(snapshot));
    kn_snapshot_unref(snapshot);
    kn_home_remove(&home);
}

/* ---- containers ---- */

static void make_container(const struct kn_home *home, int64_t limit, int64_t used, bool is_v2)
{
    char limit_text[32], used_text[32];

    (void)snprintf(limit_text, sizeof(limit_text), "%lld\n", (long long)limit);
    (void)snprintf(used_text, sizeof(used_text), "%lld\n", (long long)used);
    kn_machine_cpus(home, "AMD EPYC 7763 64-Core Processor", 8, 2);
    kn_machine_write(home, "/proc/meminfo", "MemTotal: 65536000 kB\nMemAvailable: 60000000 kB\n");
    kn_machine_write(home, "/proc/self/statm", "0 0 0 0 0 0 0\n");
    if (is_v2) {
        kn_machine_write(home, "/proc/self/cgroup", "0::/pod\n");
        kn_machine_write(home, "/proc/self/mountinfo", KN_MOUNT_V2("/", "/sys/fs/cgroup"));
        kn_machine_write(home, "/sys/fs/cgroup/pod/memory.max", limit_text);
        kn_machine_write(home, "/sys/fs/cgroup/pod/memory.current", used_text);
    } else {
        kn_machine_write(home, "/proc/self/cgroup", "4:memory:/pod\n");
        kn_machine_write(home, "/proc/self/mountinfo",
                         KN_MOUNT_V1("/", "/sys/fs/cgroup/memory", "memory"));
        kn_machine_write(home, "/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", limit_text);
        kn_machine_write(home, "/sys/fs/cgroup/memory/pod/memory.usage_in_bytes", used_text);
    }
}

/* proves: P2/4.1, P2/4.3 */
static void a_plan_is_never_above_what_a_container_leaves(void **state)
{
    static const int64_t limits[] = { 512 * MIB, 1024 * MIB, 4096 * MIB };
    static const struct kn_ulimits no_ulimits = { KN_FACT_UNKNOWN, KN_FACT_UNKNOWN, 1024 };
    static const struct kn_cpu_sets no_sets = { 0 };
    const char *const *models[] = { WORDS("--model", "SmolLM2-135M"),
                                    WORDS("--model", "SmolLM2-1.7B"),
                                    WORDS("--model", "TinyLlama-1.1B"), NO_WORDS };

    (void)state;
    for (size_t i = 0; i < 2 * KN_COUNT(limits) * KN_COUNT(models); i++) {
        int64_t limit = limits[i / 2 % KN_COUNT(limits)], used = 90 * MIB, left = limit - used;
        struct kn_snapshot *snapshot = load_text(NULL, models[i / 2 / KN_COUNT(limits)], NULL);
        struct kn_arena *arena = kn_arena_new();
        struct kn_hardware hardware;
        struct kn_calibrated_machine machine;
        struct kn_error err = { 0 };
        struct kn_home home;

        kn_home_make(&home);
        make_container(&home, limit, used, i % 2 == 0);
        const struct kn_hardware_options options = { home.path, "", &no_ulimits, &no_sets };

        CHECK_EQ("probe", kn_hardware_probe(&options, &hardware), KN_OK);
        CHECK_EQ("limit", hardware.memory_limit, limit);
        CHECK_EQ("left", hardware.memory_left, left);
        CHECK_EQ("plan",
                 kn_calibrate(snapshot, &hardware, NULL, arena, FIXTURE_NOW, &machine, &err),
                 KN_OK);
        const struct kn_fit *fit = &machine.model.fit;
        int64_t best = left / fit->block_bytes, planned = fit->profiles[KN_PRESET_MAX].blocks;

        if (best > machine.model.size.blocks)
            best = machine.model.size.blocks;
        CHECK(machine.model.name, planned * fit->block_bytes <= left * 9 / 10);
        CHECK(machine.model.name, planned <= best);
        /* A tenth is left for all the rest, and a block is not divided. */
        CHECK(machine.model.name, planned + 1 >= best * 9 / 10);
        CHECK_HAS("limit", planned > 0 ? fit->limit : fit->reason,
                  planned == machine.model.size.blocks ? "the model has" : "cgroup /pod leaves");
        kn_snapshot_unref(snapshot);
        kn_arena_free(arena);
        kn_home_remove(&home);
    }
}

static void every_allocation_that_fails_is_returned(void **state)
{
    struct kn_snapshot *snapshot =
        load_text(NULL, WORDS("--model", NAME8 "s", "--max-memory", "8GiB"), NULL);
    enum kn_code rc = KN_E_NO_MEMORY;
    long n = 0;

    (void)state;
    for (; rc != KN_OK; n++) {
        struct kn_arena *arena = kn_arena_new();
        struct kn_calibrated_machine machine;
        struct kn_error err = { 0 };

        kn_fuse = n;
        rc = kn_calibrate(snapshot, &desktop, NULL, arena, FIXTURE_NOW, &machine, &err);
        CHECK("burnt", (rc == KN_OK) == (kn_fuse >= 0));
        kn_fuse = -1;
        CHECK("code", rc == KN_OK || rc == KN_E_NO_MEMORY);
        kn_arena_free(arena);
    }
    CHECK("there are some", n > 1);
    kn_snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_is_written_or_kept_or_the_built_in_one),
        cmocka_unit_test(a_model_that_nobody_knows_is_refused),
        cmocka_unit_test(settings_reach_the_arithmetic),
        cmocka_unit_test(what_is_kept_is_what_the_next_start_reads),
        cmocka_unit_test(the_calibration_of_another_model_is_not_mixed_in),
        cmocka_unit_test(a_plan_is_never_above_what_a_container_leaves),
        cmocka_unit_test(every_allocation_that_fails_is_returned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
