#include "node/machine/calibrate.h"

#include <string.h>

#include "config/schema/type.h"
#include "lib/base/arena.h"
#include "lib/base/number.h"
#include "lib/os/file.h"
#include "node/blocks/local.h"

static bool is_given(enum kn_presence is)
{
    return is == KN_GIVEN;
}

/* "cpu", "mps", "cuda", "rocm:1": as the form of the setting has them. */
static void wish_device(const char *device, struct kn_fit_wish *wish)
{
    const char *colon = strchr(device, ':');
    int64_t index;

    if (strcmp(device, "cpu") == 0) {
        wish->device = KN_DEVICE_CPU;
        return;
    }
    wish->device = KN_DEVICE_GPU;
    wish->gpu_kind = strncmp(device, "cuda", 4) == 0 ? KN_GPU_NVIDIA : KN_GPU_AMD;
    if (strcmp(device, "mps") == 0)
        wish->gpu_index = KN_GPUS_MAX; /* none that is found here */
    else if (colon != NULL && kn_parse_whole(colon + 1, &index) == KN_OK)
        wish->gpu_index = (int)index;
}

/* An earlier plan's cache is in its place in the memory; what somebody writes is a wish. */
static bool is_cache_asked(const struct kn_snapshot *snapshot)
{
    const struct kn_setting *cache = kn_setting_find("performance.cache_tokens");

    return is_given(kn_snapshot_config(snapshot)->performance.cache_tokens.is) &&
           kn_resolved_is_explicit(kn_snapshot_get(snapshot, cache));
}

struct kn_fit_wish kn_fit_wish_of(const struct kn_snapshot *snapshot)
{
    const struct kn_node_config *config = kn_snapshot_config(snapshot);
    struct kn_fit_wish wish = kn_fit_wish_none;

    if (is_given(config->performance.device.is))
        wish_device(config->performance.device.text, &wish);
    if (is_given(config->model.dtype.is))
        wish.dtype = config->model.dtype.value;
    if (is_given(config->model.quant_type.is))
        wish.quant_type = config->model.quant_type.value;
    if (is_given(config->resources.max_memory_gb.is))
        wish.max_memory = config->resources.max_memory_gb.bytes;
    if (is_given(config->resources.max_gpu_memory_gb.is))
        wish.max_gpu_memory = config->resources.max_gpu_memory_gb.bytes;
    if (is_cache_asked(snapshot))
        wish.cache_tokens = config->performance.cache_tokens.value;
    return wish;
}

enum kn_preset kn_preset_of(const struct kn_node_config *config)
{
    const struct kn_choice *preset = &config->calibration.preset;

    return is_given(preset->is) ? (enum kn_preset)preset->value : KN_PRESET_RECOMMENDED;
}

/* Somebody wrote it, in this run or in the file; what stands for a written auto was not written. */
static bool is_written(const struct kn_resolved *resolved)
{
    const struct kn_assignment *winner = resolved->assignments;

    return winner != NULL && winner->valid && winner->value.is == KN_GIVEN &&
           winner->origin.layer <= KN_LAYER_FILE;
}

bool kn_calibration_asked(const struct kn_snapshot *snapshot, struct kn_arena *arena,
                          const char *asked[KN_CALIBRATION_KEYS])
{
    struct kn_text text = { 0 };

    for (size_t i = 0; i < KN_CALIBRATION_KEYS; i++) {
        const struct kn_resolved *resolved =
            kn_snapshot_get(snapshot, kn_setting_find(kn_calibration_keys[i]));

        asked[i] = NULL;
        if (!is_written(resolved))
            continue;
        kn_text_cut(&text, 0);
        kn_value_print(resolved->setting, &resolved->value, &text);
        asked[i] = text.failed ? NULL : kn_arena_dup(arena, kn_text_get(&text));
        if (asked[i] == NULL)
            kn_arena_fail(arena);
    }
    kn_text_done(&text);
    return !kn_arena_failed(arena);
}

enum kn_code kn_calibration_write(const char *path, const struct kn_calibration *calibration,
                                  struct kn_error *err)
{
    struct kn_text text = { 0 };
    enum kn_code rc;

    kn_calibration_print(calibration, &text);
    rc = text.failed ? kn_fail_no_memory(err)
                     : kn_file_replace(path, kn_text_get(&text), text.n, 0600, NULL, err);
    if (rc != KN_OK)
        kn_wrap(err, "%s", path);
    kn_text_done(&text);
    return rc;
}

static enum kn_calibrated_model whose_model(const struct kn_snapshot *snapshot)
{
    const struct kn_resolved *name = kn_snapshot_get(snapshot, kn_setting_find("model.name"));

    if (name->value.is != KN_GIVEN && is_given(kn_snapshot_config(snapshot)->model.path.is))
        return KN_MODEL_OF_PATH;
    if (name->value.is != KN_GIVEN)
        return KN_MODEL_FALLBACK;
    return is_written(name) ? KN_MODEL_WRITTEN : KN_MODEL_KEPT;
}

/* What the network told an earlier start, or what the name tells: the table has no such model. */
static bool is_heard_of(const struct kn_node_config *config, const char *name,
                        struct kn_model_facts *out)
{
    struct kn_model_size guess;

    *out = (struct kn_model_facts){ .prefix = name };
    if (kn_model_find(name) != NULL)
        return false;
    if (is_given(config->model.total_blocks.is))
        out->num_blocks = (uint32_t)config->model.total_blocks.value;
    return out->num_blocks > 0 || kn_model_size_guess(name, 0, &guess);
}

/* Its files, where they are on this machine: they tell its shape best. */
static enum kn_code look_for_files(const struct kn_node_config *config, const char *named,
                                   const char *const *environment, struct kn_arena *arena,
                                   struct kn_local_files *out, struct kn_error *err)
{
    const struct kn_model_config *model = &config->model;
    const struct kn_local_places places = {
        .path = is_given(model->path.is) ? model->path.text : NULL,
        .named = named,
        .repository = is_given(model->repository.is) ? model->repository.text : NULL,
        .revision = is_given(model->revision.is) ? model->revision.text : NULL,
        .cache_dir =
            is_given(config->resources.cache_dir.is) ? config->resources.cache_dir.text : NULL,
        .environment = environment,
    };

    *out = (struct kn_local_files){ 0 };
    return environment != NULL || places.path != NULL
               ? kn_local_look(&places, NULL, 0, arena, out, err)
               : KN_OK;
}

static const char *name_of_model(const struct kn_node_config *config,
                                 enum kn_calibrated_model whose, const struct kn_local_files *local)
{
    if (whose == KN_MODEL_OF_PATH)
        return local->models[0].repository;
    return whose == KN_MODEL_FALLBACK ? KN_FALLBACK_MODEL : config->model.name.text;
}

static enum kn_code choose_model(const struct kn_snapshot *snapshot,
                                 const struct kn_hardware *hardware,
                                 const struct kn_local_files *local, struct kn_arena *arena,
                                 struct kn_calibrated_machine *out, struct kn_error *err)
{
    const struct kn_node_config *config = kn_snapshot_config(snapshot);
    const struct kn_fit_wish wish = kn_fit_wish_of(snapshot);
    const char *named = name_of_model(config, out->whose, local);
    struct kn_model_facts heard;
    struct kn_swarm_facts swarm = { .models = &heard };
    const struct kn_model_question question = {
        .named = named,
        .swarm = &swarm,
        .local = local->models,
        .local_count = local->n,
        .hardware = hardware,
        .wish = &wish,
        .families = KN_FAMILIES_PETALS,
    };
    enum kn_code rc;

    out->folder =
        is_given(config->model.path.is) ? local->folders[0] : kn_local_folder(local, named);
    swarm.model_count = is_heard_of(config, named, &heard) ? 1 : 0;
    rc = kn_model_choose(&question, arena, &out->model, err);
    out->model.facts = NULL; /* which lie here */
    if (rc == KN_OK && swarm.model_count > 0 && heard.num_blocks == 0)
        kn_model_nearest(named, NULL, 0, arena, out->nearest);
    return rc;
}

enum kn_code kn_calibrate(const struct kn_snapshot *snapshot, const struct kn_hardware *hardware,
                          const char *const *environment, struct kn_arena *arena, int64_t now_s,
                          struct kn_calibrated_machine *out, struct kn_error *err)
{
    const struct kn_node_config *config = kn_snapshot_config(snapshot);
    const char *named = config->model.name.text;
    struct kn_local_files local;
    struct kn_calibration *calibration = &out->calibration;
    enum kn_code rc;

    *out = (struct kn_calibrated_machine){ .whose = whose_model(snapshot) };
    if (out->whose == KN_MODEL_FALLBACK)
        named = KN_FALLBACK_MODEL;
    else if (out->whose == KN_MODEL_OF_PATH)
        named = NULL;
    rc = look_for_files(config, named, environment, arena, &local, err);
    if (rc == KN_OK)
        rc = choose_model(snapshot, hardware, &local, arena, out, err);
    if (rc != KN_OK)
        return rc;
    kn_speed_estimate(&out->model.size, &out->model.room, &out->speed);
    *calibration = (struct kn_calibration){
        .model = out->model.name,
        .repository = out->model.repository,
        .total_blocks = out->model.size.blocks,
        .hardware = hardware,
        .room = &out->model.room,
        .format = &out->model.format,
        .fit = &out->model.fit,
        .preset = kn_preset_of(kn_snapshot_config(snapshot)),
        .now_s = now_s,
    };
    return kn_calibration_asked(snapshot, arena, calibration->asked) ? KN_OK
                                                                     : kn_fail_no_memory(err);
}
