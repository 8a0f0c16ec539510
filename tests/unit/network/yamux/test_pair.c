#include "lib/base/random.h"
#include "network/yamux/yamux.h"

#include "support/yamux.h"

/* Two sessions back to back, over a pipe that loses nothing and cuts as it likes. */
struct pair {
    struct yamux_side *dialer, *listener;
    size_t cut;  /* bytes that arrive at once */
    size_t most; /* asked of an output at once */
    kn_time now;
};

static struct pair pair_start(size_t cut, size_t most)
{
    return (struct pair){ yamux_start(KN_ROLE_DIALER), yamux_start(KN_ROLE_LISTENER), cut, most,
                          0 };
}

static void pair_stop(struct pair *pair)
{
    yamux_stop(pair->dialer);
    yamux_stop(pair->listener);
}

static bool carry(struct pair *pair, struct yamux_side *from, struct yamux_side *to)
{
    struct kn_buffer wire = { 0 };
    struct kn_span bytes;
    bool any;

    kn_yamux_output(from->y, pair->most, &wire);
    bytes = kn_buffer_get(&wire);
    any = bytes.n > 0;
    while (bytes.n > 0) {
        size_t n = pair->cut < bytes.n ? pair->cut : bytes.n;

        CHECK_EQ("input", kn_yamux_input(to->y, kn_span(bytes.at, n), pair->now, NULL), KN_OK);
        bytes = kn_span(bytes.at + n, bytes.n - n);
    }
    kn_buffer_done(&wire);
    return any;
}

/* Until both are silent. */
static void pump(struct pair *pair)
{
    bool any = true;

    while (any) {
        any = carry(pair, pair->dialer, pair->listener);
        any = carry(pair, pair->listener, pair->dialer) || any;
        pair->now++;
    }
}

static struct yamux_user *user_of(struct yamux_side *side, const struct kn_yamux_stream *stream)
{
    for (size_t i = 0; i < side->count; i++)
        if (side->users[i].stream == stream)
            return &side->users[i];
    fail();
    return NULL;
}

static void eat(struct yamux_side *side, const char *event, struct kn_yamux_stream *stream)
{
    (void)side;
    if (strcmp(event, "data") == 0)
        kn_yamux_consumed(stream, SIZE_MAX);
}

/* Gives back what comes, and ends when the peer does. */
static void echo(struct yamux_side *side, const char *event, struct kn_yamux_stream *stream)
{
    struct yamux_user *user = user_of(side, stream);

    if (strcmp(event, "data") == 0) {
        CHECK_EQ("echo", kn_yamux_write(stream, kn_buffer_get(&user->got)), KN_OK);
        kn_yamux_consumed(stream, user->got.n);
        kn_buffer_clear(&user->got);
    } else if (strcmp(event, "fin") == 0) {
        kn_yamux_finish(stream);
    }
}

static uint8_t byte_at(uint32_t id, size_t i)
{
    return (uint8_t)(id * 31 + i * 7 + (i >> 8) + (i >> 16));
}

static void write_pattern(struct kn_yamux_stream *stream, size_t n)
{
    uint8_t *bytes = malloc(n);

    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(kn_yamux_stream_id(stream), i);
    CHECK_EQ("write", kn_yamux_write(stream, kn_span(bytes, n)), KN_OK);
    free(bytes);
}

static void check_pattern(const char *row, const struct yamux_user *user, size_t n)
{
    struct kn_span got = kn_buffer_get(&user->got);

    CHECK_EQ(row, got.n, n);
    for (size_t i = 0; i < n; i++)
        if (got.at[i] != byte_at(user->id, i))
            CHECK_EQ(row, got.at[i], byte_at(user->id, i));
}

static void two_hundred_streams_at_once_are_echoed(void **state)
{
    static const size_t cuts[] = { 1, 2, 3, 5, 7, 11, 12, 13, 17, 251, 65519, SIZE_MAX };

    (void)state;
    for (size_t k = 0; k < KN_COUNT(cuts); k++) {
        struct pair pair = pair_start(cuts[k], k % 2 == 0 ? SIZE_MAX : 1000);

        pair.dialer->on = eat;
        pair.listener->on = echo;
        for (unsigned i = 0; i < KN_YAMUX_UNACKED_MAX; i++) {
            struct kn_yamux_stream *stream = yamux_open(pair.dialer);

            write_pattern(stream, 1 + i * 7);
            kn_yamux_finish(stream);
        }
        pump(&pair);
        for (unsigned i = 0; i < KN_YAMUX_UNACKED_MAX; i++)
            check_pattern("echo", &pair.dialer->users[i], 1 + i * 7);
        CHECK_EQ("all are gone", kn_yamux_stream_count(pair.dialer->y), 0);
        CHECK_EQ("all are gone", kn_yamux_stream_count(pair.listener->y), 0);
        pair_stop(&pair);
    }
}

/* A short session, cut in two at every byte of what either side sends at first. */
static void a_session_is_the_same_wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 120; cut++) {
        struct pair pair = pair_start(cut, SIZE_MAX);
        struct kn_yamux_stream *a = yamux_open(pair.dialer), *b = yamux_open(pair.listener);

        pair.dialer->on = eat;
        pair.listener->on = echo;
        yamux_write(a, "to be given back");
        yamux_write(b, "from the listener");
        kn_yamux_finish(a);
        CHECK_EQ("ping", kn_yamux_tick(pair.dialer->y, 0), KN_OK);
        pump(&pair);
        CHECK_STR("dialer", pair.dialer->events, "open2 data2 data1 fin1 ended1");
        CHECK_STR("listener", pair.listener->events, "open1 data1 fin1 drain2 ended1");
        pair_stop(&pair);
    }
}

static void five_megabytes_go_both_ways(void **state)
{
    enum { N = 5 << 20 };
    static const size_t cuts[] = { 65519, 4099, 100 };

    (void)state;
    for (size_t k = 0; k < KN_COUNT(cuts); k++) {
        struct pair pair = pair_start(cuts[k], 40000);
        struct kn_yamux_stream *stream = yamux_open(pair.dialer);

        pair.dialer->on = eat;
        pair.listener->on = eat;
        CHECK_EQ("ping", kn_yamux_tick(pair.dialer->y, 0), KN_OK);
        CHECK_EQ("ping", kn_yamux_tick(pair.listener->y, 0), KN_OK);
        pump(&pair);
        write_pattern(stream, N);
        write_pattern(pair.listener->users[0].stream, N);
        pump(&pair);
        check_pattern("there", &pair.listener->users[0], N);
        check_pattern("back", &pair.dialer->users[0], N);
        CHECK_HAS("told", pair.dialer->events, "drain1");
        CHECK_HAS("told", pair.listener->events, "drain1");
        pair_stop(&pair);
    }
}

static void without_credit_exactly_a_window_arrives(void **state)
{
    struct pair pair = pair_start(10007, SIZE_MAX);
    struct kn_yamux_stream *stalled = yamux_open(pair.dialer), *other = yamux_open(pair.dialer);
    struct yamux_user *there;

    (void)state;
    write_pattern(stalled, 300000);
    write_pattern(other, 10);
    kn_yamux_finish(stalled);
    pump(&pair);
    there = user_of(pair.listener, pair.listener->users[0].stream);
    CHECK_EQ("a window", there->got.n, 262144);
    CHECK_EQ("others go on", pair.listener->users[1].got.n, 10);
    CHECK("nothing to send", !kn_yamux_has_output(pair.dialer->y));
    kn_yamux_consumed(there->stream, 131071);
    pump(&pair);
    CHECK_EQ("less than half a window", there->got.n, 262144);
    kn_yamux_consumed(there->stream, 1);
    pump(&pair);
    check_pattern("the rest and the end", there, 300000);
    CHECK_STR("ended", pair.listener->events, "open1 data1 open3 data3 data1 fin1");
    pair_stop(&pair);
}

/* Unless it is finished or full. */
static void write_some(struct kn_yamux_stream *stream, size_t n)
{
    static const uint8_t many[50000];
    enum kn_code rc = kn_yamux_write(stream, kn_span(many, n));

    CHECK("write", rc == KN_OK || rc == KN_E_CLOSED || rc == KN_E_LIMIT);
}

/* A stream of the pair on which anything may happen, chosen by a seed. */
static void do_something(struct yamux_side *side, const struct kn_random *random)
{
    struct yamux_user *user;
    struct kn_yamux_stream *stream = NULL;

    if (side->count == 0 || kn_random_below(random, 4) == 0) {
        if (side->count < 400 && kn_yamux_open(side->y, NULL, &stream) == KN_OK)
            (void)yamux_user(side, stream);
        return;
    }
    user = &side->users[kn_random_below(random, side->count)];
    if (user->stream == NULL)
        return;
    switch (kn_random_below(random, 6)) {
    case 0:
        kn_yamux_finish(user->stream);
        break;
    case 1:
        kn_yamux_reset(user->stream);
        user->stream = NULL;
        break;
    case 2:
    case 3:
        kn_yamux_consumed(user->stream, kn_random_below(random, 200000));
        break;
    default:
        write_some(user->stream, kn_random_below(random, 50000));
        break;
    }
}

static void finish_all(struct yamux_side *side)
{
    for (size_t i = 0; i < side->count; i++)
        if (side->users[i].stream != NULL) {
            kn_yamux_consumed(side->users[i].stream, SIZE_MAX);
            kn_yamux_finish(side->users[i].stream);
        }
    side->on = eat;
}

static void whatever_two_users_do_the_sessions_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        uint64_t generator = seed;
        struct kn_random random = kn_random_seeded(&generator);
        struct pair pair = pair_start(1 + kn_random_below(&random, 3000), 20000);
        char row[32];

        (void)snprintf(row, sizeof(row), "seed %u", (unsigned)seed);
        for (int i = 0; i < 1000; i++) {
            do_something(pair.dialer, &random);
            do_something(pair.listener, &random);
            if (kn_random_below(&random, 3) == 0)
                (void)carry(&pair, pair.dialer, pair.listener);
            if (kn_random_below(&random, 3) == 0)
                (void)carry(&pair, pair.listener, pair.dialer);
            pair.dialer->events[0] = pair.listener->events[0] = '\0';
        }
        pump(&pair);
        CHECK_EQ(row, kn_yamux_stream_count(pair.dialer->y),
                 kn_yamux_stream_count(pair.listener->y));
        finish_all(pair.dialer);
        finish_all(pair.listener);
        pump(&pair);
        CHECK_EQ(row, kn_yamux_stream_count(pair.dialer->y), 0);
        CHECK_EQ(row, kn_yamux_stream_count(pair.listener->y), 0);
        pair_stop(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_streams_at_once_are_echoed),
        cmocka_unit_test(a_session_is_the_same_wherever_it_is_cut),
        cmocka_unit_test(five_megabytes_go_both_ways),
        cmocka_unit_test(without_credit_exactly_a_window_arrives),
        cmocka_unit_test(whatever_two_users_do_the_sessions_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
