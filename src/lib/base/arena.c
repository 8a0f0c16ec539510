#include "lib/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"

enum { FIRST_BLOCK = 16 * 1024, LARGEST_BLOCK = 64 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    max_align_t bytes[];
};

struct kn_arena {
    struct block *blocks; /* newest first */
    size_t next_size;
    bool failed;
};

struct kn_arena *kn_arena_new(void)
{
    struct kn_arena *arena = kn_try_alloc(sizeof(*arena));

    if (arena != NULL)
        arena->next_size = FIRST_BLOCK;
    return arena;
}

void kn_arena_free(struct kn_arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->blocks != NULL) {
        struct block *next = arena->blocks->next;

        kn_free(arena->blocks);
        arena->blocks = next;
    }
    kn_free(arena);
}

static struct block *grow(struct kn_arena *arena, size_t size)
{
    size_t want = size > arena->next_size ? size : arena->next_size;
    /* Not zeroed here: what is never handed out is never touched. */
    struct block *block = kn_try_realloc(NULL, sizeof(*block) + want);

    if (block == NULL)
        return NULL;
    block->used = 0;
    block->size = want;
    block->next = arena->blocks;
    arena->blocks = block;
    if (arena->next_size < LARGEST_BLOCK)
        arena->next_size *= 2;
    return block;
}

void *kn_arena_alloc(struct kn_arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct block *block = arena->blocks;
    void *memory;

    if (size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = (size + align - 1) / align * align;
    if (block == NULL || block->size - block->used < size)
        block = grow(arena, size);
    if (block == NULL) {
        arena->failed = true;
        return NULL;
    }
    memory = (char *)block->bytes + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

char *kn_arena_dup_n(struct kn_arena *arena, const char *bytes, size_t n)
{
    char *copy = kn_arena_alloc(arena, n + 1);

    if (copy != NULL && n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

char *kn_arena_dup(struct kn_arena *arena, const char *text)
{
    return text != NULL ? kn_arena_dup_n(arena, text, strlen(text)) : NULL;
}

char *kn_arena_printf(struct kn_arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text = NULL;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n >= 0)
        text = kn_arena_alloc(arena, (size_t)n + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

bool kn_arena_failed(const struct kn_arena *arena)
{
    return arena->failed;
}
