/* How many blocks fit, on machines that are handed in. */
#include "config/discovery/fit.h"

#include "config/discovery/model_table.h"
#include "support/check.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define NO KN_FACT_UNKNOWN

static const struct kn_hardware laptop = {
    .memory_total = 4 * GIB, .memory_available = 3 * GIB, .memory_limit = NO, .memory_left = NO
};
static const struct kn_hardware container = { .memory_total = 64 * GIB,
                                              .memory_available = 60 * GIB,
                                              .memory_limit = 512 * MIB,
                                              .memory_left = 480 * MIB,
                                              .memory_limit_by = "cgroup /docker" };
static const struct kn_hardware desktop = {
    .memory_total = 32 * GIB, .memory_available = 24 * GIB, .memory_limit = NO, .memory_left = NO
};
static const struct kn_hardware blind = {
    .memory_total = 64 * GIB, .memory_available = NO, .memory_limit = NO, .memory_left = NO
};

static struct kn_hardware with_gpus(size_t n, int64_t free_bytes, int capability)
{
    struct kn_hardware hardware = desktop;

    hardware.gpu_count = n;
    for (size_t i = 0; i < n; i++)
        hardware.gpus[i] = (struct kn_gpu_facts){ .kind = KN_GPU_NVIDIA,
                                                  .name = "NVIDIA H100",
                                                  .total_bytes = 80 * GIB,
                                                  .free_bytes = free_bytes,
                                                  .capability = capability };
    return hardware;
}

static struct kn_fit fit_on(const struct kn_hardware *hardware, const struct kn_fit_wish *wish,
                            const char *model)
{
    struct kn_model_size size = kn_model_size_of(&kn_model_find(model)->shape, KN_SIZE_TABLE);
    struct kn_format format;
    struct kn_room room;
    struct kn_fit fit;

    kn_room_find(hardware, wish, &room);
    kn_format_choose(hardware, &room, wish, &format);
    kn_fit_plan(&size, &room, &format, KN_FACT_UNKNOWN, &fit);
    return fit;
}

static void check_profiles(const char *name, const struct kn_fit *fit, uint32_t min,
                           uint32_t recommended, uint32_t max)
{
    CHECK_EQ(name, fit->profiles[KN_PRESET_MAX].blocks, max);
    CHECK_EQ(name, fit->profiles[KN_PRESET_RECOMMENDED].blocks, recommended);
    CHECK_EQ(name, fit->profiles[KN_PRESET_MIN].blocks, min);
    for (size_t i = 0; i < KN_PRESET_COUNT; i++)
        CHECK_EQ(name, fit->profiles[i].memory, fit->profiles[i].blocks * fit->block_bytes);
    CHECK_EQ(name, fit->reason[0] == '\0', max > 0);
}

/* proves: FR-0/0.2.3.2 */
static void machines_get_the_blocks_that_fit(void **state)
{
    static const struct {
        const char *name;
        const struct kn_hardware *hardware;
        const char *model;
        uint32_t min, recommended, max;
        const char *limit;  /* "" when nothing fits */
        const char *reason; /* then */
    } cases[] = {
        { "laptop, 70B", &laptop, "Llama-3.3-70B", 0, 0, 0, "3 GiB of memory is available",
          "not one block fits: it needs 4 GiB within 90 %, and 3 GiB of memory is available" },
        { "laptop, 8B", &laptop, "Llama-3.1-8B", 1, 1, 2, "3 GiB of memory is available", "" },
        { "laptop, 1B", &laptop, "Llama-3.2-1B", 2, 6, 9, "3 GiB of memory is available", "" },
        { "laptop, a small model", &laptop, "SmolLM2-135M", 2, 30, 30, "the model has 30 blocks",
          "" },
        { "container, 70B", &container, "Llama-3.3-70B", 0, 0, 0, "cgroup /docker leaves 480 MiB",
          "not one block fits: it needs 4 GiB within 90 %, and cgroup /docker leaves 480 MiB" },
        { "container, 1B", &container, "Llama-3.2-1B", 1, 1, 1, "cgroup /docker leaves 480 MiB",
          "" },
        { "container, a small model", &container, "SmolLM2-135M", 2, 18, 25,
          "cgroup /docker leaves 480 MiB", "" },
        { "desktop, 70B", &desktop, "Llama-3.3-70B", 1, 3, 5, "24 GiB of memory is available", "" },
        { "desktop, 8B", &desktop, "Llama-3.1-8B", 1, 15, 21, "24 GiB of memory is available", "" },
        { "desktop, experts", &desktop, "Mixtral-8x7B-v0.1", 1, 2, 3,
          "24 GiB of memory is available", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_fit fit = fit_on(cases[i].hardware, &kn_fit_wish_none, cases[i].model);

        check_profiles(cases[i].name, &fit, cases[i].min, cases[i].recommended, cases[i].max);
        CHECK_STR(cases[i].name, fit.limit, cases[i].limit);
        CHECK_STR(cases[i].name, fit.reason, cases[i].reason);
        CHECK(cases[i].name, !fit.is_guess);
    }
}

/* Room for one more byte or one less, by a block of 100 bytes of weights (125 with its cache). */
static struct kn_fit fit_of(int64_t block_parameters, uint32_t blocks, int64_t bytes)
{
    struct kn_model_size size = { .source = KN_SIZE_TABLE,
                                  .blocks = blocks,
                                  .block_parameters = block_parameters,
                                  .cache_numbers = 1 };
    struct kn_room room = { .is_known = true,
                            .bytes = bytes,
                            .cap = NO,
                            .parts = { bytes },
                            .part_count = 1,
                            .limit = "so it is" };
    struct kn_format format = { .dtype = KN_DTYPE_FLOAT16, .quant = KN_QUANT_INT8 };
    struct kn_fit fit;

    kn_fit_plan(&size, &room, &format, KN_FACT_UNKNOWN, &fit);
    return fit;
}

/* A block of 100 bytes, a token of its cache takes 4. */
static void a_cache_that_somebody_asks_for_takes_its_room_from_the_blocks(void **state)
{
    static const struct {
        const char *name;
        int64_t tokens, block_bytes;
    } cases[] = {
        { "a fifth", KN_FACT_UNKNOWN, 125 },
        { "none", 0, 100 },
        { "as many as a fifth", 6, 124 },
        { "many", 100, 500 },
        { "more than there are numbers for", INT64_MAX, INT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_model_size size = {
            .source = KN_SIZE_TABLE, .blocks = 100, .block_parameters = 100, .cache_numbers = 1
        };
        const struct kn_room room = { .is_known = true,
                                      .bytes = 10000,
                                      .cap = NO,
                                      .parts = { 10000 },
                                      .part_count = 1,
                                      .limit = "so it is" };
        const struct kn_format format = { .dtype = KN_DTYPE_FLOAT16, .quant = KN_QUANT_INT8 };
        struct kn_fit fit;

        kn_fit_plan(&size, &room, &format, cases[i].tokens, &fit);
        CHECK_EQ(cases[i].name, fit.block_bytes, cases[i].block_bytes);
        CHECK_EQ(cases[i].name, fit.profiles[KN_PRESET_MAX].blocks, 9000 / cases[i].block_bytes);
    }
}

/* The room in which exactly `blocks` of `bytes` fill 90 %. */
static int64_t room_for(int64_t blocks, int64_t bytes)
{
    return (blocks * bytes * 10 + 8) / 9;
}

/* proves: FR-0/0.2.3.3, FR-0/0.2.4, FR-0/0.2.4.recommended, FR-0/0.2.4.max */
static void presets_hold_at_every_edge(void **state)
{
    static const struct {
        const char *name;
        int64_t fitting; /* blocks in 90 % of the room */
        uint32_t model_blocks;
        uint32_t min, recommended, max;
    } cases[] = {
        { "nothing", 0, 80, 0, 0, 0 },
        { "one is recommended too", 1, 80, 1, 1, 1 },
        { "min is never above recommended", 2, 80, 1, 1, 2 },
        { "two are recommended of three", 3, 80, 2, 2, 3 },
        { "four", 4, 80, 2, 3, 4 },
        { "rounded down", 5, 80, 2, 3, 5 },
        { "seven", 7, 80, 2, 5, 7 },
        { "eight", 8, 80, 2, 6, 8 },
        { "all but one", 79, 80, 2, 59, 79 },
        { "exactly all", 80, 80, 2, 60, 80 },
        { "three quarters are all but one", 106, 80, 2, 79, 80 },
        { "three quarters are all", 107, 80, 2, 80, 80 },
        { "plenty", 1000, 80, 2, 80, 80 },
        { "a model of one block", 1000, 1, 1, 1, 1 },
        { "nobody knows how many there are", 100, 0, 2, 75, 100 },
        { "more than any model has", 100000, 0, 2, 65535, 65535 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        int64_t room = room_for(cases[i].fitting, 125);
        struct kn_fit fit = fit_of(100, cases[i].model_blocks, room);

        CHECK_EQ(cases[i].name, fit.block_bytes, 125);
        check_profiles(cases[i].name, &fit, cases[i].min, cases[i].recommended, cases[i].max);
        CHECK(cases[i].name, fit.profiles[KN_PRESET_RECOMMENDED].memory <= room * 3 / 4 + 125);
        if (cases[i].fitting == 0)
            continue;
        fit = fit_of(100, 0, room - 1);
        CHECK_EQ(cases[i].name, fit.profiles[KN_PRESET_MAX].blocks,
                 cases[i].fitting > 65535 ? 65535 : cases[i].fitting - 1);
    }
}

/* proves: FR-0/0.2.4.min */
static void two_blocks_are_least_where_they_fit_in_two_gib(void **state)
{
    struct kn_fit fit = fit_of(858993459, 80, 100 * GIB);

    (void)state;
    CHECK_EQ("exactly", fit.block_bytes, GIB);
    CHECK_EQ("exactly", fit.profiles[KN_PRESET_MIN].blocks, 2);
    fit = fit_of(858993460, 80, 100 * GIB);
    CHECK_EQ("a byte more", fit.block_bytes, GIB + 1);
    CHECK_EQ("a byte more", fit.profiles[KN_PRESET_MIN].blocks, 1);
}

static struct kn_fit_wish wish_of(int64_t max_memory, int64_t max_gpu_memory)
{
    struct kn_fit_wish wish = kn_fit_wish_none;

    wish.max_memory = max_memory;
    wish.max_gpu_memory = max_gpu_memory;
    return wish;
}

static void the_least_limit_decides(void **state)
{
    static const struct {
        const char *name;
        int64_t available, limit, left, cap;
        int64_t bytes;
        const char *text;
    } cases[] = {
        { "the system", 8 * GIB, NO, NO, NO, 8 * GIB, "8 GiB of memory is available" },
        { "what the cgroup leaves", 8 * GIB, 4 * GIB, 3 * GIB, NO, 3 * GIB,
          "cgroup /a leaves 3 GiB" },
        { "the cgroup, when nobody tells what it leaves", 8 * GIB, 4 * GIB, NO, NO, 4 * GIB,
          "cgroup /a leaves 4 GiB" },
        { "a cgroup that is wide", 8 * GIB, 40 * GIB, 39 * GIB, NO, 8 * GIB,
          "8 GiB of memory is available" },
        { "a full cgroup", 8 * GIB, 4 * GIB, 0, NO, 0, "cgroup /a leaves 0 KiB" },
        { "the setting", 8 * GIB, 4 * GIB, 3 * GIB, 2 * GIB, 2 * GIB,
          "resources.max_memory_gb is 2 GiB" },
        { "a setting that is wide", 8 * GIB, NO, NO, 9 * GIB, 8 * GIB,
          "8 GiB of memory is available" },
        { "a setting that is equal", 8 * GIB, NO, NO, 8 * GIB, 8 * GIB,
          "8 GiB of memory is available" },
        { "only the cgroup is known", NO, 4 * GIB, 3 * GIB, NO, 3 * GIB, "cgroup /a leaves 3 GiB" },
        { "nothing is known", NO, NO, NO, NO, NO, "the available memory could not be read" },
        { "a setting is not knowledge", NO, NO, NO, 2 * GIB, NO,
          "the available memory could not be read" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_hardware hardware = { .memory_total = 64 * GIB,
                                        .memory_available = cases[i].available,
                                        .memory_limit = cases[i].limit,
                                        .memory_left = cases[i].left,
                                        .memory_limit_by = "cgroup /a" };
        struct kn_fit_wish wish = wish_of(cases[i].cap, NO);
        struct kn_room room;

        kn_room_find(&hardware, &wish, &room);
        CHECK_EQ(cases[i].name, room.bytes, cases[i].bytes);
        CHECK_EQ(cases[i].name, room.is_known, cases[i].bytes >= 0);
        CHECK_EQ(cases[i].name, room.part_count, cases[i].bytes >= 0 ? 1 : 0);
        CHECK_STR(cases[i].name, room.limit, cases[i].text);
        CHECK(cases[i].name, !room.is_gpu);
    }
}

/* D35: a probe that fails plans one block, never a number that nobody read.
 * proves: P2/9, P2/9.2 */
static void an_unknown_memory_plans_one_block(void **state)
{
    struct kn_fit_wish wish = wish_of(4 * GIB, NO);
    struct kn_fit fit = fit_on(&blind, &kn_fit_wish_none, "Llama-3.3-70B");

    (void)state;
    check_profiles("unknown", &fit, 1, 1, 1);
    CHECK("unknown", fit.is_guess);
    CHECK_STR("unknown", fit.limit,
              "the available memory could not be read, so one block is planned");
    fit = fit_on(&blind, &wish, "Llama-3.3-70B");
    check_profiles("a limit that one block breaks", &fit, 0, 0, 0);
    CHECK_STR(
        "limit", fit.reason,
        "not one block fits: it needs 4 GiB within 90 %, and resources.max_memory_gb is 4 GiB");
    wish = wish_of(5 * GIB, NO);
    fit = fit_on(&blind, &wish, "Llama-3.3-70B");
    check_profiles("a limit that one block keeps", &fit, 1, 1, 1);
}

static void a_model_of_unknown_size_plans_one_block(void **state)
{
    struct kn_model_size size = { .source = KN_SIZE_UNKNOWN, .blocks = 32 };
    struct kn_format format = { .dtype = KN_DTYPE_FLOAT32 };
    struct kn_room room;
    struct kn_fit fit;

    (void)state;
    kn_room_find(&desktop, &kn_fit_wish_none, &room);
    kn_fit_plan(&size, &room, &format, KN_FACT_UNKNOWN, &fit);
    check_profiles("unknown", &fit, 1, 1, 1);
    CHECK("unknown", fit.is_guess);
    CHECK_STR("unknown", fit.limit, "the size of the model is not known, so one block is planned");
    CHECK_EQ("unknown", fit.cache_tokens, 0);
}

static void a_guessed_size_is_a_guess(void **state)
{
    struct kn_format format = { .dtype = KN_DTYPE_FLOAT32 };
    struct kn_model_size size;
    struct kn_room room;
    struct kn_fit fit;

    (void)state;
    CHECK("size", kn_model_size_guess("foo-8B", 32, &size));
    kn_room_find(&desktop, &kn_fit_wish_none, &room);
    kn_fit_plan(&size, &room, &format, KN_FACT_UNKNOWN, &fit);
    CHECK("guess", fit.is_guess);
    check_profiles("guess", &fit, 1, 13, 18);
}

static void blocks_do_not_lie_on_two_gpus(void **state)
{
    struct kn_fit_wish cpu = kn_fit_wish_none, cap = wish_of(GIB, 40 * GIB);
    struct kn_hardware eight = with_gpus(8, 78 * GIB, 90), one = with_gpus(1, 20 * GIB, 86);
    struct kn_hardware small = with_gpus(8, 2 * GIB, 86);
    struct kn_fit fit = fit_on(&eight, &kn_fit_wish_none, "Llama-3.1-405B");

    (void)state;
    /* 7.4 GiB with its cache: nine in 70.2 GiB of each, not 75 in 561.6 */
    check_profiles("eight GPUs, 405B", &fit, 1, 54, 72);
    CHECK_STR("eight GPUs, 405B", fit.limit, "624 GiB is free on 8 GPUs");
    fit = fit_on(&eight, &kn_fit_wish_none, "Llama-3.3-70B");
    check_profiles("eight GPUs, 70B", &fit, 1, 80, 80);
    CHECK_STR("eight GPUs, 70B", fit.limit, "the model has 80 blocks");
    fit = fit_on(&eight, &cap, "Llama-3.3-70B");
    check_profiles("40 GiB of them", &fit, 1, 13, 18);
    CHECK_STR("40 GiB of them", fit.limit, "resources.max_gpu_memory_gb is 40 GiB");
    fit = fit_on(&one, &kn_fit_wish_none, "Llama-3.3-70B");
    check_profiles("one GPU", &fit, 1, 6, 9);
    CHECK_STR("one GPU", fit.limit, "20 GiB is free on NVIDIA H100");
    fit = fit_on(&small, &kn_fit_wish_none, "Llama-3.3-70B");
    check_profiles("16 GiB in parts of 2", &fit, 0, 0, 0);
    cpu.device = KN_DEVICE_CPU;
    fit = fit_on(&eight, &cpu, "Llama-3.3-70B");
    check_profiles("the CPU by name", &fit, 1, 3, 5);
}

static void a_gpu_that_does_not_tell_is_left_out(void **state)
{
    struct kn_hardware hardware = with_gpus(2, 20 * GIB, 86);
    struct kn_fit_wish gpu = kn_fit_wish_none;
    struct kn_room room;

    (void)state;
    gpu.device = KN_DEVICE_GPU;
    hardware.gpus[1].free_bytes = KN_FACT_UNKNOWN;
    kn_room_find(&hardware, &kn_fit_wish_none, &room);
    CHECK_EQ("one of two", room.part_count, 1);
    CHECK_EQ("one of two", room.bytes, 20 * GIB);
    hardware.gpus[0].free_bytes = KN_FACT_UNKNOWN;
    kn_room_find(&hardware, &kn_fit_wish_none, &room);
    CHECK("neither: the memory counts", !room.is_gpu && room.is_known);
    kn_room_find(&hardware, &gpu, &room);
    CHECK("neither, but asked for", room.is_gpu && !room.is_known);
    CHECK_STR("neither", room.limit, "the free memory of the GPU could not be read");
    kn_room_find(&desktop, &gpu, &room);
    CHECK("none, but asked for", room.is_gpu && room.is_known);
    CHECK_EQ("none", room.bytes, 0);
    CHECK_STR("none", room.limit, "no GPU was found");
    hardware.gpus[0] = (struct kn_gpu_facts){ .kind = KN_GPU_AMD, .free_bytes = 8 * GIB };
    hardware.gpus[1].free_bytes = 4 * GIB;
    kn_room_find(&hardware, &kn_fit_wish_none, &room);
    CHECK_EQ("two kinds: the larger", room.gpu_kind, KN_GPU_AMD);
    CHECK_EQ("two kinds", room.bytes, 8 * GIB);
    CHECK_STR("no name", room.limit, "8 GiB is free on the GPU");
}

/* proves: FR-0/0.6.3.ampere, FR-0/0.6.3.cuda, FR-0/0.6.3.cpu */
static void the_number_format_comes_with_its_reason(void **state)
{
    struct kn_hardware amx = desktop, avx = desktop, arm = desktop, amd, mixed;
    struct kn_hardware ampere = with_gpus(2, GIB, 80), turing = with_gpus(2, GIB, 75);
    struct kn_hardware unknown = with_gpus(1, GIB, NO);
    const struct {
        const char *name;
        const struct kn_hardware *hardware;
        int wish;
        enum kn_dtype dtype;
        const char *reason;
    } cases[] = {
        { "a CPU", &desktop, NO, KN_DTYPE_FLOAT32, "the CPU does not multiply 16-bit numbers" },
        { "AMX", &amx, NO, KN_DTYPE_BFLOAT16, "the CPU multiplies bfloat16 (AMX)" },
        { "AVX512", &avx, NO, KN_DTYPE_BFLOAT16, "the CPU multiplies bfloat16 (AVX512-BF16)" },
        { "ARM", &arm, NO, KN_DTYPE_BFLOAT16, "the CPU multiplies bfloat16 (BF16)" },
        { "Ampere", &ampere, NO, KN_DTYPE_BFLOAT16,
          "the GPU is Ampere or newer (compute capability 8.0)" },
        { "before", &turing, NO, KN_DTYPE_FLOAT16,
          "the GPU is older than Ampere (compute capability 7.5)" },
        { "the oldest of two", &mixed, NO, KN_DTYPE_FLOAT16,
          "the GPU is older than Ampere (compute capability 7.5)" },
        { "unknown", &unknown, NO, KN_DTYPE_FLOAT16,
          "the GPU does not tell its generation, and all compute float16" },
        { "AMD", &amd, NO, KN_DTYPE_FLOAT16, "every AMD GPU computes float16" },
        { "by name", &turing, KN_DTYPE_FLOAT32, KN_DTYPE_FLOAT32, "as the settings say" },
    };

    (void)state;
    amx.features.amx_bf16 = amx.features.avx512_bf16 = true;
    avx.features.avx512_bf16 = true;
    arm.features.bf16 = true;
    amd = with_gpus(1, GIB, NO);
    amd.gpus[0].kind = KN_GPU_AMD;
    mixed = ampere;
    mixed.gpus[1].capability = 75;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_fit_wish wish = kn_fit_wish_none;
        struct kn_format format;
        struct kn_room room;

        wish.dtype = cases[i].wish;
        kn_room_find(cases[i].hardware, &wish, &room);
        kn_format_choose(cases[i].hardware, &room, &wish, &format);
        CHECK_EQ(cases[i].name, format.dtype, cases[i].dtype);
        CHECK_STR(cases[i].name, format.reason, cases[i].reason);
        CHECK_EQ(cases[i].name, format.quant, KN_QUANT_NONE);
    }
}

static void a_quantisation_makes_room(void **state)
{
    struct kn_fit_wish wish = kn_fit_wish_none;
    struct kn_fit fit;

    (void)state;
    wish.quant_type = KN_QUANT_INT8;
    fit = fit_on(&desktop, &wish, "Llama-3.3-70B");
    CHECK_EQ("int8", fit.weight_bytes, 855654400);
    check_profiles("int8", &fit, 2, 15, 21);
    wish.quant_type = KN_QUANT_NF4;
    fit = fit_on(&desktop, &wish, "Llama-3.3-70B");
    CHECK_EQ("nf4", fit.weight_bytes, 454566400);
    check_profiles("nf4", &fit, 2, 30, 40);
}

/* proves: FR-0/0.6.2 */
static void a_fifth_of_the_memory_is_cache(void **state)
{
    struct kn_fit_wish wish = kn_fit_wish_none;
    struct kn_fit fit = fit_on(&desktop, &wish, "Llama-3.3-70B");

    (void)state;
    CHECK_EQ("float32", fit.block_bytes, 4278272000);
    CHECK_EQ("float32", fit.cache_tokens, 855654400 / (2 * 8 * 128 * 4));
    wish.dtype = KN_DTYPE_BFLOAT16;
    fit = fit_on(&desktop, &wish, "Llama-3.3-70B");
    CHECK_EQ("bfloat16", fit.cache_tokens, 427827200 / (2 * 8 * 128 * 4));
    wish.quant_type = KN_QUANT_INT8;
    fit = fit_on(&desktop, &wish, "Llama-3.3-70B");
    CHECK_EQ("int8 keeps its cache in 32 bits", fit.cache_tokens, 213913600 / (2 * 8 * 128 * 4));
}

/* proves: FR-0/0.6.1 */
static void speeds_are_estimates(void **state)
{
    static const struct {
        const char *name;
        int64_t parameters;
        bool gpu;
        int low, high, middle;
    } cases[] = {
        { "70B on a CPU", 70000000000, false, 10, 30, 20 },
        { "8B on a CPU", 8000000000, false, 30, 60, 45 },
        { "1B on a CPU", 1000000000, false, 30, 60, 45 },
        { "405B on a CPU", 405000000000, false, 10, 30, 20 },
        { "nobody knows", 0, false, 10, 30, 20 },
        { "in between", 23664319132, false, 20, 45, 32 },
        { "70B on a GPU", 70000000000, true, 100, 200, 150 },
        { "8B on a GPU", 8000000000, true, 200, 400, 300 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_model_size size = { .whole_parameters = cases[i].parameters };
        struct kn_room room = { .is_gpu = cases[i].gpu };
        struct kn_speed speed;

        kn_speed_estimate(&size, &room, &speed);
        CHECK_EQ(cases[i].name, (int)(speed.low + 0.01), cases[i].low);
        CHECK_EQ(cases[i].name, (int)(speed.high + 0.01), cases[i].high);
        CHECK_EQ(cases[i].name, (int)(speed.middle + 0.01), cases[i].middle);
        CHECK_STR(cases[i].name, speed.reason,
                  cases[i].gpu
                      ? "estimate for a model of this size on a GPU, until it is measured"
                      : "estimate for a model of this size on a CPU, until it is measured");
    }
}

static void memory_is_written_for_people(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 KiB" },
        { 1024, "1 KiB" },
        { MIB, "1 MiB" },
        { 480 * MIB, "480 MiB" },
        { GIB - MIB, "1023 MiB" },
        { GIB - 1, "1 GiB" },
        { GIB, "1 GiB" },
        { GIB * 3 / 2, "1.5 GiB" },
        { 24 * GIB, "24 GiB" },
        { INT64_C(4278272000), "4 GiB" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char text[KN_MEMORY_TEXT_SIZE];

        kn_memory_text(cases[i].bytes, text);
        CHECK_STR(cases[i].text, text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_get_the_blocks_that_fit),
        cmocka_unit_test(a_cache_that_somebody_asks_for_takes_its_room_from_the_blocks),
        cmocka_unit_test(presets_hold_at_every_edge),
        cmocka_unit_test(two_blocks_are_least_where_they_fit_in_two_gib),
        cmocka_unit_test(the_least_limit_decides),
        cmocka_unit_test(an_unknown_memory_plans_one_block),
        cmocka_unit_test(a_model_of_unknown_size_plans_one_block),
        cmocka_unit_test(a_guessed_size_is_a_guess),
        cmocka_unit_test(blocks_do_not_lie_on_two_gpus),
        cmocka_unit_test(a_gpu_that_does_not_tell_is_left_out),
        cmocka_unit_test(the_number_format_comes_with_its_reason),
        cmocka_unit_test(a_quantisation_makes_room),
        cmocka_unit_test(a_fifth_of_the_memory_is_cache),
        cmocka_unit_test(speeds_are_estimates),
        cmocka_unit_test(memory_is_written_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
