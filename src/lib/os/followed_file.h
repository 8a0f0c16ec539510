/*
 * followed_file — a file that others add to, shorten or replace while it is read.
 */
#ifndef KN_OS_FOLLOWED_FILE_H
#define KN_OS_FOLLOWED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct kn_followed_file;

/* A regular file. KN_E_NOT_FOUND, KN_E_DENIED, KN_E_IO, KN_E_NO_MEMORY; the texts do not repeat the
 * path. */
KN_MUST_USE enum kn_code kn_followed_file_open(const char *path, struct kn_followed_file **out,
                                               struct kn_error *err);
void kn_followed_file_close(struct kn_followed_file *file);

/* As it is now; 0 when nobody can tell. */
uint64_t kn_followed_file_size(const struct kn_followed_file *file);

/* Up to `n` bytes from byte `at`; fewer, or none, at its end. KN_E_IO. */
KN_MUST_USE enum kn_code kn_followed_file_read(const struct kn_followed_file *file, uint64_t at,
                                               void *out, size_t n, size_t *got,
                                               struct kn_error *err);

/* Another file has its name now. One that has no name any more may still grow. */
bool kn_followed_file_is_replaced(const struct kn_followed_file *file);

#endif
