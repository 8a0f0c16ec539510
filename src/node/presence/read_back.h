/*
 * read_back — is what we stored there? Each peer is asked for itself, on a stream of its own.
 */
#ifndef KN_NODE_PRESENCE_READ_BACK_H
#define KN_NODE_PRESENCE_READ_BACK_H

#include "network/network.h"

enum { KN_READ_BACK_MS = 5000 };

struct kn_read_back_options {
    struct kn_network *network;
    const struct kn_peer_id *peers; /* copied */
    size_t n;                       /* at most KN_DHT_PEERS_MAX */
    const char *prefix;             /* copied */
    uint32_t start, end;            /* every block of it must be there, */
    double expiration;              /* under our peer id with this end or a later one */
    void *arg;
    /* Once, later: how many gave back every record, of how many. */
    void (*done)(void *arg, uint32_t visible_on, uint32_t asked);
};

struct kn_read_back;

/* NULL when memory is short. */
KN_MUST_USE struct kn_read_back *kn_read_back_start(const struct kn_read_back_options *options);
void kn_read_back_free(struct kn_read_back *r);

#endif
