/*
 * kad — libp2p's Kademlia, as far as it turns a peer id into addresses.
 *
 * Serves FIND_NODE from what the host knows, and is the host's finder. Not hivemind's DHT: that one
 * (network/dht) names peers only, this one says where they are.
 * spec: libp2p kad-dht, /ipfs/kad/1.0.0.
 */
#ifndef KN_SWARM_KAD_H
#define KN_SWARM_KAD_H

#include "network/swarm/host.h"

enum {
    KN_KAD_K = 20,              /* peers of an answer, and of the end of a search */
    KN_KAD_ALPHA = 3,           /* questions of one search under way */
    KN_KAD_SEARCHES_MAX = 3,    /* searches at once: the answers to one often settle the next */
    KN_KAD_CANDIDATES_MAX = 64, /* of one search */
    KN_KAD_SEARCH_MS = 10000,   /* for one that runs by itself */
    KN_KAD_REQUEST_MS = 3000,   /* for one question, its connection included */
    KN_KAD_IDLE_MS = 60000,     /* until a stream that asks nothing more is reset */
};

struct kn_kad_counters {
    uint64_t served, searches, found, asked, malformed;
};

struct kn_kad;

/* `serves`: answer others, and say so in identify; only for a node that others can dial. Becomes
 * the host's finder. NULL when memory is short. Free it before the host. */
KN_MUST_USE struct kn_kad *kn_kad_new(struct kn_host *host, bool serves);
void kn_kad_free(struct kn_kad *kad);

/* Answer others from now on, or no more; questions under way are given up. To be pushed to those
 * who are connected: kn_identify_push(). KN_E_LIMIT. */
KN_MUST_USE enum kn_code kn_kad_set_serving(struct kn_kad *kad, bool serves);
bool kn_kad_is_serving(const struct kn_kad *kad);

const struct kn_kad_counters *kn_kad_counters(const struct kn_kad *kad);

/* Look, within KN_KAD_SEARCH_MS, for peers near our own id, so that others near it learn of us.
 * Runs by itself. */
void kn_kad_refresh(struct kn_kad *kad);

#endif
