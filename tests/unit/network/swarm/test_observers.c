#include "network/swarm/observers.h"

#include "support/check.h"

static struct kn_peer_id peer_of(unsigned number)
{
    struct kn_peer_id id = { .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };

    id.bytes[2] = (uint8_t)number;
    return id;
}

static struct kn_endpoint ip4(uint8_t first, uint8_t last)
{
    return (struct kn_endpoint){ .ip = { first, 2, 3, last }, .port = 4001 };
}

/* Prefix 2001:db8:0:NET::, host HOST. */
static struct kn_endpoint ip6(uint8_t net, uint8_t host)
{
    return (struct kn_endpoint){ .is_ip6 = true,
                                 .ip = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, net, [15] = host } };
}

static void vote(struct kn_observers *observers, unsigned peer, struct kn_endpoint from,
                 struct kn_endpoint seen, kn_time now)
{
    struct kn_peer_id id = peer_of(peer);

    kn_observers_vote(observers, &id, &from, &seen, now);
}

static void enough_observers_make_a_candidate(void **state)
{
    struct kn_observers observers = { .agree = 0 };
    struct kn_endpoint found[KN_OBSERVERS_FOUND_MAX];

    (void)state;
    for (unsigned i = 1; i < KN_OBSERVERS_AGREE; i++)
        vote(&observers, i, ip4(20, (uint8_t)i), ip4(9, 9), 0);
    CHECK_EQ("one too few", kn_observers_found(&observers, 0, found), 0);
    vote(&observers, KN_OBSERVERS_AGREE, ip4(20, KN_OBSERVERS_AGREE), ip4(9, 9), 0);
    CHECK_EQ("enough", kn_observers_found(&observers, 0, found), 1);
    CHECK_EQ("it", found[0].ip[0], 9);
    CHECK_EQ("without a port", found[0].port, 0);
}

static void one_voice_counts_once(void **state)
{
    static const struct {
        const char *name;
        unsigned peer;
        uint8_t net, host; /* from where */
        size_t want;       /* votes in all */
    } cases[] = {
        { "the same peer elsewhere", 1, 8, 1, 2 },
        { "another peer at the same place", 9, 1, 1, 2 },
        { "another peer in the same network", 9, 1, 200, 2 },
        { "another peer elsewhere", 9, 9, 1, 3 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_observers observers = { .agree = 2 };

        vote(&observers, 1, ip6(1, 1), ip4(9, 9), 0);
        vote(&observers, 2, ip6(2, 1), ip4(9, 9), 0);
        vote(&observers, cases[i].peer, ip6(cases[i].net, cases[i].host), ip4(9, 9), 1);
        CHECK_EQ(cases[i].name, observers.n, cases[i].want);
    }
}

static void what_says_nothing_is_passed_over(void **state)
{
    const struct {
        const char *name;
        struct kn_endpoint from, seen;
        size_t want;
    } cases[] = {
        { "an observer", ip4(20, 1), ip4(9, 9), 1 },
        { "one on this machine", ip4(127, 1), ip4(9, 9), 0 },
        { "seen on this machine", ip4(20, 1), ip4(127, 9), 0 },
        { "seen nowhere", ip4(20, 1), ip4(0, 0), 0 },
        { "seen nowhere in IPv6", ip4(20, 1), { .is_ip6 = true }, 0 },
        { "seen on this machine in IPv6", ip4(20, 1), { .is_ip6 = true, .ip = { [15] = 1 } }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_observers observers = { .agree = 1 };

        vote(&observers, 1, cases[i].from, cases[i].seen, 0);
        CHECK_EQ(cases[i].name, observers.n, cases[i].want);
    }
}

static void both_families_are_found(void **state)
{
    struct kn_observers observers = { .agree = 2 };
    struct kn_endpoint found[KN_OBSERVERS_FOUND_MAX];

    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        vote(&observers, i, ip4(20, (uint8_t)i), ip4(9, 9), 0);
    vote(&observers, 1, ip6(1, 1), ip6(77, 1), 0);
    vote(&observers, 2, ip6(2, 1), ip6(77, 1), 0);
    CHECK_EQ("both", kn_observers_found(&observers, 0, found), 2);
    CHECK("most votes first", !found[0].is_ip6 && found[1].is_ip6);
}

static void votes_end_and_are_bounded(void **state)
{
    struct kn_observers observers = { .agree = 1 };
    struct kn_endpoint found[KN_OBSERVERS_FOUND_MAX];

    (void)state;
    vote(&observers, 1, ip4(20, 1), ip4(9, 9), 0);
    CHECK_EQ("counts", kn_observers_found(&observers, KN_OBSERVERS_VOTE_MS - 1, found), 1);
    CHECK_EQ("has ended", kn_observers_found(&observers, KN_OBSERVERS_VOTE_MS, found), 0);
    for (unsigned i = 0; i <= KN_OBSERVERS_VOTES_MAX; i++)
        vote(&observers, i, ip4(20, (uint8_t)i), ip4((uint8_t)(30 + i), 9), 0);
    CHECK_EQ("votes", observers.n, KN_OBSERVERS_VOTES_MAX);
    CHECK_EQ("candidates", kn_observers_found(&observers, 0, found), KN_OBSERVERS_FOUND_MAX);
    CHECK_EQ("the oldest went", observers.votes[0].seen.ip[0], 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_observers_make_a_candidate),
        cmocka_unit_test(one_voice_counts_once),
        cmocka_unit_test(what_says_nothing_is_passed_over),
        cmocka_unit_test(both_families_are_found),
        cmocka_unit_test(votes_end_and_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
