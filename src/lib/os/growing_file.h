/*
 * growing_file — a large file that is written bit by bit, perhaps over several runs.
 *
 * It has a name of its own until it is whole; then it is flushed and gets the right one. What was
 * written stays when the process dies.
 */
#ifndef KN_OS_GROWING_FILE_H
#define KN_OS_GROWING_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct kn_growing_file;

/* Make or open it; what is in it stays. The codes of kn_file_replace(). */
KN_MUST_USE enum kn_code kn_growing_file_open(const char *path, struct kn_growing_file **out,
                                              struct kn_error *err);
void kn_growing_file_close(struct kn_growing_file *file);

uint64_t kn_growing_file_size(const struct kn_growing_file *file);

/* Bytes `at` to `at + n` of what is there. */
KN_MUST_USE enum kn_code kn_growing_file_read(const struct kn_growing_file *file, uint64_t at,
                                              void *out, size_t n, struct kn_error *err);

/* Append. KN_E_NO_SPACE; some of it may have been written. */
KN_MUST_USE enum kn_code kn_growing_file_add(struct kn_growing_file *file, const void *bytes,
                                             size_t n, struct kn_error *err);

/* Begin again from nothing. */
KN_MUST_USE enum kn_code kn_growing_file_clear(struct kn_growing_file *file, struct kn_error *err);

/* Flush it and give it the name `path` of the same folder, durably, in place of what has it. */
KN_MUST_USE enum kn_code kn_growing_file_finish(struct kn_growing_file *file, const char *path,
                                                struct kn_error *err);

#endif
