/*
 * bench_network — how far away the bootstraps are that somebody wrote.
 */
#ifndef KN_CLI_BENCH_NETWORK_H
#define KN_CLI_BENCH_NETWORK_H

#include "app/docs/exit_codes.h"
#include "node/presence/encounter.h"

struct kn_cli;

enum { KN_BENCH_PEERS_MAX = 16, KN_BENCH_PINGS = 5 };

struct kn_bench_peer {
    const char *address;        /* of the run's arena */
    struct kn_error error;      /* code KN_OK: it answered */
    double connect_ms, ping_ms; /* ping: the median; below 0: it answers none */
};

/*
 * Ask each in turn; `*n` 0: nobody wrote a bootstrap. One that does not answer is told in its row.
 * Anything but KN_EXIT_DONE is reported.
 */
enum kn_exit kn_bench_network(struct kn_cli *cli, struct kn_bench_peer peers[KN_BENCH_PEERS_MAX],
                              size_t *n);

#endif
