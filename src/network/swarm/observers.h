/*
 * observers — at which address others see us, by the agreement of many.
 *
 * Pure. Each peer says in identify where our connection comes from. An IP address that enough
 * peers name, each another peer at another address, is one that we may have: with our own port
 * behind it, since the port that they see is that of an outgoing connection. It is a candidate and
 * no more, until somebody was able to dial it. Bounded by KN_OBSERVERS_VOTES_MAX.
 */
#ifndef KN_SWARM_OBSERVERS_H
#define KN_SWARM_OBSERVERS_H

#include "lib/base/time.h"
#include "lib/codec/peer_id.h"
#include "lib/io/tcp.h"

enum {
    KN_OBSERVERS_VOTES_MAX = 64,
    KN_OBSERVERS_AGREE = 4,     /* that must see the same, as go-libp2p asks for */
    KN_OBSERVERS_FOUND_MAX = 4, /* candidates */
    KN_OBSERVERS_VOTE_MS = 40 * 60 * 1000,
};

struct kn_observation {
    struct kn_peer_id peer;
    struct kn_endpoint from; /* where the observer is; its port does not count */
    struct kn_endpoint seen; /* what it sees; nor does that port */
    kn_time at;
};

/* Start from { 0 }; .agree 0: the usual. */
struct kn_observers {
    unsigned agree;
    struct kn_observation votes[KN_OBSERVERS_VOTES_MAX]; /* the oldest first */
    size_t n;
};

/* The last word of each peer counts, and of each address. What an observer sees on its own
 * machine, or nowhere (0.0.0.0), says nothing and is passed over. */
void kn_observers_vote(struct kn_observers *observers, const struct kn_peer_id *peer,
                       const struct kn_endpoint *from, const struct kn_endpoint *seen, kn_time now);

/* The addresses that enough agree on, the best first; ports are 0. How many. */
size_t kn_observers_found(struct kn_observers *observers, kn_time now,
                          struct kn_endpoint out[KN_OBSERVERS_FOUND_MAX]);

#endif
