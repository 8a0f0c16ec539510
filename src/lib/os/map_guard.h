/*
 * map_guard — mapped files whose reading may fail: one was cut, or its disk gives an error.
 *
 * The system tells that with SIGBUS, which ends the process. In guarded memory the reader goes on
 * with zeros instead, and the memory is marked as lost: what was computed from it counts for
 * nothing. Elsewhere the signal does what it did before. From any thread that does not block it.
 */
#ifndef KN_OS_MAP_GUARD_H
#define KN_OS_MAP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attributes.h"

enum { KN_MAP_GUARDS_MAX = 4096 }; /* at once */

/* Guard whole pages that are mapped, until kn_map_guard_end(). The guard, or -1: there are too
 * many, or the system does not let signals be handled. */
KN_MUST_USE int kn_map_guard_begin(const void *at, size_t n);
/* Before the memory is unmapped. */
void kn_map_guard_end(int guard);

/* Has something in it been read as zeros that is not? */
bool kn_map_guard_is_lost(int guard);

#endif
