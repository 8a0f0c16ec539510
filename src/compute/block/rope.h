/*
 * rope — rotary positions: which angle turns which pair of features. Inside only.
 *
 * Feature i of a head is turned with feature i + head_dim / 2. Frequencies and angles are float32,
 * as in transformers, so that far positions have the same rounding. spec: transformers,
 * modeling_rope_utils (default, linear, llama3).
 */
#ifndef KN_BLOCK_ROPE_H
#define KN_BLOCK_ROPE_H

#include "compute/block/decoder.h"

/* The head_dim / 2 frequencies. */
void kn_rope_frequencies(const struct kn_rope *rope, uint32_t head_dim, float *out);

/* cos[half], then sin[half], of one position. */
void kn_rope_angles(const float *frequencies, size_t half, uint32_t position, float *out);

#endif
