/*
 * moment — how a node is right now, in the shape that libkwaainet hands out.
 */
#ifndef KN_NODE_MOMENT_H
#define KN_NODE_MOMENT_H

#include "kwaainet/node.h"
#include "node/node.h"

/*
 * With one reference. `node` NULL: one that never started. `is_over`: it ends now. On the node's
 * thread. NULL when memory is short.
 */
KN_MUST_USE const struct kwaai_node_status *
kn_moment_new(const struct kn_node *node, int64_t started_s, int64_t since_s, bool is_over);

/* From any thread. */
const struct kwaai_node_status *kn_moment_ref(const struct kwaai_node_status *moment);
void kn_moment_unref(const struct kwaai_node_status *status); /* NULL is fine */

#endif
