#include "node/parts.h"

#include "node/presence/reach.h"

void kn_parts_network(const struct kn_node_config *config, struct kn_network_options *out)
{
    out->connections_max = (size_t)config->network.max_connections.value;
    out->announce = config->network.announce_addrs.texts.at;
    out->announce_count = config->network.announce_addrs.texts.n;
    kn_reach_options(config, out);
}

struct kn_pace_of_records kn_parts_pace(const struct kn_node_config *config)
{
    enum { USUAL = 3 }; /* spec: decisions D26 */
    int interval = (int)config->dht.announce_interval.ms;
    bool is_given = config->dht.expiration.is == KN_GIVEN;

    return (struct kn_pace_of_records){ interval, is_given ? (int)config->dht.expiration.ms
                                                           : USUAL * interval };
}
