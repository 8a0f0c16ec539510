/* When a node that serves blocks should serve others. */
#include "config/discovery/rebalance.h"

#include <math.h>

#include "lib/base/random.h"
#include "support/check.h"
#include "support/fuse.h"

enum { SERVERS = 8, BLOCKS = 16, NODES = 24, MOVES_MAX = 2000, SWARMS = 200 };

#define ON(start, end, throughput)   \
    {                                \
        start, end, throughput, true \
    }
#define JOINING(start, end)  \
    {                        \
        start, end, 0, false \
    }

#define NEEDED KN_REBALANCE_NEEDED
#define BEST KN_REBALANCE_BEST
#define LITTLE KN_REBALANCE_LITTLE
#define MOVES KN_REBALANCE_MOVES

/* Of six blocks this node serves the first two. */
static const struct {
    const char *name;
    struct kn_placement_server servers[SERVERS];
    size_t count;
    double throughput;
    uint32_t redundancy;
    double quality;
    enum kn_rebalance_verdict verdict;
    uint32_t start;
    const char *reason;
} rows[] = {
    { "a gap, and another who has our blocks",
      { ON(0, 2, 4), ON(2, 4, 4) },
      2,
      4,
      1,
      0.75,
      MOVES,
      4,
      "nobody serves block 4" },
    { "a gap, but nobody has our blocks",
      { ON(2, 4, 4) },
      1,
      4,
      1,
      0.75,
      NEEDED,
      4,
      "block 0 has 0 other providers, and must keep 1" },
    { "one of ours has nobody else",
      { ON(0, 1, 4), ON(2, 4, 4) },
      2,
      4,
      1,
      0.75,
      NEEDED,
      4,
      "block 1 has 0 other providers, and must keep 1" },
    { "others that are only joining do not keep ours",
      { JOINING(0, 2), ON(2, 4, 4) },
      2,
      4,
      1,
      0.75,
      NEEDED,
      4,
      NULL },
    { "two others are to be kept",
      { ON(0, 2, 4), ON(2, 4, 4) },
      2,
      4,
      2,
      0.75,
      NEEDED,
      4,
      "block 0 has 1 other provider, and must keep 2" },
    { "and there are two",
      { ON(0, 2, 4), ON(0, 2, 4), ON(2, 4, 4) },
      3,
      4,
      2,
      0.75,
      MOVES,
      4,
      NULL },
    { "somebody is on his way to the gap",
      { ON(0, 2, 4), ON(2, 4, 4), JOINING(4, 6) },
      3,
      4,
      1,
      0.75,
      LITTLE,
      4,
      "too small a gain: the least served block would have 4 tokens/s instead of 4" },
    { "a gap that a move along fills, of blocks that stay ours",
      { ON(0, 1, 4), ON(3, 6, 4) },
      2,
      4,
      1,
      0.75,
      MOVES,
      1,
      "nobody serves block 2" },
    { "the same when the model is complete: all of ours are away for a while",
      { ON(0, 1, 4), ON(2, 6, 4) },
      2,
      4,
      1,
      0.75,
      NEEDED,
      1,
      "block 1 has 0 other providers, and must keep 1" },
    { "twice the speed is a gain",
      { ON(0, 2, 9), ON(0, 2, 9), ON(2, 4, 9), ON(2, 4, 9), ON(4, 6, 9) },
      5,
      9,
      1,
      0.75,
      MOVES,
      4,
      "the least served block would have 18 tokens/s instead of 9" },
    { "a tenth is none",
      { ON(0, 2, 11), ON(0, 2, 11), ON(2, 4, 30), ON(2, 4, 10), ON(2, 4, 10), ON(4, 6, 20) },
      6,
      11,
      1,
      0.75,
      LITTLE,
      4,
      "too small a gain: the least served block would have 22 tokens/s instead of 20" },
    { "unless any gain counts",
      { ON(0, 2, 11), ON(0, 2, 11), ON(2, 4, 30), ON(2, 4, 10), ON(2, 4, 10), ON(4, 6, 20) },
      6,
      11,
      1,
      1,
      MOVES,
      4,
      NULL },
    { "a threshold of 0 is never met", { ON(0, 2, 4), ON(2, 4, 4) }, 2, 4, 1, 0, LITTLE, 4, NULL },
    { "a threshold that is met exactly is no gain",
      { ON(0, 2, 40), ON(0, 2, 40), ON(2, 4, 40), ON(4, 6, 40) },
      4,
      40,
      1,
      0.5,
      LITTLE,
      4,
      NULL },
    { "ours are the least served",
      { ON(0, 2, 1), ON(2, 6, 4), ON(2, 6, 4) },
      3,
      1,
      1,
      0.75,
      BEST,
      0,
      "no blocks are less served" },
    { "alone", { { 0 } }, 0, 4, 1, 0.75, NEEDED, 0, NULL },
    { "claims that are no numbers",
      { { 0, 2, NAN, true }, { 2, 4, INFINITY, true } },
      2,
      NAN,
      1,
      0.75,
      MOVES,
      4,
      NULL },
};

static struct kn_rebalance_request request_of(size_t i)
{
    return (struct kn_rebalance_request){
        .num_blocks = 6,
        .servers = rows[i].servers,
        .server_count = rows[i].count,
        .end = 2,
        .throughput = rows[i].throughput,
        .min_redundancy = rows[i].redundancy,
        .quality = rows[i].quality,
    };
}

/* proves: FR-0/0.5.2.3, FR-0/0.5.3 */
static void a_node_moves_where_it_is_needed_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_rebalance_request request = request_of(i);
        struct kn_rebalance out;

        CHECK_EQ(rows[i].name, kn_rebalance_decide(&request, &out), KN_OK);
        CHECK_STR(rows[i].name, kn_rebalance_word(out.verdict), kn_rebalance_word(rows[i].verdict));
        if (rows[i].verdict != NEEDED || rows[i].start > 0) {
            CHECK_EQ(rows[i].name, out.start, rows[i].start);
            CHECK_EQ(rows[i].name, out.end, rows[i].start + 2);
        }
        if (rows[i].reason != NULL)
            CHECK_STR(rows[i].name, out.reason, rows[i].reason);
    }
}

static void a_range_that_was_chosen_before_is_judged_and_no_other(void **state)
{
    static const struct kn_placement_server servers[] = { ON(0, 2, 4) };
    struct kn_rebalance_request request = { .num_blocks = 6,
                                            .servers = servers,
                                            .server_count = 1,
                                            .end = 2,
                                            .throughput = 4,
                                            .min_redundancy = 1,
                                            .quality = 0.75,
                                            .is_chosen = true };
    struct kn_rebalance out;

    (void)state;
    for (request.to = 2; request.to <= 4; request.to++) {
        CHECK_EQ("judged", kn_rebalance_decide(&request, &out), KN_OK);
        CHECK_EQ("range", out.start, request.to);
        CHECK_EQ("verdict", out.verdict, MOVES);
    }
    request.server_count = 0;
    request.to = 4;
    CHECK_EQ("judged", kn_rebalance_decide(&request, &out), KN_OK);
    CHECK_EQ("verdict", out.verdict, NEEDED);
}

static void ranges_and_numbers_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct kn_rebalance_request request;
        enum kn_code code;
        enum kn_rebalance_verdict verdict;
    } cases[] = {
        { "no range", { .num_blocks = 6 }, KN_E_RANGE, KN_REBALANCE_UNKNOWN },
        { "past the end", { .num_blocks = 6, .end = 7 }, KN_E_RANGE, KN_REBALANCE_UNKNOWN },
        { "backwards",
          { .num_blocks = 6, .start = 3, .end = 2 },
          KN_E_RANGE,
          KN_REBALANCE_UNKNOWN },
        { "to past the end",
          { .num_blocks = 6, .end = 2, .is_chosen = true, .to = 5 },
          KN_E_RANGE,
          KN_REBALANCE_UNKNOWN },
        { "too many blocks",
          { .num_blocks = KN_PLACEMENT_BLOCKS_MAX + 1, .end = 1 },
          KN_E_LIMIT,
          KN_REBALANCE_UNKNOWN },
        { "too many servers",
          { .num_blocks = 6, .end = 2, .server_count = KN_PLACEMENT_SERVERS_MAX + 1 },
          KN_E_LIMIT,
          KN_REBALANCE_UNKNOWN },
        { "the whole model", { .num_blocks = 6, .end = 6 }, KN_OK, KN_REBALANCE_WHOLE },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_rebalance out;

        CHECK_EQ(cases[i].name, kn_rebalance_decide(&cases[i].request, &out), cases[i].code);
        CHECK_EQ(cases[i].name, out.verdict, cases[i].verdict);
    }
}

/* ---- a swarm in which everybody may move ---- */

static void fill(struct kn_random *random, struct kn_placement_server *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t length = 1 + (uint32_t)kn_random_below(random, BLOCKS / 2);

        nodes[i].start = (uint32_t)kn_random_below(random, BLOCKS - length + 1);
        nodes[i].end = nodes[i].start + length;
        nodes[i].throughput = 1 + (double)kn_random_below(random, 100);
        nodes[i].online = true;
    }
}

/* Does that node move? What it leaves keeps enough others. */
static bool turn(struct kn_placement_server *nodes, size_t n, size_t which)
{
    struct kn_placement_server others[NODES], *node = &nodes[which];
    struct kn_rebalance_request request = { .num_blocks = BLOCKS,
                                            .servers = others,
                                            .start = node->start,
                                            .end = node->end,
                                            .throughput = node->throughput,
                                            .min_redundancy = 1,
                                            .quality = 0.9,
                                            .seed = which };
    struct kn_block_facts blocks[BLOCKS];
    struct kn_rebalance out;

    for (size_t i = 0; i < n; i++) {
        if (i != which)
            others[request.server_count++] = nodes[i];
    }
    CHECK_EQ("decide", kn_rebalance_decide(&request, &out), KN_OK);
    if (out.verdict != MOVES)
        return false;
    CHECK("a gain", out.before < out.after);
    CHECK_EQ("weigh", kn_placement_weigh(others, n - 1, blocks, BLOCKS), KN_OK);
    for (uint32_t i = node->start; i < node->end; i++)
        CHECK("kept", (i >= out.start && i < out.end) || blocks[i].online >= 1);
    node->start = out.start;
    node->end = out.end;
    return true;
}

static void a_swarm_in_which_everybody_moves_comes_to_rest(void **state)
{
    uint64_t seed = 7;
    struct kn_random random = kn_random_seeded(&seed);

    (void)state;
    for (unsigned swarm = 0; swarm < SWARMS; swarm++) {
        struct kn_placement_server nodes[NODES];
        size_t n = 2 + (size_t)kn_random_below(&random, NODES - 1), still = 0;
        unsigned moves = 0;

        fill(&random, nodes, n);
        for (size_t i = 0; still < n; i = (i + 1) % n) {
            bool moved = turn(nodes, n, i);

            still = moved ? 0 : still + 1;
            moves += moved;
            CHECK("an end", moves < MOVES_MAX);
        }
    }
}

static void nothing_is_decided_when_memory_is_short(void **state)
{
    bool done = false;

    (void)state;
    for (long n = 0; !done; n++) {
        struct kn_rebalance_request request = request_of(0);
        struct kn_rebalance out;
        enum kn_code rc;

        kn_fuse = n;
        rc = kn_rebalance_decide(&request, &out);
        done = kn_fuse >= 0;
        CHECK_EQ("code", rc, done ? KN_OK : KN_E_NO_MEMORY);
        CHECK_EQ("verdict", out.verdict, done ? MOVES : KN_REBALANCE_UNKNOWN);
    }
    kn_fuse = -1;
}

static void looks_are_spread_around_the_interval(void **state)
{
    (void)state;
    CHECK_EQ("soonest", kn_rebalance_wait_ms(300000, 0), 150000);
    CHECK_EQ("middle", kn_rebalance_wait_ms(300000, 0.5), 300000);
    CHECK_EQ("latest", kn_rebalance_wait_ms(300000, 0.999999), 449999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_moves_where_it_is_needed_more),
        cmocka_unit_test(a_range_that_was_chosen_before_is_judged_and_no_other),
        cmocka_unit_test(ranges_and_numbers_that_cannot_be_are_refused),
        cmocka_unit_test(a_swarm_in_which_everybody_moves_comes_to_rest),
        cmocka_unit_test(nothing_is_decided_when_memory_is_short),
        cmocka_unit_test(looks_are_spread_around_the_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
