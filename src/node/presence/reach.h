/*
 * reach — how others get to this node: what the configuration says of relays and of asking others,
 * as the network takes it.
 */
#ifndef KN_NODE_PRESENCE_REACH_H
#define KN_NODE_PRESENCE_REACH_H

#include "config/schema/node_config.h"
#include "network/network.h"

/* Are others asked whether they can dial this node? */
bool kn_reach_is_asked(const struct kn_node_config *config);

/* Fill in what concerns relays and reachability; the rest of `out` stays. */
void kn_reach_options(const struct kn_node_config *config, struct kn_network_options *out);

/* Have the relays that the configuration trusts be asked first. Addresses that name no peer are
 * passed over: the configuration has been checked. */
void kn_reach_begin(struct kn_network *network, const struct kn_node_config *config);

#endif
