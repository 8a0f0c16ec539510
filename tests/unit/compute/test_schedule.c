#include "support/compute.h"

enum { MANY = 32 };

static struct client *client_of(struct bench *bench, uint32_t from, uint32_t to, uint32_t batch)
{
    struct client *client = new_client(bench);

    open_wish(client, (struct kn_session_wish){
                          .from = from, .to = to, .batch = batch, .max_length = 4096 });
    settle(bench);
    CHECK_STR("opened", client->text, "");
    return client;
}

static void check_pass(const char *row, const struct bench *bench, size_t index,
                       struct fake_pass want)
{
    const struct fake_pass *got = &bench->runner.passes[index];

    CHECK(row, index < bench->runner.n);
    CHECK_EQ(row, got->from, want.from);
    CHECK_EQ(row, got->to, want.to);
    CHECK_EQ(row, got->rows, want.rows);
    CHECK_EQ(row, got->tokens, want.tokens);
}

static void steps_that_are_ready_together_go_together(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *clients[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        clients[i] = client_of(bench, 10, 18, 1);
    for (size_t i = 0; i < MANY; i++) {
        set_hidden(clients[i], (float)i);
        step(clients[i], i % 2 == 0 ? 1 : 2);
    }
    settle(bench);
    CHECK_EQ("one pass", bench->runner.n, 1);
    check_pass("of all", bench, 0, (struct fake_pass){ 0, 8, MANY, MANY * 3 / 2, 0 });
    for (size_t i = 0; i < MANY; i++) {
        check_hidden("each its own", clients[i], i % 2 == 0 ? 1 : 2, (float)(i + 8));
        free_client(clients[i]);
    }
    free_bench(bench);
}

static void each_range_has_its_turn(void **state)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = { { 10, 14 }, { 14, 18 }, { 10, 14 }, { 10, 18 }, { 12, 14 } };
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *clients[KN_COUNT(ranges)];

    (void)state;
    for (size_t i = 0; i < KN_COUNT(ranges); i++) {
        clients[i] = client_of(bench, ranges[i].from, ranges[i].to, 1);
        clients[i]->again = 2;
    }
    for (size_t i = 0; i < KN_COUNT(ranges); i++)
        step(clients[i], 1);
    settle(bench);
    CHECK_EQ("passes", bench->runner.n, 12);
    for (size_t i = 0; i < 12; i += 4) {
        check_pass("two of 10-13", bench, i, (struct fake_pass){ 0, 4, 2, 2, 0 });
        check_pass("14-17", bench, i + 1, (struct fake_pass){ 4, 8, 1, 1, 0 });
        check_pass("10-17", bench, i + 2, (struct fake_pass){ 0, 8, 1, 1, 0 });
        check_pass("12-13", bench, i + 3, (struct fake_pass){ 2, 4, 1, 1, 0 });
    }
    for (size_t i = 0; i < KN_COUNT(ranges); i++)
        free_client(clients[i]);
    free_bench(bench);
}

static void long_steps_are_cut_so_that_short_ones_need_not_wait(void **state)
{
    static const struct {
        const char *name;
        uint32_t max_tokens, batch, tokens;
        size_t passes;
        uint32_t rows[6], of[6]; /* tokens of each pass, and rows */
    } cases[] = {
        { "one panel is not cut", 0, 1, 48, 1, { 1 }, { 48 } },
        { "one row", 0, 1, 1000, 5, { 1, 1, 1, 1, 1 }, { 240, 240, 240, 240, 40 } },
        { "exactly two pieces", 0, 1, 480, 2, { 1, 1 }, { 240, 240 } },
        { "through the rows of a batch", 0, 3, 100, 2, { 3, 1 }, { 240, 60 } },
        { "a wide batch", 0, 500, 1, 3, { 240, 240, 20 }, { 240, 240, 20 } },
        { "small passes", 100, 1, 250, 3, { 1, 1, 1 }, { 100, 100, 50 } },
        { "very small passes", 4, 2, 5, 3, { 1, 2, 1 }, { 4, 4, 2 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .limits.max_tokens = cases[i].max_tokens });
        struct client *client = client_of(bench, 10, 18, cases[i].batch);

        step(client, cases[i].tokens);
        settle(bench);
        CHECK_EQ(cases[i].name, bench->runner.n, cases[i].passes);
        for (size_t j = 0; j < cases[i].passes; j++)
            check_pass(cases[i].name, bench, j,
                       (struct fake_pass){ 0, 8, cases[i].rows[j], cases[i].of[j], 0 });
        CHECK_EQ(cases[i].name, client->done, 1);
        check_hidden(cases[i].name, client, cases[i].batch * cases[i].tokens, 8);
        free_client(client);
        free_bench(bench);
    }
}

static void a_short_step_goes_along_with_each_piece_of_a_long_one(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *prompt = client_of(bench, 10, 18, 1), *talk = client_of(bench, 10, 18, 1),
                  *second = client_of(bench, 10, 18, 1);

    (void)state;
    talk->again = 20;
    step(prompt, 600);
    step(talk, 1);
    step(second, 300);
    settle(bench);
    /* In turns, and what one leaves of a piece is the other's. */
    check_pass("piece and step", bench, 0, (struct fake_pass){ 0, 8, 2, 240, 0 });
    check_pass("of the second", bench, 1, (struct fake_pass){ 0, 8, 2, 240, 0 });
    check_pass("again", bench, 2, (struct fake_pass){ 0, 8, 2, 240, 0 });
    check_pass("61 of the second, 122 of the first", bench, 3,
               (struct fake_pass){ 0, 8, 3, 184, 0 });
    check_pass("none is left", bench, 4, (struct fake_pass){ 0, 8, 1, 1, 0 });
    CHECK_EQ("one step a pass", bench->runner.n, 21);
    CHECK_EQ("all", prompt->done + talk->done + second->done, 23);
    free_client(prompt);
    free_client(talk);
    free_client(second);
    free_bench(bench);
}

static void a_long_step_goes_on_beside_any_number_of_short_ones(void **state)
{
    static const struct {
        const char *name;
        uint32_t max_tokens, each; /* of 32 short steps */
        uint32_t tokens;           /* of the first pass, whose leader is long */
    } cases[] = {
        { "a piece in all", 0, 5, 240 },
        { "a panel beside them", 0, 6, 32 * 6 + 48 },
        { "beside many", 0, 48, 20 * 48 + 48 },
        { "as much as may be", 100, 10, 100 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .limits.max_tokens = cases[i].max_tokens });
        struct client *clients[MANY], *prompt = client_of(bench, 10, 18, 1);

        for (size_t j = 0; j < MANY; j++)
            clients[j] = client_of(bench, 10, 18, 1);
        step(prompt, 1000);
        for (size_t j = 0; j < MANY; j++)
            step(clients[j], cases[i].each);
        settle(bench);
        CHECK_EQ(cases[i].name, bench->runner.passes[0].tokens, cases[i].tokens);
        CHECK(cases[i].name, bench->runner.passes[0].longest >= 48);
        for (size_t j = 0; j < MANY; j++)
            free_client(clients[j]);
        free_client(prompt);
        free_bench(bench);
    }
}

static void a_pass_takes_no_more_than_it_may(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ .limits.max_tokens = 64 });
    struct client *clients[MANY], *prompt = client_of(bench, 10, 18, 1);
    uint32_t tokens = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        clients[i] = client_of(bench, 10, 18, 1);
    for (size_t i = 0; i < MANY; i++)
        step(clients[i], 5);
    step(prompt, 200);
    settle(bench);
    for (size_t i = 0; i < bench->runner.n; i++) {
        CHECK("bound", bench->runner.passes[i].tokens <= 64);
        tokens += bench->runner.passes[i].tokens;
    }
    CHECK_EQ("all", tokens, 5 * MANY + 200);
    CHECK_EQ("passes are full", bench->runner.n, 6);
    for (size_t i = 0; i < MANY; i++) {
        CHECK_EQ("done", clients[i]->done, 1);
        free_client(clients[i]);
    }
    free_client(prompt);
    free_bench(bench);
}

static void no_more_sessions_go_together_than_may(void **state)
{
    static const struct {
        const char *name;
        uint32_t max_sessions, prompt;
        size_t passes;
    } cases[] = {
        { "as many as there are", 0, 0, 1 },
        { "one at a time", 1, 0, MANY },
        { "a few", 5, 0, 7 },
        { "a long one has its place among them", 4, 400, 9 },
        { "also where there is but one", 1, 400, MANY + 2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *clients[MANY], *prompt = client_of(bench, 10, 18, 1);

        kn_compute_change(bench->compute,
                          &(struct kn_compute_limits){ .max_sessions = cases[i].max_sessions });
        for (size_t j = 0; j < MANY; j++)
            clients[j] = client_of(bench, 10, 18, 1);
        if (cases[i].prompt > 0)
            step(prompt, cases[i].prompt);
        for (size_t j = 0; j < MANY; j++)
            step(clients[j], 1);
        settle(bench);
        CHECK_EQ(cases[i].name, bench->runner.n, cases[i].passes);
        for (size_t j = 0; j < bench->runner.n && cases[i].max_sessions > 0; j++)
            CHECK(cases[i].name, bench->runner.passes[j].rows <= cases[i].max_sessions);
        for (size_t j = 0; j < MANY; j++) {
            CHECK_EQ(cases[i].name, clients[j]->done, 1);
            free_client(clients[j]);
        }
        CHECK_EQ(cases[i].name, prompt->done, cases[i].prompt > 0);
        free_client(prompt);
        free_bench(bench);
    }
}

static void no_more_bytes_stand_between_two_layers_than_may(void **state)
{
    static const struct {
        const char *name;
        int64_t max_bytes;
        size_t passes;
    } cases[] = {
        { "no bound", 0, 1 },
        { "all of it", 200 * FAKE_SCRATCH_BYTES, 1 },
        { "one byte less", 200 * FAKE_SCRATCH_BYTES - 1, 2 },
        { "a quarter", 50 * FAKE_SCRATCH_BYTES, 4 },
        { "not even a token", 1, 200 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){
            .limits.max_tokens = 1000, .limits.max_bytes = cases[i].max_bytes });
        struct client *client = client_of(bench, 10, 18, 1);

        step(client, 200);
        settle(bench);
        CHECK_EQ(cases[i].name, bench->runner.n, cases[i].passes);
        CHECK_EQ(cases[i].name, client->done, 1);
        check_hidden(cases[i].name, client, 200, 8);
        free_client(client);
        free_bench(bench);
    }
}

static void step_later(void *arg)
{
    step(arg, 1);
}

static void few_tokens_wait_a_little_for_those_of_others(void **state)
{
    static const struct {
        const char *name;
        uint32_t min_tokens;
        bool comes; /* the second, while the first waits */
        size_t passes;
    } cases[] = {
        { "at once", 0, true, 2 },
        { "one is enough", 1, true, 2 },
        { "until there are two", 2, true, 1 },
        { "until everybody waits", 9, true, 1 },
        { "nobody comes", 9, false, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .limits.min_tokens = cases[i].min_tokens });
        struct client *first = client_of(bench, 10, 18, 1), *second = client_of(bench, 10, 18, 1);
        struct kn_timer *later = kn_timer_new(bench->loop, step_later, second);
        kn_time began = kn_loop_now(bench->loop);

        CHECK("timer", later != NULL);
        if (cases[i].comes)
            kn_timer_set(later, began + 2);
        step(first, 1);
        settle(bench);
        CHECK_EQ(cases[i].name, bench->runner.n, cases[i].passes);
        CHECK_EQ(cases[i].name, first->done, 1);
        CHECK_EQ(cases[i].name, second->done, cases[i].comes);
        if (!cases[i].comes)
            CHECK(cases[i].name, kn_loop_now(bench->loop) - began >= KN_COMPUTE_GATHER_MS);
        kn_timer_free(later);
        free_client(first);
        free_client(second);
        free_bench(bench);
    }
}

/* The fastest of many: this machine may be busy. */
static void nobody_waits_for_those_who_wait_too(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ .limits.min_tokens = 9 });
    struct client *client = client_of(bench, 10, 18, 1);
    kn_time fastest = KN_COMPUTE_GATHER_MS;

    (void)state;
    for (int i = 0; i < 50 && fastest >= KN_COMPUTE_GATHER_MS; i++) {
        kn_time began = kn_loop_now(bench->loop);

        step(client, 1);
        settle(bench);
        fastest = kn_time_min(fastest, kn_loop_now(bench->loop) - began);
    }
    CHECK("there is nobody else", fastest < KN_COMPUTE_GATHER_MS);
    free_client(client);
    free_bench(bench);
}

/* The steps of each when the first has made so many. */
struct race {
    struct client *clients[MANY];
    unsigned goal;
    unsigned least;
};

static void note_race(struct client *client)
{
    struct race *race = client->bench->arg;

    if (race == NULL || client->done < race->goal)
        return;
    for (size_t i = 0; i < MANY; i++) {
        unsigned done = race->clients[i]->done;

        race->least = i == 0 || done < race->least ? done : race->least;
    }
    client->bench->arg = NULL;
}

static void nobody_gets_more_than_the_others(void **state)
{
    static const struct {
        const char *name;
        uint32_t max_tokens, tokens;
        unsigned of_ranges[3]; /* clients of 10-17, 10-13, 14-17 */
    } cases[] = {
        { "together", 0, 1, { 32, 0, 0 } },
        { "few at a time", 8, 1, { 32, 0, 0 } },
        { "some at a time", 5, 1, { 32, 0, 0 } },
        { "two ranges", 8, 1, { 16, 16, 0 } },
        { "uneven ranges", 0, 1, { 28, 3, 1 } },
        { "uneven ranges, few at a time", 8, 1, { 8, 16, 8 } },
        { "long steps", 0, 300, { 32, 0, 0 } },
        { "long steps, two ranges", 0, 300, { 16, 16, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .limits.max_tokens = cases[i].max_tokens });
        struct race race = { .goal = 10 };
        size_t n = 0;

        for (size_t j = 0; j < 3; j++) {
            for (unsigned k = 0; k < cases[i].of_ranges[j]; k++)
                race.clients[n++] = client_of(bench, j == 2 ? 14 : 10, j == 1 ? 14 : 18, 1);
        }
        CHECK_EQ(cases[i].name, n, MANY);
        bench->arg = &race;
        for (size_t j = 0; j < MANY; j++) {
            race.clients[j]->again = race.goal + 2;
            race.clients[j]->then = note_race;
            step(race.clients[j], cases[i].tokens);
        }
        settle(bench);
        CHECK(cases[i].name, race.least >= race.goal * 8 / 10);
        for (size_t j = 0; j < MANY; j++)
            free_client(race.clients[j]);
        free_bench(bench);
    }
}

static void between_passes_is_rest_as_configured(void **state)
{
    static const struct {
        const char *name;
        double share;
        double most; /* of the whole time, a little more than the share */
    } cases[] = { { "half", 0.5, 0.55 }, { "a quarter", 0.25, 0.28 } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .limits.share = cases[i].share });
        struct client *client = client_of(bench, 10, 18, 1);
        struct kn_compute_state how;
        int64_t start;

        bench->runner.ms = 4;
        client->again = 9;
        start = kn_loop_clock_us();
        step(client, 1);
        settle(bench);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.passes, 10);
        CHECK(cases[i].name, how.busy_s >= 0.036);
        /* The last pass's rest is not waited for; a slow machine only rests longer. */
        CHECK(cases[i].name,
              (how.busy_s * 0.9) / ((double)(kn_loop_clock_us() - start) / 1e6) <= cases[i].most);
        free_client(client);
        free_bench(bench);
    }
}

/* A millisecond for a token through four blocks, or more on a slow machine. */
static void the_speed_of_late_is_that_of_passes_with_one_token(void **state)
{
    static const struct {
        const char *name;
        unsigned steps, clients;
        bool tells;
    } cases[] = {
        { "enough", 100, 1, true },
        { "too few", 99, 1, false },
        { "two sessions together", 100, 2, false },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *clients[2];
        struct kn_compute_state how;

        bench->runner.ms = 1;
        for (unsigned j = 0; j < cases[i].clients; j++) {
            clients[j] = client_of(bench, 10, 14, 1);
            clients[j]->again = cases[i].steps - 1;
        }
        for (unsigned j = 0; j < cases[i].clients; j++)
            step(clients[j], 1);
        settle(bench);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.tokens, cases[i].steps * cases[i].clients);
        CHECK_EQ(cases[i].name, how.decode_tokens_per_s > 0, cases[i].tells);
        CHECK(cases[i].name, how.decode_tokens_per_s <= 4000);
        CHECK(cases[i].name, how.forward_tokens_per_s <= 0);
        for (unsigned j = 0; j < cases[i].clients; j++)
            free_client(clients[j]);
        free_bench(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_that_are_ready_together_go_together),
        cmocka_unit_test(each_range_has_its_turn),
        cmocka_unit_test(long_steps_are_cut_so_that_short_ones_need_not_wait),
        cmocka_unit_test(a_short_step_goes_along_with_each_piece_of_a_long_one),
        cmocka_unit_test(a_long_step_goes_on_beside_any_number_of_short_ones),
        cmocka_unit_test(a_pass_takes_no_more_than_it_may),
        cmocka_unit_test(no_more_sessions_go_together_than_may),
        cmocka_unit_test(no_more_bytes_stand_between_two_layers_than_may),
        cmocka_unit_test(few_tokens_wait_a_little_for_those_of_others),
        cmocka_unit_test(nobody_waits_for_those_who_wait_too),
        cmocka_unit_test(nobody_gets_more_than_the_others),
        cmocka_unit_test(between_passes_is_rest_as_configured),
        cmocka_unit_test(the_speed_of_late_is_that_of_passes_with_one_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
