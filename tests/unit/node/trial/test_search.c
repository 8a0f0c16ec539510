/* The largest count, of memories that are made up: found, with few tries, and never guessed. */
#include "node/trial/search.h"

#include "support/check.h"

struct memory {
    uint32_t fits;     /* blocks that hold */
    uint32_t fails_at; /* this many cannot be tried; 0: all can */
    uint32_t tries, largest;
};

static enum kn_code holds(void *arg, uint32_t n, bool *out)
{
    struct memory *memory = arg;

    memory->tries++;
    memory->largest = n > memory->largest ? n : memory->largest;
    if (n == memory->fails_at)
        return KN_E_CANCELLED;
    *out = n <= memory->fits;
    return KN_OK;
}

static uint32_t bits_of(uint32_t n)
{
    uint32_t bits = 0;

    for (; n > 0; n /= 2)
        bits++;
    return bits;
}

/* proves: MS-3/2 */
static void every_count_is_found_from_every_expectation(void **state)
{
    (void)state;
    for (uint32_t most = 0; most <= 40; most++) {
        for (uint32_t fits = 0; fits <= most + 1; fits++) {
            for (uint32_t first = 0; first <= most + 2; first++) {
                struct memory memory = { .fits = fits };
                const struct kn_search search = { first, most, &memory, holds };
                uint32_t found = 99;

                CHECK_EQ("code", kn_search_largest(&search, &found), KN_OK);
                CHECK_EQ("found", found, fits < most ? fits : most);
                CHECK("asked for what there is", memory.largest <= most);
                CHECK("few tries", memory.tries <= 2 * bits_of(most) + 2);
            }
        }
    }
}

static void a_good_expectation_takes_two_tries(void **state)
{
    static const struct {
        uint32_t fits, first, tries;
    } cases[] = { { 19, 19, 2 }, { 19, 20, 2 }, { 80, 200, 1 }, { 0, 1, 1 } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct memory memory = { .fits = cases[i].fits };
        const struct kn_search search = { cases[i].first, 80, &memory, holds };
        uint32_t found;

        CHECK_EQ("code", kn_search_largest(&search, &found), KN_OK);
        CHECK_EQ("found", found, cases[i].fits);
        CHECK_EQ("tries", memory.tries, cases[i].tries);
    }
}

static void a_failure_ends_the_search_with_what_is_known(void **state)
{
    struct memory memory = { .fits = 30, .fails_at = 12 };
    const struct kn_search search = { 8, 80, &memory, holds };
    uint32_t found = 99;

    (void)state;
    CHECK_EQ("code", kn_search_largest(&search, &found), KN_OK);
    CHECK_EQ("found", found, 30);
    memory = (struct memory){ .fits = 30, .fails_at = 11 };
    CHECK_EQ("code", kn_search_largest(&search, &found), KN_E_CANCELLED);
    CHECK_EQ("known to hold", found, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_count_is_found_from_every_expectation),
        cmocka_unit_test(a_good_expectation_takes_two_tries),
        cmocka_unit_test(a_failure_ends_the_search_with_what_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
