#include "config/hours/limits.h"

struct kn_limits kn_limits_of(const struct kn_node_config *config)
{
    return (struct kn_limits){
        .max_memory_gb = config->resources.max_memory_gb,
        .max_gpu_memory_gb = config->resources.max_gpu_memory_gb,
        .max_disk_space_gb = config->resources.max_disk_space_gb,
        .max_models = config->resources.max_models,
        .max_cpu_percent = config->resources.max_cpu_percent,
    };
}

static struct kn_size size_over(struct kn_size base, struct kn_size window)
{
    return window.is != KN_ABSENT ? window : base;
}

static struct kn_int int_over(struct kn_int base, struct kn_int window)
{
    return window.is != KN_ABSENT ? window : base;
}

struct kn_limits kn_limits_over(const struct kn_limits *base, const struct kn_limits *window)
{
    if (window == NULL)
        return *base;
    return (struct kn_limits){
        .max_memory_gb = size_over(base->max_memory_gb, window->max_memory_gb),
        .max_gpu_memory_gb = size_over(base->max_gpu_memory_gb, window->max_gpu_memory_gb),
        .max_disk_space_gb = size_over(base->max_disk_space_gb, window->max_disk_space_gb),
        .max_models = int_over(base->max_models, window->max_models),
        .max_cpu_percent = int_over(base->max_cpu_percent, window->max_cpu_percent),
    };
}

bool kn_limits_pause(const struct kn_limits *limits)
{
    return (limits->max_memory_gb.is == KN_GIVEN && limits->max_memory_gb.bytes == 0) ||
           (limits->max_models.is == KN_GIVEN && limits->max_models.value == 0) ||
           (limits->max_cpu_percent.is == KN_GIVEN && limits->max_cpu_percent.value == 0);
}

static bool same_size(struct kn_size a, struct kn_size b)
{
    return a.is == b.is && (a.is != KN_GIVEN || a.bytes == b.bytes);
}

static bool same_int(struct kn_int a, struct kn_int b)
{
    return a.is == b.is && (a.is != KN_GIVEN || a.value == b.value);
}

bool kn_limits_equal(const struct kn_limits *a, const struct kn_limits *b)
{
    return same_size(a->max_memory_gb, b->max_memory_gb) &&
           same_size(a->max_gpu_memory_gb, b->max_gpu_memory_gb) &&
           same_size(a->max_disk_space_gb, b->max_disk_space_gb) &&
           same_int(a->max_models, b->max_models) &&
           same_int(a->max_cpu_percent, b->max_cpu_percent);
}
