/* On which processors the threads of this process run. */
#include "lib/os/affinity.h"

#include "lib/os/thread.h"
#include "support/check.h"

struct other {
    struct kn_monitor *monitor;
    bool looks;
    struct kn_affinity seen;
};

static void look(void *arg)
{
    struct other *other = arg;

    kn_monitor_enter(other->monitor);
    while (!other->looks)
        (void)kn_monitor_wait(other->monitor, KN_NEVER);
    kn_affinity_read(&other->seen);
    kn_monitor_leave(other->monitor);
}

static void all_threads_move_and_come_back(void **state)
{
    struct other other = { .monitor = kn_monitor_new() };
    struct kn_affinity all, now;
    struct kn_thread *thread;
    struct kn_error err = { 0 };

    (void)state;
    kn_affinity_read(&all);
    CHECK("some", all.n > 0);
    CHECK_EQ("another thread", kn_thread_start(look, &other, &thread, &err), KN_OK);
    CHECK_EQ("one", kn_affinity_hold(&all, 1, &err), KN_OK);
    kn_affinity_read(&now);
    CHECK_EQ("one", now.n, 1);
    kn_monitor_enter(other.monitor);
    other.looks = true;
    kn_monitor_tell(other.monitor);
    kn_monitor_leave(other.monitor);
    kn_thread_join(thread);
    CHECK_EQ("the other thread", other.seen.n, 1);
    CHECK("the same", memcmp(&other.seen, &now, sizeof(now)) == 0);
    CHECK_EQ("more than there are", kn_affinity_hold(&all, all.n + 1, &err), KN_OK);
    kn_affinity_read(&now);
    CHECK("all again", memcmp(&all, &now, sizeof(now)) == 0);
    kn_monitor_free(other.monitor);
}

static void what_is_not_known_is_not_changed(void **state)
{
    const struct kn_affinity nothing = { 0 };
    struct kn_error err = { 0 };

    (void)state;
    CHECK_EQ("unknown", kn_affinity_hold(&nothing, 1, &err), KN_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_move_and_come_back),
        cmocka_unit_test(what_is_not_known_is_not_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
