/* A small block whose results were computed in double by others, and confirmed with Petals'. */
#include "compute/block/self_test.h"

#include <math.h>

enum {
    HIDDEN = 8,
    HEADS = 2,
    KV_HEADS = 1,
    DIM = 4,
    FFN = 12,
    TOKENS = KN_VECTORS_MAX + 1, /* one more than are known: as a panel */
    KNOWN = 3,
    MATRICES = 7,
    LARGEST = FFN * HIDDEN,
};

static const double within = 1e-5;

static const struct kn_decoder decoder = {
    .blocks = 1,
    .hidden = HIDDEN,
    .heads = HEADS,
    .kv_heads = KV_HEADS,
    .head_dim = DIM,
    .ffn = FFN,
    .max_positions = 16,
    .norm_epsilon = 1e-5F,
    .rope = { .theta = 10000 },
};

static const struct known {
    const char *what;
    bool biased;
    uint32_t token;
    double out[HIDDEN];
} rows[] = {
    { "the first token",
      false,
      0,
      { 2.397465, 1.678954, 0.477005, -0.846439, -1.886212, -2.355079, -2.191512, -1.567111 } },
    { "the third token",
      false,
      2,
      { 1.840911, 0.870402, -0.307517, -1.304417, -1.821934, -1.769011, -1.284113, -0.654725 } },
    { "the third token with biases",
      true,
      2,
      { 1.843085, 0.891788, -0.269813, -1.255499, -1.768422, -1.718148, -1.242782, -0.628521 } },
};

struct toy {
    struct kn_block_weights weights;
    float matrices[MATRICES][LARGEST], norms[2][HIDDEN], biases[3][HIDDEN];
};

static struct kn_matrix matrix(float *at, uint32_t height, uint32_t width, double phase)
{
    for (uint32_t r = 0; r < height; r++)
        for (uint32_t c = 0; c < width; c++)
            at[r * width + c] = (float)(0.3 * sin(0.37 * r + 0.11 * c + phase));
    return (struct kn_matrix){ .type = KN_WEIGHT_F32, .rows = height, .columns = width, .at = at };
}

static void make(struct toy *toy, bool biased)
{
    struct kn_block_weights *w = &toy->weights;

    *toy = (struct toy){ 0 };
    w->query = matrix(toy->matrices[0], HEADS * DIM, HIDDEN, 0.1);
    w->key = matrix(toy->matrices[1], KV_HEADS * DIM, HIDDEN, 0.2);
    w->value = matrix(toy->matrices[2], KV_HEADS * DIM, HIDDEN, 0.3);
    w->output = matrix(toy->matrices[3], HIDDEN, HEADS * DIM, 0.4);
    w->feed_forward.gate = matrix(toy->matrices[4], FFN, HIDDEN, 0.5);
    w->feed_forward.up = matrix(toy->matrices[5], FFN, HIDDEN, 0.6);
    w->feed_forward.down = matrix(toy->matrices[6], HIDDEN, FFN, 0.7);
    w->attention_norm = toy->norms[0];
    w->feed_forward_norm = toy->norms[1];
    for (uint32_t i = 0; i < HIDDEN; i++) {
        toy->norms[0][i] = (float)(1 + 0.05 * i);
        toy->norms[1][i] = (float)(1 - 0.03 * i);
        toy->biases[0][i] = (float)(0.01 * i);
        toy->biases[1][i] = (float)(-0.02 * i);
        toy->biases[2][i] = 0.03F;
    }
    if (!biased)
        return;
    w->query_bias = toy->biases[0];
    w->key_bias = toy->biases[1];
    w->value_bias = toy->biases[2];
}

static enum kn_code run(struct kn_runner *runner, uint32_t tokens, float *hidden)
{
    struct kn_cache *cache = kn_cache_new(&decoder, 1, 1, TOKENS);
    struct kn_pass_row row = { .cache = cache, .tokens = tokens, .hidden = hidden };
    enum kn_code code;
    size_t bad;

    if (cache == NULL)
        return KN_E_NO_MEMORY;
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t i = 0; i < HIDDEN; i++)
            hidden[t * HIDDEN + i] = (float)cos(0.3 * t + 0.7 * i);
    code = kn_pass_run(runner, 0, 1, &row, 1, &bad);
    kn_cache_free(cache);
    return code;
}

static enum kn_code judge(const struct known *known, const float *got, const char *kernels,
                          struct kn_error *err)
{
    for (uint32_t i = 0; i < HIDDEN; i++)
        if (!(fabs((double)got[i] - known->out[i]) <= within))
            return kn_fail(err, KN_E_INVALID,
                           "%s of a block with known results: number %u is %.6f with the %s "
                           "kernels, not %.6f",
                           known->what, i, (double)got[i], kernels, known->out[i]);
    return KN_OK;
}

static enum kn_code try_row(const struct kn_runner_options *options, const struct known *known,
                            uint32_t tokens, struct kn_error *err)
{
    float hidden[TOKENS * HIDDEN];
    struct kn_runner *runner = NULL;
    enum kn_code code = kn_runner_new(options, &runner, err);

    if (code != KN_OK)
        return code;
    code = run(runner, tokens, hidden);
    kn_runner_free(runner);
    if (code == KN_E_NO_MEMORY)
        return kn_fail_no_memory(err);
    return judge(known, hidden + (size_t)known->token * HIDDEN, kn_kernels_name(options->kernels),
                 err);
}

enum kn_code kn_self_test_known(const struct kn_kernels *kernels, struct kn_pool *pool,
                                struct kn_error *err)
{
    enum kn_code code = KN_OK;

    for (size_t i = 0; code == KN_OK && i < KN_COUNT(rows); i++) {
        struct toy toy;
        const struct kn_runner_options options = { .decoder = &decoder,
                                                   .weights = &toy.weights,
                                                   .count = 1,
                                                   .kernels = kernels,
                                                   .pool = pool };

        make(&toy, rows[i].biased);
        code = try_row(&options, &rows[i], KNOWN, err);
        if (code == KN_OK)
            code = try_row(&options, &rows[i], TOKENS, err);
    }
    return code;
}
