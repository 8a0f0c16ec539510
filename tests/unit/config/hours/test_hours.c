/* When windows are open: against a clock that is looked at minute by minute, in real zones and in
 * made-up ones. */
#include "config/hours/hours.h"

#include "config/hours/limits.h"
#include "lib/base/arena.h"
#include "lib/codec/date.h"
#include "support/check.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define NEW_YEAR INT64_C(1767225600) /* 2026-01-01 00:00 UTC */

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return kn_date_days(year, month, day) * DAY + hour * HOUR + minute * MINUTE;
}

static void make(const char *rule, const char *cron, int64_t duration_s, struct kn_zone *zone,
                 struct kn_window *out)
{
    *zone = (struct kn_zone){ .has_rule = true };
    CHECK_EQ(rule, kn_zone_rule_parse(kn_span_text(rule), &zone->rule), KN_OK);
    *out = (struct kn_window){ .duration_s = duration_s, .zone = zone };
    CHECK_EQ(cron, kn_cron_parse(cron, &out->cron, NULL), KN_OK);
}

/* -- the same, in the plainest way: every minute is looked at, once */

static bool is_due(const struct kn_cron *cron, int64_t wall)
{
    int64_t minute = (wall - kn_date_day(wall) * DAY) / MINUTE;
    struct kn_date date;
    bool day, week;

    if ((cron->minutes >> (minute % 60) & 1) == 0 || (cron->hours >> (minute / 60) & 1) == 0)
        return false;
    date = kn_date_of(kn_date_day(wall));
    day = (cron->days >> date.day & 1) != 0;
    week = (cron->weekdays >> date.weekday & 1) != 0;
    return (cron->months >> date.month & 1) != 0 &&
           (cron->day_restricted && cron->weekday_restricted ? day || week : day && week);
}

/* Does it start in this minute? `latest` is the latest wall time that was shown. */
static bool starts(const struct kn_window *window, int64_t moment, struct kn_zone_span *now,
                   int64_t *latest)
{
    struct kn_zone_span span = *now;
    bool found = false;

    if (moment >= span.until)
        kn_zone_at(window->zone, moment, &span);
    *now = span;
    for (int64_t wall = *latest + MINUTE; wall <= moment + span.offset; wall += MINUTE) {
        found = found || is_due(&window->cron, wall); /* those of a gap too */
        *latest = wall;
    }
    return found;
}

static void a_year_minute_by_minute_is_as_the_engine_says(void **state)
{
    static const struct {
        const char *rule, *cron;
        int64_t duration_s;
    } cases[] = {
        { BERLIN, "0 9 * * mon-fri", 8 * HOUR },
        { BERLIN, "30 2 * * *", HOUR }, /* in the gap, and twice */
        { BERLIN, "*/20 * * * *", 10 * MINUTE },
        { BERLIN, "0 0 * * *", DAY }, /* always, but for the hour more in autumn */
        { BERLIN, "0 22 * * 5", 3 * DAY },
        { BERLIN, "0 12 13 * fri", 30 * HOUR }, /* the 13th, and Fridays */
        { NEW_YORK, "15 1,2 */2 * *", 90 * MINUTE },
        { NEW_YORK, "0 18 * * *", 36 * HOUR }, /* longer than its period: never ends */
        { LORD_HOWE, "45 1 * * *", 20 * MINUTE },
        { "UTC0", "0 0 29 2 *", DAY },
        { "<+0545>-5:45", "7 3 1 */3 *", 5 * DAY },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_window_state was = { 0 };
        struct kn_zone_span span;
        struct kn_window window;
        struct kn_zone zone;
        int64_t begin = NEW_YEAR - 40 * DAY, end = NEW_YEAR + 366 * DAY, latest, open_until = 0;

        make(cases[i].rule, cases[i].cron, cases[i].duration_s, &zone, &window);
        kn_zone_at(&zone, begin, &span);
        latest = begin + span.offset - MINUTE;
        for (int64_t moment = begin; moment < end; moment += MINUTE) {
            bool is_open;

            if (starts(&window, moment, &span, &latest))
                open_until = moment + window.duration_s;
            is_open = moment < open_until;
            if (moment < NEW_YEAR) /* long enough that none from before is open */
                continue;
            if (moment == NEW_YEAR || moment >= was.until) {
                CHECK(cases[i].cron, moment == NEW_YEAR || moment == was.until);
                kn_window_at(&window, moment, &was);
            }
            if (was.is_open != is_open)
                CHECK_EQ(cases[i].cron, moment, -1);
        }
    }
}

static void starts_are_found_forwards_and_backwards(void **state)
{
    struct kn_window window;
    struct kn_zone zone;
    int64_t start = 0;

    (void)state;
    make(BERLIN, "30 2 * * *", 2 * HOUR, &zone, &window);
    /* 29 March: clocks go from 02:00 to 03:00 at 01:00 UTC. */
    CHECK("gap", kn_window_next(&window, utc(2026, 3, 28, 12, 0), &start));
    CHECK_EQ("the end of the gap", start, utc(2026, 3, 29, 1, 0));
    CHECK("then", kn_window_next(&window, start, &start));
    CHECK_EQ("the usual time", start, utc(2026, 3, 30, 0, 30));
    /* 25 October: 02:30 comes at 00:30 UTC and at 01:30 UTC. */
    CHECK("twice", kn_window_next(&window, utc(2026, 10, 24, 12, 0), &start));
    CHECK_EQ("the first", start, utc(2026, 10, 25, 0, 30));
    CHECK("then", kn_window_next(&window, start, &start));
    CHECK_EQ("not the second", start, utc(2026, 10, 26, 1, 30));
    CHECK("in the second 02:10", kn_window_last(&window, utc(2026, 10, 25, 1, 10), &start));
    CHECK_EQ("it has begun", start, utc(2026, 10, 25, 0, 30));
    CHECK("over", !kn_window_last(&window, utc(2026, 10, 25, 2, 30), &start));
    make("UTC0", "0 0 29 2 *", HOUR, &zone, &window);
    CHECK("leap", kn_window_next(&window, utc(2096, 3, 1, 0, 0), &start));
    CHECK_EQ("over a century without one", start, utc(2104, 2, 29, 0, 0));
    make("UTC0", "0 0 29 2 */7", HOUR, &zone, &window); /* and a Sunday */
    CHECK("leap Sunday", kn_window_next(&window, utc(2024, 3, 1, 0, 0), &start));
    CHECK_EQ("after 28 years", start, utc(2032, 2, 29, 0, 0));
}

static void a_window_that_goes_on_for_ever_is_longer_than_can_be_said(void **state)
{
    struct kn_window_state now;
    struct kn_window window;
    struct kn_zone zone;

    (void)state;
    make("UTC0", "* * * * *", 61, &zone, &window);
    kn_window_at(&window, NEW_YEAR, &now);
    CHECK("open", now.is_open && now.is_longer && now.until > NEW_YEAR + DAY);
    make("UTC0", "0 9 * * *", 8 * HOUR, &zone, &window);
    kn_window_at(&window, NEW_YEAR + 9 * HOUR, &now);
    CHECK("ends", now.is_open && !now.is_longer && now.until == NEW_YEAR + 17 * HOUR);
    kn_window_at(&window, NEW_YEAR + 17 * HOUR, &now);
    CHECK("ended", !now.is_open && now.until == NEW_YEAR + 33 * HOUR);
    kn_window_at(&window, NEW_YEAR + 9 * HOUR - 1, &now);
    CHECK("not yet", !now.is_open && now.until == NEW_YEAR + 9 * HOUR);
}

/* -- several */

static const struct kn_schedule office = {
    .name = "office", .cron = "0 9 * * *", .timezone = "UTC", .duration_ms = 8 * HOUR * 1000
};
static const struct kn_zones_place here = { .root = "", .local = NULL };

static void of_windows_that_are_open_together_the_later_holds(void **state)
{
    struct kn_schedule both[] = {
        office,
        { .name = "lunch", .cron = "0 12 * * *", .timezone = "UTC", .duration_ms = HOUR * 1000 }
    };
    const struct kn_schedules list = { 2, both };
    struct kn_arena *arena = kn_arena_new();
    struct kn_hours_now now = { 0 };
    struct kn_hours hours;
    int64_t end = NEW_YEAR + DAY;

    (void)state;
    CHECK_EQ("made", kn_hours_make(&list, &here, arena, &hours, NULL), KN_OK);
    kn_hours_at(&hours, NEW_YEAR, &now);
    CHECK_EQ("none", now.winner, KN_HOURS_NONE);
    CHECK_EQ("office opens", kn_hours_next(&hours, end, &now), NEW_YEAR + 9 * HOUR);
    CHECK_EQ("office", now.winner, 0);
    CHECK_EQ("lunch opens", kn_hours_next(&hours, end, &now), NEW_YEAR + 12 * HOUR);
    CHECK_EQ("lunch", now.winner, 1);
    CHECK_EQ("both are open", now.open, 3);
    CHECK_EQ("lunch ends", kn_hours_next(&hours, end, &now), NEW_YEAR + 13 * HOUR);
    CHECK_EQ("office again", now.winner, 0);
    CHECK_EQ("office ends", kn_hours_next(&hours, end, &now), NEW_YEAR + 17 * HOUR);
    CHECK_EQ("no more", kn_hours_next(&hours, end, &now), end);
    kn_hours_at(&hours, NEW_YEAR + 12 * HOUR, &now); /* the clock was set back */
    CHECK_EQ("lunch again", now.winner, 1);
    kn_arena_free(arena);
}

/* A restart, a clock that is set and a long sleep are all one question: what holds now? */
static void what_holds_follows_from_the_moment_alone(void **state)
{
    struct kn_schedule all[] = {
        office,
        { .name = "night",
          .cron = "30 2 * * *",
          .timezone = "UTC",
          .duration_ms = 5 * HOUR * 1000 },
        { .name = "noon", .cron = "0 12 * * 1-5", .timezone = "UTC", .duration_ms = 90 * 60 * 1000 }
    };
    const struct kn_schedules list = { 3, all };
    struct kn_arena *arena = kn_arena_new();
    struct kn_hours_now kept = { 0 };
    struct kn_hours hours;
    uint64_t dice = 1;

    (void)state;
    CHECK_EQ("made", kn_hours_make(&list, &here, arena, &hours, NULL), KN_OK);
    for (int i = 0; i < 20000; i++) {
        struct kn_hours_now fresh = { 0 };
        int64_t moment;

        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
        moment = NEW_YEAR + (int64_t)(dice >> 33) % (i % 2 == 0 ? 366 * DAY : 3 * DAY);
        kn_hours_at(&hours, moment, &kept);
        kn_hours_at(&hours, moment, &fresh);
        CHECK_EQ("winner", kept.winner, fresh.winner);
        CHECK_EQ("open", kept.open, fresh.open);
        CHECK_EQ("until", kept.until, fresh.until);
    }
    kn_arena_free(arena);
}

static void zones_come_from_the_system_or_are_refused_with_a_near_one(void **state)
{
    static const struct {
        const char *name;
        enum kn_code code;
        const char *hint;
    } cases[] = {
        { "local", KN_OK, "" },
        { "UTC", KN_OK, "" },
        { "Europe/Berlin", KN_OK, "" },
        { "Europe/Berlln", KN_E_NOT_FOUND, "Did you mean Europe/Berlin" },
        { "berlin", KN_E_NOT_FOUND, "Europe/Berlin" },
        { "Asia/Buenos_Aires", KN_E_NOT_FOUND, "Buenos_Aires" },
        { "Europe", KN_E_NOT_FOUND, "" },
        { "../../etc/localtime", KN_E_NOT_FOUND, "Write local, UTC" },
        { "Mars/Olympus", KN_E_NOT_FOUND, "Write local, UTC" },
    };
    struct kn_arena *arena = kn_arena_new();

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_error err = { 0 };
        struct kn_zone zone;

        CHECK_EQ(cases[i].name, kn_zones_find(&here, cases[i].name, arena, &zone, &err),
                 cases[i].code);
        CHECK_HAS(cases[i].name, err.hint, cases[i].hint);
    }
    kn_arena_free(arena);
}

static void local_is_what_tz_says(void **state)
{
    static const struct {
        const char *tz;
        int32_t offset;
    } cases[] = {
        { "Asia/Tokyo", 9 * HOUR }, { ":Asia/Tokyo", 9 * HOUR }, { "JST-9", 9 * HOUR }, { "", 0 },
        { "no such zone", 0 },
    };
    struct kn_arena *arena = kn_arena_new();

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const struct kn_zones_place place = { "", cases[i].tz };
        struct kn_zone_span span;
        struct kn_zone zone;

        CHECK_EQ(cases[i].tz, kn_zones_find(&place, "local", arena, &zone, NULL), KN_OK);
        kn_zone_at(&zone, NEW_YEAR, &span);
        CHECK_EQ(cases[i].tz, span.offset, cases[i].offset);
    }
    kn_arena_free(arena);
}

static void a_limit_that_is_left_out_is_the_base_one_and_zero_pauses(void **state)
{
    const struct kn_limits base = { .max_memory_gb = { KN_GIVEN, 100 },
                                    .max_models = { KN_GIVEN, 1 } };
    const struct kn_limits window = { .max_cpu_percent = { KN_GIVEN, 20 },
                                      .max_memory_gb = { KN_NONE, 0 } };
    const struct kn_limits zero = { .max_cpu_percent = { KN_GIVEN, 0 } };
    struct kn_limits out = kn_limits_over(&base, &window);

    (void)state;
    CHECK_EQ("written", out.max_cpu_percent.value, 20);
    CHECK_EQ("left out", out.max_models.value, 1);
    CHECK_EQ("null is no limit", out.max_memory_gb.is, KN_NONE);
    CHECK("goes on", !kn_limits_pause(&out));
    CHECK("differs", !kn_limits_equal(&base, &out));
    out = kn_limits_over(&base, NULL);
    CHECK("no window", kn_limits_equal(&base, &out));
    out = kn_limits_over(&base, &zero);
    CHECK("pauses", kn_limits_pause(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_year_minute_by_minute_is_as_the_engine_says),
        cmocka_unit_test(starts_are_found_forwards_and_backwards),
        cmocka_unit_test(a_window_that_goes_on_for_ever_is_longer_than_can_be_said),
        cmocka_unit_test(of_windows_that_are_open_together_the_later_holds),
        cmocka_unit_test(what_holds_follows_from_the_moment_alone),
        cmocka_unit_test(zones_come_from_the_system_or_are_refused_with_a_near_one),
        cmocka_unit_test(local_is_what_tz_says),
        cmocka_unit_test(a_limit_that_is_left_out_is_the_base_one_and_zero_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
