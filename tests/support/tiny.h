/*
 * tiny — the small Llama of tests/vectors/petals/tiny as the blocks take it, and what Petals'
 * blocks made of its tokens. The test links jansson and gets KN_VECTORS.
 */
#ifndef KN_TESTS_TINY_H
#define KN_TESTS_TINY_H

#include "compute/block/decoder.h"
#include "compute/kernels/kernels.h"
#include "lib/base/memory.h"
#include "support/vectors.h"

enum {
    TINY_BLOCKS = 4,
    TINY_HIDDEN = 64,
    TINY_FFN = 176,
    TINY_QUERIES = 64,
    TINY_KEYS = 32,
    TINY_TOKENS_MAX = 96,
    TINY_MATRICES = 7,
    TINY_FILE_MAX = 1 << 20,
};

struct tiny {
    struct kn_decoder decoder;
    struct kn_block_weights blocks[TINY_BLOCKS];
    float norms[TINY_BLOCKS][2][TINY_HIDDEN];
    float biases[TINY_BLOCKS][3][TINY_QUERIES];
    uint8_t *file;
    float *wide;            /* the weights as float32 */
    const void *embeddings; /* [token][hidden], bfloat16 */
};

static inline void *tiny_tensor(struct tiny *tiny, const json_t *header, size_t at, unsigned block,
                                const char *part)
{
    char name[128];
    const json_t *offsets;

    (void)snprintf(name, sizeof(name), "model.layers.%u.%s.weight", block, part);
    offsets = json_object_get(json_object_get(header, name), "data_offsets");
    CHECK(name, offsets != NULL);
    return tiny->file + at + json_integer_value(json_array_get(offsets, 0));
}

/* As it lies in the file, or widened. */
static inline struct kn_matrix tiny_matrix(enum kn_weight_type type, const void *at, uint32_t rows,
                                           uint32_t columns, float **wide)
{
    struct kn_matrix m = { .type = type, .rows = rows, .columns = columns, .at = at };

    if (type == KN_WEIGHT_F32) {
        kn_widen_bf16(at, (size_t)rows * columns, *wide);
        m.at = *wide;
        *wide += (size_t)rows * columns;
    }
    return m;
}

static inline void tiny_block(struct tiny *tiny, const json_t *header, size_t at, unsigned block,
                              enum kn_weight_type type, float **wide)
{
    static const struct {
        const char *name;
        uint32_t rows, columns;
    } parts[TINY_MATRICES] = {
        { "self_attn.q_proj", TINY_QUERIES, TINY_HIDDEN },
        { "self_attn.k_proj", TINY_KEYS, TINY_HIDDEN },
        { "self_attn.v_proj", TINY_KEYS, TINY_HIDDEN },
        { "self_attn.o_proj", TINY_HIDDEN, TINY_QUERIES },
        { "mlp.gate_proj", TINY_FFN, TINY_HIDDEN },
        { "mlp.up_proj", TINY_FFN, TINY_HIDDEN },
        { "mlp.down_proj", TINY_HIDDEN, TINY_FFN },
    };
    struct kn_block_weights *out = &tiny->blocks[block];
    struct kn_matrix *const to[TINY_MATRICES] = {
        &out->query,
        &out->key,
        &out->value,
        &out->output,
        &out->feed_forward.gate,
        &out->feed_forward.up,
        &out->feed_forward.down,
    };

    for (size_t i = 0; i < TINY_MATRICES; i++)
        *to[i] = tiny_matrix(type, tiny_tensor(tiny, header, at, block, parts[i].name),
                             parts[i].rows, parts[i].columns, wide);
    kn_widen_bf16(tiny_tensor(tiny, header, at, block, "input_layernorm"), TINY_HIDDEN,
                  tiny->norms[block][0]);
    kn_widen_bf16(tiny_tensor(tiny, header, at, block, "post_attention_layernorm"), TINY_HIDDEN,
                  tiny->norms[block][1]);
    out->attention_norm = tiny->norms[block][0];
    out->feed_forward_norm = tiny->norms[block][1];
}

static inline void tiny_open(struct tiny *tiny, enum kn_weight_type type)
{
    uint64_t n = 0;
    FILE *in = fopen(KN_VECTORS "/petals/tiny/model.safetensors", "rb");
    json_t *header;
    float *wide;

    *tiny = (struct tiny){ .decoder = { .blocks = TINY_BLOCKS,
                                        .hidden = TINY_HIDDEN,
                                        .heads = 4,
                                        .kv_heads = 2,
                                        .head_dim = 16,
                                        .ffn = TINY_FFN,
                                        .max_positions = 2048,
                                        .norm_epsilon = 1e-5F,
                                        .rope = { .theta = 10000 } } };
    assert_non_null(in);
    tiny->file = kn_alloc(TINY_FILE_MAX);
    assert_true(fread(tiny->file, 1, TINY_FILE_MAX, in) > sizeof(n));
    (void)fclose(in);
    memcpy(&n, tiny->file, sizeof(n));
    header = json_loadb((const char *)tiny->file + sizeof(n), n, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(header);
    tiny->embeddings =
        tiny->file + sizeof(n) + n +
        json_integer_value(json_array_get(
            json_object_get(json_object_get(header, "model.embed_tokens.weight"), "data_offsets"),
            0));
    wide = tiny->wide = kn_alloc(TINY_FILE_MAX);
    for (unsigned block = 0; block < TINY_BLOCKS; block++)
        tiny_block(tiny, header, sizeof(n) + n, block, type, &wide);
    json_decref(header);
}

static inline void tiny_close(struct tiny *tiny)
{
    kn_free(tiny->file);
    kn_free(tiny->wide);
}

/* The biases that block_qkv_bias.json tells. */
static inline void tiny_bias(struct tiny *tiny)
{
    static const float scale[] = { 0.02F, -0.03F, 0.01F };

    for (unsigned block = 0; block < TINY_BLOCKS; block++) {
        for (unsigned kind = 0; kind < 3; kind++)
            for (unsigned r = 0; r < TINY_QUERIES; r++)
                tiny->biases[block][kind][r] =
                    scale[kind] * ((float)((r * (kind + 1) + block) % 7) - 3);
        tiny->blocks[block].query_bias = tiny->biases[block][0];
        tiny->blocks[block].key_bias = tiny->biases[block][1];
        tiny->blocks[block].value_bias = tiny->biases[block][2];
    }
}

/* What a file tells: for each token what goes into the first block, and what comes out of each or
 * of the last one. */
struct tiny_record {
    size_t tokens, steps, step[8]; /* tokens of each step */
    float hidden[TINY_BLOCKS + 1][TINY_TOKENS_MAX][TINY_HIDDEN];
};

static inline unsigned tiny_nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline void tiny_floats(const char *hex, size_t width, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0;

        for (size_t k = 0; k < width; k++) {
            const char *at = hex + (i * width + k) * 2;

            bits |= (tiny_nibble(at[0]) << 4 | tiny_nibble(at[1])) << (8 * (k + 4 - width));
        }
        memcpy(&out[i], &bits, sizeof(bits));
    }
}

static inline void tiny_read(const char *file, size_t width, struct tiny_record *out)
{
    json_t *steps = vectors_list(file, "steps"), *step;
    size_t i;

    *out = (struct tiny_record){ 0 };
    json_array_foreach(steps, i, step)
    {
        const json_t *hidden = json_object_get(step, "hidden");
        size_t tokens = (size_t)json_integer_value(json_object_get(step, "tokens"));

        size_t skip = TINY_BLOCKS + 1 - json_array_size(hidden);

        for (size_t k = skip; k <= TINY_BLOCKS; k++)
            tiny_floats(json_string_value(json_array_get(hidden, k - skip)), width,
                        tokens * TINY_HIDDEN, out->hidden[k][out->tokens]);
        out->step[out->steps++] = tokens;
        out->tokens += tokens;
    }
    vectors_done(steps);
}

/* What goes into the first block, where the file tells only the tokens. */
static inline void tiny_embed(const struct tiny *tiny, const char *file, struct tiny_record *out)
{
    json_t *ids = vectors_list(file, "token_ids"), *id;
    size_t i;

    json_array_foreach(ids, i, id)
        kn_widen_bf16((const uint16_t *)tiny->embeddings + json_integer_value(id) * TINY_HIDDEN,
                      TINY_HIDDEN, out->hidden[0][i]);
    vectors_done(ids);
}

/* The largest difference, as a part of the largest value. */
static inline double tiny_off(const float *got, const float *want, size_t n)
{
    double off = 0, most = 0;

    for (size_t i = 0; i < n; i++) {
        double difference = (double)got[i] - (double)want[i];

        if (!(difference * difference < 1e30))
            return 1e30;
        off = difference > off ? difference : -difference > off ? -difference : off;
        most = (double)want[i] > most ? (double)want[i] : most;
        most = -(double)want[i] > most ? -(double)want[i] : most;
    }
    return off / most;
}

#endif
