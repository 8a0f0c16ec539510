#include "app/cli/bench_network.h"

#include "app/cli/cli.h"
#include "app/cli/swarm.h"
#include "config/config.h"
#include "lib/base/arena.h"
#include "lib/base/memory.h"
#include "lib/codec/multiaddr_bytes.h"

struct meeting {
    struct kn_swarm *swarm;
    struct kn_encounter *encounter;
};

static void on_met(void *arg)
{
    const struct meeting *meeting = arg;

    kn_loop_stop(kn_visitor_loop(meeting->swarm->visitor));
}

/* Who is expected there; the address is learned. */
static enum kn_code read_peer(const struct kn_swarm *swarm, const char *address,
                              struct kn_peer_id *out, struct kn_error *err)
{
    struct kn_host *host = kn_network_host(kn_visitor_network(swarm->visitor));
    struct kn_buffer bytes = { 0 };
    struct kn_multiaddr_route route;
    enum kn_code rc = kn_multiaddr_to_bytes(kn_span_text(address), &bytes, err);

    if (rc == KN_OK)
        rc = kn_multiaddr_route(kn_buffer_get(&bytes), &route);
    if (rc == KN_OK && !route.has_peer)
        rc = kn_fail(err, KN_E_INVALID, "the address does not say which peer is expected there");
    if (rc == KN_OK) {
        *out = route.peer;
        kn_host_learn(host, &route.peer, kn_buffer_get(&bytes));
    }
    kn_buffer_done(&bytes);
    return rc;
}

static double median(const double *values, unsigned n)
{
    double sorted[KN_BENCH_PINGS];

    for (unsigned i = 0; i < n; i++) {
        unsigned at = i;

        for (; at > 0 && sorted[at - 1] > values[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    return n > 0 ? sorted[n / 2] : -1;
}

static void meet(struct kn_swarm *swarm, struct kn_bench_peer *peer)
{
    struct meeting meeting = { .swarm = swarm };
    struct kn_encounter_options options = {
        .network = kn_visitor_network(swarm->visitor),
        .pings = KN_BENCH_PINGS,
        .timeout_ms = swarm->timeout_ms,
        .arg = &meeting,
        .done = on_met,
    };
    const struct kn_encounter_result *result;
    enum kn_code rc = read_peer(swarm, peer->address, &options.peer, &peer->error);

    if (rc == KN_OK)
        rc = kn_encounter_start(&options, &meeting.encounter, &peer->error);
    if (rc != KN_OK) {
        peer->error.code = rc;
        return;
    }
    kn_loop_run(kn_visitor_loop(swarm->visitor));
    result = kn_encounter_result(meeting.encounter);
    peer->error = result->error;
    peer->connect_ms = result->connect_ms;
    peer->ping_ms = median(result->ping_ms, result->pings);
    kn_encounter_free(meeting.encounter);
}

static bool is_written(const struct kn_snapshot *snapshot)
{
    const struct kn_resolved *resolved =
        kn_snapshot_get(snapshot, kn_setting_find("network.bootstrap_peers"));

    return resolved->origin.layer <= KN_LAYER_FILE;
}

enum kn_exit kn_bench_network(struct kn_cli *cli, struct kn_bench_peer peers[KN_BENCH_PEERS_MAX],
                              size_t *n)
{
    struct kn_swarm swarm = { 0 };
    enum kn_exit code = kn_swarm_enter(cli, false, &swarm);

    *n = 0;
    if (code != KN_EXIT_DONE)
        return code;
    for (size_t i = 0;
         is_written(swarm.snapshot) && i < swarm.bootstrap_count && *n < KN_BENCH_PEERS_MAX; i++) {
        struct kn_bench_peer *peer = &peers[(*n)++];

        *peer = (struct kn_bench_peer){ .address = kn_arena_dup(cli->arena, swarm.bootstraps[i]),
                                        .ping_ms = -1 };
        if (peer->address == NULL)
            kn_out_of_memory();
        meet(&swarm, peer);
    }
    kn_swarm_leave(&swarm);
    return code;
}
