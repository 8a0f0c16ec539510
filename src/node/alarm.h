/*
 * alarm — inside of node.h: the node's alerts (alerts/), with what only the node knows.
 */
#ifndef KN_NODE_ALARM_H
#define KN_NODE_ALARM_H

#include "node/alerts/alerts.h"

struct kn_node;

/* False when memory is short. */
KN_MUST_USE bool kn_alarm_make(struct kn_node *node);

/* The configuration is another. False when memory is short: the old alerts hold. */
KN_MUST_USE bool kn_alarm_apply(struct kn_node *node);

#endif
