#include "lib/os/pages.h"

#include <sys/mman.h>
#include <unistd.h>

void *kn_pages_new(size_t size)
{
    void *pages;

    if (size == 0)
        return NULL;
    pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                 -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    (void)madvise(pages, size, MADV_NOHUGEPAGE); /* a kernel without large pages refuses it */
    return pages;
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
