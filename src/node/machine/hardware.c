#include "node/machine/hardware.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/os/cgroup.h"
#include "lib/os/gpu.h"
#include "lib/os/platform.h"
#include "lib/os/user.h"

_Static_assert((int)KN_FACT_UNKNOWN == (int)KN_MEMORY_UNKNOWN &&
                   (int)KN_FACT_UNKNOWN == (int)KN_CGROUP_UNKNOWN &&
                   (int)KN_FACT_UNKNOWN == (int)KN_CPU_UNKNOWN &&
                   (int)KN_FACT_UNKNOWN == (int)KN_GPU_UNKNOWN,
               "what lib/os does not know is unknown here");

/* A fact that does not fit is not one. */
static void copy(char *out, size_t size, const char *text)
{
    size_t n = strlen(text);

    out[0] = '\0';
    if (n < size)
        memcpy(out, text, n + 1);
}

/* "6.1" of "6.1.0-13-amd64": what follows is the distribution's. */
static int version_length(const char *release)
{
    size_t n = strspn(release, "0123456789");

    if (n > 0 && release[n] == '.')
        n += 1 + strspn(release + n + 1, "0123456789");
    return (int)n;
}

static void tell_platform(struct kn_hardware *out)
{
    struct kn_platform platform;
    int n;

    kn_platform_read(&platform);
    copy(out->architecture, sizeof(out->architecture), platform.machine);
    copy(out->host_name, sizeof(out->host_name), platform.host);
    n = snprintf(out->platform, sizeof(out->platform), "%s %.*s (%s)", platform.system,
                 version_length(platform.release), platform.release, platform.machine);
    if (n < 0 || (size_t)n >= sizeof(out->platform))
        out->platform[0] = '\0';
}

static enum kn_code tell_user(struct kn_hardware *out)
{
    struct kn_text name = { 0 };
    enum kn_code rc = kn_user_name(&name, NULL);

    if (rc == KN_OK)
        copy(out->user_name, sizeof(out->user_name), kn_text_get(&name));
    kn_text_done(&name);
    return rc == KN_E_NO_MEMORY ? rc : KN_OK;
}

static void tell_processor(const char *root, const struct kn_cpu_sets *handed,
                           struct kn_hardware *out)
{
    struct kn_cpu cpu;
    struct kn_cpu_sets sets;

    kn_cpu_read(root, &cpu);
    copy(out->cpu_name, sizeof(out->cpu_name), cpu.name);
    out->cores = cpu.threads;
    out->physical_cores = cpu.cores;
    if (handed != NULL)
        sets = *handed;
    else
        kn_cpu_sets_read(&sets);
    out->features = (struct kn_cpu_features){
        .avx2 = sets.avx2,
        .f16c = sets.f16c,
        .avx512f = sets.avx512f,
        .avx512_vnni = sets.avx512_vnni,
        .avx512_bf16 = sets.avx512_bf16,
        .amx_bf16 = sets.amx_bf16,
        .amx_int8 = sets.amx_int8,
        .neon = sets.neon,
        .sve = sets.sve,
        .bf16 = sets.bf16,
    };
}

static void tell_memory(const char *root, struct kn_hardware *out)
{
    struct kn_memory memory;

    kn_memory_read(root, &memory);
    out->memory_total = memory.total;
    out->memory_available = memory.available;
}

/* The smaller limit counts, and the smaller rest, whosever each is. */
static void limit_memory(struct kn_hardware *out, int64_t limit, int64_t left, const char *kind,
                         const char *name)
{
    if (limit >= 0 && (out->memory_limit < 0 || limit < out->memory_limit)) {
        out->memory_limit = limit;
        (void)snprintf(out->memory_limit_by, sizeof(out->memory_limit_by), "%s%s", kind, name);
    }
    if (left >= 0 && (out->memory_left < 0 || left < out->memory_left))
        out->memory_left = left;
}

static enum kn_code tell_limits(const char *root, const struct kn_ulimits *handed,
                                struct kn_hardware *out)
{
    struct kn_cgroup_limits group;
    enum kn_code rc = kn_cgroup_read(root, &group);
    struct kn_memory_bound bound;
    struct kn_ulimits limits;

    if (handed != NULL)
        limits = *handed;
    else
        kn_ulimits_read(&limits);
    kn_ulimits_memory(&limits, root, &bound);
    out->open_files = limits.open_files;
    out->cpu_quota = group.cpu_quota;
    limit_memory(out, group.memory_limit, group.memory_left, "cgroup ", group.memory_group);
    limit_memory(out, bound.limit, bound.left, "", bound.by);
    return rc;
}

static void add_gpus(enum kn_gpu_kind kind, const struct kn_gpu *gpus, size_t n,
                     struct kn_hardware *out)
{
    for (size_t i = 0; i < n && out->gpu_count < KN_GPUS_MAX; i++) {
        struct kn_gpu_facts *facts = &out->gpus[out->gpu_count++];

        facts->kind = kind;
        copy(facts->name, sizeof(facts->name), gpus[i].name);
        facts->total_bytes = gpus[i].total;
        facts->free_bytes = gpus[i].free;
        facts->capability = gpus[i].capability;
    }
}

static void tell_gpus(const char *root, const char *nvml, struct kn_hardware *out)
{
    struct kn_gpu gpus[KN_GPUS_MAX];

    if (nvml == NULL || nvml[0] != '\0')
        add_gpus(KN_GPU_NVIDIA, gpus, kn_gpu_read_nvidia(nvml, gpus, KN_GPUS_MAX), out);
    add_gpus(KN_GPU_AMD, gpus, kn_gpu_read_amd(root, gpus, KN_GPUS_MAX), out);
}

enum kn_code kn_hardware_probe(const struct kn_hardware_options *options, struct kn_hardware *out)
{
    const char *root = options->root != NULL ? options->root : "";
    enum kn_code rc, user_rc;

    *out = (struct kn_hardware){ .memory_limit = KN_FACT_UNKNOWN, .memory_left = KN_FACT_UNKNOWN };
    tell_platform(out);
    user_rc = tell_user(out);
    tell_processor(root, options->sets, out);
    tell_memory(root, out);
    rc = tell_limits(root, options->ulimits, out);
    tell_gpus(root, options->nvml, out);
    return rc != KN_OK ? rc : user_rc;
}
