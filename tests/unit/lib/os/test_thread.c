#include "lib/os/thread.h"

#include <locale.h>
#include <pthread.h>
#include <signal.h>

#include "support/check.h"

struct place {
    struct kn_monitor *monitor;
    int turns;
    bool pipe_is_blocked, interrupt_is_blocked, has_own_locale;
};

static void look(void *arg)
{
    struct place *place = arg;
    sigset_t blocked;

    (void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    place->pipe_is_blocked = sigismember(&blocked, SIGPIPE) == 1;
    place->interrupt_is_blocked = sigismember(&blocked, SIGINT) == 1;
    place->has_own_locale =
        uselocale((locale_t)0) != LC_GLOBAL_LOCALE && strcmp(localeconv()->decimal_point, ".") == 0;
}

static void a_thread_takes_no_signals_and_its_maker_does(void **state)
{
    struct place place = { 0 };
    struct kn_thread *thread = NULL;
    sigset_t before = { 0 }, after = { 0 };

    (void)state;
    (void)pthread_sigmask(SIG_BLOCK, NULL, &before);
    CHECK_EQ("start", kn_thread_start(look, &place, &thread, NULL), KN_OK);
    kn_thread_join(thread);
    (void)pthread_sigmask(SIG_BLOCK, NULL, &after);
    CHECK("pipe", place.pipe_is_blocked);
    CHECK("interrupt", place.interrupt_is_blocked);
    CHECK_EQ("maker", memcmp(&before, &after, sizeof(before)), 0);
    kn_thread_join(NULL);
}

static void the_locale_of_the_process_is_not_the_thread_s(void **state)
{
    struct place place = { 0 };
    struct kn_thread *thread = NULL;

    (void)state;
    CHECK_EQ("start", kn_thread_start(look, &place, &thread, NULL), KN_OK);
    kn_thread_join(thread);
    CHECK("thread", place.has_own_locale);
    CHECK("maker", uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
}

static void count_to_ten(void *arg)
{
    struct place *place = arg;

    for (int i = 0; i < 10; i++) {
        kn_monitor_enter(place->monitor);
        place->turns++;
        kn_monitor_tell(place->monitor);
        while (place->turns % 2 != 0)
            (void)kn_monitor_wait(place->monitor, KN_NEVER);
        kn_monitor_leave(place->monitor);
    }
}

static void two_threads_take_turns(void **state)
{
    struct place place = { .monitor = kn_monitor_new() };
    struct kn_thread *thread = NULL;

    (void)state;
    CHECK("monitor", place.monitor != NULL);
    CHECK_EQ("start", kn_thread_start(count_to_ten, &place, &thread, NULL), KN_OK);
    kn_monitor_enter(place.monitor);
    while (place.turns < 20) {
        if (place.turns % 2 != 0) {
            place.turns++;
            kn_monitor_tell(place.monitor);
        }
        if (place.turns < 20)
            (void)kn_monitor_wait(place.monitor, KN_NEVER);
    }
    kn_monitor_leave(place.monitor);
    kn_thread_join(thread);
    CHECK_EQ("turns", place.turns, 20);
    kn_monitor_free(place.monitor);
    kn_monitor_free(NULL);
}

static void a_wait_ends_when_its_time_is_over(void **state)
{
    struct kn_monitor *monitor = kn_monitor_new();
    kn_time until = kn_monitor_now() + 30;

    (void)state;
    CHECK("monitor", monitor != NULL);
    kn_monitor_enter(monitor);
    while (kn_monitor_wait(monitor, until))
        continue;
    CHECK("not before", kn_monitor_now() >= until);
    CHECK("at once", !kn_monitor_wait(monitor, kn_monitor_now()));
    kn_monitor_leave(monitor);
    kn_monitor_free(monitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_takes_no_signals_and_its_maker_does),
        cmocka_unit_test(the_locale_of_the_process_is_not_the_thread_s),
        cmocka_unit_test(two_threads_take_turns),
        cmocka_unit_test(a_wait_ends_when_its_time_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
