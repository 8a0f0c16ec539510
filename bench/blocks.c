/*
 * Transformer blocks as a node computes them: one token behind a context, many at once, and one
 * token for each of many sessions; beside the time that reading the weights alone takes.
 *
 * usage: bench_blocks [threads [isa]]      blocks of a model with 1.1 G weights, float32 and
 * bfloat16
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/block/pass.h"
#include "compute/kernels/pool.h"
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
    READ_CHUNK = 512 << 10,
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

/* Reading alone: what no decode can beat. */
struct reading {
    const uint8_t *at;
    size_t size;
    uint64_t sums[KN_POOL_THREADS_MAX][8];
};

#if defined(__x86_64__)
__attribute__((target("avx2")))
#endif
static void
read_some(void *arg, unsigned chunk, unsigned thread)
{
    typedef uint64_t wide __attribute__((vector_size(32)));
    struct reading *reading = arg;
    const uint8_t *at = reading->at + (size_t)chunk * READ_CHUNK;
    size_t left = reading->size - (size_t)chunk * READ_CHUNK;
    const uint8_t *end = at + (left < READ_CHUNK ? left : READ_CHUNK) / 128 * 128;
    wide sums[4] = { { 0 } };

    for (; at < end; at += 128) {
        const wide *from = (const wide *)(const void *)at;

        __builtin_prefetch(at + 4096);
        __builtin_prefetch(at + 4096 + 64);
        sums[0] += from[0];
        sums[1] += from[1];
        sums[2] += from[2];
        sums[3] += from[3];
    }
    sums[0] += sums[1] + (sums[2] + sums[3]);
    reading->sums[thread][0] += sums[0][0] + sums[0][1] + sums[0][2] + sums[0][3];
}

static double read_ms(struct kn_pool *pool, const struct model *model)
{
    static struct reading reading;
    double start = bench_now_us();

    reading.at = model->at;
    reading.size = model->size;
    kn_pool_run(pool, (unsigned)((model->size + READ_CHUNK - 1) / READ_CHUNK), read_some, &reading);
    return (bench_now_us() - start) / 1000;
}

struct stage {
    struct kn_runner *runner;
    struct kn_pool *pool;
    const struct model *model;
    struct kn_cache *caches[SESSIONS];
    float *hidden;
};

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

static void decode(struct stage *stage, const char *name)
{
    double steps[DECODE_STEPS], reads[DECODE_STEPS], ratios[DECODE_STEPS], step;

    (void)pass_ms(stage, 1, 0, CONTEXT - DECODE_STEPS / 2);
    for (uint32_t i = 0; i < DECODE_STEPS; i++) {
        reads[i] = read_ms(stage->pool, stage->model);
        steps[i] = pass_ms(stage, 1, CONTEXT - DECODE_STEPS / 2 + i, 1);
        ratios[i] = reads[i] / steps[i];
    }
    step = bench_median(steps, DECODE_STEPS);
    (void)printf("%s decode: %.1f ms, %.1f tokens/s, %.1f GB/s; reading alone %.1f ms; "
                 "%.2f of it\n",
                 name, step, 1000 / step, (double)stage->model->size / step / 1e6,
                 bench_median(reads, DECODE_STEPS), bench_median(ratios, DECODE_STEPS));
}

static void many(struct stage *stage, const char *name, const char *what, uint32_t sessions,
                 uint32_t position, uint32_t tokens)
{
    double ms[ROUNDS], median;

    for (size_t i = 0; i < ROUNDS; i++)
        ms[i] = pass_ms(stage, sessions, position, tokens);
    median = bench_median(ms, ROUNDS);
    (void)printf("%s %s: %.1f ms, %.0f tokens/s, best %.0f\n", name, what, median,
                 sessions * tokens * 1000 / median, sessions * tokens * 1000 / ms[0]);
}

static void measure(struct kn_pool *pool, const struct kn_kernels *kernels,
                    enum kn_weight_type type)
{
    static struct model model;
    struct stage stage = { .pool = pool, .model = &model };
    struct kn_runner_options options = { .decoder = &decoder,
                                         .weights = model.blocks,
                                         .count = BLOCKS,
                                         .kernels = kernels,
                                         .pool = pool };
    const char *name = kn_weight_type_word(type);

    model_make(&model, type);
    bench_must(kn_runner_new(&options, &stage.runner, NULL), "a runner");
    stage.hidden = kn_alloc((size_t)LONG * decoder.hidden * sizeof(float));
    for (size_t i = 0; i < SESSIONS; i++) {
        stage.caches[i] = kn_cache_new(&decoder, BLOCKS, 1, 2048);
        if (stage.caches[i] == NULL)
            bench_fail("no memory for a cache");
    }
    decode(&stage, name);
    many(&stage, name, "prefill 128", 1, 0, 128);
    many(&stage, name, "prefill 512", 1, 0, LONG);
    many(&stage, name, "prefill 512 behind 1024", 1, 1024, LONG);
    for (uint32_t n = 2; n <= SESSIONS; n *= 2) {
        char what[64];

        (void)snprintf(what, sizeof(what), "%" PRIu32 " sessions", n);
        many(&stage, name, what, n, CONTEXT, 1);
    }
    for (size_t i = 0; i < SESSIONS; i++)
        kn_cache_free(stage.caches[i]);
    kn_free(stage.hidden);
    kn_runner_free(stage.runner);
    kn_pages_free(model.at, model.size);
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2;
    enum kn_isa isa = argc > 2 ? (enum kn_isa)strtoul(argv[2], NULL, 10) : KN_ISA_COUNT;
    const struct kn_kernels *kernels = isa < KN_ISA_COUNT ? kn_kernels_of(isa) : kn_kernels_best();
    struct kn_pool *pool = NULL;

    if (kernels == NULL)
        bench_fail("not an instruction set of this processor");
    bench_must(kn_pool_new(threads, &pool, NULL), "threads");
    (void)printf("%s, %u threads, %d blocks\n", kn_kernels_name(kernels), threads, BLOCKS);
    measure(pool, kernels, KN_WEIGHT_F32);
    measure(pool, kernels, KN_WEIGHT_BF16);
    kn_pool_free(pool);
    return 0;
}
