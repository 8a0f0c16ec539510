/* Where blocks can be put on this machine, and in which number format they are computed. */
#include <stdarg.h>
#include <stdio.h>

#include "config/discovery/fit.h"
#include "lib/base/attributes.h"

enum { AMPERE = 80 }; /* compute capability 8.0 */

KN_PRINTF(2, 3) static void say(char out[KN_FIT_TEXT_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out, KN_FIT_TEXT_SIZE, format, args);
    va_end(args);
}

static const char *text_of(int64_t bytes, char out[KN_MEMORY_TEXT_SIZE])
{
    kn_memory_text(bytes, out);
    return out;
}

/* Take `bytes` if that is the least so far. */
static bool lower(struct kn_room *room, int64_t bytes)
{
    if (bytes < 0 || (room->bytes >= 0 && bytes >= room->bytes))
        return false;
    room->bytes = bytes;
    return true;
}

static void find_memory(const struct kn_hardware *hardware, const struct kn_fit_wish *wish,
                        struct kn_room *out)
{
    int64_t left = hardware->memory_left >= 0 ? hardware->memory_left : hardware->memory_limit;
    char text[KN_MEMORY_TEXT_SIZE];

    if (lower(out, hardware->memory_available))
        say(out->limit, "%s of memory is available", text_of(out->bytes, text));
    if (lower(out, left))
        say(out->limit, "%s leaves %s",
            hardware->memory_limit_by[0] != '\0' ? hardware->memory_limit_by : "a limit",
            text_of(out->bytes, text));
    out->is_known = out->bytes >= 0;
    out->cap = wish->max_memory;
    if (!out->is_known)
        say(out->limit, "the available memory could not be read");
    else if (lower(out, wish->max_memory))
        say(out->limit, "resources.max_memory_gb is %s", text_of(out->bytes, text));
    out->parts[0] = out->bytes;
    out->part_count = out->is_known ? 1 : 0;
}

/* Is the `index`th GPU of its kind one of those that the settings name? */
static bool is_wished(const struct kn_fit_wish *wish, enum kn_gpu_kind kind, int index)
{
    return (wish->gpu_kind < 0 || wish->gpu_kind == (int)kind) &&
           (wish->gpu_index < 0 || wish->gpu_index == index);
}

/* The wished one that comes first; NULL when there is none. */
static const struct kn_gpu_facts *first_wished(const struct kn_hardware *hardware,
                                               const struct kn_fit_wish *wish)
{
    int seen[] = { [KN_GPU_NVIDIA] = 0, [KN_GPU_AMD] = 0 };

    for (size_t i = 0; i < hardware->gpu_count; i++) {
        enum kn_gpu_kind kind = hardware->gpus[i].kind;

        if (is_wished(wish, kind, seen[kind]++))
            return &hardware->gpus[i];
    }
    return NULL;
}

/* The GPUs of one kind whose free memory is known; returns the bytes of all. */
static int64_t add_gpus(const struct kn_hardware *hardware, const struct kn_fit_wish *wish,
                        enum kn_gpu_kind kind, struct kn_room *out, const char **name)
{
    int64_t sum = 0;
    int seen = 0;

    out->part_count = 0;
    for (size_t i = 0; i < hardware->gpu_count; i++) {
        const struct kn_gpu_facts *gpu = &hardware->gpus[i];

        if (gpu->kind != kind || !is_wished(wish, kind, seen++) || gpu->free_bytes < 0)
            continue;
        out->parts[out->part_count++] = gpu->free_bytes;
        sum += gpu->free_bytes;
        *name = gpu->name;
    }
    return sum;
}

static bool find_gpus(const struct kn_hardware *hardware, const struct kn_fit_wish *wish,
                      struct kn_room *out)
{
    const char *name = "";
    int64_t amd = add_gpus(hardware, wish, KN_GPU_AMD, out, &name);
    int64_t nvidia = add_gpus(hardware, wish, KN_GPU_NVIDIA, out, &name);
    char text[KN_MEMORY_TEXT_SIZE];

    out->gpu_kind = amd > nvidia ? KN_GPU_AMD : KN_GPU_NVIDIA; /* blocks do not span two kinds */
    out->bytes = add_gpus(hardware, wish, out->gpu_kind, out, &name);
    if (out->part_count == 0)
        return false;
    out->is_gpu = out->is_known = true;
    out->cap = wish->max_gpu_memory;
    if (out->part_count == 1)
        say(out->limit, "%s is free on %s", text_of(out->bytes, text),
            name[0] != '\0' ? name : "the GPU");
    else
        say(out->limit, "%s is free on %zu GPUs", text_of(out->bytes, text), out->part_count);
    if (lower(out, wish->max_gpu_memory))
        say(out->limit, "resources.max_gpu_memory_gb is %s", text_of(out->bytes, text));
    return true;
}

void kn_room_find(const struct kn_hardware *hardware, const struct kn_fit_wish *wish,
                  struct kn_room *out)
{
    const struct kn_gpu_facts *gpu = first_wished(hardware, wish);

    *out = (struct kn_room){ .bytes = KN_FACT_UNKNOWN, .cap = KN_FACT_UNKNOWN };
    if (wish->device != KN_DEVICE_CPU && find_gpus(hardware, wish, out))
        return;
    if (wish->device == KN_DEVICE_GPU && gpu == NULL) {
        out->is_gpu = out->is_known = true; /* of a GPU that is not there nothing is free */
        out->bytes = 0;
        say(out->limit, hardware->gpu_count > 0 ? "no such GPU was found" : "no GPU was found");
        return;
    }
    *out = (struct kn_room){ .bytes = KN_FACT_UNKNOWN, .cap = KN_FACT_UNKNOWN };
    if (wish->device == KN_DEVICE_GPU) {
        out->is_gpu = true;
        out->gpu_kind = gpu->kind;
        out->cap = wish->max_gpu_memory;
        say(out->limit, "the free memory of the GPU could not be read");
        return;
    }
    find_memory(hardware, wish, out);
}

/* The oldest GPU decides; KN_FACT_UNKNOWN when one does not tell. */
static int least_capability(const struct kn_hardware *hardware)
{
    int found = KN_FACT_UNKNOWN;

    for (size_t i = 0; i < hardware->gpu_count; i++) {
        if (hardware->gpus[i].kind != KN_GPU_NVIDIA)
            continue;
        if (hardware->gpus[i].capability < 0)
            return KN_FACT_UNKNOWN;
        if (found < 0 || hardware->gpus[i].capability < found)
            found = hardware->gpus[i].capability;
    }
    return found;
}

static void choose_on_gpu(const struct kn_hardware *hardware, const struct kn_room *room,
                          struct kn_format *out)
{
    int capability = least_capability(hardware);

    out->dtype = KN_DTYPE_FLOAT16;
    if (room->gpu_kind == KN_GPU_AMD) {
        say(out->reason, "every AMD GPU computes float16");
    } else if (capability >= AMPERE) {
        out->dtype = KN_DTYPE_BFLOAT16;
        say(out->reason, "the GPU is Ampere or newer (compute capability %d.%d)", capability / 10,
            capability % 10);
    } else if (capability >= 0) {
        say(out->reason, "the GPU is older than Ampere (compute capability %d.%d)", capability / 10,
            capability % 10);
    } else {
        say(out->reason, "the GPU does not tell its generation, and all compute float16");
    }
}

static void choose_on_cpu(const struct kn_cpu_features *features, struct kn_format *out)
{
    const char *by = features->amx_bf16      ? "AMX"
                     : features->avx512_bf16 ? "AVX512-BF16"
                     : features->bf16        ? "BF16"
                                             : NULL;

    out->dtype = by != NULL ? KN_DTYPE_BFLOAT16 : KN_DTYPE_FLOAT32;
    if (by != NULL)
        say(out->reason, "the CPU multiplies bfloat16 (%s)", by);
    else
        say(out->reason, "the CPU does not multiply 16-bit numbers");
}

/* spec: REQ-0.6.3 */
void kn_format_choose(const struct kn_hardware *hardware, const struct kn_room *room,
                      const struct kn_fit_wish *wish, struct kn_format *out)
{
    *out = (struct kn_format){ .quant = KN_QUANT_NONE };
    if (wish->quant_type >= 0)
        out->quant = (enum kn_quant_type)wish->quant_type;
    if (wish->dtype >= 0) {
        out->dtype = (enum kn_dtype)wish->dtype;
        say(out->reason, "as the settings say");
    } else if (room->is_gpu) {
        choose_on_gpu(hardware, room, out);
    } else {
        choose_on_cpu(&hardware->features, out);
    }
}
