#include "support/small_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/kernels/kernels.h"
#include "lib/base/buffer.h"
#include "lib/base/text.h"

enum { NAME_SIZE = 96, TENSORS_MAX = 128, HIDDEN = 16, QUERIES = 16, KEYS = 8, FFN = 24 };

struct tensor {
    char name[NAME_SIZE];
    const char *type;
    uint32_t shape[2];
    unsigned rank, shard;
};

struct list {
    const struct small_model *model;
    struct tensor at[TENSORS_MAX];
    size_t n;
};

float small_model_weight(const char *tensor, uint64_t index)
{
    uint32_t hash = 2166136261U;

    for (; *tensor != '\0'; tensor++)
        hash = (hash ^ (unsigned char)*tensor) * 16777619U;
    hash = (hash + (uint32_t)index) * 2654435761U;
    return ((float)(hash >> 8) - 8388608.0F) / 16777216.0F;
}

static bool is(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

static unsigned ffn_of(const struct small_model *model)
{
    return model->ffn > 0 ? model->ffn : FFN;
}

static void add(struct list *list, unsigned block, const char *part, uint32_t rows,
                uint32_t columns)
{
    const struct small_model *m = list->model;
    struct tensor *t = &list->at[list->n];

    (void)snprintf(t->name, sizeof(t->name), "model.layers.%u.%s", block, part);
    if (is(m->left_out, t->name))
        return;
    t->type = m->type != NULL ? m->type : "F32";
    if (is(m->retyped, t->name))
        t->type = m->retype != NULL ? m->retype : "F64";
    t->shape[0] = rows + (is(m->misshapen, t->name) ? 1 : 0);
    t->shape[1] = columns;
    t->rank = columns > 0 ? 2 : 1;
    t->shard = m->shards > 0 ? (unsigned)list->n % m->shards : 0;
    list->n++;
}

static void add_attention(struct list *list, unsigned block)
{
    add(list, block, "input_layernorm.weight", HIDDEN, 0);
    add(list, block, "post_attention_layernorm.weight", HIDDEN, 0);
    add(list, block, "self_attn.q_proj.weight", QUERIES, HIDDEN);
    add(list, block, "self_attn.k_proj.weight", KEYS, HIDDEN);
    add(list, block, "self_attn.v_proj.weight", KEYS, HIDDEN);
    add(list, block, "self_attn.o_proj.weight", HIDDEN, QUERIES);
    if (list->model->biases) {
        add(list, block, "self_attn.q_proj.bias", QUERIES, 0);
        add(list, block, "self_attn.k_proj.bias", KEYS, 0);
        add(list, block, "self_attn.v_proj.bias", KEYS, 0);
    }
    if (list->model->output_bias)
        add(list, block, "self_attn.o_proj.bias", HIDDEN, 0);
}

static void add_feed_forward(struct list *list, unsigned block)
{
    static const char *const parts[] = { "w1", "w2", "w3" };
    unsigned ffn = ffn_of(list->model);

    if (!is(list->model->family, "mixtral")) {
        add(list, block, "mlp.gate_proj.weight", ffn, HIDDEN);
        add(list, block, "mlp.up_proj.weight", ffn, HIDDEN);
        add(list, block, "mlp.down_proj.weight", HIDDEN, ffn);
        return;
    }
    add(list, block, "block_sparse_moe.gate.weight", SMALL_EXPERTS, HIDDEN);
    for (unsigned i = 0; i < SMALL_EXPERTS * 3; i++) {
        char name[NAME_SIZE];
        bool down = i % 3 == 1;

        (void)snprintf(name, sizeof(name), "block_sparse_moe.experts.%u.%s.weight", i / 3,
                       parts[i % 3]);
        add(list, block, name, down ? HIDDEN : ffn, down ? ffn : HIDDEN);
    }
}

static unsigned size_of(const char *type)
{
    if (is(type, "F64"))
        return 8;
    return is(type, "F32") ? 4 : 2;
}

static size_t count_of(const struct tensor *t)
{
    return (size_t)t->shape[0] * (t->rank == 2 ? t->shape[1] : 1);
}

static void add_numbers(const struct tensor *t, struct kn_buffer *data)
{
    for (size_t i = 0; i < count_of(t); i++) {
        float value = small_model_weight(t->name, i);
        double wide = (double)value;
        uint16_t half = 0;

        if (is(t->type, "BF16"))
            kn_narrow_bf16(&value, 1, &half);
        else if (is(t->type, "F16"))
            kn_narrow_f16(&value, 1, &half);
        if (size_of(t->type) == 2)
            kn_buffer_add(data, &half, sizeof(half));
        else if (size_of(t->type) == 4)
            kn_buffer_add(data, &value, sizeof(value));
        else
            kn_buffer_add(data, &wide, sizeof(wide));
    }
}

static void write_file(const struct kn_home *home, const char *name, const struct kn_text *header,
                       const struct kn_buffer *data)
{
    struct kn_buffer file = { 0 };
    uint64_t n = header->n;

    for (unsigned i = 0; i < 8; i++)
        kn_buffer_add(&file, &(uint8_t){ (uint8_t)(n >> (8 * i)) }, 1);
    kn_buffer_add(&file, header->at, header->n);
    kn_buffer_add_span(&file, kn_buffer_get(data));
    kn_home_write(home, name, (const char *)kn_buffer_get(&file).at, file.n, 0644);
    kn_buffer_done(&file);
}

static void write_shard(const struct kn_home *home, const struct list *list, unsigned shard,
                        const char *name)
{
    struct kn_text header = { 0 };
    struct kn_buffer data = { 0 };

    kn_text_add(&header, "{\"__metadata__\": {\"format\": \"pt\"}");
    for (size_t i = 0; i < list->n; i++) {
        const struct tensor *t = &list->at[i];
        size_t from = data.n;

        if (t->shard != shard)
            continue;
        add_numbers(t, &data);
        kn_text_addf(&header, ", \"%s\": {\"dtype\": \"%s\", \"shape\": [%u", t->name, t->type,
                     (unsigned)t->shape[0]);
        if (t->rank == 2)
            kn_text_addf(&header, ", %u", (unsigned)t->shape[1]);
        kn_text_addf(&header, "], \"data_offsets\": [%zu, %zu]}", from, data.n);
    }
    kn_text_add(&header, "}");
    while (header.n % 8 != list->model->skew)
        kn_text_add_char(&header, ' ');
    write_file(home, name, &header, &data);
    kn_text_done(&header);
    kn_buffer_done(&data);
}

static const char *shard_name(unsigned shard, unsigned shards)
{
    static char name[NAME_SIZE];

    (void)snprintf(name, sizeof(name), "model-%05u-of-%05u.safetensors", shard + 1, shards);
    return name;
}

static void write_index(const struct kn_home *home, const struct list *list)
{
    const struct small_model *m = list->model;
    struct kn_text text = { 0 };

    kn_text_add(&text, "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {");
    for (size_t i = 0; i < list->n; i++) {
        unsigned shard = list->at[i].shard;

        if (is(m->lost, list->at[i].name))
            shard = (shard + 1) % m->shards;
        kn_text_addf(&text, "%s\"%s\": \"%s\"", i > 0 ? ", " : "", list->at[i].name,
                     shard_name(shard, m->shards));
    }
    kn_text_add(&text, "}}");
    kn_home_write(home, "model.safetensors.index.json", text.at, text.n, 0644);
    kn_text_done(&text);
}

static void write_config(const struct kn_home *home, const struct small_model *model)
{
    struct kn_text text = { 0 };

    kn_text_addf(&text,
                 "{\"model_type\": \"%s\", \"hidden_size\": %d, \"num_attention_heads\": 4, "
                 "\"num_key_value_heads\": 2, \"intermediate_size\": %u, "
                 "\"num_hidden_layers\": %d, \"num_local_experts\": %d%s}",
                 model->family != NULL ? model->family : "llama", HIDDEN, ffn_of(model),
                 SMALL_BLOCKS, SMALL_EXPERTS, model->config != NULL ? model->config : "");
    kn_home_write(home, "config.json", text.at, text.n, 0644);
    kn_text_done(&text);
}

void small_model_write(const struct kn_home *home, const struct small_model *model)
{
    struct list *list = calloc(1, sizeof(*list));

    if (list == NULL)
        abort();
    list->model = model;
    for (unsigned block = 0; block < SMALL_BLOCKS; block++) {
        add_attention(list, block);
        add_feed_forward(list, block);
    }
    if (model->also != NULL) {
        add(list, 0, "", 4, 0);
        (void)snprintf(list->at[list->n - 1].name, NAME_SIZE, "%s", model->also);
    }
    write_config(home, model);
    if (model->shards == 0)
        write_shard(home, list, 0, "model.safetensors");
    for (unsigned i = 0; i < model->shards; i++)
        write_shard(home, list, i, shard_name(i, model->shards));
    if (model->shards > 0)
        write_index(home, list);
    free(list);
}
