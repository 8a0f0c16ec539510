#include "config/discovery/model_shape.h"

#include <string.h>

/* What sets the blocks of a family apart from those of Llama, counted in parameters. */
struct family {
    const char *word;
    unsigned matrices;    /* of the feed-forward part: 3 with a gate, 2 without */
    unsigned norms;       /* vectors as long as the hidden state, in one block */
    unsigned head_norms;  /* vectors as long as a head */
    unsigned outer_norms; /* vectors outside of the blocks */
    bool linear_bias;     /* every linear layer adds a vector */
    bool head_bias;       /* so does the head */
};

static const struct family families[KN_FAMILY_COUNT] = {
    [KN_FAMILY_OTHER] = { "other", 3, 2, 0, 1, false, false },
    [KN_FAMILY_LLAMA] = { "llama", 3, 2, 0, 1, false, false },
    [KN_FAMILY_MISTRAL] = { "mistral", 3, 2, 0, 1, false, false },
    [KN_FAMILY_MIXTRAL] = { "mixtral", 3, 2, 0, 1, false, false },
    [KN_FAMILY_FALCON] = { "falcon", 2, 4, 0, 2, false, false },
    [KN_FAMILY_BLOOM] = { "bloom", 2, 4, 0, 4, true, false },
    [KN_FAMILY_QWEN2] = { "qwen2", 3, 2, 0, 1, false, false },
    [KN_FAMILY_QWEN2_MOE] = { "qwen2_moe", 3, 2, 0, 1, false, false },
    [KN_FAMILY_QWEN3] = { "qwen3", 3, 2, 2, 1, false, false },
    [KN_FAMILY_QWEN3_MOE] = { "qwen3_moe", 3, 2, 2, 1, false, false },
    [KN_FAMILY_GEMMA] = { "gemma", 3, 2, 0, 1, false, false },
    [KN_FAMILY_GEMMA2] = { "gemma2", 3, 4, 0, 1, false, false },
    [KN_FAMILY_GEMMA3] = { "gemma3_text", 3, 4, 2, 1, false, false },
    [KN_FAMILY_PHI] = { "phi", 2, 2, 0, 2, true, true },
    [KN_FAMILY_PHI3] = { "phi3", 3, 2, 0, 1, false, false },
    [KN_FAMILY_COHERE] = { "cohere", 3, 1, 0, 1, false, false },
    [KN_FAMILY_DEEPSEEK_V2] = { "deepseek_v2", 3, 2, 0, 1, false, false },
    [KN_FAMILY_DEEPSEEK_V3] = { "deepseek_v3", 3, 2, 0, 1, false, false },
};

const char *kn_family_word(enum kn_model_family family)
{
    return families[family].word;
}

enum kn_model_family kn_family_of(const char *model_type)
{
    for (size_t i = 0; i < KN_COUNT(families); i++) {
        if (strcmp(families[i].word, model_type) == 0)
            return (enum kn_model_family)i;
    }
    return KN_FAMILY_OTHER;
}

/* Multi-head latent attention: queries, keys and values go through narrow matrices, each with a
 * norm. spec: DeepSeek-V2 §2.1 */
static int64_t compressed_attention(const struct kn_model_shape *s)
{
    int64_t h = s->hidden, heads = s->heads;
    int64_t query = s->head_dim + s->rope_dim, n = 0;

    if (s->query_rank > 0)
        n += h * s->query_rank + s->query_rank + s->query_rank * heads * query;
    else
        n += h * heads * query;
    n += h * (s->latent + s->rope_dim) + s->latent;
    n += s->latent * heads * (s->head_dim + s->value_dim);
    return n + heads * s->value_dim * h;
}

static int64_t attention(const struct kn_model_shape *s)
{
    int64_t h = s->hidden, all = (int64_t)s->heads * s->head_dim;
    int64_t shared = 2 * (int64_t)s->kv_heads * s->head_dim, n;

    if (s->latent > 0)
        return compressed_attention(s);
    n = 2 * h * all + h * shared;
    if (s->qkv_bias || families[s->family].linear_bias)
        n += all + shared;
    if (families[s->family].linear_bias)
        n += h;
    return n;
}

static int64_t feed_forward(const struct kn_model_shape *s, uint32_t index)
{
    const struct family *family = &families[s->family];
    int64_t h = s->hidden, n;

    if (s->experts == 0 || index < s->dense_blocks)
        return family->matrices * h * s->ffn + (family->linear_bias ? s->ffn + h : 0);
    n = (int64_t)3 * s->experts * h * s->expert_ffn + s->experts * h + 3 * h * s->shared_ffn;
    if (s->family == KN_FAMILY_QWEN2_MOE)
        n += h; /* the gate of the shared expert */
    if (s->family == KN_FAMILY_DEEPSEEK_V3)
        n += s->experts; /* what balances the router */
    return n;
}

int64_t kn_shape_block(const struct kn_model_shape *shape, uint32_t index)
{
    const struct family *family = &families[shape->family];
    int64_t norms = family->norms;

    if (shape->family == KN_FAMILY_FALCON && shape->kv_heads == 1)
        norms = 2; /* the first decoder: one norm for both halves */
    return attention(shape) + feed_forward(shape, index) + norms * shape->hidden +
           (int64_t)family->head_norms * shape->head_dim;
}

int64_t kn_shape_largest_block(const struct kn_model_shape *shape)
{
    int64_t first = kn_shape_block(shape, 0);
    int64_t last = kn_shape_block(shape, shape->blocks > 0 ? shape->blocks - 1 : 0);

    return first > last ? first : last; /* dense blocks come first, the others are alike */
}

int64_t kn_shape_whole(const struct kn_model_shape *shape)
{
    const struct family *family = &families[shape->family];
    uint32_t dense = shape->experts > 0 ? shape->dense_blocks : 0;
    int64_t outside = (int64_t)family->outer_norms * shape->hidden;

    if (dense > shape->blocks)
        dense = shape->blocks;
    outside += (shape->tied ? 1 : 2) * (int64_t)shape->vocabulary * shape->hidden;
    if (family->head_bias)
        outside += shape->vocabulary;
    return dense * kn_shape_block(shape, 0) +
           (shape->blocks - dense) * kn_shape_block(shape, dense) + outside;
}

int kn_dtype_bytes(enum kn_dtype dtype)
{
    return dtype == KN_DTYPE_FLOAT32 ? 4 : 2;
}

int64_t kn_weight_bytes(int64_t parameters, enum kn_dtype dtype, enum kn_quant_type quant)
{
    switch (quant) {
    case KN_QUANT_INT8:
        return parameters;
    case KN_QUANT_NF4: /* 4 bits and a scale for every 64, itself quantised: 4.25 bits */
        return parameters / 32 * 17 + (parameters % 32 * 17 + 31) / 32;
    case KN_QUANT_NONE:
        break;
    }
    return parameters * kn_dtype_bytes(dtype);
}

struct kn_model_size kn_model_size_of(const struct kn_model_shape *shape,
                                      enum kn_size_source source)
{
    return (struct kn_model_size){
        .source = source,
        .family = shape->family,
        .blocks = shape->blocks,
        .block_parameters = kn_shape_largest_block(shape),
        .whole_parameters = kn_shape_whole(shape),
        .cache_numbers = shape->latent > 0 ? (int64_t)shape->latent + shape->rope_dim
                                           : 2 * (int64_t)shape->kv_heads * shape->head_dim,
        .max_context = shape->max_context,
    };
}
