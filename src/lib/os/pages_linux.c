#include "lib/os/pages.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *map(size_t size)
{
    void *pages = size == 0 ? MAP_FAILED
                            : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

void *kn_pages_new(size_t size)
{
    void *pages = map(size);

    if (pages != NULL) /* a kernel without large pages refuses it */
        (void)madvise(pages, size, MADV_NOHUGEPAGE);
    return pages;
}

void *kn_pages_new_large(size_t size)
{
    size_t page = kn_page_size(), taken = (size + page - 1) / page * page;
    size_t whole = size - size % KN_LARGE_PAGE, before;
    char *pages;

    if (size == 0 || size > SIZE_MAX - KN_LARGE_PAGE - page)
        return NULL;
    pages = map(taken + KN_LARGE_PAGE);
    if (pages == NULL)
        return NULL;
    before = (KN_LARGE_PAGE - (uintptr_t)pages % KN_LARGE_PAGE) % KN_LARGE_PAGE;
    if (before > 0)
        (void)munmap(pages, before);
    pages += before;
    (void)munmap(pages + taken, KN_LARGE_PAGE - before);
    if (whole > 0)
        (void)madvise(pages, whole, MADV_HUGEPAGE);
    if (taken > whole)
        (void)madvise(pages + whole, taken - whole, MADV_NOHUGEPAGE);
    return pages;
}

bool kn_pages_replace(void *at)
{
    void *copy = kn_pages_new_large(KN_LARGE_PAGE);

    if (copy == NULL)
        return false;
    memcpy(copy, at, KN_LARGE_PAGE);
    if (mprotect(copy, KN_LARGE_PAGE, PROT_READ) == 0 &&
        mremap(copy, KN_LARGE_PAGE, KN_LARGE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) != MAP_FAILED)
        return true;
    kn_pages_free(copy, KN_LARGE_PAGE);
    return false;
}

void kn_pages_free(void *pages, size_t size)
{
    if (pages != NULL)
        (void)munmap(pages, size);
}

size_t kn_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}
