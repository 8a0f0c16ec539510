/*
 * pages — memory straight from the system, for what is large and lives as long as its owner.
 */
#ifndef KN_OS_PAGES_H
#define KN_OS_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attributes.h"

enum { KN_LARGE_PAGE = 2 << 20 }; /* bytes, with pages of 4 KiB */

/*
 * `size` bytes of zeros, aligned to a page; NULL: the system has no room for them. What is not
 * written takes no memory, and what is written takes single pages, never large ones.
 */
KN_MUST_USE void *kn_pages_new(size_t size);

/*
 * The same, aligned to KN_LARGE_PAGE: where the system has large pages, whole ones are taken for
 * what is written, and single pages for the rest. Fewer entries of the translation cache are read
 * for the same bytes, and there are fewer faults.
 */
KN_MUST_USE void *kn_pages_new_large(size_t size);

/*
 * Copy the KN_LARGE_PAGE bytes at `at`, aligned to as much, into a large page that takes their
 * place, for reading only. Other threads may read them meanwhile. False: nothing has changed.
 */
bool kn_pages_replace(void *at);

/* The system has them back at once. NULL is fine. */
void kn_pages_free(void *pages, size_t size);

size_t kn_page_size(void);

#endif
