#include "compute/model/decoder_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compute/model/rope_file.h"
#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"

/* What a family has where its file says nothing. */
struct family {
    const char *name, *architecture;
    int64_t kv_heads; /* 0: as many as heads */
    int64_t window;
    int64_t positions;
    int64_t experts, experts_active;
    double theta, epsilon;
    bool may_have_bias; /* attention_bias counts */
    bool has_qkv_bias;
    bool may_have_window, asks_for_window; /* the latter: only with use_sliding_window */
};

static const struct family families[] = {
    { .name = "llama",
      .architecture = "Llama",
      .positions = 2048,
      .theta = 1e4,
      .epsilon = 1e-6,
      .may_have_bias = true },
    { .name = "mistral",
      .architecture = "Mistral",
      .kv_heads = 8,
      .window = 4096,
      .positions = 131072,
      .theta = 1e4,
      .epsilon = 1e-6,
      .may_have_window = true },
    { .name = "mixtral",
      .architecture = "Mixtral",
      .kv_heads = 8,
      .positions = 131072,
      .experts = 8,
      .experts_active = 2,
      .theta = 1e6,
      .epsilon = 1e-5,
      .may_have_window = true },
    { .name = "qwen2",
      .architecture = "Qwen2",
      .kv_heads = 32,
      .window = 4096,
      .positions = 32768,
      .theta = 1e4,
      .epsilon = 1e-6,
      .has_qkv_bias = true,
      .may_have_window = true,
      .asks_for_window = true },
};

/* Says null what it does not say? */
static const struct kn_json *told(const struct kn_json *config, const char *name)
{
    const struct kn_json *value = kn_json_get(config, name);

    return kn_json_is_null(value) ? NULL : value;
}

static enum kn_code unknown_family(const char *name, struct kn_error *err)
{
    (void)kn_fail(err, KN_E_UNSUPPORTED, "models of the family \"%.64s\" are not served", name);
    kn_hint(err, "Served are llama, mistral, mixtral and qwen2.");
    return KN_E_UNSUPPORTED;
}

/* By model_type; by the class in `architectures` ("LlamaForCausalLM") where there is none. */
static enum kn_code find_family(const struct kn_json *config, const struct family **out,
                                struct kn_error *err)
{
    const char *type = kn_json_to_text(told(config, "model_type"));
    const char *class = kn_json_to_text(kn_json_item(kn_json_get(config, "architectures"), 0));

    for (size_t i = 0; i < KN_COUNT(families); i++) {
        size_t n = strlen(families[i].architecture);

        if (type != NULL ? strcmp(type, families[i].name) == 0
                         : class != NULL && strncmp(class, families[i].architecture, n) == 0 &&
                               strncmp(class + n, "For", 3) == 0) {
            *out = &families[i];
            return KN_OK;
        }
    }
    if (type == NULL && class == NULL)
        return kn_fail(err, KN_E_INVALID, "neither model_type nor architectures say what it is");
    return unknown_family(type != NULL ? type : class, err);
}

/* A whole number of 1 to `max`, or `fallback` where it is not told; a fallback of 0: it must be. */
static enum kn_code whole(const struct kn_json *config, const char *name, int64_t fallback,
                          int64_t max, uint32_t *out, struct kn_error *err)
{
    const struct kn_json *json = told(config, name);
    int64_t value = fallback;

    if (json == NULL && fallback == 0)
        return kn_fail(err, KN_E_INVALID, "%s: missing", name);
    if (json != NULL && !kn_json_to_int(json, &value))
        return kn_fail(err, KN_E_INVALID, "%s: not a whole number", name);
    if (value < 1 || value > max)
        return kn_fail(err, KN_E_RANGE, "%s: %lld is outside 1..%lld", name, (long long)value,
                       (long long)max);
    *out = (uint32_t)value;
    return KN_OK;
}

static enum kn_code read_heads(const struct kn_json *config, const struct family *family,
                               struct kn_decoder *out, struct kn_error *err)
{
    enum kn_code rc;

    rc = whole(config, "num_attention_heads", 0, KN_DECODER_HEADS_MAX, &out->heads, err);
    if (rc == KN_OK)
        rc = whole(config, "num_key_value_heads",
                   family->kv_heads > 0 ? family->kv_heads : out->heads, KN_DECODER_HEADS_MAX,
                   &out->kv_heads, err);
    if (rc == KN_OK && out->heads % out->kv_heads != 0)
        return kn_fail(err, KN_E_INVALID,
                       "num_attention_heads: %u is no multiple of num_key_value_heads %u",
                       (unsigned)out->heads, (unsigned)out->kv_heads);
    if (rc == KN_OK && told(config, "head_dim") == NULL && out->hidden % out->heads != 0)
        return kn_fail(err, KN_E_INVALID,
                       "hidden_size: %u is no multiple of num_attention_heads %u",
                       (unsigned)out->hidden, (unsigned)out->heads);
    if (rc == KN_OK)
        rc = whole(config, "head_dim", out->hidden / out->heads, KN_DECODER_HEAD_MAX,
                   &out->head_dim, err);
    if (rc == KN_OK && out->head_dim % 2 != 0)
        return kn_fail(err, KN_E_INVALID, "head_dim: %u is odd; positions turn pairs",
                       (unsigned)out->head_dim);
    return rc;
}

static enum kn_code read_sizes(const struct kn_json *config, const struct family *family,
                               struct kn_decoder *out, struct kn_error *err)
{
    enum kn_code rc;

    rc = whole(config, "num_hidden_layers", 0, KN_DECODER_BLOCKS_MAX, &out->blocks, err);
    if (rc == KN_OK)
        rc = whole(config, "hidden_size", 0, KN_DECODER_HIDDEN_MAX, &out->hidden, err);
    if (rc == KN_OK)
        rc = read_heads(config, family, out, err);
    if (rc == KN_OK)
        rc = whole(config, "intermediate_size", 0, KN_DECODER_FFN_MAX, &out->ffn, err);
    if (rc == KN_OK)
        rc = whole(config, "max_position_embeddings", family->positions, KN_DECODER_POSITIONS_MAX,
                   &out->max_positions, err);
    if (rc != KN_OK || family->experts == 0)
        return rc;
    rc = whole(config, "num_local_experts", family->experts, KN_DECODER_EXPERTS_MAX, &out->experts,
               err);
    if (rc == KN_OK)
        rc = whole(config, "num_experts_per_tok", family->experts_active, out->experts,
                   &out->experts_active, err);
    return rc;
}

static enum kn_code read_epsilon(const struct kn_json *config, const struct family *family,
                                 float *out, struct kn_error *err)
{
    const struct kn_json *json = told(config, "rms_norm_eps");
    double value = family->epsilon;

    if (json != NULL && !kn_json_to_number(json, &value))
        return kn_fail(err, KN_E_INVALID, "rms_norm_eps: not a number");
    if (!(value >= 1e-12 && value <= 1))
        return kn_fail(err, KN_E_RANGE, "rms_norm_eps: %g is outside 1e-12..1", value);
    *out = (float)value;
    return KN_OK;
}

/* One answer for all blocks: where some look back further than others, that is refused. */
static enum kn_code window_of_layers(const struct kn_json *types, const struct kn_decoder *decoder,
                                     bool *windowed, struct kn_error *err)
{
    size_t sliding = 0;

    if (kn_json_count(types) != decoder->blocks)
        return kn_fail(err, KN_E_INVALID, "layer_types: %zu of them for %u blocks",
                       kn_json_count(types), (unsigned)decoder->blocks);
    for (size_t i = 0; i < decoder->blocks; i++) {
        const char *type = kn_json_to_text(kn_json_item(types, i));

        if (type == NULL ||
            (strcmp(type, "full_attention") != 0 && strcmp(type, "sliding_attention") != 0))
            return kn_fail(err, KN_E_UNSUPPORTED, "layer_types: \"%.64s\" is not computed here",
                           type != NULL ? type : "");
        sliding += type[0] == 's';
    }
    if (sliding != 0 && sliding != decoder->blocks)
        return kn_fail(err, KN_E_UNSUPPORTED,
                       "layer_types: blocks with and without a window in one model");
    *windowed = sliding != 0;
    return KN_OK;
}

/* Qwen2 has a window from block max_window_layers on, if use_sliding_window says so. */
static enum kn_code window_of_qwen(const struct kn_json *config, const struct kn_decoder *decoder,
                                   bool *windowed, struct kn_error *err)
{
    const struct kn_json *json = told(config, "max_window_layers");
    int64_t first = 28;

    *windowed = kn_json_is_true(kn_json_get(config, "use_sliding_window"));
    if (!*windowed)
        return KN_OK;
    if (json != NULL && (!kn_json_to_int(json, &first) || first < 0))
        return kn_fail(err, KN_E_INVALID, "max_window_layers: not a number from 0 on");
    if (first > 0 && first < decoder->blocks)
        return kn_fail(err, KN_E_UNSUPPORTED,
                       "max_window_layers: blocks with and without a window in one model");
    *windowed = first == 0;
    return KN_OK;
}

static enum kn_code read_window(const struct kn_json *config, const struct family *family,
                                struct kn_decoder *out, struct kn_error *err)
{
    const struct kn_json *json = kn_json_get(config, "sliding_window");
    bool windowed = family->may_have_window;
    enum kn_code rc = KN_OK;

    if (!family->may_have_window)
        return KN_OK;
    if (told(config, "layer_types") != NULL)
        rc = window_of_layers(kn_json_get(config, "layer_types"), out, &windowed, err);
    else if (family->asks_for_window)
        rc = window_of_qwen(config, out, &windowed, err);
    if (rc != KN_OK || !windowed || kn_json_is_null(json) || (json == NULL && family->window == 0))
        return rc;
    return whole(config, "sliding_window", family->window, KN_DECODER_POSITIONS_MAX, &out->window,
                 err);
}

static enum kn_code refuse_activation(const struct kn_json *config, struct kn_error *err)
{
    const struct kn_json *json = told(config, "hidden_act");
    const char *word = kn_json_to_text(json);

    if (json == NULL || (word != NULL && (strcmp(word, "silu") == 0 || strcmp(word, "swish") == 0)))
        return KN_OK;
    return kn_fail(err, KN_E_UNSUPPORTED, "hidden_act: \"%.64s\" is not computed here, \"silu\" is",
                   word != NULL ? word : "");
}

/* What would change the result and has no place in a decoder. */
static enum kn_code refuse_others(const struct kn_json *config, struct kn_error *err)
{
    const struct kn_json *quantised = told(config, "quantization_config");
    const char *method = kn_json_to_text(kn_json_get(quantised, "quant_method"));

    if (quantised != NULL) {
        (void)kn_fail(err, KN_E_UNSUPPORTED, "quantization_config: weights of \"%.64s\"",
                      method != NULL ? method : "an unknown method");
        kn_hint(err, "Take the model's repository with weights in bfloat16, float16 or float32; "
                     "the setting model.quant_type makes them smaller when they are loaded.");
        return KN_E_UNSUPPORTED;
    }
    if (kn_json_is_true(kn_json_get(config, "mlp_bias")))
        return kn_fail(err, KN_E_UNSUPPORTED, "mlp_bias: a feed-forward with biases");
    return refuse_activation(config, err);
}

static enum kn_code read_config(const struct kn_json *config, struct kn_decoder_file *out,
                                struct kn_error *err)
{
    struct kn_decoder *decoder = &out->decoder;
    const struct family *family = NULL;
    enum kn_code rc = find_family(config, &family, err);

    if (rc == KN_OK)
        rc = refuse_others(config, err);
    if (rc == KN_OK)
        rc = read_sizes(config, family, decoder, err);
    if (rc == KN_OK)
        rc = read_epsilon(config, family, &decoder->norm_epsilon, err);
    if (rc == KN_OK)
        rc = read_window(config, family, decoder, err);
    if (rc == KN_OK)
        rc = kn_rope_read(config, family->theta, &decoder->rope, err);
    if (rc != KN_OK)
        return rc;
    (void)snprintf(out->family, sizeof(out->family), "%s", family->name);
    out->output_bias =
        family->may_have_bias && kn_json_is_true(kn_json_get(config, "attention_bias"));
    out->qkv_bias = out->output_bias || family->has_qkv_bias;
    return KN_OK;
}

enum kn_code kn_decoder_file_decode(const char *text, size_t n, struct kn_decoder_file *out,
                                    struct kn_error *err)
{
    struct kn_decoder_file file = { 0 };
    struct kn_json *config = NULL;
    enum kn_code rc = kn_json_read(text, n, &config, err);

    if (rc == KN_OK && !kn_json_is_object(config))
        rc = kn_fail(err, KN_E_SYNTAX, "no object");
    if (rc == KN_OK)
        rc = read_config(config, &file, err);
    if (rc == KN_OK)
        *out = file;
    kn_json_free(config);
    return rc;
}

enum kn_code kn_decoder_file_read(const char *folder, struct kn_decoder_file *out,
                                  struct kn_error *err)
{
    struct kn_bytes bytes = { 0 };
    struct kn_text path = { 0 };
    enum kn_code rc;

    kn_text_addf(&path, "%s/config.json", folder);
    if (path.failed)
        return kn_fail_no_memory(err);
    rc = kn_file_read(path.at, KN_DECODER_FILE_MAX, &bytes, err);
    if (rc == KN_OK)
        rc = kn_decoder_file_decode(bytes.at, bytes.n, out, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", path.at);
    kn_bytes_done(&bytes);
    kn_text_done(&path);
    return rc;
}
