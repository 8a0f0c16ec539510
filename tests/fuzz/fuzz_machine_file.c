/*
 * Property: what is taken lies inside its bounds, its texts end, and it is the same every time;
 * what is refused has a place and leaves the output alone.
 */
#include <stdlib.h>
#include <string.h>

#include "node/machine/machine_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_text(const char *text, size_t size)
{
    require(memchr(text, '\0', size) != NULL);
}

static void require_amount(int64_t bytes)
{
    require(bytes >= KN_FACT_UNKNOWN && bytes <= INT64_C(1) << 50);
}

static void require_count(int count, int most)
{
    require(count == KN_FACT_UNKNOWN || (count >= 1 && count <= most));
}

static void check(const struct kn_hardware *m)
{
    require_text(m->platform, sizeof(m->platform));
    require_text(m->architecture, sizeof(m->architecture));
    require_text(m->cpu_name, sizeof(m->cpu_name));
    require_text(m->host_name, sizeof(m->host_name));
    require_text(m->user_name, sizeof(m->user_name));
    require_count(m->cores, KN_MACHINE_CORES_MAX);
    require_count(m->physical_cores, KN_MACHINE_CORES_MAX);
    require_amount(m->memory_total);
    require_amount(m->memory_available);
    require(m->memory_total < 0 || m->memory_available <= m->memory_total);
    require(m->memory_limit == KN_FACT_UNKNOWN && m->memory_left == KN_FACT_UNKNOWN);
    require(m->gpu_count <= KN_GPUS_MAX);
    for (size_t i = 0; i < m->gpu_count; i++) {
        require(m->gpus[i].kind == KN_GPU_NVIDIA || m->gpus[i].kind == KN_GPU_AMD);
        require_text(m->gpus[i].name, sizeof(m->gpus[i].name));
        require_amount(m->gpus[i].total_bytes);
        require_amount(m->gpus[i].free_bytes);
        require(m->gpus[i].total_bytes < 0 || m->gpus[i].free_bytes <= m->gpus[i].total_bytes);
        require_count(m->gpus[i].capability, 999);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kn_hardware one, two, before;
    struct kn_error err = { 0 };
    const char *text = size > 0 ? (const char *)data : "";
    enum kn_code rc;

    if (size > KN_MACHINE_FILE_MAX)
        return 0;
    memset(&one, 0x55, sizeof(one));
    memset(&two, 0x55, sizeof(two));
    memset(&before, 0x55, sizeof(before));
    rc = kn_machine_file_decode("m", text, size, &one, &err);
    require(kn_machine_file_decode("m", text, size, &two, NULL) == rc);
    if (rc == KN_OK) {
        check(&one);
        require(one.cores == two.cores && one.gpu_count == two.gpu_count &&
                one.memory_total == two.memory_total && strcmp(one.cpu_name, two.cpu_name) == 0);
        return 0;
    }
    require(err.code == rc && strncmp(err.text, "m:", 2) == 0);
    require(memcmp(&one, &before, sizeof(one)) == 0);
    return 0;
}
