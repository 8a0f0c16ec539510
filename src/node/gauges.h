/*
 * gauges — inside of node.h: the numbers of a node at this moment, for node/metrics.
 */
#ifndef KN_NODE_GAUGES_H
#define KN_NODE_GAUGES_H

#include "lib/base/error.h"

struct kn_json;

/* What the control socket calls, with the node: {"text"}, OpenMetrics. */
enum kn_code kn_gauges_asked(void *arg, const struct kn_json *request, struct kn_json **out,
                             struct kn_error *err);

#endif
