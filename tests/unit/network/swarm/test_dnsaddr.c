/* The resolver is a table: kn_resolve_txt_start() is replaced at link time. Every name of a host
 * stands for this machine. */
#include "network/swarm/dnsaddr.h"

#include "lib/base/memory.h"
#include "network/swarm/peer_store.h"
#include "support/hosts.h"

#define ID "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define OTHER "QmQhRuheeCLEsVD3RsnknM75gPDDqxAb8DhnWgro7KhaJc"

struct zone {
    const char *name;
    enum kn_code code;
    const char *texts[4];
};

static const struct zone *zones;
static size_t zone_count, looked_up, cancelled;
static struct kn_timer *pending_timer;

struct kn_resolve {
    kn_resolve_txt_fn *done;
    kn_resolve_fn *found; /* of a host */
    void *arg;
    char name[300];
};
static struct kn_resolve *pending;

enum kn_code __wrap_kn_resolve_txt_start(struct kn_loop *loop, const char *name, int timeout_ms,
                                         kn_resolve_txt_fn *done, void *arg,
                                         struct kn_resolve **out);
enum kn_code __wrap_kn_resolve_start(struct kn_loop *loop, const char *name,
                                     enum kn_resolve_family family, int timeout_ms,
                                     kn_resolve_fn *done, void *arg, struct kn_resolve **out);
void __real_kn_resolve_cancel(struct kn_resolve *resolve);
void __wrap_kn_resolve_cancel(struct kn_resolve *resolve);

enum kn_code __wrap_kn_resolve_txt_start(struct kn_loop *loop, const char *name, int timeout_ms,
                                         kn_resolve_txt_fn *done, void *arg,
                                         struct kn_resolve **out)
{
    (void)loop;
    (void)timeout_ms;
    CHECK("one at a time", pending == NULL);
    if (strcmp(name, "_dnsaddr.broken.test") == 0)
        return KN_E_INVALID;
    pending = kn_try_alloc(sizeof(*pending));
    pending->done = done;
    pending->arg = arg;
    (void)snprintf(pending->name, sizeof(pending->name), "%s", name);
    looked_up++;
    if (pending_timer != NULL)
        kn_timer_set(pending_timer, 0);
    *out = pending;
    return KN_OK;
}

enum kn_code __wrap_kn_resolve_start(struct kn_loop *loop, const char *name,
                                     enum kn_resolve_family family, int timeout_ms,
                                     kn_resolve_fn *done, void *arg, struct kn_resolve **out)
{
    enum kn_code rc = __wrap_kn_resolve_txt_start(loop, name, timeout_ms, NULL, arg, out);

    (void)family;
    (*out)->found = done;
    return rc;
}

void __wrap_kn_resolve_cancel(struct kn_resolve *resolve)
{
    if (resolve == NULL || resolve != pending) {
        __real_kn_resolve_cancel(resolve);
        return;
    }
    cancelled++;
    kn_free(pending);
    pending = NULL;
}

/* Answer the question that waits. */
static void answer(void *arg)
{
    const struct kn_endpoint here = { .ip = { 127, 0, 0, 1 } };
    struct kn_resolve resolve = *pending;
    const struct zone *zone = NULL;
    size_t n = 0;

    (void)arg;
    kn_free(pending);
    pending = NULL;
    if (resolve.found != NULL) {
        resolve.found(resolve.arg, KN_OK, &here, 1);
        return;
    }
    CHECK("asked for its records", strncmp(resolve.name, "_dnsaddr.", 9) == 0);
    for (size_t i = 0; i < zone_count; i++) {
        if (strcmp(zones[i].name, resolve.name + 9) == 0)
            zone = &zones[i];
    }
    while (zone != NULL && n < KN_COUNT(zone->texts) && zone->texts[n] != NULL)
        n++;
    resolve.done(resolve.arg, zone != NULL ? zone->code : KN_E_NOT_FOUND,
                 zone != NULL ? zone->texts : NULL, n);
}

struct outcome {
    struct kn_text found;
    unsigned calls;
    enum kn_code code;
};

static void on_found(void *arg, struct kn_span address)
{
    struct outcome *outcome = arg;

    CHECK_EQ("text", kn_multiaddr_to_text(address, &outcome->found), KN_OK);
    kn_text_add_char(&outcome->found, '\n');
}

static void on_done(void *arg, enum kn_code code)
{
    struct outcome *outcome = arg;

    outcome->calls++;
    outcome->code = code;
}

static struct kn_peer_id peer_of(const char *text)
{
    struct kn_peer_id id;

    CHECK_EQ("id", kn_peer_id_parse(text, strlen(text), &id, NULL), KN_OK);
    return id;
}

static void look(const char *name, struct outcome *outcome)
{
    const struct kn_dnsaddr_events events = { outcome, on_found, on_done };
    struct kn_peer_id peer = peer_of(ID);
    struct kn_dnsaddr *dnsaddr;

    *outcome = (struct outcome){ .calls = 0 };
    looked_up = 0;
    CHECK_EQ(name, kn_dnsaddr_start(NULL, kn_span_text(name), &peer, &events, &dnsaddr), KN_OK);
    CHECK_EQ("later", outcome->calls, 0);
    while (pending != NULL)
        answer(NULL);
    CHECK_EQ("once", outcome->calls, 1);
}

static void records_lead_to_addresses(void **state)
{
    static const struct zone all[] = {
        { "one.test", KN_OK, { "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/" ID } },
        { "mixed.test",
          KN_OK,
          { "v=spf1", "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/" OTHER, "dnsaddr=/ip4/192.0.2.2/tcp/1",
            "dnsaddr=/ip4/192.0.2.3/tcp/1/p2p/" ID } },
        { "broken.records.test", KN_OK, { "dnsaddr=", "dnsaddr=hello", "dnsaddr", "" } },
        { "leads.test",
          KN_OK,
          { "dnsaddr=/dnsaddr/one.test/p2p/" ID, "dnsaddr=/dnsaddr/late.test/p2p/" ID,
            "dnsaddr=/dnsaddr/mixed.test/p2p/" ID, "dnsaddr=/dnsaddr/one.test/p2p/" OTHER } },
        { "late.test", KN_E_TIMEOUT, { NULL } },
        { "circle.test", KN_OK, { "dnsaddr=/dnsaddr/circle.test/p2p/" ID } },
        { "refused.test", KN_OK, { "dnsaddr=/dnsaddr/broken.test/p2p/" ID } },
        { "deep0.test", KN_OK, { "dnsaddr=/dnsaddr/deep1.test/p2p/" ID } },
        { "deep1.test", KN_OK, { "dnsaddr=/dnsaddr/deep2.test/p2p/" ID } },
        { "deep2.test", KN_OK, { "dnsaddr=/dnsaddr/deep3.test/p2p/" ID } },
        { "deep3.test", KN_OK, { "dnsaddr=/dnsaddr/deep4.test/p2p/" ID } },
        { "deep4.test", KN_OK, { "dnsaddr=/dnsaddr/one.test/p2p/" ID } },
    };
    static const struct {
        const char *name, *where, *found;
        enum kn_code code;
        size_t steps;
    } cases[] = {
        { "one", "one.test", "/ip4/192.0.2.1/tcp/1/p2p/" ID "\n", KN_OK, 1 },
        { "of this peer only", "mixed.test", "/ip4/192.0.2.3/tcp/1/p2p/" ID "\n", KN_OK, 1 },
        { "no such name", "nowhere.test", "", KN_E_NOT_FOUND, 1 },
        { "records that say nothing", "broken.records.test", "", KN_E_NOT_FOUND, 1 },
        { "names of names", "leads.test",
          "/ip4/192.0.2.1/tcp/1/p2p/" ID "\n/ip4/192.0.2.3/tcp/1/p2p/" ID "\n", KN_OK, 4 },
        { "no answer", "late.test", "", KN_E_TIMEOUT, 1 },
        { "in a circle", "circle.test", "", KN_E_NOT_FOUND, 1 },
        { "cannot be asked", "refused.test", "", KN_E_INVALID, 1 },
        { "as deep as may be", "deep1.test", "/ip4/192.0.2.1/tcp/1/p2p/" ID "\n", KN_OK, 5 },
        { "deeper", "deep0.test", "", KN_E_NOT_FOUND, 5 },
    };

    (void)state;
    zones = all;
    zone_count = KN_COUNT(all);
    for (size_t i = 0; i < KN_COUNT(cases); i++) {
        struct outcome outcome;

        look(cases[i].where, &outcome);
        CHECK_EQ(cases[i].name, outcome.code, cases[i].code);
        CHECK_STR(cases[i].name, kn_text_get(&outcome.found), cases[i].found);
        CHECK_EQ(cases[i].name, looked_up, cases[i].steps);
        kn_text_done(&outcome.found);
    }
}

static void the_number_of_names_is_bounded(void **state)
{
    enum { ROWS = 13, EACH = 3 };
    static char texts[ROWS][EACH][128];
    static struct zone all[ROWS];
    struct outcome outcome;
    static char names[ROWS][16];

    (void)state;
    /* A tree: three names of each name. */
    for (size_t i = 0; i < ROWS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%zu.test", i);
        all[i] = (struct zone){ .name = names[i], .code = KN_OK };
        for (size_t k = 0; k < EACH; k++) {
            (void)snprintf(texts[i][k], sizeof(texts[i][k]), "dnsaddr=/dnsaddr/n%zu.test/p2p/" ID,
                           i * EACH + k + 1);
            all[i].texts[k] = texts[i][k];
        }
    }
    zones = all;
    zone_count = ROWS;
    look("n0.test", &outcome);
    CHECK_EQ("names", looked_up, KN_DNSADDR_STEPS_MAX);
    CHECK_EQ("nothing", outcome.code, KN_E_NOT_FOUND);
    kn_text_done(&outcome.found);
}

static void a_long_name_is_refused(void **state)
{
    const struct kn_dnsaddr_events events = { NULL, on_found, on_done };
    struct kn_peer_id peer = peer_of(ID);
    struct kn_dnsaddr *dnsaddr = NULL;
    char name[KN_DNSADDR_NAME_MAX + 1];

    (void)state;
    memset(name, 'a', sizeof(name));
    CHECK_EQ("one more",
             kn_dnsaddr_start(NULL, kn_span(name, sizeof(name)), &peer, &events, &dnsaddr),
             KN_E_LIMIT);
    CHECK_EQ("longest",
             kn_dnsaddr_start(NULL, kn_span(name, sizeof(name) - 1), &peer, &events, &dnsaddr),
             KN_OK);
    kn_dnsaddr_cancel(dnsaddr);
    CHECK_EQ("cancelled", cancelled, 1);
}

/* A host that knows its peer by a name only. */
static void a_peer_is_dialled_by_name(void **state)
{
    struct kn_buffer address = { 0 };
    struct kn_endpoint at;
    struct net_wait wait;
    struct net net;
    char text[200], id[KN_PEER_ID_TEXT_SIZE];
    struct zone zone = { "peer.test", KN_OK, { text } };

    (void)state;
    net_start(&net, 2, 0);
    pending_timer = kn_timer_new(net.loop, answer, NULL);
    kn_host_listener(net.at[1].host, 0, &at);
    kn_peer_id_print(net_id(&net, 1), id);
    (void)snprintf(text, sizeof(text), "dnsaddr=/ip4/127.0.0.1/tcp/%u/p2p/%s", (unsigned)at.port,
                   id);
    zones = &zone;
    zone_count = 1;
    CHECK_EQ("address", kn_multiaddr_to_bytes(kn_span_text("/dnsaddr/peer.test"), &address, NULL),
             KN_OK);
    kn_host_learn(net.at[0].host, net_id(&net, 1), kn_buffer_get(&address));
    net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
    RUN_UNTIL(&net, "connected", wait.calls == 1 && net.at[1].connected == 1);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    kn_host_learn(net.at[1].host, net_id(&net, 0), kn_buffer_get(&address));
    kn_host_close(kn_host_connection(net.at[1].host, net_id(&net, 0)));
    RUN_UNTIL(&net, "closed", net.at[1].lost == 1 && net.at[0].lost == 1);
    net_connect(&net, 1, net_id(&net, 0), 5000, &wait);
    RUN_UNTIL(&net, "told", wait.calls == 1);
    CHECK_EQ("of somebody else", wait.code, KN_E_NOT_FOUND);
    kn_buffer_done(&address);
    kn_timer_free(pending_timer);
    pending_timer = NULL;
    net_stop(&net);
}

enum teller { PUBLIC, PRIVATE, LOOPBACK, USER, PUBLIC_THEN_USER, STORE };

static void tell_of(struct net *net, enum teller teller, const char *text)
{
    static const enum kn_scope scopes[] = { [PUBLIC] = KN_SCOPE_PUBLIC,
                                            [PRIVATE] = KN_SCOPE_PRIVATE,
                                            [LOOPBACK] = KN_SCOPE_LOOPBACK,
                                            [PUBLIC_THEN_USER] = KN_SCOPE_PUBLIC };
    struct kn_host *host = net->at[0].host;
    struct kn_buffer address = { 0 };
    struct kn_peer_store_counts counts;
    struct kn_text line = { 0 };

    CHECK_EQ("address", kn_multiaddr_to_bytes(kn_span_text(text), &address, NULL), KN_OK);
    if (teller == STORE) {
        kn_text_addf(&line, "%s 5\n", text);
        kn_peer_store_import(host, kn_span_text(kn_text_get(&line)), 5, &counts);
        CHECK_EQ("taken", counts.taken, 1);
    } else if (teller != USER) {
        kn_host_learn_from(host, net_id(net, 1), kn_buffer_get(&address), scopes[teller]);
    }
    if (teller == USER || teller == PUBLIC_THEN_USER)
        kn_host_learn(host, net_id(net, 1), kn_buffer_get(&address));
    kn_text_done(&line);
    kn_buffer_done(&address);
}

/* Who is outside cannot have us dial a machine inside by giving it a name. */
static void a_name_leads_no_further_inside_than_who_told_of_it(void **state)
{
    static const char too_far[] = "peer.example.org leads further inside than who told of it is";
    static const struct {
        const char *name, *way;
        enum teller teller;
        enum kn_code want;
        const char *text;
    } rows[] = {
        { "outside", "dns4", PUBLIC, KN_E_NOT_FOUND, too_far },
        { "a neighbour", "dns4", PRIVATE, KN_E_NOT_FOUND, too_far },
        { "this machine", "dns4", LOOPBACK, KN_OK, "" },
        { "the user", "dns4", USER, KN_OK, "" },
        { "the user too", "dns4", PUBLIC_THEN_USER, KN_OK, "" },
        { "an earlier run", "dns4", STORE, KN_E_NOT_FOUND, too_far },
        { "outside, by records", "dnsaddr", PUBLIC, KN_E_NOT_FOUND, "nobody knows an address" },
        { "a neighbour, by records", "dnsaddr", PRIVATE, KN_E_NOT_FOUND, "nobody knows" },
        { "the user, by records", "dnsaddr", USER, KN_OK, "" },
    };

    (void)state;
    for (size_t i = 0; i < KN_COUNT(rows); i++) {
        char record[200], text[200], port[20] = "", id[KN_PEER_ID_TEXT_SIZE];
        struct zone zone = { "peer.example.org", KN_OK, { record } };
        struct kn_endpoint at;
        struct net_wait wait;
        struct net net;

        net_start(&net, 2, 0);
        pending_timer = kn_timer_new(net.loop, answer, NULL);
        kn_host_listener(net.at[1].host, 0, &at);
        kn_peer_id_print(net_id(&net, 1), id);
        (void)snprintf(record, sizeof(record), "dnsaddr=/ip4/127.0.0.1/tcp/%u/p2p/%s",
                       (unsigned)at.port, id);
        if (strcmp(rows[i].way, "dnsaddr") != 0)
            (void)snprintf(port, sizeof(port), "/tcp/%u", (unsigned)at.port);
        (void)snprintf(text, sizeof(text), "/%s/peer.example.org%s/p2p/%s", rows[i].way, port, id);
        zones = &zone;
        zone_count = 1;
        tell_of(&net, rows[i].teller, text);
        net_connect(&net, 0, net_id(&net, 1), 5000, &wait);
        RUN_UNTIL(&net, rows[i].name, wait.calls == 1);
        CHECK_EQ(rows[i].name, wait.code, rows[i].want);
        CHECK_HAS(rows[i].name, wait.err.text, rows[i].text);
        CHECK_EQ("refused", kn_host_counters(net.at[0].host)->addresses_refused,
                 rows[i].want != KN_OK);
        kn_timer_free(pending_timer);
        pending_timer = NULL;
        net_stop(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_lead_to_addresses),
        cmocka_unit_test(the_number_of_names_is_bounded),
        cmocka_unit_test(a_long_name_is_refused),
        cmocka_unit_test(a_peer_is_dialled_by_name),
        cmocka_unit_test(a_name_leads_no_further_inside_than_who_told_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
