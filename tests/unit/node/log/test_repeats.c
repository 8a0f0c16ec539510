/* Events that come again and again, under a clock that is handed in. */
#include "node/log/repeats.h"

#include "support/check.h"

static bool take(struct kn_log_repeats *repeats, const char *event, kn_time now)
{
    return kn_log_repeats_take(repeats, KN_LEVEL_INFO, KN_LOG_NETWORK, event, now);
}

static void what_is_beyond_the_limit_is_counted_and_told(void **state)
{
    struct kn_log_repeats repeats = { 0 };
    struct kn_log_repeat due;

    (void)state;
    for (int i = 0; i < KN_LOG_REPEATS_MANY; i++)
        CHECK("told", take(&repeats, "a", 1000 + i));
    CHECK_EQ("nothing waits", kn_log_repeats_deadline(&repeats), KN_NEVER);
    for (int i = 0; i < 41; i++)
        CHECK("held back", !take(&repeats, "a", 2000));
    CHECK("another event", take(&repeats, "b", 2000));
    CHECK("the same of another level",
          kn_log_repeats_take(&repeats, KN_LEVEL_WARN, KN_LOG_NETWORK, "a", 2000));
    CHECK("the same of another module",
          kn_log_repeats_take(&repeats, KN_LEVEL_INFO, KN_LOG_DHT, "a", 2000));
    CHECK_EQ("a minute from the first", kn_log_repeats_deadline(&repeats), 61000);
    CHECK("not yet", !kn_log_repeats_due(&repeats, 60999, false, &due));
    CHECK("now", kn_log_repeats_due(&repeats, 61000, false, &due));
    CHECK_STR("what", due.event, "a");
    CHECK_EQ("how many", due.held_back, 41);
    CHECK("once", !kn_log_repeats_due(&repeats, 61000, false, &due));
    CHECK("told again", take(&repeats, "a", 61000));
}

static void a_quiet_event_is_never_held_back(void **state)
{
    struct kn_log_repeats repeats = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        CHECK("every 4 s", take(&repeats, "a", 4000 * (kn_time)i));
}

static void what_somebody_asked_for_may_come_more_often(void **state)
{
    struct kn_log_repeats repeats = { 0 };
    struct kn_log_repeat due;
    int told = 0;

    (void)state;
    for (int i = 0; i < 3000; i++)
        told += kn_log_repeats_take(&repeats, KN_LEVEL_DEBUG, KN_LOG_NETWORK, "a", 5);
    CHECK_EQ("told", told, KN_LOG_REPEATS_MANY_DEBUG);
    CHECK("at the end all are told", kn_log_repeats_due(&repeats, 6, true, &due));
    CHECK_EQ("held back", due.held_back, 3000 - KN_LOG_REPEATS_MANY_DEBUG);
}

/* No count that somebody waits for gives way to another kind. */
static void more_kinds_than_places_go_through(void **state)
{
    static const char letters[] = "abcdefgh";
    static char names[KN_LOG_REPEATS_KINDS][3];
    struct kn_log_repeats repeats = { 0 };
    struct kn_log_repeat due;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < KN_LOG_REPEATS_KINDS; i++) {
        names[i][0] = letters[i / 8];
        names[i][1] = letters[i % 8];
        for (int j = 0; j <= KN_LOG_REPEATS_MANY; j++)
            (void)take(&repeats, names[i], 0);
    }
    for (int i = 0; i < 3 * KN_LOG_REPEATS_MANY; i++)
        CHECK("no place", take(&repeats, "one more", 90000));
    while (kn_log_repeats_due(&repeats, 90000, false, &due))
        n++;
    CHECK_EQ("none is lost", n, KN_LOG_REPEATS_KINDS);
    CHECK("a place", take(&repeats, "one more", 90000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_beyond_the_limit_is_counted_and_told),
        cmocka_unit_test(a_quiet_event_is_never_held_back),
        cmocka_unit_test(what_somebody_asked_for_may_come_more_often),
        cmocka_unit_test(more_kinds_than_places_go_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
