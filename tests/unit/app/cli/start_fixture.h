/*
 * start_fixture — what the screen of a first run is printed from: the swarm of the requirements'
 * example, with 127, 89, 45 and 23 providers, on a machine with 24 GiB.
 */
#ifndef KN_TESTS_START_FIXTURE_H
#define KN_TESTS_START_FIXTURE_H

#include "app/cli/start_facts.h"
#include "support/check.h"
#include "support/config_fixture.h"

#define GIB (INT64_C(1) << 30)
#define BOOTSTRAP(host) "/dns4/" host "/tcp/8000/p2p/QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"

static const struct kn_model_facts swarm_models[] = {
    { .prefix = "Llama-3-3-70B-Instruct-hf",
      .repository = "https://huggingface.co/meta-llama/Llama-3.3-70B-Instruct",
      .num_blocks = 80,
      .online = 127,
      .joining = 2,
      .complete = true },
    { .prefix = "Llama-3-1-8B-Instruct-hf",
      .repository = "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct",
      .num_blocks = 32,
      .online = 89,
      .complete = true },
    { .prefix = "Qwen2-5-72B-Instruct", .num_blocks = 80, .online = 45 },
    { .prefix = "DeepSeek-V3",
      .repository = "deepseek-ai/DeepSeek-V3",
      .num_blocks = 61,
      .online = 1,
      .complete = true },
};

static const struct kn_passed_over passed_over[] = {
    { &swarm_models[3], "not one block fits: it needs 40 GiB, and 24 GiB is there" },
};

static const struct kn_hardware machine = {
    .platform = "Linux 6.1 (x86_64)",
    .cpu_name = "A Processor",
    .cores = 8,
    .memory_total = 32 * GIB,
    .memory_available = 24 * GIB,
    .memory_limit = KN_FACT_UNKNOWN,
    .memory_left = KN_FACT_UNKNOWN,
};

struct screen {
    struct kn_plan plan;
    struct kn_snapshot *loaded, *snapshot;
    struct kn_start_facts facts;
};

static inline void fill_plan(struct kn_plan *plan)
{
    static const struct kn_discovered values[] = {
        { "node.name", "ada-C-box", "of the user and the host name" },
        { "node.port", "8082", "the first free port of 8080-8100" },
        { "model.name", "Llama-3.3-70B-Instruct", "most popular, 127 providers" },
        { "model.dht_prefix", "Llama-3-3-70B-Instruct-hf", "registered on the network" },
        { "model.total_blocks", "80", "of the model's shape" },
        { "model.dtype", "float16", "the GPU\x1b[2J computes it\nfast" },
        { "model.start_block", "68", "least served on the network: 2-15 providers" },
        { "model.end_block", "80", "least served on the network: 2-15 providers" },
    };
    static const struct kn_coverage_range ranges[] = { { 0, 21, 89, 127, KN_WELL_SERVED },
                                                       { 21, 61, 45, 88, KN_MODERATE },
                                                       { 61, 80, 2, 44, KN_UNDER_SERVED } };
    const int64_t block = GIB * 12 / 10;

    *plan = (struct kn_plan){ .planned = 12, .range_count = KN_COUNT(ranges) };
    memcpy(plan->values, values, sizeof(values));
    plan->value_count = KN_COUNT(values);
    memcpy(plan->ranges, ranges, sizeof(ranges));
    plan->swarm =
        (struct kn_swarm_facts){ true, swarm_models, KN_COUNT(swarm_models), NULL, 0, NULL, 0 };
    plan->model = (struct kn_model_choice){
        .name = "Llama-3.3-70B-Instruct",
        .size = { .blocks = 80 },
        .format = { .dtype = KN_DTYPE_FLOAT16, .reason = "the GPU computes it fast" },
        .fit = { .block_bytes = block,
                 .profiles = { { 1, block }, { 12, 12 * block }, { 15, 15 * block } },
                 .limit = "24 GiB are available" },
        .reason = "most popular, 127 providers",
        .passed_over = passed_over,
        .passed_over_count = 1,
    };
    plan->place = (struct kn_placement){ .by = KN_PLACED_LEAST_SERVED,
                                         .start = 68,
                                         .end = 80,
                                         .least = 2,
                                         .most = 15,
                                         .reason = "least served on the network: 2-15 providers" };
    plan->speed = (struct kn_speed){ 100, 200, 150, "estimate, until it is measured" };
}

/* Release with drop_screen(). */
static inline void make_screen(struct screen *screen, const char *file, const char *const *words)
{
    struct kn_config_request request = { .home = "/nonexistent/home",
                                         .working = "/nonexistent/work",
                                         .now_s = FIXTURE_NOW };

    fill_plan(&screen->plan);
    screen->loaded = load_text(file, words, NULL);
    request.discovered = screen->plan.values;
    request.discovered_count = screen->plan.value_count;
    screen->snapshot = load_request(&request, file, words);
    screen->facts = (struct kn_start_facts){
        .snapshot = screen->snapshot,
        .loaded = screen->loaded,
        .plan = &screen->plan,
        .machine = &machine,
        .port_text = "Using port 8082 (8080-8081 were in use)",
        .port = 8082,
        .malformed = 3,
        .discovery_cache = "~/.kwaainet/discovery_cache.yaml",
        .calibration_cache = "~/.kwaainet/calibration.yaml",
        .file = "./node_config.yaml",
        .is_first_run = file == NULL,
        .file_exists = file != NULL,
    };
}

static inline void drop_screen(struct screen *screen)
{
    kn_snapshot_unref(screen->snapshot);
    kn_snapshot_unref(screen->loaded);
}

#endif
