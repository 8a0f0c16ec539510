/*
 * parts — inside of node.h: what each part of a node takes of the configuration, when it is made
 * and when the configuration has changed.
 */
#ifndef KN_NODE_PARTS_H
#define KN_NODE_PARTS_H

#include "config/schema/node_config.h"
#include "network/network.h"

/* Addresses, limit of connections, ways to be reached; the rest of `out` stays. */
void kn_parts_network(const struct kn_node_config *config, struct kn_network_options *out);

/* How often records are renewed, and for how long they hold. */
struct kn_pace_of_records {
    int interval_ms, lifetime_ms;
};
struct kn_pace_of_records kn_parts_pace(const struct kn_node_config *config);

#endif
