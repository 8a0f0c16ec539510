/*
 * Transformer blocks as a node computes them, beside what bounds them.
 *
 *     bench_blocks THREADS SET TYPE
 *
 * SET is "best", "plain", "avx2" or "avx512", TYPE float32 or bfloat16. Four blocks of a model with
 * 1.1 G weights, made up: one token behind a context, in turn with a plain read of the same weights
 * by the same threads; many tokens at once; one token for each of many sessions. Prints one JSON
 * object: medians in microseconds, and the median of the ratios of decode to reading.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/block/pass.h"
#include "compute/kernels/pool.h"
#include "compute/kernels/reading.h"
#include "lib/base/memory.h"
#include "lib/os/pages.h"

#include "bench.h"

enum {
    BLOCKS = 4,
    CONTEXT = 140,
    DECODE_STEPS = 24,
    LONG = 512,
    SESSIONS = 32,
    ROUNDS = 5,
    MATRICES = 7,
};

static const struct kn_decoder decoder = {
    .blocks = BLOCKS,
    .hidden = 2048,
    .heads = 32,
    .kv_heads = 4,
    .head_dim = 64,
    .ffn = 5632,
    .max_positions = 4096,
    .norm_epsilon = 1e-5F,
    .rope = { .theta = 10000 },
};

struct model {
    struct kn_block_weights blocks[BLOCKS];
    float norm[2048];
    uint8_t *at;
    size_t size, used;
};

static void fill(const struct model *model, enum kn_weight_type type)
{
    uint64_t seed = 88172645463325252U;

    for (size_t i = 0; i < model->size / sizeof(uint16_t); i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        /* about 0.01 to 0.03 either way, in the upper half of a float32 too */
        if (type == KN_WEIGHT_BF16 || i % 2 == 1)
            ((uint16_t *)(void *)model->at)[i] =
                (uint16_t)(0x3C23 + (seed & 0x3F) + (seed & 0x8000));
    }
}

static struct kn_matrix take(struct model *model, enum kn_weight_type type, uint32_t rows,
                             uint32_t columns)
{
    struct kn_matrix m = {
        .type = type, .rows = rows, .columns = columns, .at = model->at + model->used
    };

    model->used += kn_matrix_bytes(type, rows, columns);
    return m;
}

static void model_make(struct model *model, enum kn_weight_type type)
{
    uint32_t hidden = decoder.hidden, keys = decoder.kv_heads * decoder.head_dim;
    size_t square = kn_matrix_bytes(type, hidden, hidden);

    *model =
        (struct model){ .size = BLOCKS * (2 * square + 2 * kn_matrix_bytes(type, keys, hidden) +
                                          3 * kn_matrix_bytes(type, decoder.ffn, hidden)) };
    model->at = kn_pages_new(model->size);
    if (model->at == NULL)
        bench_fail("no memory for the weights");
    fill(model, type);
    for (uint32_t i = 0; i < hidden; i++)
        model->norm[i] = 1;
    for (uint32_t b = 0; b < BLOCKS; b++) {
        struct kn_block_weights *w = &model->blocks[b];

        w->query = take(model, type, hidden, hidden);
        w->key = take(model, type, keys, hidden);
        w->value = take(model, type, keys, hidden);
        w->output = take(model, type, hidden, hidden);
        w->feed_forward.gate = take(model, type, decoder.ffn, hidden);
        w->feed_forward.up = take(model, type, decoder.ffn, hidden);
        w->feed_forward.down = take(model, type, hidden, decoder.ffn);
        w->attention_norm = w->feed_forward_norm = model->norm;
    }
}

struct stage {
    struct kn_runner *runner;
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
    const struct model *model;
    struct kn_cache *caches[SESSIONS];
    float *hidden;
};

/* Reading alone: what no decode can beat. */
static double read_ms(const struct stage *stage)
{
    const struct kn_span all = { stage->model->at, stage->model->size };
    double start = bench_now_us();

    (void)kn_read_spans(stage->kernels, stage->pool, &all, 1);
    return (bench_now_us() - start) / 1000;
}

static double pass_ms(struct stage *stage, uint32_t sessions, uint32_t position, uint32_t tokens)
{
    struct kn_pass_row rows[SESSIONS];
    double start;
    size_t bad;

    for (size_t i = 0; i < (size_t)sessions * tokens * decoder.hidden; i++)
        stage->hidden[i] = (float)(i % 61) / 61 - 0.5F;
    for (uint32_t i = 0; i < sessions; i++)
        rows[i] = (struct kn_pass_row){
            .cache = stage->caches[i],
            .position = position,
            .tokens = tokens,
            .hidden = stage->hidden + (size_t)i * tokens * decoder.hidden,
        };
    start = bench_now_us();
    bench_must(kn_pass_run(stage->runner, 0, BLOCKS, rows, sessions, &bad), "a pass");
    return (bench_now_us() - start) / 1000;
}

/* One token behind a context, beside reading the weights. */
static void decode(struct stage *stage)
{
    double steps[DECODE_STEPS], reads[DECODE_STEPS], ratios[DECODE_STEPS];

    (void)pass_ms(stage, 1, 0, CONTEXT - DECODE_STEPS / 2);
    for (uint32_t i = 0; i < DECODE_STEPS; i++) {
        reads[i] = read_ms(stage);
        steps[i] = pass_ms(stage, 1, CONTEXT - DECODE_STEPS / 2 + i, 1);
        ratios[i] = steps[i] / reads[i];
    }
    (void)printf("\"bytes\": %zu, \"decode_us\": %.1f, \"read_us\": %.1f, "
                 "\"decode_of_read\": %.3f",
                 stage->model->size, 1000 * bench_median(steps, DECODE_STEPS),
                 1000 * bench_median(reads, DECODE_STEPS), bench_median(ratios, DECODE_STEPS));
}

static void many(struct stage *stage, const char *name, uint32_t sessions, uint32_t position,
                 uint32_t tokens)
{
    double ms[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++)
        ms[i] = pass_ms(stage, sessions, position, tokens);
    (void)printf(", \"%s_us\": %.1f", name, 1000 * bench_median(ms, ROUNDS));
}

static void measure(struct kn_pool *pool, const struct kn_kernels *kernels,
                    enum kn_weight_type type)
{
    static struct model model;
    struct stage stage = { .kernels = kernels, .pool = pool, .model = &model };
    struct kn_runner_options options = { .decoder = &decoder,
                                         .weights = model.blocks,
                                         .count = BLOCKS,
                                         .kernels = kernels,
                                         .pool = pool };

    model_make(&model, type);
    bench_must(kn_runner_new(&options, &stage.runner, NULL), "a runner");
    stage.hidden = kn_alloc((size_t)LONG * decoder.hidden * sizeof(float));
    for (size_t i = 0; i < SESSIONS; i++) {
        stage.caches[i] = kn_cache_new(&decoder, BLOCKS, 1, 2048);
        if (stage.caches[i] == NULL)
            bench_fail("no memory for a cache");
    }
    (void)printf("{\"set\": \"%s\", \"type\": \"%s\", ", kn_kernels_name(kernels),
                 kn_weight_type_word(type));
    decode(&stage);
    many(&stage, "prefill_128", 1, 0, 128);
    many(&stage, "prefill_512", 1, 0, LONG);
    many(&stage, "prefill_512_behind_1024", 1, 1024, LONG);
    many(&stage, "sessions_8", 8, CONTEXT, 1);
    many(&stage, "sessions_32", SESSIONS, CONTEXT, 1);
    (void)printf("}\n");
    for (size_t i = 0; i < SESSIONS; i++)
        kn_cache_free(stage.caches[i]);
    kn_free(stage.hidden);
    kn_runner_free(stage.runner);
    kn_pages_free(model.at, model.size);
}

static const struct kn_kernels *kernels_named(const char *name)
{
    if (strcmp(name, "best") == 0)
        return kn_kernels_best();
    for (enum kn_isa isa = KN_ISA_PLAIN; isa < KN_ISA_COUNT; isa++)
        if (kn_kernels_of(isa) != NULL && strcmp(kn_kernels_name(kn_kernels_of(isa)), name) == 0)
            return kn_kernels_of(isa);
    bench_fail("not an instruction set of this processor");
}

int main(int argc, char **argv)
{
    struct kn_pool *pool = NULL;
    enum kn_weight_type type = KN_WEIGHT_F32;

    if (argc != 4)
        bench_fail("usage: bench_blocks THREADS SET TYPE");
    if (strcmp(argv[3], kn_weight_type_word(KN_WEIGHT_BF16)) == 0)
        type = KN_WEIGHT_BF16;
    else if (strcmp(argv[3], kn_weight_type_word(type)) != 0)
        bench_fail("TYPE is float32 or bfloat16");
    bench_must(kn_pool_new((unsigned)strtoul(argv[1], NULL, 10), &pool, NULL), "threads");
    measure(pool, kernels_named(argv[2]), type);
    kn_pool_free(pool);
    return 0;
}
