#include "config/discovery/coverage.h"

#include "support/check.h"

enum { MANY = 65536 };

static const struct {
    const char *name;
    uint32_t online[12];
    size_t n, count;
    struct kn_coverage_range want[6];
} rows[] = {
    { "no blocks", { 0 }, 0, 0, { { 0 } } },
    { "one block that nobody has", { 0 }, 1, 1, { { 0, 1, 0, 0, KN_UNDER_SERVED } } },
    { "one provider of everything is no good service",
      { 1, 1, 1 },
      3,
      1,
      { { 0, 3, 1, 1, KN_UNDER_SERVED } } },
    { "two are moderate", { 2, 2 }, 2, 1, { { 0, 2, 2, 2, KN_MODERATE } } },
    { "three are well", { 3, 3 }, 2, 1, { { 0, 2, 3, 3, KN_WELL_SERVED } } },
    { "the requirements' bounds",
      { 127, 89, 88, 45, 44, 2 },
      6,
      3,
      { { 0, 2, 89, 127, KN_WELL_SERVED },
        { 2, 4, 45, 88, KN_MODERATE },
        { 4, 6, 2, 44, KN_UNDER_SERVED } } },
    { "exactly the shares",
      { 100, 70, 69, 35, 34 },
      5,
      3,
      { { 0, 2, 70, 100, KN_WELL_SERVED },
        { 2, 4, 35, 69, KN_MODERATE },
        { 4, 5, 34, 34, KN_UNDER_SERVED } } },
    { "a hole",
      { 9, 9, 0, 9 },
      4,
      3,
      { { 0, 2, 9, 9, KN_WELL_SERVED },
        { 2, 3, 0, 0, KN_UNDER_SERVED },
        { 3, 4, 9, 9, KN_WELL_SERVED } } },
    { "too many changes show the lower level",
      { 9, 0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 0 },
      12,
      1,
      { { 0, 12, 0, 9, KN_UNDER_SERVED } } },
    { "as many as there is room for, and no providers beyond count",
      { UINT32_MAX, 1 },
      2,
      2,
      { { 0, 1, UINT32_MAX, UINT32_MAX, KN_WELL_SERVED }, { 1, 2, 1, 1, KN_UNDER_SERVED } } },
};

/* proves: MS-2.3/3 */
static void test_blocks_are_grouped_by_level(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_block_facts blocks[12] = { 0 };
        struct kn_coverage_range got[KN_COVERAGE_RANGES_MAX];

        for (size_t k = 0; k < rows[i].n; k++)
            blocks[k].online = rows[i].online[k];
        CHECK_EQ(rows[i].name, kn_coverage_ranges(blocks, rows[i].n, got), rows[i].count);
        for (size_t k = 0; k < rows[i].count; k++) {
            CHECK_EQ(rows[i].name, got[k].start, rows[i].want[k].start);
            CHECK_EQ(rows[i].name, got[k].end, rows[i].want[k].end);
            CHECK_EQ(rows[i].name, got[k].least, rows[i].want[k].least);
            CHECK_EQ(rows[i].name, got[k].most, rows[i].want[k].most);
            CHECK_EQ(rows[i].name, got[k].level, rows[i].want[k].level);
        }
    }
}

static void test_any_model_fits_the_screen(void **state)
{
    static struct kn_block_facts blocks[MANY];
    struct kn_coverage_range got[KN_COVERAGE_RANGES_MAX];

    (void)state;
    for (uint32_t period = 1; period < MANY; period = period * 3 + 1) {
        size_t count;
        uint32_t at = 0;

        for (uint32_t i = 0; i < MANY; i++)
            blocks[i].online = i / period * 7 % 11;
        count = kn_coverage_ranges(blocks, MANY, got);
        CHECK("room", count >= 1 && count <= KN_COVERAGE_RANGES_MAX);
        for (size_t k = 0; k < count; at = got[k].end, k++)
            CHECK("in a row", got[k].start == at && got[k].end > at);
        CHECK_EQ("all of them", at, MANY);
    }
}

static void test_levels_have_names(void **state)
{
    (void)state;
    CHECK_STR("0", kn_coverage_level_name(KN_UNDER_SERVED), "under-served");
    CHECK_STR("1", kn_coverage_level_name(KN_MODERATE), "moderate");
    CHECK_STR("2", kn_coverage_level_name(KN_WELL_SERVED), "well-served");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_grouped_by_level),
        cmocka_unit_test(test_any_model_fits_the_screen),
        cmocka_unit_test(test_levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
