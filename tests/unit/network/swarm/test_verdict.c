#include "network/swarm/verdict.h"

#include "support/check.h"

static struct kn_peer_id peer_of(unsigned number)
{
    struct kn_peer_id id = { .kind = KN_PEER_ID_HASHED, .n = 34, .bytes = { 0x12, 0x20 } };

    id.bytes[2] = (uint8_t)number;
    return id;
}

/* One vote; the peer's number, "+" for reached at "a", "b" for reached at "b", "-" for not. */
static bool vote(struct kn_verdict *verdict, unsigned peer, char what, kn_time now)
{
    struct kn_peer_id id = peer_of(peer);
    struct kn_span where = what == 'b' ? kn_span_text("b") : kn_span_text("a");

    return kn_verdict_vote(verdict, &id, what != '-', where, now);
}

static void a_verdict_needs_peers_that_agree(void **state)
{
    static const struct {
        const char *name;
        unsigned agree;
        const char *votes; /* peer and vote, peer and vote … */
        enum kn_reachability want;
    } cases[] = {
        { "nobody", 0, "", KN_REACHABILITY_UNKNOWN },
        { "two are too few", 0, "1+2+", KN_REACHABILITY_UNKNOWN },
        { "three reached us", 0, "1+2+3+", KN_REACHABILITY_PUBLIC },
        { "three could not", 0, "1-2-3-", KN_REACHABILITY_PRIVATE },
        { "one that says it three times is one", 0, "1+1+1+", KN_REACHABILITY_UNKNOWN },
        { "three against two", 0, "1+2-3+4-5+", KN_REACHABILITY_PUBLIC },
        { "three against three stays", 0, "1+2+3+4-5-6-", KN_REACHABILITY_PUBLIC },
        { "four against three turns", 0, "1+2+3+4-5-6-7-", KN_REACHABILITY_PRIVATE },
        { "the same say the contrary", 0, "1+2+3+1-2-3-", KN_REACHABILITY_PRIVATE },
        { "two take it back: it stays", 0, "1+2+3+1-2-", KN_REACHABILITY_PUBLIC },
        { "one is enough", 1, "1-", KN_REACHABILITY_PRIVATE },
        { "wherever it was", 0, "1+2b3+", KN_REACHABILITY_PUBLIC },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct kn_verdict verdict;

        kn_verdict_init(&verdict, cases[i].agree, 0);
        for (const char *at = cases[i].votes; *at != '\0'; at += 2)
            (void)vote(&verdict, (unsigned)(at[0] - '0'), at[1], 0);
        CHECK_EQ(cases[i].name, verdict.now, cases[i].want);
    }
}

static void only_news_are_told(void **state)
{
    struct kn_verdict verdict;

    (void)state;
    kn_verdict_init(&verdict, 2, 0);
    CHECK("first", !vote(&verdict, 1, '+', 0));
    CHECK("second", vote(&verdict, 2, '+', 0));
    CHECK("third", !vote(&verdict, 3, '+', 0));
}

static void an_address_is_confirmed_by_as_many(void **state)
{
    struct kn_verdict verdict;

    (void)state;
    kn_verdict_init(&verdict, 2, 0);
    (void)vote(&verdict, 1, '+', 0);
    CHECK("one", !kn_verdict_confirms(&verdict, kn_span_text("a")));
    (void)vote(&verdict, 2, 'b', 0);
    CHECK("another address", !kn_verdict_confirms(&verdict, kn_span_text("a")));
    (void)vote(&verdict, 3, '+', 0);
    CHECK("two", kn_verdict_confirms(&verdict, kn_span_text("a")));
    CHECK("not that one", !kn_verdict_confirms(&verdict, kn_span_text("b")));
    CHECK("nowhere", !kn_verdict_confirms(&verdict, kn_span(NULL, 0)));
    (void)vote(&verdict, 3, '-', 0);
    CHECK("taken back", !kn_verdict_confirms(&verdict, kn_span_text("a")));
}

static void questions_come_in_their_time(void **state)
{
    struct kn_verdict verdict;
    bool changed;
    kn_time now = 1000 + KN_VERDICT_FIRST_MS;

    (void)state;
    kn_verdict_init(&verdict, 2, 1000);
    CHECK_EQ("first", kn_verdict_deadline(&verdict), now);
    CHECK("too early", !kn_verdict_ask(&verdict, now - 1, &changed));
    CHECK("due", kn_verdict_ask(&verdict, now, &changed));
    CHECK("once", !kn_verdict_ask(&verdict, now, &changed));
    CHECK_EQ("nothing known", kn_verdict_deadline(&verdict), now + KN_VERDICT_RETRY_MS);
    (void)vote(&verdict, 1, '-', now);
    (void)vote(&verdict, 2, '-', now + 5);
    CHECK_EQ("known", kn_verdict_deadline(&verdict), now + 5 + KN_VERDICT_REFRESH_MS);
    CHECK("a change", verdict.now == KN_REACHABILITY_PRIVATE);
}

static void votes_end(void **state)
{
    struct kn_verdict verdict;
    bool changed;

    (void)state;
    kn_verdict_init(&verdict, 2, 0);
    (void)vote(&verdict, 1, '+', 0);
    (void)vote(&verdict, 2, '+', 10);
    (void)kn_verdict_ask(&verdict, KN_VERDICT_VOTE_MS, &changed);
    CHECK("one is left: it stays", !changed && verdict.now == KN_REACHABILITY_PUBLIC);
    CHECK_EQ("one is left", verdict.n, 1);
    (void)kn_verdict_ask(&verdict, KN_VERDICT_VOTE_MS + 10, &changed);
    CHECK("nobody says it any more", changed && verdict.now == KN_REACHABILITY_UNKNOWN);
}

static void votes_are_bounded(void **state)
{
    static const uint8_t large[KN_MULTIADDR_BYTES_MAX + 1];
    struct kn_verdict verdict;
    struct kn_peer_id id = peer_of(99), first = peer_of(0);

    (void)state;
    kn_verdict_init(&verdict, 1, 0);
    for (unsigned i = 0; i < KN_VERDICT_VOTES_MAX; i++)
        (void)vote(&verdict, i, '-', 0);
    CHECK("the oldest is there", kn_verdict_has_asked(&verdict, &first, 0));
    (void)kn_verdict_vote(&verdict, &id, true, kn_span(large, KN_MULTIADDR_BYTES_MAX), 0);
    CHECK_EQ("all", verdict.n, KN_VERDICT_VOTES_MAX);
    CHECK("the oldest went", !kn_verdict_has_asked(&verdict, &first, 0));
    CHECK("longest", kn_verdict_confirms(&verdict, kn_span(large, KN_MULTIADDR_BYTES_MAX)));
    (void)kn_verdict_vote(&verdict, &id, true, kn_span(large, KN_MULTIADDR_BYTES_MAX + 1), 0);
    CHECK_EQ("longer: without it", verdict.votes[verdict.n - 1].address_n, 0);
    CHECK("asked", kn_verdict_has_asked(&verdict, &id, KN_VERDICT_REFRESH_MS - 1));
    CHECK("a while ago", !kn_verdict_has_asked(&verdict, &id, KN_VERDICT_REFRESH_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_needs_peers_that_agree),
        cmocka_unit_test(only_news_are_told),
        cmocka_unit_test(an_address_is_confirmed_by_as_many),
        cmocka_unit_test(questions_come_in_their_time),
        cmocka_unit_test(votes_end),
        cmocka_unit_test(votes_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
