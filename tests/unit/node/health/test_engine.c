/* From findings to verdicts under a virtual clock: patience, relief, doubt. */
#include "node/health/engine.h"

#include <string.h>

#include "lib/base/random.h"
#include "support/check.h"

enum { MINUTE = 60000, THRESHOLD = 3 };

/* A day of one check: a letter a round: u, h, d, f; what is said after each of them. */
struct day {
    const char *name;
    enum kn_health_id id;
    const char *found, *said;
};

static enum kn_health_verdict verdict_of(char letter)
{
    return letter == 'h'   ? KN_HEALTH_HEALTHY
           : letter == 'd' ? KN_HEALTH_DEGRADED
           : letter == 'f' ? KN_HEALTH_FAILING
                           : KN_HEALTH_UNKNOWN;
}

static void one_finding_is_not_a_verdict(void **state)
{
    static const struct day days[] = {
        { "well", KN_HEALTH_BOOTSTRAPS, "hhhh", "hhhh" },
        { "one failure", KN_HEALTH_BOOTSTRAPS, "hfhhh", "hhhhh" },
        { "one below the threshold", KN_HEALTH_BOOTSTRAPS, "hffhh", "hhhhh" },
        { "the threshold", KN_HEALTH_BOOTSTRAPS, "hfff", "hhhf" },
        { "flapping is no failure", KN_HEALTH_BOOTSTRAPS, "hfhfhfhfhffh", "hhhhhhhhhhhh" },
        { "and no recovery", KN_HEALTH_BOOTSTRAPS, "fffhfhfhf", "uuffffffff" },
        { "one success does not clear", KN_HEALTH_BOOTSTRAPS, "fffhf", "uufff" },
        { "two do", KN_HEALTH_BOOTSTRAPS, "fffhh", "uuffh" },
        { "bad and worse both count", KN_HEALTH_BOOTSTRAPS, "hdfd", "hhhd" },
        { "worse than before", KN_HEALTH_BOOTSTRAPS, "dddfff", "uudddf" },
        { "a step better", KN_HEALTH_BOOTSTRAPS, "fffdd", "uuffd" },
        { "who cannot tell is not well", KN_HEALTH_BOOTSTRAPS, "huh", "huh" },
        { "nor cured at once", KN_HEALTH_BOOTSTRAPS, "fffuu", "uuffu" },
        { "what is certain is said at once", KN_HEALTH_BLOCKS, "hfhd", "hfhd" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(days); i++) {
        struct kn_health_engine engine;
        struct kn_finding finding = { 0 };

        kn_health_engine_init(&engine, THRESHOLD, MINUTE);
        for (size_t at = 0; days[i].found[at] != '\0'; at++) {
            kn_time now = (kn_time)at * MINUTE;

            finding.verdict = verdict_of(days[i].found[at]);
            kn_health_engine_begin(&engine, now);
            kn_health_engine_take(&engine, days[i].id, &finding, now);
            CHECK_EQ(days[i].name, engine.states[days[i].id].told.verdict,
                     verdict_of(days[i].said[at]));
        }
    }
}

/* All checks find this; and those named by `bad` fail. */
static void look(struct kn_health_engine *engine, enum kn_health_verdict all, unsigned bad,
                 kn_time now)
{
    kn_health_engine_begin(engine, now);
    for (unsigned i = 0; i < KN_HEALTH_CHECKS; i++) {
        struct kn_finding finding = { .verdict = bad >> i & 1 ? KN_HEALTH_FAILING : all,
                                      .reason = "because",
                                      .hint = "Do this." };

        if (kn_health_engine_is_due(engine, (enum kn_health_id)i))
            kn_health_engine_take(engine, (enum kn_health_id)i, &finding, now);
    }
}

static void the_worst_check_gives_the_reason(void **state)
{
    struct kn_health_engine engine;

    (void)state;
    kn_health_engine_init(&engine, 1, MINUTE);
    assert_int_equal(engine.verdict, KN_HEALTH_UNKNOWN);
    assert_string_equal(engine.reason, "not everything was looked at yet");
    look(&engine, KN_HEALTH_HEALTHY, 0, 0);
    assert_true(kn_health_engine_conclude(&engine));
    assert_int_equal(engine.verdict, KN_HEALTH_HEALTHY);
    assert_string_equal(engine.reason, "all 9 checks are healthy");
    look(&engine, KN_HEALTH_HEALTHY, 0, MINUTE);
    assert_false(kn_health_engine_conclude(&engine));

    look(&engine, KN_HEALTH_DEGRADED, 1U << KN_HEALTH_CLOCK, 2 * MINUTE);
    assert_true(kn_health_engine_conclude(&engine));
    assert_int_equal(engine.verdict, KN_HEALTH_FAILING);
    assert_string_equal(engine.reason, "clock: because");
    assert_string_equal(engine.hint, "Do this.");
}

/* proves: a check that cannot run says unknown, never healthy */
static void unknown_is_never_called_healthy(void **state)
{
    struct kn_health_engine engine;

    (void)state;
    kn_health_engine_init(&engine, 1, MINUTE);
    look(&engine, KN_HEALTH_UNKNOWN, 0, 0);
    (void)kn_health_engine_conclude(&engine);
    assert_int_equal(engine.verdict, KN_HEALTH_UNKNOWN);
    assert_string_equal(engine.reason, "0 of 9 checks are healthy, the others cannot tell");
}

static void doubt_is_looked_into_soon(void **state)
{
    struct kn_health_engine engine;
    kn_time now = 0;

    (void)state;
    kn_health_engine_init(&engine, THRESHOLD, MINUTE);
    look(&engine, KN_HEALTH_HEALTHY, 0, now);
    assert_int_equal(kn_health_engine_deadline(&engine), MINUTE);
    now = MINUTE;
    for (unsigned i = 0; i < THRESHOLD; i++) {
        look(&engine, KN_HEALTH_HEALTHY, 1U << KN_HEALTH_BOOTSTRAPS, now);
        if (i + 1 < THRESHOLD)
            assert_int_equal(kn_health_engine_deadline(&engine), now + KN_HEALTH_DOUBT_MS);
        now = kn_health_engine_deadline(&engine);
    }
    assert_int_equal(engine.states[KN_HEALTH_BOOTSTRAPS].told.verdict, KN_HEALTH_FAILING);
    assert_int_equal(now, MINUTE + 2 * KN_HEALTH_DOUBT_MS + MINUTE);
    engine.interval_ms = 200; /* never later than the interval */
    look(&engine, KN_HEALTH_HEALTHY, 0, now);
    assert_int_equal(kn_health_engine_deadline(&engine), now + 200);
}

static void what_changes_slowly_is_looked_at_seldom(void **state)
{
    unsigned looks[KN_HEALTH_CHECKS] = { 0 };
    struct kn_health_engine engine;

    (void)state;
    kn_health_engine_init(&engine, THRESHOLD, MINUTE);
    for (unsigned round = 0; round < 10; round++) {
        look(&engine, KN_HEALTH_HEALTHY, 0, (kn_time)round * MINUTE);
        kn_health_engine_begin(&engine, (kn_time)round * MINUTE);
        engine.rounds--;
        for (unsigned i = 0; i < KN_HEALTH_CHECKS; i++)
            looks[i] += kn_health_engine_is_due(&engine, (enum kn_health_id)i);
    }
    for (unsigned i = 0; i < KN_HEALTH_CHECKS; i++)
        CHECK_EQ(kn_health_checks[i].name, looks[i], 10 / kn_health_checks[i].every);
}

/* A day of a minute each, with a fault that comes and goes at random: nothing is told of faults
 * that are shorter than the patience. */
static void a_day_with_short_faults_is_a_healthy_day(void **state)
{
    struct kn_health_engine engine;
    uint64_t seed = 7;
    struct kn_random random = kn_random_seeded(&seed);
    unsigned in_a_row = 0;

    (void)state;
    kn_health_engine_init(&engine, THRESHOLD, MINUTE);
    look(&engine, KN_HEALTH_HEALTHY, 0, 0);
    (void)kn_health_engine_conclude(&engine);
    for (kn_time now = MINUTE; now < 24 * 60 * MINUTE; now = kn_health_engine_deadline(&engine)) {
        bool fails = in_a_row + 1 < THRESHOLD && kn_random_below(&random, 2) == 0;

        in_a_row = fails ? in_a_row + 1 : 0;
        look(&engine, KN_HEALTH_HEALTHY, fails ? 1U << KN_HEALTH_BOOTSTRAPS : 0, now);
        assert_false(kn_health_engine_conclude(&engine));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_finding_is_not_a_verdict),
        cmocka_unit_test(the_worst_check_gives_the_reason),
        cmocka_unit_test(unknown_is_never_called_healthy),
        cmocka_unit_test(doubt_is_looked_into_soon),
        cmocka_unit_test(what_changes_slowly_is_looked_at_seldom),
        cmocka_unit_test(a_day_with_short_faults_is_a_healthy_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
