/*
 * append_file — what lines are added to: a file that others may move away, or the standard error.
 *
 * A line is written by one call to the system and stands there whole or not at all: what a full
 * disk takes half of is taken back. Nothing here waits longer than it is told, but for a disk that
 * does not answer. One thread at a time.
 */
#ifndef KN_OS_APPEND_FILE_H
#define KN_OS_APPEND_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct kn_append_file;

/*
 * Open `path` behind its last line, or make it with mode 0600; folders that are missing are made
 * with mode 0700. A device or a pipe will do. KN_E_DENIED, KN_E_NOT_FOUND, KN_E_NO_SPACE, KN_E_IO
 * (a folder has the name), KN_E_NO_MEMORY; the texts name the path.
 */
KN_MUST_USE enum kn_code kn_append_file_open(const char *path, struct kn_append_file **out,
                                             struct kn_error *err);

/* The standard error of this process. KN_E_NO_MEMORY. */
KN_MUST_USE enum kn_code kn_append_file_standard_error(struct kn_append_file **out,
                                                       struct kn_error *err);

void kn_append_file_close(struct kn_append_file *file);

/* Of a regular file; 0 of anything else, which is never put aside. */
uint64_t kn_append_file_size(const struct kn_append_file *file);

/*
 * Add a line, which has its line feed and at most 4 KiB. A reader that does not keep up is waited
 * for: `wait_ms`. KN_E_NO_SPACE, KN_E_TIMEOUT, KN_E_NOT_FOUND (nobody reads any more), KN_E_IO.
 */
KN_MUST_USE enum kn_code kn_append_file_add(struct kn_append_file *file, const char *line, size_t n,
                                            int wait_ms, struct kn_error *err);

/* False: its name is gone, or something else has it by now. */
bool kn_append_file_has_name(const struct kn_append_file *file);

/*
 * Let PATH become PATH.1, that PATH.2 and so on up to `keep`, and close the file; those with higher
 * numbers go. With `keep` 0 it is emptied and stays open. `*file` is NULL when it was closed. Codes
 * as kn_append_file_open(); after a failure it is open as it was.
 */
KN_MUST_USE enum kn_code kn_append_file_put_aside(struct kn_append_file **file, unsigned keep,
                                                  struct kn_error *err);

/* Does the journal of the system read our standard error? `stream` is the variable JOURNAL_STREAM,
 * or NULL. */
bool kn_standard_error_is_journal(const char *stream);

#endif
