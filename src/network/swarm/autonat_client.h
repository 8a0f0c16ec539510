/*
 * autonat_client — asks peers to dial us back, and judges from their answers whether others can.
 *
 * Also collects where others see us (observers.h): such an address with a port that we listen on is
 * asked for too, and announced once as many peers as must agree have reached us there.
 * spec: libp2p autonat, /libp2p/autonat/1.0.0.
 */
#ifndef KN_SWARM_AUTONAT_CLIENT_H
#define KN_SWARM_AUTONAT_CLIENT_H

#include "network/swarm/host.h"
#include "network/swarm/observers.h"
#include "network/swarm/verdict.h"

enum {
    KN_AUTONAT_AT_ONCE = 4,    /* peers that are asked in one round */
    KN_AUTONAT_ASK_MS = 30000, /* they give themselves 15 s to dial */
};

struct kn_autonat_client;

struct kn_autonat_client_options {
    struct kn_host *host;
    unsigned agree;     /* answers that must agree; 0: the usual */
    unsigned observers; /* that must see the same address before it is asked for; 0: the usual */
    /* The verdict changed, or what is announced did; or NULL. */
    void (*changed)(void *arg, enum kn_reachability reachability);
    void *arg;
};

/* Also becomes an announcer and an observer of the host. NULL when memory is short. Free it before
 * the host. */
KN_MUST_USE struct kn_autonat_client *
kn_autonat_client_new(const struct kn_autonat_client_options *options);
void kn_autonat_client_free(struct kn_autonat_client *client);

/* Lent; lives as long as the client. */
const struct kn_verdict *kn_autonat_client_verdict(const struct kn_autonat_client *client);

/* Ask now: where we are has changed. */
void kn_autonat_client_ask(struct kn_autonat_client *client);

#endif
