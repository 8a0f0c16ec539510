/* When a node pauses, under a virtual clock: a day, a year, clocks that jump, machines that sleep.
 */
#include "node/schedule/pausing.h"

#include "config/hours/limits.h"
#include "lib/base/arena.h"
#include "lib/codec/date.h"
#include "node/schedule/gpu_watch.h"
#include "support/check.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

#define NEW_YEAR INT64_C(1767225600) /* 2026-01-01 00:00 UTC, a Thursday */

static const struct kn_schedule both[] = {
    { .name = "office",
      .cron = "0 9 * * mon-fri",
      .timezone = "Europe/Berlin",
      .duration_ms = 8 * HOUR * 1000,
      .limits = { .max_cpu_percent = { KN_GIVEN, 0 } } },
    { .name = "evening",
      .cron = "0 18 * * *",
      .timezone = "Europe/Berlin",
      .duration_ms = 2 * HOUR * 1000,
      .limits = { .max_cpu_percent = { KN_GIVEN, 20 } } },
};

/* A machine with two clocks. */
struct world {
    struct kn_arena *arena;
    struct kn_hours hours;
    struct kn_pausing pausing;
    struct kn_pause_moment at;
    struct kn_pause_verdict verdict;
};

static void set_up(struct world *w, size_t schedules, int64_t now_s)
{
    static const struct kn_zones_place place = { "", NULL };
    const struct kn_schedules list = { schedules, both };
    const struct kn_limits base = { .max_cpu_percent = { KN_GIVEN, 80 } };

    *w = (struct world){ .arena = kn_arena_new(), .at = { now_s, 5000 } };
    CHECK_EQ("made", kn_hours_make(&list, &place, w->arena, &w->hours, NULL), KN_OK);
    kn_pausing_set_hours(&w->pausing, &w->hours, &base);
}

static void tear_down(struct world *w)
{
    kn_arena_free(w->arena);
}

static unsigned look(struct world *w)
{
    kn_pausing_look(&w->pausing, &w->at, &w->verdict);
    CHECK("never a long sleep", w->verdict.again_ms >= 0 && w->verdict.again_ms <= 60000);
    return w->verdict.all;
}

/* Both clocks go on. */
static void pass(struct world *w, int64_t ms)
{
    int64_t in_all = w->at.since_boot_ms % 1000 + ms;

    w->at.now_s += in_all / 1000;
    w->at.since_boot_ms += ms;
}

#define BY(reason) (1u << KN_PAUSED_BY_##reason)

/* Woken when it asks for it, is it paused exactly from 9 to 17 on working days in Berlin? */
static void check_a_time(int64_t from, int64_t seconds)
{
    int64_t end = from + seconds, paused = 0, wakes = 0, last;
    struct kn_zone_span span;
    struct world w;

    set_up(&w, 2, from);
    (void)look(&w);
    while (w.at.now_s < end) {
        int64_t sleep = w.verdict.again_ms > 0 ? w.verdict.again_ms : 1;
        int64_t wall, hour, weekday;

        last = w.at.now_s;
        kn_zone_at(w.hours.windows[0].zone, last, &span);
        wall = last + span.offset;
        hour = (wall - kn_date_day(wall) * DAY) / HOUR;
        weekday = kn_date_of(kn_date_day(wall)).weekday;
        CHECK_EQ("paused", w.verdict.all,
                 weekday >= 1 && weekday <= 5 && hour >= 9 && hour < 17 ? BY(SCHEDULE) : 0);
        CHECK_EQ("limit", w.verdict.limits.max_cpu_percent.value,
                 w.verdict.all != 0        ? 0
                 : hour >= 18 && hour < 20 ? 20
                                           : 80);
        pass(&w, sleep);
        paused += w.verdict.all != 0 ? w.at.now_s - last : 0;
        wakes++;
        (void)look(&w);
    }
    CHECK("at least once a minute", wakes >= seconds / MINUTE);
    CHECK("and not much more", wakes <= seconds / MINUTE + 8 * seconds / DAY + 8);
    if (seconds >= 365 * DAY)
        CHECK_EQ("261 working days", paused / HOUR, 261 * 8);
    tear_down(&w);
}

/* proves: MS-4/1 */
static void a_day_and_a_year_of_schedules_are_kept_to_the_second(void **state)
{
    (void)state;
    check_a_time(NEW_YEAR + DAY + 17, DAY); /* a Friday, and not on a minute */
    check_a_time(NEW_YEAR - HOUR, 365 * DAY);
}

static void a_restart_in_a_window_changes_nothing(void **state)
{
    struct world w;

    (void)state;
    for (int64_t at = NEW_YEAR + DAY; at < NEW_YEAR + 2 * DAY; at += 97) {
        bool open = at >= NEW_YEAR + DAY + 8 * HOUR && at < NEW_YEAR + DAY + 16 * HOUR;

        set_up(&w, 2, at);
        CHECK_EQ("fresh", look(&w), open ? BY(SCHEDULE) : 0);
        if (open)
            CHECK_EQ("until", w.verdict.until_s, NEW_YEAR + DAY + 16 * HOUR);
        tear_down(&w);
    }
}

static void a_clock_that_is_set_or_a_machine_that_slept_is_seen_at_the_next_look(void **state)
{
    struct world w;

    (void)state;
    set_up(&w, 2, NEW_YEAR + DAY + 7 * HOUR + 30 * MINUTE);
    CHECK_EQ("before", look(&w), 0);
    w.at.now_s += HOUR; /* set forward */
    CHECK_EQ("an hour forward", look(&w), BY(SCHEDULE));
    w.at.now_s -= HOUR;
    CHECK_EQ("and back", look(&w), 0);
    pass(&w, 20 * HOUR * INT64_C(1000)); /* asleep through all of it */
    CHECK_EQ("slept through it", look(&w), 0);
    CHECK_EQ("window", w.verdict.winner, KN_HOURS_NONE);
    w.at.now_s = NEW_YEAR + 5 * DAY + 9 * HOUR; /* a Tuesday */
    CHECK_EQ("elsewhere", look(&w), BY(SCHEDULE));
    tear_down(&w);
}

static void a_pause_by_command_lasts_as_long_as_was_said(void **state)
{
    struct world w;

    (void)state;
    set_up(&w, 0, NEW_YEAR);
    CHECK_EQ("serves", look(&w), 0);
    CHECK_EQ("at rest", w.verdict.again_ms, 60000);
    kn_pausing_pause(&w.pausing, &w.at, 2 * HOUR * INT64_C(1000));
    CHECK_EQ("paused", look(&w), BY(COMMAND));
    CHECK_EQ("by", w.verdict.by, KN_PAUSED_BY_COMMAND);
    CHECK_EQ("until", w.verdict.until_s, NEW_YEAR + 2 * HOUR);
    w.at.now_s += HOUR; /* the clock is set: two hours stay two hours */
    CHECK_EQ("still", look(&w), BY(COMMAND));
    CHECK_EQ("until", w.verdict.until_s, NEW_YEAR + 3 * HOUR);
    pass(&w, (2 * HOUR - 30) * INT64_C(1000)); /* also while the machine sleeps */
    CHECK_EQ("nearly", look(&w), BY(COMMAND));
    CHECK_EQ("the end is not missed", w.verdict.again_ms, 30000);
    pass(&w, 30000);
    CHECK_EQ("over", look(&w), 0);
    kn_pausing_pause(&w.pausing, &w.at, 1000);
    kn_pausing_pause(&w.pausing, &w.at, 0); /* the second replaces the first */
    pass(&w, 300 * DAY * INT64_C(1000));
    CHECK_EQ("without an end", look(&w), BY(COMMAND));
    CHECK_EQ("nobody knows", w.verdict.until_s, 0);
    kn_pausing_resume(&w.pausing, &w.at);
    CHECK_EQ("until it is said", look(&w), 0);
    tear_down(&w);
}

static void reasons_add_up(void **state)
{
    struct world w;

    (void)state;
    set_up(&w, 2, NEW_YEAR + DAY + 15 * HOUR); /* one hour of the window is left */
    kn_pausing_pause(&w.pausing, &w.at, 3 * HOUR * INT64_C(1000));
    CHECK_EQ("both", look(&w), BY(COMMAND) | BY(SCHEDULE));
    CHECK_EQ("the later end", w.verdict.until_s, NEW_YEAR + DAY + 18 * HOUR);
    kn_pausing_pause(&w.pausing, &w.at, 1000);
    CHECK_EQ("both", look(&w), BY(COMMAND) | BY(SCHEDULE));
    CHECK_EQ("the later end", w.verdict.until_s, NEW_YEAR + DAY + 16 * HOUR);
    w.pausing.on_battery = true;
    CHECK_EQ("three", look(&w), BY(COMMAND) | BY(SCHEDULE) | BY(BATTERY));
    CHECK_EQ("nobody knows", w.verdict.until_s, 0);
    pass(&w, 2 * HOUR * INT64_C(1000));
    CHECK_EQ("one is left", look(&w), BY(BATTERY));
    CHECK_EQ("by", w.verdict.by, KN_PAUSED_BY_BATTERY);
    w.pausing.on_battery = false;
    w.pausing.gpu_is_busy = true;
    CHECK_EQ("another", look(&w), BY(GPU));
    w.pausing.gpu_is_busy = false;
    CHECK_EQ("none", look(&w), 0);
    tear_down(&w);
}

static void resume_passes_a_window_over_until_the_next_change(void **state)
{
    struct world w;

    (void)state;
    set_up(&w, 2, NEW_YEAR + DAY + 12 * HOUR);
    CHECK_EQ("office", look(&w), BY(SCHEDULE));
    kn_pausing_resume(&w.pausing, &w.at);
    CHECK_EQ("passed over", look(&w), 0);
    CHECK_EQ("the base limits", w.verdict.limits.max_cpu_percent.value, 80);
    CHECK_EQ("the window is open", w.verdict.winner, 0);
    pass(&w, 3 * HOUR * INT64_C(1000));
    CHECK_EQ("still", look(&w), 0);
    pass(&w, 2 * HOUR * INT64_C(1000) + HOUR * INT64_C(1000) / 2);
    CHECK_EQ("evening", w.verdict.winner == 1 || look(&w) == 0, true);
    CHECK_EQ("its limit holds", w.verdict.limits.max_cpu_percent.value, 20);
    w.at.now_s = NEW_YEAR + 4 * DAY + 12 * HOUR; /* the next Monday */
    CHECK_EQ("the next time it holds", look(&w), BY(SCHEDULE));
    kn_pausing_resume(&w.pausing, &w.at);
    CHECK_EQ("passed over", look(&w), 0);
    kn_pausing_pause(&w.pausing, &w.at, 0); /* whoever pauses wants no window passed over */
    CHECK_EQ("both", look(&w), BY(COMMAND) | BY(SCHEDULE));
    tear_down(&w);
}

static void a_window_stays_passed_over_while_it_is_the_same(void **state)
{
    static const struct {
        const char *name;
        size_t from, n; /* of `both`; the office is the first */
        const char *cron;
        int percent; /* of its processors; 0, as it was, is a pause */
        unsigned want;
    } rows[] = {
        { "as before", 0, 2, NULL, 0, 0 },
        { "at another place", 0, 1, NULL, 0, 0 },
        { "another window of that name", 0, 2, "0 8 * * 1-5", 0, BY(SCHEDULE) },
        { "the same with other limits", 0, 2, NULL, 30, 0 },
        { "taken away", 1, 1, NULL, 0, 0 },
    };
    static const struct kn_zones_place place = { "", NULL };
    const struct kn_limits base = { .max_cpu_percent = { KN_GIVEN, 50 } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_schedule schedules[2] = { both[rows[i].from], both[1] };
        const struct kn_schedules list = { rows[i].n, schedules };
        struct kn_hours hours;
        struct world w;

        set_up(&w, 2, NEW_YEAR + DAY + 12 * HOUR);
        CHECK_EQ("office", look(&w), BY(SCHEDULE));
        kn_pausing_resume(&w.pausing, &w.at);
        CHECK_EQ("passed over", look(&w), 0);
        if (rows[i].cron != NULL)
            schedules[0].cron = rows[i].cron;
        if (rows[i].percent > 0)
            schedules[0].limits.max_cpu_percent.value = rows[i].percent;
        CHECK_EQ("made", kn_hours_make(&list, &place, w.arena, &hours, NULL), KN_OK);
        kn_pausing_set_hours(&w.pausing, &hours, &base);
        CHECK_EQ(rows[i].name, look(&w), rows[i].want);
        CHECK("only what is there is passed over", w.pausing.passes_over == (i < 2));
        if (rows[i].percent > 0)
            CHECK_EQ("its limit holds", w.verdict.limits.max_cpu_percent.value, rows[i].percent);
        tear_down(&w);
    }
}

static void a_pause_survives_other_settings(void **state)
{
    const struct kn_limits base = { .max_cpu_percent = { KN_GIVEN, 50 } };
    struct world w;

    (void)state;
    set_up(&w, 2, NEW_YEAR + DAY + 12 * HOUR);
    kn_pausing_pause(&w.pausing, &w.at, HOUR * INT64_C(1000));
    w.hours.n = 0;
    kn_pausing_set_hours(&w.pausing, &w.hours, &base);
    CHECK_EQ("of the command", look(&w), BY(COMMAND));
    CHECK_EQ("the other limit", w.verdict.limits.max_cpu_percent.value, 50);
    tear_down(&w);
}

static void a_gpu_is_busy_when_it_stays_so_and_idle_when_it_stays_so(void **state)
{
    static const struct {
        const char *looks, *busy; /* tenths of percent; what is said after each */
    } cases[] = {
        { "00000", "......" },      { "09090", "....." },       { "0990", "..##" },
        { "99222", ".####" },       { "99000099", ".####..#" }, { "990009000", ".########" },
        { "99?00?00", ".######." }, { "3333", ".###" },         { "2222", "...." },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_gpu_watch watch = { 0 };

        for (size_t k = 0; cases[i].looks[k] != '\0'; k++) {
            char c = cases[i].looks[k];

            CHECK_EQ(cases[i].looks, kn_gpu_watch_add(&watch, c == '?' ? -1 : 10 * (c - '0')),
                     cases[i].busy[k] == '#');
        }
    }
}

static void reasons_have_words(void **state)
{
    (void)state;
    CHECK_STR("word", kn_pause_word(KN_PAUSED_BY_COMMAND), "command");
    CHECK_STR("word", kn_pause_word(KN_PAUSED_BY_SCHEDULE), "schedule");
    CHECK_STR("word", kn_pause_word(KN_PAUSED_BY_BATTERY), "battery");
    CHECK_STR("word", kn_pause_word(KN_PAUSED_BY_GPU), "gpu");
    CHECK_STR("past the last", kn_pause_word(KN_PAUSED_BY_COUNT), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_and_a_year_of_schedules_are_kept_to_the_second),
        cmocka_unit_test(a_restart_in_a_window_changes_nothing),
        cmocka_unit_test(a_clock_that_is_set_or_a_machine_that_slept_is_seen_at_the_next_look),
        cmocka_unit_test(a_pause_by_command_lasts_as_long_as_was_said),
        cmocka_unit_test(reasons_add_up),
        cmocka_unit_test(resume_passes_a_window_over_until_the_next_change),
        cmocka_unit_test(a_window_stays_passed_over_while_it_is_the_same),
        cmocka_unit_test(a_pause_survives_other_settings),
        cmocka_unit_test(a_gpu_is_busy_when_it_stays_so_and_idle_when_it_stays_so),
        cmocka_unit_test(reasons_have_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
