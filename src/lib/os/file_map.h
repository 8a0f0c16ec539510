/*
 * file_map — a large file kept open for reading: mapped into memory, or read in pieces.
 *
 * Mapped bytes are the system's: shared between processes, taken back when memory is short. A
 * mapping is read-only; whoever reads it behind the end of a file that was cut, or where the disk
 * gives an error, gets zeros, and other bytes where somebody writes into the file: ask
 * kn_file_map_is_intact() after what was computed. Reading and asking are safe from several
 * threads.
 */
#ifndef KN_OS_FILE_MAP_H
#define KN_OS_FILE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct kn_file_map;

/* Open a regular file; nothing is mapped yet. The codes of kn_file_read(). */
KN_MUST_USE enum kn_code kn_file_map_open(const char *path, struct kn_file_map **out,
                                          struct kn_error *err);
void kn_file_map_close(struct kn_file_map *map);

/* Bytes when it was opened. */
uint64_t kn_file_map_size(const struct kn_file_map *map);

/* Copy bytes `at` to `at + n`. KN_E_CHANGED: the file ends before; KN_E_IO. */
KN_MUST_USE enum kn_code kn_file_map_read(const struct kn_file_map *map, uint64_t at, void *out,
                                          size_t n, struct kn_error *err);

/*
 * All of it as memory, from the first call on; valid until kn_file_map_close(). Never NULL on
 * KN_OK. KN_E_UNSUPPORTED: empty, or of a file system that cannot map, or there are
 * KN_MAP_GUARDS_MAX mapped files; KN_E_NO_MEMORY.
 */
KN_MUST_USE enum kn_code kn_file_map_bytes(struct kn_file_map *map, const uint8_t **out,
                                           struct kn_error *err);

/*
 * The large page of memory in which byte `*at` of what is mapped lies becomes a copy, as
 * kn_pages_replace() makes it; `*at` becomes the first byte behind it. Nothing is copied where the
 * mapping does not fill it. False: the system does not give that memory.
 */
bool kn_file_map_copy(struct kn_file_map *map, uint64_t *at);

bool kn_file_map_is_mapped(const struct kn_file_map *map);

/* Those bytes will be read soon: the system may fetch them meanwhile. Asks for nothing else. */
void kn_file_map_expect(const struct kn_file_map *map, uint64_t at, uint64_t n);

/* Is the file as long as it was when it was opened, not written since, and was all that was read of
 * it in memory really there? */
bool kn_file_map_is_intact(const struct kn_file_map *map);

#endif
