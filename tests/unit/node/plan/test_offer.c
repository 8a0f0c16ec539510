/* What of a plan is really offered, and what others are told of it. */
#include "node/plan/offer.h"

#include <math.h>

#include "support/check.h"
#include "support/config_fixture.h"

static void threads_follow_the_processors_and_the_limits(void **state)
{
    static const struct {
        const char *row;
        int cores, physical, percent;
        double quota;
        unsigned threads;
        double share;
    } rows[] = {
        { "one a physical core", 16, 8, 0, -1, 8, 1 },
        { "nobody knows the physical ones", 4, KN_FACT_UNKNOWN, 0, -1, 4, 1 },
        { "nobody knows anything", KN_FACT_UNKNOWN, KN_FACT_UNKNOWN, 0, -1, 1, 1 },
        { "half of the machine", 8, 8, 50, -1, 4, 1 },
        { "half of it, as many as there are physical ones", 16, 8, 50, -1, 8, 1 },
        { "a tenth of two", 2, 2, 10, -1, 1, 0.2 },
        { "a cgroup's share", 8, 8, 0, 2.5, 3, 2.5 / 3 },
        { "the smaller of both", 8, 8, 25, 6, 2, 1 },
        { "more than there is", 2, 2, 100, 8, 2, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_hardware hardware = { .cores = rows[i].cores,
                                              .physical_cores = rows[i].physical,
                                              .cpu_quota = rows[i].quota };
        unsigned threads;
        double share;

        kn_offer_threads(&hardware, rows[i].percent, &threads, &share);
        CHECK_EQ(rows[i].row, threads, rows[i].threads);
        CHECK(rows[i].row, fabs(share - rows[i].share) < 1e-9);
    }
}

static const struct kn_blocks_wish wish = { .from = 4, .to = 8 };
static const struct kn_speed_measured speed = { .decode_tokens_per_s = 100,
                                                .forward_tokens_per_s = 1000 };

static void described(const char *row, const char *const *words,
                      const struct kn_blocks_report *report, struct kn_server_info *out)
{
    struct kn_snapshot *snapshot = load_text(NULL, words, NULL);

    CHECK(row, kn_snapshot_is_valid(snapshot));
    kn_server_info_init(out);
    kn_offer_describe(snapshot, report, out);
    kn_snapshot_unref(snapshot);
}

static void what_is_not_served_is_joining_without_speed(void **state)
{
    struct kn_server_info info;

    (void)state;
    described("not served", WORDS("--set", "performance.throughput=5"), NULL, &info);
    CHECK_EQ("state", info.state, KN_SERVER_JOINING);
    CHECK("throughput", info.throughput == 0);
    CHECK("speed", info.inference_rps < 0 && info.forward_rps < 0 && info.network_rps < 0);
    CHECK_EQ("cache", info.cache_tokens_left, KN_NOT_GIVEN);
}

/* Four blocks: a client passes 2.5 of them on average. */
static void what_is_served_is_told_as_measured_or_as_written(void **state)
{
    const struct {
        const char *row;
        const char *const *words;
        double throughput, inference, forward, network;
    } rows[] = {
        { "measured", NO_WORDS, 400, 100, 1000, -1 },
        { "a slow network", WORDS("--set", "performance.network_rps=50"), 50, 100, 1000, 50 },
        { "a fast network", WORDS("--set", "performance.network_rps=5000"), 400, 100, 1000, 5000 },
        { "a speed that somebody wrote", WORDS("--set", "performance.forward_rps=10"), 4, 100, 10,
          -1 },
        { "all written",
          WORDS("--set", "performance.throughput=7", "--set", "performance.inference_rps=8"), 7, 8,
          1000, -1 },
    };
    const struct kn_blocks_report report = { .stage = KN_BLOCKS_SERVING,
                                             .wish = &wish,
                                             .speed = &speed,
                                             .now = { .cache_tokens_left = 600 } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        struct kn_server_info info;

        described(rows[i].row, rows[i].words, &report, &info);
        CHECK_EQ(rows[i].row, info.state, KN_SERVER_ONLINE);
        CHECK(rows[i].row, fabs(info.throughput - rows[i].throughput) < 1e-9);
        CHECK(rows[i].row, fabs(info.inference_rps - rows[i].inference) < 1e-9);
        CHECK(rows[i].row, fabs(info.forward_rps - rows[i].forward) < 1e-9);
        CHECK(rows[i].row, fabs(info.network_rps - rows[i].network) < 1e-9);
        CHECK_EQ(rows[i].row, info.cache_tokens_left, 1200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_follow_the_processors_and_the_limits),
        cmocka_unit_test(what_is_not_served_is_joining_without_speed),
        cmocka_unit_test(what_is_served_is_told_as_measured_or_as_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
