/*
 * Property: whatever a name or a config.json says, sizes stay within their bounds, presets stay in
 * order and within the memory, spelling does not change what a name means, and a calibration of
 * that name is YAML that tells the name again.
 *
 * The first line is the name; behind it stand numbers: a byte for the member and eight of value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/discovery/calibration.h"
#include "config/discovery/model_table.h"
#include "lib/base/arena.h"
#include "lib/base/utf8.h"
#include "lib/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_MAX_TRIED = 255 };

static const char *const keys[] = {
    "num_hidden_layers",
    "hidden_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "intermediate_size",
    "vocab_size",
    "num_experts",
    "n_shared_experts",
    "moe_intermediate_size",
    "kv_lora_rank",
    "q_lora_rank",
    "qk_nope_head_dim",
    "qk_rope_head_dim",
    "v_head_dim",
    "first_k_dense_replace",
    "tie_word_embeddings",
    "multi_query",
    "new_decoder_architecture",
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_fit(const struct kn_model_size *size, struct kn_fit *fit)
{
    struct kn_hardware hardware = { .memory_available = INT64_C(1) << 40,
                                    .memory_limit = KN_FACT_UNKNOWN,
                                    .memory_left = KN_FACT_UNKNOWN };
    const struct kn_profile *max = &fit->profiles[KN_PRESET_MAX];
    struct kn_format format;
    struct kn_room room;

    kn_room_find(&hardware, &kn_fit_wish_none, &room);
    kn_format_choose(&hardware, &room, &kn_fit_wish_none, &format);
    kn_fit_plan(size, &room, &format, KN_FACT_UNKNOWN, fit);
    require(fit->profiles[KN_PRESET_MIN].blocks <= fit->profiles[KN_PRESET_RECOMMENDED].blocks);
    require(fit->profiles[KN_PRESET_RECOMMENDED].blocks <= max->blocks);
    require(size->block_parameters == 0 || max->memory <= room.bytes / 10 * 9 + 9);
    require(size->blocks == 0 || max->blocks <= size->blocks);
    require((max->blocks == 0) == (fit->reason[0] != '\0'));
}

static void check_config(const uint8_t *data, size_t size)
{
    struct kn_model_json json = { 0 };
    struct kn_model_shape shape;
    struct kn_model_size known;
    struct kn_fit fit = { 0 };

    json.family = (enum kn_model_family)(size % KN_FAMILY_COUNT);
    for (; size >= 9; data += 9, size -= 9) {
        int64_t value;

        memcpy(&value, data + 1, sizeof(value));
        kn_model_json_number(&json, keys[data[0] % KN_COUNT(keys)], value);
    }
    if (kn_model_json_shape(&json, &shape, NULL) != KN_OK)
        return;
    known = kn_model_size_of(&shape, KN_SIZE_CONFIG);
    require(known.blocks >= 1 && known.blocks <= KN_SHAPE_BLOCKS_MAX);
    require(known.block_parameters > 0 && known.whole_parameters >= known.block_parameters);
    require(known.cache_numbers >= 0);
    check_fit(&known, &fit);
}

static const struct kn_yaml_node *get(const struct kn_yaml_node *map, const char *name)
{
    const struct kn_yaml_node *key = map != NULL ? kn_yaml_find(map, name) : NULL;

    return key != NULL ? key->value : NULL;
}

static void check_document(const char *name, const struct kn_fit *fit)
{
    struct kn_hardware hardware = { .memory_total = 1 };
    struct kn_room room = { .is_known = true };
    struct kn_format format = { .dtype = KN_DTYPE_FLOAT32 };
    struct kn_calibration calibration = {
        .model = name, .hardware = &hardware, .room = &room, .format = &format, .fit = fit
    };
    struct kn_arena *arena = kn_arena_new();
    struct kn_yaml_document doc;
    struct kn_text text = { 0 };
    const struct kn_yaml_node *model;

    require(arena != NULL);
    kn_calibration_print(&calibration, &text);
    require(kn_yaml_parse(arena, text.at, text.n, &doc) == KN_OK && doc.fault_total == 0);
    model = get(get(doc.root, "calibration"), "model");
    require(model != NULL && model->kind == KN_YAML_SCALAR);
    require(!kn_utf8_is_valid(name, strlen(name)) || strcmp(model->text, name) == 0);
    kn_text_done(&text);
    kn_arena_free(arena);
}

static void check_name(char *name)
{
    const struct kn_model_row *row = kn_model_find(name);
    struct kn_model_size size = { 0 };
    struct kn_fit fit = { 0 };

    require(kn_model_same(name, name));
    if (kn_model_size_guess(name, 0, &size)) {
        require(size.blocks >= 1 && size.blocks <= KN_SHAPE_BLOCKS_MAX);
        require(size.whole_parameters >= 1000000 && size.block_parameters > 0);
    }
    check_fit(&size, &fit);
    check_document(name, &fit);
    for (char *at = name; *at != '\0'; at++)
        *at = *at == '.' ? '-' : *at;
    require(kn_model_find(name) == row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[NAME_MAX_TRIED + 1];
    size_t n = 0;

    while (n < size && n < NAME_MAX_TRIED && data[n] != '\n' && data[n] != '\0')
        n++;
    memcpy(name, data, n);
    name[n] = '\0';
    check_name(name);
    if (n < size)
        check_config(data + n + 1, size - n - 1);
    return 0;
}
