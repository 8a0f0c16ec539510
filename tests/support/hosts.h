/*
 * hosts — several hosts on one loop, over loopback, and servers that speak something else.
 *
 * Nothing sleeps: RUN_UNTIL() serves events until its condition holds, or fails after 20 s.
 */
#ifndef KN_TESTS_HOSTS_H
#define KN_TESTS_HOSTS_H

#include "lib/crypto/key.h"
#include "network/swarm/addresses.h"
#include "network/swarm/host.h"
#include "support/check.h"

enum { NET_HOSTS = 12, NET_HELD = 300, NET_DEADLINE_MS = 20000, NET_LOOK_MS = 2 };

struct net_host {
    struct kn_key *key;
    struct kn_host *host;
    unsigned connected, lost;
};

enum net_server { SERVER_SILENT, SERVER_HTTP, SERVER_GREETS, SERVER_CLOSES };

struct net {
    uint64_t seed;
    struct kn_random random;
    struct kn_loop *loop;
    struct kn_timer *look;
    struct net_host at[NET_HOSTS];
    enum net_server server;
    struct kn_listener *listener;
    struct kn_tcp *held[NET_HELD];
    size_t held_count;
};

static inline void net_stop_loop(void *arg)
{
    struct net *net = arg;

    kn_loop_stop(net->loop);
}

static inline void net_turn(struct net *net)
{
    kn_timer_set(net->look, kn_loop_now(net->loop) + NET_LOOK_MS);
    kn_loop_run(net->loop);
}

#define RUN_UNTIL(net, row, condition)                               \
    do {                                                             \
        kn_time run_by = kn_loop_now((net)->loop) + NET_DEADLINE_MS; \
        while (!(condition) && kn_loop_now((net)->loop) < run_by)    \
            net_turn(net);                                           \
        CHECK(row, condition);                                       \
    } while (0)

static inline void net_connected(void *arg, struct kn_connection *connection)
{
    struct net_host *h = arg;

    (void)connection;
    h->connected++;
}

static inline void net_lost(void *arg, struct kn_connection *connection)
{
    struct net_host *h = arg;

    (void)connection;
    h->lost++;
}

static inline void net_start(struct net *net, size_t hosts, size_t connections_max)
{
    struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };

    *net = (struct net){ .seed = 7 };
    net->random = kn_random_seeded(&net->seed);
    CHECK_EQ("loop", kn_loop_new(&net->loop, NULL), KN_OK);
    net->look = kn_timer_new(net->loop, net_stop_loop, net);
    for (size_t i = 0; i < hosts; i++) {
        struct net_host *h = &net->at[i];
        const struct kn_host_observer observer = { .connected = net_connected,
                                                   .lost = net_lost,
                                                   .arg = h };

        CHECK_EQ("key", kn_key_new(&net->random, &h->key), KN_OK);
        const struct kn_host_options options = { .loop = net->loop,
                                                 .identity = h->key,
                                                 .random = &net->random,
                                                 .connections_max = connections_max };
        h->host = kn_host_new(&options);
        CHECK("host", h->host != NULL);
        CHECK_EQ("observe", kn_host_observe(h->host, &observer), KN_OK);
        CHECK_EQ("listen", kn_host_listen(h->host, &at, NULL), KN_OK);
    }
}

static inline void net_stop(struct net *net)
{
    for (size_t i = 0; i < NET_HOSTS; i++) {
        kn_host_free(net->at[i].host);
        kn_key_free(net->at[i].key);
    }
    kn_listener_free(net->listener);
    for (size_t i = 0; i < net->held_count; i++)
        kn_tcp_free(net->held[i]);
    kn_timer_free(net->look);
    kn_loop_free(net->loop);
}

static inline const struct kn_peer_id *net_id(const struct net *net, size_t i)
{
    return kn_key_peer_id(net->at[i].key);
}

static inline void net_learn_endpoint(struct net *net, size_t who, const struct kn_peer_id *of,
                                      const struct kn_endpoint *at)
{
    struct kn_buffer address = { 0 };

    kn_address_of_endpoint(at, &address);
    kn_host_learn(net->at[who].host, of, kn_buffer_get(&address));
    kn_buffer_done(&address);
}

/* Tell `who` where `of` listens. */
static inline void net_learn(struct net *net, size_t who, size_t of)
{
    struct kn_endpoint at;

    kn_host_listener(net->at[of].host, 0, &at);
    net_learn_endpoint(net, who, net_id(net, of), &at);
}

/* ---- servers that are no peers ---- */

static inline void net_no_data(void *arg, struct kn_span bytes)
{
    (void)arg;
    (void)bytes;
}

static inline void net_no_end(void *arg, enum kn_code code)
{
    (void)arg;
    (void)code;
}

static inline void net_hold(struct net *net, struct kn_tcp *tcp)
{
    const struct kn_tcp_events events = { .arg = net, .data = net_no_data, .ended = net_no_end };

    CHECK("held", net->held_count < NET_HELD);
    net->held[net->held_count++] = tcp;
    kn_tcp_begin(tcp, &events);
}

static inline void net_accepted(void *arg, struct kn_tcp *tcp, const struct kn_endpoint *from)
{
    static const char *const says[] = { "", "HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail\r\n",
                                        "" };
    struct net *net = arg;

    (void)from;
    if (net->server == SERVER_CLOSES) {
        kn_tcp_free(tcp);
        return;
    }
    net_hold(net, tcp);
    if (says[net->server][0] != '\0')
        CHECK_EQ("says", kn_tcp_write(tcp, kn_span_text(says[net->server])), KN_OK);
}

static inline void net_serve(struct net *net, enum net_server server, struct kn_endpoint *out)
{
    const struct kn_endpoint at = { .ip = { 127, 0, 0, 1 } };

    net->server = server;
    kn_listener_free(net->listener);
    CHECK_EQ("listen", kn_listen(net->loop, &at, net_accepted, net, &net->listener, NULL), KN_OK);
    kn_listener_endpoint(net->listener, out);
}

/* Where nobody listens. */
static inline void net_nowhere(struct net *net, struct kn_endpoint *out)
{
    net_serve(net, SERVER_CLOSES, out);
    kn_listener_free(net->listener);
    net->listener = NULL;
}

/* ---- connecting ---- */

struct net_wait {
    struct kn_connect *connect;
    unsigned calls;
    enum kn_code code;
    struct kn_connection *connection;
    struct kn_error err;
};

static inline void net_done(void *arg, enum kn_code code, struct kn_connection *connection,
                            const struct kn_error *err)
{
    struct net_wait *wait = arg;

    wait->connect = NULL;
    wait->calls++;
    wait->code = code;
    wait->connection = connection;
    wait->err = err != NULL ? *err : (struct kn_error){ 0 };
}

static inline void net_connect(struct net *net, size_t who, const struct kn_peer_id *to,
                               int timeout_ms, struct net_wait *wait)
{
    *wait = (struct net_wait){ 0 };
    CHECK_EQ("connect",
             kn_connect_start(net->at[who].host, to, KN_REACH_SEARCH, timeout_ms, net_done, wait,
                              &wait->connect),
             KN_OK);
    CHECK_EQ("later", wait->calls, 0);
}

/* Connected, on both sides. */
static inline struct kn_connection *net_join(struct net *net, size_t who, size_t to)
{
    unsigned before = net->at[to].connected;
    struct net_wait wait;

    net_learn(net, who, to);
    net_connect(net, who, net_id(net, to), 5000, &wait);
    RUN_UNTIL(net, "joined", wait.calls == 1 && net->at[to].connected > before);
    CHECK_EQ(wait.err.text, wait.code, KN_OK);
    return wait.connection;
}

#endif
