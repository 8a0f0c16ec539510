/* Connections on loopback: what is sent arrives, ends are told, limits of the system are kept. */
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_fixture.h"

enum { BULK = 50 * 1024 * 1024, CHUNK = 200 * 1000, HIGH_WATER = 1024 * 1024, CROWD = 1000 };

/* How often the system was asked for a connection. */
static unsigned accepts;

int __real_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags)
{
    accepts++;
    return __real_accept4(fd, address, n, flags);
}

/* One end of a connection and what it saw. */
struct side {
    struct pair *pair;
    struct kn_tcp *tcp;
    size_t to_send, sent, received;
    unsigned sent_events, ended;
    bool wrong, is_paused;
    enum kn_code code;
};

struct pair {
    struct kn_loop *loop;
    struct kn_listener *listener;
    struct kn_endpoint at, from;
    struct side near, far; /* near dialled */
    unsigned pauses;
    struct kn_timer *resume;
};

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7);
}

static void stop_when_both(struct pair *pair)
{
    if (pair->near.tcp != NULL && pair->far.tcp != NULL)
        kn_loop_stop(pair->loop);
}

static void accepted(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct pair *pair = arg;

    pair->far.tcp = tcp;
    pair->from = *from;
    stop_when_both(pair);
}

static void dialled(void *arg, enum kn_code code, struct kn_tcp *tcp)
{
    struct pair *pair = arg;

    CHECK_EQ("dial", code, KN_OK);
    pair->near.tcp = tcp;
    stop_when_both(pair);
}

static void connect_pair(struct pair *pair, bool is_ip6)
{
    struct kn_endpoint at = loopback(is_ip6);
    struct kn_error err = { 0 };
    struct kn_dial *dial;

    *pair = (struct pair){ .loop = new_loop() };
    pair->near.pair = pair;
    pair->far.pair = pair;
    CHECK_EQ(err.text, kn_listen(pair->loop, &at, accepted, pair, &pair->listener, &err), KN_OK);
    kn_listener_endpoint(pair->listener, &pair->at);
    CHECK("port", pair->at.port != 0);
    CHECK_EQ("dial", kn_dial_start(pair->loop, &pair->at, PATIENCE_MS, dialled, pair, &dial),
             KN_OK);
    run_loop(pair->loop);
}

static void free_pair(struct pair *pair)
{
    kn_tcp_free(pair->near.tcp);
    kn_tcp_free(pair->far.tcp);
    kn_listener_free(pair->listener);
    kn_timer_free(pair->resume);
    kn_loop_run(pair->loop); /* ends: nothing is left over */
    kn_loop_free(pair->loop);
}

static void push(struct side *side)
{
    static uint8_t chunk[CHUNK];

    while (side->sent < side->to_send && kn_tcp_pending(side->tcp) < HIGH_WATER) {
        size_t n = side->to_send - side->sent < CHUNK ? side->to_send - side->sent : CHUNK;

        for (size_t i = 0; i < n; i++)
            chunk[i] = byte_at(side->sent + i);
        CHECK_EQ("write", kn_tcp_write(side->tcp, kn_span(chunk, n)), KN_OK);
        side->sent += n;
    }
}

static void on_data(void *arg, struct kn_span bytes)
{
    struct side *side = arg;
    struct pair *pair = side->pair;

    CHECK("nothing comes in a pause", !side->is_paused);
    for (size_t i = 0; i < bytes.n; i++)
        side->wrong |= bytes.at[i] != byte_at(side->received + i);
    side->received += bytes.n;
    if (side == &pair->far && pair->resume != NULL && pair->pauses < 5 &&
        side->received > (pair->pauses + 1) * (size_t)(BULK / 6)) {
        pair->pauses++;
        side->is_paused = true;
        kn_tcp_pause(side->tcp, true);
        kn_timer_set(pair->resume, kn_loop_now(pair->loop) + 5);
    }
    if (pair->near.received == pair->far.to_send && pair->far.received == pair->near.to_send)
        kn_loop_stop(pair->loop);
}

static void on_sent(void *arg)
{
    struct side *side = arg;

    side->sent_events++;
    CHECK_EQ("pending", kn_tcp_pending(side->tcp), 0);
    push(side);
}

static void on_ended(void *arg, enum kn_code code)
{
    struct side *side = arg;

    side->ended++;
    side->code = code;
    kn_loop_stop(side->pair->loop);
}

static void begin(struct side *side)
{
    kn_tcp_begin(side->tcp, &(struct kn_tcp_events){ side, on_data, on_sent, on_ended });
}

static void go_on(void *arg)
{
    struct pair *pair = arg;

    pair->far.is_paused = false;
    kn_tcp_pause(pair->far.tcp, false);
}

static void both_ends_know_both_addresses(void **state)
{
    static const bool families[] = { false, true };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(families); i++) {
        struct kn_endpoint near_end, far_end;
        char a[KN_ENDPOINT_TEXT_SIZE], b[KN_ENDPOINT_TEXT_SIZE];
        struct pair pair;

        connect_pair(&pair, families[i]);
        CHECK("local", kn_tcp_local(pair.near.tcp, &near_end));
        CHECK("remote", kn_tcp_remote(pair.far.tcp, &far_end));
        kn_endpoint_print(&near_end, a);
        kn_endpoint_print(&far_end, b);
        CHECK_STR("near", a, b);
        kn_endpoint_print(&pair.from, b);
        CHECK_STR("accepted from", a, b);
        CHECK("remote", kn_tcp_remote(pair.near.tcp, &far_end));
        CHECK_EQ("port", far_end.port, pair.at.port);
        CHECK_EQ("family", far_end.is_ip6, families[i]);
        free_pair(&pair);
    }
}

static void much_goes_both_ways_through_pauses(void **state)
{
    struct pair pair;

    (void)state;
    connect_pair(&pair, false);
    pair.resume = kn_timer_new(pair.loop, go_on, &pair);
    pair.near.to_send = BULK;
    pair.far.to_send = BULK;
    begin(&pair.near);
    begin(&pair.far);
    push(&pair.near);
    push(&pair.far);
    run_loop(pair.loop);
    CHECK_EQ("near", pair.near.received, BULK);
    CHECK_EQ("far", pair.far.received, BULK);
    CHECK("as sent", !pair.near.wrong && !pair.far.wrong);
    CHECK_EQ("paused", pair.pauses, 5);
    CHECK("drained", pair.near.sent_events > 0);
    free_pair(&pair);
}

/* Nobody reads: bytes wait here, then a reader comes and gets all of them in order. */
static void what_the_system_does_not_take_waits(void **state)
{
    struct pair pair;

    (void)state;
    connect_pair(&pair, false);
    pair.near.to_send = 0;
    kn_tcp_pause(pair.far.tcp, true); /* before begin: holds */
    begin(&pair.near);
    begin(&pair.far);
    pair.near.to_send = (size_t)HIGH_WATER * 16;
    while (pair.near.sent < pair.near.to_send) {
        uint8_t some[1000];
        size_t n =
            pair.near.to_send - pair.near.sent < 1000 ? pair.near.to_send - pair.near.sent : 1000;

        for (size_t i = 0; i < n; i++)
            some[i] = byte_at(pair.near.sent + i);
        CHECK_EQ("write", kn_tcp_write(pair.near.tcp, kn_span(some, n)), KN_OK);
        pair.near.sent += n;
    }
    CHECK("pending", kn_tcp_pending(pair.near.tcp) > HIGH_WATER);
    CHECK_EQ("received", pair.far.received, 0);
    kn_tcp_pause(pair.far.tcp, false);
    run_loop(pair.loop);
    CHECK_EQ("received", pair.far.received, pair.near.to_send);
    CHECK("as sent", !pair.far.wrong);
    free_pair(&pair);
}

static void a_side_that_leaves_is_told_once(void **state)
{
    struct pair pair;

    (void)state;
    connect_pair(&pair, false);
    begin(&pair.near);
    CHECK_EQ("bye", kn_tcp_write(pair.far.tcp, kn_span("\0\x1f", 2)), KN_OK);
    kn_tcp_free(pair.far.tcp);
    pair.far.tcp = NULL;
    pair.near.to_send = SIZE_MAX; /* never reached: stops at the end */
    run_loop(pair.loop);
    CHECK_EQ("received", pair.near.received, 2);
    CHECK("as sent", !pair.near.wrong);
    CHECK_EQ("ended", pair.near.ended, 1);
    CHECK_EQ("code", pair.near.code, KN_E_CLOSED);
    CHECK_EQ("after", kn_tcp_write(pair.near.tcp, kn_span("x", 1)), KN_E_CLOSED);
    CHECK_EQ("ended once", pair.near.ended, 1);
    free_pair(&pair);
}

/* A plain client of the system, connected to `at`. */
static int raw_client(const struct kn_endpoint *at)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(at->port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memcpy(&address.sin_addr, at->ip, 4);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void accept_far(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct pair *pair = arg;

    pair->far.tcp = tcp;
    pair->from = *from;
    kn_loop_stop(pair->loop);
}

static void listen_only(struct pair *pair)
{
    struct kn_endpoint at = loopback(false);
    struct kn_error err = { 0 };

    *pair = (struct pair){ .loop = new_loop() };
    pair->near.pair = pair;
    pair->far.pair = pair;
    CHECK_EQ(err.text, kn_listen(pair->loop, &at, accept_far, pair, &pair->listener, &err), KN_OK);
    kn_listener_endpoint(pair->listener, &pair->at);
}

/* Freed while its queue is full, after the other side has made room. */
static void what_waits_at_the_end_is_sent_if_it_fits(void **state)
{
    static uint8_t some[65536];
    size_t room, got = 0;
    struct pair pair;
    bool wrong = false;
    ssize_t n;
    int fd;

    (void)state;
    listen_only(&pair);
    fd = raw_client(&pair.at);
    run_loop(pair.loop);
    begin(&pair.far);
    pair.far.to_send = (size_t)HIGH_WATER * 16;
    push(&pair.far);
    CHECK("pending", kn_tcp_pending(pair.far.tcp) > 0);
    room = pair.far.sent - kn_tcp_pending(pair.far.tcp);
    for (bool is_freed = false; (n = recv(fd, some, sizeof(some), 0)) > 0;) {
        for (ssize_t i = 0; i < n; i++)
            wrong |= some[i] != byte_at(got + (size_t)i);
        got += (size_t)n;
        if (got < room || is_freed)
            continue;
        is_freed = true;
        kn_tcp_free(pair.far.tcp);
        pair.far.tcp = NULL;
        kn_loop_stop(pair.loop);
        kn_loop_run(pair.loop);
    }
    CHECK("the end", n == 0);
    CHECK("as sent", !wrong);
    CHECK("more than had left before", got > room);
    assert_int_equal(close(fd), 0);
    free_pair(&pair);
}

static void accept_the_last(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct pair *pair = arg;

    accept_far(arg, tcp, from);
    kn_listener_free(pair->listener);
    pair->listener = NULL;
}

static void a_listener_may_be_freed_while_it_tells_of_a_connection(void **state)
{
    struct kn_endpoint at = loopback(false);
    struct kn_error err = { 0 };
    struct pair pair = { .loop = new_loop() };
    int fds[2];

    (void)state;
    CHECK_EQ(err.text, kn_listen(pair.loop, &at, accept_the_last, &pair, &pair.listener, &err),
             KN_OK);
    kn_listener_endpoint(pair.listener, &pair.at);
    fds[0] = raw_client(&pair.at);
    fds[1] = raw_client(&pair.at);
    accepts = 0;
    run_loop(pair.loop);
    CHECK("accepted", pair.far.tcp != NULL);
    CHECK_EQ("one of two", accepts, 1);
    free_pair(&pair);
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
}

static void a_reset_ends_the_connection(void **state)
{
    static const struct {
        const char *name;
        bool write_first, paused;
    } cases[] = { { "reading", false, false }, { "writing", true, true } };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
        struct pair pair;
        int fd;

        listen_only(&pair);
        fd = raw_client(&pair.at);
        run_loop(pair.loop);
        kn_tcp_pause(pair.far.tcp, cases[i].paused);
        begin(&pair.far);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        assert_int_equal(close(fd), 0);
        if (cases[i].write_first)
            CHECK_EQ(cases[i].name, kn_tcp_write(pair.far.tcp, kn_span("x", 1)), KN_OK);
        CHECK_EQ(cases[i].name, pair.far.ended, 0); /* never from inside a call */
        run_loop(pair.loop);
        CHECK_EQ(cases[i].name, pair.far.ended, 1);
        CHECK_EQ(cases[i].name, pair.far.code, KN_E_CLOSED);
        CHECK_EQ(cases[i].name, kn_tcp_write(pair.far.tcp, kn_span("x", 1)), KN_E_CLOSED);
        free_pair(&pair);
    }
}

static void free_all(void *arg, struct kn_span bytes)
{
    struct pair *pair = arg;

    (void)bytes;
    kn_tcp_free(pair->near.tcp);
    kn_tcp_free(pair->far.tcp);
    pair->near.tcp = NULL;
    pair->far.tcp = NULL;
}

static void not_after_free(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
    fail();
}

static void a_connection_may_be_freed_while_it_tells_of_data(void **state)
{
    struct pair pair;

    (void)state;
    connect_pair(&pair, false);
    kn_tcp_begin(pair.near.tcp, &(struct kn_tcp_events){ &pair, free_all, NULL, not_after_free });
    kn_tcp_begin(pair.far.tcp, &(struct kn_tcp_events){ &pair, NULL, NULL, not_after_free });
    CHECK_EQ("write", kn_tcp_write(pair.far.tcp, kn_span("x", 1)), KN_OK);
    CHECK_EQ("nothing", kn_tcp_write(pair.far.tcp, kn_span(NULL, 0)), KN_OK);
    kn_listener_free(pair.listener);
    pair.listener = NULL;
    kn_loop_run(pair.loop); /* ends: nothing is left */
    free_pair(&pair);
    kn_tcp_free(NULL);
    kn_listener_free(NULL);
}

/* proves: TR-1/tcp_listener, MS-2.2/1 */
static void places_that_cannot_be_had_are_told(void **state)
{
    struct kn_endpoint elsewhere = { .ip = { 192, 0, 2, 1 }, .port = 0 };
    struct kn_listener *none = NULL;
    struct kn_error err = { 0 };
    struct pair pair;
    char text[KN_ENDPOINT_TEXT_SIZE];

    (void)state;
    listen_only(&pair);
    CHECK_EQ("busy", kn_listen(pair.loop, &pair.at, accept_far, &pair, &none, &err), KN_E_BUSY);
    kn_endpoint_print(&pair.at, text);
    CHECK_HAS("busy", err.text, text);
    CHECK_HAS("busy", err.text, "cannot listen on 127.0.0.1:");
    CHECK_HAS("busy", err.text, "address already in use");
    CHECK_STR("busy", err.hint, "Choose another port, or end the program that uses this one.");
    CHECK_EQ("elsewhere", kn_listen(pair.loop, &elsewhere, accept_far, &pair, &none, &err),
             KN_E_INVALID);
    CHECK_HAS("elsewhere", err.text, "cannot listen on 192.0.2.1:0: ");
    CHECK_STR("elsewhere", err.hint, "Choose an address that this machine has.");
    CHECK("none", none == NULL);
    free_pair(&pair);
}

/* A port that is free for IPv6 may be in use by somebody else for IPv4: then try another. */
static void ip6_leaves_the_port_of_ip4_free(void **state)
{
    struct kn_loop *loop = new_loop();
    struct kn_error err = { 0 };
    enum kn_code rc = KN_E_BUSY;

    (void)state;
    for (int i = 0; i < 20 && rc == KN_E_BUSY; i++) {
        struct kn_endpoint ip6 = { .is_ip6 = true }, ip4 = { 0 };
        struct kn_listener *first, *second;

        CHECK_EQ(err.text, kn_listen(loop, &ip6, accept_far, NULL, &first, &err), KN_OK);
        kn_listener_endpoint(first, &ip6);
        ip4.port = ip6.port;
        rc = kn_listen(loop, &ip4, accept_far, NULL, &second, &err);
        kn_listener_free(first);
        if (rc == KN_OK)
            kn_listener_free(second);
    }
    CHECK_EQ(err.text, rc, KN_OK);
    kn_loop_free(loop);
}

static struct rlimit limit_before;

static void give_descriptors_back(void *arg)
{
    (void)arg;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit_before), 0);
}

static void without_descriptors_peers_wait_and_the_loop_goes_on(void **state)
{
    struct rlimit none;
    struct kn_timer *timer;
    struct pair pair;
    int fd;

    (void)state;
    listen_only(&pair);
    timer = kn_timer_new(pair.loop, give_descriptors_back, NULL);
    kn_timer_set(timer, kn_loop_now(pair.loop) + 20);
    fd = raw_client(&pair.at);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
    none = limit_before;
    none.rlim_cur = 0; /* none that is new */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    accepts = 0;
    run_loop(pair.loop);
    CHECK("accepted later", pair.far.tcp != NULL);
    CHECK("with a rest between", accepts >= 2 && accepts <= 4);
    assert_int_equal(close(fd), 0);
    kn_timer_free(timer);
    free_pair(&pair);
}

/* Many at once: every one is dialled, accepted, and freed. */
struct crowd {
    struct kn_loop *loop;
    struct kn_listener *listener;
    struct kn_tcp *tcps[2 * CROWD];
    size_t n, want, accepted;
};

static void join_crowd(struct crowd *crowd, struct kn_tcp *tcp)
{
    crowd->tcps[crowd->n++] = tcp;
    if (crowd->n == crowd->want)
        kn_loop_stop(crowd->loop);
}

static void crowd_accepted(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    struct crowd *crowd = arg;

    (void)from;
    crowd->accepted++;
    join_crowd(crowd, tcp);
}

static void crowd_dialled(void *arg, enum kn_code code, struct kn_tcp *tcp)
{
    CHECK_EQ("dial", code, KN_OK);
    join_crowd(arg, tcp);
}

static void a_thousand_connections_stand_at_once(void **state)
{
    static struct crowd crowd;
    struct kn_endpoint at = loopback(false);
    struct kn_error err = { 0 };
    struct rlimit limit;
    size_t dials = CROWD;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * CROWD + 100)
        dials = (size_t)(limit.rlim_cur - 100) / 2;
    crowd.loop = new_loop();
    crowd.want = 2 * dials;
    CHECK_EQ(err.text, kn_listen(crowd.loop, &at, crowd_accepted, &crowd, &crowd.listener, &err),
             KN_OK);
    kn_listener_endpoint(crowd.listener, &at);
    for (size_t i = 0; i < dials; i++) {
        struct kn_dial *dial;

        CHECK_EQ("start", kn_dial_start(crowd.loop, &at, PATIENCE_MS, crowd_dialled, &crowd, &dial),
                 KN_OK);
    }
    run_loop(crowd.loop);
    CHECK_EQ("accepted", crowd.accepted, dials);
    for (size_t i = 0; i < crowd.n; i++)
        kn_tcp_free(crowd.tcps[i]);
    kn_listener_free(crowd.listener);
    kn_loop_free(crowd.loop);
}

static void endpoints_print_as_people_write_them(void **state)
{
    static const struct {
        struct kn_endpoint endpoint;
        const char *want;
    } cases[] = {
        { { .ip = { 127, 0, 0, 1 }, .port = 8080 }, "127.0.0.1:8080" },
        { { .ip = { 255, 255, 255, 255 }, .port = 65535 }, "255.255.255.255:65535" },
        { { .port = 0 }, "0.0.0.0:0" },
        { { .ip = { 1, 2, 3, 4 }, .port = 1, .zone = 7 }, "1.2.3.4:1" },
        { { .is_ip6 = true }, "[::]:0" },
        { { .is_ip6 = true, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .port = 8080 },
          "[2001:db8::1]:8080" },
        { { .is_ip6 = true, .ip = { [10] = 0xff, [11] = 0xff, [12] = 9, 8, 7, 6 }, .port = 5 },
          "[::ffff:9.8.7.6]:5" },
        { { .is_ip6 = true, .ip = { 0xfe, 0x80, [15] = 2 }, .port = 1, .zone = 3 },
          "[fe80::2%3]:1" },
        { { .is_ip6 = true,
            .ip = { 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4, 0xf3,
                    0xf2, 0xf1, 0xf0 },
            .port = 65535,
            .zone = UINT32_MAX },
          "[fffe:fdfc:fbfa:f9f8:f7f6:f5f4:f3f2:f1f0%4294967295]:65535" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        char out[KN_ENDPOINT_TEXT_SIZE];

        kn_endpoint_print(&cases[i].endpoint, out);
        CHECK_STR(cases[i].want, out, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_know_both_addresses),
        cmocka_unit_test(much_goes_both_ways_through_pauses),
        cmocka_unit_test(what_the_system_does_not_take_waits),
        cmocka_unit_test(a_side_that_leaves_is_told_once),
        cmocka_unit_test(what_waits_at_the_end_is_sent_if_it_fits),
        cmocka_unit_test(a_listener_may_be_freed_while_it_tells_of_a_connection),
        cmocka_unit_test(a_reset_ends_the_connection),
        cmocka_unit_test(a_connection_may_be_freed_while_it_tells_of_data),
        cmocka_unit_test(places_that_cannot_be_had_are_told),
        cmocka_unit_test(ip6_leaves_the_port_of_ip4_free),
        cmocka_unit_test(without_descriptors_peers_wait_and_the_loop_goes_on),
        cmocka_unit_test(a_thousand_connections_stand_at_once),
        cmocka_unit_test(endpoints_print_as_people_write_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
