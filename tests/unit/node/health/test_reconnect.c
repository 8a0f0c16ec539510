/* The delays of reconnecting, under a virtual clock. */
#include "node/health/reconnect.h"

#include "support/check.h"

enum { S = 1000, MINUTE = 60 * S };

static const struct kn_reconnect_options usual = {
    .enabled = true,
    .max_attempts = 10,
    .strategy = KN_BACKOFF_EXPONENTIAL,
    .initial_ms = 30 * S,
    .max_ms = 30 * MINUTE,
    .multiplier = 2,
};

static void delays_grow_as_the_strategy_says(void **state)
{
    static const struct {
        const char *name;
        enum kn_backoff strategy;
        double multiplier;
        unsigned attempts;
        int64_t want;
    } cases[] = {
        { "the first", KN_BACKOFF_EXPONENTIAL, 2, 0, 30 * S },
        { "twice", KN_BACKOFF_EXPONENTIAL, 2, 1, MINUTE },
        { "the last that grows", KN_BACKOFF_EXPONENTIAL, 2, 5, 16 * MINUTE },
        { "the longest", KN_BACKOFF_EXPONENTIAL, 2, 6, 30 * MINUTE },
        { "for ever", KN_BACKOFF_EXPONENTIAL, 2, 4000000000U, 30 * MINUTE },
        { "by one", KN_BACKOFF_EXPONENTIAL, 1, 4000000000U, 30 * S },
        { "by a half more", KN_BACKOFF_EXPONENTIAL, 1.5, 2, 67500 },
        { "linear", KN_BACKOFF_LINEAR, 2, 0, 30 * S },
        { "linear, later", KN_BACKOFF_LINEAR, 2, 9, 5 * MINUTE },
        { "linear, the longest", KN_BACKOFF_LINEAR, 2, 60, 30 * MINUTE },
        { "fixed", KN_BACKOFF_FIXED, 2, 0, 30 * S },
        { "fixed, later", KN_BACKOFF_FIXED, 2, 99, 30 * S },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_reconnect_options options = usual;

        options.strategy = cases[i].strategy;
        options.multiplier = cases[i].multiplier;
        CHECK_EQ(cases[i].name, kn_reconnect_delay(&options, cases[i].attempts), cases[i].want);
    }
}

/* Turn the clock until nothing more is planned, or so many knocks. */
static unsigned knock(struct kn_reconnect *r, const struct kn_reconnect_options *options,
                      const struct kn_random *random, kn_time *now, unsigned most)
{
    unsigned knocks = 0;

    while (r->next != KN_NEVER && knocks < most) {
        assert_false(*now < r->next && kn_reconnect_is_due(r, options, random, r->next - 1));
        *now = r->next;
        knocks += kn_reconnect_is_due(r, options, random, *now);
    }
    return knocks;
}

static void it_gives_up_after_as_many_as_allowed(void **state)
{
    uint64_t seed = 1;
    const struct kn_random random = kn_random_seeded(&seed);
    struct kn_reconnect r = { .next = KN_NEVER };
    struct kn_reconnect_options options = usual;
    kn_time now = 5;

    (void)state;
    options.max_attempts = 3;
    kn_reconnect_lose(&r, &options, &random, now);
    kn_reconnect_lose(&r, &options, &random, now + 9); /* known by now */
    assert_int_equal(r.next, 5 + 30 * S);
    assert_int_equal(knock(&r, &options, &random, &now, 99), 3);
    /* 30 s, 60 s, 120 s, and as long again for the last one to succeed. */
    assert_int_equal(now, 5 + (30 + 60 + 120 + 240) * S);
    assert_true(r.gave_up && r.is_lost);
    kn_reconnect_find(&r);
    assert_false(r.gave_up || r.is_lost);
    kn_reconnect_lose(&r, &options, &random, now); /* from the beginning */
    assert_int_equal(r.next, now + 30 * S);
    options.max_attempts = 0;
    assert_int_equal(knock(&r, &options, &random, &now, 1000), 1000);
    assert_false(r.gave_up);
}

static void jitter_is_between_nothing_and_the_delay(void **state)
{
    uint64_t seed = 3;
    const struct kn_random random = kn_random_seeded(&seed);
    struct kn_reconnect_options options = usual;
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    options.jitter = true;
    for (unsigned i = 0; i < 2000; i++) {
        struct kn_reconnect r = { .next = KN_NEVER };

        kn_reconnect_lose(&r, &options, &random, 0);
        least = r.next < least ? r.next : least;
        most = r.next > most ? r.next : most;
    }
    assert_true(least >= 0 && least < S && most <= 30 * S && most > 29 * S);
}

static void other_settings_are_obeyed_at_once(void **state)
{
    uint64_t seed = 3;
    const struct kn_random random = kn_random_seeded(&seed);
    struct kn_reconnect_options options = usual;
    struct kn_reconnect r = { .next = KN_NEVER };
    kn_time now = 0;

    (void)state;
    options.enabled = false;
    kn_reconnect_lose(&r, &options, &random, now);
    assert_true(r.is_lost && r.next == KN_NEVER);
    options.enabled = true;
    options.initial_ms = S;
    kn_reconnect_init(&r, &options, &random, 7);
    assert_int_equal(r.next, 7 + S);
    options.enabled = false;
    kn_reconnect_init(&r, &options, &random, 8);
    assert_true(r.next == KN_NEVER && !kn_reconnect_is_due(&r, &options, &random, MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_grow_as_the_strategy_says),
        cmocka_unit_test(it_gives_up_after_as_many_as_allowed),
        cmocka_unit_test(jitter_is_between_nothing_and_the_delay),
        cmocka_unit_test(other_settings_are_obeyed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
