/*
 * relay_client — being reachable through relays: holds places at them, and says where.
 *
 * Every peer that is connected directly and says that it is a relay may be asked; relay_plan.h says
 * when. While places are held, `<relay>/p2p/<its id>/p2p-circuit` stands among the announced
 * addresses, and callers that those relays bring become connections of the host.
 * spec: libp2p relay/circuit-v2.
 */
#ifndef KN_SWARM_RELAY_CLIENT_H
#define KN_SWARM_RELAY_CLIENT_H

#include "network/swarm/host.h"
#include "network/swarm/relay_plan.h"

enum {
    KN_RELAY_CONNECT_MS = 15000, /* to reach a relay */
    KN_RELAY_RESERVE_MS = 60000, /* for its answer */
    KN_RELAY_ANNOUNCE_MAX = 4,   /* addresses of one relay */
};

struct kn_relay_client;

struct kn_relay_client_options {
    struct kn_host *host;
    size_t wanted;              /* places to hold; 0: none for now */
    void (*changed)(void *arg); /* what is announced is not what it was; or NULL */
    void *arg;
};

/* Also becomes an announcer and an observer of the host, and serves "stop". NULL when memory is
 * short. Free it before the host. */
KN_MUST_USE struct kn_relay_client *
kn_relay_client_new(const struct kn_relay_client_options *options);
void kn_relay_client_free(struct kn_relay_client *client);

/* This peer may be a relay, and the host knows or learns where it is: connect to it if need be. */
void kn_relay_client_add(struct kn_relay_client *client, const struct kn_peer_id *peer,
                         enum kn_relay_rank rank);

/* None is trusted more than others any more; add those again that are. */
void kn_relay_client_distrust(struct kn_relay_client *client);

/* How many places to hold from now on. */
void kn_relay_client_want(struct kn_relay_client *client, size_t wanted);

/* A place that is held. */
struct kn_relay_held {
    struct kn_relayed relayed; /* the relay, and what it lets through */
    kn_time ends_at;
    size_t addresses; /* that are announced for it */
};
size_t kn_relay_client_held(const struct kn_relay_client *client,
                            struct kn_relay_held out[KN_RELAY_WANTED_MAX]);

#endif
