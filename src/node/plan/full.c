#include "node/plan/full.h"

#include "lib/base/arena.h"
#include "node/blocks/local.h"
#include "node/plan/offer.h"
#include "node/plan/plan.h"

static enum kn_code shape_of_table(const struct kn_calibrated_machine *machine,
                                   struct kn_decoder *out, struct kn_error *err)
{
    const struct kn_model_choice *model = &machine->model;
    const struct kn_model_row *row =
        kn_model_find(model->repository != NULL ? model->repository : model->name);
    const struct kn_model_shape *shape;

    if (row == NULL) {
        (void)kn_fail(err, KN_E_NOT_FOUND, "nobody here knows the shape of %.150s", model->name);
        kn_hint(err, "Set model.path to a folder with its config.json.");
        return err->code;
    }
    shape = &row->shape;
    if ((KN_PLAN_FAMILIES & KN_FAMILY_BIT(shape->family)) == 0)
        return kn_fail(err, KN_E_UNSUPPORTED, "this version does not compute the family %s",
                       kn_family_word(shape->family));
    *out = (struct kn_decoder){
        .blocks = shape->blocks,
        .hidden = shape->hidden,
        .heads = shape->heads,
        .kv_heads = shape->kv_heads > 0 ? shape->kv_heads : shape->heads,
        .head_dim = shape->head_dim > 0 ? shape->head_dim : shape->hidden / shape->heads,
        .ffn = shape->experts > 0 && shape->expert_ffn > 0 ? shape->expert_ffn : shape->ffn,
        .experts = shape->experts,
        .experts_active = shape->experts_active,
        .max_positions = shape->max_context > 0 ? shape->max_context : 2048,
        .norm_epsilon = 1e-5F,
        .rope = { .theta = 10000 },
    };
    return KN_OK;
}

/* A folder may hold a config.json alone. */
static enum kn_code has_weights(const char *folder, bool *out, struct kn_error *err)
{
    const struct kn_model_options options = { .folder = folder, .from = 0, .to = 1 };
    struct kn_error why = { 0 };
    struct kn_model *model;
    enum kn_code rc = kn_model_open(&options, &model, &why);

    *out = rc == KN_OK;
    if (rc == KN_OK)
        kn_model_close(model);
    if (rc == KN_OK || rc == KN_E_NOT_FOUND)
        return KN_OK;
    *err = why;
    return rc;
}

enum kn_code kn_full_shape(const struct kn_calibrated_machine *machine, struct kn_decoder *out,
                           const char **folder, struct kn_error *err)
{
    struct kn_decoder_file file;
    bool weights = false;
    enum kn_code rc;

    *folder = NULL;
    if (machine->folder == NULL)
        return shape_of_table(machine, out, err);
    rc = kn_decoder_file_read(machine->folder, &file, err);
    if (rc == KN_OK)
        rc = has_weights(machine->folder, &weights, err);
    if (rc != KN_OK)
        return rc;
    *out = file.decoder;
    *folder = weights ? machine->folder : NULL;
    return KN_OK;
}

/* Threads that would be taken, and as many as the limits permit. */
static void set_threads(const struct kn_node_config *config, const struct kn_hardware *hardware,
                        struct kn_trial_options *options)
{
    const struct kn_int *percent = &config->resources.max_cpu_percent;
    int most = percent->is == KN_GIVEN ? (int)percent->value : 0;
    struct kn_hardware all = *hardware;
    double share;

    all.physical_cores = hardware->cores;
    kn_offer_threads(hardware, most, &options->threads, &share);
    kn_offer_threads(&all, most, &options->most_threads, &share);
}

enum kn_code kn_full_prepare(const struct kn_snapshot *snapshot, const struct kn_hardware *hardware,
                             const struct kn_calibrated_machine *machine, struct kn_full *out,
                             struct kn_error *err)
{
    const struct kn_node_config *config = kn_snapshot_config(snapshot);
    const struct kn_int *longest = &config->performance.max_sequence_tokens;
    const struct kn_fit_wish wish = kn_fit_wish_of(snapshot);
    enum kn_code rc;

    *out = (struct kn_full){ .options = { .root = "",
                                          .decoder = &out->decoder,
                                          .live = &out->live,
                                          .dtype = machine->model.format.dtype,
                                          .dtype_is_open = wish.dtype < 0,
                                          .quant = machine->model.format.quant,
                                          .most_memory = wish.max_memory } };
    if (machine->model.room.is_gpu) {
        (void)kn_fail(err, KN_E_UNSUPPORTED, "blocks are computed on processors in this version");
        kn_hint(err, "Add --device cpu.");
        return err->code;
    }
    rc = kn_full_shape(machine, &out->decoder, &out->options.folder, err);
    if (rc != KN_OK)
        return rc;
    out->options.estimated = machine->model.fit.profiles[KN_PRESET_MAX].blocks;
    out->options.session_tokens = out->decoder.max_positions;
    if (longest->is == KN_GIVEN && longest->value < out->decoder.max_positions)
        out->options.session_tokens = (uint32_t)longest->value;
    set_threads(config, hardware, &out->options);
    return KN_OK;
}

enum kn_code kn_full_run(struct kn_full *full, struct kn_error *err)
{
    return kn_trial_run(&full->options, &full->trial, err);
}

void kn_full_keep(struct kn_full *full, int64_t now_s, struct kn_calibrated_machine *machine)
{
    struct kn_measured *m = &full->trial.measured;
    struct kn_model_choice *model = &machine->model;

    m->at_s = now_s;
    kn_measured_format(m, &model->format);
    kn_fit_use(m, &model->size, &model->room, &model->fit);
    machine->calibration.measured = m;
}
