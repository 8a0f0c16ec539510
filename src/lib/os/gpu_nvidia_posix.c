#include "lib/os/gpu.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/attributes.h"
#include "lib/os/file.h"
#include "lib/os/probe.h"

static const char usual_library[] = "libnvidia-ml.so.1";

enum { DONE = 0, CAPABILITY_MAX = 99 };

/* spec: NVML API reference; nvml.h is not needed to build, its numbers and layouts are fixed. */
struct nvml_memory {
    unsigned long long total, free, used;
};

struct nvml_utilization {
    unsigned gpu, memory; /* percent */
};

typedef void *device_handle;

struct nvml {
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *count);
    int (*by_index)(unsigned index, device_handle *device);
    int (*name)(device_handle device, char *name, unsigned size);
    int (*memory)(device_handle device, struct nvml_memory *memory);
    int (*capability)(device_handle device, int *major, int *minor);
    int (*busy)(device_handle device, struct nvml_utilization *utilization);
};

/* `older` is asked for where a driver has no `name` yet. */
static const struct {
    const char *name, *older;
    size_t at;
    bool is_needed;
} symbols[] = {
    { "nvmlInit_v2", "nvmlInit", offsetof(struct nvml, init), true },
    { "nvmlShutdown", NULL, offsetof(struct nvml, shutdown), true },
    { "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", offsetof(struct nvml, count), true },
    { "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex",
      offsetof(struct nvml, by_index), true },
    { "nvmlDeviceGetName", NULL, offsetof(struct nvml, name), false },
    { "nvmlDeviceGetMemoryInfo", NULL, offsetof(struct nvml, memory), false },
    { "nvmlDeviceGetCudaComputeCapability", NULL, offsetof(struct nvml, capability), false },
    { "nvmlDeviceGetUtilizationRates", NULL, offsetof(struct nvml, busy), false },
};

static bool bind_symbols(void *library, struct nvml *out)
{
    for (size_t i = 0; i < KN_COUNT(symbols); i++) {
        void *found = dlsym(library, symbols[i].name);

        if (found == NULL && symbols[i].older != NULL)
            found = dlsym(library, symbols[i].older);
        if (found == NULL && symbols[i].is_needed)
            return false;
        /* spec: POSIX dlsym(), a function's address fits a void *; ISO C has no cast for it. */
        memcpy((char *)out + symbols[i].at, &found, sizeof(found));
    }
    return true;
}

static void read_memory(const struct nvml *nvml, device_handle device, struct kn_gpu *out)
{
    struct nvml_memory memory = { 0 };

    if (nvml->memory == NULL || nvml->memory(device, &memory) != DONE || memory.total == 0 ||
        memory.total >= (unsigned long long)KN_PROBE_NUMBER_END)
        return;
    out->total = (int64_t)memory.total;
    if (memory.free <= memory.total)
        out->free = (int64_t)memory.free;
}

static int read_busy(const struct nvml *nvml, device_handle device)
{
    struct nvml_utilization now = { 0 };

    if (nvml->busy == NULL || nvml->busy(device, &now) != DONE || now.gpu > 100)
        return KN_GPU_UNKNOWN;
    return (int)now.gpu;
}

static bool read_device(const struct nvml *nvml, unsigned index, struct kn_gpu *out)
{
    char name[KN_GPU_NAME_SIZE] = "";
    device_handle device = NULL;
    int major = 0, minor = 0;

    *out = (struct kn_gpu){ .total = KN_GPU_UNKNOWN,
                            .free = KN_GPU_UNKNOWN,
                            .capability = KN_GPU_UNKNOWN,
                            .busy = KN_GPU_UNKNOWN };
    if (nvml->by_index(index, &device) != DONE)
        return false;
    if (nvml->name != NULL && nvml->name(device, name, sizeof(name)) == DONE) {
        name[sizeof(name) - 1] = '\0';
        kn_probe_copy_line(out->name, sizeof(out->name), name);
    }
    read_memory(nvml, device, out);
    out->busy = read_busy(nvml, device);
    if (nvml->capability != NULL && nvml->capability(device, &major, &minor) == DONE && major > 0 &&
        major <= CAPABILITY_MAX && minor >= 0 && minor <= 9)
        out->capability = 10 * major + minor;
    return true;
}

/* To look for a library in vain takes as long as all the rest. The first is of Linux, the second of
 * Linux below Windows. */
static bool has_driver(void)
{
    return kn_file_exists("/dev/nvidiactl") || kn_file_exists("/dev/dxg") ||
           kn_file_exists("/proc/driver/nvidia");
}

size_t kn_gpu_read_nvidia(const char *library, struct kn_gpu *out, size_t max)
{
    void *handle = NULL;
    struct nvml nvml = { 0 };
    unsigned count = 0;
    size_t n = 0;

    if (library != NULL || has_driver())
        handle = dlopen(library != NULL ? library : usual_library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return 0;
    if (bind_symbols(handle, &nvml) && nvml.init() == DONE) {
        if (nvml.count(&count) != DONE)
            count = 0;
        /* A card that fell off the bus keeps its number and has no handle. */
        for (unsigned i = 0; i < count && i < KN_GPU_CARDS_MAX && n < max; i++)
            n += read_device(&nvml, i, &out[n]) ? 1 : 0;
        (void)nvml.shutdown();
    }
    (void)dlclose(handle);
    return n;
}
