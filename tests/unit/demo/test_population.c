/* The made-up swarm, read as a real one is. */
#include "demo/population.h"

#include "network/petals/model_info.h"
#include "network/petals/prefix.h"
#include "network/petals/survey_view.h"
#include "support/check.h"
#include "support/fuse.h"

enum { NOW = 1800000000, BLOCKS = 80 };

struct reading {
    struct kn_survey *survey;
    bool registry; /* which half is fed */
    size_t records, ended, most;
    bool after_ended; /* one that lives came after one that had ended */
};

static uint32_t slot_of(const struct kn_survey *survey, const char *key)
{
    struct kn_prefix prefix;
    uint32_t index;

    CHECK(key, kn_block_key_parse(kn_span_text(key), &prefix, &index));
    for (uint32_t i = 0; i < kn_survey_keys(survey); i++) {
        struct kn_survey_key one = kn_survey_key(survey, i);

        if (one.index == index && strcmp(one.prefix, prefix.text) == 0)
            return i;
    }
    fail_msg("no survey asks for %s", key);
    return 0;
}

static bool take(void *arg, const struct kn_demo_record *record)
{
    struct reading *reading = arg;
    const struct kn_survey_entry entry = { record->subkey, record->value, record->expiration };
    bool is_registry = strcmp(record->key, KN_REGISTRY_KEY) == 0;

    reading->records++;
    if (record->expiration < NOW)
        reading->ended++;
    else if (reading->ended > 0)
        reading->after_ended = true;
    if (is_registry && reading->registry)
        kn_survey_add_model(reading->survey, &entry);
    else if (!is_registry && !reading->registry)
        kn_survey_add_server(reading->survey, slot_of(reading->survey, record->key), &entry);
    return reading->most == 0 || reading->records < reading->most;
}

static enum kn_code populate(struct reading *reading)
{
    uint64_t state = 1;
    const struct kn_random random = kn_random_seeded(&state);

    return kn_demo_populate(&random, NOW, take, reading);
}

static void begin(struct reading *reading)
{
    *reading = (struct reading){ .survey = kn_survey_new(NOW), .registry = true };
    assert_non_null(reading->survey);
    CHECK_EQ("models", populate(reading), KN_OK);
    CHECK_EQ("plan", kn_survey_plan(reading->survey, NULL, NULL), KN_OK);
    reading->registry = false;
    CHECK_EQ("servers", populate(reading), KN_OK);
    CHECK_EQ("evaluate", kn_survey_evaluate(reading->survey), KN_OK);
}

static void four_models_have_their_providers(void **state)
{
    static const struct {
        const char *prefix;
        uint32_t blocks, online, joining;
        bool complete;
    } rows[] = {
        { "Llama-3-3-70B-Instruct-hf", 80, 127, 0, true },
        { "Llama-3-1-8B-Instruct-hf", 32, 89, 1, true },
        { "Qwen2-5-72B-Instruct", 80, 45, 0, true },
        { "DeepSeek-V3", 61, 23, 0, false },
    };
    struct reading reading;
    struct kn_survey_totals totals;

    (void)state;
    begin(&reading);
    CHECK_EQ("models", kn_survey_listed(reading.survey), KN_COUNT(rows));
    for (uint32_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_survey_model *model = kn_survey_model(reading.survey, i);

        CHECK_STR("by popularity", model->prefix, rows[i].prefix);
        CHECK_EQ(rows[i].prefix, model->num_blocks, rows[i].blocks);
        CHECK_EQ(rows[i].prefix, model->online, rows[i].online);
        CHECK_EQ(rows[i].prefix, model->joining, rows[i].joining);
        CHECK_EQ(rows[i].prefix, model->complete, rows[i].complete);
    }
    totals = kn_survey_totals(reading.survey);
    CHECK_EQ("malformed", totals.malformed, 5);
    CHECK_EQ("ended", totals.expired, KN_DEMO_EXPIRED * 12);
    kn_survey_free(reading.survey);
}

static void check_range(const uint32_t *online, uint32_t from, uint32_t to, uint32_t least,
                        uint32_t most)
{
    char row[32];
    uint32_t low = UINT32_MAX, high = 0;

    (void)snprintf(row, sizeof(row), "blocks %u-%u", from, to);
    for (uint32_t i = from; i <= to; i++) {
        low = online[i] < low ? online[i] : low;
        high = online[i] > high ? online[i] : high;
    }
    CHECK_EQ(row, low, least);
    CHECK_EQ(row, high, most);
}

static void the_large_model_thins_out_as_the_requirements_show(void **state)
{
    struct reading reading;
    uint32_t online[BLOCKS];

    (void)state;
    begin(&reading);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        struct kn_survey_block block =
            kn_survey_block(reading.survey, kn_survey_model(reading.survey, 0), i);

        online[i] = block.online;
    }
    check_range(online, 0, 20, 89, 127);
    check_range(online, 21, 60, 45, 88);
    check_range(online, 61, 79, 2, 44);
    check_range(online, 68, 79, 2, 15);
    kn_survey_free(reading.survey);
}

static void it_is_the_same_each_time_and_what_has_ended_comes_last(void **state)
{
    struct reading a = { .survey = NULL }, b = { .survey = NULL };

    (void)state;
    a.registry = b.registry = true;
    a.survey = kn_survey_new(NOW);
    b.survey = kn_survey_new(NOW);
    CHECK_EQ("once", populate(&a), KN_OK);
    CHECK_EQ("again", populate(&b), KN_OK);
    CHECK_EQ("records", a.records, b.records);
    CHECK_EQ("ended", a.ended, KN_DEMO_EXPIRED * 12);
    CHECK("last", !a.after_ended);
    kn_survey_free(a.survey);
    kn_survey_free(b.survey);
}

static void enough_is_enough(void **state)
{
    struct reading reading = { .registry = true, .most = 3 };

    (void)state;
    reading.survey = kn_survey_new(NOW);
    CHECK_EQ("code", populate(&reading), KN_E_CANCELLED);
    CHECK_EQ("records", reading.records, 3);
    kn_survey_free(reading.survey);
}

static bool take_none(void *arg, const struct kn_demo_record *record)
{
    (void)arg;
    (void)record;
    return true;
}

static void memory_that_is_short_is_told(void **state)
{
    enum kn_code rc;
    long n = 0;

    (void)state;
    do {
        uint64_t seed = 1;
        const struct kn_random random = kn_random_seeded(&seed);

        kn_fuse = n++;
        rc = kn_demo_populate(&random, NOW, take_none, NULL);
        CHECK("told", rc == (kn_fuse < 0 ? KN_E_NO_MEMORY : KN_OK));
    } while (rc != KN_OK);
    kn_fuse = -1;
    CHECK("something was needed", n > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_models_have_their_providers),
        cmocka_unit_test(the_large_model_thins_out_as_the_requirements_show),
        cmocka_unit_test(it_is_the_same_each_time_and_what_has_ended_comes_last),
        cmocka_unit_test(enough_is_enough),
        cmocka_unit_test(memory_that_is_short_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
