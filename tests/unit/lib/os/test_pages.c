/* Memory straight from the system, in single pages and in large ones. */
#include "lib/os/pages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"

#include "support/check.h"

static void pages_are_zeros_from_the_first_to_the_last(void **state)
{
    static const size_t sizes[] = {
        1, 4096, KN_LARGE_PAGE - 1, KN_LARGE_PAGE, KN_LARGE_PAGE + 1, 3 * KN_LARGE_PAGE + 4097,
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(sizes); i++) {
        for (int large = 0; large < 2; large++) {
            char *pages = large ? kn_pages_new_large(sizes[i]) : kn_pages_new(sizes[i]);
            size_t at = (uintptr_t)pages % (large ? (size_t)KN_LARGE_PAGE : kn_page_size());

            assert_non_null(pages);
            CHECK_EQ("aligned", at, 0);
            CHECK("zeros", pages[0] == 0 && pages[sizes[i] - 1] == 0);
            memset(pages, 1, sizes[i]);
            kn_pages_free(pages, sizes[i]);
        }
    }
}

static void what_the_system_cannot_give_is_not_there(void **state)
{
    (void)state;
    assert_null(kn_pages_new(0));
    assert_null(kn_pages_new_large(0));
    assert_null(kn_pages_new(SIZE_MAX / 2));
    assert_null(kn_pages_new_large(SIZE_MAX / 2));
    assert_null(kn_pages_new_large(SIZE_MAX - 1));
    kn_pages_free(NULL, 1);
}

/* Bytes in large pages at that address; -1: not told. */
static long large_bytes(const void *at)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[512];
    bool here = false;
    long kib = -1;

    while (maps != NULL && kib < 0 && fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t from, to;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            here = from <= (uintptr_t)at && (uintptr_t)at < to;
        else if (here)
            (void)sscanf(line, "AnonHugePages: %ld kB", &kib);
    }
    if (maps != NULL)
        (void)fclose(maps);
    return kib < 0 ? kib : kib * 1024;
}

static bool system_has_large_pages(void)
{
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    char text[64] = "";

    if (file != NULL) {
        (void)fgets(text, sizeof(text), file);
        (void)fclose(file);
    }
    return strstr(text, "[always]") != NULL || strstr(text, "[madvise]") != NULL;
}

static void large_pages_are_taken_whole_and_only_for_those_who_ask(void **state)
{
    const size_t size = 2 * KN_LARGE_PAGE + KN_LARGE_PAGE / 2;
    char *small = kn_pages_new(size), *large = kn_pages_new_large(size);
    long got;

    (void)state;
    if (!system_has_large_pages())
        skip();
    assert_true(small != NULL && large != NULL);
    memset(small, 1, size);
    memset(large, 1, size);
    CHECK_EQ("single ones", large_bytes(small), 0);
    CHECK_EQ("none for half a page", large_bytes(large + 2 * KN_LARGE_PAGE), 0);
    got = large_bytes(large); /* none where memory is in pieces */
    CHECK("whole ones", got == 0 || got == KN_LARGE_PAGE || got == 2 * KN_LARGE_PAGE);
    kn_pages_free(small, size);
    kn_pages_free(large, size);
}

static void a_large_page_takes_the_place_of_single_ones(void **state)
{
    char *pages = kn_pages_new_large(3 * KN_LARGE_PAGE), *middle = pages + KN_LARGE_PAGE;

    (void)state;
    assert_non_null(pages);
    memset(pages, 1, KN_LARGE_PAGE);
    memset(middle, 2, KN_LARGE_PAGE);
    memset(middle + KN_LARGE_PAGE, 3, KN_LARGE_PAGE);
    assert_true(kn_pages_replace(middle));
    CHECK("before it", middle[-1] == 1);
    CHECK("it", middle[0] == 2 && middle[KN_LARGE_PAGE - 1] == 2);
    CHECK("behind it", middle[KN_LARGE_PAGE] == 3);
    kn_pages_free(pages, 3 * KN_LARGE_PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_zeros_from_the_first_to_the_last),
        cmocka_unit_test(what_the_system_cannot_give_is_not_there),
        cmocka_unit_test(a_large_page_takes_the_place_of_single_ones),
        cmocka_unit_test(large_pages_are_taken_whole_and_only_for_those_who_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
