/*
 * own_limits — inside of node.h: what the kernel holds this process to, so that a node that takes
 * more than its owner allows is refused memory instead of taking it.
 *
 * resources.max_memory_gb bounds the process's own memory, which mapped weights are not;
 * resources.max_open_files its descriptors. What was found is put back at the end: a process that
 * replaces itself begins with what its owner gave it. Nothing is done in a process that is somebody
 * else's. spec: FR-2, resource limits
 */
#ifndef KN_NODE_OWN_LIMITS_H
#define KN_NODE_OWN_LIMITS_H

#include <stdbool.h>

#include "lib/os/limit.h"

struct kn_node;
struct kn_json;

/* Stacks, libraries and the network's memory, which are no part of what a plan counts. */
#define KN_OWN_MEMORY_BESIDE (INT64_C(128) << 20)

/* One limit: `now` is what holds. */
struct kn_own_limit {
    bool is_ours;            /* set by this process, */
    int64_t found, now;      /* which began with that; KN_LIMIT_NONE */
    struct kn_error failure; /* why it is not as the settings say */
};

/* A member of struct kn_node. */
struct kn_own_limits {
    struct kn_own_limit memory, files;
};

/* Before the first connection. */
void kn_own_limits_begin(struct kn_node *node);

/*
 * As the configuration says now. Lowered only where no blocks are on their way out: what they hold
 * is not refused, but what the rest of the node needs meanwhile would be.
 */
void kn_own_limits_apply(struct kn_node *node);

/* As it was found. */
void kn_own_limits_end(struct kn_node *node);

/* {"memory": {"bytes", "error"}, "open_files": {"files", "error"}}; NULL when memory is short. */
KN_MUST_USE struct kn_json *kn_own_limits_json(const struct kn_own_limits *limits);

#endif
