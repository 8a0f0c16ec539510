/*
 * pages — memory straight from the system, for what is large and lives as long as its owner.
 */
#ifndef KN_OS_PAGES_H
#define KN_OS_PAGES_H

#include <stddef.h>

#include "lib/base/attributes.h"

/*
 * `size` bytes of zeros, aligned to a page; NULL: the system has no room for them. What is not
 * written takes no memory, and what is written takes single pages, never large ones.
 */
KN_MUST_USE void *kn_pages_new(size_t size);

/* The system has them back at once. NULL is fine. */
void kn_pages_free(void *pages, size_t size);

size_t kn_page_size(void);

#endif
