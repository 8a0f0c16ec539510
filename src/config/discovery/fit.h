/*
 * fit — how many blocks of a model this machine can hold, and in which number format.
 *
 * Memory of a block is its weights divided by 0.8, because a fifth of what is assigned is the
 * attention cache. Everything that was decided comes with the reason, as text for people.
 */
#ifndef KN_DISCOVERY_FIT_H
#define KN_DISCOVERY_FIT_H

#include "config/discovery/facts.h"
#include "config/discovery/model_shape.h"

enum {
    KN_FIT_TEXT_SIZE = 256,
    KN_PRESET_COUNT = 3,
    KN_CACHE_NUMBER_BYTES = 4, /* keys and values are kept in float32, whatever the weights are */
};

enum kn_device { KN_DEVICE_AUTO, KN_DEVICE_CPU, KN_DEVICE_GPU };

/* What the settings ask for. Start from kn_fit_wish_none. */
struct kn_fit_wish {
    enum kn_device device;              /* performance.device, */
    int gpu_kind, gpu_index;            /* and with KN_DEVICE_GPU which; KN_FACT_UNKNOWN: any */
    int dtype;                          /* enum kn_dtype; KN_FACT_UNKNOWN: auto */
    int quant_type;                     /* enum kn_quant_type; KN_FACT_UNKNOWN: auto */
    int64_t max_memory, max_gpu_memory; /* bytes; KN_FACT_UNKNOWN: no limit */
    int64_t cache_tokens;               /* of each block; KN_FACT_UNKNOWN: a fifth of its memory */
};
extern const struct kn_fit_wish kn_fit_wish_none;

/* The memory that blocks can be put into. */
struct kn_room {
    bool is_known;
    bool is_gpu;
    enum kn_gpu_kind gpu_kind;  /* with is_gpu */
    int64_t bytes;              /* all of it; KN_FACT_UNKNOWN */
    int64_t cap;                /* of the settings; KN_FACT_UNKNOWN: none */
    int64_t parts[KN_GPUS_MAX]; /* a block lies in one part: a GPU, or the memory */
    size_t part_count;
    char limit[KN_FIT_TEXT_SIZE]; /* what decided: "cgroup /user.slice leaves 480 MiB" */
};

void kn_room_find(const struct kn_hardware *hardware, const struct kn_fit_wish *wish,
                  struct kn_room *out);

struct kn_format {
    enum kn_dtype dtype;
    enum kn_quant_type quant;
    char reason[KN_FIT_TEXT_SIZE]; /* "the CPU multiplies bfloat16 (AVX512-BF16)" */
};

void kn_format_choose(const struct kn_hardware *hardware, const struct kn_room *room,
                      const struct kn_fit_wish *wish, struct kn_format *out);

struct kn_profile {
    uint32_t blocks;
    int64_t memory;
};

struct kn_fit {
    int64_t weight_bytes;                        /* of one block */
    int64_t block_bytes;                         /* with its share of the cache */
    struct kn_profile profiles[KN_PRESET_COUNT]; /* by enum kn_preset */
    int64_t cache_tokens;
    bool is_guess;                /* of the model's size, or of one block where memory is unknown */
    char limit[KN_FIT_TEXT_SIZE]; /* what decided the largest number */
    char reason[KN_FIT_TEXT_SIZE]; /* why not even one block fits; "" when one does */
};

/* `cache_tokens` as in the wish. */
void kn_fit_plan(const struct kn_model_size *size, const struct kn_room *room,
                 const struct kn_format *format, int64_t cache_tokens, struct kn_fit *out);

struct kn_measured;

/*
 * What was measured instead of the estimate: as many blocks as ran a session, or fewer where less
 * memory is there than then. Blocks that lie in memory only: not with `room` of a GPU.
 */
void kn_fit_use(const struct kn_measured *measured, const struct kn_model_size *size,
                const struct kn_room *room, struct kn_fit *fit);

/* What one node of this kind can be expected to do, until it was measured. */
struct kn_speed {
    double low, high, middle;      /* tokens a second */
    char reason[KN_FIT_TEXT_SIZE]; /* begins with "estimate" */
};

void kn_speed_estimate(const struct kn_model_size *size, const struct kn_room *room,
                       struct kn_speed *out);

/* "1.6 GiB", "480 MiB". */
enum { KN_MEMORY_TEXT_SIZE = 32 };
void kn_memory_text(int64_t bytes, char out[KN_MEMORY_TEXT_SIZE]);

#endif
