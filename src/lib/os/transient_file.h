/*
 * transient_file — a small file of ours that tells others what holds at this moment, and that need
 * not outlive a power cut.
 */
#ifndef KN_OS_TRANSIENT_FILE_H
#define KN_OS_TRANSIENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

/*
 * Make `path` hold `bytes`, mode 0600: whoever reads it finds the old bytes or the new ones. They
 * are written to PATH.new and renamed; nothing is flushed. One process at a time may do this: what
 * a killed one left is overwritten. A failure leaves the old file. KN_E_NOT_FOUND (no folder),
 * KN_E_DENIED, KN_E_NO_SPACE, KN_E_IO, KN_E_NO_MEMORY; the text names the path.
 */
KN_MUST_USE enum kn_code kn_transient_file_write(const char *path, const char *bytes, size_t n,
                                                 struct kn_error *err);

/* Note that what it says holds still. */
void kn_transient_file_touch(const char *path);

/* When it was written or touched last, in seconds since 1970; 0: not known. */
int64_t kn_transient_file_time(const char *path);

/* It may be gone already. */
void kn_transient_file_remove(const char *path);

#endif
