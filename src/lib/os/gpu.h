/*
 * gpu — graphics processors that can compute, as their drivers tell of them.
 */
#ifndef KN_OS_GPU_H
#define KN_OS_GPU_H

#include <stddef.h>
#include <stdint.h>

enum {
    KN_GPU_UNKNOWN = -1,
    KN_GPU_NAME_SIZE = 128,
    KN_GPU_CARDS_MAX = 128, /* numbers of cards that are looked at in /sys/class/drm */
};

struct kn_gpu {
    char name[KN_GPU_NAME_SIZE]; /* "" when it is not told */
    int64_t total, free;         /* bytes; KN_GPU_UNKNOWN, as where memory is the machine's */
    int capability;              /* of CUDA, 10 * major + minor; KN_GPU_UNKNOWN */
    int busy; /* percent of the last moments in which it computed, for anybody; KN_GPU_UNKNOWN */
};

/*
 * NVIDIA's, through the driver's management library: `library` is its path or name, NULL for
 * libnvidia-ml.so.1. At most `max`; a machine without the library or driver has none. The library
 * is loaded and let go again; a driver that is not awake takes its time to wake up.
 */
size_t kn_gpu_read_nvidia(const char *library, struct kn_gpu *out, size_t max);

/* AMD's, as /sys below `root` tells; "" is the machine's own. At most `max`. */
size_t kn_gpu_read_amd(const char *root, struct kn_gpu *out, size_t max);

#endif
