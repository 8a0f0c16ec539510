/*
 * cgroup_place — where the files of our own control group are. Internal to lib/os.
 */
#ifndef KN_OS_CGROUP_PLACE_H
#define KN_OS_CGROUP_PLACE_H

#include "lib/base/attributes.h"
#include "lib/base/code.h"
#include "lib/os/cgroup_text.h"

/* In the hierarchy of this controller, or of version 2 where that is NULL. KN_E_NOT_FOUND: there is
 * none. KN_E_NO_MEMORY. `root` as in cgroup.h. */
KN_MUST_USE enum kn_code kn_cgroup_place_own(const char *root, const char *controller,
                                             struct kn_cgroup_place *out);

#endif
