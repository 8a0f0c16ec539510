#include "node/health/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "network/swarm/ping.h"

struct inquiry_ping {
    struct kn_inquiry *inquiry;
    struct kn_peer_id peer;
    struct kn_ping *ping; /* NULL: it has answered or failed */
    bool is_alive;
};

struct kn_inquiry {
    struct kn_inquiry_options options;
    struct kn_join *join; /* NULL: there is no bootstrap */
    struct kn_timer *end; /* tells later, whatever answered at once */
    bool has_joined;
    struct inquiry_ping pings[KN_INQUIRY_OTHERS_MAX];
    size_t ping_count, settled;
};

static bool is_met(const struct kn_peer_id *peer, const struct kn_peer_id *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (kn_peer_id_equal(peer, &all[i]))
            return true;
    }
    return false;
}

/* The peers of all addresses, each once. */
static size_t peers_of(const struct kn_join *join, struct kn_peer_id *out)
{
    size_t n = 0;

    for (size_t i = 0; join != NULL && i < kn_join_count(join); i++) {
        const struct kn_peer_id *peer = &kn_join_get(join, i)->peer;

        if (!is_met(peer, out, n))
            out[n++] = *peer;
    }
    return n;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Half of them may be wrong before the middle one is. */
static void take_clocks(const struct kn_join *join, struct kn_inquiry_answer *out)
{
    double ahead[KN_NETWORK_BOOTSTRAPS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < kn_join_count(join); i++) {
        const struct kn_bootstrap *told = kn_join_get(join, i);

        if (told->settled && told->code == KN_OK && told->tells_time)
            ahead[n++] = told->ahead_s;
    }
    if (n == 0)
        return;
    qsort(ahead, n, sizeof(ahead[0]), by_size);
    out->tells_time = true;
    out->ahead_s = n % 2 == 1 ? ahead[n / 2] : (ahead[n / 2 - 1] + ahead[n / 2]) / 2;
}

static void take_bootstraps(const struct kn_join *join, struct kn_inquiry_answer *out)
{
    struct kn_peer_id all[KN_NETWORK_BOOTSTRAPS_MAX], met[KN_NETWORK_BOOTSTRAPS_MAX];

    out->bootstraps = peers_of(join, all);
    out->answered = kn_join_peers(join, met, KN_COUNT(met));
    for (size_t i = 0; i < kn_join_count(join); i++) {
        const struct kn_bootstrap *told = kn_join_get(join, i);

        if (is_met(&told->peer, met, out->answered))
            continue;
        (void)snprintf(out->silent, sizeof(out->silent), "%s", told->address);
        out->why = told->error;
        break;
    }
    take_clocks(join, out);
}

static void on_end(void *arg)
{
    struct kn_inquiry *inquiry = arg;
    const struct kn_inquiry_options options = inquiry->options;
    struct kn_inquiry_answer answer = { .others = inquiry->ping_count };

    if (inquiry->join != NULL)
        take_bootstraps(inquiry->join, &answer);
    for (size_t i = 0; i < inquiry->ping_count; i++)
        answer.alive += inquiry->pings[i].is_alive;
    kn_inquiry_free(inquiry);
    options.done(options.arg, &answer);
}

static void end_if_all(struct kn_inquiry *inquiry)
{
    if (inquiry->has_joined && inquiry->settled == inquiry->ping_count)
        kn_timer_set(inquiry->end,
                     kn_loop_now(kn_host_loop(kn_network_host(inquiry->options.network))));
}

static void on_settled(void *arg, const struct kn_bootstrap *told)
{
    (void)arg;
    (void)told;
}

static void on_done(void *arg, size_t answered)
{
    struct kn_inquiry *inquiry = arg;

    (void)answered;
    inquiry->has_joined = true;
    end_if_all(inquiry);
}

static void on_ping(void *arg, enum kn_code code, double ms)
{
    struct inquiry_ping *one = arg;

    (void)ms;
    one->ping = NULL;
    one->is_alive = code == KN_OK;
    one->inquiry->settled++;
    end_if_all(one->inquiry);
}

/* Some of those who are connected and are no bootstraps. */
static void ask_others(struct kn_inquiry *inquiry)
{
    struct kn_host *host = kn_network_host(inquiry->options.network);
    struct kn_peer_id bootstraps[KN_NETWORK_BOOTSTRAPS_MAX];
    size_t n = peers_of(inquiry->join, bootstraps), at = 0;
    struct kn_connection *connection;

    while (inquiry->ping_count < KN_INQUIRY_OTHERS_MAX &&
           (connection = kn_host_next(host, &at)) != NULL) {
        struct inquiry_ping *one = &inquiry->pings[inquiry->ping_count];

        if (is_met(kn_connection_peer(connection), bootstraps, n))
            continue;
        one->inquiry = inquiry;
        one->ping = kn_ping_start(connection, inquiry->options.timeout_ms, on_ping, one);
        inquiry->ping_count += one->ping != NULL;
    }
}

struct kn_inquiry *kn_inquiry_start(const struct kn_inquiry_options *options)
{
    struct kn_inquiry *inquiry = kn_try_alloc(sizeof(*inquiry));
    const struct kn_join_events events = { inquiry, NULL, on_settled, on_done };

    if (inquiry == NULL)
        return NULL;
    inquiry->options = *options;
    inquiry->end = kn_timer_new(kn_host_loop(kn_network_host(options->network)), on_end, inquiry);
    inquiry->has_joined = options->bootstrap_count == 0;
    if (inquiry->end == NULL ||
        (!inquiry->has_joined &&
         kn_join_start(options->network, options->bootstraps, options->bootstrap_count,
                       options->timeout_ms, &events, &inquiry->join, NULL) != KN_OK)) {
        kn_inquiry_free(inquiry);
        return NULL;
    }
    ask_others(inquiry);
    end_if_all(inquiry);
    return inquiry;
}

void kn_inquiry_free(struct kn_inquiry *inquiry)
{
    if (inquiry == NULL)
        return;
    for (size_t i = 0; i < inquiry->ping_count; i++)
        kn_ping_cancel(inquiry->pings[i].ping);
    kn_join_free(inquiry->join);
    kn_timer_free(inquiry->end);
    kn_free(inquiry);
}
