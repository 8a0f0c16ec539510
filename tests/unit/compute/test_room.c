#include "support/compute.h"

/* A cache for 100 tokens of one block. */
static struct bench *small_bench(void)
{
    return new_bench((struct kn_compute_options){ .cache_bytes = 100 * FAKE_TOKEN_BYTES });
}

/* For that many tokens of one block. */
static struct client *ask(struct bench *bench, uint32_t tokens, int wait_ms)
{
    struct client *client = new_client(bench);

    open_wish(client,
              (struct kn_session_wish){
                  .from = FIRST, .to = FIRST + 1, .max_length = tokens, .wait_ms = wait_ms });
    return client;
}

static void a_wish_that_cannot_be_served_is_refused_with_the_bound(void **state)
{
    static const struct {
        const char *name;
        struct kn_session_wish wish;
        enum kn_code code;
        const char *text;
    } cases[] = {
        { "all of it", { .from = 10, .to = 11, .batch = 1, .max_length = 100 }, KN_OK, "" },
        { "two blocks", { .from = 12, .to = 14, .batch = 1, .max_length = 50 }, KN_OK, "" },
        { "a batch", { .from = 17, .to = 18, .batch = 4, .max_length = 25 }, KN_OK, "" },
        { "no token", { .from = 10, .to = 18, .batch = 1 }, KN_OK, "" },
        { "one token more",
          { .from = 10, .to = 11, .batch = 1, .max_length = 101 },
          KN_E_LIMIT,
          "no room in the cache for 101 tokens of 1 block: 100 are all there is" },
        { "a batch, one more",
          { .from = 10, .to = 12, .batch = 3, .max_length = 17 },
          KN_E_LIMIT,
          "no room in the cache for 51 tokens of 2 blocks: 50 are all there is" },
        { "before the first",
          { .from = 9, .to = 11, .batch = 1 },
          KN_E_RANGE,
          "blocks 9-10 are not served here: 10-17 are" },
        { "behind the last",
          { .from = 17, .to = 19, .batch = 1 },
          KN_E_RANGE,
          "blocks 17-18 are not served here: 10-17 are" },
        { "no block",
          { .from = 12, .to = 12, .batch = 1 },
          KN_E_RANGE,
          "blocks 12 to 12 (exclusive) are none" },
        { "backwards",
          { .from = 14, .to = 12, .batch = 1 },
          KN_E_RANGE,
          "blocks 14 to 12 (exclusive) are none" },
        { "far away",
          { .from = 10, .to = UINT32_MAX, .batch = 1 },
          KN_E_RANGE,
          "blocks 10-4294967294 are not served here: 10-17 are" },
        { "too many rows",
          { .from = 10, .to = 11, .batch = 1025 },
          KN_E_RANGE,
          "a batch of 1025 is outside 1 to 1024" },
        { "too long",
          { .from = 10, .to = 11, .batch = 1, .max_length = 8193 },
          KN_E_RANGE,
          "Maximum length exceeded: 8193 tokens are more than 8192" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct bench *bench = small_bench();
        struct client *client = new_client(bench);
        struct kn_compute_state how;

        open_wish(client, cases[i].wish);
        CHECK_EQ(cases[i].name, client->opened, 0);
        settle(bench);
        CHECK_EQ(cases[i].name, client->opened, 1);
        CHECK_EQ(cases[i].name, client->code, cases[i].code);
        CHECK_STR(cases[i].name, client->text, cases[i].text);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.sessions, cases[i].code == KN_OK);
        free_client(client);
        kn_compute_state(bench->compute, &how);
        CHECK_EQ(cases[i].name, how.sessions, 0);
        CHECK_EQ(cases[i].name, how.cache_bytes_used, 0);
        free_bench(bench);
    }
}

static void who_does_not_wait_is_told_what_is_left(void **state)
{
    struct bench *bench = small_bench();
    struct client *first = ask(bench, 84, 0), *second = ask(bench, 17, 0);
    struct kn_compute_state how;

    (void)state;
    settle(bench);
    CHECK_EQ("first", first->code, KN_OK);
    CHECK_EQ("second", second->code, KN_E_LIMIT);
    CHECK_STR("second", second->text, "no room in the cache for 17 tokens of 1 block: 16 are left");
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("left", how.cache_tokens_left, 16);
    CHECK_EQ("used", how.cache_bytes_used, 84 * FAKE_TOKEN_BYTES);
    CHECK_EQ("told once, for both", bench->rooms, 1);
    free_client(first);
    settle(bench);
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("free again", how.cache_tokens_left, 100);
    CHECK_EQ("told again", bench->rooms, 2);
    free_client(second);
    free_bench(bench);
}

static void who_waits_gets_the_room_of_who_closes(void **state)
{
    struct bench *bench = small_bench();
    struct client *first = ask(bench, 60, 0), *second = ask(bench, 60, 60000);
    struct kn_compute_state how;
    kn_time start = kn_loop_now(bench->loop);

    (void)state;
    first->then = close_client;
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("waiting", how.waiting, 1);
    settle(bench);
    CHECK_EQ("first", first->code, KN_OK);
    CHECK_EQ("second", second->opened, 1);
    CHECK_EQ("second", second->code, KN_OK);
    CHECK("at once", kn_loop_now(bench->loop) < start + 30000);
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("waiting", how.waiting, 0);
    free_client(first);
    free_client(second);
    free_bench(bench);
}

static void who_waits_in_vain_is_told_when_his_time_is_over(void **state)
{
    struct bench *bench = small_bench();
    struct client *first = ask(bench, 60, 0), *late = ask(bench, 60, 60),
                  *early = ask(bench, 50, 20);
    kn_time start = kn_loop_now(bench->loop);

    (void)state;
    settle(bench);
    CHECK("waited", kn_loop_now(bench->loop) >= start + 60);
    CHECK_EQ("refused", early->code, KN_E_LIMIT);
    CHECK_EQ("refused", late->code, KN_E_LIMIT);
    CHECK_STR("text", late->text, "no room in the cache for 60 tokens of 1 block: 40 are left");
    CHECK("each at its time", early->order < late->order);
    free_client(first);
    free_client(late);
    free_client(early);
    free_bench(bench);
}

static uint32_t sessions_of(const struct bench *bench)
{
    struct kn_compute_state how;

    kn_compute_state(bench->compute, &how);
    return how.sessions;
}

/* A small one that comes, gets its room or not, and goes. */
static bool passes(struct bench *bench, uint32_t tokens)
{
    uint32_t before = sessions_of(bench);
    struct client *client = ask(bench, tokens, 0);
    bool passed = sessions_of(bench) > before;

    CHECK_EQ("never told inside", client->opened, 0);
    free_client(client);
    return passed;
}

static void one_that_waits_lets_by_as_much_as_it_wants_itself_and_no_more(void **state)
{
    struct bench *bench = small_bench();
    struct client *first = ask(bench, 50, 0), *huge = ask(bench, 80, 60000), *small;

    (void)state;
    CHECK("30", passes(bench, 30));
    CHECK("what does not fit does not count", !passes(bench, 51));
    CHECK("30 more", passes(bench, 30));
    CHECK("21 would be more than 80", !passes(bench, 21));
    CHECK("20 are not", passes(bench, 20));
    CHECK("1 is", !passes(bench, 1));
    small = ask(bench, 1, 0);
    free_client(first);
    settle(bench);
    CHECK_EQ("refused", small->code, KN_E_LIMIT);
    CHECK_STR("and why", small->text,
              "no room in the cache for 1 tokens of 1 block: "
              "what is left is kept for others who wait");
    CHECK_EQ("the huge one is in", huge->opened, 1);
    CHECK_EQ("the huge one is in", huge->code, KN_OK);
    free_client(small);
    free_client(huge);
    free_bench(bench);
}

static void who_gives_up_no_longer_holds_those_behind(void **state)
{
    struct bench *bench = small_bench();
    struct client *first = ask(bench, 50, 0), *huge = ask(bench, 80, 60000), *small;

    (void)state;
    CHECK("50", passes(bench, 50));
    CHECK("30", passes(bench, 30));
    small = ask(bench, 20, 60000);
    CHECK_EQ("it waits", sessions_of(bench), 1);
    free_client(huge);
    settle(bench);
    CHECK_EQ("it is in", small->opened, 1);
    CHECK_EQ("it is in", small->code, KN_OK);
    free_client(first);
    free_client(small);
    free_bench(bench);
}

static void of_two_that_wait_the_first_is_first(void **state)
{
    struct bench *bench = small_bench();
    struct client *first = ask(bench, 100, 0), *second = ask(bench, 60, 60000),
                  *third = ask(bench, 60, 60000);

    (void)state;
    free_client(first);
    second->then = close_client;
    settle(bench);
    CHECK_EQ("both", second->code, KN_OK);
    CHECK_EQ("both", third->code, KN_OK);
    CHECK("in their order", second->order < third->order);
    free_client(second);
    free_client(third);
    free_bench(bench);
}

static void no_memory_for_a_cache_is_told_and_takes_no_room(void **state)
{
    struct bench *bench = small_bench();
    struct client *client;
    struct kn_compute_state how;

    (void)state;
    fake_cache_fails = true;
    client = ask(bench, 60, 0);
    fake_cache_fails = false;
    settle(bench);
    CHECK_EQ("told", client->code, KN_E_NO_MEMORY);
    CHECK_STR("text", client->text, "memory is short for a cache of 480 bytes");
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("no room", how.cache_bytes_used, 0);
    free_client(client);
    free_bench(bench);
}

static void no_more_than_so_many_are_open_or_wait(void **state)
{
    struct bench *bench = new_bench((struct kn_compute_options){ 0 });
    static struct kn_session *sessions[KN_SESSIONS_MAX + KN_SESSIONS_WAITING_MAX];
    struct client *counter = new_client(bench), *last;
    struct kn_session_wish wish = { .from = FIRST,
                                    .to = FIRST + 1,
                                    .batch = 1,
                                    .max_length = 1,
                                    .wait_ms = 60000,
                                    .opened = on_opened,
                                    .arg = counter };
    struct kn_compute_state how;

    (void)state;
    for (size_t i = 0; i < KN_COUNT(sessions); i++) {
        sessions[i] = kn_session_open(bench->compute, &wish);
        CHECK("given", sessions[i] != NULL);
    }
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("open", how.sessions, KN_SESSIONS_MAX);
    CHECK_EQ("waiting", how.waiting, KN_SESSIONS_WAITING_MAX);
    last = ask(bench, 1, 60000);
    kn_compute_state(bench->compute, &how);
    CHECK_EQ("no more", how.waiting, KN_SESSIONS_WAITING_MAX);
    for (size_t i = 0; i < KN_COUNT(sessions); i++)
        kn_session_close(sessions[i]);
    settle(bench);
    CHECK_EQ("refused", last->code, KN_E_LIMIT);
    CHECK_STR("text", last->text, "1024 others wait for room in the cache");
    free_client(last);
    free_client(counter);
    free_bench(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wish_that_cannot_be_served_is_refused_with_the_bound),
        cmocka_unit_test(who_does_not_wait_is_told_what_is_left),
        cmocka_unit_test(who_waits_gets_the_room_of_who_closes),
        cmocka_unit_test(who_waits_in_vain_is_told_when_his_time_is_over),
        cmocka_unit_test(one_that_waits_lets_by_as_much_as_it_wants_itself_and_no_more),
        cmocka_unit_test(who_gives_up_no_longer_holds_those_behind),
        cmocka_unit_test(of_two_that_wait_the_first_is_first),
        cmocka_unit_test(no_memory_for_a_cache_is_told_and_takes_no_room),
        cmocka_unit_test(no_more_than_so_many_are_open_or_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
