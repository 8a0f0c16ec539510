/* When the first announcement may go out. */
#include "node/reached.h"
#include "support/check.h"

static void it_waits_until_it_is_known_or_nobody_can_tell(void **state)
{
    static const struct {
        const char *name;
        struct kn_reached_facts facts;
        enum kn_reached_step want;
    } rows[] = {
        { "nobody cares", { false, KN_REACHABILITY_PRIVATE, false, 0, 10 }, KN_REACHED_OPEN },
        { "not known", { true, KN_REACHABILITY_UNKNOWN, false, 9, 10 }, KN_REACHED_ASKS },
        { "not known for long", { true, KN_REACHABILITY_UNKNOWN, false, 10, 10 }, KN_REACHED_OPEN },
        { "others came", { true, KN_REACHABILITY_PUBLIC, false, 0, 10 }, KN_REACHED_OPEN },
        { "others could not", { true, KN_REACHABILITY_PRIVATE, false, 0, 10 }, KN_REACHED_HIDDEN },
        { "nor later", { true, KN_REACHABILITY_PRIVATE, false, 99, 10 }, KN_REACHED_HIDDEN },
        { "through a relay", { true, KN_REACHABILITY_PRIVATE, true, 0, 10 }, KN_REACHED_OPEN },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++)
        CHECK_EQ(rows[i].name, kn_reached_decide(&rows[i].facts), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_until_it_is_known_or_nobody_can_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
