/*
 * model_shape — how large one block of a model is.
 *
 * From the numbers of a config.json where there is one, else from the built-in table
 * (model_table.h), else guessed from the size in the name; a guess is always marked as one.
 * Pure arithmetic: nothing here is a constant that somebody measured.
 */
#ifndef KN_DISCOVERY_MODEL_SHAPE_H
#define KN_DISCOVERY_MODEL_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/schema/words.h"
#include "lib/base/attributes.h"
#include "lib/base/error.h"

/* As `model_type` of a config.json says it. */
enum kn_model_family {
    KN_FAMILY_OTHER,
    KN_FAMILY_LLAMA,
    KN_FAMILY_MISTRAL,
    KN_FAMILY_MIXTRAL,
    KN_FAMILY_FALCON,
    KN_FAMILY_BLOOM,
    KN_FAMILY_QWEN2,
    KN_FAMILY_QWEN2_MOE,
    KN_FAMILY_QWEN3,
    KN_FAMILY_QWEN3_MOE,
    KN_FAMILY_GEMMA,
    KN_FAMILY_GEMMA2,
    KN_FAMILY_GEMMA3,
    KN_FAMILY_PHI,
    KN_FAMILY_PHI3,
    KN_FAMILY_COHERE,
    KN_FAMILY_DEEPSEEK_V2,
    KN_FAMILY_DEEPSEEK_V3,
    KN_FAMILY_COUNT
};

/* Sets of families, a bit each. Clients of Petals can use the blocks of these. */
#define KN_FAMILY_BIT(family) (1u << (family))
#define KN_FAMILIES_PETALS                                               \
    (KN_FAMILY_BIT(KN_FAMILY_LLAMA) | KN_FAMILY_BIT(KN_FAMILY_MIXTRAL) | \
     KN_FAMILY_BIT(KN_FAMILY_FALCON) | KN_FAMILY_BIT(KN_FAMILY_BLOOM))

/* "llama"; "other" for KN_FAMILY_OTHER. And back, KN_FAMILY_OTHER when it is none of them. */
const char *kn_family_word(enum kn_model_family family);
enum kn_model_family kn_family_of(const char *model_type);

/* 0 where a family has no such thing. */
struct kn_model_shape {
    enum kn_model_family family;
    uint32_t blocks, hidden, heads, kv_heads, head_dim, ffn;
    uint32_t vocabulary, max_context;
    uint32_t experts, experts_active, expert_ffn, shared_ffn, dense_blocks;
    uint32_t query_rank, latent, rope_dim, value_dim; /* of compressed attention */
    bool tied;                                        /* embeddings and head are one matrix */
    bool qkv_bias;                                    /* beside what the family has anyway */
};

/* Parameters of block `index`, of the largest block, of all blocks with embeddings and head. */
int64_t kn_shape_block(const struct kn_model_shape *shape, uint32_t index);
int64_t kn_shape_largest_block(const struct kn_model_shape *shape);
int64_t kn_shape_whole(const struct kn_model_shape *shape);

/* Bytes of so many weights; a quantisation wins over the type. Rounded up. */
int64_t kn_weight_bytes(int64_t parameters, enum kn_dtype dtype, enum kn_quant_type quant);
int kn_dtype_bytes(enum kn_dtype dtype);

enum {
    KN_SHAPE_BLOCKS_MAX = 4096,
    KN_SHAPE_HIDDEN_MAX = 1 << 17,
    KN_SHAPE_FFN_MAX = 1 << 20,
    KN_SHAPE_EXPERTS_MAX = 1024,
    KN_SHAPE_HEADS_MAX = 4096,
    KN_SHAPE_VOCABULARY_MAX = 1 << 24,
    KN_SHAPE_CONTEXT_MAX = 1 << 30,
    KN_MODEL_JSON_NUMBERS = 25,
};

/* What a config.json says. Start from { 0 } and offer every member of its top object. */
struct kn_model_json {
    enum kn_model_family family;
    int64_t numbers[KN_MODEL_JSON_NUMBERS];
    uint32_t told; /* a bit for each of them */
};

/* A number, or a truth value as 0 or 1; members that say nothing about the size are passed over. */
void kn_model_json_number(struct kn_model_json *json, const char *key, int64_t value);
void kn_model_json_text(struct kn_model_json *json, const char *key, const char *value);

/* KN_E_UNSUPPORTED: a family that is not one of ours; KN_E_INVALID: a number is missing;
 * KN_E_RANGE: one is beyond its maximum. */
KN_MUST_USE enum kn_code kn_model_json_shape(const struct kn_model_json *json,
                                             struct kn_model_shape *out, struct kn_error *err);

/* Whom the size of a model is known from. */
enum kn_size_source { KN_SIZE_UNKNOWN, KN_SIZE_CONFIG, KN_SIZE_TABLE, KN_SIZE_GUESS };

/* What sizing needs of a model. */
struct kn_model_size {
    enum kn_size_source source;
    enum kn_model_family family;
    uint32_t blocks;          /* 0: not known */
    int64_t block_parameters; /* of the largest block; 0: not known */
    int64_t whole_parameters;
    int64_t cache_numbers; /* keys and values, of one token in one block */
    uint32_t max_context;  /* 0: not known */
};

struct kn_model_size kn_model_size_of(const struct kn_model_shape *shape,
                                      enum kn_size_source source);

/*
 * From the size in a name: "70B", "8x7B", "1.5b", "7b1", "560m". `blocks` as the registry tells, 0
 * when nobody does: then that is guessed too. False when there is no size in the name.
 */
bool kn_model_size_guess(const char *name, uint32_t blocks, struct kn_model_size *out);

#endif
