#include "compute/model/decoder_file.h"

#include <math.h>

#include "support/check.h"

static enum kn_code decode(const char *text, struct kn_decoder_file *out, struct kn_error *err)
{
    return kn_decoder_file_decode(text, strlen(text), out, err);
}

/* What the repositories' own files say, without what says nothing of the blocks. */
static void the_files_of_real_models_are_read(void **state)
{
    static const struct {
        const char *row, *text;
        struct kn_decoder_file want;
    } rows[] = {
        { "Llama-2-7b-hf",
          "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_act\": \"silu\", "
          "\"hidden_size\": 4096, \"intermediate_size\": 11008, \"max_position_embeddings\": 4096, "
          "\"model_type\": \"llama\", \"num_attention_heads\": 32, \"num_hidden_layers\": 32, "
          "\"num_key_value_heads\": 32, \"pretraining_tp\": 1, \"rms_norm_eps\": 1e-05, "
          "\"rope_scaling\": null, \"tie_word_embeddings\": false, \"torch_dtype\": \"float16\", "
          "\"vocab_size\": 32000}",
          { .family = "llama",
            .decoder = { .blocks = 32,
                         .hidden = 4096,
                         .heads = 32,
                         .kv_heads = 32,
                         .head_dim = 128,
                         .ffn = 11008,
                         .max_positions = 4096,
                         .norm_epsilon = 1e-5F,
                         .rope = { .theta = 10000 } } } },
        { "Llama-3.1-8B",
          "{\"architectures\": [\"LlamaForCausalLM\"], \"attention_bias\": false, "
          "\"hidden_act\": \"silu\", \"hidden_size\": 4096, \"intermediate_size\": 14336, "
          "\"max_position_embeddings\": 131072, \"mlp_bias\": false, \"model_type\": \"llama\", "
          "\"num_attention_heads\": 32, \"num_hidden_layers\": 32, \"num_key_value_heads\": 8, "
          "\"pretraining_tp\": 1, \"rms_norm_eps\": 1e-05, \"rope_scaling\": {\"factor\": 8.0, "
          "\"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, "
          "\"original_max_position_embeddings\": 8192, \"rope_type\": \"llama3\"}, "
          "\"rope_theta\": 500000.0, \"torch_dtype\": \"bfloat16\", \"vocab_size\": 128256}",
          { .family = "llama",
            .decoder = { .blocks = 32,
                         .hidden = 4096,
                         .heads = 32,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .ffn = 14336,
                         .max_positions = 131072,
                         .norm_epsilon = 1e-5F,
                         .rope = { 500000, KN_ROPE_LLAMA3, 8, 1, 4, 8192 } } } },
        { "Llama-3.3-70B-Instruct",
          "{\"architectures\": [\"LlamaForCausalLM\"], \"attention_bias\": false, "
          "\"head_dim\": 128, \"hidden_act\": \"silu\", \"hidden_size\": 8192, "
          "\"intermediate_size\": 28672, \"max_position_embeddings\": 131072, "
          "\"mlp_bias\": false, \"model_type\": \"llama\", \"num_attention_heads\": 64, "
          "\"num_hidden_layers\": 80, \"num_key_value_heads\": 8, \"rms_norm_eps\": 1e-05, "
          "\"rope_scaling\": {\"factor\": 8.0, \"high_freq_factor\": 4.0, "
          "\"low_freq_factor\": 1.0, \"original_max_position_embeddings\": 8192, "
          "\"rope_type\": \"llama3\"}, \"rope_theta\": 500000.0, \"vocab_size\": 128256}",
          { .family = "llama",
            .decoder = { .blocks = 80,
                         .hidden = 8192,
                         .heads = 64,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .ffn = 28672,
                         .max_positions = 131072,
                         .norm_epsilon = 1e-5F,
                         .rope = { 500000, KN_ROPE_LLAMA3, 8, 1, 4, 8192 } } } },
        { "the same as version 5 of transformers writes it",
          "{\"architectures\": [\"LlamaForCausalLM\"], \"attention_bias\": false, "
          "\"dtype\": \"bfloat16\", \"head_dim\": 128, \"hidden_act\": \"silu\", "
          "\"hidden_size\": 8192, \"intermediate_size\": 28672, "
          "\"max_position_embeddings\": 131072, \"model_type\": \"llama\", "
          "\"num_attention_heads\": 64, \"num_hidden_layers\": 80, \"num_key_value_heads\": 8, "
          "\"rms_norm_eps\": 1e-05, \"rope_parameters\": {\"factor\": 8.0, "
          "\"high_freq_factor\": 4.0, \"low_freq_factor\": 1.0, "
          "\"original_max_position_embeddings\": 8192, \"rope_theta\": 500000.0, "
          "\"rope_type\": \"llama3\"}}",
          { .family = "llama",
            .decoder = { .blocks = 80,
                         .hidden = 8192,
                         .heads = 64,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .ffn = 28672,
                         .max_positions = 131072,
                         .norm_epsilon = 1e-5F,
                         .rope = { 500000, KN_ROPE_LLAMA3, 8, 1, 4, 8192 } } } },
        { "Mistral-7B-v0.1",
          "{\"architectures\": [\"MistralForCausalLM\"], \"hidden_act\": \"silu\", "
          "\"hidden_size\": 4096, \"intermediate_size\": 14336, "
          "\"max_position_embeddings\": 32768, \"model_type\": \"mistral\", "
          "\"num_attention_heads\": 32, \"num_hidden_layers\": 32, \"num_key_value_heads\": 8, "
          "\"rms_norm_eps\": 1e-05, \"rope_theta\": 10000.0, \"sliding_window\": 4096, "
          "\"vocab_size\": 32000}",
          { .family = "mistral",
            .decoder = { .blocks = 32,
                         .hidden = 4096,
                         .heads = 32,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .ffn = 14336,
                         .window = 4096,
                         .max_positions = 32768,
                         .norm_epsilon = 1e-5F,
                         .rope = { .theta = 10000 } } } },
        { "Mistral-7B-v0.3",
          "{\"architectures\": [\"MistralForCausalLM\"], \"hidden_act\": \"silu\", "
          "\"hidden_size\": 4096, \"intermediate_size\": 14336, "
          "\"max_position_embeddings\": 32768, \"model_type\": \"mistral\", "
          "\"num_attention_heads\": 32, \"num_hidden_layers\": 32, \"num_key_value_heads\": 8, "
          "\"rms_norm_eps\": 1e-05, \"rope_theta\": 1000000.0, \"sliding_window\": null, "
          "\"vocab_size\": 32768}",
          { .family = "mistral",
            .decoder = { .blocks = 32,
                         .hidden = 4096,
                         .heads = 32,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .ffn = 14336,
                         .max_positions = 32768,
                         .norm_epsilon = 1e-5F,
                         .rope = { .theta = 1000000 } } } },
        { "Qwen2.5-7B",
          "{\"architectures\": [\"Qwen2ForCausalLM\"], \"hidden_act\": \"silu\", "
          "\"hidden_size\": 3584, \"intermediate_size\": 18944, "
          "\"max_position_embeddings\": 131072, \"max_window_layers\": 28, "
          "\"model_type\": \"qwen2\", \"num_attention_heads\": 28, \"num_hidden_layers\": 28, "
          "\"num_key_value_heads\": 4, \"rms_norm_eps\": 1e-06, \"rope_theta\": 1000000.0, "
          "\"sliding_window\": 131072, \"torch_dtype\": \"bfloat16\", \"use_mrope\": false, "
          "\"use_sliding_window\": false, \"vocab_size\": 152064}",
          { .family = "qwen2",
            .qkv_bias = true,
            .decoder = { .blocks = 28,
                         .hidden = 3584,
                         .heads = 28,
                         .kv_heads = 4,
                         .head_dim = 128,
                         .ffn = 18944,
                         .max_positions = 131072,
                         .norm_epsilon = 1e-6F,
                         .rope = { .theta = 1000000 } } } },
        { "Mixtral-8x7B-v0.1",
          "{\"architectures\": [\"MixtralForCausalLM\"], \"hidden_act\": \"silu\", "
          "\"hidden_size\": 4096, \"intermediate_size\": 14336, "
          "\"max_position_embeddings\": 32768, \"model_type\": \"mixtral\", "
          "\"num_attention_heads\": 32, \"num_experts_per_tok\": 2, \"num_hidden_layers\": 32, "
          "\"num_key_value_heads\": 8, \"num_local_experts\": 8, \"output_router_logits\": false, "
          "\"rms_norm_eps\": 1e-05, \"rope_theta\": 1000000.0, \"sliding_window\": null, "
          "\"vocab_size\": 32000}",
          { .family = "mixtral",
            .decoder = { .blocks = 32,
                         .hidden = 4096,
                         .heads = 32,
                         .kv_heads = 8,
                         .head_dim = 128,
                         .ffn = 14336,
                         .experts = 8,
                         .experts_active = 2,
                         .max_positions = 32768,
                         .norm_epsilon = 1e-5F,
                         .rope = { .theta = 1000000 } } } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_decoder_file got;
        struct kn_error err = { 0 };
        const struct kn_decoder *d = &got.decoder, *want = &rows[i].want.decoder;

        CHECK_EQ(err.text, decode(rows[i].text, &got, &err), KN_OK);
        CHECK_STR(rows[i].row, got.family, rows[i].want.family);
        CHECK_EQ(rows[i].row, got.qkv_bias, rows[i].want.qkv_bias);
        CHECK_EQ(rows[i].row, got.output_bias, rows[i].want.output_bias);
        CHECK_EQ(rows[i].row, d->blocks, want->blocks);
        CHECK_EQ(rows[i].row, d->hidden, want->hidden);
        CHECK_EQ(rows[i].row, d->heads, want->heads);
        CHECK_EQ(rows[i].row, d->kv_heads, want->kv_heads);
        CHECK_EQ(rows[i].row, d->head_dim, want->head_dim);
        CHECK_EQ(rows[i].row, d->ffn, want->ffn);
        CHECK_EQ(rows[i].row, d->experts, want->experts);
        CHECK_EQ(rows[i].row, d->experts_active, want->experts_active);
        CHECK_EQ(rows[i].row, d->window, want->window);
        CHECK_EQ(rows[i].row, d->max_positions, want->max_positions);
        CHECK(rows[i].row, d->norm_epsilon == want->norm_epsilon);
        CHECK(rows[i].row, d->rope.theta == want->rope.theta);
        CHECK_EQ(rows[i].row, d->rope.scaling, want->rope.scaling);
        CHECK(rows[i].row, d->rope.factor == want->rope.factor &&
                               d->rope.low_frequency == want->rope.low_frequency &&
                               d->rope.high_frequency == want->rope.high_frequency);
        CHECK_EQ(rows[i].row, d->rope.original_positions, want->rope.original_positions);
    }
}

/* A small model of a family, with more members; a later one would be a duplicate. */
#define SIZES "\"hidden_size\": 64, \"intermediate_size\": 176, \"num_hidden_layers\": 4, "
#define HEADS "\"num_attention_heads\": 8"
#define OF(family, more) "{\"model_type\": \"" family "\", " SIZES HEADS more "}"
#define LLAMA(more) OF("llama", more)

static void what_a_file_leaves_out_is_the_familys_own(void **state)
{
    static const struct {
        const char *row, *text;
        uint32_t kv_heads, window, positions, experts, active;
        double theta;
        float epsilon;
    } rows[] = {
        { "llama", LLAMA(""), 8, 0, 2048, 0, 0, 1e4, 1e-6F },
        { "mistral", OF("mistral", ""), 8, 4096, 131072, 0, 0, 1e4, 1e-6F },
        { "mixtral", OF("mixtral", ""), 8, 0, 131072, 8, 2, 1e6, 1e-5F },
        { "qwen2", OF("qwen2", ", \"num_key_value_heads\": 2"), 2, 0, 32768, 0, 0, 1e4, 1e-6F },
        { "null is nothing",
          LLAMA(", \"num_key_value_heads\": null, \"head_dim\": null, "
                "\"rope_theta\": null, \"quantization_config\": null"),
          8, 0, 2048, 0, 0, 1e4, 1e-6F },
        { "the class alone", "{\"architectures\": [\"LlamaForCausalLM\"], " SIZES HEADS "}", 8, 0,
          2048, 0, 0, 1e4, 1e-6F },
        { "a window of all blocks",
          OF("qwen2", ", \"num_key_value_heads\": 8, \"use_sliding_window\": true, "
                      "\"sliding_window\": 512, \"max_window_layers\": 0"),
          8, 512, 32768, 0, 0, 1e4, 1e-6F },
        { "a window of no block",
          OF("qwen2", ", \"num_key_value_heads\": 8, \"use_sliding_window\": true, "
                      "\"sliding_window\": 512, \"max_window_layers\": 4"),
          8, 0, 32768, 0, 0, 1e4, 1e-6F },
        { "a list says so",
          OF("mistral", ", \"sliding_window\": 512, \"layer_types\": [\"full_attention\", "
                        "\"full_attention\", \"full_attention\", \"full_attention\"]"),
          8, 0, 131072, 0, 0, 1e4, 1e-6F },
        { "a base alone, as version 5 writes it",
          LLAMA(", \"rope_parameters\": {\"rope_theta\": 7.0}"), 8, 0, 2048, 0, 0, 7, 1e-6F },
        { "no scaling, in its own word", LLAMA(", \"rope_scaling\": {\"rope_type\": \"default\"}"),
          8, 0, 2048, 0, 0, 1e4, 1e-6F },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_decoder_file got;
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, decode(rows[i].text, &got, &err), KN_OK);
        CHECK_EQ(rows[i].row, got.decoder.kv_heads, rows[i].kv_heads);
        CHECK_EQ(rows[i].row, got.decoder.head_dim, 8);
        CHECK_EQ(rows[i].row, got.decoder.window, rows[i].window);
        CHECK_EQ(rows[i].row, got.decoder.max_positions, rows[i].positions);
        CHECK_EQ(rows[i].row, got.decoder.experts, rows[i].experts);
        CHECK_EQ(rows[i].row, got.decoder.experts_active, rows[i].active);
        CHECK(rows[i].row, got.decoder.rope.theta == rows[i].theta);
        CHECK_EQ(rows[i].row, got.decoder.rope.scaling, KN_ROPE_PLAIN);
        CHECK(rows[i].row, got.decoder.norm_epsilon == rows[i].epsilon);
    }
}

static void biases_and_scalings_are_taken_as_told(void **state)
{
    struct kn_decoder_file got;

    (void)state;
    CHECK_EQ("bias", decode(LLAMA(", \"attention_bias\": true"), &got, NULL), KN_OK);
    CHECK("of all four", got.qkv_bias && got.output_bias);
    CHECK_EQ("qwen", decode(OF("qwen2", ", \"num_key_value_heads\": 8"), &got, NULL), KN_OK);
    CHECK("of three", got.qkv_bias && !got.output_bias);
    CHECK_EQ("mistral", decode(OF("mistral", ", \"attention_bias\": true"), &got, NULL), KN_OK);
    CHECK("which never has any", !got.qkv_bias && !got.output_bias);
    CHECK_EQ("linear",
             decode(LLAMA(", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}"), &got, NULL),
             KN_OK);
    CHECK("by two", got.decoder.rope.scaling == KN_ROPE_LINEAR && got.decoder.rope.factor == 2);
    CHECK_EQ("wide heads", decode(LLAMA(", \"head_dim\": 32"), &got, NULL), KN_OK);
    CHECK_EQ("as told", got.decoder.head_dim, 32);
}

#define LLAMA3(low, high)                                                                          \
    LLAMA(                                                                                         \
        ", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": " low \
        ", \"high_freq_factor\": " high ", \"original_max_position_embeddings\": 8192}")

static void what_would_not_be_computed_right_is_refused_by_name(void **state)
{
    static const struct {
        const char *row, *text;
        enum kn_code want;
        const char *part, *hint;
    } rows[] = {
        { "no JSON", "{", KN_E_SYNTAX, "line 1", "" },
        { "no object", "[]", KN_E_SYNTAX, "no object", "" },
        { "a member twice", LLAMA(", \"head_dim\": 8, \"head_dim\": 16"), KN_E_SYNTAX, "duplicate",
          "" },
        { "nobody", "{}", KN_E_INVALID, "neither model_type nor architectures", "" },
        { "another family", OF("falcon", ""), KN_E_UNSUPPORTED, "\"falcon\" are not served",
          "llama, mistral, mixtral and qwen2" },
        { "a family that begins like one", OF("llama4", ""), KN_E_UNSUPPORTED, "\"llama4\"", "" },
        { "another class", "{\"architectures\": [\"BloomForCausalLM\"]}", KN_E_UNSUPPORTED,
          "\"BloomForCausalLM\"", "" },
        { "a class that begins like one", "{\"architectures\": [\"Llama4ForCausalLM\"]}",
          KN_E_UNSUPPORTED, "\"Llama4ForCausalLM\"", "" },
        { "a number is missing", "{\"model_type\": \"llama\"}", KN_E_INVALID,
          "num_hidden_layers: missing", "" },
        { "a number in quotes", LLAMA(", \"head_dim\": \"8\""), KN_E_INVALID,
          "head_dim: not a whole number", "" },
        { "half a head", LLAMA(", \"head_dim\": 8.5"), KN_E_INVALID, "head_dim: not a whole", "" },
        { "an odd head", LLAMA(", \"head_dim\": 7"), KN_E_INVALID, "head_dim: 7 is odd", "" },
        { "a huge head", LLAMA(", \"head_dim\": 514"), KN_E_RANGE,
          "head_dim: 514 is outside 1..512", "" },
        { "no heads", LLAMA(", \"num_key_value_heads\": 0"), KN_E_RANGE,
          "num_key_value_heads: 0 is outside 1..1024", "" },
        { "fewer than none", LLAMA(", \"num_key_value_heads\": -8"), KN_E_RANGE, "-8 is outside",
          "" },
        { "heads that do not share", LLAMA(", \"num_key_value_heads\": 3"), KN_E_INVALID,
          "8 is no multiple of num_key_value_heads 3", "" },
        { "a hidden size that cannot be shared",
          "{\"model_type\": \"llama\", \"hidden_size\": 65, \"intermediate_size\": 176, "
          "\"num_hidden_layers\": 4, " HEADS "}",
          KN_E_INVALID, "hidden_size: 65 is no multiple of num_attention_heads 8", "" },
        { "too many blocks", "{\"model_type\": \"llama\", \"num_hidden_layers\": 1025}", KN_E_RANGE,
          "num_hidden_layers: 1025 is outside 1..1024", "" },
        { "a number beyond 64 bits",
          "{\"model_type\": \"llama\", \"num_hidden_layers\": 99999999999999999999}", KN_E_SYNTAX,
          "too big", "" },
        { "positions without end", LLAMA(", \"max_position_embeddings\": 1048577"), KN_E_RANGE,
          "max_position_embeddings", "" },
        { "more experts than there are",
          OF("mixtral", ", \"num_local_experts\": 4, \"num_experts_per_tok\": 5"), KN_E_RANGE,
          "num_experts_per_tok: 5 is outside 1..4", "" },
        { "no epsilon", LLAMA(", \"rms_norm_eps\": 0"), KN_E_RANGE, "rms_norm_eps: 0 is outside",
          "" },
        { "another activation", LLAMA(", \"hidden_act\": \"gelu\""), KN_E_UNSUPPORTED,
          "hidden_act: \"gelu\"", "" },
        { "a feed-forward with biases", LLAMA(", \"mlp_bias\": true"), KN_E_UNSUPPORTED, "mlp_bias",
          "" },
        { "quantised weights",
          LLAMA(", \"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4}"),
          KN_E_UNSUPPORTED, "quantization_config: weights of \"gptq\"", "model.quant_type" },
        { "another scaling", LLAMA(", \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}"),
          KN_E_UNSUPPORTED, "rope_scaling: a scaling of positions \"yarn\"",
          "\"linear\" and \"llama3\"" },
        { "another scaling, as version 5 writes it",
          LLAMA(", \"rope_parameters\": {\"rope_type\": \"dynamic\", \"factor\": 4.0}"),
          KN_E_UNSUPPORTED, "rope_parameters: a scaling of positions \"dynamic\"", "" },
        { "a scaling for each kind of layer",
          LLAMA(", \"rope_parameters\": {\"full_attention\": {\"rope_type\": \"default\"}}"),
          KN_E_INVALID, "rope_parameters: rope_type: missing", "" },
        { "a scaling without a factor", LLAMA(", \"rope_scaling\": {\"rope_type\": \"linear\"}"),
          KN_E_INVALID, "rope_scaling: factor: missing", "" },
        { "a scaling that is a number", LLAMA(", \"rope_scaling\": 2"), KN_E_INVALID,
          "rope_scaling: no object", "" },
        { "frequencies the wrong way round", LLAMA3("4", "1"), KN_E_INVALID,
          "high_freq_factor: 1 is not above low_freq_factor 4", "" },
        { "a factor of nothing", LLAMA3("0", "1"), KN_E_RANGE, "low_freq_factor: 0 is outside",
          "" },
        { "a part of the head", LLAMA(", \"partial_rotary_factor\": 0.5"), KN_E_UNSUPPORTED,
          "partial_rotary_factor: 0.5", "" },
        { "no base", LLAMA(", \"rope_theta\": 0"), KN_E_RANGE, "rope_theta: 0 is outside", "" },
        { "a window from a block on",
          OF("qwen2", ", \"num_key_value_heads\": 8, \"use_sliding_window\": true, "
                      "\"max_window_layers\": 2"),
          KN_E_UNSUPPORTED, "max_window_layers", "" },
        { "windows here and there",
          OF("mistral", ", \"layer_types\": [\"full_attention\", \"sliding_attention\", "
                        "\"full_attention\", \"full_attention\"]"),
          KN_E_UNSUPPORTED, "layer_types: blocks with and without", "" },
        { "a kind of attention that is new",
          OF("mistral", ", \"layer_types\": [\"linear_attention\", \"\", \"\", \"\"]"),
          KN_E_UNSUPPORTED, "layer_types: \"linear_attention\"", "" },
        { "a list that is too short", OF("mistral", ", \"layer_types\": []"), KN_E_INVALID,
          "layer_types: 0 of them for 4 blocks", "" },
        { "no window", OF("mistral", ", \"sliding_window\": 0"), KN_E_RANGE,
          "sliding_window: 0 is outside", "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_decoder_file got = { .family = "untouched" };
        struct kn_error err = { 0 };

        CHECK_EQ(rows[i].row, decode(rows[i].text, &got, &err), rows[i].want);
        CHECK_HAS(rows[i].row, err.text, rows[i].part);
        CHECK_HAS(rows[i].row, err.hint, rows[i].hint);
        CHECK_STR(rows[i].row, got.family, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_of_real_models_are_read),
        cmocka_unit_test(what_a_file_leaves_out_is_the_familys_own),
        cmocka_unit_test(biases_and_scalings_are_taken_as_told),
        cmocka_unit_test(what_would_not_be_computed_right_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
