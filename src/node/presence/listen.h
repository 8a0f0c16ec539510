/*
 * listen — the port of a node: bound once, exactly as it will be used.
 *
 * spec: FR-0.3; decisions D9, D33
 */
#ifndef KN_NODE_PRESENCE_LISTEN_H
#define KN_NODE_PRESENCE_LISTEN_H

#include "config/discovery/port_plan.h"
#include "config/resolve/snapshot.h"
#include "network/network.h"

struct kn_listening {
    uint16_t port;                /* 0: none */
    char text[KN_PORT_TEXT_SIZE]; /* "Using port 8080" */
};

/*
 * Listen as the configuration says: on its addresses, else on its port, else on the first one that
 * is free. KN_E_BUSY: none is, and the text says who has the port that was asked for; others as
 * kn_host_listen().
 */
KN_MUST_USE enum kn_code kn_listen_as(struct kn_network *network,
                                      const struct kn_snapshot *snapshot, struct kn_listening *out,
                                      struct kn_error *err);

#endif
