/*
 * hardware_print — what node/hardware finds on this machine, as JSON; for looking at machines that
 * no test has.
 *
 * usage: hardware_print [--root FOLDER] [--nvml LIBRARY]
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/machine/hardware.h"

static json_t *known(int64_t value)
{
    return value == KN_FACT_UNKNOWN ? json_null() : json_integer(value);
}

static json_t *list_gpus(const struct kn_hardware *facts)
{
    json_t *list = json_array();

    for (size_t i = 0; i < facts->gpu_count; i++) {
        const struct kn_gpu_facts *gpu = &facts->gpus[i];

        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind",
                            gpu->kind == KN_GPU_NVIDIA ? "nvidia" : "amd", "name", gpu->name,
                            "total_bytes", known(gpu->total_bytes), "free_bytes",
                            known(gpu->free_bytes), "capability", known(gpu->capability)));
    }
    return list;
}

static json_t *list_features(const struct kn_cpu_features *features)
{
    return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b}", "avx2", features->avx2,
                     "f16c", features->f16c, "avx512f", features->avx512f, "avx512_vnni",
                     features->avx512_vnni, "avx512_bf16", features->avx512_bf16, "amx_bf16",
                     features->amx_bf16, "amx_int8", features->amx_int8, "neon", features->neon,
                     "sve", features->sve, "bf16", features->bf16);
}

static json_t *describe(const struct kn_hardware *facts, double milliseconds)
{
    json_t *quota = facts->cpu_quota < 0 ? json_null() : json_real(facts->cpu_quota);

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:s, s:f}",
        "platform", facts->platform, "architecture", facts->architecture, "cpu_name",
        facts->cpu_name, "cores", known(facts->cores), "physical_cores",
        known(facts->physical_cores), "cpu_quota", quota, "features",
        list_features(&facts->features), "memory_total", known(facts->memory_total),
        "memory_available", known(facts->memory_available), "memory_limit",
        known(facts->memory_limit), "memory_left", known(facts->memory_left), "memory_limit_by",
        facts->memory_limit_by, "open_files", known(facts->open_files), "gpus", list_gpus(facts),
        "host_name", facts->host_name, "user_name", facts->user_name, "probe_ms", milliseconds);
}

int main(int argc, char **argv)
{
    struct kn_hardware_options options = { 0 };
    struct kn_hardware facts;
    struct timespec before, after;
    json_t *text;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--root") == 0)
            options.root = argv[i + 1];
        else if (strcmp(argv[i], "--nvml") == 0)
            options.nvml = argv[i + 1];
    }
    (void)timespec_get(&before, TIME_UTC);
    if (kn_hardware_probe(&options, &facts) != KN_OK)
        return EXIT_FAILURE;
    (void)timespec_get(&after, TIME_UTC);
    text = describe(&facts, (double)(after.tv_sec - before.tv_sec) * 1e3 +
                                (double)(after.tv_nsec - before.tv_nsec) / 1e6);
    if (text == NULL || json_dumpf(text, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0)
        return EXIT_FAILURE;
    (void)putchar('\n');
    json_decref(text);
    return EXIT_SUCCESS;
}
