#include "compute/block/cache.h"
#include "compute/block/cache_place.h"

#include "lib/os/pages.h"
#include "support/check.h"

static const struct kn_decoder decoder = { .kv_heads = 4, .head_dim = 64 };
static const struct kn_decoder odd = { .kv_heads = 3, .head_dim = 20 };

static void bytes_are_counted_before_they_are_taken(void **state)
{
    int64_t page = (int64_t)kn_page_size();

    (void)state;
    assert_int_equal(kn_cache_token_bytes(&decoder), 2 * 4 * 64 * 4);
    assert_int_equal(kn_cache_token_bytes(&odd), 3 * (20 + 32) * 4); /* values by sixteen */
    assert_int_equal(kn_cache_bytes(&decoder, 4, 2, 256), 4 * 2 * 256 * 2048);
    assert_int_equal(kn_cache_bytes(&decoder, 1, 1, 33), 64 * 2048);
    assert_int_equal(kn_cache_bytes(&odd, 1, 1, 1), (32 * 624 + page - 1) / page * page);
    assert_int_equal(kn_cache_bytes(&decoder, UINT32_MAX, UINT32_MAX, UINT32_MAX), INT64_MAX);
    assert_null(kn_cache_new(&decoder, UINT32_MAX, 1, UINT32_MAX));
    assert_null(kn_cache_new(&decoder, 1, 0, 10));
}

/* No two share a float, and all lie one behind the other in what was counted. */
static void each_row_and_head_has_a_place_of_its_own(void **state)
{
    struct kn_cache *cache = kn_cache_new(&odd, 2, 3, 40);
    const float *end = NULL;

    (void)state;
    assert_non_null(cache);
    assert_int_equal(kn_cache_batch(cache), 3);
    assert_int_equal(kn_cache_max_length(cache), 40);
    for (uint32_t block = 0; block < 2; block++)
        for (uint32_t row = 0; row < 3; row++)
            for (uint32_t kv = 0; kv < 3; kv++) {
                struct kn_cache_place place = kn_cache_place(cache, block, row, kv);

                assert_true(end == NULL || place.keys == end);
                assert_ptr_equal(place.values, place.keys + (ptrdiff_t)64 * 20);
                for (size_t i = 0; i < (size_t)64 * 20; i++)
                    assert_true(place.keys[i] == 0);
                end = place.values + (ptrdiff_t)64 * 32;
            }
    kn_cache_free(cache);
    kn_cache_free(NULL);
}

/* Far more than there is memory: only what is written counts. */
static void room_that_is_not_written_takes_no_memory(void **state)
{
    struct kn_cache *cache = kn_cache_new(&decoder, 64, 1, 1 << 20);

    (void)state;
    assert_non_null(cache);
    kn_cache_place(cache, 63, 0, 3).values[((size_t)1 << 20) * 64 - 1] = 1;
    assert_int_equal(kn_cache_permute(cache, (const int64_t[]){ 0 }, 1 << 20), KN_OK);
    kn_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_counted_before_they_are_taken),
        cmocka_unit_test(each_row_and_head_has_a_place_of_its_own),
        cmocka_unit_test(room_that_is_not_written_takes_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
