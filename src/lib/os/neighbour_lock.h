/*
 * neighbour_lock — a lock that other programs take too: flock(2) on a file.
 *
 * lock.h is for processes of this program. The file stays; the system gives the lock back when its
 * holder dies.
 */
#ifndef KN_OS_NEIGHBOUR_LOCK_H
#define KN_OS_NEIGHBOUR_LOCK_H

#include "lib/base/error.h"

struct kn_neighbour_lock;

/* KN_E_BUSY: another holds it. Else as kn_lock_take(). */
KN_MUST_USE enum kn_code kn_neighbour_lock_take(const char *path, struct kn_neighbour_lock **out,
                                                struct kn_error *err);
void kn_neighbour_lock_release(struct kn_neighbour_lock *lock);

#endif
