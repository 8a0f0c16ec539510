/*
 * membership — getting into a swarm through its bootstraps, and trying again while none answers:
 * every second for half a minute, then ever more rarely. Who does not answer in time has twice as
 * long with the next try, for it may only be slow. Belongs to the loop thread.
 * spec: decisions D32
 */
#ifndef KN_NODE_PRESENCE_MEMBERSHIP_H
#define KN_NODE_PRESENCE_MEMBERSHIP_H

#include "network/network.h"

enum {
    KN_REJOIN_FIRST_MS = 1000,
    KN_REJOIN_EAGER_MS = 30000, /* so long every second, */
    KN_REJOIN_MAX_MS = 60000,   /* then doubling up to this, with full jitter */
};

struct kn_membership;

struct kn_membership_options {
    struct kn_network *network;
    const struct kn_random *random; /* copied */
    const char *const *bootstraps;  /* multiaddrs; kept */
    size_t bootstrap_count;
    int timeout_ms, longest_ms; /* of a first try, and of any */
    void *arg;
    void (*connected)(void *arg, const struct kn_peer_id *bootstrap); /* not asked anything yet */
    void (*settled)(void *arg, const struct kn_bootstrap *bootstrap); /* each, each time */
    /* More bootstraps have answered: kn_join_peers(join) are those that did. */
    void (*joined)(void *arg, const struct kn_join *join);
    void (*failed)(void *arg); /* none of them has answered, each time */
};

/* NULL when memory is short. */
KN_MUST_USE struct kn_membership *kn_membership_new(const struct kn_membership_options *options);
void kn_membership_free(struct kn_membership *m);

/* Other bootstraps, kept as those before, and other times to wait, from the next try on. */
void kn_membership_change(struct kn_membership *m, const char *const *bootstraps, size_t n,
                          int timeout_ms, int longest_ms);

/* Knock at every bootstrap now. */
void kn_membership_join(struct kn_membership *m);

/* The same, and when none answers it is left to somebody else to try again. */
void kn_membership_join_once(struct kn_membership *m);

/* Somebody else has knocked in vain: try again in a while. */
void kn_membership_try_later(struct kn_membership *m);

/* Try no more. */
void kn_membership_stop(struct kn_membership *m);

#endif
