#include "support/compute.h"
#include "support/fuse.h"

#include "compute/measure.h"

/* Two sessions and a forward, one of which fails: the others' rows are run again. */
struct run {
    struct kn_compute *compute;
    struct client *one, *other, *forwarded;
};

static void step_it(struct client *client)
{
    static const int64_t same[] = { 0 };

    if (client->code == KN_OK && client->opened == 1 && client->done == 0)
        step_of(client, (struct kn_step){ .position = -1, .tokens = 2, .hypo = same });
}

static bool use(struct bench *bench, struct run *run, const struct kn_compute_options *options)
{
    const struct kn_step step = { .tokens = 3,
                                  .hidden = run->forwarded->hidden,
                                  .release = on_released,
                                  .owner = run->forwarded,
                                  .done = on_done,
                                  .arg = run->forwarded };
    struct kn_session_wish wish = {
        .from = 10, .to = 12, .batch = 1, .max_length = 8, .opened = on_opened
    };

    run->compute = kn_compute_new(options);
    if (run->compute == NULL)
        return false;
    run->one->then = run->other->then = step_it;
    wish.arg = run->one;
    run->one->session = kn_session_open(run->compute, &wish);
    wish.arg = run->other;
    run->other->session = kn_session_open(run->compute, &wish);
    run->forwarded->forward = kn_forward_start(run->compute, 10, 12, 1, &step);
    settle(bench);
    return run->one->session != NULL && run->other->session != NULL;
}

static void check_told(const struct client *client, enum kn_code want)
{
    CHECK("what was given is told", client->session == NULL || client->opened == 1);
    CHECK_EQ("each step is released once", client->released, client->done);
    CHECK("nothing but memory",
          client->done == 0 || client->code == want || client->code == KN_E_NO_MEMORY);
}

static void whichever_allocation_fails_it_is_told_and_nothing_is_lost(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    const struct kn_compute_options options = { .loop = bench->loop,
                                                .runner = &bench->runner,
                                                .decoder = &bench->decoder,
                                                .first = FIRST,
                                                .count = BLOCKS,
                                                .cache_bytes = 1 << 20,
                                                .max_length = 64 };
    long tries = 0;
    bool burnt = true;

    (void)state;
    for (; burnt; tries++) {
        struct run run = { NULL, new_client(bench), new_client(bench), new_client(bench) };

        run.one->hidden[1] = FAKE_BAD;
        bench->runner.n = 0;
        kn_fuse = tries;
        (void)use(bench, &run, &options);
        burnt = kn_fuse < 0;
        kn_fuse = -1;
        check_told(run.one, KN_E_INVALID);
        check_told(run.other, KN_OK);
        CHECK("forward", run.forwarded->released == run.forwarded->done);
        CHECK("forward", run.compute == NULL || run.forwarded->forward == NULL);
        CHECK("right",
              run.other->done == 0 || run.other->code != KN_OK || run.other->hidden[0] == 2);
        CHECK("whole", burnt || (run.one->code == KN_E_INVALID && run.other->code == KN_OK &&
                                 run.forwarded->code == KN_OK && run.forwarded->done == 1));
        if (run.one->session != NULL)
            kn_session_close(run.one->session);
        run.one->session = NULL;
        free_client(run.other);
        free_client(run.one);
        free_client(run.forwarded);
        kn_compute_free(run.compute);
        CHECK_EQ("no cache is left", fake_caches, 0);
    }
    CHECK("some have failed", tries > 10);
    free_bench(bench);
}

static void measuring_without_memory_is_told(void **state)
{
    static struct kn_runner runner;
    const struct kn_decoder decoder = { .hidden = 4 };
    const struct kn_speed_wish wish = {
        .runner = &runner, .decoder = &decoder, .to = 1, .batch = 2, .budget_ms = 60000
    };
    struct kn_speed_measured got;
    long tries = 0;
    bool burnt = true;

    (void)state;
    fake_runner_start(&runner, 4);
    for (; burnt; tries++) {
        struct kn_error err = { 0 };
        enum kn_code rc;

        runner.n = 0;
        kn_fuse = tries;
        rc = kn_speed_measure(&wish, &got, &err);
        burnt = kn_fuse < 0;
        kn_fuse = -1;
        CHECK_EQ("told", rc, burnt ? KN_E_NO_MEMORY : KN_OK);
        CHECK_STR("text", err.text, burnt ? "out of memory" : "");
        CHECK_EQ("no cache is left", fake_caches, 0);
    }
    CHECK_EQ("each has failed", tries, 1 + 1 + 3 * 3);
    fake_runner_done(&runner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whichever_allocation_fails_it_is_told_and_nothing_is_lost),
        cmocka_unit_test(measuring_without_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
