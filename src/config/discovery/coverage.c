#include "config/discovery/coverage.h"

enum { PERCENT = 100, FEW = 2 };

static uint32_t most_of(const struct kn_block_facts *blocks, size_t n)
{
    uint32_t most = 0;

    for (size_t i = 0; i < n; i++)
        most = blocks[i].online > most ? blocks[i].online : most;
    return most;
}

static enum kn_coverage_level level_of(uint32_t online, uint32_t most)
{
    uint64_t percent = (uint64_t)online * PERCENT;

    if (online < FEW || percent < (uint64_t)most * KN_COVERAGE_MODERATE_PERCENT)
        return KN_UNDER_SERVED;
    if (online == FEW || percent < (uint64_t)most * KN_COVERAGE_WELL_PERCENT)
        return KN_MODERATE;
    return KN_WELL_SERVED;
}

static void extend(struct kn_coverage_range *range, uint32_t online, enum kn_coverage_level level)
{
    range->end++;
    range->least = online < range->least ? online : range->least;
    range->most = online > range->most ? online : range->most;
    range->level = level < range->level ? level : range->level;
}

/* A range ends where the level changes, but not before it has `length` blocks. */
static size_t split(const struct kn_block_facts *blocks, size_t n, size_t length,
                    struct kn_coverage_range out[KN_COVERAGE_RANGES_MAX])
{
    uint32_t most = most_of(blocks, n);
    size_t count = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t online = blocks[i].online;
        enum kn_coverage_level level = level_of(online, most);
        struct kn_coverage_range *last = count > 0 ? &out[count - 1] : NULL;

        if (last != NULL && (level == last->level || last->end - last->start < length))
            extend(last, online, level);
        else if (count == KN_COVERAGE_RANGES_MAX)
            return KN_COVERAGE_RANGES_MAX + 1;
        else
            out[count++] = (struct kn_coverage_range){ i, i + 1, online, online, level };
    }
    return count;
}

/* Ranges that took in short ones may be of one level with their neighbours now. */
static size_t join_neighbours(struct kn_coverage_range *ranges, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        struct kn_coverage_range *last = count > 0 ? &ranges[count - 1] : NULL;

        if (last == NULL || last->level != ranges[i].level) {
            ranges[count++] = ranges[i];
            continue;
        }
        last->end = ranges[i].end;
        last->least = ranges[i].least < last->least ? ranges[i].least : last->least;
        last->most = ranges[i].most > last->most ? ranges[i].most : last->most;
    }
    return count;
}

size_t kn_coverage_ranges(const struct kn_block_facts *blocks, size_t block_count,
                          struct kn_coverage_range out[KN_COVERAGE_RANGES_MAX])
{
    size_t length = 1;
    size_t count = split(blocks, block_count, length, out);

    while (count > KN_COVERAGE_RANGES_MAX) {
        length *= 2;
        count = split(blocks, block_count, length, out);
    }
    return join_neighbours(out, count);
}

const char *kn_coverage_level_name(enum kn_coverage_level level)
{
    switch (level) {
    case KN_UNDER_SERVED:
        return "under-served";
    case KN_MODERATE:
        return "moderate";
    case KN_WELL_SERVED:
        break;
    }
    return "well-served";
}
