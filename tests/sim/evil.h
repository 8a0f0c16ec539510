/*
 * evil — what malicious nodes answer in the simulated network.
 */
#ifndef KN_TESTS_SIM_EVIL_H
#define KN_TESTS_SIM_EVIL_H

#include "net.h"

/* False: no answer at all. */
bool evil_answer(struct net_node *node, enum kn_dht_method method, struct kn_span request,
                 struct kn_buffer *out);

#endif
