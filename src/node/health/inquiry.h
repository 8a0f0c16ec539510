/*
 * inquiry — asks the bootstraps and some of the peers that are connected whether they are there.
 * Belongs to the loop thread.
 */
#ifndef KN_NODE_HEALTH_INQUIRY_H
#define KN_NODE_HEALTH_INQUIRY_H

#include "network/network.h"

enum { KN_INQUIRY_OTHERS_MAX = 8, KN_INQUIRY_ADDRESS_SIZE = 160 };

/* What they said: peers, each counted once, whatever number of addresses it has. */
struct kn_inquiry_answer {
    size_t bootstraps, answered;
    size_t others, alive; /* peers that are no bootstraps: asked, and that answered */
    char silent[KN_INQUIRY_ADDRESS_SIZE]; /* of a bootstrap that did not; "" */
    struct kn_error why;
    bool tells_time;
    double ahead_s; /* the middle one of their clocks before ours */
};

struct kn_inquiry;

struct kn_inquiry_options {
    struct kn_network *network;
    const char *const *bootstraps; /* multiaddrs; kept */
    size_t bootstrap_count;
    int timeout_ms;
    void *arg;
    void (*done)(void *arg, const struct kn_inquiry_answer *answer); /* once, later; frees it */
};

/* NULL when memory is short. */
KN_MUST_USE struct kn_inquiry *kn_inquiry_start(const struct kn_inquiry_options *options);

/* `done` does not come. NULL is fine. */
void kn_inquiry_free(struct kn_inquiry *inquiry);

#endif
