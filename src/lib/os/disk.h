/*
 * disk — how much is left on a disk, and how much a folder takes.
 */
#ifndef KN_OS_DISK_H
#define KN_OS_DISK_H

#include <stdint.h>

#include "lib/base/error.h"

enum { KN_DISK_DEPTH_MAX = 16 }; /* folders below the first */

/* Bytes that this process may still write to the disk that the folder, or what is nearest above it,
 * lies on. KN_E_UNKNOWN. */
KN_MUST_USE enum kn_code kn_disk_left(const char *folder, int64_t *out, struct kn_error *err);

/* Bytes of the files in it and in the folders below. Links count nothing; what cannot be read is
 * left out, and so is what lies too deep. 0 for a folder that does not exist. */
int64_t kn_disk_used(const char *folder);

#endif
