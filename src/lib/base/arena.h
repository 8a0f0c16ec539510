/*
 * arena — memory that dies together.
 *
 * Every allocation can fail and then returns NULL; kn_arena_failed() remembers that one did, so a
 * builder may ask once at its end. Nothing is freed before kn_arena_free(). Not thread-safe.
 */
#ifndef KN_BASE_ARENA_H
#define KN_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attributes.h"

struct kn_arena;

/* NULL when memory is short. */
KN_MUST_USE struct kn_arena *kn_arena_new(void);
void kn_arena_free(struct kn_arena *arena);

/* Zeroed, aligned for any object; lives as long as the arena. NULL when memory is short. */
KN_MUST_USE void *kn_arena_alloc(struct kn_arena *arena, size_t size);

/* Copies that end in NUL. NULL when memory is short, or for kn_arena_dup(arena, NULL). */
KN_MUST_USE char *kn_arena_dup(struct kn_arena *arena, const char *text);
KN_MUST_USE char *kn_arena_dup_n(struct kn_arena *arena, const char *bytes, size_t n);
KN_MUST_USE char *kn_arena_printf(struct kn_arena *arena, const char *format, ...) KN_PRINTF(2, 3);

/* Note that memory was short elsewhere, in something that the arena's builder needed. */
void kn_arena_fail(struct kn_arena *arena);

/* True once any allocation from this arena failed, or kn_arena_fail() said so. */
bool kn_arena_failed(const struct kn_arena *arena);

#endif
