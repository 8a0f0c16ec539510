#include "support/fuse.h"

#include <stdbool.h>
#include <stddef.h>

atomic_long kn_fuse = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool burns(void)
{
    return kn_fuse >= 0 && kn_fuse-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return burns() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return burns() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return burns() ? NULL : __real_realloc(memory, size);
}
