/*
 * Property: a decoder that is accepted has every number inside its bounds and in step with the
 * others, so that no product of two of them leaves 64 bits; what is refused says why.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/model/decoder_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_within(uint32_t value, uint32_t max)
{
    require(value >= 1 && value <= max);
}

static void check_rope(const struct kn_rope *rope)
{
    require(isfinite(rope->theta) && rope->theta >= 1);
    require(rope->scaling == KN_ROPE_PLAIN || (isfinite(rope->factor) && rope->factor >= 1));
    if (rope->scaling != KN_ROPE_LLAMA3)
        return;
    require(rope->low_frequency > 0 && rope->high_frequency > rope->low_frequency);
    require_within(rope->original_positions, KN_DECODER_POSITIONS_MAX);
}

static void check(const struct kn_decoder_file *file)
{
    const struct kn_decoder *d = &file->decoder;

    require(memchr(file->family, '\0', sizeof(file->family)) != NULL && file->family[0] != '\0');
    require_within(d->blocks, KN_DECODER_BLOCKS_MAX);
    require_within(d->hidden, KN_DECODER_HIDDEN_MAX);
    require_within(d->heads, KN_DECODER_HEADS_MAX);
    require_within(d->kv_heads, d->heads);
    require(d->heads % d->kv_heads == 0);
    require_within(d->head_dim, KN_DECODER_HEAD_MAX);
    require(d->head_dim % 2 == 0);
    require(d->heads * d->head_dim <= KN_MATRIX_SIDE_MAX);
    require_within(d->ffn, KN_DECODER_FFN_MAX);
    require_within(d->max_positions, KN_DECODER_POSITIONS_MAX);
    require(d->experts <= KN_DECODER_EXPERTS_MAX && d->experts_active <= d->experts);
    require((d->experts == 0) == (d->experts_active == 0));
    require(d->window <= KN_DECODER_POSITIONS_MAX);
    require(isfinite(d->norm_epsilon) && d->norm_epsilon > 0);
    check_rope(&d->rope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kn_decoder_file file;
    struct kn_error err = { 0 };

    if (size > KN_DECODER_FILE_MAX)
        return 0;
    if (kn_decoder_file_decode((const char *)data, size, &file, &err) == KN_OK)
        check(&file);
    else
        require(err.code != KN_OK && err.text[0] != '\0');
    return 0;
}
