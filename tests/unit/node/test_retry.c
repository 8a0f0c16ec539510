/* How long blocks that failed wait for their next try. */
#include "node/retry.h"
#include "support/check.h"

static void each_wait_is_longer_than_the_last_up_to_the_longest(void **state)
{
    const int64_t day_ms = 24 * 3600 * 1000;
    int64_t all = 0;
    int last = 0, n = 0;

    (void)state;
    for (; all < day_ms; n++) {
        int next = kn_retry_wait_ms(last);

        CHECK("longer", next > last || next == KN_RETRY_LAST_MS);
        CHECK("not too long", next <= KN_RETRY_LAST_MS);
        all += next;
        last = next;
    }
    CHECK_EQ("first", kn_retry_wait_ms(0), KN_RETRY_FIRST_MS);
    CHECK("soon and not often, in a day", n > 40 && n < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wait_is_longer_than_the_last_up_to_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
