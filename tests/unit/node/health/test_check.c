/* What each check says of what it sees: good, at each bound and one past it, and when it cannot
 * tell. */
#include "node/health/check.h"

#include <string.h>

#include "support/check.h"

enum {
    U = KN_HEALTH_UNKNOWN,
    H = KN_HEALTH_HEALTHY,
    D = KN_HEALTH_DEGRADED,
    F = KN_HEALTH_FAILING
};

#define MIB ((int64_t)1024 * 1024)

struct finding_case {
    const char *name;
    enum kn_health_id id;
    struct kn_health_facts facts;
    int want;
    const char *reason; /* a part of it */
};

static const struct finding_case cases[] = {
    { "no beat", KN_HEALTH_LOOP, { .lag_ms = -1 }, U, "not measured" },
    { "in time", KN_HEALTH_LOOP, { .lag_ms = 999 }, H, "in time" },
    { "late", KN_HEALTH_LOOP, { .lag_ms = 1000 }, D, "1.0 s late" },
    { "rather late", KN_HEALTH_LOOP, { .lag_ms = 4999 }, D, "5.0 s late" },
    { "far too late", KN_HEALTH_LOOP, { .lag_ms = 5000 }, F, "5.0 s late" },

    { "nobody asked", KN_HEALTH_BOOTSTRAPS, { .bootstraps = 2 }, U, "not asked" },
    { "nobody to ask", KN_HEALTH_BOOTSTRAPS, { .asked = true }, U, "no bootstrap to ask" },
    { "all of them",
      KN_HEALTH_BOOTSTRAPS,
      { .asked = true, .bootstraps = 2, .answered = 2 },
      H,
      "2 of 2 bootstraps answer" },
    { "the only one",
      KN_HEALTH_BOOTSTRAPS,
      { .asked = true, .bootstraps = 1, .answered = 1 },
      H,
      "1 of 1 bootstrap answers" },
    { "one is down",
      KN_HEALTH_BOOTSTRAPS,
      { .asked = true, .bootstraps = 2, .answered = 1, .silent = "/ip4/a", .why = "refused" },
      D,
      "1 of 2 bootstraps answers; /ip4/a: refused" },
    { "others are there",
      KN_HEALTH_BOOTSTRAPS,
      { .asked = true, .bootstraps = 1, .others = 2, .alive = 1, .silent = "/a", .why = "b" },
      D,
      "no bootstrap answers, 1 other peer does; /a: b" },
    { "cut off",
      KN_HEALTH_BOOTSTRAPS,
      { .asked = true, .bootstraps = 2, .others = 2, .silent = "/ip4/a", .why = "refused" },
      F,
      "cut off: no bootstrap and no other peer answers; /ip4/a: refused" },

    { "not read", KN_HEALTH_VISIBILITY, { 0 }, U, "nothing was read back" },
    { "by nobody", KN_HEALTH_VISIBILITY, { .reads_back = true }, U, "nobody is there" },
    { "by all",
      KN_HEALTH_VISIBILITY,
      { .reads_back = true, .visible_on = 2, .asked_back = 2 },
      H,
      "2 of 2 bootstraps" },
    { "by some",
      KN_HEALTH_VISIBILITY,
      { .reads_back = true, .visible_on = 1, .asked_back = 2 },
      D,
      "1 of 2 bootstraps only" },
    { "by none",
      KN_HEALTH_VISIBILITY,
      { .reads_back = true, .asked_back = 1 },
      F,
      "0 of 1 bootstrap only" },

    { "no clock", KN_HEALTH_CLOCK, { .asked = true }, U, "no bootstrap told" },
    { "no answer", KN_HEALTH_CLOCK, { .tells_time = true }, U, "no bootstrap told" },
    { "3 s",
      KN_HEALTH_CLOCK,
      { .asked = true, .tells_time = true, .ahead_s = -3 },
      H,
      "agrees with" },
    { "over 3 s",
      KN_HEALTH_CLOCK,
      { .asked = true, .tells_time = true, .ahead_s = 3.5 },
      D,
      "s behind the bootstraps'" },
    { "30 s",
      KN_HEALTH_CLOCK,
      { .asked = true, .tells_time = true, .ahead_s = -30 },
      D,
      "30 s ahead of the bootstraps'" },
    { "over 30 s",
      KN_HEALTH_CLOCK,
      { .asked = true, .tells_time = true, .ahead_s = 31 },
      F,
      "31 s behind" },

    { "off", KN_HEALTH_REACH, { .reach = KN_HEALTH_REACH_UNASKED }, U, "nat_traversal is false" },
    { "who knows", KN_HEALTH_REACH, { .reach = KN_HEALTH_REACH_UNKNOWN }, U, "nobody has said" },
    { "public", KN_HEALTH_REACH, { .reach = KN_HEALTH_REACH_PUBLIC }, H, "can dial" },
    { "relayed", KN_HEALTH_REACH, { .reach = KN_HEALTH_REACH_RELAYED }, H, "through a relay" },
    { "hidden", KN_HEALTH_REACH, { .reach = KN_HEALTH_REACH_NONE }, D, "cannot dial" },

    { "not told", KN_HEALTH_MEMORY, { .resident = -1, .limit = 100 }, U, "does not tell" },
    { "no bound", KN_HEALTH_MEMORY, { .resident = 5, .limit = -1 }, U, "no limit" },
    { "below",
      KN_HEALTH_MEMORY,
      { .resident = 899 * MIB, .limit = 1000 * MIB, .limit_by = "x" },
      H,
      "899 MiB of the 1000 MiB of x" },
    { "at 90 %",
      KN_HEALTH_MEMORY,
      { .resident = 900 * MIB, .limit = 1000 * MIB, .limit_by = "x" },
      D,
      "900 MiB of the 1000" },
    { "below 100 %",
      KN_HEALTH_MEMORY,
      { .resident = 999 * MIB, .limit = 1000 * MIB, .limit_by = "x" },
      D,
      "999 MiB" },
    { "all of it",
      KN_HEALTH_MEMORY,
      { .resident = 1000 * MIB, .limit = 1000 * MIB, .limit_by = "x" },
      F,
      "1000 MiB of" },

    { "no folder", KN_HEALTH_DISK, { 0 }, U, "no folder" },
    { "not told of",
      KN_HEALTH_DISK,
      { .disks = { { "/a", 600 * MIB }, { "/b", -1 } } },
      U,
      "left for /b" },
    { "room", KN_HEALTH_DISK, { .disks = { { "/a", 512 * MIB } } }, H, "512 MiB are left for /a" },
    { "little room",
      KN_HEALTH_DISK,
      { .disks = { { "/a", 600 * MIB }, { "/b", 512 * MIB - 1 } } },
      D,
      "only 511 MiB are left for /b" },
    { "very little", KN_HEALTH_DISK, { .disks = { { "/a", 64 * MIB } } }, D, "only 64 MiB" },
    { "no room", KN_HEALTH_DISK, { .disks = { { "/a", 64 * MIB - 1 } } }, F, "only 63 MiB" },

    { "a pause",
      KN_HEALTH_ANNOUNCE,
      { .is_paused = true,
        .announces = true,
        .was_acknowledged = true,
        .acknowledged_ms = 99999,
        .interval_ms = 1000,
        .lifetime_ms = 3000 },
      U,
      "this node is paused" },
    { "a pause",
      KN_HEALTH_VISIBILITY,
      { .is_paused = true, .reads_back = true, .asked_back = 2 },
      U,
      "this node is paused" },
    { "a pause", KN_HEALTH_BLOCKS, { .is_paused = true }, U, "this node is paused" },
    { "nothing to say", KN_HEALTH_ANNOUNCE, { .interval_ms = 1000 }, U, "announces nothing" },
    { "to nobody",
      KN_HEALTH_ANNOUNCE,
      { .announces = true, .is_alone = true, .interval_ms = 1000 },
      U,
      "nobody else" },
    { "just begun",
      KN_HEALTH_ANNOUNCE,
      { .announces = true, .acknowledged_ms = 15000, .interval_ms = 10000, .lifetime_ms = 30000 },
      U,
      "nobody has taken it yet" },
    { "in vain",
      KN_HEALTH_ANNOUNCE,
      { .announces = true, .acknowledged_ms = 15001, .interval_ms = 10000, .lifetime_ms = 30000 },
      F,
      "nobody has taken what" },
    { "fresh",
      KN_HEALTH_ANNOUNCE,
      { .announces = true,
        .was_acknowledged = true,
        .acknowledged_ms = 15000,
        .interval_ms = 10000,
        .lifetime_ms = 30000 },
      H,
      "took it 15 s ago" },
    { "late",
      KN_HEALTH_ANNOUNCE,
      { .announces = true,
        .was_acknowledged = true,
        .acknowledged_ms = 15001,
        .interval_ms = 10000,
        .lifetime_ms = 30000 },
      D,
      "15 s ago, and 10 s is the interval" },
    { "about to end",
      KN_HEALTH_ANNOUNCE,
      { .announces = true,
        .was_acknowledged = true,
        .acknowledged_ms = 29999,
        .interval_ms = 10000,
        .lifetime_ms = 30000 },
      D,
      "29 s ago" },
    { "ended",
      KN_HEALTH_ANNOUNCE,
      { .announces = true,
        .was_acknowledged = true,
        .acknowledged_ms = 30000,
        .interval_ms = 10000,
        .lifetime_ms = 30000 },
      F,
      "its records have ended" },

    { "none", KN_HEALTH_BLOCKS, { .blocks = KN_HEALTH_NO_BLOCKS }, U, "no blocks" },
    { "too large",
      KN_HEALTH_BLOCKS,
      { .blocks = KN_HEALTH_BLOCKS_FIT_NOWHERE, .trouble = "not one block fits" },
      D,
      "not one block fits" },
    { "coming", KN_HEALTH_BLOCKS, { .blocks = KN_HEALTH_BLOCKS_COMING }, U, "not loaded yet" },
    { "delayed",
      KN_HEALTH_BLOCKS,
      { .blocks = KN_HEALTH_BLOCKS_DELAYED, .trouble = "the hub is down" },
      D,
      "cannot be fetched: the hub is down" },
    { "served", KN_HEALTH_BLOCKS, { .blocks = KN_HEALTH_BLOCKS_SERVED }, H, "they are served" },
    { "failed",
      KN_HEALTH_BLOCKS,
      { .blocks = KN_HEALTH_BLOCKS_FAILED, .trouble = "no such file" },
      F,
      "not served: no such file" },
};

static void each_check_says_what_it_sees(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_finding found;

        kn_health_judge(cases[i].id, &cases[i].facts, &found);
        CHECK_EQ(cases[i].name, (int)found.verdict, cases[i].want);
        CHECK(cases[i].name, strstr(found.reason, cases[i].reason) != NULL);
        CHECK(cases[i].name, (int)found.verdict != D || found.hint != NULL);
        CHECK(cases[i].name, (int)found.verdict != F || found.hint != NULL);
    }
}

/* The words that people see are complete, and what they can do is a sentence. */
static void every_check_has_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_HEALTH_CHECKS; i++) {
        assert_non_null(kn_health_checks[i].name);
        assert_non_null(kn_health_checks[i].looks_at);
        assert_true(kn_health_checks[i].every > 0 && kn_health_checks[i].relief > 0);
    }
}

/* Addresses and errors come from others, of any length. */
static void a_long_reason_is_cut(void **state)
{
    char text[400];
    struct kn_finding found;
    const struct kn_health_facts facts = {
        .asked = true, .bootstraps = 1, .silent = text, .why = text
    };

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    kn_health_judge(KN_HEALTH_BOOTSTRAPS, &facts, &found);
    assert_true(strlen(found.reason) < KN_FINDING_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_check_says_what_it_sees),
        cmocka_unit_test(every_check_has_a_name),
        cmocka_unit_test(a_long_reason_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
