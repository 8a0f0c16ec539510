/*
 * identify — who we are and where we listen, told and asked on every connection.
 *
 * What a peer says fills the host's facts and addresses: public addresses from a public peer, all
 * but loopback from a private one, all from one on this machine. Ours are told by the same rule.
 * spec: libp2p identify; /ipfs/id/1.0.0, /ipfs/id/push/1.0.0.
 */
#ifndef KN_SWARM_IDENTIFY_H
#define KN_SWARM_IDENTIFY_H

#include "network/swarm/host.h"

enum { KN_IDENTIFY_MS = 60000 }; /* for one exchange */

struct kn_identify_service;

/* `agent` ("kwaainet/1.0.0") is kept. NULL when memory is short. Free it before the host. */
KN_MUST_USE struct kn_identify_service *kn_identify_service_new(struct kn_host *host,
                                                                const char *agent);
void kn_identify_service_free(struct kn_identify_service *service);

/* What we serve or where changed: tell everybody who is connected. */
void kn_identify_push(struct kn_identify_service *service);

#endif
