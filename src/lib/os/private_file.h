/*
 * private_file — a file with a secret: who else may read it, made whole, never written over.
 *
 * Such a file is created with mode 0600 under its own name only when all its bytes are on the
 * disk, and never in the place of another: whoever finds it finds the whole of it, and of two that
 * create it at the same moment one is told that it came second.
 */
#ifndef KN_OS_PRIVATE_FILE_H
#define KN_OS_PRIVATE_FILE_H

#include <stdbool.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

enum { KN_PRIVATE_MODE = 0600 };

struct kn_private_file {
    struct kn_bytes bytes; /* wipe them before kn_bytes_done() */
    unsigned mode;         /* permission bits, as they were found */
    bool is_ours;          /* belongs to the user that this process runs as */
    bool is_open;          /* its group or others were permitted something */
};

/*
 * Read a regular file of at most `max` bytes, and look at owner and mode through the descriptor
 * that is read. With `shut`, a file of ours that is open to others gets KN_PRIVATE_MODE, which
 * also empties its access list; `mode` and `is_open` still tell how it was found.
 * As kn_file_read(); KN_E_DENIED also when the mode could not be set.
 */
KN_MUST_USE enum kn_code kn_private_file_read(const char *path, size_t max, bool shut,
                                              struct kn_private_file *out, struct kn_error *err);

/*
 * Create `path`. KN_E_CHANGED: something is there, or came there meanwhile; it was not touched.
 * KN_E_NOT_FOUND: its folder is missing. KN_E_DENIED, KN_E_NO_SPACE, KN_E_IO, KN_E_NO_MEMORY. With
 * one exception a failure leaves nothing behind: when only the flush of the folder fails (KN_E_IO),
 * the file stands and the text says that a power cut may undo it.
 */
KN_MUST_USE enum kn_code kn_private_file_create(const char *path, const char *bytes, size_t n,
                                                struct kn_error *err);

/*
 * The same, but a file or link that is there goes aside: it is renamed to PATH.TAG, or PATH.TAG-2
 * and so on where that is taken, and its new path is appended to `kept`. After a failure it stands
 * where it was, unless the text says where it is.
 */
KN_MUST_USE enum kn_code kn_private_file_exchange(const char *path, const char *bytes, size_t n,
                                                  const char *tag, struct kn_text *kept,
                                                  struct kn_error *err);

#endif
