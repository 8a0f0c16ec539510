#include "lib/io/work.h"
#include "support/compute.h"

static struct client *other; /* of a callback that closes somebody else */
static struct client *lead;

static void close_other(struct client *client)
{
    (void)client;
    if (other != NULL)
        close_client(other);
    other = NULL;
}

static void nothing_comes_after_closing(void **state)
{
    enum when { OPENING, WAITING, IDLE, READY, DONE_NOT_TOLD, TOLD_NOTHING, TOLD_NEXT };
    static const struct {
        const char *name;
        enum when when;
        unsigned opened, done, released;
    } cases[] = {
        { "before it is opened", OPENING, 0, 0, 0 },
        { "while it waits for room", WAITING, 0, 0, 0 },
        { "with nothing to do", IDLE, 1, 0, 0 },
        { "before its pass", READY, 1, 0, 1 },
        { "before its refusal is told", DONE_NOT_TOLD, 1, 0, 1 },
        { "by another's step, in the same pass", TOLD_NEXT, 1, 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench =
            new_bench((struct kn_compute_options){ .cache_bytes = FAKE_TOKEN_BYTES * 8 * 20 });
        struct client *first = open_client(bench, 10), *client = new_client(bench);
        enum when when = cases[i].when;
        struct kn_compute_state how;

        open_wish(client, (struct kn_session_wish){ .from = FIRST,
                                                    .to = FIRST + BLOCKS,
                                                    .max_length = when == WAITING ? 11 : 10,
                                                    .wait_ms = 60000 });
        if (when > WAITING)
            settle(bench);
        lead = when == TOLD_NEXT ? first : NULL;
        other = client;
        if (lead != NULL) {
            lead->then = close_other;
            step(lead, 1);
        }
        if (when == READY || when == TOLD_NEXT)
            step(client, 1);
        if (when == DONE_NOT_TOLD)
            step(client, 11);
        if (lead == NULL)
            close_client(client);
        settle(bench);
        CHECK_EQ(cases[i].name, client->opened, cases[i].opened);
        CHECK_EQ(cases[i].name, client->done, cases[i].done);
        CHECK_EQ(cases[i].name, client->released, cases[i].released);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.sessions, 1);
        CHECK_EQ(cases[i].name, how.waiting, 0);
        CHECK_EQ(cases[i].name, how.cache_bytes_used, 10 * 8 * FAKE_TOKEN_BYTES);
        free_client(client);
        free_client(first);
        free_bench(bench);
    }
}

static void close_in_pass(struct bench *bench)
{
    struct client *client = bench->arg;
    struct kn_compute_state how;

    close_client(client);
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("its room is its pass's", how.sessions, 2);
    CHECK_EQ("lent on", client->released, 0);
    CHECK("in its pass", bench->runner.is_in_pass);
}

static void what_is_closed_in_its_pass_is_released_behind_it(void **state)
{
    static const uint32_t tokens[] = { 1, 700 }; /* the second in its first piece */

    (void)state;
    for (size_t i = 0; i < KN_COUNT(tokens); i++) {
        struct bench *bench = new_bench((struct kn_compute_options){ 0 });
        struct client *client = ready_client(bench, 1000), *beside = ready_client(bench, 1000);
        struct kn_compute_state how;

        bench->arg = client;
        during_pass(bench, close_in_pass);
        step(client, tokens[i]);
        step(beside, 1);
        settle(bench);
        CHECK_EQ("nothing came", client->done, 0);
        CHECK_EQ("released", client->released, 1);
        CHECK_EQ("one pass", bench->runner.n, 1);
        CHECK_EQ("who went along is done", beside->done, 1);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ("room", how.sessions, 1);
        free_client(client);
        free_client(beside);
        free_bench(bench);
    }
}

static void a_session_may_close_itself_when_it_is_told(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *opened = open_client(bench, 10), *refused = open_client(bench, 9999), *done;

    (void)state;
    opened->then = refused->then = close_client;
    settle(bench);
    CHECK_EQ("told", opened->opened + refused->opened, 2);
    done = ready_client(bench, 10);
    done->then = close_client;
    step(done, 1);
    settle(bench);
    CHECK_EQ("done", done->done, 1);
    CHECK_EQ("released", done->released, 1);
    free_client(opened);
    free_client(refused);
    free_client(done);
    free_bench(bench);
}

static void free_compute(struct bench *bench)
{
    kn_compute_free(bench->compute);
    bench->compute = NULL;
}

static void free_in_pass(struct bench *bench)
{
    CHECK("in its pass", bench->runner.is_in_pass);
    fake_runner_hold(&bench->runner, false);
    free_compute(bench);
    CHECK("waited for", !bench->runner.is_in_pass);
}

static void forget_sessions(struct client *client)
{
    client->session = NULL;
    client->forward = NULL;
}

static void freeing_waits_for_the_pass_and_releases_all_steps(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *running = ready_client(bench, 1000), *ready = new_client(bench),
                  *idle = ready_client(bench, 10), *forwarded = new_client(bench);

    (void)state;
    open_wish(ready, (struct kn_session_wish){ .from = 10, .to = 11, .max_length = 10 });
    settle(bench);
    during_pass(bench, free_in_pass);
    bench->runner.ms = 50;
    step(running, 600);
    step(ready, 1);
    forward(forwarded, 10, 12, (struct kn_step){ .tokens = 3 });
    settle(bench);
    CHECK_EQ("no other pass", bench->runner.n, 1);
    CHECK_EQ("nothing came", running->done + ready->done + forwarded->done, 0);
    CHECK_EQ("released", running->released, 1);
    CHECK_EQ("released", ready->released, 1);
    CHECK_EQ("released", forwarded->released, 1);
    forget_sessions(running);
    forget_sessions(ready);
    forget_sessions(idle);
    free_client(running);
    free_client(ready);
    free_client(idle);
    free_client(forwarded);
    free_bench(bench);
}

static void free_in_callback(struct client *client)
{
    free_compute(client->bench);
    client->session = NULL;
}

static void it_may_be_freed_inside_what_it_calls(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *first = open_client(bench, 10), *second = open_client(bench, 10);

    (void)state;
    first->then = free_in_callback;
    settle(bench);
    CHECK_EQ("the first alone is told", first->opened, 1);
    CHECK_EQ("the first alone is told", second->opened, 0);
    forget_sessions(second);
    free_client(first);
    free_client(second);
    free_bench(bench);

    bench = new_bench((struct kn_compute_options){ 0 });
    first = ready_client(bench, 10);
    second = ready_client(bench, 10);
    first->then = free_in_callback;
    step(first, 1);
    step(second, 1);
    settle(bench);
    CHECK_EQ("first", first->done, 1);
    CHECK_EQ("first", first->released, 1);
    CHECK_EQ("second", second->done, 0);
    CHECK_EQ("second", second->released, 1);
    forget_sessions(second);
    free_client(first);
    free_client(second);
    free_bench(bench);
}

static void freeing_waits_for_one_pass_of_a_forward_only(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = new_client(bench);

    (void)state;
    during_pass(bench, free_in_pass);
    bench->runner.ms = 50;
    forward(client, 10, 18, (struct kn_step){ .tokens = 1000 });
    settle(bench);
    CHECK_EQ("one of many", bench->runner.n, 1);
    CHECK_EQ("nothing came", client->done, 0);
    CHECK_EQ("released", client->released, 1);
    free_client(client);
    free_bench(bench);
}

/* A work that is asked for begins later, on no thread yet. */
static struct {
    bool is_kept;
    void (*work)(void *arg);
    void (*done)(void *arg, enum kn_code code);
    void *arg;
} kept;

enum kn_code __real_kn_work_start(struct kn_loop *loop, void (*work)(void *arg),
                                  void (*done)(void *arg, enum kn_code code), void *arg);
enum kn_code __wrap_kn_work_start(struct kn_loop *loop, void (*work)(void *arg),
                                  void (*done)(void *arg, enum kn_code code), void *arg);

enum kn_code __wrap_kn_work_start(struct kn_loop *loop, void (*work)(void *arg),
                                  void (*done)(void *arg, enum kn_code code), void *arg)
{
    if (!kept.is_kept)
        return __real_kn_work_start(loop, work, done, arg);
    kept.work = work;
    kept.done = done;
    kept.arg = arg;
    return KN_OK;
}

/* The thread of the pass is slow to begin: meanwhile all is freed. */
static void a_pass_that_did_not_begin_never_does(void **state)
{
    static const int64_t same[] = { 0 };
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    struct client *client = ready_client(bench, 10);

    (void)state;
    kept.is_kept = true;
    step_of(client, (struct kn_step){ .position = -1, .tokens = 1, .hypo = same });
    settle(bench);
    CHECK("begun, to whom it is asked for", kept.work != NULL);
    kept.is_kept = false;
    free_compute(bench);
    CHECK_EQ("released", client->released, 1);
    CHECK_EQ("work", __real_kn_work_start(bench->loop, kept.work, kept.done, kept.arg), KN_OK);
    settle(bench);
    CHECK_EQ("no pass", bench->runner.n, 0);
    CHECK_EQ("nor what comes before", fake_permutations, 0);
    CHECK_EQ("nothing came", client->done, 0);
    forget_sessions(client);
    free_client(client);
    free_bench(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_after_closing),
        cmocka_unit_test(what_is_closed_in_its_pass_is_released_behind_it),
        cmocka_unit_test(a_session_may_close_itself_when_it_is_told),
        cmocka_unit_test(freeing_waits_for_the_pass_and_releases_all_steps),
        cmocka_unit_test(freeing_waits_for_one_pass_of_a_forward_only),
        cmocka_unit_test(it_may_be_freed_inside_what_it_calls),
        cmocka_unit_test(a_pass_that_did_not_begin_never_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
