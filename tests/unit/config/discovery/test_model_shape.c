/* Sizes of blocks to the byte, config.json as families write it, and sizes in names. */
#include "config/discovery/model_shape.h"

#include "config/discovery/model_table.h"
#include "support/check.h"

/* Parameters of one block and bytes of one token's keys and values at 16 bits. */
/* proves: FR-0/0.2.3.1 */
static void blocks_have_the_known_sizes(void **state)
{
    static const struct {
        const char *model;
        uint32_t block;
        int64_t parameters;
        int64_t float32, float16, int8, nf4, cache;
    } cases[] = {
        { "Llama-2-7b", 0, 202383360, 809533440, 404766720, 202383360, 107516160, 16384 },
        { "Llama-2-13b", 0, 317204480, 1268817920, 634408960, 317204480, 168514880, 20480 },
        { "Llama-2-70b", 0, 855654400, 3422617600, 1711308800, 855654400, 454566400, 4096 },
        { "Llama-3.1-8B", 0, 218112000, 872448000, 436224000, 218112000, 115872000, 4096 },
        { "Llama-3.3-70B", 0, 855654400, 3422617600, 1711308800, 855654400, 454566400, 4096 },
        { "Llama-3.1-405B", 125, 3187703808, 12750815232, 6375407616, 3187703808, 1693467648,
          4096 },
        { "Qwen2.5-7B", 0, 233057792, 932231168, 466115584, 233057792, 123811952, 2048 },
        { "Qwen2.5-72B", 0, 877684736, 3510738944, 1755369472, 877684736, 466270016, 4096 },
        { "Mistral-7B-v0.1", 0, 218112000, 872448000, 436224000, 218112000, 115872000, 4096 },
        { "Mixtral-8x7B-v0.1", 31, 1451270144, 5805080576, 2902540288, 1451270144, 770987264,
          4096 },
        { "falcon-40b", 0, 679510016, 2718040064, 1359020032, 679510016, 360989696, 2048 },
        { "falcon-180B", 0, 2219894784, 8879579136, 4439789568, 2219894784, 1179319104, 2048 },
        { "bloom", 0, 2466437120, 9865748480, 4932874240, 2466437120, 1310294720, 57344 },
        { "DeepSeek-V3", 0, 583483392, 2333933568, 1166966784, 583483392, 309975552, 1152 },
        { "DeepSeek-V3", 3, 11507286272, 46029145088, 23014572544, 11507286272, 6113245832, 1152 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *name = cases[i].model;
        const struct kn_model_row *row = kn_model_find(name);
        struct kn_model_size size;
        int64_t n;

        CHECK(name, row != NULL);
        n = kn_shape_block(&row->shape, cases[i].block);
        CHECK_EQ(name, n, cases[i].parameters);
        CHECK_EQ(name, kn_weight_bytes(n, KN_DTYPE_FLOAT32, KN_QUANT_NONE), cases[i].float32);
        CHECK_EQ(name, kn_weight_bytes(n, KN_DTYPE_FLOAT16, KN_QUANT_NONE), cases[i].float16);
        CHECK_EQ(name, kn_weight_bytes(n, KN_DTYPE_BFLOAT16, KN_QUANT_NONE), cases[i].float16);
        CHECK_EQ(name, kn_weight_bytes(n, KN_DTYPE_FLOAT32, KN_QUANT_INT8), cases[i].int8);
        CHECK_EQ(name, kn_weight_bytes(n, KN_DTYPE_FLOAT16, KN_QUANT_NF4), cases[i].nf4);
        size = kn_model_size_of(&row->shape, KN_SIZE_TABLE);
        CHECK_EQ(name, 2 * size.cache_numbers, cases[i].cache);
        CHECK_EQ(name, size.blocks, row->shape.blocks);
    }
}

static void nf4_is_rounded_up(void **state)
{
    (void)state;
    CHECK_EQ("none", kn_weight_bytes(0, KN_DTYPE_FLOAT16, KN_QUANT_NF4), 0);
    CHECK_EQ("one", kn_weight_bytes(1, KN_DTYPE_FLOAT16, KN_QUANT_NF4), 1);
    CHECK_EQ("two", kn_weight_bytes(2, KN_DTYPE_FLOAT16, KN_QUANT_NF4), 2);
    CHECK_EQ("32", kn_weight_bytes(32, KN_DTYPE_FLOAT16, KN_QUANT_NF4), 17);
    CHECK_EQ("33", kn_weight_bytes(33, KN_DTYPE_FLOAT16, KN_QUANT_NF4), 18);
}

static void the_largest_block_counts(void **state)
{
    const struct kn_model_row *row = kn_model_find("DeepSeek-V3");

    (void)state;
    CHECK_EQ("experts", kn_shape_largest_block(&row->shape), 11507286272);
    row = kn_model_find("DeepSeek-V2-Lite");
    CHECK("experts", kn_shape_largest_block(&row->shape) > kn_shape_block(&row->shape, 0));
}

static void families_have_the_words_of_config_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_FAMILY_COUNT; i++)
        CHECK_EQ("there and back", kn_family_of(kn_family_word((enum kn_model_family)i)), i);
    CHECK_EQ("none", kn_family_of("gpt2"), KN_FAMILY_OTHER);
    CHECK_EQ("none", kn_family_of(""), KN_FAMILY_OTHER);
}

struct member {
    const char *key;
    int64_t value;
};

struct json_case {
    const char *name, *type;
    struct member members[20];
    const char *model; /* whose shape comes out */
    enum kn_code want;
    const char *text; /* of the error */
};

static void feed(struct kn_model_json *json, const struct json_case *c)
{
    kn_model_json_text(json, "torch_dtype", "bfloat16");
    kn_model_json_text(json, "model_type", c->type);
    kn_model_json_number(json, "use_cache", 1);
    for (size_t i = 0; i < KN_COUNT(c->members) && c->members[i].key != NULL; i++)
        kn_model_json_number(json, c->members[i].key, c->members[i].value);
}

static void check_same_shape(const char *name, const struct kn_model_shape *a,
                             const struct kn_model_shape *b)
{
    CHECK_EQ(name, a->family, b->family);
    CHECK_EQ(name, a->blocks, b->blocks);
    CHECK_EQ(name, a->hidden, b->hidden);
    CHECK_EQ(name, a->vocabulary, b->vocabulary);
    CHECK_EQ(name, a->max_context, b->max_context);
    CHECK_EQ(name, a->experts_active, b->experts_active);
    CHECK_EQ(name, kn_shape_block(a, 0), kn_shape_block(b, 0));
    CHECK_EQ(name, kn_shape_largest_block(a), kn_shape_largest_block(b));
    CHECK_EQ(name, kn_shape_whole(a), kn_shape_whole(b));
    CHECK_EQ(name, kn_model_size_of(a, KN_SIZE_CONFIG).cache_numbers,
             kn_model_size_of(b, KN_SIZE_TABLE).cache_numbers);
}

#define LLAMA                                                                            \
    { "hidden_size", 8192 }, { "num_hidden_layers", 80 }, { "num_attention_heads", 64 }, \
        { "num_key_value_heads", 8 }, { "intermediate_size", 28672 },                    \
    {                                                                                    \
        "max_position_embeddings", 131072                                                \
    }

static const struct json_case json_cases[] = {
    { "llama", "llama", { LLAMA, { "vocab_size", 128256 } }, "Llama-3.3-70B", KN_OK, NULL },
    { "llama with the head spelled out",
      "llama",
      { { "head_dim", 128 }, LLAMA, { "vocab_size", 128256 }, { "tie_word_embeddings", 0 } },
      "Llama-3.3-70B",
      KN_OK,
      NULL },
    { "llama without groups",
      "llama",
      { { "hidden_size", 4096 },
        { "num_hidden_layers", 32 },
        { "num_attention_heads", 32 },
        { "intermediate_size", 11008 },
        { "vocab_size", 32000 },
        { "max_position_embeddings", 4096 } },
      "Llama-2-7b",
      KN_OK,
      NULL },
    { "qwen2, whose bias goes without saying",
      "qwen2",
      { { "hidden_size", 896 },
        { "num_hidden_layers", 24 },
        { "num_attention_heads", 14 },
        { "num_key_value_heads", 2 },
        { "intermediate_size", 4864 },
        { "vocab_size", 151936 },
        { "max_position_embeddings", 32768 },
        { "tie_word_embeddings", 1 } },
      "Qwen2.5-0.5B",
      KN_OK,
      NULL },
    { "mixtral",
      "mixtral",
      { { "hidden_size", 4096 },
        { "num_hidden_layers", 32 },
        { "num_attention_heads", 32 },
        { "num_key_value_heads", 8 },
        { "intermediate_size", 14336 },
        { "vocab_size", 32000 },
        { "num_local_experts", 8 },
        { "num_experts_per_tok", 2 },
        { "max_position_embeddings", 32768 } },
      "Mixtral-8x7B-v0.1",
      KN_OK,
      NULL },
    { "the first falcon",
      "falcon",
      { { "hidden_size", 4544 },
        { "num_hidden_layers", 32 },
        { "num_attention_heads", 71 },
        { "num_kv_heads", 71 },
        { "multi_query", 1 },
        { "new_decoder_architecture", 0 },
        { "vocab_size", 65024 },
        { "max_position_embeddings", 2048 } },
      "falcon-7b",
      KN_OK,
      NULL },
    { "the second falcon",
      "falcon",
      { { "hidden_size", 8192 },
        { "num_hidden_layers", 60 },
        { "num_attention_heads", 128 },
        { "num_kv_heads", 8 },
        { "multi_query", 1 },
        { "new_decoder_architecture", 1 },
        { "vocab_size", 65024 },
        { "max_position_embeddings", 2048 } },
      "falcon-40b",
      KN_OK,
      NULL },
    { "bloom, in words of its own",
      "bloom",
      { { "n_embed", 14336 },
        { "n_layer", 70 },
        { "num_attention_heads", 112 },
        { "vocab_size", 250880 },
        { "seq_length", 2048 } },
      "bloom",
      KN_OK,
      NULL },
    { "gemma, whose heads are longer",
      "gemma",
      { { "hidden_size", 2048 },
        { "num_hidden_layers", 18 },
        { "num_attention_heads", 8 },
        { "num_key_value_heads", 1 },
        { "intermediate_size", 16384 },
        { "vocab_size", 256000 },
        { "max_position_embeddings", 8192 } },
      "gemma-2b",
      KN_OK,
      NULL },
    { "qwen3 with experts",
      "qwen3_moe",
      { { "hidden_size", 2048 },
        { "num_hidden_layers", 48 },
        { "num_attention_heads", 32 },
        { "num_key_value_heads", 4 },
        { "head_dim", 128 },
        { "intermediate_size", 6144 },
        { "moe_intermediate_size", 768 },
        { "num_experts", 128 },
        { "num_experts_per_tok", 8 },
        { "vocab_size", 151936 },
        { "max_position_embeddings", 40960 } },
      "Qwen3-30B-A3B",
      KN_OK,
      NULL },
    { "deepseek",
      "deepseek_v3",
      { { "hidden_size", 7168 },
        { "num_hidden_layers", 61 },
        { "num_attention_heads", 128 },
        { "num_key_value_heads", 128 },
        { "intermediate_size", 18432 },
        { "moe_intermediate_size", 2048 },
        { "n_routed_experts", 256 },
        { "n_shared_experts", 1 },
        { "num_experts_per_tok", 8 },
        { "first_k_dense_replace", 3 },
        { "q_lora_rank", 1536 },
        { "kv_lora_rank", 512 },
        { "qk_rope_head_dim", 64 },
        { "qk_nope_head_dim", 128 },
        { "v_head_dim", 128 },
        { "vocab_size", 129280 },
        { "max_position_embeddings", 163840 } },
      "DeepSeek-V3",
      KN_OK,
      NULL },
    { "another family",
      "gpt2",
      { LLAMA },
      NULL,
      KN_E_UNSUPPORTED,
      "model_type: not a family whose size is known" },
    { "no family",
      "",
      { LLAMA },
      NULL,
      KN_E_UNSUPPORTED,
      "model_type: not a family whose size is known" },
    { "no vocabulary", "llama", { LLAMA }, NULL, KN_E_INVALID, "vocab_size: missing" },
    { "no heads",
      "llama",
      { LLAMA, { "num_attention_heads", 0 }, { "vocab_size", 1 } },
      NULL,
      KN_E_INVALID,
      "num_attention_heads: missing" },
    { "fewer than no blocks",
      "llama",
      { LLAMA, { "vocab_size", 1 }, { "num_hidden_layers", -1 } },
      NULL,
      KN_E_RANGE,
      "num_hidden_layers: -1 is outside 0..4096" },
    { "the most blocks and one",
      "llama",
      { LLAMA, { "vocab_size", 1 }, { "num_hidden_layers", 4097 } },
      NULL,
      KN_E_RANGE,
      "num_hidden_layers: 4097 is outside 0..4096" },
    { "more than a number holds",
      "llama",
      { LLAMA, { "vocab_size", 1 }, { "intermediate_size", INT64_MAX } },
      NULL,
      KN_E_RANGE,
      "intermediate_size: 9223372036854775807 is outside 0..1048576" },
};

static void config_json_gives_the_shape_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(json_cases); i++) {
        const struct json_case *c = &json_cases[i];
        struct kn_model_json json = { 0 };
        struct kn_model_shape shape;
        struct kn_error err = { 0 };

        feed(&json, c);
        CHECK_EQ(c->name, kn_model_json_shape(&json, &shape, &err), c->want);
        if (c->want == KN_OK)
            check_same_shape(c->name, &shape, &kn_model_find(c->model)->shape);
        else
            CHECK_STR(c->name, err.text, c->text);
    }
}

static void the_largest_numbers_do_not_overflow(void **state)
{
    static const char *const types[] = { "llama", "bloom", "phi", "deepseek_v3", "qwen2_moe" };
    static const struct json_case largest = {
        .members = { { "hidden_size", KN_SHAPE_HIDDEN_MAX },
                     { "num_hidden_layers", KN_SHAPE_BLOCKS_MAX },
                     { "num_attention_heads", KN_SHAPE_HEADS_MAX },
                     { "num_key_value_heads", KN_SHAPE_HEADS_MAX },
                     { "head_dim", KN_SHAPE_HEADS_MAX },
                     { "intermediate_size", KN_SHAPE_FFN_MAX },
                     { "moe_intermediate_size", KN_SHAPE_FFN_MAX },
                     { "num_experts", KN_SHAPE_EXPERTS_MAX },
                     { "n_shared_experts", KN_SHAPE_EXPERTS_MAX },
                     { "q_lora_rank", KN_SHAPE_HIDDEN_MAX },
                     { "kv_lora_rank", KN_SHAPE_HIDDEN_MAX },
                     { "qk_nope_head_dim", KN_SHAPE_HEADS_MAX },
                     { "qk_rope_head_dim", KN_SHAPE_HEADS_MAX },
                     { "v_head_dim", KN_SHAPE_HEADS_MAX },
                     { "vocab_size", KN_SHAPE_VOCABULARY_MAX },
                     { "max_position_embeddings", KN_SHAPE_CONTEXT_MAX } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(types); i++) {
        struct json_case c = largest;
        struct kn_model_json json = { 0 };
        struct kn_model_shape shape;

        c.type = types[i];
        feed(&json, &c);
        CHECK_EQ(types[i], kn_model_json_shape(&json, &shape, NULL), KN_OK);
        CHECK(types[i], kn_shape_whole(&shape) > 0);
        CHECK(types[i],
              kn_weight_bytes(kn_shape_largest_block(&shape), KN_DTYPE_FLOAT32, KN_QUANT_NONE) > 0);
    }
}

static void a_size_is_read_out_of_a_name(void **state)
{
    static const struct {
        const char *name;
        uint32_t registered;
        int64_t whole; /* 0: no size in the name */
        uint32_t blocks;
    } cases[] = {
        { "Foo-70B", 0, 70000000000, 80 },
        { "Foo-70B", 64, 70000000000, 64 },
        { "foo-70b-chat", 0, 70000000000, 80 },
        { "org/foo_7b", 0, 7000000000, 32 },
        { "foo-1.5b", 0, 1500000000, 24 },
        { "foo-0.5B-Instruct", 0, 500000000, 24 },
        { "foo-560m", 0, 560000000, 24 },
        { "foo-7b1", 0, 7100000000, 32 },
        { "foo-405B", 0, 405000000000, 126 },
        { "foo-1000B", 0, 1000000000000, 126 },
        { "foo-8x7B", 0, 45920000000, 69 },
        { "foo-30B-A3B", 0, 30000000000, 59 },
        { "foo-A3B", 0, 0, 0 },
        { "Foo2.5-7B", 0, 7000000000, 32 },
        { "7B", 0, 7000000000, 32 },
        { "foo7B", 0, 0, 0 },
        { "foo-7Bx", 0, 0, 0 },
        { "foo-7b12", 0, 0, 0 },
        { "foo-7", 0, 0, 0 },
        { "foo-8x", 0, 0, 0 },
        { "foo-8xB", 0, 0, 0 },
        { "foo-0B", 0, 0, 0 },
        { "foo-1234567B", 0, 0, 0 },
        { "foo-999999B", 0, 0, 0 },
        { "70B/foo", 0, 0, 0 },
        { "", 0, 0, 0 },
        { "gemma-10b", 0, 11000000000, 40 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_model_size size = { 0 };

        CHECK_EQ(cases[i].name, kn_model_size_guess(cases[i].name, cases[i].registered, &size),
                 cases[i].whole > 0);
        CHECK_EQ(cases[i].name, (size.whole_parameters + 500) / 1000 * 1000, cases[i].whole);
        CHECK_EQ(cases[i].name, size.blocks, cases[i].blocks);
        CHECK_EQ(cases[i].name, size.source, cases[i].whole > 0 ? KN_SIZE_GUESS : KN_SIZE_UNKNOWN);
        if (size.blocks > 0)
            CHECK(cases[i].name, size.block_parameters * size.blocks >= size.whole_parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_have_the_known_sizes),
        cmocka_unit_test(nf4_is_rounded_up),
        cmocka_unit_test(the_largest_block_counts),
        cmocka_unit_test(families_have_the_words_of_config_json),
        cmocka_unit_test(config_json_gives_the_shape_of_the_table),
        cmocka_unit_test(the_largest_numbers_do_not_overflow),
        cmocka_unit_test(a_size_is_read_out_of_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
