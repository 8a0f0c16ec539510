#include "config/discovery/placement.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/random.h"
#include "support/check.h"
#include "support/fuse.h"

enum { UNPINNED = KN_FACT_UNKNOWN, SERVERS = 8, ROOM = 128 };

#define ON(start, end, throughput)   \
    {                                \
        start, end, throughput, true \
    }
#define JOINING(start, end)  \
    {                        \
        start, end, 0, false \
    }

static const struct {
    const char *name;
    struct kn_placement_server servers[SERVERS];
    size_t count, n;
    double want[6];
} weights[] = {
    { "nobody", { { 0 } }, 0, 3, { 0, 0, 0 } },
    { "one", { ON(0, 2, 4) }, 1, 3, { 4, 4, 0 } },
    { "less than the median counts as the median",
      { ON(0, 1, 1), ON(1, 2, 5), ON(2, 3, 9) },
      3,
      3,
      { 5, 5, 9 } },
    { "an even number has its middle between two", { ON(0, 1, 2), ON(1, 2, 4) }, 2, 2, { 3, 4 } },
    { "JOINING weighs the median",
      { ON(0, 1, 5), JOINING(1, 2), JOINING(1, 3) },
      3,
      3,
      { 5, 10, 5 } },
    { "JOINING alone weighs 1", { JOINING(0, 2) }, 1, 3, { 1, 1, 0 } },
    { "ONLINE with nothing weighs 1", { ON(0, 1, 0), ON(0, 1, -3) }, 2, 2, { 2, 0 } },
    { "no numbers", { { 0, 1, NAN, true }, { 1, 2, -INFINITY, true } }, 2, 2, { 1, 1 } },
    { "a claim has a bound",
      { { 0, 1, INFINITY, true }, ON(1, 2, 2), ON(1, 2, 2) },
      3,
      2,
      { 1e6, 4 } },
    { "ranges outside the model",
      { ON(1, 9, 3), ON(2, 3, 3), ON(5, 5, 3), ON(1, 0, 3) },
      4,
      2,
      { 0, 3 } },
    { "an end beyond all", { { 0, UINT32_MAX, 2, true } }, 1, 2, { 2, 2 } },
};

static void test_servers_weigh_what_they_are_expected_to_serve(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(weights); i++) {
        struct kn_block_facts blocks[6];

        CHECK_EQ(weights[i].name,
                 kn_placement_weigh(weights[i].servers, weights[i].count, blocks, weights[i].n),
                 KN_OK);
        for (size_t k = 0; k < weights[i].n; k++)
            CHECK_EQ(weights[i].name, blocks[k].throughput * 1e6, weights[i].want[k] * 1e6);
    }
    CHECK_EQ("blocks", kn_placement_weigh(NULL, 0, NULL, KN_PLACEMENT_BLOCKS_MAX + 1), KN_E_LIMIT);
    CHECK_EQ("servers", kn_placement_weigh(NULL, KN_PLACEMENT_SERVERS_MAX + 1, NULL, 0),
             KN_E_LIMIT);
}

static const struct {
    const char *name;
    uint32_t num_blocks, planned, max;
    int64_t start, end;
    bool is_known;
    struct kn_placement_server servers[SERVERS];
    size_t count;
    enum kn_code rc;
    enum kn_placement_by by;
    uint32_t want_start, want_end;
    const char *reason; /* or the error's text */
} choices[] = {
    { "worst block first, even where the sum is greater",
      6,
      2,
      2,
      UNPINNED,
      UNPINNED,
      true,
      { ON(1, 2, 9), ON(2, 6, 1), ON(2, 6, 1) },
      3,
      KN_OK,
      KN_PLACED_LEAST_SERVED,
      0,
      2,
      "least served on the network: 0-1 providers" },
    { "then the second worst",
      5,
      2,
      2,
      UNPINNED,
      UNPINNED,
      true,
      { ON(0, 5, 1), ON(1, 2, 1), ON(3, 4, 1), ON(3, 4, 1), ON(4, 5, 1) },
      5,
      KN_OK,
      KN_PLACED_LEAST_SERVED,
      0,
      2,
      "least served on the network: 1-2 providers" },
    { "of equals, one behind another server",
      9,
      3,
      3,
      UNPINNED,
      UNPINNED,
      true,
      { ON(0, 4, 1) },
      1,
      KN_OK,
      KN_PLACED_LEAST_SERVED,
      4,
      7,
      "least served on the network: no providers" },
    { "JOINING ones are counted and told",
      4,
      2,
      2,
      UNPINNED,
      UNPINNED,
      true,
      { ON(0, 2, 1), ON(0, 4, 1), JOINING(0, 2), JOINING(2, 4) },
      4,
      KN_OK,
      KN_PLACED_LEAST_SERVED,
      2,
      4,
      "least served on the network: 1 provider, up to 1 joining" },
    { "the last window",
      6,
      2,
      2,
      UNPINNED,
      UNPINNED,
      true,
      { ON(0, 4, 1) },
      1,
      KN_OK,
      KN_PLACED_LEAST_SERVED,
      4,
      6,
      "least served on the network: no providers" },
    { "the whole model",
      6,
      6,
      6,
      UNPINNED,
      UNPINNED,
      true,
      { ON(0, 4, 1) },
      1,
      KN_OK,
      KN_PLACED_WHOLE,
      0,
      6,
      "the whole model" },
    { "more than the model has",
      6,
      7,
      9,
      UNPINNED,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_WHOLE,
      0,
      6,
      "the whole model" },
    { "nobody told",
      80,
      12,
      15,
      UNPINNED,
      UNPINNED,
      false,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_BLINDLY,
      0,
      12,
      "from block 0, as nobody told which blocks are served" },
    { "nothing fits",
      80,
      0,
      0,
      UNPINNED,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_NOWHERE,
      0,
      0,
      "not one block fits this machine" },
    { "start alone",
      80,
      12,
      15,
      20,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_PINNED,
      20,
      32,
      "start_block is set" },
    { "start alone, cut at the end",
      80,
      12,
      15,
      79,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_PINNED,
      79,
      80,
      "start_block is set" },
    { "start alone where nothing fits",
      80,
      0,
      0,
      0,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_NOWHERE,
      0,
      0,
      "not one block fits this machine" },
    { "end alone",
      80,
      12,
      15,
      UNPINNED,
      32,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_PINNED,
      20,
      32,
      "end_block is set" },
    { "end alone, cut at the start",
      80,
      12,
      15,
      UNPINNED,
      1,
      true,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_PINNED,
      0,
      1,
      "end_block is set" },
    { "both",
      80,
      12,
      15,
      65,
      80,
      false,
      { { 0 } },
      0,
      KN_OK,
      KN_PLACED_PINNED,
      65,
      80,
      "start_block and end_block are set" },
    { "longer than fits",
      80,
      12,
      15,
      64,
      80,
      true,
      { { 0 } },
      0,
      KN_E_LIMIT,
      KN_PLACED_NOWHERE,
      0,
      0,
      "blocks 64-79 are 16 blocks, and at most 15 fit this machine" },
    { "pinned where nothing fits",
      80,
      0,
      0,
      0,
      1,
      true,
      { { 0 } },
      0,
      KN_E_LIMIT,
      KN_PLACED_NOWHERE,
      0,
      0,
      "blocks 0-0 are 1 blocks, and at most 0 fit this machine" },
    { "start 500",
      80,
      12,
      15,
      500,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_E_RANGE,
      KN_PLACED_NOWHERE,
      0,
      0,
      "start_block 500 is outside the model, which has blocks 0-79" },
    { "one beyond the last",
      80,
      12,
      15,
      80,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_E_RANGE,
      KN_PLACED_NOWHERE,
      0,
      0,
      "start_block 80 is outside the model, which has blocks 0-79" },
    { "below 0",
      80,
      12,
      15,
      -2,
      UNPINNED,
      true,
      { { 0 } },
      0,
      KN_E_RANGE,
      KN_PLACED_NOWHERE,
      0,
      0,
      "start_block -2 is outside the model, which has blocks 0-79" },
    { "an end beyond",
      80,
      12,
      15,
      70,
      81,
      true,
      { { 0 } },
      0,
      KN_E_RANGE,
      KN_PLACED_NOWHERE,
      0,
      0,
      "end_block 81 is outside the model, which ends at 80" },
    { "an end of 0",
      80,
      12,
      15,
      UNPINNED,
      0,
      true,
      { { 0 } },
      0,
      KN_E_RANGE,
      KN_PLACED_NOWHERE,
      0,
      0,
      "end_block 0 is outside the model, which ends at 80" },
    { "no blocks between",
      80,
      12,
      15,
      8,
      8,
      true,
      { { 0 } },
      0,
      KN_E_RANGE,
      KN_PLACED_NOWHERE,
      0,
      0,
      "end_block 8 is not after start_block 8" },
    { "a model without blocks",
      0,
      12,
      15,
      UNPINNED,
      UNPINNED,
      false,
      { { 0 } },
      0,
      KN_E_INVALID,
      KN_PLACED_NOWHERE,
      0,
      0,
      "the model has no blocks" },
    { "a model too large",
      65537,
      1,
      1,
      UNPINNED,
      UNPINNED,
      false,
      { { 0 } },
      0,
      KN_E_LIMIT,
      KN_PLACED_NOWHERE,
      0,
      0,
      "the model has 65537 blocks, more than 65536" },
};

static struct kn_placement_request request_of(uint32_t num_blocks, uint32_t planned)
{
    return (struct kn_placement_request){ .num_blocks = num_blocks,
                                          .planned = planned,
                                          .max = planned,
                                          .start = UNPINNED,
                                          .end = UNPINNED };
}

static void test_places_are_chosen_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < KN_COUNT(choices); i++) {
        struct kn_placement_request request = request_of(choices[i].num_blocks, choices[i].planned);
        struct kn_block_facts blocks[ROOM] = { 0 };
        struct kn_placement place = { 0 };
        struct kn_error err = { 0 };

        request.max = choices[i].max;
        request.start = choices[i].start;
        request.end = choices[i].end;
        if (choices[i].is_known) {
            CHECK_EQ(choices[i].name,
                     kn_placement_weigh(choices[i].servers, choices[i].count, blocks,
                                        choices[i].num_blocks),
                     KN_OK);
            request.blocks = blocks;
            request.servers = choices[i].servers;
            request.server_count = choices[i].count;
        }
        CHECK_EQ(choices[i].name, kn_placement_choose(&request, &place, &err), choices[i].rc);
        CHECK_STR(choices[i].name, choices[i].rc == KN_OK ? place.reason : err.text,
                  choices[i].reason);
        CHECK_EQ(choices[i].name, place.by, choices[i].by);
        CHECK_EQ(choices[i].name, place.start, choices[i].want_start);
        CHECK_EQ(choices[i].name, place.end, choices[i].want_end);
    }
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* As Petals does it: each window sorted, all compared. */
static int compare_windows(const struct kn_block_facts *blocks, uint32_t a, uint32_t b,
                           uint32_t length)
{
    double one[ROOM], two[ROOM];

    for (uint32_t i = 0; i < length; i++) {
        one[i] = blocks[a + i].throughput;
        two[i] = blocks[b + i].throughput;
    }
    qsort(one, length, sizeof(one[0]), compare_doubles);
    qsort(two, length, sizeof(two[0]), compare_doubles);
    for (uint32_t i = 0; i < length; i++) {
        if (one[i] != two[i])
            return one[i] < two[i] ? -1 : 1;
    }
    return 0;
}

/* proves: FR-0/0.5.2, FR-0/0.5.3, P2/7, MS-2.3/4 */
static void test_no_window_is_better_than_the_chosen_one(void **state)
{
    enum { ROUNDS = 3000, SIZE_LIMIT = 40 };
    uint64_t seed = 20;
    struct kn_random random = kn_random_seeded(&seed);

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t n = 2 + (uint32_t)kn_random_below(&random, SIZE_LIMIT);
        struct kn_placement_request request =
            request_of(n, 1 + (uint32_t)kn_random_below(&random, n - 1));
        uint64_t kinds = 1 + kn_random_below(&random, 5);
        struct kn_block_facts blocks[ROOM] = { 0 };
        struct kn_placement place;

        for (uint32_t i = 0; i < n; i++)
            blocks[i].throughput = (double)kn_random_below(&random, kinds) / 2;
        request.blocks = blocks;
        request.seed = kn_random_below(&random, UINT64_MAX);
        CHECK_EQ("choose", kn_placement_choose(&request, &place, NULL), KN_OK);
        CHECK_EQ("length", place.end - place.start, request.planned);
        for (uint32_t i = 0; i + request.planned <= n; i++)
            CHECK("least", compare_windows(blocks, place.start, i, request.planned) <= 0);
    }
}

static void test_peers_that_see_no_difference_choose_by_their_ids(void **state)
{
    enum { PEERS = 1000, BLOCKS = 80, LENGTH = 12, TILES = 7, FAIR_SHARE_LEAST = 100 };
    struct kn_block_facts blocks[BLOCKS] = { 0 };
    struct kn_placement_request request = request_of(BLOCKS, LENGTH);
    uint32_t chosen[BLOCKS] = { 0 };
    size_t places = 0;

    (void)state;
    request.blocks = blocks;
    for (uint32_t i = 0; i < PEERS; i++) {
        struct kn_placement place, again;

        request.seed = kn_placement_seed(kn_span(&i, sizeof(i)));
        CHECK_EQ("choose", kn_placement_choose(&request, &place, NULL), KN_OK);
        CHECK_EQ("again", kn_placement_choose(&request, &again, NULL), KN_OK);
        CHECK_EQ("the same", place.start, again.start);
        chosen[place.start]++;
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK("side by side", chosen[i] == 0 || i % LENGTH == 0 || i == BLOCKS - LENGTH);
        CHECK("fair", chosen[i] == 0 || chosen[i] >= FAIR_SHARE_LEAST);
        places += chosen[i] > 0 ? 1 : 0;
    }
    CHECK_EQ("all of them", places, TILES);
}

static void test_later_reads_are_spread_over_two_seconds(void **state)
{
    enum { PEERS = 1000, MIDDLE = 2000, TOLERANCE = 60 };
    uint64_t sum = 0;

    (void)state;
    for (uint64_t i = 0; i < PEERS; i++) {
        uint32_t delay = kn_placement_delay_ms(kn_placement_seed(kn_span(&i, sizeof(i))), 0);

        CHECK("bounds", delay >= KN_PLACEMENT_DELAY_MIN_MS && delay <= KN_PLACEMENT_DELAY_MAX_MS);
        sum += delay;
    }
    CHECK("even", sum / PEERS > MIDDLE - TOLERANCE && sum / PEERS < MIDDLE + TOLERANCE);
}

static const struct {
    const char *name;
    enum kn_placement_by by;
    uint32_t round, start, end;
    bool is_known, moves;
} stays[] = {
    { "what is pinned", KN_PLACED_PINNED, 0, 0, 4, true, false },
    { "the whole model", KN_PLACED_WHOLE, 0, 0, 12, true, false },
    { "nowhere", KN_PLACED_NOWHERE, 0, 0, 0, true, false },
    { "after the last round", KN_PLACED_LEAST_SERVED, KN_PLACEMENT_ROUNDS, 0, 4, true, false },
    { "when nobody told", KN_PLACED_LEAST_SERVED, 0, 0, 4, false, false },
    { "outside the model", KN_PLACED_LEAST_SERVED, 0, 10, 14, true, false },
    { "where it is best", KN_PLACED_LEAST_SERVED, 0, 8, 12, true, false },
    { "but not where there are others", KN_PLACED_LEAST_SERVED, 0, 0, 4, true, true },
    { "nor where it was put blindly", KN_PLACED_BLINDLY, 1, 0, 4, true, true },
};

static void test_a_server_moves_only_where_it_helps(void **state)
{
    static const struct kn_placement_server servers[] = { ON(0, 8, 1), ON(0, 8, 1), ON(0, 8, 1) };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(stays); i++) {
        struct kn_placement_request request = request_of(12, 4);
        struct kn_block_facts blocks[12];
        struct kn_placement place = { .by = stays[i].by,
                                      .start = stays[i].start,
                                      .end = stays[i].end };
        bool moved;

        CHECK_EQ("weigh", kn_placement_weigh(servers, KN_COUNT(servers), blocks, 12), KN_OK);
        request.blocks = stays[i].is_known ? blocks : NULL;
        request.servers = servers;
        request.server_count = KN_COUNT(servers);
        moved = kn_placement_reconsider(&request, stays[i].round, &place);
        CHECK_EQ(stays[i].name, moved, stays[i].moves);
        CHECK_EQ(stays[i].name, place.start, stays[i].moves ? 8 : stays[i].start);
        CHECK_EQ(stays[i].name, place.end, stays[i].moves ? 12 : stays[i].end);
    }
}

static void test_places_stand_when_memory_is_short(void **state)
{
    static const struct kn_placement_server servers[] = { ON(0, 8, 1), ON(0, 8, 1), ON(0, 8, 1) };
    struct kn_placement_request request = request_of(12, 4);
    struct kn_block_facts blocks[12] = { 0 };
    bool done = false;

    (void)state;
    request.blocks = blocks;
    request.servers = servers;
    request.server_count = KN_COUNT(servers);
    for (long n = 0; !done; n++) {
        struct kn_placement place = { 0 };
        struct kn_error err = { 0 };

        kn_fuse = n;
        if (kn_placement_weigh(servers, KN_COUNT(servers), blocks, 12) != KN_OK ||
            kn_placement_choose(&request, &place, &err) != KN_OK) {
            CHECK("nothing was placed", kn_fuse < 0 && place.reason[0] == '\0');
            continue;
        }
        place.start = 0;
        place.end = 4;
        done = kn_placement_reconsider(&request, 0, &place);
        CHECK("burnt or moved", done == (kn_fuse >= 0));
        CHECK_EQ("stays, or moves", place.start, done ? 8 : 0);
    }
    kn_fuse = -1;
}

/* Not timed: a quadratic search would take minutes. */
static void test_the_largest_swarm_is_no_work(void **state)
{
    enum { SERVERS_MANY = 6000, LONG = 30000, PARTS = 977 };
    static struct kn_block_facts blocks[KN_PLACEMENT_BLOCKS_MAX];
    static struct kn_placement_server servers[SERVERS_MANY];
    uint64_t seed = 1;
    struct kn_random random = kn_random_seeded(&seed);
    struct kn_placement_request request = request_of(KN_PLACEMENT_BLOCKS_MAX, LONG);
    struct kn_placement place;

    (void)state;
    for (size_t i = 0; i < SERVERS_MANY; i++) {
        servers[i].start = (uint32_t)kn_random_below(&random, KN_PLACEMENT_BLOCKS_MAX);
        servers[i].end = servers[i].start + 1 + (uint32_t)kn_random_below(&random, PARTS);
        servers[i].throughput = (double)kn_random_below(&random, PARTS);
        servers[i].online = i % 2 == 0;
    }
    CHECK_EQ("weigh", kn_placement_weigh(servers, SERVERS_MANY, blocks, KN_PLACEMENT_BLOCKS_MAX),
             KN_OK);
    request.blocks = blocks;
    request.servers = servers;
    request.server_count = SERVERS_MANY;
    CHECK_EQ("choose", kn_placement_choose(&request, &place, NULL), KN_OK);
    CHECK_EQ("length", place.end - place.start, LONG);
    (void)kn_placement_reconsider(&request, 0, &place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_weigh_what_they_are_expected_to_serve),
        cmocka_unit_test(test_places_are_chosen_and_explained),
        cmocka_unit_test(test_no_window_is_better_than_the_chosen_one),
        cmocka_unit_test(test_peers_that_see_no_difference_choose_by_their_ids),
        cmocka_unit_test(test_later_reads_are_spread_over_two_seconds),
        cmocka_unit_test(test_a_server_moves_only_where_it_helps),
        cmocka_unit_test(test_places_stand_when_memory_is_short),
        cmocka_unit_test(test_the_largest_swarm_is_no_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
