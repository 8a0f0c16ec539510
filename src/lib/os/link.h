/*
 * link — symbolic links.
 */
#ifndef KN_OS_LINK_H
#define KN_OS_LINK_H

#include "lib/base/error.h"

/* Let `path` lead to `target`, in place of the link that has that name. KN_E_UNSUPPORTED: the file
 * system has no links; KN_E_BUSY: a file or a folder has the name. */
KN_MUST_USE enum kn_code kn_link_make(const char *target, const char *path, struct kn_error *err);

/* Give a file another name on the same disk, in place of what has it. */
KN_MUST_USE enum kn_code kn_file_rename(const char *from, const char *to, struct kn_error *err);

#endif
