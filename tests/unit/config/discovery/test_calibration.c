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
    kn_fit_plan(&size, &p->room, &p->format, &p->fit);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_the_shape_of_the_requirements),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(gpus_and_what_is_not_known_are_written),
        cmocka_unit_test(every_change_of_the_machine_is_seen),
        cmocka_unit_test(times_are_written_as_they_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
