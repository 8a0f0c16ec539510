/*
 * decoder — the numbers and weights of the decoder blocks of one model.
 *
 * Blocks of Llama's kind: RMS norm, grouped-query attention with rotary positions, a gated
 * feed-forward; with biases (Qwen2) or experts (Mixtral).
 * spec: transformers, modeling_llama, modeling_qwen2, modeling_mixtral.
 */
#ifndef KN_BLOCK_DECODER_H
#define KN_BLOCK_DECODER_H

#include "compute/kernels/matrix.h"

enum {
    KN_DECODER_HIDDEN_MAX = 1 << 16,
    KN_DECODER_FFN_MAX = 1 << 18,
    KN_DECODER_HEADS_MAX = 1024,
    KN_DECODER_HEAD_MAX = 512, /* features of one head; even */
    KN_DECODER_EXPERTS_MAX = 64,
    KN_DECODER_BLOCKS_MAX = 1024,
    KN_DECODER_POSITIONS_MAX = 1 << 20,
};

enum kn_rope_scaling { KN_ROPE_PLAIN, KN_ROPE_LINEAR, KN_ROPE_LLAMA3 };

struct kn_rope {
    double theta;
    enum kn_rope_scaling scaling;
    double factor, low_frequency, high_frequency; /* the last two of LLAMA3 */
    uint32_t original_positions;                  /* of LLAMA3 */
};

struct kn_decoder {
    uint32_t blocks; /* of the whole model */
    uint32_t hidden, heads, kv_heads, head_dim, ffn;
    uint32_t experts, experts_active; /* 0: a plain feed-forward */
    uint32_t window;                  /* tokens that attention looks back; 0: all */
    uint32_t max_positions;
    float norm_epsilon;
    struct kn_rope rope;
};

struct kn_feed_forward {
    struct kn_matrix gate, up, down; /* [ffn][hidden], [ffn][hidden], [hidden][ffn] */
};

/* Of one block. All lent; vectors are float32, aligned, NULL where there is none. */
struct kn_block_weights {
    struct kn_matrix query, key, value, output;
    const float *query_bias, *key_bias, *value_bias, *output_bias;
    const float *attention_norm, *feed_forward_norm; /* [hidden] */
    struct kn_feed_forward feed_forward;             /* without experts */
    struct kn_matrix router;                         /* [experts][hidden], with experts */
    const struct kn_feed_forward *experts;
};

#endif
