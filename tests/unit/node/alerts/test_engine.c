/* Who is told what, and when, under a virtual clock. */
#include "node/alerts/engine.h"

#include "support/check.h"

enum { S = 1000 };

static const struct kn_alert_rules all = {
    .on = { true, true, true },
    .after_ms = 60 * S,
    .min_connections = 1,
};

/* What is told at each second of a day: "D", "R", "C"; `up` has a letter a second: 1 connected, 0
 * not, x cut off with connections open, ! failing besides. */
static void live(const char *name, const struct kn_alert_rules *rules, const char *up, int step_s,
                 const char *want)
{
    struct kn_alert_engine engine = { 0 };
    char told[64] = "";
    size_t n = 0;

    for (kn_time at = 0; up[at] != '\0'; at++) {
        const struct kn_alert_facts facts = { .connections = up[at] != '0',
                                              .is_cut_off = up[at] == 'x',
                                              .is_critical = up[at] == '!' };
        enum kn_alert_event event;

        while (kn_alert_step(&engine, rules, &facts, 1 + at * step_s * S, &event) && n < 60)
            told[n++] = "DRC"[event];
        told[n++] = '.';
    }
    CHECK_STR(name, told, want);
}

static void each_event_is_told_once(void **state)
{
    struct kn_alert_rules rules = all;

    (void)state;
    live("all is well", &all, "1111", 30, "....");
    live("too short", &all, "1001", 30, "....");
    live("one second short of it", &all, "10001", 29, ".....");
    live("lost for a minute", &all, "1000000", 30, "...D....");
    live("and back", &all, "100011111", 30, "...D..R....");
    live("cut off, whatever is open", &all, "1xxx", 30, "...D.");
    live("flapping is not lost", &all, "0101010101", 30, "..........");
    live("flapping is not back", &all, "000101010", 4, ".........");
    live("never connected", &all, "000", 30, "..D.");
    live("a failure", &all, "1!!!1!", 30, ".C....C.");
    rules.on[KN_ALERT_DISCONNECT] = false;
    live("only the way back", &rules, "10001111", 30, ".....R...");
    rules.on[KN_ALERT_RECONNECT] = false;
    live("neither", &rules, "10001111!", 30, "........C.");
}

static void back_means_back_for_a_while(void **state)
{
    struct kn_alert_rules rules = all;

    (void)state;
    live("4 s are too short", &all, "0000000000000000110000", 4, "...............D.......");
    rules.after_ms = 2 * S; /* then it is as long as that */
    live("2 s are enough", &rules, "0001111", 1, "..D...R..");
}

static void fewer_connections_than_asked_for_count_as_lost(void **state)
{
    struct kn_alert_rules rules = all;
    struct kn_alert_engine engine = { 0 };
    struct kn_alert_facts facts = { .connections = 2 };
    enum kn_alert_event event;

    (void)state;
    rules.min_connections = 3;
    assert_false(kn_alert_step(&engine, &rules, &facts, 1, &event));
    assert_true(kn_alert_step(&engine, &rules, &facts, 1 + rules.after_ms, &event));
    assert_int_equal(event, KN_ALERT_DISCONNECT);
    facts.connections = 3;
    assert_false(kn_alert_step(&engine, &rules, &facts, 100 * S, &event));
    assert_true(kn_alert_step(&engine, &rules, &facts, 100 * S + KN_ALERT_STEADY_MS, &event));
    assert_int_equal(event, KN_ALERT_RECONNECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_told_once),
        cmocka_unit_test(back_means_back_for_a_while),
        cmocka_unit_test(fewer_connections_than_asked_for_count_as_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
