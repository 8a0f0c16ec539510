#include "node/parts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "node/presence/reach.h"

/* Whole addresses come first: see the checks. */
static void add_public(const struct kn_node_config *config, uint16_t port,
                       struct kn_public_address *address, struct kn_network_options *out)
{
    const struct kn_string *ip = &config->network.public_ip;
    const struct kn_int *public_port = &config->network.public_port;
    unsigned at = public_port->is == KN_GIVEN ? (unsigned)public_port->value : port;

    if (out->announce_count > 0 || ip->is != KN_GIVEN || at == 0)
        return;
    (void)snprintf(address->text, sizeof(address->text), "/ip%c/%s/tcp/%u",
                   strchr(ip->text, ':') != NULL ? '6' : '4', ip->text, at);
    address->list[0] = address->text;
    out->announce = address->list;
    out->announce_count = 1;
}

void kn_parts_network(const struct kn_node_config *config, uint16_t port,
                      struct kn_public_address *address, struct kn_network_options *out)
{
    out->connections_max = (size_t)config->network.max_connections.value;
    out->times.connect_ms = kn_duration_ms(&config->network.connection_timeout);
    out->times.request_ms = kn_duration_ms(&config->network.request_timeout);
    out->announce = config->network.announce_addrs.texts.at;
    out->announce_count = config->network.announce_addrs.texts.n;
    add_public(config, port, address, out);
    out->doubt_ms = kn_duration_ms(&config->network.address_timeout);
    kn_reach_options(config, out);
}

struct kn_pace_of_records kn_parts_pace(const struct kn_node_config *config)
{
    enum { USUAL = 3 }; /* spec: decisions D26 */
    int interval = kn_duration_ms(&config->dht.announce_interval);
    int usual = interval < INT_MAX / USUAL ? USUAL * interval : INT_MAX;
    bool is_given = config->dht.expiration.is == KN_GIVEN;

    return (struct kn_pace_of_records){ interval, is_given ? kn_duration_ms(&config->dht.expiration)
                                                           : usual };
}

struct kn_patience kn_parts_patience(const struct kn_node_config *config)
{
    return (struct kn_patience){ kn_duration_ms(&config->dht.discovery_timeout),
                                 kn_duration_ms(&config->dht.bootstrap_timeout) };
}
