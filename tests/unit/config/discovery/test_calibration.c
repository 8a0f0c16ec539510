/* calibration.yaml: what is written is what the cache's reader takes. */
#include "config/discovery/calibration.h"

#include "config/discovery/model_table.h"
#include "config/sources/cache.h"
#include "support/layers.h"

#define GIB (INT64_C(1) << 30)
#define NOW INT64_C(1765708200) /* 2025-12-14T10:30:00Z */

struct plan {
    struct kn_hardware hardware;
    struct kn_room room;
    struct kn_format format;
    struct kn_fit fit;
    struct kn_calibration calibration;
};

static void plan_begin(struct plan *p)
{
    const struct kn_model_row *row = kn_model_find(KN_FALLBACK_MODEL);
    struct kn_model_size size = kn_model_size_of(&row->shape, KN_SIZE_TABLE);

    *p = (struct plan){ .hardware = { .architecture = "arm64",
                                      .cpu_name = "Some \"fast\" one\n",
                                      .physical_cores = 8,
                                      .memory_total = 32 * GIB,
                                      .memory_available = 24 * GIB,
                                      .memory_limit = KN_FACT_UNKNOWN,
                                      .memory_left = KN_FACT_UNKNOWN } };
    kn_room_find(&p->hardware, &kn_fit_wish_none, &p->room);
    kn_format_choose(&p->hardware, &p->room, &kn_fit_wish_none, &p->format);
    kn_fit_plan(&size, &p->room, &p->format, KN_FACT_UNKNOWN, &p->fit);
    p->calibration = (struct kn_calibration){ .model = "Llama-3.3-70B-Instruct",
                                              .total_blocks = 80,
                                              .hardware = &p->hardware,
                                              .room = &p->room,
                                              .format = &p->format,
                                              .fit = &p->fit,
                                              .preset = KN_PRESET_RECOMMENDED,
                                              .now_s = NOW };
}

/* The document without the digits of the fingerprint. */
static const char *without_fingerprint(const char *text)
{
    const char *key = "fingerprint: \"", *at = strstr(text, key);
    size_t room;
    char *out = text_slot(&room);

    CHECK("fingerprint", at != NULL);
    at += strlen(key);
    (void)snprintf(out, room, "%.*s@%s", (int)(at - text), text, at + KN_FINGERPRINT_SIZE - 1);
    return out;
}

static const char *print(const struct plan *p)
{
    struct kn_text text = { 0 };
    size_t room;
    char *out = text_slot(&room);

    kn_calibration_print(&p->calibration, &text);
    CHECK("memory", !text.failed);
    (void)snprintf(out, room, "%s", kn_text_get(&text));
    kn_text_done(&text);
    return out;
}

/* proves: FR-0/0.2.5 */
static void the_document_has_the_shape_of_the_requirements(void **state)
{
    struct plan p;

    (void)state;
    plan_begin(&p);
    p.calibration.asked[0] = "float32";
    CHECK_STR("document", without_fingerprint(print(&p)),
              "calibration:\n"
              "  model: \"Llama-3.3-70B-Instruct\"\n"
              "  total_blocks: 80\n"
              "  dtype: \"float32\"\n"
              "  quant_type: \"none\"\n"
              "  dtype_reason: \"the CPU does not multiply 16-bit numbers\"\n"
              "  mode: quick\n"
              "  hardware:\n"
              "    total_memory: 34359738368  # 32 GiB\n"
              "    available_memory: 25769803776  # 24 GiB\n"
              "    gpu_type: \"cpu\"\n"
              "    architecture: \"arm64\"\n"
              "    cpu: \"Some \\\"fast\\\" one\\u000a\"\n"
              "  memory_per_block: 4278272000  # 4 GiB\n"
              "  profiles:\n"
              "    min: { blocks: 1, memory: 4278272000 }\n"
              "    recommended: { blocks: 3, memory: 12834816000 }\n"
              "    max: { blocks: 5, memory: 21391360000 }\n"
              "  limited_by: \"24 GiB of memory is available\"\n"
              "  preset: \"recommended\"\n"
              "  settings:  # what it was made for\n"
              "    model.dtype: \"float32\"\n"
              "    model.quant_type: \"auto\"\n"
              "    performance.device: \"auto\"\n"
              "    resources.max_memory_gb: \"auto\"\n"
              "    resources.max_gpu_memory_gb: \"auto\"\n"
              "  fingerprint: \"@\"\n"
              "  timestamp: \"2025-12-14T10:30:00Z\"\n");
}

static const char *values_text(const struct kn_layer *layer)
{
    size_t room, used = 0;
    char *out = text_slot(&room);

    out[0] = '\0';
    for (size_t i = 0; i < layer->n; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%s=%s", i > 0 ? " " : "",
                                 layer->at[i].setting->key,
                                 value_text(layer->at[i].setting, &layer->at[i].value));
    return out;
}

static void read_back(const char *name, const char *text, const char *key, const char *word,
                      const char *machine, const char *values, const char *problems)
{
    struct fixture f;

    fixture_begin(&f);
    f.source.machine = machine;
    if (key != NULL) {
        struct kn_origin origin = { .layer = KN_LAYER_CLI, .name = "--set", .age_s = -1 };

        kn_layer_read_word(&f.source, kn_setting_find(key), word, &origin, false);
    }
    kn_cache_take_calibration(&f.source, fixture_parse(&f, text), "calibration.yaml", NOW + 60);
    CHECK_STR(name, values_text(&f.layers.by_kind[KN_LAYER_CACHE]), values);
    CHECK_STR(name, problems_text(&f.problems), problems);
    fixture_end(&f);
}

#define TAKEN "model.blocks=3 model.total_blocks=80"
#define LEFT_OUT(why) \
    "calibration.yaml cache the cache " why " and was left out | The next start builds it anew."

static void what_is_written_is_read_back(void **state)
{
    char machine[KN_FINGERPRINT_SIZE];
    struct plan p;

    (void)state;
    plan_begin(&p);
    kn_fingerprint(&p.hardware, machine);
    read_back("as it was", print(&p), NULL, NULL, machine, TAKEN, "");
    read_back("no machine handed in", print(&p), NULL, NULL, NULL, TAKEN, "");
    read_back("another preset", print(&p), "calibration.preset", "max", machine,
              "model.blocks=5 model.total_blocks=80", "");
    read_back("its model", print(&p), "model.name", "Llama-3.3-70B-Instruct", machine, TAKEN, "");
    read_back("another model", print(&p), "model.name", "bloom", machine, "", "");
    read_back("another machine", print(&p), NULL, NULL, "0123456789abcdef", "",
              LEFT_OUT("is of another machine"));
    read_back("a type", print(&p), "model.dtype", "float16", machine, "",
              LEFT_OUT("was made for other settings"));
    p.calibration.asked[3] = "4GiB";
    read_back("the limit", print(&p), "resources.max_memory_gb", "4", machine, TAKEN, "");
    read_back("another limit", print(&p), "resources.max_memory_gb", "5", machine, "",
              LEFT_OUT("was made for other settings"));
    p.calibration.asked[3] = NULL;
    memset(p.fit.profiles, 0, sizeof(p.fit.profiles));
    (void)snprintf(p.fit.reason, sizeof(p.fit.reason), "nothing fits");
    read_back("nothing fitted", print(&p), NULL, NULL, machine, "model.total_blocks=80", "");
    CHECK_HAS("reason", print(&p), "  limited_by: \"nothing fits\"\n");
}

static void gpus_and_what_is_not_known_are_written(void **state)
{
    struct plan p;

    (void)state;
    plan_begin(&p);
    p.hardware.memory_total = KN_FACT_UNKNOWN;
    p.hardware.memory_limit = GIB;
    p.hardware.gpu_count = 1;
    p.hardware.gpus[0] = (struct kn_gpu_facts){
        .kind = KN_GPU_AMD, .name = "MI \"300\"", .total_bytes = 8 * GIB, .free_bytes = -1
    };
    p.room.is_gpu = true;
    p.room.gpu_kind = KN_GPU_AMD;
    p.fit.is_guess = true;
    p.calibration.repository = "org/x";
    p.calibration.total_blocks = 0;
    CHECK_HAS("unknown", print(&p), "    total_memory: null  # not known\n");
    CHECK_HAS("limit", print(&p), "    memory_limit: 1073741824  # 1 GiB\n");
    CHECK_HAS("kind", print(&p), "    gpu_type: \"rocm\"\n");
    CHECK_HAS("gpu", print(&p),
              "    gpus:\n      - name: \"MI \\\"300\\\"\"\n"
              "        total_memory: 8589934592  # 8 GiB\n"
              "        free_memory: null  # not known\n");
    CHECK_HAS("guess", print(&p), "  estimate: true");
    CHECK_HAS("repository", print(&p), "  repository: \"org/x\"\n");
    CHECK("no blocks", strstr(print(&p), "total_blocks") == NULL);
    read_back("readable", print(&p), NULL, NULL, NULL, "model.blocks=3", "");
}

static void every_change_of_the_machine_is_seen(void **state)
{
    char before[KN_FINGERPRINT_SIZE], after[KN_FINGERPRINT_SIZE];
    struct plan p;
    struct kn_hardware other[6];

    (void)state;
    plan_begin(&p);
    kn_fingerprint(&p.hardware, before);
    CHECK_EQ("digits", strlen(before), 16);
    for (size_t i = 0; i < KN_COUNT(other); i++)
        other[i] = p.hardware;
    other[0].memory_total = 16 * GIB;
    other[1].memory_limit = 4 * GIB;
    other[2].gpu_count = 1;
    other[3].features.amx_bf16 = true;
    (void)snprintf(other[4].cpu_name, sizeof(other[4].cpu_name), "another");
    other[5].physical_cores = 4;
    for (size_t i = 0; i < KN_COUNT(other); i++) {
        kn_fingerprint(&other[i], after);
        CHECK("differs", strcmp(before, after) != 0);
    }
    p.hardware.memory_available = GIB;
    p.hardware.memory_left = GIB;
    (void)snprintf(p.hardware.host_name, sizeof(p.hardware.host_name), "renamed");
    kn_fingerprint(&p.hardware, after);
    CHECK_STR("what changes all the time does not count", after, before);
}

static void times_are_written_as_they_are_read(void **state)
{
    static const int64_t times[] = { 0,          59,        951825600, 1709251199, NOW,
                                     4107542400, 951782399, 951782400, 978307199,  978307200 };
    char text[KN_TIME_SIZE];
    int64_t back;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(times); i++) {
        kn_time_print(times[i], text);
        CHECK(text, kn_time_parse(text, &back));
        CHECK_EQ(text, back, times[i]);
    }
    for (int64_t day = 0; day < 60000; day += 13) {
        kn_time_print(day * 86400 + 86399, text);
        CHECK(text, kn_time_parse(text, &back));
        CHECK_EQ(text, back, day * 86400 + 86399);
    }
    kn_time_print(-5, text);
    CHECK_STR("before 1970", text, "1970-01-01T00:00:00Z");
    kn_time_print(INT64_MAX, text);
    CHECK_STR("after all", text, "9999-12-31T23:59:59Z");
}

static const struct kn_measured measured = {
    .at_s = NOW - 3600,
    .made_up = true,
    .dtype = KN_DTYPE_BFLOAT16,
    .dtype_chosen = true,
    .blocks = 19,
    .session_tokens = 2048,
    .estimated = 17,
    .weight_bytes = 88080384,
    .block_bytes = 110100480,
    .cache_tokens = 10752,
    .threads = 2,
    .batch_tokens = 240,
    .sessions = 8,
    .read_bandwidth = 20.5e9,
    .decode = 225.25,
    .together = 800,
    .prefill = 2400,
    .threads_gain = 1.75,
    .dtype_gain = 1.5,
    .batch_gain = 1.25,
};

static void read_measured(const char *text, struct kn_calibrated *out)
{
    struct fixture f;

    fixture_begin(&f);
    kn_cache_take_calibration(&f.source, fixture_parse(&f, text), "calibration.yaml", NOW + 60);
    *out = f.layers.calibrated;
    fixture_end(&f);
}

static void check_measured(const struct kn_measured *m)
{
    CHECK_EQ("at", m->at_s, measured.at_s);
    CHECK("words", m->made_up && m->dtype_chosen && m->dtype == KN_DTYPE_BFLOAT16);
    CHECK_EQ("blocks", m->blocks, 19);
    CHECK_EQ("session", m->session_tokens, 2048);
    CHECK_EQ("estimated", m->estimated, 17);
    CHECK_EQ("weights", m->weight_bytes, 88080384);
    CHECK_EQ("block", m->block_bytes, 110100480);
    CHECK_EQ("cache", m->cache_tokens, 10752);
    CHECK_EQ("threads", m->threads, 2);
    CHECK_EQ("batch", m->batch_tokens, 240);
    CHECK_EQ("sessions", m->sessions, 8);
    CHECK("speeds", m->read_bandwidth == 20.5e9 && m->decode == 225.25 && m->together == 800 &&
                        m->prefill == 2400);
    CHECK("gains", m->threads_gain == 1.75 && m->dtype_gain == 1.5 && m->batch_gain == 1.25);
}

/* proves: MS-3/1 */
static void what_was_measured_is_read_back(void **state)
{
    struct kn_calibrated calibrated;
    struct plan p;
    const char *text;
    char *broken;
    size_t room;

    (void)state;
    plan_begin(&p);
    read_measured(print(&p), &calibrated);
    CHECK_EQ("quick", calibrated.measured.at_s, 0);
    p.calibration.measured = &measured;
    text = print(&p);
    CHECK_HAS("full", text, "  mode: full\n");
    read_measured(text, &calibrated);
    check_measured(&calibrated.measured);
    CHECK_EQ("age", calibrated.measured_age_s, 3660);
    broken = text_slot(&room);
    (void)snprintf(broken, room, "%s", text);
    memcpy(strstr(broken, "threads: 2"), "threads: 0", 10);
    read_measured(broken, &calibrated);
    CHECK_EQ("wrong", calibrated.measured.at_s, 0);
}

/* proves: MS-3/6 */
static void a_slower_block_is_a_drift(void **state)
{
    char out[KN_FIT_TEXT_SIZE];

    (void)state;
    CHECK("as fast", !kn_measured_drifts(&measured, 225, out));
    CHECK("a third less", !kn_measured_drifts(&measured, 150, out));
    CHECK_STR("nothing is said", out, "");
    CHECK("half", kn_measured_drifts(&measured, 110, out));
    CHECK_STR("said", out,
              "a block computes 110 tokens/s, and 225 when it was measured on 2025-12-14");
    CHECK("never measured", !kn_measured_drifts(&(struct kn_measured){ 0 }, 1, out));
}

struct fit_case {
    const char *name;
    int64_t available; /* MiB */
    uint32_t blocks, max, recommended, min;
    const char *limit;
};

/* proves: FR-0/0.2.4 */
static void the_profiles_are_those_of_what_was_measured(void **state)
{
    static const struct fit_case cases[] = {
        { "as then", 2048, 80, 19, 14, 2, "so many ran a session of 2048 tokens" },
        { "more is there than then", 90000, 80, 19, 14, 2, "so many ran a session of 2048 tokens" },
        { "less", 1024, 80, 9, 6, 2, "1 GiB of memory is available" },
        { "a small model", 2048, 12, 12, 12, 2, "the model has 12 blocks" },
        { "a model that ended first", 4096, 19, 19, 19, 2, "the model has 19 blocks" },
        { "none", 100, 80, 0, 0, 0, "100 MiB of memory is available" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct fit_case *c = &cases[i];
        struct kn_hardware hardware = { .memory_available = c->available << 20,
                                        .memory_limit = KN_FACT_UNKNOWN,
                                        .memory_left = KN_FACT_UNKNOWN };
        struct kn_model_size size = { .blocks = c->blocks };
        struct kn_fit fit = { 0 };
        struct kn_room room;

        kn_room_find(&hardware, &kn_fit_wish_none, &room);
        kn_fit_use(&measured, &size, &room, &fit);
        CHECK_EQ(c->name, fit.profiles[KN_PRESET_MAX].blocks, c->max);
        CHECK_EQ(c->name, fit.profiles[KN_PRESET_RECOMMENDED].blocks, c->recommended);
        CHECK_EQ(c->name, fit.profiles[KN_PRESET_MIN].blocks, c->min);
        CHECK_EQ(c->name, fit.cache_tokens, 10752);
        CHECK_STR(c->name, fit.limit, c->limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_the_shape_of_the_requirements),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(gpus_and_what_is_not_known_are_written),
        cmocka_unit_test(every_change_of_the_machine_is_seen),
        cmocka_unit_test(times_are_written_as_they_are_read),
        cmocka_unit_test(what_was_measured_is_read_back),
        cmocka_unit_test(a_slower_block_is_a_drift),
        cmocka_unit_test(the_profiles_are_those_of_what_was_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
