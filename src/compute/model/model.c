#include "compute/model/model.h"

#include <stdio.h>

#include "compute/model/loader.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/os/file_map.h"

struct kn_model {
    struct kn_decoder_file file;
    struct kn_block_range range;
    struct kn_block_weights *blocks;
    struct kn_loader loader;
    struct kn_arena *arena;
};

/* What is read of one block: where from, and where to. */
struct reading {
    struct kn_model *model;
    uint32_t block;
    struct kn_block_weights *to;
    struct kn_error *err;
    enum kn_code rc; /* once it is not KN_OK, nothing more is read */
};

static void name_of(const struct reading *r, const char *part, const char *suffix,
                    char out[KN_SAFETENSORS_NAME_MAX])
{
    (void)snprintf(out, KN_SAFETENSORS_NAME_MAX, "model.layers.%u.%s%s", (unsigned)r->block, part,
                   suffix);
}

static void matrix(struct reading *r, const char *name, uint32_t rows, uint32_t columns,
                   enum kn_weights_as as, struct kn_matrix *out)
{
    char full[KN_SAFETENSORS_NAME_MAX];

    if (r->rc != KN_OK)
        return;
    name_of(r, name, ".weight", full);
    r->rc = kn_loader_matrix(&r->model->loader, full, rows, columns, as, out, r->err);
}

static void vector(struct reading *r, const char *name, uint32_t n, const float **out)
{
    char full[KN_SAFETENSORS_NAME_MAX];

    if (r->rc != KN_OK)
        return;
    name_of(r, name, "", full);
    r->rc = kn_loader_vector(&r->model->loader, full, n, out, r->err);
}

static void read_attention(struct reading *r)
{
    const struct kn_decoder_file *file = &r->model->file;
    const struct kn_decoder *d = &file->decoder;
    enum kn_weights_as as = r->model->loader.as;
    uint32_t queries = d->heads * d->head_dim, keys = d->kv_heads * d->head_dim;

    matrix(r, "self_attn.q_proj", queries, d->hidden, as, &r->to->query);
    matrix(r, "self_attn.k_proj", keys, d->hidden, as, &r->to->key);
    matrix(r, "self_attn.v_proj", keys, d->hidden, as, &r->to->value);
    matrix(r, "self_attn.o_proj", d->hidden, queries, as, &r->to->output);
    if (file->qkv_bias) {
        vector(r, "self_attn.q_proj.bias", queries, &r->to->query_bias);
        vector(r, "self_attn.k_proj.bias", keys, &r->to->key_bias);
        vector(r, "self_attn.v_proj.bias", keys, &r->to->value_bias);
    }
    if (file->output_bias)
        vector(r, "self_attn.o_proj.bias", d->hidden, &r->to->output_bias);
}

static void read_expert(struct reading *r, uint32_t index, struct kn_feed_forward *out)
{
    const struct kn_decoder *d = &r->model->file.decoder;
    enum kn_weights_as as = r->model->loader.as;
    static const char *const parts[] = { "w1", "w3", "w2" };
    struct kn_matrix *const to[] = { &out->gate, &out->up, &out->down };

    for (size_t i = 0; i < KN_COUNT(parts); i++) {
        bool down = to[i] == &out->down;
        char name[64];

        (void)snprintf(name, sizeof(name), "block_sparse_moe.experts.%u.%s", (unsigned)index,
                       parts[i]);
        matrix(r, name, down ? d->hidden : d->ffn, down ? d->ffn : d->hidden, as, to[i]);
    }
}

static void read_experts(struct reading *r)
{
    const struct kn_decoder *d = &r->model->file.decoder;
    struct kn_feed_forward *experts;

    matrix(r, "block_sparse_moe.gate", d->experts, d->hidden, KN_WEIGHTS_EXACT, &r->to->router);
    experts = kn_arena_alloc(r->model->arena, d->experts * sizeof(*experts));
    if (experts == NULL) {
        r->rc = kn_fail_no_memory(r->err);
        return;
    }
    for (uint32_t i = 0; i < d->experts; i++)
        read_expert(r, i, &experts[i]);
    r->to->experts = experts;
}

static void read_feed_forward(struct reading *r)
{
    const struct kn_decoder *d = &r->model->file.decoder;
    enum kn_weights_as as = r->model->loader.as;
    struct kn_feed_forward *out = &r->to->feed_forward;

    matrix(r, "mlp.gate_proj", d->ffn, d->hidden, as, &out->gate);
    matrix(r, "mlp.up_proj", d->ffn, d->hidden, as, &out->up);
    matrix(r, "mlp.down_proj", d->hidden, d->ffn, as, &out->down);
}

static enum kn_code read_block(struct kn_model *model, uint32_t block, struct kn_error *err)
{
    struct reading r = { model, block, &model->blocks[block - model->range.from], err, KN_OK };
    uint32_t hidden = model->file.decoder.hidden;

    vector(&r, "input_layernorm.weight", hidden, &r.to->attention_norm);
    read_attention(&r);
    vector(&r, "post_attention_layernorm.weight", hidden, &r.to->feed_forward_norm);
    if (model->file.decoder.experts > 0)
        read_experts(&r);
    else
        read_feed_forward(&r);
    return r.rc;
}

static enum kn_code check_range(struct kn_block_range range, const struct kn_decoder *decoder,
                                struct kn_error *err)
{
    if (range.from < range.to && range.to <= decoder->blocks)
        return KN_OK;
    return kn_fail(err, KN_E_RANGE, "no blocks %u to %u in a model of %u", (unsigned)range.from,
                   (unsigned)range.to, (unsigned)decoder->blocks);
}

static enum kn_code open_into(struct kn_model *model, const struct kn_model_options *options,
                              struct kn_error *err)
{
    enum kn_code rc;

    model->range = (struct kn_block_range){ options->from, options->to };
    model->loader.as = options->as;
    model->arena = kn_arena_new();
    if (model->arena == NULL)
        return kn_fail_no_memory(err);
    rc = kn_decoder_file_read(options->folder, &model->file, err);
    if (rc == KN_OK)
        rc = check_range(model->range, &model->file.decoder, err);
    if (rc == KN_OK)
        rc = kn_shards_open(options->folder, model->range, &model->loader.shards, err);
    if (rc != KN_OK)
        return rc;
    model->blocks =
        kn_arena_alloc(model->arena, (options->to - options->from) * sizeof(*model->blocks));
    if (model->blocks == NULL)
        return kn_fail_no_memory(err);
    for (uint32_t i = options->from; rc == KN_OK && i < options->to; i++) {
        if (options->is_wanted == NULL || options->is_wanted(options->arg))
            rc = read_block(model, i, err);
        else
            rc = kn_fail(err, KN_E_CANCELLED, "nobody wants these blocks any more");
    }
    return rc == KN_OK ? kn_shards_check_rest(&model->loader.shards, model->range, err) : rc;
}

enum kn_code kn_model_open(const struct kn_model_options *options, struct kn_model **out,
                           struct kn_error *err)
{
    struct kn_model *model = kn_try_alloc(sizeof(*model));
    enum kn_code rc;

    if (model == NULL)
        return kn_fail_no_memory(err);
    rc = open_into(model, options, err);
    if (rc != KN_OK) {
        kn_model_close(model);
        return rc;
    }
    *out = model;
    return KN_OK;
}

void kn_model_close(struct kn_model *model)
{
    if (model == NULL)
        return;
    kn_loader_done(&model->loader);
    kn_arena_free(model->arena);
    kn_free(model);
}

const struct kn_decoder *kn_model_decoder(const struct kn_model *model)
{
    return &model->file.decoder;
}

const char *kn_model_family(const struct kn_model *model)
{
    return model->file.family;
}

const struct kn_block_weights *kn_model_blocks(const struct kn_model *model)
{
    return model->blocks;
}

int64_t kn_model_bytes(const struct kn_model *model, int64_t *mapped)
{
    if (mapped != NULL)
        *mapped = model->loader.mapped;
    return model->loader.bytes;
}

bool kn_model_settle(struct kn_model *model)
{
    return kn_loader_settle(&model->loader);
}

const char *kn_model_changed_file(const struct kn_model *model)
{
    const struct kn_shards *shards = &model->loader.shards;

    for (size_t i = 0; i < shards->n; i++) {
        if (kn_file_map_is_mapped(shards->at[i].file) && !kn_file_map_is_intact(shards->at[i].file))
            return shards->at[i].path;
    }
    return NULL;
}

bool kn_model_is_intact(const struct kn_model *model)
{
    return kn_model_changed_file(model) == NULL;
}
