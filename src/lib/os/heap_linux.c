#include "lib/os/heap.h"

#include <malloc.h>

enum { GROW_BY = 256 * 1024, KEEP = 1024 * 1024 };

void kn_heap_expect_short_life(void)
{
#ifdef M_TOP_PAD                           /* the GNU C library's */
    (void)mallopt(M_TOP_PAD, GROW_BY);     /* NOLINT(concurrency-mt-unsafe): no thread yet */
    (void)mallopt(M_TRIM_THRESHOLD, KEEP); /* NOLINT(concurrency-mt-unsafe) */
    /* Who sets one of these sets them all: by itself it would not grow any more. */
    (void)mallopt(M_MMAP_THRESHOLD, KEEP); /* NOLINT(concurrency-mt-unsafe) */
    /* What a thread left in an arena of its own would stay: 260 KiB of a node at rest. */
    (void)mallopt(M_ARENA_MAX, 1); /* NOLINT(concurrency-mt-unsafe) */
#endif
}

void kn_heap_give_back(void)
{
#ifdef M_TOP_PAD
    (void)malloc_trim(0);
#endif
}
