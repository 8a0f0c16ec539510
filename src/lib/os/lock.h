/*
 * lock — a file that one process at a time holds, however that process ends.
 *
 * The system gives the lock back when its holder dies. The file stays: to remove it would let two
 * processes hold two files of one name. Only
 * kn_lock_await() waits.
 */
#ifndef KN_OS_LOCK_H
#define KN_OS_LOCK_H

#include <stdint.h>

#include "lib/base/error.h"

struct kn_lock;

/*
 * Take the lock `path`; the file is made with mode 0600 and holds the number of this process.
 * KN_E_BUSY: another holds it; `*holder` is its process, 0 when it has not said so yet.
 * KN_E_DENIED, KN_E_NOT_FOUND (no folder), KN_E_NO_SPACE, KN_E_IO, KN_E_NO_MEMORY. Two locks on one
 * file exclude each other in one process too.
 */
KN_MUST_USE enum kn_code kn_lock_take(const char *path, struct kn_lock **out, int64_t *holder,
                                      struct kn_error *err);

/* Let go. NULL is fine. */
void kn_lock_release(struct kn_lock *lock);

/*
 * Is it held? Never in the way of one that takes it. KN_E_BUSY: yes, by `*holder` (0: not known).
 * KN_OK: it is free, or there is no such file. Else as kn_lock_take().
 */
KN_MUST_USE enum kn_code kn_lock_look(const char *path, int64_t *holder, struct kn_error *err);

/*
 * Wait until process `holder` (0: anybody) holds it no longer. KN_E_TIMEOUT: it does still after
 * `timeout_ms`. Else as kn_lock_look().
 */
KN_MUST_USE enum kn_code kn_lock_await(const char *path, int64_t holder, int64_t timeout_ms,
                                       struct kn_error *err);

#endif
