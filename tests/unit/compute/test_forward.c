#include <math.h>

#include "support/compute.h"

static void a_forward_goes_block_by_block_with_a_cache_of_one(void **state)
{
    static const struct {
        const char *name;
        uint32_t batch, tokens, pieces;
    } cases[] = {
        { "one token", 1, 1, 1 },
        { "two rows", 2, 30, 1 },
        { "pieces", 1, 500, 3 },
        { "pieces through rows", 5, 100, 3 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *client = new_client(bench);
        struct kn_compute_state how;

        client->batch = cases[i].batch;
        forward(client, 12, 15, (struct kn_step){ .position = 7, .tokens = cases[i].tokens });
        CHECK_EQ(cases[i].name, client->done, 0);
        settle(bench);
        CHECK_STR(cases[i].name, client->text, "");
        CHECK_EQ(cases[i].name, client->done, 1);
        CHECK_EQ(cases[i].name, client->released, 1);
        check_hidden(cases[i].name, client, cases[i].batch * cases[i].tokens, 3);
        CHECK_EQ(cases[i].name, bench->runner.n, 3 * cases[i].pieces);
        for (size_t j = 0; j < bench->runner.n; j++) {
            CHECK_EQ(cases[i].name, bench->runner.passes[j].from, 2 + j / cases[i].pieces);
            CHECK_EQ(cases[i].name, bench->runner.passes[j].to, 3 + j / cases[i].pieces);
        }
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.tokens, cases[i].batch * cases[i].tokens);
        CHECK_EQ(cases[i].name, how.steps, 1);
        CHECK_EQ(cases[i].name, how.cache_bytes_used, 0);
        free_client(client);
        free_bench(bench);
    }
}

static void prompts_of_a_forward_are_each_blocks_own(void **state)
{
    static const float prompts[3][1][2][WIDTH] = { { { { 1, 1 }, { 1, 1 } } },
                                                   { { { 10, 10 }, { 10, 10 } } },
                                                   { { { 100, 100 }, { 0, 0 } } } };
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = new_client(bench);

    (void)state;
    forward(
        client, 10, 13,
        (struct kn_step){
            .tokens = 3, .prompts = &prompts[0][0][0][0], .prompt_batch = 1, .prompt_tokens = 2 });
    settle(bench);
    CHECK_EQ("first token", client->hidden[0], 114);
    CHECK_EQ("second token", client->hidden[WIDTH], 14);
    CHECK_EQ("third token", client->hidden[2 * WIDTH], 3);
    free_client(client);
    free_bench(bench);
}

static void a_forward_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *name;
        uint32_t from, to, batch, tokens;
        float value;
        enum kn_code code;
        const char *text;
    } cases[] = {
        { "nothing", 10, 18, 1, 0, 0, KN_OK, "" },
        { "as long as may be", 10, 11, 1, 4096, 0, KN_OK, "" },
        { "too long", 10, 11, 1, 4097, 0, KN_E_RANGE,
          "Maximum length exceeded: 4097 tokens are more than 4096" },
        { "another's blocks", 10, 19, 1, 1, 0, KN_E_RANGE,
          "blocks 10-18 are not served here: 10-17 are" },
        { "no row", 10, 11, 0, 1, 0, KN_E_RANGE, "a batch of 0 is outside 1 to 1024" },
        { "not a number", 10, 11, 1, 1, NAN, KN_E_INVALID,
          "a number in the hidden states is not finite" },
        { "what comes out", 10, 12, 1, 1, FAKE_BAD, KN_E_INVALID,
          "blocks 10-11 gave a number that is not finite" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ .max_length = 4096 });
        struct client *client = new_client(bench);

        client->batch = cases[i].batch;
        set_hidden(client, cases[i].value);
        forward(client, cases[i].from, cases[i].to, (struct kn_step){ .tokens = cases[i].tokens });
        settle(bench);
        CHECK_EQ(cases[i].name, client->done, 1);
        CHECK_EQ(cases[i].name, client->released, 1);
        CHECK_EQ(cases[i].name, client->code, cases[i].code);
        CHECK_STR(cases[i].name, client->text, cases[i].text);
        free_client(client);
        free_bench(bench);
    }
}

static void forwards_and_sessions_take_turns(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *session = ready_client(bench, 2000), *talk = ready_client(bench, 100),
                  *one = new_client(bench), *two = new_client(bench);

    (void)state;
    step(session, 960); /* four pieces, as one has eight blocks of half a piece */
    talk->again = 20;
    step(talk, 1);
    forward(one, 10, 18, (struct kn_step){ .tokens = 480 });
    forward(two, 10, 18, (struct kn_step){ .tokens = 5 });
    settle(bench);
    CHECK("the short one is not behind the long one", two->order < one->order);
    CHECK("the long one is not behind the session", one->order < session->order);
    CHECK("the session is not behind the talk", session->order < talk->order);
    CHECK_EQ("all", one->done + two->done + session->done, 3);
    CHECK_EQ("talk", talk->done, 21);
    free_client(session);
    free_client(talk);
    free_client(one);
    free_client(two);
    free_bench(bench);
}

static void no_more_than_so_many_forwards_wait(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *clients[KN_COMPUTE_FORWARD_MAX + 1];
    const size_t last = KN_COMPUTE_FORWARD_MAX;

    (void)state;
    for (size_t i = 0; i <= last; i++) {
        clients[i] = new_client(bench);
        forward(clients[i], 10, 11, (struct kn_step){ .tokens = 1 });
    }
    settle(bench);
    CHECK_EQ("one too many", clients[last]->code, KN_E_LIMIT);
    CHECK_STR("text", clients[last]->text, "64 other forwards wait or run");
    CHECK_EQ("the last but one", clients[last - 1]->code, KN_OK);
    forward(clients[last], 10, 11, (struct kn_step){ .tokens = 1 });
    settle(bench);
    CHECK_EQ("there is room again", clients[last]->code, KN_OK);
    for (size_t i = 0; i <= last; i++)
        free_client(clients[i]);
    free_bench(bench);
}

static void cancel_all(struct bench *bench)
{
    struct client **clients = bench->arg;

    CHECK_EQ("four caches of 64 MiB", fake_caches, 4);
    for (size_t i = 0; clients[i] != NULL; i++) {
        kn_forward_cancel(clients[i]->forward);
        clients[i]->forward = NULL;
    }
    CHECK_EQ("one is in its pass", fake_caches, 1);
}

static void caches_of_forwards_are_bounded_together(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *clients[7] = { NULL };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        clients[i] = new_client(bench);
        clients[i]->batch = 1024;
        forward(clients[i], 10, 11, (struct kn_step){ .tokens = 8192 }); /* 64 MiB of cache */
    }
    bench->arg = clients;
    during_pass(bench, cancel_all);
    settle(bench);
    for (size_t i = 0; i < 6; i++) {
        CHECK_EQ("nothing came", clients[i]->done, 0);
        CHECK_EQ("released", clients[i]->released, 1);
        free_client(clients[i]);
    }
    free_bench(bench);
}

static void who_waits_for_others_caches_runs_after_them(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *clients[5];

    (void)state;
    fake_token_bytes = 1 << 20;
    for (size_t i = 0; i < KN_COUNT(clients); i++) {
        clients[i] = new_client(bench);
        forward(clients[i], 10, 12, (struct kn_step){ .tokens = 200 }); /* 200 of 256 MiB */
    }
    settle(bench);
    fake_token_bytes = FAKE_TOKEN_BYTES;
    for (size_t i = 0; i < KN_COUNT(clients); i++) {
        CHECK_EQ("done", clients[i]->done, 1);
        CHECK("in their order", i == 0 || clients[i]->order > clients[i - 1]->order);
    }
    for (size_t i = 0; i < KN_COUNT(clients); i++)
        free_client(clients[i]);
    free_bench(bench);
}

static void look_at_one(struct bench *bench)
{
    struct client **clients = bench->arg;

    CHECK_EQ("one alone", fake_caches, 1);
    kn_forward_cancel(clients[0]->forward);
}

static void one_that_is_larger_than_the_bound_runs_alone(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ .max_length = 1 << 17 });
    struct client *clients[2] = { new_client(bench), new_client(bench) };

    (void)state;
    clients[0]->batch = 1024;
    forward(clients[0], 10, 11, (struct kn_step){ .tokens = 1 << 17 }); /* 1 GiB */
    forward(clients[1], 10, 11, (struct kn_step){ .tokens = 1 });
    bench->arg = clients;
    during_pass(bench, look_at_one);
    settle(bench);
    CHECK_EQ("nothing came", clients[0]->done, 0);
    CHECK_EQ("released", clients[0]->released, 1);
    CHECK_EQ("who waited has run", clients[1]->done, 1);
    free_client(clients[0]);
    free_client(clients[1]);
    free_bench(bench);
}

/* 256 MiB, or what the sessions may have together where that is more. */
static void one_that_takes_more_than_all_sessions_may_is_refused(void **state)
{
    static const struct {
        const char *name;
        int64_t cache_bytes;
        uint32_t tokens;
        const char *text;
    } cases[] = {
        { "as large as may be", 1 << 20, 256, "" },
        { "larger", 1 << 20, 257,
          "a batch of 1 with 257 tokens each takes 269484032 bytes of cache, more than 268435456" },
        { "where more is given", 512 << 20, 257, "" },
    };

    (void)state;
    fake_token_bytes = 1 << 20;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .cache_bytes = cases[i].cache_bytes });
        struct client *client = new_client(bench);

        forward(client, 10, 11, (struct kn_step){ .tokens = cases[i].tokens });
        settle(bench);
        CHECK_EQ(cases[i].name, client->done, 1);
        CHECK_STR(cases[i].name, client->text, cases[i].text);
        CHECK_EQ(cases[i].name, client->released, 1);
        free_client(client);
        free_bench(bench);
    }
    fake_token_bytes = FAKE_TOKEN_BYTES;
}

static void no_memory_for_the_cache_of_a_forward_is_told(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = new_client(bench);

    (void)state;
    fake_cache_fails = true;
    forward(client, 10, 11, (struct kn_step){ .tokens = 1 });
    settle(bench);
    fake_cache_fails = false;
    CHECK_EQ("told", client->code, KN_E_NO_MEMORY);
    CHECK_EQ("released", client->released, 1);
    free_client(client);
    free_bench(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forward_goes_block_by_block_with_a_cache_of_one),
        cmocka_unit_test(prompts_of_a_forward_are_each_blocks_own),
        cmocka_unit_test(a_forward_that_cannot_be_is_refused),
        cmocka_unit_test(forwards_and_sessions_take_turns),
        cmocka_unit_test(no_more_than_so_many_forwards_wait),
        cmocka_unit_test(caches_of_forwards_are_bounded_together),
        cmocka_unit_test(who_waits_for_others_caches_runs_after_them),
        cmocka_unit_test(one_that_is_larger_than_the_bound_runs_alone),
        cmocka_unit_test(one_that_takes_more_than_all_sessions_may_is_refused),
        cmocka_unit_test(no_memory_for_the_cache_of_a_forward_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
