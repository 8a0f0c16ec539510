/*
 * zone_file — where the system keeps its time zones: bytes and names, not what they mean.
 *
 * `root` is put before every path; "" is the machine's own.
 */
#ifndef KN_OS_ZONE_FILE_H
#define KN_OS_ZONE_FILE_H

#include "lib/os/file.h"
#include "lib/os/folder.h"

#define KN_ZONE_FOLDER "/usr/share/zoneinfo"

enum { KN_ZONE_FILE_MAX = 64 * 1024, KN_ZONE_NAME_MAX = 64 };

/*
 * Read the file of a zone ("Europe/Berlin"), or with NULL the one of this machine
 * (/etc/localtime). Release with kn_bytes_done(). KN_E_NOT_FOUND: there is none, or `name` is no
 * name of a zone; the others of kn_file_read().
 */
KN_MUST_USE enum kn_code kn_zone_file_read(const char *root, const char *name, struct kn_bytes *out,
                                           struct kn_error *err);

/* The names of all of them; memory is the arena's. None where there is no such folder. */
KN_MUST_USE enum kn_code kn_zone_file_names(const char *root, struct kn_arena *arena,
                                            struct kn_names *out, struct kn_error *err);

#endif
