/*
 * file — whole files, read and replaced.
 *
 * Replacing is atomic and durable: temporary file in the same folder, write, fsync, rename, fsync
 * of the folder. A reader sees the old bytes or the new ones, also after a crash.
 */
#ifndef KN_OS_FILE_H
#define KN_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

struct kn_bytes {
    char *at; /* a NUL that does not count follows */
    size_t n;
};

void kn_bytes_done(struct kn_bytes *bytes);

/*
 * Read a regular file of at most `max` bytes. Release with kn_bytes_done().
 * KN_E_NOT_FOUND, KN_E_DENIED, KN_E_LIMIT, KN_E_IO (a folder, a device), KN_E_NO_MEMORY; the
 * texts do not repeat the path.
 */
KN_MUST_USE enum kn_code kn_file_read(const char *path, size_t max, struct kn_bytes *out,
                                      struct kn_error *err);

/*
 * The same, and whether nobody else decides what it says: `*others` has KN_E_DENIED, a text and the
 * command that cures it when the file belongs to neither this user nor root, or when its group or
 * others may write it; else KN_OK.
 */
KN_MUST_USE enum kn_code kn_file_read_judged(const char *path, size_t max, struct kn_bytes *out,
                                             struct kn_error *others, struct kn_error *err);

/* Judge `path` as kn_file_read_judged() does, without reading it. One that is not there: KN_OK. */
void kn_file_judge(const char *path, struct kn_error *others);

/* False when it is known to be missing; what may not be looked at counts as existing. */
bool kn_file_exists(const char *path);

/*
 * Replace the content of `path`, or create it with `mode`. A symbolic link stays one and what it
 * names is replaced; mode, owner, group and access list stay. When `expected` is given, the file
 * must still hold exactly those bytes (or not exist, when expected->at is NULL), else KN_E_CHANGED
 * and nothing is written. Of two callers in one folder at the same moment one gets KN_E_CHANGED,
 * and so does one whose folder another program keeps locked by flock(2): nobody waits. Programs
 * that take no lock can still write between the last look and the rename. On every failure the old
 * file stands and no temporary file is left; with one exception: when nothing but the last step,
 * the flush of the folder, fails (KN_E_IO), the new bytes stand and the text says that a power cut
 * may still undo it.
 */
KN_MUST_USE enum kn_code kn_file_replace(const char *path, const char *bytes, size_t n,
                                         unsigned mode, const struct kn_bytes *expected,
                                         struct kn_error *err);

#endif
