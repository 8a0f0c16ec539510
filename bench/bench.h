/*
 * bench — what the network programs of this folder share: clocks, medians, a node, waiting.
 *
 * Each stops with a message and status 1 when anything fails: there is nothing to measure then.
 */
#ifndef KN_BENCH_H
#define KN_BENCH_H

#include "lib/io/loop.h"
#include "network/network.h"

enum { BENCH_WAIT_MS = 20000 };

_Noreturn void bench_fail(const char *what);
void bench_must(enum kn_code code, const char *what);

double bench_now_us(void);
double bench_cpu_us(void);        /* of this process */
double bench_cpu_us_of(long pid); /* of another, as exact as the system's ticks; 0: there is none */

double bench_median(double *values, size_t n);

/* A node with an identity of its own; a client listens nowhere, others on a free port. */
struct bench_node {
    struct kn_key *key;
    struct kn_network *network;
};
struct kn_loop *bench_loop(void);
void bench_node_start(struct bench_node *node, struct kn_loop *loop, bool is_client);
void bench_node_free(struct bench_node *node);

enum { BENCH_ADDRESS_SIZE = 128 };
void bench_node_address(const struct bench_node *node, char out[BENCH_ADDRESS_SIZE]);

/* Learn the address, and whom it names. */
struct kn_peer_id bench_learn(struct kn_network *network, const char *address);

/* Enter the swarm that knows these peers, and fill the table. */
void bench_join(struct kn_loop *loop, struct kn_dht *dht, const struct kn_peer_id *peers, size_t n);

/* Let what is under way settle, here and at the peers, before the next measurement. */
void bench_rest(struct kn_loop *loop, int ms);

/* Run the loop until standard input ends. */
void bench_until_end_of_input(struct kn_loop *loop);

#endif
