/* Dials: each way to end comes once, and none after cancel. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_fixture.h"

struct attempt {
    struct kn_loop *loop;
    struct kn_dial *dial;
    struct attempt *other; /* cancelled in our callback */
    unsigned done;
    enum kn_code code;
    struct kn_tcp *tcp;
};

static void on_done(void *arg, enum kn_code code, struct kn_tcp *tcp)
{
    struct attempt *attempt = arg;

    attempt->done++;
    attempt->code = code;
    attempt->tcp = tcp;
    if (attempt->other != NULL)
        kn_dial_cancel(attempt->other->dial);
}

static enum kn_code start(struct attempt *attempt, const struct kn_endpoint *to, int timeout_ms)
{
    return kn_dial_start(attempt->loop, to, timeout_ms, on_done, attempt, &attempt->dial);
}

/* A socket of the system on a free port; listening when `backlog` is not negative. */
static int raw_server(int backlog, struct kn_endpoint *at)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *at = loopback(false);
    memcpy(&address.sin_addr, at->ip, 4);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    at->port = ntohs(address.sin_port);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void a_listener_is_reached(void **state)
{
    struct attempt attempt = { .loop = new_loop() };
    struct kn_endpoint at;
    int fd = raw_server(8, &at);

    (void)state;
    CHECK_EQ("start", start(&attempt, &at, PATIENCE_MS), KN_OK);
    CHECK_EQ("not from start", attempt.done, 0);
    kn_loop_run(attempt.loop); /* ends: a connection nobody reads from keeps nothing alive */
    CHECK_EQ("done", attempt.done, 1);
    CHECK_EQ("code", attempt.code, KN_OK);
    CHECK("tcp", attempt.tcp != NULL);
    kn_tcp_free(attempt.tcp);
    kn_loop_free(attempt.loop);
    assert_int_equal(close(fd), 0);
}

static void a_port_where_nobody_listens_refuses(void **state)
{
    struct attempt attempt = { .loop = new_loop() };
    struct kn_endpoint at;
    int fd = raw_server(-1, &at);

    (void)state;
    CHECK_EQ("start", start(&attempt, &at, PATIENCE_MS), KN_OK);
    CHECK_EQ("not from start", attempt.done, 0);
    kn_loop_run(attempt.loop);
    CHECK_EQ("done", attempt.done, 1);
    CHECK_EQ("code", attempt.code, KN_E_REFUSED);
    CHECK("tcp", attempt.tcp == NULL);
    kn_loop_free(attempt.loop);
    assert_int_equal(close(fd), 0);
}

/* With its backlog full the system leaves further dials without an answer. */
static void no_answer_ends_at_the_deadline(void **state)
{
    enum { FILL = 4 };
    struct attempt fill[FILL], late = { .loop = new_loop() };
    struct kn_endpoint at;
    kn_time before;
    int fd = raw_server(0, &at);

    (void)state;
    for (size_t i = 0; i < FILL; i++) {
        fill[i] = (struct attempt){ .loop = late.loop };
        CHECK_EQ("fill", start(&fill[i], &at, 100), KN_OK);
    }
    kn_loop_run(late.loop);
    before = kn_loop_now(late.loop);
    CHECK_EQ("start", start(&late, &at, 40), KN_OK);
    kn_loop_run(late.loop);
    CHECK_EQ("done", late.done, 1);
    CHECK_EQ("code", late.code, KN_E_TIMEOUT);
    CHECK("tcp", late.tcp == NULL);
    CHECK("waited", kn_loop_now(late.loop) >= before + 40);
    for (size_t i = 0; i < FILL; i++) {
        CHECK_EQ("fill", fill[i].done, 1);
        kn_tcp_free(fill[i].tcp);
    }
    kn_loop_free(late.loop);
    assert_int_equal(close(fd), 0);
}

static void after_cancel_nothing_comes(void **state)
{
    static const char *const names[] = { "somebody listens", "nobody listens" };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(names); i++) {
        struct attempt attempt = { .loop = new_loop() };
        struct kn_endpoint at;
        int fd = raw_server(i == 0 ? 8 : -1, &at);

        CHECK_EQ(names[i], start(&attempt, &at, 1), KN_OK);
        kn_dial_cancel(attempt.dial);
        kn_loop_run(attempt.loop);
        CHECK_EQ(names[i], attempt.done, 0);
        kn_loop_free(attempt.loop);
        assert_int_equal(close(fd), 0);
    }
    kn_dial_cancel(NULL);
}

static void one_may_be_cancelled_in_the_callback_of_another(void **state)
{
    struct attempt first = { .loop = new_loop() }, second = { .loop = first.loop };
    struct kn_endpoint at;
    int fd = raw_server(8, &at);

    (void)state;
    first.other = &second;
    second.other = &first;
    CHECK_EQ("first", start(&first, &at, PATIENCE_MS), KN_OK);
    CHECK_EQ("second", start(&second, &at, PATIENCE_MS), KN_OK);
    kn_loop_run(first.loop);
    CHECK_EQ("one of both", first.done + second.done, 1);
    kn_tcp_free(first.tcp);
    kn_tcp_free(second.tcp);
    kn_loop_free(first.loop);
    assert_int_equal(close(fd), 0);
}

static void a_start_that_fails_stays_silent(void **state)
{
    struct attempt attempt = { .loop = new_loop() };
    /* A link-local address whose interface does not exist. */
    struct kn_endpoint at = { .is_ip6 = true, .ip = { 0xfe, 0x80, [15] = 1 }, .port = 9 };
    enum kn_code rc;

    (void)state;
    at.zone = 999999;
    rc = start(&attempt, &at, PATIENCE_MS);
    CHECK("refused at once", rc == KN_E_IO || rc == KN_E_UNREACHABLE);
    CHECK("no handle", attempt.dial == NULL);
    kn_loop_run(attempt.loop);
    CHECK_EQ("done", attempt.done, 0);
    kn_loop_free(attempt.loop);
}

static void a_loop_may_end_before_its_dials(void **state)
{
    struct attempt attempt = { .loop = new_loop() };
    struct kn_endpoint at;
    int fd = raw_server(8, &at);

    (void)state;
    CHECK_EQ("start", start(&attempt, &at, PATIENCE_MS), KN_OK);
    kn_loop_stop(attempt.loop);
    kn_dial_cancel(attempt.dial);
    kn_loop_free(attempt.loop);
    CHECK_EQ("done", attempt.done, 0);
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_is_reached),
        cmocka_unit_test(a_port_where_nobody_listens_refuses),
        cmocka_unit_test(no_answer_ends_at_the_deadline),
        cmocka_unit_test(after_cancel_nothing_comes),
        cmocka_unit_test(one_may_be_cancelled_in_the_callback_of_another),
        cmocka_unit_test(a_start_that_fails_stays_silent),
        cmocka_unit_test(a_loop_may_end_before_its_dials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
