/*
 * private_folder — folders that nobody else may enter: one for a while, one that stays.
 */
#ifndef KN_OS_PRIVATE_FOLDER_H
#define KN_OS_PRIVATE_FOLDER_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

/*
 * Make a new folder of mode 0700 below `where` whose name begins with `name`, and append its path
 * to `out`. KN_E_NOT_FOUND, KN_E_DENIED, KN_E_NO_SPACE, KN_E_IO, KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_private_folder_make(const char *where, const char *name,
                                                struct kn_text *out, struct kn_error *err);

/* Remove the folder and the files in it; what cannot be removed stays. Enters no folder below. */
void kn_private_folder_remove(const char *path);

/*
 * Remove the folder and everything in it, KN_PRIVATE_FOLDER_DEPTH folders deep; links go, what
 * they name stays. False: something is still there.
 */
enum { KN_PRIVATE_FOLDER_DEPTH = 16 };
bool kn_private_folder_remove_all(const char *path);

/*
 * Make `path` and what is missing above it, all of mode 0700; what is there stays as it is.
 * KN_E_DENIED, KN_E_NO_SPACE, KN_E_IO (something else has the name), KN_E_NO_MEMORY; the texts
 * name the folder.
 */
KN_MUST_USE enum kn_code kn_private_folder_need(const char *path, struct kn_error *err);

#endif
