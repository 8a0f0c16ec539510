/*
 * client — a client of a swarm whose calls can be recorded and sent again without the engine.
 */
#ifndef KN_BENCH_CLIENT_H
#define KN_BENCH_CLIENT_H

#include "bench.h"
#include "network/swarm/unary.h"

enum { BENCH_CALLS_MAX = 512 };

struct bench_call {
    struct kn_peer_id peer;
    enum kn_dht_method method;
    struct kn_buffer request;
    size_t after; /* so many answers had come when it was sent */
};

struct bench_client {
    struct kn_loop *loop;
    struct bench_node node;
    struct kn_dht *dht;
    struct kn_timer *timer;
    bool recording;
    struct bench_call calls[BENCH_CALLS_MAX];
    size_t call_count, answered;
    size_t replay_next, replay_n, replay_answers, replay_wanted;
    double replay_us;
    size_t found;
};

/* Joins through `addresses`; afterwards most connections are open. */
void bench_client_start(struct bench_client *client, struct kn_loop *loop,
                        const char *const *addresses, size_t n);
void bench_client_free(struct bench_client *client);

/* Record from now on. */
void bench_client_record(struct bench_client *client);

/* Send the first `n` recorded calls again: microseconds until `answers` of them were answered. */
double bench_client_replay(struct bench_client *client, size_t n, size_t answers);

/* Of the recorded rpc_finds, the rest of a JSON object: peers asked, the most calls that one got,
 * and keys that a peer was asked for again. */
void bench_client_print_asked(const struct bench_client *client);

#endif
