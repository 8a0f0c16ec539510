/*
 * swarm — a dozen nodes in one process, on loopback alone, joined to each other over real TCP, that
 * hold the population's records.
 *
 * The nodes are this program's own network with throw-away keys. Records are put straight into the
 * stores of the nodes that are nearest to their keys, where hivemind's store would have put them,
 * instead of by thousands of calls; whoever looks finds them over the wire. Belongs to the loop
 * thread.
 */
#ifndef KN_DEMO_SWARM_H
#define KN_DEMO_SWARM_H

#include <stddef.h>

#include "lib/base/attributes.h"
#include "lib/base/error.h"
#include "lib/io/loop.h"

struct kn_network;

enum {
    KN_DEMO_NODES = 12,
    KN_DEMO_JOIN_MS = 10000, /* to meet each other: they are in one process */
};

struct kn_demo_swarm;

struct kn_demo_swarm_options {
    struct kn_loop *loop;
    const char *agent; /* kept */
    void *arg;
    /* All have joined and hold the records, or not; once, later. */
    void (*ready)(void *arg, enum kn_code code, const struct kn_error *err);
};

/* Codes as kn_network_new() and kn_network_listen(). */
KN_MUST_USE enum kn_code kn_demo_swarm_new(const struct kn_demo_swarm_options *options,
                                           struct kn_demo_swarm **out, struct kn_error *err);

/* Before the loop. NULL is fine; `ready` never comes afterwards. Not from inside it. */
void kn_demo_swarm_free(struct kn_demo_swarm *swarm);

/* Where node `i` is: a multiaddr with its peer id. Lent. */
const char *kn_demo_swarm_address(const struct kn_demo_swarm *swarm, size_t i);

/* Node `i` itself. Lent. */
struct kn_network *kn_demo_swarm_node(const struct kn_demo_swarm *swarm, size_t i);

#endif
