#include "network/swarm/peer_store.h"

#include "lib/base/memory.h"
#include "support/hosts.h"

#define ID "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define OTHER "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"

struct taken {
    struct kn_text text; /* written again */
    size_t n;
};

static void take(void *arg, const struct kn_peer_store_entry *entry)
{
    struct taken *taken = arg;

    taken->n++;
    kn_peer_store_write(entry, &taken->text);
}

static void lines_are_read_or_passed_over(void **state)
{
    static const struct {
        const char *name, *text, *again; /* NULL: the same */
        size_t passed_over;
    } cases[] = {
        { "nothing", "", NULL, 0 },
        { "one", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1700000000\n", NULL, 0 },
        { "two", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 0\n/dns/a.test/tcp/1/p2p/" OTHER " 5\n", NULL,
          0 },
        { "through a relay", "/ip4/192.0.2.1/tcp/1/p2p/" OTHER "/p2p-circuit/p2p/" ID " 7\n", NULL,
          0 },
        { "no end of line", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1",
          "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1\n", 0 },
        { "lines of another system", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1\r\n",
          "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1\n", 0 },
        { "remarks and empty lines", "# 1\n\n\r\n#\n", "", 0 },
        { "no moment", "/ip4/192.0.2.1/tcp/4001/p2p/" ID "\n", "", 1 },
        { "an empty moment", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " \n", "", 1 },
        { "a moment before all", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " -1\n", "", 1 },
        { "a moment that is none", "/ip4/192.0.2.1/tcp/4001/p2p/" ID " soon\n", "", 1 },
        { "a moment that no number holds",
          "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 99999999999999999999\n", "", 1 },
        { "an endless moment",
          "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 111111111111111111111111111111\n", "", 1 },
        { "nobody", "/ip4/192.0.2.1/tcp/4001 1\n", "", 1 },
        { "somebody nowhere", "/p2p/" ID " 1\n", "", 1 },
        { "no address", "hello 1\n", "", 1 },
        { "a space too many", "/ip4/192.0.2.1/tcp/4001/p2p/" ID "  1\n", "", 1 },
        { "bad among good",
          "x\n/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1\n\xff\xfe 1\n/ip4/192.0.2.2/tcp/1/p2p/" ID
          " 2\n",
          "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1\n/ip4/192.0.2.2/tcp/1/p2p/" ID " 2\n", 2 },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        const char *want = cases[i].again != NULL ? cases[i].again : cases[i].text;
        struct kn_peer_store_counts counts;
        struct taken taken = { .n = 0 };

        kn_peer_store_read(kn_span_text(cases[i].text), take, &taken, &counts);
        CHECK_STR(cases[i].name, kn_text_get(&taken.text), want);
        CHECK_EQ(cases[i].name, counts.taken, taken.n);
        CHECK_EQ(cases[i].name, counts.passed_over, cases[i].passed_over);
        kn_text_done(&taken.text);
    }
}

static void count_only(void *arg, const struct kn_peer_store_entry *entry)
{
    size_t *n = arg;

    (void)entry;
    (*n)++;
}

static void what_is_read_is_bounded(void **state)
{
    static const char line[] = "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 1\n";
    struct kn_peer_store_counts counts;
    struct kn_text text = { 0 };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < KN_PEER_STORE_LINES_MAX + 2; i++)
        kn_text_add(&text, line);
    kn_peer_store_read(kn_span_text(kn_text_get(&text)), count_only, &n, &counts);
    CHECK_EQ("lines", n, KN_PEER_STORE_LINES_MAX);
    CHECK_EQ("more lines", counts.passed_over, 2);
    kn_text_cut(&text, 0);
    kn_text_fill(&text, '\n', KN_PEER_STORE_TEXT_MAX - sizeof(line) + 1);
    kn_text_add(&text, line);
    kn_text_add(&text, line);
    kn_peer_store_read(kn_span_text(kn_text_get(&text)), count_only, &n, &counts);
    CHECK_EQ("bytes", counts.taken, 1);
    kn_text_cut(&text, 0);
    kn_text_add(&text, "/dns/");
    kn_text_fill(&text, 'a', KN_PEER_STORE_LINE_MAX);
    kn_text_add(&text, "/tcp/1/p2p/" ID " 1\n");
    kn_peer_store_read(kn_span_text(kn_text_get(&text)), count_only, &n, &counts);
    CHECK_EQ("a long line", counts.passed_over, 1);
    kn_text_done(&text);
}

static void what_has_no_text_is_not_written(void **state)
{
    static const uint8_t unknown[] = { 0xff, 0x01, 0 };
    static const uint8_t line[] = { 53, 3, 'a', '\n', 'b', 6, 0, 1 };
    static const uint8_t nul[] = { 53, 3, 'a', 0, 'b', 6, 0, 1 };
    static const uint8_t empty[] = { 53, 0, 6, 0, 1 };
    static const uint8_t good[] = { 53, 3, 'a', '.', 'b', 6, 0, 1 };
    struct kn_peer_store_entry entry = { .address = { unknown, sizeof(unknown) }, .seen = 1 };
    struct kn_text text = { 0 };

    (void)state;
    CHECK_EQ("id", kn_peer_id_parse(ID, strlen(ID), &entry.peer, NULL), KN_OK);
    kn_text_add(&text, "# head\n");
    kn_peer_store_write(&entry, &text);
    CHECK_STR("unknown", kn_text_get(&text), "# head\n");
    entry.address = kn_span(line, sizeof(line));
    kn_peer_store_write(&entry, &text);
    CHECK_STR("the end of a line", kn_text_get(&text), "# head\n");
    entry.address = kn_span(nul, sizeof(nul));
    kn_peer_store_write(&entry, &text);
    CHECK_STR("the end of a text", kn_text_get(&text), "# head\n");
    entry.address = kn_span(empty, sizeof(empty));
    kn_peer_store_write(&entry, &text);
    CHECK_STR("an empty name", kn_text_get(&text), "# head\n");
    entry.address = kn_span(good, sizeof(good));
    kn_peer_store_write(&entry, &text);
    CHECK_STR("a name", kn_text_get(&text), "# head\n/dns/a.b/tcp/1/p2p/" ID " 1\n");
    kn_text_done(&text);
}

/* What one host knows, another learns. */
static void what_a_host_knows_survives(void **state)
{
    enum { NOW = 1700000000 };
    struct kn_span addresses[KN_HOST_ADDRESSES_MAX];
    struct kn_peer_store_counts counts;
    struct kn_text text = { 0 }, old = { 0 };
    struct kn_endpoint nowhere = { .ip = { 192, 0, 2, 1 }, .port = 4001 };
    struct kn_peer_id stranger;
    struct net_wait wait;
    struct net net;

    (void)state;
    CHECK_EQ("id", kn_peer_id_parse(ID, strlen(ID), &stranger, NULL), KN_OK);
    net_start(&net, 3, 0);
    net_learn_endpoint(&net, 0, &stranger, &nowhere);
    (void)net_join(&net, 0, 1);
    kn_peer_store_export(net.at[0].host, &(struct kn_peer_store_choice){ .unix_now = NOW }, &text);
    CHECK("who answered comes first",
          strstr(kn_text_get(&text), "/ip4/127.0.0.1/") == kn_text_get(&text));
    CHECK_HAS("who was heard of", kn_text_get(&text), "/ip4/192.0.2.1/tcp/4001/p2p/" ID " 17");
    kn_text_add(&text, "nonsense\n");
    kn_peer_store_import(net.at[2].host, kn_span_text(kn_text_get(&text)), NOW, &counts);
    CHECK_EQ("taken", counts.taken, 2);
    CHECK_EQ("passed over", counts.passed_over, 1);
    CHECK_EQ("learned", kn_host_addresses(net.at[2].host, &stranger, addresses), 1);
    net_connect(&net, 2, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "connected", wait.calls == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    kn_text_addf(&old, "/ip4/192.0.2.9/tcp/1/p2p/" ID " %d\n", NOW - KN_PEER_STORE_AGE_MAX_S - 1);
    kn_text_addf(&old, "/ip4/192.0.2.8/tcp/1/p2p/" ID " %d\n", NOW - KN_PEER_STORE_AGE_MAX_S);
    kn_peer_store_import(net.at[2].host, kn_span_text(kn_text_get(&old)), NOW, &counts);
    CHECK_EQ("not too old", counts.taken, 1);
    CHECK_EQ("too old", counts.passed_over, 1);
    kn_text_done(&text);
    kn_text_done(&old);
    net_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_or_passed_over),
        cmocka_unit_test(what_is_read_is_bounded),
        cmocka_unit_test(what_has_no_text_is_not_written),
        cmocka_unit_test(what_a_host_knows_survives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
