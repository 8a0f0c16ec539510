/*
 * status — what a running node says of itself, as JSON (the shape of `kwaainet status --json`).
 */
#ifndef KN_NODE_STATUS_H
#define KN_NODE_STATUS_H

#include "node/node.h"

struct kn_status {
    const struct kn_node *node;
    int64_t started_s, since_s, now_s; /* seconds since 1970 */
};

/* The document; NULL when memory is short. */
KN_MUST_USE struct kn_json *kn_status_json(const struct kn_status *status);

#endif
