/*
 * access — what stands at a path, whose it is, and what this process may do there.
 */
#ifndef KN_OS_ACCESS_H
#define KN_OS_ACCESS_H

#include <stdbool.h>

#include "lib/base/attributes.h"
#include "lib/base/code.h"

struct kn_access {
    bool is_folder, is_file; /* neither: something else */
    bool is_ours;            /* belongs to the user that this process runs as */
    bool may_read, may_write;
    bool may_enter;      /* a folder's names may be used */
    bool is_read_only;   /* its file system is mounted so: nobody may write */
    unsigned mode;       /* permission bits */
    unsigned long owner; /* uid */
};

/* Links are followed. KN_E_NOT_FOUND: nothing is there; KN_E_DENIED: a folder on the way may not be
 * entered; KN_E_IO. */
KN_MUST_USE enum kn_code kn_access_look(const char *path, struct kn_access *out);

#endif
