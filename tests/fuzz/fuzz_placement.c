/*
 * Property: whatever servers there are, the window lies inside the model and is as long as asked;
 * the same servers backwards give the same weights, choice and move; no other window has a lower
 * least weight; the ranges for the screen hold every block once; a server that goes elsewhere
 * leaves no block to nobody and raises the least of what it changes.
 *
 * The input is the size of the model, of the window, a seed, then servers of eight bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/discovery/coverage.h"
#include "config/discovery/placement.h"
#include "config/discovery/rebalance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4, STEP = 8, BLOCKS_MAX = 256, SERVERS_MAX = 256 };

struct view {
    struct kn_placement_server servers[SERVERS_MAX];
    struct kn_block_facts blocks[BLOCKS_MAX];
    struct kn_placement_request request;
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct kn_placement_server server_of(const uint8_t *step)
{
    struct kn_placement_server server = { step[0], step[1], step[2], step[3] % 2 == 1 };
    float raw;

    memcpy(&raw, step + 4, sizeof(raw));
    if (step[3] % 4 >= 2)
        server.throughput = (double)raw;
    if (step[3] >= 250)
        server.end = UINT32_MAX - step[1];
    return server;
}

static void see(struct view *view, const uint8_t *data, size_t size, bool backwards)
{
    size_t n = (size - HEAD) / STEP;

    for (size_t i = 0; i < n; i++)
        view->servers[backwards ? n - 1 - i : i] = server_of(data + HEAD + i * STEP);
    view->request = (struct kn_placement_request){ .num_blocks = 1U + data[0],
                                                   .blocks = view->blocks,
                                                   .servers = view->servers,
                                                   .server_count = n,
                                                   .planned = data[1],
                                                   .max = data[1],
                                                   .start = KN_FACT_UNKNOWN,
                                                   .end = KN_FACT_UNKNOWN,
                                                   .seed = data[2] };
    require(kn_placement_weigh(view->servers, n, view->blocks, view->request.num_blocks) == KN_OK);
}

static double least_in(const struct view *view, uint32_t start, uint32_t end)
{
    double least = view->blocks[start].throughput;

    for (uint32_t i = start; i < end; i++)
        least = view->blocks[i].throughput < least ? view->blocks[i].throughput : least;
    return least;
}

static void check_place(const struct view *view, const struct kn_placement *place)
{
    uint32_t n = view->request.num_blocks;
    uint32_t length = view->request.planned < n ? view->request.planned : n;

    require(place->end <= n && place->start <= place->end);
    require(place->end - place->start == length && place->least <= place->most);
    require((place->by == KN_PLACED_NOWHERE) == (length == 0));
    require(strlen(place->reason) + 1 < sizeof(place->reason));
}

static void check_best(const struct view *view, const struct kn_placement *place)
{
    uint32_t length = place->end - place->start;

    for (uint32_t i = 0; length > 0 && i + length <= view->request.num_blocks; i++)
        require(least_in(view, place->start, place->end) <= least_in(view, i, i + length));
}

static void check_same(const struct kn_placement *a, const struct kn_placement *b)
{
    require(a->by == b->by && a->start == b->start && a->end == b->end);
    require(a->least == b->least && a->most == b->most && strcmp(a->reason, b->reason) == 0);
}

static void check_coverage(const struct view *view)
{
    struct kn_coverage_range ranges[KN_COVERAGE_RANGES_MAX];
    size_t count = kn_coverage_ranges(view->blocks, view->request.num_blocks, ranges);
    uint32_t at = 0;

    require(count >= 1 && count <= KN_COVERAGE_RANGES_MAX);
    for (size_t i = 0; i < count; at = ranges[i].end, i++)
        require(ranges[i].start == at && ranges[i].end > at && ranges[i].least <= ranges[i].most);
    require(at == view->request.num_blocks);
}

static void decide(const struct view *view, const struct kn_placement *here, uint8_t share,
                   struct kn_rebalance *out)
{
    const struct kn_rebalance_request request = { .num_blocks = view->request.num_blocks,
                                                  .servers = view->servers,
                                                  .server_count = view->request.server_count,
                                                  .start = here->start,
                                                  .end = here->end,
                                                  .throughput = share,
                                                  .min_redundancy = 1,
                                                  .quality = share / 255.0,
                                                  .seed = view->request.seed };

    require(kn_rebalance_decide(&request, out) == KN_OK);
    require(out->end <= request.num_blocks && out->end - out->start == here->end - here->start);
    if (out->verdict != KN_REBALANCE_MOVES)
        return;
    require(out->start != here->start && out->after > out->before);
    for (uint32_t i = here->start; i < here->end; i++)
        require((i >= out->start && i < out->end) || view->blocks[i].online > 0);
}

static void check_moves(const struct view *one, const struct view *two,
                        const struct kn_placement *here, uint8_t share)
{
    struct kn_rebalance this, that;

    if (here->start == here->end)
        return;
    decide(one, here, share, &this);
    decide(two, here, share, &that);
    require(this.verdict == that.verdict && this.start == that.start && this.end == that.end);
    require(strcmp(this.reason, that.reason) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct view one, two;
    struct kn_placement here, there;

    if (size < HEAD || size > HEAD + SERVERS_MAX * STEP)
        return 0;
    see(&one, data, size, false);
    see(&two, data, size, true);
    for (uint32_t i = 0; i < one.request.num_blocks; i++)
        require(one.blocks[i].throughput == two.blocks[i].throughput &&
                one.blocks[i].online == two.blocks[i].online);
    require(kn_placement_choose(&one.request, &here, NULL) == KN_OK);
    require(kn_placement_choose(&two.request, &there, NULL) == KN_OK);
    check_place(&one, &here);
    check_best(&one, &here);
    check_same(&here, &there);
    if (here.end > here.start) { /* as if it had been put anywhere */
        uint32_t length = here.end - here.start;

        here.start = there.start = data[3] % (one.request.num_blocks - length + 1);
        here.end = there.end = here.start + length;
    }
    check_moves(&one, &two, &here, data[3]);
    require(kn_placement_reconsider(&one.request, data[2] % 3, &here) ==
            kn_placement_reconsider(&two.request, data[2] % 3, &there));
    check_place(&one, &here);
    check_same(&here, &there);
    check_coverage(&one);
    return 0;
}
