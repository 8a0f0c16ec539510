/*
 * Property: every environment (entries end in NUL) becomes assignments and problems that name one
 * of its variables; the same entries give the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/sources/env.h"
#include "lib/base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES_MAX = 64 };

static void require(int condition)
{
    if (!condition)
        abort();
}

static const char *lookup(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") == 0 ? "/home/u" : NULL;
}

/* Is this the name of one of the entries? */
static int is_named(const char *const *entries, const char *name)
{
    size_t n = strlen(name);

    for (; *entries != NULL; entries++) {
        if (strncmp(*entries, name, n) == 0 && (*entries)[n] == '=' && (*entries)[n + 1] != '\0')
            return 1;
    }
    return 0;
}

static void check(const char *const *entries, size_t counts[3])
{
    struct kn_problems problems;
    struct kn_layers layers = { .arena = kn_arena_new(), .problems = &problems };
    struct kn_source source = { .layers = &layers, .base = "/base", .lookup = lookup };
    const struct kn_layer *layer = &layers.by_kind[KN_LAYER_ENV];

    require(layers.arena != NULL);
    problems = kn_problems_new(layers.arena, KN_KEEP);
    kn_env_take(&source, entries);
    for (size_t i = 0; i < layer->n; i++)
        require(is_named(entries, layer->at[i].origin.name));
    for (size_t i = 0; i < problems.n; i++)
        require(is_named(entries, problems.at[i].origin.name) && problems.at[i].message != NULL);
    counts[0] = layer->n;
    counts[1] = problems.errors;
    counts[2] = problems.warnings;
    kn_arena_free(layers.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *entries[ENTRIES_MAX + 1] = { NULL };
    char *text = malloc(size + 1);
    size_t first[3], second[3], n = 0;

    require(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < size && n < ENTRIES_MAX; i += strlen(text + i) + 1)
        entries[n++] = text + i;
    check(entries, first);
    check(entries, second);
    require(memcmp(first, second, sizeof(first)) == 0);
    free(text);
    return 0;
}
