/*
 * file_aside — a file that makes no sense is kept under another name, and out of the way.
 */
#ifndef KN_OS_FILE_ASIDE_H
#define KN_OS_FILE_ASIDE_H

#include "lib/base/error.h"

#define KN_ASIDE_SUFFIX ".broken"

/* Rename `path` to the same with KN_ASIDE_SUFFIX; one that was set aside before gives way. Not
 * flushed: after a crash it may stand where it stood. Codes as kn_fail_system(). */
KN_MUST_USE enum kn_code kn_file_set_aside(const char *path, struct kn_error *err);

#endif
