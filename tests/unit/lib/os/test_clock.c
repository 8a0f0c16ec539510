#include <time.h>

#include "lib/os/clock.h"
#include "support/check.h"

static void now_lies_between_before_and_after(void **state)
{
    int64_t now = 0;
    time_t before = time(NULL);

    (void)state;
    CHECK_EQ("now", kn_clock_now(&now), KN_OK);
    /* time() may read a coarser clock that is a tick behind. */
    CHECK("before", now >= before);
    CHECK("after", now <= time(NULL) + 1);
}

static void the_time_since_the_start_only_grows(void **state)
{
    int64_t first = 0, then = 0;
    struct timespec now;

    (void)state;
    CHECK_EQ("first", kn_clock_since_boot(&first), KN_OK);
    CHECK_EQ("then", kn_clock_since_boot(&then), KN_OK);
    CHECK("grows", first > 0 && then >= first);
    /* Without what it slept it is less. */
    CHECK_EQ("awake", clock_gettime(CLOCK_MONOTONIC, &now), 0);
    CHECK("with sleep", then + 1000 >= (int64_t)now.tv_sec * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_lies_between_before_and_after),
        cmocka_unit_test(the_time_since_the_start_only_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
