#include "config/discovery/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/schema/words.h"
#include "lib/base/number.h"
#include "lib/base/utf8.h"

const char *const kn_calibration_keys[KN_CALIBRATION_KEYS] = {
    "model.dtype",
    "model.quant_type",
    "performance.device",
    "resources.max_memory_gb",
    "resources.max_gpu_memory_gb",
};

#define COARSE (INT64_C(1) << 28)
#define SLOWER 0.6 /* and less than that is another machine */

/* spec: FNV-1a, 64 bits. A fingerprint tells machines apart; it does not have to resist anybody. */
static uint64_t mix(uint64_t hash, const char *text)
{
    for (size_t i = 0;; i++) {
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
        if (text[i] == '\0')
            return hash;
    }
}

static uint64_t mix_number(uint64_t hash, int64_t number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    return mix(hash, text);
}

void kn_fingerprint(const struct kn_hardware *hardware, char out[KN_FINGERPRINT_SIZE])
{
    const struct kn_cpu_features *f = &hardware->features;
    uint64_t hash = UINT64_C(14695981039346656037);

    hash = mix(hash, hardware->architecture);
    hash = mix(hash, hardware->cpu_name);
    hash = mix_number(hash, hardware->physical_cores);
    hash = mix_number(hash, f->avx512_bf16 + 2 * f->amx_bf16 + 4 * f->bf16);
    hash = mix_number(hash, hardware->memory_total / COARSE); /* kernels take more or less of it */
    hash = mix_number(hash, hardware->memory_limit);
    for (size_t i = 0; i < hardware->gpu_count; i++) {
        hash = mix(hash, hardware->gpus[i].name);
        hash = mix_number(hash, hardware->gpus[i].kind);
        hash = mix_number(hash, hardware->gpus[i].total_bytes);
        hash = mix_number(hash, hardware->gpus[i].capability);
    }
    (void)snprintf(out, KN_FINGERPRINT_SIZE, "%016" PRIx64, hash);
}

/* Days since 1970-01-01 as a date of the Gregorian calendar, by counting years from March. */
static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t of_400 = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = of_400 + era * 400 + (*month <= 2 ? 1 : 0);
}

void kn_time_print(int64_t seconds, char out[KN_TIME_SIZE])
{
    int64_t latest = INT64_C(253402300799), days, rest, year; /* the end of the year 9999 */
    int month, day;

    seconds = seconds < 0 ? 0 : seconds > latest ? latest : seconds;
    days = seconds / 86400;
    rest = seconds % 86400;
    date_of(days, &year, &month, &day);
    (void)snprintf(out, KN_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, month, day,
                   (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

/* Line breaks and what no YAML file may hold stand as numbers. */
static bool is_plain(uint32_t c)
{
    if (c < 0x80)
        return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
    return c >= 0xa0 && c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

/* A text in double quotes; bytes that are no UTF-8 become question marks. spec: YAML 1.2 §5.7 */
static void add_quoted(struct kn_text *text, const char *value)
{
    size_t left = strlen(value), n;
    uint32_t c;

    kn_text_add_char(text, '"');
    for (; left > 0; value += n, left -= n) {
        n = kn_utf8_decode(value, left, &c);
        if (n == 0) {
            n = 1;
            kn_text_add_char(text, '?');
        } else if (is_plain(c)) {
            kn_text_add_n(text, value, n);
        } else if (c == '"' || c == '\\') {
            kn_text_addf(text, "\\%c", (char)c);
        } else { /* none of these is beyond 16 bits */
            kn_text_addf(text, "\\u%04x", (unsigned)c);
        }
    }
    kn_text_add_char(text, '"');
}

static void add_member(struct kn_text *text, const char *key, const char *value)
{
    kn_text_add(text, key);
    add_quoted(text, value);
    kn_text_add_char(text, '\n');
}

static void add_memory(struct kn_text *text, const char *key, int64_t bytes)
{
    char people[KN_MEMORY_TEXT_SIZE];

    if (bytes < 0) {
        kn_text_addf(text, "%snull  # not known\n", key);
        return;
    }
    kn_memory_text(bytes, people);
    kn_text_addf(text, "%s%" PRId64 "  # %s\n", key, bytes, people);
}

static void add_gpus(struct kn_text *text, const struct kn_hardware *hardware)
{
    if (hardware->gpu_count == 0)
        return;
    kn_text_add(text, "    gpus:\n");
    for (size_t i = 0; i < hardware->gpu_count; i++) {
        const struct kn_gpu_facts *gpu = &hardware->gpus[i];

        add_member(text, "      - name: ", gpu->name);
        add_memory(text, "        total_memory: ", gpu->total_bytes);
        add_memory(text, "        free_memory: ", gpu->free_bytes);
    }
}

static void add_hardware(struct kn_text *text, const struct kn_calibration *c)
{
    static const char *const kinds[] = { [KN_GPU_NVIDIA] = "cuda", [KN_GPU_AMD] = "rocm" };
    const struct kn_hardware *hardware = c->hardware;

    kn_text_add(text, "  hardware:\n");
    add_memory(text, "    total_memory: ", hardware->memory_total);
    add_memory(text, "    available_memory: ", hardware->memory_available);
    if (hardware->memory_limit >= 0)
        add_memory(text, "    memory_limit: ", hardware->memory_limit);
    add_member(text, "    gpu_type: ", c->room->is_gpu ? kinds[c->room->gpu_kind] : "cpu");
    add_member(text, "    architecture: ", hardware->architecture);
    if (hardware->cpu_name[0] != '\0')
        add_member(text, "    cpu: ", hardware->cpu_name);
    add_gpus(text, hardware);
}

static void add_profiles(struct kn_text *text, const struct kn_fit *fit)
{
    add_memory(text, "  memory_per_block: ", fit->block_bytes > 0 ? fit->block_bytes : -1);
    kn_text_add(text, "  profiles:\n");
    for (size_t i = 0; i < KN_PRESET_COUNT; i++)
        kn_text_addf(text, "    %s: { blocks: %u, memory: %" PRId64 " }\n", kn_words_preset[i].name,
                     fit->profiles[i].blocks, fit->profiles[i].memory);
    add_member(text, "  limited_by: ", fit->reason[0] != '\0' ? fit->reason : fit->limit);
    if (fit->is_guess)
        kn_text_add(text, "  estimate: true  # nobody knows the size of a block exactly\n");
}

static void add_number(struct kn_text *text, const char *key, double value, const char *remark)
{
    char number[KN_DECIMAL_SIZE];

    kn_print_decimal(round(value * 100) / 100, number);
    kn_text_addf(text, "%s%s%s\n", key, number, remark);
}

static void add_found(struct kn_text *text, const struct kn_measured *m)
{
    kn_text_addf(text, "    made_up: %s\n",
                 m->made_up ? "true  # weights of the model's shapes" : "false");
    kn_text_addf(text, "    blocks: %" PRIu32 "  # the most that ran a session of full length\n",
                 m->blocks);
    kn_text_addf(text, "    estimated_blocks: %" PRIu32 "\n", m->estimated);
    kn_text_addf(text, "    session_tokens: %" PRIu32 "\n", m->session_tokens);
    add_memory(text, "    weights_per_block: ", m->weight_bytes);
    add_memory(text, "    memory_per_block: ", m->block_bytes);
    kn_text_addf(text, "    cache_tokens: %" PRId64 "\n", m->cache_tokens);
}

static void add_choices(struct kn_text *text, const struct kn_measured *m)
{
    kn_text_addf(text, "    threads: %" PRIu32 "\n", m->threads);
    add_number(text, "    threads_gain: ", m->threads_gain, "  # times as fast as one thread");
    add_member(text, "    dtype: ", kn_words_dtype[m->dtype].name);
    kn_text_addf(text, "    dtype_chosen: %s\n", m->dtype_chosen ? "true" : "false");
    add_number(text, "    dtype_gain: ", m->dtype_gain, "  # times as fast as the usual type");
    kn_text_addf(text, "    batch_tokens: %" PRIu32 "\n", m->batch_tokens);
    add_number(text, "    batch_gain: ", m->batch_gain, "  # times as fast as 48 tokens a pass");
}

static void add_measured(struct kn_text *text, const struct kn_measured *m)
{
    char time[KN_TIME_SIZE];

    kn_time_print(m->at_s, time);
    kn_text_add(text, "  measured:\n");
    add_member(text, "    timestamp: ", time);
    add_found(text, m);
    add_choices(text, m);
    add_number(text, "    read_bandwidth: ", round(m->read_bandwidth), "  # bytes a second");
    add_number(text, "    decode: ", m->decode, "  # tokens a second through one block");
    kn_text_addf(text, "    sessions: %" PRIu32 "\n", m->sessions);
    add_number(text, "    together: ", m->together, "  # of so many sessions");
    add_number(text, "    prefill: ", m->prefill, "  # of prompts");
}

void kn_day_print(int64_t seconds, char out[KN_DAY_SIZE])
{
    char time[KN_TIME_SIZE];

    kn_time_print(seconds, time);
    (void)snprintf(out, KN_DAY_SIZE, "%.10s", time);
}

void kn_measured_format(const struct kn_measured *measured, struct kn_format *format)
{
    char day[KN_DAY_SIZE];

    if (!measured->dtype_chosen)
        return;
    kn_day_print(measured->at_s, day);
    format->dtype = measured->dtype;
    (void)snprintf(format->reason, sizeof(format->reason),
                   "measured on %s: %.1f times as fast as %s", day, measured->dtype_gain,
                   measured->dtype == KN_DTYPE_FLOAT32 ? "bfloat16" : "float32");
}

bool kn_measured_drifts(const struct kn_measured *measured, double decode,
                        char out[KN_FIT_TEXT_SIZE])
{
    char day[KN_DAY_SIZE];

    out[0] = '\0';
    if (measured->at_s <= 0 || decode <= 0 || decode >= measured->decode * SLOWER)
        return false;
    kn_day_print(measured->at_s, day);
    (void)snprintf(out, KN_FIT_TEXT_SIZE,
                   "a block computes %.0f tokens/s, and %.0f when it was measured on %s", decode,
                   measured->decode, day);
    return true;
}

void kn_calibration_print(const struct kn_calibration *calibration, struct kn_text *text)
{
    const struct kn_calibration *c = calibration;
    char fingerprint[KN_FINGERPRINT_SIZE], time[KN_TIME_SIZE];

    kn_fingerprint(c->hardware, fingerprint);
    kn_time_print(c->now_s, time);
    kn_text_add(text, "calibration:\n");
    add_member(text, "  model: ", c->model);
    if (c->repository != NULL)
        add_member(text, "  repository: ", c->repository);
    if (c->total_blocks > 0)
        kn_text_addf(text, "  total_blocks: %u\n", c->total_blocks);
    add_member(text, "  dtype: ", kn_words_dtype[c->format->dtype].name);
    add_member(text, "  quant_type: ", kn_words_quant_type[c->format->quant].name);
    add_member(text, "  dtype_reason: ", c->format->reason);
    kn_text_addf(text, "  mode: %s\n", c->measured != NULL ? "full" : "quick");
    add_hardware(text, c);
    add_profiles(text, c->fit);
    if (c->measured != NULL)
        add_measured(text, c->measured);
    add_member(text, "  preset: ", kn_words_preset[c->preset].name);
    kn_text_add(text, "  settings:  # what it was made for\n");
    for (size_t i = 0; i < KN_CALIBRATION_KEYS; i++) {
        kn_text_addf(text, "    %s", kn_calibration_keys[i]);
        add_member(text, ": ", c->asked[i] != NULL ? c->asked[i] : "auto");
    }
    add_member(text, "  fingerprint: ", fingerprint);
    add_member(text, "  timestamp: ", time);
}
