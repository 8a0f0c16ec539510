/*
 * ping — 32 bytes there and back.
 * spec: libp2p ping, /ipfs/ping/1.0.0.
 */
#ifndef KN_SWARM_PING_H
#define KN_SWARM_PING_H

#include "network/swarm/host.h"

enum {
    KN_PING_SIZE = 32,
    KN_PING_IDLE_MS = 60000,   /* until a stream without pings is reset */
    KN_PING_BEHIND_MAX = 4096, /* bytes of answers that wait for a peer that takes none */
};

/* Answer pings from now on. */
KN_MUST_USE enum kn_code kn_ping_serve(struct kn_host *host);

struct kn_ping;

/* KN_OK with the time of the round trip; else as a unary call. */
typedef void kn_ping_fn(void *arg, enum kn_code code, double ms);

/* Ping once on an open connection, within `timeout_ms`. NULL when it cannot; else `done` comes
 * exactly once, later. */
KN_MUST_USE struct kn_ping *kn_ping_start(struct kn_connection *connection, int timeout_ms,
                                          kn_ping_fn *done, void *arg);
void kn_ping_cancel(struct kn_ping *ping);

#endif
