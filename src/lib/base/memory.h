/*
 * memory — the one place that asks the C library for memory.
 *
 * kn_alloc() is for sizes that we choose and never returns NULL; kn_try_alloc() is for sizes that
 * a file, a peer or a user chooses, and for everything the public libraries do.
 */
#ifndef KN_BASE_MEMORY_H
#define KN_BASE_MEMORY_H

#include <stddef.h>

#include "lib/base/attributes.h"

/* Zeroed memory or NULL. Free with kn_free(). */
KN_MUST_USE void *kn_try_alloc(size_t size);

/* As realloc(3): on NULL the old memory still stands. The new part is not zeroed. */
KN_MUST_USE void *kn_try_realloc(void *memory, size_t size);

/* Zeroed memory; ends the process with a message when there is none. */
KN_MUST_USE void *kn_alloc(size_t size);

void kn_free(void *memory);

/* End the process as kn_alloc() does: for what was built in parts and lacks one. */
KN_NORETURN void kn_out_of_memory(void);

#endif
