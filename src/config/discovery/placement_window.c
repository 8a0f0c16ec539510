#include "config/discovery/placement_window.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

/*
 * Two windows of one length are compared by how often each weight occurs in them: at the least
 * weight whose numbers differ, that with more of it is better. So while a window slides, the
 * difference to the best one so far is kept by rank of weight; a tree over the ranks finds the
 * first that is not zero.
 */
struct slide {
    uint32_t *ranks;  /* of each block's weight among the different weights */
    int32_t *surplus; /* by rank: occurrences in this window less those in the best */
    uint8_t *nonzero; /* tree, root at 1, leaves from `leaves`: any surplus below? */
    uint32_t leaves;
};

static int compare_weights(const void *left, const void *right)
{
    kn_weight a = *(const kn_weight *)left, b = *(const kn_weight *)right;

    return (a > b) - (a < b);
}

static uint32_t rank_in(const kn_weight *sorted, uint32_t n, kn_weight weight)
{
    uint32_t low = 0, high = n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sorted[middle] < weight)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum kn_code rank_weights(struct kn_weights row, uint32_t *ranks)
{
    kn_weight *sorted = kn_try_alloc(row.n * sizeof(*sorted));

    if (sorted == NULL)
        return KN_E_NO_MEMORY;
    memcpy(sorted, row.at, row.n * sizeof(*sorted));
    qsort(sorted, row.n, sizeof(*sorted), compare_weights);
    for (uint32_t i = 0; i < row.n; i++)
        ranks[i] = rank_in(sorted, row.n, row.at[i]);
    kn_free(sorted);
    return KN_OK;
}

static void mark(struct slide *slide, uint32_t rank)
{
    uint32_t node = slide->leaves + rank;
    uint8_t now = slide->surplus[rank] != 0 ? 1 : 0;

    while (slide->nonzero[node] != now) {
        slide->nonzero[node] = now;
        if (node == 1)
            return;
        node /= 2;
        now = slide->nonzero[2 * (size_t)node] | slide->nonzero[2 * (size_t)node + 1];
    }
}

static void count(struct slide *slide, uint32_t rank, int32_t change)
{
    slide->surplus[rank] += change;
    mark(slide, rank);
}

/* The least rank with a surplus, or `leaves`. */
static uint32_t first_difference(const struct slide *slide)
{
    uint32_t node = 1;

    if (slide->nonzero[node] == 0)
        return slide->leaves;
    while (node < slide->leaves)
        node = slide->nonzero[2 * (size_t)node] != 0 ? 2 * node : 2 * node + 1;
    return node - slide->leaves;
}

/* This window is the best now. Each zeroing undoes one counting, so all together stay linear. */
static void make_best(struct slide *slide)
{
    for (uint32_t rank; (rank = first_difference(slide)) < slide->leaves;)
        count(slide, rank, -slide->surplus[rank]);
}

static uint32_t slide_along(struct slide *slide, uint32_t n, uint32_t length, uint32_t *starts)
{
    uint32_t found = 0;

    starts[found++] = 0;
    for (uint32_t start = 1; start + length <= n; start++) {
        uint32_t rank;

        count(slide, slide->ranks[start - 1], -1);
        count(slide, slide->ranks[start + length - 1], 1);
        rank = first_difference(slide);
        if (rank < slide->leaves && slide->surplus[rank] < 0)
            continue;
        if (rank < slide->leaves) {
            make_best(slide);
            found = 0;
        }
        starts[found++] = start;
    }
    return found;
}

enum kn_code kn_windows_best(struct kn_weights row, uint32_t length, uint32_t *starts,
                             uint32_t *count_out)
{
    struct slide slide = { .leaves = 1 };
    enum kn_code rc = KN_E_NO_MEMORY;

    while (slide.leaves < row.n)
        slide.leaves *= 2;
    slide.ranks = kn_try_alloc(row.n * sizeof(*slide.ranks));
    slide.surplus = kn_try_alloc(row.n * sizeof(*slide.surplus));
    slide.nonzero = kn_try_alloc(2 * (size_t)slide.leaves);
    if (slide.ranks == NULL || slide.surplus == NULL || slide.nonzero == NULL)
        goto out;
    rc = rank_weights(row, slide.ranks);
    if (rc == KN_OK)
        *count_out = slide_along(&slide, row.n, length, starts);
out:
    kn_free(slide.ranks);
    kn_free(slide.surplus);
    kn_free(slide.nonzero);
    return rc;
}
