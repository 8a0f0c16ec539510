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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_lies_between_before_and_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
