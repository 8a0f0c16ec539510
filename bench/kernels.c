/*
 * What do the products of a model cost beside what bounds them?
 *
 *     bench_kernels THREADS SET TYPE
 *
 * SET is "best", "plain", "avx2" or "avx512", TYPE float32, bfloat16, float16, int8 or nf4. Over
 * the matrices of a model of four blocks with random weights, in turn so that both meet the same
 * machine: one token beside a plain read of the same bytes by the same threads; 128 and 512 tokens
 * beside as many multiplications of tiles that never leave the nearest cache. Prints one JSON
 * object: medians in microseconds, medians of the ratios of the rounds, bytes, and GFLOP/s.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "compute/kernels/kernels.h"
#include "compute/kernels/pool.h"
#include "compute/kernels/reading.h"
#include "lib/base/memory.h"

enum {
    BLOCKS = 4,
    HIDDEN = 2048,
    KV = 256, /* four heads of 64 */
    FFN = 5632,
    MATRICES = 7,
    DECODE_ROUNDS = 41,
    PREFILL_ROUNDS = 7,
    TILE_DEPTH = 128,
    TILE_ROWS = 32,
    LARGEST = 512 / KN_LANES + 1, /* panels */
};

enum { QUERY, KEY, VALUE, OUTPUT, GATE, UP, DOWN };

static const uint32_t sides[MATRICES][2] = {
    [QUERY] = { HIDDEN, HIDDEN },  [KEY] = { KV, HIDDEN },   [VALUE] = { KV, HIDDEN },
    [OUTPUT] = { HIDDEN, HIDDEN }, [GATE] = { FFN, HIDDEN }, [UP] = { FFN, HIDDEN },
    [DOWN] = { HIDDEN, FFN },
};

/* Regions of a block: products with one input. */
static const struct {
    int first;
    size_t n;
} regions[] = { { QUERY, 3 }, { OUTPUT, 1 }, { GATE, 2 }, { DOWN, 1 } };

struct model {
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
    enum kn_weight_type type;
    struct kn_matrix matrices[BLOCKS][MATRICES];
    uint8_t *weights;
    uint16_t *scales;
    size_t bytes;
    float *x, *out[3];
};

static uint64_t chance(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Numbers of every type that are finite and small, and as different as those of a model. */
static void fill(struct model *model)
{
    uint64_t state = 88172645463325252U;

    for (size_t at = 0; at + sizeof(state) <= model->bytes; at += sizeof(state)) {
        uint64_t bits = chance(&state);

        if (model->type == KN_WEIGHT_F32)
            bits = (bits & 0x80ffffff80ffffffU) | 0x3c0000003c000000U;
        else if (model->type == KN_WEIGHT_BF16)
            bits = (bits & 0x80ff80ff80ff80ffU) | 0x3c003c003c003c00U;
        else if (model->type == KN_WEIGHT_F16)
            bits = (bits & 0x87ff87ff87ff87ffU) | 0x2000200020002000U;
        memcpy(model->weights + at, &bits, sizeof(bits));
    }
}

static size_t place(struct model *model)
{
    size_t bytes = 0;

    for (int block = 0; block < BLOCKS; block++)
        for (int i = 0; i < MATRICES; i++) {
            model->matrices[block][i] =
                (struct kn_matrix){ model->type, sides[i][0], sides[i][1],
                                    model->weights != NULL ? model->weights + bytes : NULL,
                                    model->scales };
            bytes += kn_matrix_bytes(model->type, sides[i][0], sides[i][1]);
        }
    return bytes;
}

/* Weights as they come from a file, at no boundary of the processor's; one array of scales, 2^-7 as
 * float32 and as binary16 alike enough, serves all. */
static void make(struct model *model)
{
    size_t scales = (size_t)FFN * HIDDEN / KN_NF4_GROUP * sizeof(uint16_t);
    size_t floats = (size_t)LARGEST * KN_LANES * FFN + KN_KERNEL_PAD;

    model->bytes = place(model);
    model->weights = kn_alloc(model->bytes);
    model->scales = kn_alloc(scales);
    for (size_t i = 0; i < scales / sizeof(uint16_t); i++)
        model->scales[i] = 0x2000;
    (void)place(model);
    fill(model);
    model->x = kn_alloc(floats * sizeof(float));
    for (size_t i = 0; i < floats; i++)
        model->x[i] = (float)(i * 2654435761U % 2001) / 1000.0F - 1;
    for (int i = 0; i < 3; i++)
        model->out[i] = kn_alloc(floats * sizeof(float));
}

/* 0: one token, as a vector. */
static void run(struct model *model, size_t tokens)
{
    for (int block = 0; block < BLOCKS; block++)
        for (size_t region = 0; region < KN_COUNT(regions); region++) {
            struct kn_product products[KN_PRODUCTS_MAX];

            for (size_t i = 0; i < regions[region].n; i++)
                products[i] =
                    (struct kn_product){ &model->matrices[block][regions[region].first + (int)i],
                                         NULL, model->out[i] };
            if (tokens == 0)
                kn_multiply_vectors(model->kernels, model->pool, products, regions[region].n,
                                    model->x, 1);
            else
                kn_multiply_tokens(model->kernels, model->pool, products, regions[region].n,
                                   model->x, tokens);
        }
}

static double time_read(struct model *model)
{
    const struct kn_span all = { model->weights, model->bytes };
    double begin = bench_now_us();

    (void)kn_read_spans(model->kernels, model->pool, &all, 1);
    return bench_now_us() - begin;
}

struct tiles {
    const struct kn_kernels *kernels;
    struct kn_pool *pool;
};

static void multiply_tiles(void *arg, unsigned chunk, unsigned thread)
{
    struct tiles *tiles = arg;
    float *memory = kn_pool_scratch(tiles->pool, thread);
    struct kn_tile tile = { .b = memory,
                            .a = memory + TILE_DEPTH * KN_LANES,
                            .rows = TILE_ROWS,
                            .depth = TILE_DEPTH,
                            .lanes = KN_LANES,
                            .a_row = TILE_DEPTH,
                            .a_step = 1,
                            .b_row = KN_LANES,
                            .sum_row = KN_LANES };

    (void)chunk;
    tile.sum = memory + TILE_DEPTH * (KN_LANES + TILE_ROWS);
    for (int i = 0; i < 64; i++)
        kn_tile_add(tiles->kernels, &tile);
}

static double time_tiles(struct model *model, double multiplications)
{
    struct tiles tiles = { model->kernels, model->pool };
    double chunk = 64.0 * TILE_ROWS * TILE_DEPTH * KN_LANES, begin = bench_now_us();
    unsigned chunks = (unsigned)(multiplications / chunk / 8);

    kn_pool_run(model->pool, chunks, multiply_tiles, &tiles);
    return (bench_now_us() - begin) * multiplications / (chunk * chunks);
}

static double time_run(struct model *model, size_t tokens)
{
    double begin = bench_now_us();

    run(model, tokens);
    return bench_now_us() - begin;
}

static double weights_of_model(void)
{
    double all = 0;

    for (int i = 0; i < MATRICES; i++)
        all += (double)BLOCKS * sides[i][0] * sides[i][1];
    return all;
}

/* Ours and what bounds it in turn; 0: one token. */
static void measure(struct model *model, size_t tokens, size_t rounds, bool is_last)
{
    double us[DECODE_ROUNDS], ratio[DECODE_ROUNDS], beside;
    double all = weights_of_model() * (double)(tokens > 0 ? tokens : 1);

    for (size_t i = 0; i < rounds; i++) {
        beside = tokens == 0 ? time_read(model) : time_tiles(model, all);
        us[i] = time_run(model, tokens);
        ratio[i] = beside / us[i];
    }
    (void)printf("\"%zu\": {\"us\": %.1f, \"ratio\": %.3f, \"gflops\": %.1f}%s", tokens,
                 bench_median(us, rounds), bench_median(ratio, rounds),
                 2 * all / bench_median(us, rounds) / 1e3, is_last ? "}\n" : ", ");
}

static const struct kn_kernels *kernels_of(const char *word)
{
    if (strcmp(word, "best") == 0)
        return kn_kernels_best();
    for (int isa = 0; isa < KN_ISA_COUNT; isa++) {
        const struct kn_kernels *kernels = kn_kernels_of((enum kn_isa)isa);

        if (kernels != NULL && strcmp(word, kn_kernels_name(kernels)) == 0)
            return kernels;
    }
    bench_fail("this processor has no such set");
}

int main(int argc, char **argv)
{
    struct model model = { 0 };

    if (argc != 4)
        bench_fail("usage: bench_kernels THREADS SET TYPE");
    bench_must(kn_pool_new((unsigned)strtoul(argv[1], NULL, 10), &model.pool, NULL), "threads");
    model.kernels = kernels_of(argv[2]);
    while (strcmp(kn_weight_type_word(model.type), argv[3]) != 0)
        if (++model.type == KN_WEIGHT_TYPE_COUNT)
            bench_fail("there is no such type");
    make(&model);
    (void)printf("{\"set\": \"%s\", \"bytes\": %zu, ", kn_kernels_name(model.kernels), model.bytes);
    measure(&model, 0, DECODE_ROUNDS, false);
    measure(&model, 128, PREFILL_ROUNDS, false);
    measure(&model, 512, PREFILL_ROUNDS, true);
    return 0;
}
