#include "compute/measure.h"

#include <math.h>

#include "support/check.h"
#include "support/fake_pass.h"

static const struct kn_decoder decoder = { .hidden = 4 };

static void what_is_measured_is_what_was_passed(void **state)
{
    static struct kn_runner runner;
    const struct kn_speed_wish wish = {
        .runner = &runner, .decoder = &decoder, .from = 2, .to = 3, .batch = 8, .budget_ms = 60000
    };
    struct kn_speed_measured got = { 0 };
    size_t tokens[3] = { 0 }, at = 0;

    (void)state;
    fake_runner_start(&runner, 4);
    CHECK_EQ("measured", kn_speed_measure(&wish, &got, NULL), KN_OK);
    CHECK("all three", got.decode_tokens_per_s > 0 && got.batch_tokens_per_s > 0 &&
                           got.forward_tokens_per_s > 0);
    for (; at < runner.n; at++) {
        CHECK_EQ("from", runner.passes[at].from, 2);
        CHECK_EQ("to", runner.passes[at].to, 3);
        CHECK("a piece at most", runner.passes[at].longest <= 240);
        tokens[at < 100 ? 0 : at < 200 ? 1 : 2] += runner.passes[at].tokens;
    }
    CHECK_EQ("single tokens", tokens[0], 100);
    CHECK_EQ("of eight sessions", tokens[1], 800);
    CHECK_EQ("long steps", tokens[2], 10240);
    fake_runner_done(&runner);
}

static void it_ends_when_its_time_is_over_and_counts_what_it_did(void **state)
{
    static struct kn_runner runner;
    const struct kn_speed_wish wish = {
        .runner = &runner, .decoder = &decoder, .from = 0, .to = 8, .batch = 4, .budget_ms = 30
    };
    struct kn_speed_measured got = { 0 };

    (void)state;
    fake_runner_start(&runner, 4);
    runner.ms = 6; /* a pass: no more than 200 a second, as clocks of milliseconds tell */
    CHECK_EQ("measured", kn_speed_measure(&wish, &got, NULL), KN_OK);
    CHECK("few passes", runner.n <= 3 * 3 + 1);
    CHECK("one", got.decode_tokens_per_s > 0 && got.decode_tokens_per_s <= 200);
    CHECK("four", got.batch_tokens_per_s > 0 && got.batch_tokens_per_s <= 800);
    CHECK("pieces", got.forward_tokens_per_s > 0 && got.forward_tokens_per_s <= 240 * 200);
    fake_runner_done(&runner);
}

static void hurry_after_the_first(void *arg)
{
    struct kn_runner *runner = arg;

    runner->ms = runner->n == 1 ? 300 : 0;
}

static void the_first_step_warms_up_and_does_not_count(void **state)
{
    static struct kn_runner runner;
    const struct kn_speed_wish wish = {
        .runner = &runner, .decoder = &decoder, .to = 1, .batch = 1, .budget_ms = 60000
    };
    struct kn_speed_measured got = { 0 };

    (void)state;
    fake_runner_start(&runner, 4);
    runner.entered = hurry_after_the_first;
    runner.arg = &runner;
    CHECK_EQ("measured", kn_speed_measure(&wish, &got, NULL), KN_OK);
    CHECK("more than with it", got.decode_tokens_per_s > 100 / 0.299);
    fake_runner_done(&runner);
}

static void without_time_it_measures_the_least_that_tells(void **state)
{
    static struct kn_runner runner;
    const struct kn_speed_wish wish = {
        .runner = &runner, .decoder = &decoder, .to = 1, .batch = 1, .budget_ms = 0
    };
    struct kn_speed_measured got = { 0 };

    (void)state;
    fake_runner_start(&runner, 4);
    CHECK_EQ("measured", kn_speed_measure(&wish, &got, NULL), KN_OK);
    CHECK_EQ("two steps, two of all sessions, one piece", runner.n, 5);
    CHECK("numbers", got.decode_tokens_per_s > 0 && got.batch_tokens_per_s > 0 &&
                         got.forward_tokens_per_s > 0);
    fake_runner_done(&runner);
}

static void sessions_together_are_measured_where_they_are_asked_for(void **state)
{
    static struct kn_runner runner;
    const struct kn_speed_wish wish = { .runner = &runner, .decoder = &decoder, .to = 1 };
    struct kn_speed_measured got = { 0 };

    (void)state;
    fake_runner_start(&runner, 4);
    CHECK_EQ("measured", kn_speed_measure(&wish, &got, NULL), KN_OK);
    CHECK_EQ("two steps, one piece", runner.n, 3);
    CHECK("numbers", got.decode_tokens_per_s > 0 && got.forward_tokens_per_s > 0);
    CHECK("nothing of many", got.batch_tokens_per_s == 0);
    fake_runner_done(&runner);
}

static void what_goes_wrong_is_told(void **state)
{
    static const struct {
        const char *name;
        enum kn_code fails, code;
        const char *text;
    } cases[] = {
        { "memory", KN_E_NO_MEMORY, KN_E_NO_MEMORY, "out of memory" },
        { "numbers", KN_E_RANGE, KN_E_INVALID, "blocks 0-7 gave a number that is not finite" },
        { "else", KN_E_IO, KN_E_IO,
          "blocks 0-7 could not be computed: the system could not read or write" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        static struct kn_runner runner;
        const struct kn_speed_wish wish = {
            .runner = &runner, .decoder = &decoder, .to = 8, .batch = 1, .budget_ms = 30
        };
        struct kn_speed_measured got = { .decode_tokens_per_s = 5 };
        struct kn_error err = { 0 };

        fake_runner_start(&runner, 4);
        runner.fails = cases[i].fails;
        CHECK_EQ(cases[i].name, kn_speed_measure(&wish, &got, &err), cases[i].code);
        CHECK_STR(cases[i].name, err.text, cases[i].text);
        CHECK_EQ(cases[i].name, got.decode_tokens_per_s, 5);
        CHECK_EQ(cases[i].name, fake_caches, 0);
        fake_runner_done(&runner);
    }
}

/* The first is a measured server's: 4 blocks, 1369 tokens a second for one of them. */
static void the_announced_number_is_the_weaker_of_computing_and_sending(void **state)
{
    static const struct {
        const char *name;
        double forward;
        uint32_t blocks;
        double network;
        bool is_relayed;
        double want;
    } cases[] = {
        { "computing", 1369, 4, 3051.8, false, 547.6 },
        { "sending", 1369, 4, 300, false, 300 },
        { "one block", 1369, 1, 3051.8, false, 1369 },
        { "through a relay", 1369, 4, 1000, true, 200 },
        { "a relay that is fast enough", 1000, 19, 1000, true, 100 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++)
        CHECK(cases[i].name, fabs(kn_speed_announced(cases[i].forward, cases[i].blocks,
                                                     cases[i].network, cases[i].is_relayed) -
                                  cases[i].want) < 0.01);
    CHECK("100 Mbit/s, 2048 numbers", fabs(kn_speed_network(1e8, 2048) - 3051.8) < 0.1);
    CHECK("100 Mbit/s, 8192 numbers", fabs(kn_speed_network(1e8, 8192) - 762.9) < 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_measured_is_what_was_passed),
        cmocka_unit_test(it_ends_when_its_time_is_over_and_counts_what_it_did),
        cmocka_unit_test(the_first_step_warms_up_and_does_not_count),
        cmocka_unit_test(without_time_it_measures_the_least_that_tells),
        cmocka_unit_test(sessions_together_are_measured_where_they_are_asked_for),
        cmocka_unit_test(what_goes_wrong_is_told),
        cmocka_unit_test(the_announced_number_is_the_weaker_of_computing_and_sending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
