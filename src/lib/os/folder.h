/*
 * folder — what lies in a folder.
 */
#ifndef KN_OS_FOLDER_H
#define KN_OS_FOLDER_H

#include <stddef.h>

#include "lib/base/error.h"

struct kn_arena;

enum { KN_FOLDER_NAMES_MAX = 65536 };

struct kn_names {
    const char **at;
    size_t n;
};

/*
 * The names in a folder, sorted by bytes, without those that begin with a point. Memory is the
 * arena's. KN_E_NOT_FOUND, KN_E_DENIED, KN_E_IO, KN_E_LIMIT: more than KN_FOLDER_NAMES_MAX;
 * KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_folder_list(const char *path, struct kn_arena *arena,
                                        struct kn_names *out, struct kn_error *err);

#endif
