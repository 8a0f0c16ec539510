/*
 * cpu — the processors that this process may use, and what they can do.
 */
#ifndef KN_OS_CPU_H
#define KN_OS_CPU_H

#include <stdbool.h>

enum {
    KN_CPU_UNKNOWN = -1,
    KN_CPU_NAME_SIZE = 128,
    KN_CPUS_MAX = 4096, /* of one machine; those with higher numbers are not counted */
};

struct kn_cpu {
    char name[KN_CPU_NAME_SIZE]; /* "" when it is not told, as on many ARM machines */
    int threads;                 /* online, and permitted by affinity; KN_CPU_UNKNOWN */
    int cores;                   /* physical ones behind those; KN_CPU_UNKNOWN */
};

/* As /proc and /sys below `root` tell; "" is the machine's own. */
void kn_cpu_read(const char *root, struct kn_cpu *out);

/* Instruction sets that processor and system together permit. */
struct kn_cpu_sets {
    bool avx2, fma, f16c, avx512f, avx512bw, avx512dq, avx512vl; /* x86-64 */
    bool avx512_vnni, avx512_bf16, amx_bf16, amx_int8;           /* as well */
    bool neon, sve, bf16;                                        /* AArch64 */
};

/* Those of the processor that runs this; all false on one of another kind. */
void kn_cpu_sets_read(struct kn_cpu_sets *out);

#endif
