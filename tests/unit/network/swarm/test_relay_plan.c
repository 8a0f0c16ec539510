#include "network/swarm/relay_plan.h"

#include "support/check.h"

enum { HOUR_MS = 60 * 60 * 1000 };

static struct kn_peer_id peer_of(unsigned number)
{
    struct kn_peer_id id = { .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };

    id.bytes[2] = (uint8_t)number;
    id.bytes[3] = (uint8_t)(number >> 8);
    return id;
}

static uint64_t seed = 7;
static struct kn_random random_source;

static struct kn_relay_plan plan_of(size_t wanted)
{
    random_source = kn_random_seeded(&seed);
    return (struct kn_relay_plan){ .random = &random_source, .wanted = wanted };
}

static void add(struct kn_relay_plan *plan, unsigned number, enum kn_relay_rank rank)
{
    struct kn_peer_id id = peer_of(number);

    kn_relay_plan_add(plan, &id, rank);
}

/* Which peer is asked at that moment; -1: nobody. */
static int asked(struct kn_relay_plan *plan, kn_time now)
{
    const struct kn_relay_place *place = kn_relay_plan_next(plan, now);

    return place != NULL ? place->peer.bytes[2] | place->peer.bytes[3] << 8 : -1;
}

static struct kn_relay_place *place_of(struct kn_relay_plan *plan, unsigned number)
{
    struct kn_peer_id id = peer_of(number);

    return kn_relay_plan_find(plan, &id);
}

static void better_kinds_are_asked_first(void **state)
{
    struct kn_relay_plan plan = plan_of(3);

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    add(&plan, 2, KN_RELAY_BOOTSTRAP);
    add(&plan, 3, KN_RELAY_TRUSTED);
    CHECK_EQ("trusted", asked(&plan, 0), 3);
    CHECK_EQ("then bootstraps", asked(&plan, 0), 2);
    CHECK_EQ("then whoever was met", asked(&plan, 0), 1);
    CHECK_EQ("nobody is left", asked(&plan, 0), -1);
}

static void no_more_are_asked_than_wanted(void **state)
{
    struct kn_relay_plan plan = plan_of(1);

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    add(&plan, 2, KN_RELAY_MET);
    CHECK("one is asked", asked(&plan, 0) > 0);
    CHECK_EQ("one is enough", asked(&plan, 0), -1);
    plan.wanted = 2;
    CHECK("two are wanted", asked(&plan, 0) > 0);
    plan = plan_of(0);
    add(&plan, 1, KN_RELAY_TRUSTED);
    CHECK_EQ("none is wanted", asked(&plan, 0), -1);
    CHECK("and nothing is due", kn_relay_plan_deadline(&plan) == KN_NEVER);
}

static void a_grant_is_renewed_at_three_quarters(void **state)
{
    struct kn_relay_plan plan = plan_of(1);

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    (void)asked(&plan, 1000);
    kn_relay_plan_granted(place_of(&plan, 1), 1000, HOUR_MS);
    CHECK_EQ("held", kn_relay_plan_held(&plan), 1);
    CHECK_EQ("deadline", kn_relay_plan_deadline(&plan), 1000 + HOUR_MS / 4 * 3);
    CHECK_EQ("too early", asked(&plan, 1000 + HOUR_MS / 4 * 3 - 1), -1);
    CHECK_EQ("due", asked(&plan, 1000 + HOUR_MS / 4 * 3), 1);
    CHECK_EQ("still held", kn_relay_plan_held(&plan), 1);
    CHECK_EQ("asked once", asked(&plan, 1000 + HOUR_MS), -1);
    kn_relay_plan_granted(place_of(&plan, 1), 5000, HOUR_MS);
    CHECK_EQ("renewed", kn_relay_plan_deadline(&plan), 5000 + HOUR_MS / 4 * 3);
}

static void a_grant_that_nobody_wants_ends_by_itself(void **state)
{
    struct kn_relay_plan plan = plan_of(1);

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    (void)asked(&plan, 0);
    kn_relay_plan_granted(place_of(&plan, 1), 0, HOUR_MS);
    plan.wanted = 0;
    CHECK_EQ("not renewed", asked(&plan, HOUR_MS - 1), -1);
    CHECK_EQ("held until it ends", kn_relay_plan_held(&plan), 1);
    CHECK_EQ("deadline", kn_relay_plan_deadline(&plan), HOUR_MS);
    CHECK_EQ("ended", asked(&plan, HOUR_MS), -1);
    CHECK_EQ("not held", kn_relay_plan_held(&plan), 0);
}

static void the_life_of_a_grant_is_bounded(void **state)
{
    static const struct {
        const char *name;
        kn_time life, want;
    } cases[] = {
        { "a clock that is behind", -HOUR_MS, KN_RELAY_LIFE_MIN_MS },
        { "nothing", 0, KN_RELAY_LIFE_MIN_MS },
        { "the shortest", KN_RELAY_LIFE_MIN_MS, KN_RELAY_LIFE_MIN_MS },
        { "as it says", HOUR_MS, HOUR_MS },
        { "the longest", KN_RELAY_LIFE_MAX_MS, KN_RELAY_LIFE_MAX_MS },
        { "for ever", INT64_MAX, KN_RELAY_LIFE_MAX_MS },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_relay_plan plan = plan_of(1);

        add(&plan, 1, KN_RELAY_MET);
        (void)asked(&plan, 0);
        kn_relay_plan_granted(place_of(&plan, 1), 10, cases[i].life);
        CHECK_EQ(cases[i].name, place_of(&plan, 1)->ends_at, 10 + cases[i].want);
        CHECK_EQ(cases[i].name, place_of(&plan, 1)->renew_at, 10 + cases[i].want / 4 * 3);
    }
}

static void who_refuses_is_left_alone_longer_and_longer(void **state)
{
    static const kn_time pauses[] = { 30000, 60000, 120000, 240000, 480000, 900000, 900000 };
    struct kn_relay_plan plan = plan_of(1);
    kn_time now = 0;

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    for (size_t i = 0; i < KN_COUNT(pauses); i++) {
        CHECK_EQ("asked", asked(&plan, now), 1);
        kn_relay_plan_refused(place_of(&plan, 1), now);
        CHECK_EQ("deadline", kn_relay_plan_deadline(&plan), now + pauses[i]);
        CHECK_EQ("left alone", asked(&plan, now + pauses[i] - 1), -1);
        now += pauses[i];
    }
}

static void a_refused_renewal_keeps_what_is_held(void **state)
{
    struct kn_relay_plan plan = plan_of(1);
    kn_time due = HOUR_MS / 4 * 3;

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    (void)asked(&plan, 0);
    kn_relay_plan_granted(place_of(&plan, 1), 0, HOUR_MS);
    CHECK_EQ("renewing", asked(&plan, due), 1);
    kn_relay_plan_refused(place_of(&plan, 1), due);
    CHECK("held", kn_relay_plan_holds(place_of(&plan, 1)));
    CHECK_EQ("not at once", asked(&plan, due + KN_RELAY_BACKOFF_MS - 1), -1);
    CHECK_EQ("again", asked(&plan, due + KN_RELAY_BACKOFF_MS), 1);
}

static void a_lost_place_is_sought_again(void **state)
{
    struct kn_relay_plan plan = plan_of(1);

    (void)state;
    add(&plan, 1, KN_RELAY_MET);
    (void)asked(&plan, 0);
    kn_relay_plan_granted(place_of(&plan, 1), 0, HOUR_MS);
    kn_relay_plan_lost(place_of(&plan, 1), 100);
    CHECK_EQ("at once", asked(&plan, 100), 1);
    kn_relay_plan_granted(place_of(&plan, 1), 200, HOUR_MS);
    kn_relay_plan_lost(place_of(&plan, 1), 300);
    CHECK_EQ("a relay that keeps dropping us waits", asked(&plan, 300), -1);
    add(&plan, 2, KN_RELAY_MET);
    CHECK_EQ("another is found", asked(&plan, 300), 2);
}

static void the_plan_is_bounded(void **state)
{
    struct kn_relay_plan plan = plan_of(1);

    (void)state;
    for (unsigned i = 0; i < KN_RELAY_PLACES_MAX; i++)
        add(&plan, i, KN_RELAY_MET);
    add(&plan, 1000, KN_RELAY_MET);
    CHECK("no better than those there", place_of(&plan, 1000) == NULL);
    CHECK_EQ("all", plan.n, KN_RELAY_PLACES_MAX);
    add(&plan, 1001, KN_RELAY_TRUSTED);
    CHECK("better", place_of(&plan, 1001) != NULL);
    CHECK_EQ("all", plan.n, KN_RELAY_PLACES_MAX);
    kn_relay_plan_refused(place_of(&plan, 40), 0);
    add(&plan, 1002, KN_RELAY_MET);
    CHECK("for one that refused", place_of(&plan, 1002) != NULL && place_of(&plan, 40) == NULL);
    add(&plan, 1002, KN_RELAY_BOOTSTRAP);
    CHECK_EQ("the better rank counts", place_of(&plan, 1002)->rank, KN_RELAY_BOOTSTRAP);
    add(&plan, 1002, KN_RELAY_MET);
    CHECK_EQ("and stays", place_of(&plan, 1002)->rank, KN_RELAY_BOOTSTRAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(better_kinds_are_asked_first),
        cmocka_unit_test(no_more_are_asked_than_wanted),
        cmocka_unit_test(a_grant_is_renewed_at_three_quarters),
        cmocka_unit_test(a_grant_that_nobody_wants_ends_by_itself),
        cmocka_unit_test(the_life_of_a_grant_is_bounded),
        cmocka_unit_test(who_refuses_is_left_alone_longer_and_longer),
        cmocka_unit_test(a_refused_renewal_keeps_what_is_held),
        cmocka_unit_test(a_lost_place_is_sought_again),
        cmocka_unit_test(the_plan_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
