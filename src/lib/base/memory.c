#include "lib/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 1024 };

/* calloc() of older C libraries passes by the cache of blocks that were freed just now, and spares
 * itself nothing but the zeros of large, fresh ones. */
void *kn_try_alloc(size_t size)
{
    void *memory;

    if (size > SMALL)
        return calloc(1, size);
    memory = malloc(size > 0 ? size : 1);
    return memory != NULL ? memset(memory, 0, size > 0 ? size : 1) : NULL;
}

void *kn_try_realloc(void *memory, size_t size)
{
    return realloc(memory, size > 0 ? size : 1);
}

void *kn_alloc(size_t size)
{
    void *memory = kn_try_alloc(size);

    if (memory == NULL)
        kn_out_of_memory();
    return memory;
}

void kn_free(void *memory)
{
    free(memory);
}

void kn_out_of_memory(void)
{
    (void)fputs("kwaainet: out of memory\n", stderr);
    abort();
}
