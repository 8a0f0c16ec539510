/* The numbers of a config.json: which member means what, and what a family leaves unsaid. */
#include <string.h>

#include "config/discovery/model_shape.h"

enum slot {
    BLOCKS,
    HIDDEN,
    HEADS,
    KV_HEADS,
    HEAD_DIM,
    FFN,
    VOCABULARY,
    CONTEXT,
    EXPERTS,
    ACTIVE,
    EXPERT_FFN,
    SHARED_EXPERTS,
    SHARED_FFN,
    DENSE_BLOCKS,
    QUERY_RANK,
    LATENT,
    ROPE_DIM,
    PLAIN_DIM,
    VALUE_DIM,
    TIED,
    BIAS,
    MULTI_QUERY,
    NEW_DECODER,
    SLOTS
};
_Static_assert((int)SLOTS <= (int)KN_MODEL_JSON_NUMBERS, "every slot has its place");
_Static_assert(SLOTS <= 32, "every slot has its bit");

static const struct {
    const char *key;
    enum slot slot;
    int64_t max;
} members[] = {
    { "num_hidden_layers", BLOCKS, KN_SHAPE_BLOCKS_MAX },
    { "n_layer", BLOCKS, KN_SHAPE_BLOCKS_MAX },
    { "hidden_size", HIDDEN, KN_SHAPE_HIDDEN_MAX },
    { "n_embed", HIDDEN, KN_SHAPE_HIDDEN_MAX },
    { "num_attention_heads", HEADS, KN_SHAPE_HEADS_MAX },
    { "n_head", HEADS, KN_SHAPE_HEADS_MAX },
    { "num_key_value_heads", KV_HEADS, KN_SHAPE_HEADS_MAX },
    { "num_kv_heads", KV_HEADS, KN_SHAPE_HEADS_MAX },
    { "n_head_kv", KV_HEADS, KN_SHAPE_HEADS_MAX },
    { "head_dim", HEAD_DIM, KN_SHAPE_HEADS_MAX },
    { "intermediate_size", FFN, KN_SHAPE_FFN_MAX },
    { "ffn_hidden_size", FFN, KN_SHAPE_FFN_MAX },
    { "vocab_size", VOCABULARY, KN_SHAPE_VOCABULARY_MAX },
    { "max_position_embeddings", CONTEXT, KN_SHAPE_CONTEXT_MAX },
    { "seq_length", CONTEXT, KN_SHAPE_CONTEXT_MAX },
    { "num_local_experts", EXPERTS, KN_SHAPE_EXPERTS_MAX },
    { "num_experts", EXPERTS, KN_SHAPE_EXPERTS_MAX },
    { "n_routed_experts", EXPERTS, KN_SHAPE_EXPERTS_MAX },
    { "num_experts_per_tok", ACTIVE, KN_SHAPE_EXPERTS_MAX },
    { "moe_intermediate_size", EXPERT_FFN, KN_SHAPE_FFN_MAX },
    { "n_shared_experts", SHARED_EXPERTS, KN_SHAPE_EXPERTS_MAX },
    { "shared_expert_intermediate_size", SHARED_FFN, KN_SHAPE_FFN_MAX },
    { "first_k_dense_replace", DENSE_BLOCKS, KN_SHAPE_BLOCKS_MAX },
    { "q_lora_rank", QUERY_RANK, KN_SHAPE_HIDDEN_MAX },
    { "kv_lora_rank", LATENT, KN_SHAPE_HIDDEN_MAX },
    { "qk_rope_head_dim", ROPE_DIM, KN_SHAPE_HEADS_MAX },
    { "qk_nope_head_dim", PLAIN_DIM, KN_SHAPE_HEADS_MAX },
    { "v_head_dim", VALUE_DIM, KN_SHAPE_HEADS_MAX },
    { "tie_word_embeddings", TIED, 1 },
    { "attention_bias", BIAS, 1 },
    { "multi_query", MULTI_QUERY, 1 },
    { "new_decoder_architecture", NEW_DECODER, 1 },
};

void kn_model_json_number(struct kn_model_json *json, const char *key, int64_t value)
{
    for (size_t i = 0; i < KN_COUNT(members); i++) {
        if (strcmp(members[i].key, key) != 0)
            continue;
        json->numbers[members[i].slot] = value;
        json->told |= 1u << members[i].slot;
    }
}

void kn_model_json_text(struct kn_model_json *json, const char *key, const char *value)
{
    if (strcmp(key, "model_type") == 0)
        json->family = kn_family_of(value);
}

static bool is_told(const struct kn_model_json *json, enum slot slot)
{
    return (json->told & (1u << slot)) != 0;
}

/* The spelling by which a message names a slot: the first one. */
static const char *key_of(enum slot slot)
{
    for (size_t i = 0; i < KN_COUNT(members); i++) {
        if (members[i].slot == slot)
            return members[i].key;
    }
    return "";
}

static enum kn_code check(const struct kn_model_json *json, struct kn_error *err)
{
    static const enum slot needed[] = { BLOCKS, HIDDEN, HEADS, VOCABULARY };

    if (json->family == KN_FAMILY_OTHER)
        return kn_fail(err, KN_E_UNSUPPORTED, "model_type: not a family whose size is known");
    for (size_t i = 0; i < KN_COUNT(members); i++) {
        int64_t value = json->numbers[members[i].slot];

        if (is_told(json, members[i].slot) && (value < 0 || value > members[i].max))
            return kn_fail(err, KN_E_RANGE, "%s: %lld is outside 0..%lld", members[i].key,
                           (long long)value, (long long)members[i].max);
    }
    for (size_t i = 0; i < KN_COUNT(needed); i++) {
        if (json->numbers[needed[i]] == 0)
            return kn_fail(err, KN_E_INVALID, "%s: missing", key_of(needed[i]));
    }
    return KN_OK;
}

static uint32_t number(const struct kn_model_json *json, enum slot slot, uint32_t otherwise)
{
    return is_told(json, slot) ? (uint32_t)json->numbers[slot] : otherwise;
}

/* As the configuration classes of the families have it when a file does not say. */
static bool is_tied_unless_told(enum kn_model_family family)
{
    return family == KN_FAMILY_BLOOM || family == KN_FAMILY_FALCON || family == KN_FAMILY_GEMMA ||
           family == KN_FAMILY_GEMMA2 || family == KN_FAMILY_GEMMA3 || family == KN_FAMILY_COHERE;
}

static uint32_t kv_heads(const struct kn_model_json *json, uint32_t heads)
{
    if (json->family == KN_FAMILY_BLOOM)
        return heads;
    if (json->family == KN_FAMILY_FALCON && json->numbers[NEW_DECODER] == 0)
        return number(json, MULTI_QUERY, 1) != 0 ? 1 : heads;
    return number(json, KV_HEADS, heads);
}

static uint32_t head_dim(const struct kn_model_json *json, uint32_t hidden, uint32_t heads)
{
    uint32_t even = heads > 0 ? hidden / heads : 0;

    if (json->family == KN_FAMILY_GEMMA || json->family == KN_FAMILY_GEMMA2 ||
        json->family == KN_FAMILY_GEMMA3)
        even = 256;
    if (json->family == KN_FAMILY_QWEN3 || json->family == KN_FAMILY_QWEN3_MOE)
        even = 128;
    if (number(json, LATENT, 0) > 0)
        return number(json, PLAIN_DIM, 128);
    return number(json, HEAD_DIM, even);
}

static void take_experts(const struct kn_model_json *json, struct kn_model_shape *shape)
{
    shape->experts = number(json, EXPERTS, 0);
    if (shape->experts == 0)
        return;
    shape->experts_active = number(json, ACTIVE, 1);
    shape->expert_ffn = number(json, EXPERT_FFN, shape->ffn);
    shape->shared_ffn =
        number(json, SHARED_FFN, number(json, SHARED_EXPERTS, 0) * shape->expert_ffn);
    shape->dense_blocks = number(json, DENSE_BLOCKS, 0);
}

enum kn_code kn_model_json_shape(const struct kn_model_json *json, struct kn_model_shape *out,
                                 struct kn_error *err)
{
    enum kn_code rc = check(json, err);
    struct kn_model_shape shape = { .family = json->family };
    uint32_t hidden;

    if (rc != KN_OK)
        return rc;
    hidden = number(json, HIDDEN, 0);
    shape.blocks = number(json, BLOCKS, 0);
    shape.hidden = hidden;
    shape.heads = number(json, HEADS, 0);
    shape.kv_heads = kv_heads(json, shape.heads);
    shape.head_dim = head_dim(json, hidden, shape.heads);
    shape.ffn = json->family == KN_FAMILY_BLOOM ? 4 * hidden : number(json, FFN, 4 * hidden);
    shape.vocabulary = number(json, VOCABULARY, 0);
    shape.max_context = number(json, CONTEXT, 0);
    take_experts(json, &shape);
    shape.latent = number(json, LATENT, 0);
    if (shape.latent > 0) {
        shape.query_rank = number(json, QUERY_RANK, 0);
        shape.rope_dim = number(json, ROPE_DIM, 64);
        shape.value_dim = number(json, VALUE_DIM, 128);
    }
    shape.tied = number(json, TIED, is_tied_unless_told(json->family)) != 0;
    shape.qkv_bias = number(json, BIAS, 0) != 0 || json->family == KN_FAMILY_QWEN2 ||
                     json->family == KN_FAMILY_QWEN2_MOE;
    *out = shape;
    return KN_OK;
}
