/* What others should hear of at once. */
#include "node/blocks/news.h"

#include "support/check.h"

static void a_quarter_of_the_cache_is_news(void **state)
{
    static const struct {
        const char *name;
        int64_t whole, told, now;
        bool is_news;
    } rows[] = {
        { "nothing changed", 1000, 1000, 1000, false },
        { "a session came", 1000, 1000, 900, false },
        { "exactly a quarter", 1000, 1000, 750, false },
        { "more than a quarter", 1000, 1000, 749, true },
        { "and back", 1000, 700, 951, true },
        { "full", 1000, 250, 0, false },
        { "a cache of one token", 1, 1, 0, true },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++)
        CHECK_EQ(rows[i].name, kn_news_of_room(rows[i].whole, rows[i].told, rows[i].now),
                 rows[i].is_news);
}

/* One after the other; 100 and 1000 tokens a second were measured. */
static void a_speed_that_is_another_is_news_and_silence_takes_it_back(void **state)
{
    static const struct {
        const char *name;
        kn_time at;
        double decode, forward;
        bool is_news;
        double told_decode, told_forward;
    } rows[] = {
        { "nobody came", 30000, 0, 0, false, 100, 1000 },
        { "as measured", 60000, 101, 990, false, 100, 1000 },
        { "a third less is nothing", 90000, 67, 1000, false, 100, 1000 },
        { "a half as fast again is nothing", 120000, 150, 1500, false, 100, 1000 },
        { "half as fast", 150000, 50, 0, true, 50, 1000 },
        { "still so", 180000, 50, 0, false, 50, 1000 },
        { "prompts too", 210000, 50, 400, true, 50, 400 },
        { "nobody for a while", 210000 + KN_NEWS_FORGET_MS - 1, 0, 0, false, 50, 400 },
        { "long enough", 210000 + KN_NEWS_FORGET_MS, 0, 0, true, 100, 1000 },
        { "for ever", 900000000, 0, 0, false, 100, 1000 },
        { "twice as fast", 900030000, 200, 0, true, 200, 1000 },
    };
    static const struct kn_speed_measured first = { .decode_tokens_per_s = 100,
                                                    .batch_tokens_per_s = 300,
                                                    .forward_tokens_per_s = 1000 };
    struct kn_speed_news news;

    (void)state;
    kn_speed_news_start(&news, &first, 0);
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        const struct kn_compute_state now = { .decode_tokens_per_s = rows[i].decode,
                                              .forward_tokens_per_s = rows[i].forward };

        CHECK_EQ(rows[i].name, kn_news_of_speed(&news, &now, rows[i].at), rows[i].is_news);
        CHECK(rows[i].name, news.told.decode_tokens_per_s == rows[i].told_decode);
        CHECK(rows[i].name, news.told.forward_tokens_per_s == rows[i].told_forward);
        CHECK(rows[i].name, news.told.batch_tokens_per_s == first.batch_tokens_per_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_of_the_cache_is_news),
        cmocka_unit_test(a_speed_that_is_another_is_news_and_silence_takes_it_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
