/*
 * temporary — a new file, filled before it takes the place of another. Internal to lib/os.
 */
#ifndef KN_OS_TEMPORARY_H
#define KN_OS_TEMPORARY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

enum { KN_TEMPORARY_NAME_SIZE = 256 };

/* Start from { .fd = -1 }. */
struct kn_temporary {
    char name[KN_TEMPORARY_NAME_SIZE]; /* "" while there is none in the folder */
    int fd;
};

/* Create one of mode 0600 in an open folder; its name says that it stands for `beside`. */
KN_MUST_USE enum kn_code kn_temporary_make(int folder, const char *beside,
                                           struct kn_temporary *temporary, struct kn_error *err);

/* Write the bytes, flush them to the disk and close the file; its name stays. */
KN_MUST_USE enum kn_code kn_temporary_fill(struct kn_temporary *temporary, const char *bytes,
                                           size_t n, struct kn_error *err);

/* Close it and remove it unless `name` was emptied because the file has another now. */
void kn_temporary_done(int folder, struct kn_temporary *temporary);

/* Is that the name of one, for the file `beside` or (NULL) for any? */
bool kn_temporary_is(const char *name, const char *beside);

/* Make names durable. KN_E_IO: they stand, and a power cut may undo them. */
KN_MUST_USE enum kn_code kn_folder_flush(int folder, struct kn_error *err);

#endif
