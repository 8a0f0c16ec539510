#include "node/presence/reach.h"

#include "lib/codec/multiaddr_bytes.h"

static bool is_on(const struct kn_bool *setting)
{
    return setting->is == KN_GIVEN && setting->value;
}

bool kn_reach_is_asked(const struct kn_node_config *config)
{
    return is_on(&config->network.enable_nat_traversal) ||
           is_on(&config->network.check_reachability);
}

void kn_reach_options(const struct kn_node_config *config, struct kn_network_options *out)
{
    const struct kn_int *places = &config->network.max_relay_reservations;
    const struct kn_int *observers = &config->network.address_confirmations;

    out->is_hidden = is_on(&config->network.force_private);
    out->asks_reachability = kn_reach_is_asked(config);
    /* Nobody is asked, and nobody says that it is hidden: then there is no need. */
    if (is_on(&config->network.enable_relay_client) && (out->is_hidden || out->asks_reachability))
        out->relays = places->is == KN_GIVEN ? (size_t)places->value : 1;
    out->observers = observers->is == KN_GIVEN ? (unsigned)observers->value : 0;
}

void kn_reach_begin(struct kn_network *network, const struct kn_node_config *config)
{
    const struct kn_texts *texts = &config->network.trusted_relays.texts;

    for (size_t i = 0; i < texts->n; i++) {
        struct kn_buffer bytes = { 0 };
        struct kn_multiaddr_route route;

        if (kn_multiaddr_to_bytes(kn_span_text(texts->at[i]), &bytes, NULL) == KN_OK &&
            kn_multiaddr_route(kn_buffer_get(&bytes), &route) == KN_OK && route.has_peer) {
            kn_host_learn(kn_network_host(network), &route.peer, kn_buffer_get(&bytes));
            kn_relay_client_add(kn_network_relays(network), &route.peer, KN_RELAY_TRUSTED);
        }
        kn_buffer_done(&bytes);
    }
}
