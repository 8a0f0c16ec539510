/* Dates, rules of zones, files of zones: all against what the calendar of others says. */
#include "lib/codec/zone.h"

#include "lib/base/arena.h"
#include "lib/codec/date.h"
#include "lib/codec/tzif.h"
#include "support/check.h"

static void days_become_dates_and_back(void **state)
{
    static const struct {
        int64_t days, year;
        int month, day, weekday;
    } cases[] = {
        { 0, 1970, 1, 1, 4 },       { -1, 1969, 12, 31, 3 },   { 59, 1970, 3, 1, 0 },
        { 11016, 2000, 2, 29, 2 },  { 11017, 2000, 3, 1, 3 },  { 20515, 2026, 3, 3, 2 },
        { -25509, 1900, 2, 28, 3 }, { -25508, 1900, 3, 1, 4 }, { 47540, 2100, 2, 28, 0 },
        { 47541, 2100, 3, 1, 1 },   { -719528, 0, 1, 1, 6 },   { -719529, -1, 12, 31, 5 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_date date = kn_date_of(cases[i].days);

        CHECK_EQ("year", date.year, cases[i].year);
        CHECK_EQ("month", date.month, cases[i].month);
        CHECK_EQ("day", date.day, cases[i].day);
        CHECK_EQ("weekday", date.weekday, cases[i].weekday);
        CHECK_EQ("back", kn_date_days(date.year, date.month, date.day), cases[i].days);
    }
    for (int64_t day = -800000, month = 0; day < 800000; day++) {
        struct kn_date date = kn_date_of(day);

        CHECK_EQ("every day", kn_date_days(date.year, date.month, date.day), day);
        CHECK("follows", date.day == 1 ? date.month != month : date.month == month || month == 0);
        month = date.month;
    }
}

#define RULE(text) kn_span_text(text)

static void a_rule_says_when_summer_begins_and_ends(void **state)
{
    static const struct {
        const char *rule;
        int64_t moment;
        int32_t offset;
        bool is_dst;
        int64_t until;
    } cases[] = {
        /* 29 March 2026 01:00 UTC, 25 October 2026 01:00 UTC */
        { "CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600, false, 1774746000 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200, true, 1792890000 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600, false, 1806195600 },
        { "EST5EDT,M3.2.0,M11.1.0", 1772953199, -18000, false, 1772953200 },
        { "EST5EDT,M3.2.0,M11.1.0", 1772953200, -14400, true, 1793512800 },
        { "<+0545>-5:45", 0, 20700, false, INT64_MAX },
        { "<-03>3", 1774745999, -10800, false, INT64_MAX },
        { "UTC0", 5, 0, false, INT64_MAX },
        /* Ireland: winter is what is set back. 29 March 2026 01:00 UTC */
        { "IST-1GMT0,M10.5.0,M3.5.0/1", 1774745999, 0, true, 1774746000 },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", 1774746000, 3600, false, 1792890000 },
        /* A half hour: Lord Howe, 5 April 2026 02:00 of summer */
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1775314799, 39600, true, 1775314800 },
        /* Times beyond the day. spec: RFC 8536 3.3.1, Greenland: 28 March 2026 22:00 there */
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774745999, -7200, false, 1774746000 },
        /* Summer all year */
        { "EST5EDT,0/0,J365/25", 1774745999, -14400, true, 1798779600 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_zone zone = { .has_rule = true };
        struct kn_zone_span span;

        CHECK_EQ(cases[i].rule, kn_zone_rule_parse(RULE(cases[i].rule), &zone.rule), KN_OK);
        kn_zone_at(&zone, cases[i].moment, &span);
        CHECK_EQ(cases[i].rule, span.offset, cases[i].offset);
        CHECK_EQ(cases[i].rule, span.is_dst, cases[i].is_dst);
        CHECK_EQ(cases[i].rule, span.until, cases[i].until);
    }
}

static void what_is_no_rule_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "C",
        "CET",
        "CET-1CEST",
        "CET-25",
        "CET-1CEST,M3.5.0",
        "CET-1x",
        "<CE",
        "<>5",
        "CET-1:60",
        "CET-1CEST,M13.1.0,M1.1.0",
        "CET-1 ",
        "C\xffT1",
        "CET-1CEST,M1.6.0,M1.1.0",
        "CET-1CEST,J0,J5",
        "CET-1CEST,366,1",
        "CET-1CEST,1/168,1",
        "CET-1CEST,1,2,3",
        "<+99999999999999999999999999999999999>1",
    };
    struct kn_zone_rule rule;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i], kn_zone_rule_parse(RULE(cases[i]), &rule), KN_E_SYNTAX);
}

/* Forward by an hour at 1000000, back by an hour at 2000000. */
static const struct kn_zone_change changes[] = { { 1000000, 7200, true },
                                                 { 2000000, 3600, false } };
static const struct kn_zone made_up = { .offset = 3600, .changes = changes, .n = 2 };

static void a_wall_time_is_a_moment_also_where_clocks_are_set(void **state)
{
    static const struct {
        const char *what;
        int64_t wall, moment;
    } cases[] = {
        { "before", 1003599, 999999 },
        { "the gap begins", 1003600, 1000000 },
        { "in the gap", 1005000, 1000000 },
        { "the gap ends", 1007200, 1000000 },
        { "after it", 1007201, 1000001 },
        { "shown once, before the fold", 2003599, 1996399 },
        { "shown twice: the first", 2003600, 1996400 },
        { "the last of them", 2007199, 1999999 },
        { "shown once again", 2007200, 2003600 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK_EQ(cases[i].what, kn_zone_moment(&made_up, cases[i].wall), cases[i].moment);
    for (int64_t wall = 900000, last = 0; wall < 2100000; wall += 60) {
        int64_t moment = kn_zone_moment(&made_up, wall);

        CHECK("later is never earlier", moment >= last);
        last = moment;
    }
}

enum { HEAD = 44, OLD = HEAD + 6 + 4, NEW_BODY = OLD + HEAD };

static size_t put(uint8_t *out, size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[at + i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    return at + bytes;
}

static size_t put_head(uint8_t *out, size_t at, uint32_t n, uint32_t kinds, uint32_t names)
{
    memcpy(out + at, "TZif2", 5);
    memset(out + at + 5, 0, HEAD - 5);
    (void)put(out, at + 32, n, 4);
    (void)put(out, at + 36, kinds, 4);
    (void)put(out, at + 40, names, 4);
    return at + HEAD;
}

/* A file of two changes with its line at the end; as RFC 8536 lays it out. */
static size_t make_file(uint8_t *out, const char *line)
{
    size_t n = put_head(out, 0, 0, 1, 4);

    n = put(out, put(out, n, 0, 6), 0x55544300, 4); /* UTC */
    n = put_head(out, n, 2, 2, 8);
    n = put(out, put(out, n, 1000000, 8), 2000000, 8);
    n = put(out, n, 0x0100, 2);
    n = put(out, put(out, n, 3600, 4), 0, 2);
    n = put(out, put(out, n, 7200, 4), 0x0104, 2);
    n = put(out, n, 0x4345540043455300, 8); /* CET, CES */
    memcpy(out + n, line, strlen(line));
    return n + strlen(line);
}

static void a_file_becomes_a_zone(void **state)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_zone_span span;
    struct kn_zone zone;
    uint8_t file[512];
    size_t n = make_file(file, "\n\n");

    (void)state;
    CHECK_EQ("taken", kn_tzif_parse(kn_span(file, n), arena, &zone), KN_OK);
    CHECK_EQ("changes", zone.n, 2);
    kn_zone_at(&zone, 999999, &span);
    CHECK_EQ("before", span.offset, 3600);
    CHECK_EQ("until", span.until, 1000000);
    kn_zone_at(&zone, 1000000, &span);
    CHECK_EQ("summer", span.offset, 7200);
    CHECK("summer", span.is_dst);
    kn_zone_at(&zone, 9000000, &span);
    CHECK_EQ("after", span.offset, 3600);
    CHECK_EQ("for ever", span.until, INT64_MAX);
    n = make_file(file, "\nEST5\n");
    CHECK_EQ("with a rule", kn_tzif_parse(kn_span(file, n), arena, &zone), KN_OK);
    kn_zone_at(&zone, 9000000, &span);
    CHECK_EQ("by the rule", span.offset, -18000);
    CHECK_EQ("from the last change on", span.from, 2000000);
    kn_arena_free(arena);
}

static void a_file_that_is_cut_or_wrong_is_refused(void **state)
{
    struct kn_arena *arena = kn_arena_new();
    struct kn_zone zone;
    uint8_t file[512], copy[512];
    size_t n = make_file(file, "\nEST5\n");

    (void)state;
    for (size_t i = 0; i < n; i++)
        CHECK("cut", kn_tzif_parse(kn_span(file, i), arena, &zone) == KN_E_SYNTAX);
    memcpy(copy, file, n);
    copy[NEW_BODY + 3] = 0x7f; /* the first change comes after the second */
    CHECK_EQ("order", kn_tzif_parse(kn_span(copy, n), arena, &zone), KN_E_SYNTAX);
    memcpy(copy, file, n);
    copy[NEW_BODY + 16] = 2; /* a kind that is not there */
    CHECK_EQ("kind", kn_tzif_parse(kn_span(copy, n), arena, &zone), KN_E_SYNTAX);
    memcpy(copy, file, n);
    copy[OLD + 31] = 1; /* a leap second */
    CHECK_EQ("leap", kn_tzif_parse(kn_span(copy, n), arena, &zone), KN_E_UNSUPPORTED);
    memcpy(copy, file, n);
    copy[OLD + 32] = 1; /* 16 million changes */
    CHECK_EQ("limit", kn_tzif_parse(kn_span(copy, n), arena, &zone), KN_E_LIMIT);
    n = make_file(file, "\nEST\n");
    CHECK_EQ("rule", kn_tzif_parse(kn_span(file, n), arena, &zone), KN_E_SYNTAX);
    kn_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_become_dates_and_back),
        cmocka_unit_test(a_rule_says_when_summer_begins_and_ends),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(a_wall_time_is_a_moment_also_where_clocks_are_set),
        cmocka_unit_test(a_file_becomes_a_zone),
        cmocka_unit_test(a_file_that_is_cut_or_wrong_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
