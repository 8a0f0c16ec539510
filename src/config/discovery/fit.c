#include "config/discovery/fit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "config/schema/measured.h"
#include "lib/base/attributes.h"

enum { SHARE_MAX = 90, SHARE_RECOMMENDED = 75 }; /* per cent */
enum { LIMIT_SHOWN = 180 };                      /* bytes of a limit inside a sentence */

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

const struct kn_fit_wish kn_fit_wish_none = {
    .device = KN_DEVICE_AUTO,
    .gpu_kind = KN_FACT_UNKNOWN,
    .gpu_index = KN_FACT_UNKNOWN,
    .dtype = KN_FACT_UNKNOWN,
    .quant_type = KN_FACT_UNKNOWN,
    .max_memory = KN_FACT_UNKNOWN,
    .max_gpu_memory = KN_FACT_UNKNOWN,
    .cache_tokens = KN_FACT_UNKNOWN,
};

void kn_memory_text(int64_t bytes, char out[KN_MEMORY_TEXT_SIZE])
{
    int64_t tenths = (bytes + GIB / 20) / (GIB / 10);

    if (bytes < MIB)
        (void)snprintf(out, KN_MEMORY_TEXT_SIZE, "%lld KiB", (long long)((bytes + 512) / 1024));
    else if (bytes < GIB - MIB / 2)
        (void)snprintf(out, KN_MEMORY_TEXT_SIZE, "%lld MiB", (long long)((bytes + MIB / 2) / MIB));
    else if (tenths % 10 == 0)
        (void)snprintf(out, KN_MEMORY_TEXT_SIZE, "%lld GiB", (long long)(tenths / 10));
    else
        (void)snprintf(out, KN_MEMORY_TEXT_SIZE, "%lld.%d GiB", (long long)(tenths / 10),
                       (int)(tenths % 10));
}

KN_PRINTF(2, 3) static void say(char out[KN_FIT_TEXT_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(out, KN_FIT_TEXT_SIZE, format, args);
    va_end(args);
}

static int64_t usable(int64_t bytes)
{
    return bytes / 100 * SHARE_MAX + bytes % 100 * SHARE_MAX / 100;
}

/* Blocks do not lie in two parts. */
static int64_t count_blocks(const struct kn_room *room, int64_t block_bytes)
{
    int64_t n = 0, most;

    for (size_t i = 0; i < room->part_count; i++)
        n += usable(room->parts[i]) / block_bytes;
    if (room->cap < 0)
        return n;
    most = usable(room->cap) / block_bytes;
    return most < n ? most : n;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The presets of `fits` blocks, each capped by the model. */
static void set_profiles(struct kn_fit *fit, int64_t fits, uint32_t blocks)
{
    int64_t cap = blocks > 0 ? blocks : 65535;
    int64_t recommended = fits * SHARE_RECOMMENDED / 100, min = fits > 0 ? 1 : 0;
    int64_t counts[KN_PRESET_COUNT];

    if (recommended == 0 && fits > 0)
        recommended = 1;
    recommended = least(recommended, cap);
    if (fits >= 2 && fit->block_bytes <= GIB)
        min = 2;
    counts[KN_PRESET_MIN] = least(min, recommended);
    counts[KN_PRESET_RECOMMENDED] = recommended;
    counts[KN_PRESET_MAX] = least(fits, cap);
    for (size_t i = 0; i < KN_PRESET_COUNT; i++)
        fit->profiles[i] = (struct kn_profile){ (uint32_t)counts[i], counts[i] * fit->block_bytes };
}

static void explain_nothing(struct kn_fit *out, const char *limit)
{
    char needs[KN_MEMORY_TEXT_SIZE];

    kn_memory_text(out->block_bytes, needs);
    say(out->reason, "not one block fits: it needs %s within %d %%, and %.*s", needs, SHARE_MAX,
        LIMIT_SHOWN, limit);
}

/* Nobody knows how much memory there is, or how much a block needs: one is tried. */
static void plan_one(const struct kn_room *room, struct kn_fit *out)
{
    bool size_known = out->block_bytes > 0;
    char cap[KN_MEMORY_TEXT_SIZE], limit[KN_FIT_TEXT_SIZE];

    if (size_known && room->cap >= 0 && usable(room->cap) < out->block_bytes) {
        kn_memory_text(room->cap, cap);
        say(limit, "resources.%s is %s", room->is_gpu ? "max_gpu_memory_gb" : "max_memory_gb", cap);
        explain_nothing(out, limit);
        return;
    }
    out->is_guess = true;
    set_profiles(out, 1, 1);
    say(out->limit, "%.*s, so one block is planned", LIMIT_SHOWN,
        size_known ? room->limit : "the size of the model is not known");
}

static int64_t product(int64_t a, int64_t b)
{
    return b > 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

static int64_t sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

void kn_fit_plan(const struct kn_model_size *size, const struct kn_room *room,
                 const struct kn_format *format, int64_t cache_tokens, struct kn_fit *out)
{
    int64_t fits, token;

    *out = (struct kn_fit){ .is_guess = size->source == KN_SIZE_GUESS };
    if (size->block_parameters <= 0) {
        plan_one(room, out);
        return;
    }
    out->weight_bytes = kn_weight_bytes(size->block_parameters, format->dtype, format->quant);
    out->block_bytes = (out->weight_bytes * 5 + 3) / 4; /* spec: REQ-0.6.2 */
    token = size->cache_numbers * KN_CACHE_NUMBER_BYTES;
    out->cache_tokens = token > 0 ? out->block_bytes / 5 / token : 0;
    if (cache_tokens >= 0 && token > 0) {
        out->cache_tokens = cache_tokens;
        out->block_bytes = sum(out->weight_bytes, product(cache_tokens, token));
    }
    if (!room->is_known) {
        plan_one(room, out);
        return;
    }
    fits = count_blocks(room, out->block_bytes);
    set_profiles(out, fits, size->blocks);
    if (size->blocks > 0 && fits >= size->blocks)
        say(out->limit, "the model has %u blocks", size->blocks);
    else
        say(out->limit, "%s", room->limit);
    if (fits == 0)
        explain_nothing(out, room->limit);
}

/* Memory that the process needs beside its blocks, as the measurement left it free. */
#define BESIDE (24 * MIB)

void kn_fit_use(const struct kn_measured *measured, const struct kn_model_size *size,
                const struct kn_room *room, struct kn_fit *fit)
{
    int64_t fits = measured->blocks, now;
    char needs[KN_MEMORY_TEXT_SIZE];

    fit->weight_bytes = measured->weight_bytes;
    fit->block_bytes = measured->block_bytes;
    fit->cache_tokens = measured->cache_tokens;
    fit->is_guess = false;
    fit->reason[0] = '\0';
    say(fit->limit, "so many ran a session of %u tokens", measured->session_tokens);
    now = room->bytes > BESIDE ? (room->bytes - BESIDE) / fit->block_bytes : 0;
    if (room->is_known && now < fits) {
        fits = now;
        say(fit->limit, "%s", room->limit);
    } else if (size->blocks > 0 && fits >= size->blocks) {
        say(fit->limit, "the model has %u blocks", size->blocks);
        fits = most(fits, count_blocks(room, fit->block_bytes)); /* it ended before the memory */
    }
    set_profiles(fit, fits, size->blocks);
    if (fits > 0)
        return;
    kn_memory_text(fit->block_bytes, needs);
    say(fit->reason, "not one block fits: it needs %s, and %.*s", needs, LIMIT_SHOWN, room->limit);
}

/* Between 8 and 70 billion parameters on a logarithmic scale, clamped. spec: REQ-0.6.1 */
void kn_speed_estimate(const struct kn_model_size *size, const struct kn_room *room,
                       struct kn_speed *out)
{
    double small = 8e9, large = 70e9, at = 1;

    if (size->whole_parameters > 0)
        at = log((double)size->whole_parameters / small) / log(large / small);
    at = at < 0 ? 0 : at > 1 ? 1 : at;
    out->low = room->is_gpu ? 200 - 100 * at : 30 - 20 * at;
    out->high = room->is_gpu ? 400 - 200 * at : 60 - 30 * at;
    out->middle = (out->low + out->high) / 2;
    say(out->reason, "estimate for a model of this size on a %s, until it is measured",
        room->is_gpu ? "GPU" : "CPU");
}
