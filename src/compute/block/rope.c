#include "compute/block/rope.h"

#include <math.h>

static const float two_pi = 6.283185307179586F;

/* Long waves are stretched by the factor, short ones are not, those between in part. */
static float llama3(const struct kn_rope *rope, float frequency)
{
    float factor = (float)rope->factor, low = (float)rope->low_frequency;
    float high = (float)rope->high_frequency, original = (float)rope->original_positions;
    float wave = two_pi / frequency, smooth;

    if (wave > original / low)
        return frequency / factor;
    if (wave < original / high)
        return frequency;
    smooth = (original / wave - low) / (high - low);
    return (1 - smooth) * frequency / factor + smooth * frequency;
}

static float scaled(const struct kn_rope *rope, float frequency)
{
    switch (rope->scaling) {
    case KN_ROPE_PLAIN:
        break;
    case KN_ROPE_LINEAR:
        return frequency / (float)rope->factor;
    case KN_ROPE_LLAMA3:
        return llama3(rope, frequency);
    }
    return frequency;
}

void kn_rope_frequencies(const struct kn_rope *rope, uint32_t head_dim, float *out)
{
    for (uint32_t i = 0; i < head_dim / 2; i++) {
        float power = (float)(2 * i) / (float)head_dim;

        out[i] = scaled(rope, 1.0F / powf((float)rope->theta, power));
    }
}

void kn_rope_angles(const float *frequencies, size_t half, uint32_t position, float *out)
{
    for (size_t i = 0; i < half; i++) {
        float angle = (float)position * frequencies[i];

        out[i] = cosf(angle);
        out[half + i] = sinf(angle);
    }
}
