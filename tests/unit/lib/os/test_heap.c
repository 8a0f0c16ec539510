#include "lib/os/heap.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/os/process_usage.h"
#include "support/check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHER_HEAP 1
#endif
#endif

enum { PIECES = 4096, SIZE = 4096, MOST_OF_IT = (int64_t)PIECES * SIZE * 3 / 4 };

static int64_t resident(void)
{
    struct kn_process_usage usage;

    kn_process_usage(&usage);
    return usage.resident_bytes;
}

static void what_is_free_between_others_is_given_back(void **state)
{
    static char *pieces[PIECES + 1];
    int64_t before;

    (void)state;
    for (size_t i = 0; i <= PIECES; i++) {
        pieces[i] = kn_try_alloc(SIZE);
        CHECK("memory", pieces[i] != NULL);
        memset(pieces[i], 1, SIZE);
    }
    for (size_t i = 0; i < PIECES; i++)
        kn_free(pieces[i]);
    before = resident(); /* the last piece holds them */
    kn_heap_give_back();
#ifdef OTHER_HEAP
    CHECK("known", before > 0);
#else
    CHECK("less", before - resident() > MOST_OF_IT);
#endif
    kn_free(pieces[PIECES]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_free_between_others_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
