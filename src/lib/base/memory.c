#include "lib/base/memory.h"

#include <stdio.h>
#include <stdlib.h>

void *kn_try_alloc(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
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
