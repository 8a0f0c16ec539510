/*
 * file_open — the two halves of kn_file_read(): opened, and read. Internal to lib/os.
 */
#ifndef KN_OS_FILE_OPEN_H
#define KN_OS_FILE_OPEN_H

#include <stddef.h>

#include "lib/base/error.h"

struct kn_bytes;
struct stat;

/* Open a regular file of at most `max` bytes; `info` is what the descriptor says of it. */
KN_MUST_USE enum kn_code kn_file_open(const char *path, size_t max, int *out, struct stat *info,
                                      struct kn_error *err);

/* Read all of it, and close it, also after a failure. `size` is a hint. */
KN_MUST_USE enum kn_code kn_file_drain(int fd, size_t size, size_t max, struct kn_bytes *out,
                                       struct kn_error *err);

#endif
