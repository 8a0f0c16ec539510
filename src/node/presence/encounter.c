#include "node/presence/encounter.h"

#include "lib/base/memory.h"
#include "network/swarm/ping.h"

enum { IDENTIFY_WAIT_MS = 50, IDENTIFY_WAITS = 20 };

struct kn_encounter {
    struct kn_encounter_options options;
    struct kn_loop *loop;
    struct kn_connect *connect;
    struct kn_ping *ping;
    struct kn_dht_op *dht;
    struct kn_timer *timer;
    unsigned waits;
    int64_t started_us;
    struct kn_encounter_result result;
};

/* The last step: what the peer says of itself has come by now, or does not come. */
static void on_timer(void *arg)
{
    struct kn_encounter *e = arg;
    const struct kn_peer_facts *facts =
        kn_host_facts(kn_network_host(e->options.network), &e->options.peer);

    if (facts != NULL && !facts->identified && e->waits++ < IDENTIFY_WAITS) {
        kn_timer_set(e->timer, kn_loop_now(e->loop) + IDENTIFY_WAIT_MS);
        return;
    }
    if (facts != NULL)
        e->result.facts = *facts;
    e->options.done(e->options.arg);
}

static void finish(struct kn_encounter *e)
{
    kn_timer_set(e->timer, kn_loop_now(e->loop));
}

static void on_pong(void *arg, const struct kn_dht_pong *pong)
{
    struct kn_encounter *e = arg;

    e->dht = NULL;
    e->result.dht = *pong;
    e->result.dht.text = "";
    finish(e);
}

static void ask_dht(struct kn_encounter *e)
{
    e->result.dht.code =
        kn_dht_ping(kn_network_dht(e->options.network), &e->options.peer,
                    kn_loop_now(e->loop) + e->options.timeout_ms, on_pong, e, &e->dht);
    if (e->result.dht.code != KN_OK)
        finish(e);
}

static void ping_again(struct kn_encounter *e);

static void on_ping(void *arg, enum kn_code code, double ms)
{
    struct kn_encounter *e = arg;

    e->ping = NULL;
    e->result.ping_code = code;
    if (code == KN_OK)
        e->result.ping_ms[e->result.pings++] = ms;
    if (code == KN_OK && e->result.pings < e->options.pings)
        ping_again(e);
    else
        ask_dht(e);
}

static void ping_again(struct kn_encounter *e)
{
    struct kn_connection *connection =
        kn_host_connection(kn_network_host(e->options.network), &e->options.peer);

    if (connection != NULL)
        e->ping = kn_ping_start(connection, e->options.timeout_ms, on_ping, e);
    if (e->ping != NULL)
        return;
    e->result.ping_code = KN_E_CLOSED;
    ask_dht(e);
}

static void on_connected(void *arg, enum kn_code code, struct kn_connection *connection,
                         const struct kn_error *err)
{
    struct kn_encounter *e = arg;

    e->connect = NULL;
    e->result.connect_ms = (double)(kn_loop_clock_us() - e->started_us) / 1000.0;
    if (code != KN_OK) {
        (void)kn_fail(&e->result.error, code, "%s", err != NULL ? err->text : "");
        e->options.done(e->options.arg);
        return;
    }
    (void)kn_host_remote(connection, &e->result.remote);
    ping_again(e);
}

enum kn_code kn_encounter_start(const struct kn_encounter_options *options,
                                struct kn_encounter **out, struct kn_error *err)
{
    struct kn_host *host = kn_network_host(options->network);
    struct kn_encounter *e = kn_try_alloc(sizeof(*e));

    if (e == NULL)
        return kn_fail_no_memory(err);
    e->options = *options;
    e->loop = kn_host_loop(host);
    e->started_us = kn_loop_clock_us();
    e->timer = kn_timer_new(e->loop, on_timer, e);
    if (e->timer == NULL ||
        kn_connect_start(host, &options->peer, KN_REACH_SEARCH, options->timeout_ms, on_connected,
                         e, &e->connect) != KN_OK) {
        kn_encounter_free(e);
        return kn_fail_no_memory(err);
    }
    *out = e;
    return KN_OK;
}

void kn_encounter_free(struct kn_encounter *e)
{
    if (e == NULL)
        return;
    kn_connect_cancel(e->connect);
    kn_ping_cancel(e->ping);
    kn_dht_cancel(e->dht);
    kn_timer_free(e->timer);
    kn_free(e);
}

const struct kn_encounter_result *kn_encounter_result(const struct kn_encounter *e)
{
    return &e->result;
}
