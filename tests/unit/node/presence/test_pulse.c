/* What three clocks say together; all of them are handed in. */
#include "node/presence/pulse.h"

#include "node/presence/changes.h"
#include "support/check.h"

enum { BEAT = KN_PULSE_MS };

static void what_the_clocks_say_is_found(void **state)
{
    /* How far each clock went since the beat before. */
    static const struct {
        const char *name;
        kn_time now;
        int64_t boot_ms;
        double unix_s;
        enum kn_pulse_finding want;
    } cases[] = {
        { "a beat", BEAT, BEAT, 2, KN_PULSE_STEADY },
        { "a late one", 9000, 9000, 9, KN_PULSE_STEADY },
        { "an early one", 10, 10, 0.01, KN_PULSE_STEADY },
        { "a slow clock", BEAT, BEAT, 0.1, KN_PULSE_STEADY },
        { "an hour of sleep", BEAT, 3600000, 3600, KN_PULSE_SLEPT },
        { "a short one", BEAT, BEAT + KN_PULSE_SLEPT_MS, 4, KN_PULSE_SLEPT },
        { "a nap that nobody notices", BEAT, BEAT + KN_PULSE_SLEPT_MS - 1, 4, KN_PULSE_STEADY },
        { "sleep, and the clock was set too", BEAT, 60000, 9999, KN_PULSE_SLEPT },
        { "stopped and continued", BEAT + KN_PULSE_STOPPED_MS, BEAT + KN_PULSE_STOPPED_MS, 17,
          KN_PULSE_STOPPED },
        { "nearly", BEAT + KN_PULSE_STOPPED_MS - 1, BEAT + KN_PULSE_STOPPED_MS - 1, 17,
          KN_PULSE_STEADY },
        { "the clock set on", BEAT, BEAT, 4, KN_PULSE_CLOCK_SET },
        { "the clock set back", BEAT, BEAT, -3600, KN_PULSE_CLOCK_SET },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_pulse_clocks clocks = { 1000, 5000000, 1.8e9 };
        struct kn_pulse pulse = { 0 };

        CHECK_EQ("the first", kn_pulse_beat(&pulse, &clocks), KN_PULSE_STEADY);
        clocks.now += cases[i].now;
        clocks.since_boot_ms += cases[i].boot_ms;
        clocks.unix_time += cases[i].unix_s;
        CHECK_EQ(cases[i].name, kn_pulse_beat(&pulse, &clocks), cases[i].want);
        clocks.now += BEAT;
        clocks.since_boot_ms += BEAT;
        clocks.unix_time += 2;
        CHECK_EQ("and once", kn_pulse_beat(&pulse, &clocks), KN_PULSE_STEADY);
    }
}

static void addresses_that_were_not_there_are_fresh(void **state)
{
    static const struct kn_endpoint all[] = {
        { .ip = { 127, 0, 0, 1 } },
        { .ip = { 10, 0, 0, 1 } },
        { .ip = { 10, 0, 0, 1 }, .is_ip6 = true },
        { .ip = { 10, 0, 0, 1, 1 }, .is_ip6 = true },
    };
    struct kn_change change;

    (void)state;
    kn_changes_compare(all, 2, all, 2, &change);
    CHECK_EQ("the same", change.fresh_count, 0);
    kn_changes_compare(all, 4, all, 1, &change);
    CHECK_EQ("one that goes is none", change.fresh_count, 0);
    kn_changes_compare(all, 2, all, 4, &change);
    CHECK_EQ("others", change.fresh_count, 2);
    CHECK("the third", change.fresh[0].is_ip6 && change.fresh[0].ip[4] == 0);
    kn_changes_compare(NULL, 0, all, 1, &change);
    CHECK_EQ("all of them", change.fresh_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_clocks_say_is_found),
        cmocka_unit_test(addresses_that_were_not_there_are_fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
