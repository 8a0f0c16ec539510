/*
 * relay_stop — callers whom a relay brings.
 *
 * Private to the folder.
 * spec: libp2p relay/circuit-v2, /libp2p/circuit/relay/0.2.0/stop.
 */
#ifndef KN_SWARM_RELAY_STOP_H
#define KN_SWARM_RELAY_STOP_H

#include "network/swarm/host.h"

enum {
    KN_RELAY_STOP_MS = 60000,    /* until a relay has said whom it brings */
    KN_RELAY_STOP_WAIT_MAX = 64, /* that have not said it yet */
};

struct kn_relay_stop;

/* `expects`: do we want callers from this relay? NULL when memory is short. Free it before the
 * host. */
KN_MUST_USE struct kn_relay_stop *
kn_relay_stop_new(struct kn_host *host, bool (*expects)(void *arg, const struct kn_peer_id *relay),
                  void *arg);
void kn_relay_stop_free(struct kn_relay_stop *stop);

#endif
