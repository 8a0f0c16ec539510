#include <math.h>

#include "support/compute.h"

static void a_step_goes_through_all_blocks_of_its_session(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = new_client(bench);
    struct kn_compute_state how;

    (void)state;
    open_wish(client, (struct kn_session_wish){ .from = 12, .to = 15, .max_length = 8 });
    settle(bench);
    set_hidden(client, 1);
    step(client, 5);
    CHECK_EQ("never inside", client->done, 0);
    settle(bench);
    CHECK_EQ("done", client->done, 1);
    CHECK_EQ("released", client->released, 1);
    CHECK_EQ("code", client->code, KN_OK);
    check_hidden("three blocks", client, 5, 4);
    CHECK_EQ("passes", bench->runner.n, 1);
    CHECK_EQ("from the runner's third block", bench->runner.passes[0].from, 2);
    CHECK_EQ("to", bench->runner.passes[0].to, 5);
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("steps", how.steps, 1);
    CHECK_EQ("tokens", how.tokens, 5);
    CHECK_EQ("passes", how.passes, 1);
    CHECK("per second", how.tokens_per_s > 1 && how.tokens_per_s <= 5);
    free_client(client);
    free_bench(bench);
}

/* The runner without numbers sees that each position is written behind those before it. */
static void a_step_stands_where_it_may(void **state)
{
    static const int64_t swapped[] = { 1, 0 }, negative[] = { 0, -1 }, beyond[] = { 2, 0 };
    static const struct {
        const char *name;
        int64_t position;
        uint32_t tokens;
        const int64_t *hypo;
        enum kn_code code;
        const char *text;
        unsigned permuted;
    } cases[] = {
        /* a session of two rows and 10 tokens each, of which 4 are there */
        { "behind the last", -1, 6, NULL, KN_OK, "", 0 },
        { "behind the last, named", 4, 6, NULL, KN_OK, "", 0 },
        { "back to the start", 0, 10, NULL, KN_OK, "", 0 },
        { "back a little", 3, 1, NULL, KN_OK, "", 0 },
        { "nothing", -1, 0, NULL, KN_OK, "", 0 },
        { "rows change their places", -1, 1, swapped, KN_OK, "", 1 },
        { "only that", -1, 0, swapped, KN_OK, "", 1 },
        { "a gap", 5, 1, NULL, KN_E_RANGE, "no position 5 to go on from: there are 4 tokens", 0 },
        { "before the first", -2, 1, NULL, KN_E_RANGE,
          "no position -2 to go on from: there are 4 tokens", 0 },
        { "far away", INT64_MAX, 1, NULL, KN_E_RANGE,
          "no position 9223372036854775807 to go on from: there are 4 tokens", 0 },
        { "one too many", -1, 7, NULL, KN_E_RANGE,
          "Maximum length exceeded: 4 + 7 tokens are more than 10", 0 },
        { "far too many", 1, UINT32_MAX, NULL, KN_E_RANGE,
          "Maximum length exceeded: 1 + 4294967295 tokens are more than 10", 0 },
        { "no such row", -1, 1, beyond, KN_E_RANGE, "no row 2 in a batch of 2", 0 },
        { "a negative row", -1, 1, negative, KN_E_RANGE, "no row -1 in a batch of 2", 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *client = new_client(bench);
        struct kn_compute_state how;

        open_wish(client,
                  (struct kn_session_wish){ .from = 10, .to = 11, .batch = 2, .max_length = 10 });
        settle(bench);
        step(client, 4);
        settle(bench);
        fake_permutations = 0;
        step_of(client, (struct kn_step){ .position = cases[i].position,
                                          .tokens = cases[i].tokens,
                                          .hypo = cases[i].hypo });
        CHECK_EQ(cases[i].name, client->done, 1);
        settle(bench);
        CHECK_EQ(cases[i].name, client->done, 2);
        CHECK_EQ(cases[i].name, client->released, 2);
        CHECK_EQ(cases[i].name, client->code, cases[i].code);
        CHECK_STR(cases[i].name, client->text, cases[i].text);
        CHECK_EQ(cases[i].name, fake_permutations, cases[i].permuted);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.steps, cases[i].code == KN_OK ? 2 : 1);
        CHECK_EQ(cases[i].name, bench->runner.n,
                 cases[i].code == KN_OK && cases[i].tokens > 0 ? 2 : 1);
        free_client(client);
        free_bench(bench);
    }
}

static void after_going_back_the_rest_is_forgotten(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = ready_client(bench, 10);

    (void)state;
    step(client, 8);
    settle(bench);
    step_of(client, (struct kn_step){ .position = 2, .tokens = 0 });
    settle(bench);
    step_of(client, (struct kn_step){ .position = 3, .tokens = 1 });
    settle(bench);
    CHECK_STR("two are left", client->text, "no position 3 to go on from: there are 2 tokens");
    step_of(client, (struct kn_step){ .position = 2, .tokens = 1 });
    settle(bench);
    step_of(client, (struct kn_step){ .position = 4, .tokens = 1 });
    settle(bench);
    CHECK_STR("three are there", client->text, "no position 4 to go on from: there are 3 tokens");
    step_of(client, (struct kn_step){ .position = 1, .tokens = 1 });
    settle(bench);
    step_of(client, (struct kn_step){ .position = 3, .tokens = 1 });
    settle(bench);
    CHECK_STR("two are there", client->text, "no position 3 to go on from: there are 2 tokens");
    free_client(client);
    free_bench(bench);
}

static void rows_change_their_places_once_before_the_first_piece(void **state)
{
    static const int64_t same[] = { 0 };
    struct bench *bench = new_bench((struct kn_compute_options){ .limits.max_tokens = 2 });
    struct client *client = ready_client(bench, 10);

    (void)state;
    fake_permutations = 0;
    step_of(client, (struct kn_step){ .position = -1, .tokens = 6, .hypo = same });
    settle(bench);
    CHECK_EQ("three pieces", bench->runner.n, 3);
    CHECK_EQ("once", fake_permutations, 1);
    free_client(client);
    free_bench(bench);
}

/* Prompts of 3 tokens for 2 blocks: block b adds 10 (b + 1), row r of the batch 100 r more, token t
 * 1000 t. */
static void prompts_are_added_to_the_first_tokens_of_each_row(void **state)
{
    static const struct {
        const char *name;
        uint32_t batch, prompt_tokens;
    } cases[] = { { "one for all rows", 1, 3 }, { "one for each row", 2, 3 }, { "none", 1, 0 } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ .limits.max_tokens = 2 });
        struct client *client = new_client(bench);
        float prompts[2][2][3][WIDTH];

        open_wish(client,
                  (struct kn_session_wish){ .from = 10, .to = 12, .batch = 2, .max_length = 5 });
        settle(bench);
        for (size_t j = 0; j < sizeof(prompts) / sizeof(float); j++) {
            size_t block = j / (cases[i].batch * 3 * WIDTH);
            size_t row = cases[i].batch == 1 ? 0 : j / (3 * WIDTH) % 2;

            size_t token = j / WIDTH % 3;

            (&prompts[0][0][0][0])[j] = (float)(10 * (block + 1) + 100 * row + 1000 * token);
        }
        step_of(client, (struct kn_step){ .position = -1,
                                          .tokens = 5,
                                          .prompts = &prompts[0][0][0][0],
                                          .prompt_batch = cases[i].batch,
                                          .prompt_tokens = cases[i].prompt_tokens });
        settle(bench);
        CHECK_STR(cases[i].name, client->text, "");
        CHECK_EQ(cases[i].name, bench->runner.n, 5); /* pieces of two tokens */
        for (uint32_t j = 0; j < 10 * WIDTH; j++) {
            uint32_t row = j / (5 * WIDTH), token = j / WIDTH % 5;
            float added = (float)(30 + (cases[i].batch == 2 ? 200 * row : 0) + 2000 * token);

            CHECK_EQ(cases[i].name, client->hidden[j],
                     2 + (token < cases[i].prompt_tokens ? added : 0));
        }
        free_client(client);
        free_bench(bench);
    }
}

static void prompts_that_do_not_go_with_the_step_are_refused(void **state)
{
    static const float prompts[64];
    static const struct {
        const char *name;
        uint32_t batch, tokens;
        const char *text;
    } cases[] = {
        { "another batch", 2, 1, "prompts of a batch of 2 do not go with one of 3" },
        { "no batch", 0, 1, "prompts of a batch of 0 do not go with one of 3" },
        { "longer than the step", 1, 3, "prompts of 3 tokens do not go with 2" },
        { "as long", 3, 2, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *client = new_client(bench);

        open_wish(client,
                  (struct kn_session_wish){ .from = 10, .to = 11, .batch = 3, .max_length = 5 });
        settle(bench);
        step_of(client, (struct kn_step){ .position = -1,
                                          .tokens = 2,
                                          .prompts = prompts,
                                          .prompt_batch = cases[i].batch,
                                          .prompt_tokens = cases[i].tokens });
        settle(bench);
        CHECK_STR(cases[i].name, client->text, cases[i].text);
        CHECK_EQ(cases[i].name, client->code, cases[i].text[0] == '\0' ? KN_OK : KN_E_RANGE);
        CHECK_EQ(cases[i].name, client->released, 1);
        free_client(client);
        free_bench(bench);
    }
}

static void who_sends_what_cannot_be_computed_fails_alone(void **state)
{
    static const struct {
        const char *name;
        float bad[2]; /* of the second and the third of four */
        const char *text;
        size_t passes;
    } cases[] = {
        { "not a number", { NAN, 0 }, "a number in the hidden states is not finite", 1 },
        { "infinite", { -INFINITY, 0 }, "a number in the hidden states is not finite", 1 },
        { "what comes out", { FAKE_BAD, 0 }, "blocks 10-17 gave a number that is not finite", 2 },
        { "two of them",
          { FAKE_BAD, FAKE_BAD },
          "blocks 10-17 gave a number that is not finite",
          2 },
        { "one so, one so", { FAKE_BAD, NAN }, "blocks 10-17 gave a number that is not finite", 2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *clients[4];

        for (size_t j = 0; j < 4; j++) {
            clients[j] = ready_client(bench, 8);
            set_hidden(clients[j], (float)j);
        }
        clients[1]->hidden[3] = cases[i].bad[0];
        if (cases[i].bad[1] != 0)
            clients[2]->hidden[0] = cases[i].bad[1];
        for (size_t j = 0; j < 4; j++)
            step(clients[j], 2);
        settle(bench);
        CHECK_EQ(cases[i].name, bench->runner.n, cases[i].passes);
        CHECK_EQ(cases[i].name, bench->runner.passes[0].rows,
                 4 - (isnan(cases[i].bad[0]) || isinf(cases[i].bad[0]) || isnan(cases[i].bad[1])));
        CHECK_EQ(cases[i].name, clients[1]->code, KN_E_INVALID);
        CHECK_STR(cases[i].name, clients[1]->text, cases[i].text);
        for (size_t j = 0; j < 4; j++) {
            CHECK_EQ(cases[i].name, clients[j]->done, 1);
            CHECK_EQ(cases[i].name, clients[j]->released, 1);
            if (j == 1 || (j == 2 && cases[i].bad[1] != 0)) {
                CHECK_EQ(cases[i].name, clients[j]->code, KN_E_INVALID);
                continue;
            }
            CHECK_EQ(cases[i].name, clients[j]->code, KN_OK);
            check_hidden(cases[i].name, clients[j], 2, (float)(j + 8));
        }
        for (size_t j = 0; j < 4; j++)
            free_client(clients[j]);
        free_bench(bench);
    }
}

static void after_a_failure_a_session_may_go_on(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = ready_client(bench, 8);

    (void)state;
    step(client, 3);
    settle(bench);
    set_hidden(client, FAKE_BAD);
    step(client, 2);
    settle(bench);
    CHECK_EQ("failed", client->code, KN_E_INVALID);
    set_hidden(client, 0);
    step_of(client, (struct kn_step){ .position = 4, .tokens = 1 });
    settle(bench);
    CHECK_STR("void", client->text, "no position 4 to go on from: there are 3 tokens");
    set_hidden(client, FAKE_BAD);
    step_of(client, (struct kn_step){ .position = 1, .tokens = 1 });
    settle(bench);
    set_hidden(client, 0);
    step_of(client, (struct kn_step){ .position = 2, .tokens = 1 });
    settle(bench);
    CHECK_STR("overwritten", client->text, "no position 2 to go on from: there are 1 tokens");
    step(client, 7);
    settle(bench);
    CHECK_STR("goes on", client->text, "");
    free_client(client);
    free_bench(bench);
}

static void a_pass_that_fails_as_a_whole_is_told_to_all(void **state)
{
    static const struct {
        const char *name;
        enum kn_code code;
        const char *text;
    } cases[] = {
        { "memory", KN_E_NO_MEMORY, "out of memory" },
        { "anything else", KN_E_IO,
          "blocks 10-17 could not be computed: the system could not read or write" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *one = ready_client(bench, 8), *other = ready_client(bench, 8);

        bench->runner.fails = cases[i].code;
        step(one, 2);
        step(other, 1);
        settle(bench);
        CHECK_EQ(cases[i].name, one->code, cases[i].code);
        CHECK_EQ(cases[i].name, other->code, cases[i].code);
        CHECK_STR(cases[i].name, other->text, cases[i].text);
        CHECK_EQ(cases[i].name, one->released + other->released, 2);
        free_client(one);
        free_client(other);
        free_bench(bench);
    }
}

static void rows_that_cannot_change_places_fail_their_step_alone(void **state)
{
    static const int64_t same[] = { 0 };
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *one = ready_client(bench, 8), *other = ready_client(bench, 8);

    (void)state;
    fake_cache_fails = true;
    step_of(one, (struct kn_step){ .position = -1, .tokens = 1, .hypo = same });
    step(other, 1);
    settle(bench);
    fake_cache_fails = false;
    CHECK_EQ("one", one->code, KN_E_NO_MEMORY);
    CHECK_EQ("other", other->code, KN_OK);
    free_client(one);
    free_client(other);
    free_bench(bench);
}

static void lose(struct bench *bench)
{
    bench->is_lost = true;
}

/* Of a step, of a piece of a long one, and of a forward: whose pass was under way. */
static void what_comes_of_weights_that_were_changed_is_not_given_out(void **state)
{
    static const struct {
        const char *name;
        uint32_t tokens;
        bool is_forward;
    } cases[] = { { "a step", 1, false }, { "a long one", 700, false }, { "a forward", 5, true } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *client = new_client(bench), *other = new_client(bench);

        open_wish(client, (struct kn_session_wish){ .from = 12, .to = 15, .max_length = 1000 });
        open_wish(other, (struct kn_session_wish){ .from = 12, .to = 15, .max_length = 1000 });
        settle(bench);
        step(other, 1);
        settle(bench);
        CHECK_EQ(cases[i].name, other->code, KN_OK);
        CHECK_EQ(cases[i].name, bench->losses, 0);
        during_pass(bench, lose);
        if (cases[i].is_forward)
            forward(client, 12, 15, (struct kn_step){ .tokens = cases[i].tokens });
        else
            step(client, cases[i].tokens);
        settle(bench);
        CHECK_EQ(cases[i].name, client->done, 1);
        CHECK_EQ(cases[i].name, client->code, KN_E_CHANGED);
        CHECK_STR(cases[i].name, client->text,
                  "the files of blocks 12-14 were changed: they are not served now");
        CHECK_EQ(cases[i].name, bench->losses, 1);
        step(other, 1);
        settle(bench);
        CHECK_EQ(cases[i].name, other->code, KN_E_CHANGED);
        free_client(client);
        free_client(other);
        free_bench(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_goes_through_all_blocks_of_its_session),
        cmocka_unit_test(a_step_stands_where_it_may),
        cmocka_unit_test(after_going_back_the_rest_is_forgotten),
        cmocka_unit_test(rows_change_their_places_once_before_the_first_piece),
        cmocka_unit_test(prompts_are_added_to_the_first_tokens_of_each_row),
        cmocka_unit_test(prompts_that_do_not_go_with_the_step_are_refused),
        cmocka_unit_test(who_sends_what_cannot_be_computed_fails_alone),
        cmocka_unit_test(after_a_failure_a_session_may_go_on),
        cmocka_unit_test(a_pass_that_fails_as_a_whole_is_told_to_all),
        cmocka_unit_test(rows_that_cannot_change_places_fail_their_step_alone),
        cmocka_unit_test(what_comes_of_weights_that_were_changed_is_not_given_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
