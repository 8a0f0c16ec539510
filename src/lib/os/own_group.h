/*
 * own_group — a control group of this process's own inside the service's that was handed down to
 * it, so that the kernel keeps limits that this process sets for itself.
 *
 * Version 2 only: nobody hands down groups of version 1. What is above that group belongs to others
 * and stays as it is. spec: systemd's "Control Group APIs and Delegation": of a service with
 * Delegate=, whatever lies below its group, once the process has left that for one below.
 */
#ifndef KN_OS_OWN_GROUP_H
#define KN_OS_OWN_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/path.h"

#define KN_OWN_GROUP_NAME "kwaainet"

struct kn_own_group {
    bool has_memory, has_processors; /* controllers that were handed down; both false: no group */
    char folder[KN_PATH_MAX];        /* with its files */
};

/*
 * Make it, or find it where this process is in it already, and move this process there. `root`
 * stands before /proc and /sys; "" is the machine's own. A failure leaves the process where it was,
 * and `out` empty: KN_E_UNSUPPORTED (no groups of version 2, no controller), KN_E_DENIED (it was
 * not handed down), KN_E_BUSY (others are in it), KN_E_IO, KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_own_group_take(const char *root, struct kn_own_group *out,
                                           struct kn_error *err);

/*
 * From `high` bytes on files in memory are given up, `last` bytes above that processes are killed,
 * or as many above what they hold now, if that is more already. KN_LIMIT_NONE (limit.h): no limit.
 * KN_E_UNSUPPORTED: no such controller. KN_E_DENIED, KN_E_IO.
 */
KN_MUST_USE enum kn_code kn_own_group_memory(const struct kn_own_group *group, int64_t high,
                                             int64_t last, struct kn_error *err);

/* So many processors' worth of time; 0: no limit. Fails as above. */
KN_MUST_USE enum kn_code kn_own_group_processors(const struct kn_own_group *group, double cores,
                                                 struct kn_error *err);

#endif
