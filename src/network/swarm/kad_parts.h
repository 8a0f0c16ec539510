/*
 * kad_parts — what the two sides of kad share. Private to the folder.
 */
#ifndef KN_SWARM_KAD_PARTS_H
#define KN_SWARM_KAD_PARTS_H

#include "network/swarm/kad.h"

struct kn_kad_search;
struct kn_kad_serving;

struct kn_kad {
    struct kn_host *host;
    struct kn_kad_search *searches; /* under way, and those that wait for their turn */
    size_t running;
    struct kn_kad_serving *servings;
    bool serves;
    struct kn_kad_counters counters;
};

/* The known peers nearest to `target` (SHA-256) that serve kad and have an address. */
size_t kn_kad_nearest(struct kn_host *host, const uint8_t target[32],
                      struct kn_peer_id out[KN_KAD_K]);

void kn_kad_servings_free(struct kn_kad *kad);
void kn_kad_searches_free(struct kn_kad *kad);

#endif
