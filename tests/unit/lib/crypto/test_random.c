#include "lib/crypto/random.h"

#include "support/check.h"

static void every_fill_gives_other_bytes(void **state)
{
    const struct kn_random random = kn_random_system();
    uint8_t a[32] = { 0 }, b[32] = { 0 };

    (void)state;
    kn_random_fill(&random, a, sizeof(a));
    kn_random_fill(&random, b, sizeof(b));
    CHECK("two", memcmp(a, b, sizeof(a)) != 0);
    memcpy(a, b, sizeof(a));
    kn_random_fill(&random, a, 0);
    CHECK("no bytes wanted", memcmp(a, b, sizeof(a)) == 0);
}

static void what_is_wiped_is_zero_and_its_neighbour_is_not(void **state)
{
    uint8_t secret[4] = { 1, 2, 3, 4 };

    (void)state;
    kn_wipe(secret, 3);
    CHECK("wiped", memcmp(secret, "\0\0\0\4", 4) == 0);
    kn_wipe(secret, 0);
    kn_wipe(NULL, 0);
    CHECK_EQ("nothing", secret[3], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fill_gives_other_bytes),
        cmocka_unit_test(what_is_wiped_is_zero_and_its_neighbour_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
