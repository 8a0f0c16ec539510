#include <pthread.h>
#include <signal.h>

#include "io_fixture.h"

struct seen {
    struct kn_loop *loop;
    struct kn_timer *timer, *other;
    unsigned at_once, fired, stop_after;
    kn_time at, again_in;
    int number;
};

static void count(void *arg)
{
    struct seen *seen = arg;

    seen->at_once += seen->fired > 0 && seen->at == kn_loop_now(seen->loop);
    seen->fired++;
    seen->at = kn_loop_now(seen->loop);
    if (seen->fired >= seen->stop_after)
        kn_loop_stop(seen->loop);
    else if (seen->timer != NULL)
        kn_timer_set(seen->timer, seen->at + seen->again_in);
}

static void a_loop_with_nothing_on_it_ends(void **state)
{
    struct kn_loop *loop = new_loop();

    (void)state;
    kn_loop_run(loop);
    kn_loop_run(loop);
    kn_loop_free(loop);
    kn_loop_free(NULL);
}

static void timers_fire_at_their_moment(void **state)
{
    static const struct {
        const char *name;
        kn_time first, then; /* from now; KN_NEVER: not set */
        kn_time want;
        unsigned fired;
    } cases[] = {
        { "as set", 20, 20, 20, 1 },        { "moved later", 5, 30, 30, 1 },
        { "moved earlier", 5000, 5, 5, 1 }, { "in the past", 10, -50, 0, 1 },
        { "unset", 5, KN_NEVER, 0, 0 },     { "never set", KN_NEVER, KN_NEVER, 0, 0 },
        { "set late", KN_NEVER, 7, 7, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct seen seen = { .loop = new_loop(), .stop_after = 2 };
        struct kn_timer *timer = kn_timer_new(seen.loop, count, &seen);
        kn_time now = kn_loop_now(seen.loop);

        kn_timer_set(timer, cases[i].first == KN_NEVER ? KN_NEVER : now + cases[i].first);
        kn_timer_set(timer, cases[i].then == KN_NEVER ? KN_NEVER : now + cases[i].then);
        CHECK_EQ(cases[i].name, seen.fired, 0);
        kn_loop_run(seen.loop);
        CHECK_EQ(cases[i].name, seen.fired, cases[i].fired);
        CHECK(cases[i].name, seen.fired == 0 || seen.at >= now + cases[i].want);
        CHECK(cases[i].name, kn_loop_now(seen.loop) < now + 3000);
        kn_timer_free(timer);
        kn_loop_free(seen.loop);
    }
}

static void a_timer_that_always_asks_for_now_leaves_room_for_others(void **state)
{
    struct seen busy = { .loop = new_loop(), .stop_after = UINT32_MAX, .again_in = -1 };
    struct seen other = { .loop = busy.loop, .stop_after = 1 };

    (void)state;
    busy.timer = kn_timer_new(busy.loop, count, &busy);
    kn_timer_set(busy.timer, kn_loop_now(busy.loop));
    kn_loop_on_wake(busy.loop, count, &other);
    kn_loop_wake(busy.loop);
    run_loop(busy.loop);
    CHECK_EQ("woken", other.fired, 1);
    CHECK("fired", busy.fired > 0);
    kn_timer_free(busy.timer);
    kn_loop_free(busy.loop);
}

/* Within one millisecond of the loop's clock at least once. */
static void a_timer_that_asks_for_now_does_not_wait(void **state)
{
    struct seen seen = { .loop = new_loop(), .stop_after = 1000 };

    (void)state;
    seen.timer = kn_timer_new(seen.loop, count, &seen);
    kn_timer_set(seen.timer, kn_loop_now(seen.loop));
    kn_loop_run(seen.loop);
    CHECK_EQ("fired", seen.fired, 1000);
    CHECK("at once", seen.at_once > 0);
    kn_timer_free(seen.timer);
    kn_loop_free(seen.loop);
}

static void free_both(void *arg)
{
    struct seen *seen = arg;

    seen->fired++;
    kn_timer_free(seen->timer);
    kn_timer_free(seen->other);
}

static void a_timer_may_free_itself_and_another_that_is_due(void **state)
{
    struct seen seen = { .loop = new_loop() };

    (void)state;
    seen.timer = kn_timer_new(seen.loop, free_both, &seen);
    seen.other = kn_timer_new(seen.loop, free_both, &seen);
    kn_timer_set(seen.timer, kn_loop_now(seen.loop));
    kn_timer_set(seen.other, kn_loop_now(seen.loop));
    kn_loop_run(seen.loop);
    CHECK_EQ("fired", seen.fired, 1);
    kn_loop_free(seen.loop);
    kn_timer_free(NULL);
}

static void *wake_thrice(void *arg)
{
    struct kn_loop *loop = arg;

    kn_loop_wake(loop);
    kn_loop_wake(loop);
    kn_loop_wake(loop);
    return NULL;
}

static void another_thread_can_wake_the_loop(void **state)
{
    struct seen seen = { .loop = new_loop(), .stop_after = 1 };
    pthread_t thread;

    (void)state;
    kn_loop_on_wake(seen.loop, count, &seen);
    assert_int_equal(pthread_create(&thread, NULL, wake_thrice, seen.loop), 0);
    run_loop(seen.loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    CHECK("woken", seen.fired >= 1);
    kn_loop_on_wake(seen.loop, NULL, NULL);
    kn_loop_run(seen.loop); /* nothing left to wait for */
    kn_loop_free(seen.loop);
}

static void take_signal(void *arg, int number)
{
    struct seen *seen = arg;

    seen->number = number;
    kn_loop_stop(seen->loop);
}

static void interrupts_come_on_the_loop(void **state)
{
    static const int numbers[] = { SIGINT, SIGTERM };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(numbers); i++) {
        struct seen seen = { .loop = new_loop() };
        struct sigaction action;

        kn_loop_on_signal(seen.loop, take_signal, &seen);
        kn_loop_run(seen.loop); /* alone they keep nothing alive */
        assert_int_equal(raise(numbers[i]), 0);
        run_loop(seen.loop);
        CHECK_EQ("number", seen.number, numbers[i]);
        kn_loop_on_signal(seen.loop, NULL, NULL);
        assert_int_equal(sigaction(numbers[i], NULL, &action), 0);
        CHECK("as before", action.sa_handler == SIG_DFL);
        kn_loop_free(seen.loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_with_nothing_on_it_ends),
        cmocka_unit_test(timers_fire_at_their_moment),
        cmocka_unit_test(a_timer_that_always_asks_for_now_leaves_room_for_others),
        cmocka_unit_test(a_timer_that_asks_for_now_does_not_wait),
        cmocka_unit_test(a_timer_may_free_itself_and_another_that_is_due),
        cmocka_unit_test(another_thread_can_wake_the_loop),
        cmocka_unit_test(interrupts_come_on_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
