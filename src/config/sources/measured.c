#include "config/sources/measured.h"

#include <stddef.h>
#include <string.h>

#include "config/sources/cache.h"
#include "lib/base/attributes.h"
#include "lib/base/number.h"
#include "lib/yaml/yaml.h"

static const char *text_of(const struct kn_yaml_node *map, const char *name)
{
    const struct kn_yaml_node *key = kn_yaml_find(map, name);

    return key != NULL && key->value->kind == KN_YAML_SCALAR ? key->value->text : "";
}

static bool read_number(const struct kn_yaml_node *map, const char *name, double most, double *out)
{
    return kn_parse_decimal(text_of(map, name), NULL, out) == KN_OK && *out >= 0 && *out <= most;
}

static bool read_flag(const struct kn_yaml_node *map, const char *name, bool *out)
{
    const char *text = text_of(map, name);

    *out = strcmp(text, "true") == 0;
    return *out || strcmp(text, "false") == 0;
}

static bool read_dtype(const struct kn_yaml_node *map, enum kn_dtype *out)
{
    for (int i = 0; kn_words_dtype[i].name != NULL; i++) {
        if (strcmp(kn_words_dtype[i].name, text_of(map, "dtype")) == 0) {
            *out = (enum kn_dtype)i;
            return true;
        }
    }
    return false;
}

static bool read_counts(const struct kn_yaml_node *map, struct kn_measured *out)
{
    const struct {
        const char *name;
        double least, most;
        uint32_t *out;
    } counts[] = {
        { "blocks", 0, 65535, &out->blocks },
        { "session_tokens", 1, 1 << 20, &out->session_tokens },
        { "estimated_blocks", 0, 65535, &out->estimated },
        { "threads", 1, 65535, &out->threads },
        { "batch_tokens", 1, 1 << 20, &out->batch_tokens },
        { "sessions", 1, 65535, &out->sessions },
    };
    double number;

    for (size_t i = 0; i < KN_COUNT(counts); i++) {
        if (!read_number(map, counts[i].name, counts[i].most, &number) || number < counts[i].least)
            return false;
        *counts[i].out = (uint32_t)number;
    }
    return true;
}

static bool read_sizes(const struct kn_yaml_node *map, struct kn_measured *out)
{
    const struct {
        const char *name;
        int64_t *out;
    } sizes[] = {
        { "weights_per_block", &out->weight_bytes },
        { "memory_per_block", &out->block_bytes },
        { "cache_tokens", &out->cache_tokens },
    };
    double number;

    for (size_t i = 0; i < KN_COUNT(sizes); i++) {
        if (!read_number(map, sizes[i].name, 1e15, &number) || number < 1)
            return false;
        *sizes[i].out = (int64_t)number;
    }
    return out->block_bytes >= out->weight_bytes;
}

static bool read_speeds(const struct kn_yaml_node *map, struct kn_measured *out)
{
    const struct {
        const char *name;
        double *out;
    } speeds[] = {
        { "read_bandwidth", &out->read_bandwidth },
        { "decode", &out->decode },
        { "together", &out->together },
        { "prefill", &out->prefill },
        { "threads_gain", &out->threads_gain },
        { "dtype_gain", &out->dtype_gain },
        { "batch_gain", &out->batch_gain },
    };

    for (size_t i = 0; i < KN_COUNT(speeds); i++) {
        if (!read_number(map, speeds[i].name, 1e15, speeds[i].out))
            return false;
    }
    return true;
}

void kn_measured_read(const struct kn_yaml_node *calibration, struct kn_measured *out)
{
    const struct kn_yaml_node *key =
        calibration != NULL ? kn_yaml_find(calibration, "measured") : NULL;
    const struct kn_yaml_node *map = key != NULL ? key->value : NULL;

    *out = (struct kn_measured){ 0 };
    if (map == NULL || map->kind != KN_YAML_MAPPING ||
        !kn_time_parse(text_of(map, "timestamp"), &out->at_s) ||
        !read_flag(map, "made_up", &out->made_up) || !read_dtype(map, &out->dtype) ||
        !read_flag(map, "dtype_chosen", &out->dtype_chosen) || !read_counts(map, out) ||
        !read_sizes(map, out) || !read_speeds(map, out) || out->at_s <= 0)
        *out = (struct kn_measured){ 0 };
}
