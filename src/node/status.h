/*
 * status — what a running node says of itself, as JSON (the shape of `kwaainet status --json`).
 */
#ifndef KN_NODE_STATUS_H
#define KN_NODE_STATUS_H

#include "lib/base/text.h"
#include "node/node.h"

struct kn_status {
    const struct kn_node *node;
    int64_t started_s, since_s, now_s; /* seconds since 1970 */
};

/* Append the document. False when memory is short. */
bool kn_status_print(const struct kn_status *status, struct kn_text *out);

#endif
