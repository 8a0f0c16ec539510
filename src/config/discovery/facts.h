/*
 * facts — what discovery decides from: this machine, as it was found, and the swarm, as it was
 * seen. Plain data, filled by node/; nothing here looks at anything by itself.
 *
 * Unknown is unknown: a number that nobody could read is KN_FACT_UNKNOWN, never a guess.
 */
#ifndef KN_DISCOVERY_FACTS_H
#define KN_DISCOVERY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KN_FACT_UNKNOWN = -1,
    KN_FACT_TEXT_MAX = 128,
    KN_GPUS_MAX = 16,
};

enum kn_gpu_kind { KN_GPU_NVIDIA, KN_GPU_AMD };

struct kn_gpu_facts {
    enum kn_gpu_kind kind;
    char name[KN_FACT_TEXT_MAX];
    int64_t total_bytes, free_bytes;
    int capability; /* of CUDA, 10 * major + minor; KN_FACT_UNKNOWN */
};

/* Instruction sets that change what is fast. */
struct kn_cpu_features {
    bool avx2, f16c, avx512f, avx512_vnni, avx512_bf16, amx_bf16, amx_int8, neon, sve, bf16;
};

struct kn_hardware {
    char platform[KN_FACT_TEXT_MAX]; /* "Linux 6.1 (x86_64)" */
    char architecture[16];           /* "x86_64", "arm64" */
    char cpu_name[KN_FACT_TEXT_MAX]; /* "" when it is not told */
    int cores, physical_cores;       /* that this process may use; KN_FACT_UNKNOWN */
    double cpu_quota;                /* cores' worth of time that a cgroup grants; < 0: no limit */
    struct kn_cpu_features features;
    int64_t memory_total, memory_available; /* as the system tells */
    int64_t memory_limit; /* least of cgroups and ulimits; KN_FACT_UNKNOWN: none */
    int64_t memory_left;  /* least that any such limit leaves; KN_FACT_UNKNOWN */
    char memory_limit_by[KN_FACT_TEXT_MAX]; /* "cgroup /user.slice", "ulimit -v" */
    int64_t open_files;                     /* soft limit; KN_FACT_UNKNOWN */
    struct kn_gpu_facts gpus[KN_GPUS_MAX];
    size_t gpu_count;
    char host_name[KN_FACT_TEXT_MAX]; /* "" when there is none */
    char user_name[KN_FACT_TEXT_MAX];
};

/* A model of the swarm, in the order of popularity. */
struct kn_model_facts {
    const char *prefix;
    const char *repository; /* NULL: not known */
    uint32_t num_blocks;
    uint32_t online, joining; /* providers, over both spellings */
    uint32_t own_online;      /* under this prefix alone */
    bool complete, registered;
};

struct kn_block_facts {
    uint32_t online, joining;
    double throughput; /* as placement weighs it */
};

struct kn_swarm_facts {
    bool is_known; /* somebody answered */
    const struct kn_model_facts *models;
    size_t model_count;
    const struct kn_block_facts *blocks; /* of the chosen model; NULL: not known */
    size_t block_count;
    const char *const *names; /* public names of other peers */
    size_t name_count;
};

#endif
