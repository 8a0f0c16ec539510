/*
 * parts — inside of node.h: what each part of a node takes of the configuration, when it is made
 * and when the configuration has changed.
 */
#ifndef KN_NODE_PARTS_H
#define KN_NODE_PARTS_H

#include "config/schema/node_config.h"
#include "network/network.h"

enum { KN_PUBLIC_ADDRESS_SIZE = 96 };

/* What a machine behind a router tells others, in place of what it listens on. */
struct kn_public_address {
    char text[KN_PUBLIC_ADDRESS_SIZE]; /* "/ip4/198.51.100.7/tcp/4001" */
    const char *list[1];
};

/* Addresses, limit of connections, ways to be reached; the rest of `out` stays. `port` is listened
 * on; 0: not yet known, and then network.public_ip without a port waits. `address` is kept. */
void kn_parts_network(const struct kn_node_config *config, uint16_t port,
                      struct kn_public_address *address, struct kn_network_options *out);

/* How often records are renewed, and for how long they hold. */
struct kn_pace_of_records {
    int interval_ms, lifetime_ms;
};
struct kn_pace_of_records kn_parts_pace(const struct kn_node_config *config);

/* How long bootstraps have to answer: for the first time, and at most. */
struct kn_patience {
    int first_ms, longest_ms;
};
struct kn_patience kn_parts_patience(const struct kn_node_config *config);

#endif
