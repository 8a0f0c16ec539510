/*
 * own_limits — inside of node.h: what the kernel holds this process to, so that a node that takes
 * more than its owner allows is refused memory and time instead of taking them.
 *
 * resources.max_memory_gb bounds the process's own memory, which mapped weights are not;
 * resources.max_cpu_percent its processors; resources.max_open_files its descriptors. A control
 * group that was handed down keeps the first two, else a soft limit and affinity do, else the node
 * alone. An open window's limits count. What was found is put back at the end: a process that
 * replaces itself begins with what its owner gave it. Nothing is done in a process that is somebody
 * else's. spec: FR-2, resource limits
 */
#ifndef KN_NODE_OWN_LIMITS_H
#define KN_NODE_OWN_LIMITS_H

#include <stdbool.h>

#include "lib/os/affinity.h"
#include "lib/os/limit.h"
#include "lib/os/own_group.h"

struct kn_node;
struct kn_json;

enum {
    /* Stacks, libraries and the network's memory, which are no part of what a plan counts. */
    KN_OWN_MEMORY_BESIDE = 128 << 20,
    /* From a group's giving up of files to its killing. */
    KN_OWN_MEMORY_LAST = 64 << 20,
};

/* One limit: `now` is what holds. */
struct kn_own_limit {
    bool is_ours;            /* set by this process, */
    int64_t found, now;      /* which began with that; KN_LIMIT_NONE */
    struct kn_error failure; /* why it is not as the settings say */
};

/* A member of struct kn_node. */
struct kn_own_limits {
    struct kn_own_limit memory, files; /* soft ones of the process */
    struct kn_own_group group;
    struct kn_error no_group;  /* why there is none */
    int64_t group_memory;      /* that it is held to; KN_LIMIT_NONE */
    int64_t wanted_memory;     /* KN_LIMIT_NONE */
    double cores, group_cores; /* that the settings and the group allow; 0: all */
    struct kn_affinity found;  /* processors, with which the process began */
    unsigned processors;       /* of those that it may use; 0: all */
    struct kn_error memory_failure, processors_failure; /* of the group, of affinity */
};

/* Before the first connection. */
void kn_own_limits_begin(struct kn_node *node);

/*
 * As the configuration and the open window say now. Memory is lowered only where no blocks are on
 * their way out: what they hold is not refused, but what the rest of the node needs meanwhile would
 * be.
 */
void kn_own_limits_apply(struct kn_node *node);

/* As it was found. */
void kn_own_limits_end(struct kn_node *node);

/*
 * {"memory": {"bytes", "by", "error"}, "processors": {"cores", "by", "error"}, "open_files":
 * {"files", "error"}, "cgroup": {"folder", "error"}}; NULL when memory is short. "by" is "cgroup",
 * "rlimit", "affinity", "itself", or null where there is no limit.
 */
KN_MUST_USE struct kn_json *kn_own_limits_json(const struct kn_own_limits *limits);

#endif
