/*
 * cgroup — what the control groups of Linux leave to this process, of both versions at once.
 *
 * A limit of a group holds for all groups below it, so every group from our own up to the highest
 * that can be seen is asked, and the smallest answer counts.
 */
#ifndef KN_OS_CGROUP_H
#define KN_OS_CGROUP_H

#include <stdint.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

enum {
    KN_CGROUP_UNKNOWN = -1,
    KN_CGROUP_NAME_SIZE = 112,
    KN_CGROUP_DEPTH_MAX = 64, /* groups asked, our own and those above it */
};

struct kn_cgroup_limits {
    int64_t memory_limit; /* KN_CGROUP_UNKNOWN: no group has one that can be read */
    int64_t memory_left;  /* least that any limited group has left, its file cache that the system
                             would drop counted as free; KN_CGROUP_UNKNOWN */
    char memory_group[KN_CGROUP_NAME_SIZE]; /* whose limit it is; "...END" when it is long */
    double cpu_quota;                       /* cores' worth of time; < 0: no limit */
};

/* `root` stands before /proc and /sys; "" is the machine's own. KN_E_NO_MEMORY: nothing is known.
 */
KN_MUST_USE enum kn_code kn_cgroup_read(const char *root, struct kn_cgroup_limits *out);

/*
 * Processes of our own group and those below it that were killed because memory was short, since
 * the group was made. KN_CGROUP_UNKNOWN. `root` as above. Programs that systemd runs
 * beside a service have a group below the service's, as own_group.h has: they count for that.
 */
int64_t kn_cgroup_oom_kills(const char *root);

#endif
