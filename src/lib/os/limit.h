/*
 * limit — soft limits that a process sets for itself, below the hard ones that others set.
 */
#ifndef KN_OS_LIMIT_H
#define KN_OS_LIMIT_H

#include <stdint.h>

#include "lib/base/error.h"

enum kn_limit {
    KN_LIMIT_MEMORY,     /* bytes of memory of its own: heap, stacks; not of mapped files */
    KN_LIMIT_OPEN_FILES, /* at once */
};

enum { KN_LIMIT_NONE = -1 };

/* `most` is what it may be raised to. */
void kn_limit_read(enum kn_limit which, int64_t *now, int64_t *most);

/*
 * KN_E_DENIED: it is above the hard one, which the text names; nothing changes. KN_E_UNSUPPORTED:
 * a sanitizer's memory would not fit. KN_E_IO. What is used above it already stays.
 */
KN_MUST_USE enum kn_code kn_limit_set(enum kn_limit which, int64_t limit, struct kn_error *err);

#endif
