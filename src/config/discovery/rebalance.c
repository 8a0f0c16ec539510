#include "config/discovery/rebalance.h"

#include <stdio.h>

#include "config/discovery/placement_row.h"
#include "lib/base/memory.h"

/* Petals' margin: a share that is met exactly is met. */
static const double margin = 1e-3;

struct judge {
    const struct kn_rebalance_request *request;
    struct kn_block_facts *blocks; /* without this node */
    struct kn_placement_range here;
    kn_weight own;
};

const char *kn_rebalance_word(enum kn_rebalance_verdict verdict)
{
    static const char *const words[] = {
        "unknown", "whole", "best", "needed", "little", "moves",
    };

    return verdict <= KN_REBALANCE_MOVES ? words[verdict] : "?";
}

static bool is_in(struct kn_placement_range range, uint32_t block)
{
    return block >= range.start && block < range.end;
}

static enum kn_code check(const struct kn_rebalance_request *r)
{
    if (r->num_blocks > KN_PLACEMENT_BLOCKS_MAX || r->server_count > KN_PLACEMENT_SERVERS_MAX)
        return KN_E_LIMIT;
    if (r->start >= r->end || r->end > r->num_blocks)
        return KN_E_RANGE;
    if (r->is_chosen && r->to > r->num_blocks - (r->end - r->start))
        return KN_E_RANGE;
    return KN_OK;
}

/* As others weigh it: kn_placement_weigh(). */
static enum kn_code weigh(struct judge *judge)
{
    const struct kn_rebalance_request *r = judge->request;
    kn_weight own = kn_weight_of_throughput(r->throughput);
    enum kn_code rc = kn_weight_of_joining(r->servers, r->server_count, &judge->own);

    if (own > judge->own)
        judge->own = own;
    return rc == KN_OK
               ? kn_placement_weigh(r->servers, r->server_count, judge->blocks, r->num_blocks)
               : rc;
}

static enum kn_code find(const struct judge *judge, struct kn_placement_range *to)
{
    const struct kn_rebalance_request *r = judge->request;
    const struct kn_placement_request question = {
        .num_blocks = r->num_blocks,
        .blocks = judge->blocks,
        .servers = r->servers,
        .server_count = r->server_count,
    };
    const struct kn_placement_range all = { 0, r->num_blocks };
    uint32_t length = r->end - r->start;
    struct kn_placement_row row;
    enum kn_code rc = KN_OK;

    to->start = r->to;
    if (!r->is_chosen) {
        rc = kn_placement_row_init(&row, &question);
        if (rc == KN_OK)
            rc = kn_placement_row_best(&row, all, length, r->seed, &to->start);
        kn_placement_row_done(&row);
    }
    to->end = to->start + length;
    return rc;
}

/* Can a client pass through the whole model now, with this node? */
static bool is_complete(const struct judge *judge)
{
    for (uint32_t i = 0; i < judge->request->num_blocks; i++) {
        if (judge->blocks[i].online == 0 && !is_in(judge->here, i))
            return false;
    }
    return true;
}

/*
 * The first block that too few others serve; the end of the model: none. While a model is
 * complete, blocks that are served before and after count too: they are away while others load.
 */
static uint32_t find_needed(const struct judge *judge, struct kn_placement_range to)
{
    bool all = is_complete(judge);

    for (uint32_t i = judge->here.start; i < judge->here.end; i++) {
        if ((all || !is_in(to, i)) && judge->blocks[i].online < judge->request->min_redundancy)
            return i;
    }
    return judge->request->num_blocks;
}

/* The least of both ranges while this node is in one of them, and where that is. */
static kn_weight least(const struct judge *judge, struct kn_placement_range to,
                       struct kn_placement_range node, uint32_t *where)
{
    kn_weight found = INT64_MAX;

    for (uint32_t i = 0; i < judge->request->num_blocks; i++) {
        kn_weight weight = kn_weight_of_block(&judge->blocks[i]);

        if (!is_in(judge->here, i) && !is_in(to, i))
            continue;
        weight += is_in(node, i) ? judge->own : 0;
        if (weight < found)
            *where = i;
        found = weight < found ? weight : found;
    }
    return found;
}

static void explain(const struct judge *judge, uint32_t block, struct kn_rebalance *out)
{
    const struct kn_rebalance_request *r = judge->request;
    uint32_t others = block < r->num_blocks ? judge->blocks[block].online : 0;

    if (out->verdict == KN_REBALANCE_BEST)
        (void)snprintf(out->reason, sizeof(out->reason), "no blocks are less served");
    else if (out->verdict == KN_REBALANCE_NEEDED)
        (void)snprintf(out->reason, sizeof(out->reason),
                       "block %u has %u other provider%s, and must keep %u", block, others,
                       others == 1 ? "" : "s", r->min_redundancy);
    else if (out->verdict == KN_REBALANCE_MOVES && out->before <= 0)
        (void)snprintf(out->reason, sizeof(out->reason), "nobody serves block %u", block);
    else
        (void)snprintf(out->reason, sizeof(out->reason),
                       "%sthe least served block would have %.6g tokens/s instead of %.6g",
                       out->verdict == KN_REBALANCE_LITTLE ? "too small a gain: " : "", out->after,
                       out->before);
}

static void judge_range(const struct judge *judge, struct kn_placement_range to,
                        struct kn_rebalance *out)
{
    uint32_t block = find_needed(judge, to), after;

    out->start = to.start;
    out->end = to.end;
    if (to.start == judge->here.start) {
        out->verdict = KN_REBALANCE_BEST;
    } else if (block < judge->request->num_blocks) {
        out->verdict = KN_REBALANCE_NEEDED;
    } else {
        out->before = kn_weight_as_throughput(least(judge, to, judge->here, &block));
        out->after = kn_weight_as_throughput(least(judge, to, to, &after));
        out->verdict = out->before < out->after * (judge->request->quality - margin)
                           ? KN_REBALANCE_MOVES
                           : KN_REBALANCE_LITTLE;
    }
    explain(judge, block, out);
}

enum kn_code kn_rebalance_decide(const struct kn_rebalance_request *request,
                                 struct kn_rebalance *out)
{
    struct judge judge = { .request = request, .here = { request->start, request->end } };
    struct kn_placement_range to = judge.here;
    enum kn_code rc = check(request);

    *out = (struct kn_rebalance){ .start = to.start, .end = to.end };
    if (rc != KN_OK)
        return rc;
    if (to.end - to.start == request->num_blocks) {
        out->verdict = KN_REBALANCE_WHOLE;
        (void)snprintf(out->reason, sizeof(out->reason), "the whole model is served here");
        return KN_OK;
    }
    judge.blocks = kn_try_alloc(request->num_blocks * sizeof(*judge.blocks));
    if (judge.blocks == NULL)
        return KN_E_NO_MEMORY;
    rc = weigh(&judge);
    if (rc == KN_OK)
        rc = find(&judge, &to);
    if (rc == KN_OK)
        judge_range(&judge, to, out);
    kn_free(judge.blocks);
    return rc;
}

int64_t kn_rebalance_wait_ms(int64_t interval_ms, double chance)
{
    return interval_ms / 2 + (int64_t)((double)interval_ms * chance);
}
